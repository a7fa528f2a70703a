"""The table that a FIND_MATCHES run wrote is read: what is in it, what changed, and which groups are worth a look."""

from __future__ import annotations

import logging
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q
from django.utils import timezone

from labelfiles import MAX_SET_ROWS
from labeling.aws import storage
from labeling.aws.errors import MISSING
from labeling.choices import GroupKind, RunProblem
from labeling.exceptions import GlueError, InvalidSourceError
from labeling.models import MatchGroup, MatchResult, PairExplanation, TaskRun, Transform
from labeling.selectors.claims import free
from labeling.selectors.matches import applied, question_sets_about
from labeling.services.claims import claim, try_again_later
from labeling.services.match_tables import (
    Changes,
    changes,
    group_sizes,
    keys_repeat,
    read_groups,
    rows_of_groups,
    rows_of_keys,
)
from labeling.services.persistent_ids import carried_over, first_unused, ids_before, save_ids

logger = logging.getLogger(__name__)

LISTED = 100
"""So many groups of each kind are kept to be looked at."""

MAX_COMPARED = 2_000_000
"""Rows of results that are compared; that takes a gigabyte of memory."""


def sweep_matches() -> None:
    """Read one result that nobody has read: the newest of its transform. Of two calls at a time one does nothing."""
    looked_at = MatchResult.objects.filter(~free() | Q(read_at__isnull=False), run=OuterRef("pk"))
    # A subquery that looks at the outer row would go through the history again for each transform, every five seconds.
    newest = applied().order_by().values("transform").annotate(at=Max("created_at")).values("at")
    due = applied().filter(~Exists(looked_at), created_at__in=newest).values_list("pk", flat=True).first()
    if due is None:
        return
    result, _made = MatchResult.objects.get_or_create(run_id=due)
    if claim(result):
        read_matches(result=result)


def read_matches(*, result: MatchResult) -> None:
    """Count the groups of a claimed result, compare them with the result before, and keep those that are worth a look.

    Those of earlier results of the transform are forgotten; their figures stay.
    """
    run = TaskRun.objects.select_related("transform").get(pk=result.run_id)
    figures: dict[str, object] = {"problem": ""}
    found: list[MatchGroup] = []
    try:
        with result_file(run) as file:
            rows = read_groups(file, primary_key=run.transform.primary_key)
            sizes = group_sizes(rows)
            before = _result_before(run) if rows.num_rows <= MAX_COMPARED else None
            earlier = _groups_of(before) if before else None
            changed = changes(earlier, rows) if earlier is not None else None
            found = _worth_a_look(result, file, run.transform, sizes, changed)
        unused = first_unused(run.transform_id)
        figures |= _persistent_ids(run, rows, unused)
    except InvalidSourceError as error:
        figures["problem"] = str(error)
    except GlueError as error:
        logger.warning("run %s: its result cannot be read (%s)", run.pk, error.code)
        if error.code not in MISSING:
            try_again_later(result, problem=str(error))
            return
        figures["problem"] = str(error)
    else:
        figures |= {"rows": rows.num_rows, "sizes": _histogram(sizes)}
        if changed is not None:
            figures |= {
                "before": before,
                "new_rows": changed.new_rows,
                "gone_rows": changed.gone_rows,
                "joined": len(changed.joined),
                "split": len(changed.split),
            }
    with transaction.atomic():
        Transform.objects.select_for_update().get(pk=run.transform_id)
        if "persistent_ids" in figures and first_unused(run.transform_id) != unused:
            return  # another result has given these ids away meanwhile: tried again when the claim is over
        mine = MatchResult.objects.filter(pk=result.pk, claimed_at=result.claimed_at, read_at=None)
        if mine.update(read_at=timezone.now(), claimed_at=None, **figures):
            note_asked(found, transform=run.transform)
            replaced = MatchGroup.objects.filter(result__run__transform=run.transform_id)
            replaced.filter(result__run__completed_at__lt=run.completed_at).delete()
            PairExplanation.objects.filter(
                result__run__transform=run.transform_id, result__run__completed_at__lt=run.completed_at
            ).delete()
            MatchGroup.objects.bulk_create(found, batch_size=100)
    logger.info("run %s: result read, %d groups to look at", run.pk, len(found))


def _persistent_ids(run: TaskRun, rows: pa.Table, unused: int) -> dict[str, object]:
    """What is to be remembered of the persistent ids; nothing where the table is too large for them, or keys repeat."""
    if rows.num_rows > MAX_COMPARED or keys_repeat(rows):
        return {}
    carried = carried_over(ids_before(run), rows, next_id=unused)
    return {
        "persistent_ids": save_ids(carried, run=run),
        "kept_ids": carried.kept,
        "retired_ids": carried.retired,
        "next_persistent_id": carried.next_id,
    }


def note_asked(groups: Iterable[MatchGroup], *, transform: Transform) -> None:
    """Say of each group, without saving it, in which set people were asked about it: in this result, an earlier one, or together with others."""
    key = transform.key_place
    whole = [group for group in groups if group.can_be_asked]
    rows = [[values[key] for values in group.values] for group in whole]
    for group, question_set in zip(whole, question_sets_about(transform=transform, groups=rows), strict=True):
        group.question_set_id = question_set


@contextmanager
def result_file(run: TaskRun) -> Iterator[IO[bytes]]:
    """The table that the run wrote, as a file. Raises ``GlueError`` if S3 does not give it."""
    with tempfile.TemporaryFile() as file:
        storage.download_uri(run.result_uri, file)
        yield file


def _result_before(run: TaskRun) -> TaskRun | None:
    earlier = applied().filter(transform=run.transform_id, completed_at__lt=run.completed_at)
    return earlier.select_related("transform").first()


def _groups_of(run: TaskRun) -> pa.Table | None:
    """The groups of an earlier result; None if it is gone or cannot be read any more. Raises ``GlueError`` where nothing can be read at present.

    What only this table is refused for, because it was archived perhaps, does not keep back the newer result, which has been read.
    """
    try:
        with result_file(run) as file:
            rows = read_groups(file, primary_key=run.transform.primary_key)
            return rows if rows.num_rows <= MAX_COMPARED else None
    except InvalidSourceError:
        return None
    except GlueError as error:
        if error.retryable or error.problem in (RunProblem.EXPIRED, RunProblem.CREDENTIALS):
            raise
        return None


def _histogram(sizes: pa.Table) -> list[list[int]]:
    """[[rows of a group, such groups], …], the largest first."""
    counted = sizes.group_by("size").aggregate([("id", "count")]).sort_by([("size", "descending")])
    return [
        [size, groups]
        for size, groups in zip(counted.column("size").to_pylist(), counted.column("id_count").to_pylist(), strict=True)
    ]


def _worth_a_look(
    result: MatchResult, file: IO[bytes], transform: Transform, sizes: pa.Table, changed: Changes | None
) -> list[MatchGroup]:
    """Groups of two rows and more: the least sure, the largest, and those that an earlier result had otherwise."""
    several = sizes.filter(pc.greater(sizes.column("size"), 1))
    least = several.filter(pc.is_valid(several.column("confidence"))).sort_by(
        [("confidence", "ascending"), ("id", "ascending")]
    )
    largest = several.filter(pc.greater(several.column("size"), 2)).sort_by(
        [("size", "descending"), ("id", "ascending")]
    )
    named = {
        GroupKind.UNSURE: _first(least),
        GroupKind.LARGE: _first(largest),
        GroupKind.JOINED: changed.joined[:LISTED] if changed else [],
    }
    every = {match_id for ids in named.values() for match_id in ids}
    values, size_of = rows_of_groups(file, columns=transform.column_names, groups=every, limit=MAX_SET_ROWS)
    if changed:
        large = [match_id for match_id in named[GroupKind.JOINED] if size_of[match_id] > MAX_SET_ROWS]
        values |= _of_every_part(file, transform, large, here=changed.now, there=changed.before)
    about = several.filter(pc.is_in(several.column("id"), value_set=pa.array(list(every), pa.string())))
    sure_of = dict(zip(about.column("id").to_pylist(), about.column("confidence").to_pylist(), strict=True))
    key = transform.key_place
    found = [
        MatchGroup(
            result=result,
            kind=kind,
            place=place,
            match_id=match_id,
            size=size_of[match_id],
            confidence=sure_of[match_id],
            values=values[match_id],
            parts=_parts([changed.before.get(row[key]) for row in values[match_id]])
            if changed and kind == GroupKind.JOINED
            else [],
        )
        for kind, ids in named.items()
        for place, match_id in enumerate(ids)
    ]
    return found + (_split_groups(result, file, transform, changed) if changed else [])


def _split_groups(result: MatchResult, file: IO[bytes], transform: Transform, changed: Changes) -> list[MatchGroup]:
    """Groups of the earlier result whose rows are in several groups now."""
    wanted = changed.split[:LISTED]
    values = _of_every_part(file, transform, wanted, here=changed.before, there=changed.now)
    size_of = Counter(changed.before.values())
    key = transform.key_place
    return [
        MatchGroup(
            result=result,
            kind=GroupKind.SPLIT,
            place=place,
            match_id=match_id,
            size=size_of[match_id],
            values=values[match_id],
            parts=_parts([changed.now.get(row[key]) for row in values[match_id]]),
        )
        for place, match_id in enumerate(wanted)
    ]


def _of_every_part(
    file: IO[bytes],
    transform: Transform,
    groups: Sequence[str],
    *,
    here: Mapping[str, str],
    there: Mapping[str, str],
) -> dict[str, list[list[str]]]:
    """Rows of these groups of ``here``, as many as fit a question: of each group of ``there`` that they come to one before a second, and so on.

    Those of one part stand together.
    """
    turns: dict[str, list[tuple[int, str]]] = {match_id: [] for match_id in groups}
    seen: Counter[tuple[str, str]] = Counter()
    for key, match_id in here.items():
        if match_id in turns:
            part = (match_id, there[key])
            turns[match_id].append((seen[part], key))
            seen[part] += 1
    keys = {
        match_id: sorted((key for _turn, key in sorted(of)[:MAX_SET_ROWS]), key=there.__getitem__)
        for match_id, of in turns.items()
    }
    rows = rows_of_keys(
        file,
        columns=transform.column_names,
        primary_key=transform.primary_key,
        keys=[key for of in keys.values() for key in of],
    )
    return {match_id: [rows[key] for key in of] for match_id, of in keys.items()}


def _parts(ids: Sequence[str | None]) -> list[int]:
    """Which of the different ids each one is, from 0 in the order in which they come; -1 for none."""
    numbers: dict[str, int] = {}
    return [-1 if match_id is None else numbers.setdefault(match_id, len(numbers)) for match_id in ids]


def _first(groups: pa.Table) -> list[str]:
    return list(groups.column("id").slice(0, LISTED).to_pylist())
