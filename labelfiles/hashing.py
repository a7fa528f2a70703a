"""What label files teach, whatever order they are in: a hash to compare them and the difference between two.

What a set teaches is which rows, known by primary key, it puts into which groups. The letters of the groups, the order of sets
and rows, the ids of sets and the other columns are not part of it; neither are rows without a label or without a set.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations

from labelfiles.model import LabelFile, LabelFileError, PairCounts, Problem

_VERSION = "labelfiles content 1\n"
Groups = tuple[tuple[str, ...], ...]
"""The groups of one set: sorted keys, sorted."""


@dataclass(frozen=True, slots=True)
class FlippedPair:
    """Two rows of one set on which the files say opposite things; ``now_same`` is what the new one says."""

    first: str
    second: str
    now_same: bool


@dataclass(frozen=True, slots=True)
class ChangedSet:
    """A set that both files hold and that teaches something else now. Rows are primary keys; all are sorted."""

    labeling_set_id: str
    rows_forgotten: tuple[str, ...]
    rows_added: tuple[str, ...]
    flipped: tuple[FlippedPair, ...]


@dataclass(frozen=True, slots=True)
class LabelDiff:
    """What replacing the labels of an old file by those of a new one does. Sets are ids; sets, and rows by set, are sorted.

    A set that teaches the same under another id is not a change. ``rows_forgotten`` and ``rows_added`` count labelled rows of
    sets, those of whole sets included; so do ``pairs_forgotten`` and ``pairs_added``, which leave flipped pairs out.
    """

    forgotten: tuple[str, ...]
    added: tuple[str, ...]
    changed: tuple[ChangedSet, ...]
    unchanged: int
    rows_forgotten: int
    rows_added: int
    pairs_forgotten: PairCounts
    pairs_added: PairCounts
    pairs_flipped: int

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes; just then the content hashes are equal."""
        return not (self.forgotten or self.added or self.changed)


@dataclass(frozen=True, slots=True)
class SetDigest:
    """What one set teaches, as SHA-256 in hex digits, how many of its rows are labelled, and the pairs that they make.

    ``pairs`` is None where only the digest was kept; digests are compared without it.
    """

    digest: str
    rows: int
    pairs: PairCounts | None = field(default=None, compare=False)


def content_hash(label_file: LabelFile, *, primary_key: str) -> str:
    """SHA-256, as hex digits, over what the labels teach. Raises ``LabelFileError`` if the file has no such column."""
    return hash_of_sets(_digest(groups) for groups in _sets(label_file, primary_key).values())


def hash_of_sets(digests: Iterable[str]) -> str:
    """The content hash of a file with sets of these digests, so that the hash of several files together needs none of them."""
    return hashlib.sha256((_VERSION + "\n".join(sorted(digests))).encode()).hexdigest()


def set_digests(label_file: LabelFile, *, primary_key: str) -> dict[str, SetDigest]:
    """The digest of each set that has a labelled row, by set id. Raises ``LabelFileError`` if the file has no such column."""
    labels: dict[str, Counter[str]] = {}
    for row in label_file.rows:
        if row.labeling_set_id and row.label:
            labels.setdefault(row.labeling_set_id, Counter())[row.label] += 1
    return {
        name: SetDigest(_digest(groups), labels[name].total(), PairCounts.of_groups(labels[name].values()))
        for name, groups in _sets(label_file, primary_key).items()
    }


def diff(old: LabelFile, new: LabelFile, *, primary_key: str) -> LabelDiff:
    """What the new file forgets, adds and changes. Raises ``LabelFileError`` if one of them has no such column.

    Sets are compared by id. What is left over on both sides and teaches the same counts as unchanged under a new id.
    """
    before, after = _sets(old, primary_key), _sets(new, primary_key)
    same = {name for name, groups in before.items() if after.get(name) == groups}
    before = {name: groups for name, groups in before.items() if name not in same}
    after = {name: groups for name, groups in after.items() if name not in same}
    renamed = _drop_renamed(before, after)
    changed = tuple(_change(name, before[name], after[name]) for name in sorted(before.keys() & after.keys()))
    return LabelDiff(
        forgotten=tuple(sorted(before.keys() - after.keys())),
        added=tuple(sorted(after.keys() - before.keys())),
        changed=changed,
        unchanged=len(same) + renamed,
        rows_forgotten=_row_count(before, after),
        rows_added=_row_count(after, before),
        pairs_forgotten=_pair_count(before, after),
        pairs_added=_pair_count(after, before),
        pairs_flipped=sum(len(change.flipped) for change in changed),
    )


def _sets(label_file: LabelFile, primary_key: str) -> dict[str, Groups]:
    """The groups of each set that has a labelled row."""
    if primary_key not in label_file.columns:
        message = "The primary key is not among the columns of the file."
        raise LabelFileError([Problem(1, primary_key, "missing_column", message)])
    column = label_file.columns.index(primary_key)
    found: dict[str, dict[str, set[str]]] = {}
    for row in label_file.rows:
        if row.labeling_set_id and row.label:
            found.setdefault(row.labeling_set_id, {}).setdefault(row.label, set()).add(row.values[column])
    return {name: tuple(sorted(tuple(sorted(keys)) for keys in groups.values())) for name, groups in found.items()}


def _digest(groups: Groups) -> str:
    return hashlib.sha256(json.dumps(groups).encode()).hexdigest()


def _drop_renamed(before: dict[str, Groups], after: dict[str, Groups]) -> int:
    """Take sets that teach the same under another id out of both; how many there were."""
    names: dict[Groups, list[str]] = {}
    for name in sorted(after):
        names.setdefault(after[name], []).append(name)
    dropped = 0
    for name in sorted(before):
        if others := names.get(before[name]):
            del before[name], after[others.pop(0)]
            dropped += 1
    return dropped


def _verdicts(groups: Groups) -> dict[tuple[str, str], bool]:
    """Whether two rows are said to be the same, by pair in sorted order."""
    rows = sorted({row for group in groups for row in group})
    verdicts = dict.fromkeys(combinations(rows, 2), False)
    verdicts.update((pair, True) for group in groups for pair in combinations(group, 2))
    return verdicts


def _change(name: str, old: Groups, new: Groups) -> ChangedSet:
    before, after = _verdicts(old), _verdicts(new)
    rows_before, rows_after = ({row for group in groups for row in group} for groups in (old, new))
    return ChangedSet(
        labeling_set_id=name,
        rows_forgotten=tuple(sorted(rows_before - rows_after)),
        rows_added=tuple(sorted(rows_after - rows_before)),
        flipped=tuple(FlippedPair(*pair, said) for pair, said in after.items() if before.get(pair, said) is not said),
    )


def _row_count(here: dict[str, Groups], there: dict[str, Groups]) -> int:
    """Rows that a set has here and not there."""
    return sum(
        len({row for group in groups for row in group} - {row for group in there.get(name, ()) for row in group})
        for name, groups in here.items()
    )


def _pair_count(here: dict[str, Groups], there: dict[str, Groups]) -> PairCounts:
    """Pairs of which a set says something here and nothing there."""
    counts = Counter[bool]()
    for name, groups in here.items():
        known = _verdicts(there.get(name, ()))
        counts.update(said for pair, said in _verdicts(groups).items() if pair not in known)
    return PairCounts(matching=counts[True], non_matching=counts[False])
