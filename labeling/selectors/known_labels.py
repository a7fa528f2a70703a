"""What Glue has learned, as far as the portal's own runs tell, without asking for an export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import QuerySet

from labelfiles import PairCounts, SetDigest, hash_of_sets
from labeling.choices import ACTIVE, RunKind, RunStatus
from labeling.models import LabelFile, LabelFileReport, TaskRun, Transform
from labeling.selectors.label_files import parts_of


@dataclass(frozen=True, slots=True)
class KnownLabels:
    """Labeling sets by id. Glue merges by set: of two files that hold a set, the later one counts."""

    sets: Mapping[str, SetDigest]

    @property
    def rows(self) -> int:
        """Labelled rows, which is what Glue counts as labels."""
        return sum(found.rows for found in self.sets.values())

    @property
    def pairs(self) -> PairCounts | None:
        """The pairs that they make; None where a file was kept before pairs were counted."""
        total = PairCounts(0, 0)
        for found in self.sets.values():
            if found.pairs is None:
                return None
            total += found.pairs
        return total

    @property
    def content_hash(self) -> str:
        """The content hash that an export would have."""
        return hash_of_sets(found.digest for found in self.sets.values())

    def after(self, more: Mapping[str, SetDigest], *, replace_all: bool = False) -> KnownLabels:
        """What would be known after an import of these sets."""
        return KnownLabels(more if replace_all else {**self.sets, **more})

    def effect_of(self, sets: Mapping[str, SetDigest]) -> AddEffect:
        """What adding these sets would change."""
        new = sum(name not in self.sets for name in sets)
        same = sum(self.sets.get(name) == found for name, found in sets.items())
        return AddEffect(new, len(sets) - new - same, same)


def known_labels(*, transform: Transform, label_count: int | None = None) -> KnownLabels | None:
    """The labels after the newest export or replacement and every import since; None if that is not what Glue counts.

    It is not where somebody imports past the portal. ``label_count`` is what Glue says now, if that is not yet stored with the transform.
    """
    since = runs_held(TaskRun.objects.filter(transform=transform).only("kind", "replace_all_labels", "label_file_id"))
    reports = dict(
        LabelFileReport.objects.filter(label_file__in=[run.label_file_id for run in since]).values_list(
            "label_file", "set_digests"
        )
    )
    known = KnownLabels({})
    for run in since:
        if run.label_file_id is None and run.kind == RunKind.EXPORT_LABELS:
            continue  # there was nothing to export
        if run.label_file_id not in reports:
            return None  # kept before digests were
        known = known.after(_digests(reports[run.label_file_id]))
    return known if known.rows == (transform.label_count if label_count is None else label_count) else None


def labels_unseen(*, transform: Transform) -> bool:
    """Whether Glue holds labels none of which the portal has ever seen: it has neither imported nor exported any, nor does so now. Up to one query."""
    brought = TaskRun.objects.filter(
        transform=transform,
        foreign=False,
        kind__in=(RunKind.IMPORT_LABELS, RunKind.EXPORT_LABELS),
        status__in=(*ACTIVE, RunStatus.SUCCEEDED),
    )
    return transform.label_count > 0 and not brought.exists()


def runs_held(runs: QuerySet[TaskRun]) -> list[TaskRun]:
    """Of these runs of a transform those whose labels Glue holds, oldest first: the newest export or replacement, and every import since."""
    brought = runs.filter(kind__in=(RunKind.IMPORT_LABELS, RunKind.EXPORT_LABELS), status=RunStatus.SUCCEEDED).exclude(
        foreign=True, kind=RunKind.EXPORT_LABELS
    )  # what others export they keep
    found: list[TaskRun] = []
    for run in brought.order_by("-started_at", "-created_at"):
        found.append(run)
        if run.replace_all_labels or run.kind == RunKind.EXPORT_LABELS:
            break
    return found[::-1]


def sets_of(label_file: LabelFile) -> dict[str, SetDigest] | None:
    """The sets of a kept label file with the parts that follow it; None for files that were kept before digests were."""
    sets: dict[str, SetDigest] = {}
    for part in parts_of(label_file):
        found = sets_of_part(part)
        if found is None:
            return None
        sets |= found
    return sets


def sets_of_part(label_file: LabelFile) -> dict[str, SetDigest] | None:
    """The sets of just this file; None for files that were kept before digests were."""
    report = LabelFileReport.objects.filter(label_file=label_file).first()
    return _digests(report.set_digests) if report else None


@dataclass(frozen=True, slots=True)
class AddEffect:
    """What an import that adds would do to the sets that Glue holds: so many are new, teach something else, or teach the same."""

    new: int
    changed: int
    same: int

    @property
    def changes_nothing(self) -> bool:
        """Glue holds every set just so."""
        return not (self.new or self.changed)


def add_effect(*, transform: Transform, sets: Mapping[str, SetDigest]) -> AddEffect | None:
    """What adding these sets would change; None where the portal does not know all that Glue holds."""
    known = known_labels(transform=transform)
    return known.effect_of(sets) if known else None


def stored_digest(found: SetDigest) -> list[str | int]:
    """How a report keeps it (``LabelFileReport.set_digests``)."""
    return [found.digest, found.rows, *((found.pairs.matching, found.pairs.non_matching) if found.pairs else ())]


def _digests(stored: dict[str, tuple[str, int, *tuple[int, ...]]]) -> dict[str, SetDigest]:
    return {
        name: SetDigest(digest, rows, PairCounts(*pairs) if pairs else None)
        for name, (digest, rows, *pairs) in stored.items()
    }
