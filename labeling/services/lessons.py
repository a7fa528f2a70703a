"""What the embedded engine learns from in the portal: settled questions, as they are now, and what else Glue holds, such as labels that a team brought."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from django.db.models import QuerySet

from labelfiles import LabeledRow, LabelFile, LabelFileError, read_label_file
from labeling.aws import storage
from labeling.choices import UNSURE, LabelFileKind
from labeling.exceptions import GlueError
from labeling.models import LabelFile as StoredFile
from labeling.models import Question, Row, TaskRun, Transform
from labeling.selectors.known_labels import runs_held
from labeling.selectors.questions import TEACHES

logger = logging.getLogger(__name__)

_MAX_LESSONS = 300


@dataclass(frozen=True, slots=True)
class Lessons:
    """What people say about rows, and the ``values`` of all these rows and of those that they were unsure about, which have no label."""

    labels: LabelFile
    values: list[Sequence[str]]


def lessons_of(*, transform: Transform, without: uuid.UUID | None = None) -> Lessons:
    """The newest settled questions of the transform, but for the one that the engine is not to know, and the newest sets that Glue holds and no
    question has.

    Files that cannot be read are logged and left out.
    """
    settled = Question.objects.filter(TEACHES, question_set__transform=transform)
    if without is not None:
        settled = settled.exclude(pk=without)
    rows = rows_by_question(settled.order_by("-changed_at")[:_MAX_LESSONS])
    results = dict(settled.filter(pk__in=rows).order_by().values_list("pk", "result"))
    labelled = [
        LabeledRow(str(pk), label, tuple(row.values))
        for pk, shown in rows.items()
        for row in shown
        if (label := (results.get(pk) or {}).get(str(row.pk), UNSURE)) != UNSURE
    ]
    brought = _brought(transform)
    values = [row.values for shown in rows.values() for row in shown]
    return Lessons(
        LabelFile(tuple(transform.column_names), tuple(brought + labelled)), [row.values for row in brought] + values
    )


def rows_by_question(questions: QuerySet[Question]) -> dict[uuid.UUID, list[Row]]:
    """The rows of each question in order; questions with a blank key are left out, as the engine cannot tell its rows apart."""
    ids = list(questions.values_list("pk", flat=True))
    found: dict[uuid.UUID, list[Row]] = {pk: [] for pk in ids}
    for row in Row.objects.filter(question__in=ids).order_by("position"):
        found[row.question_id].append(row)
    return {pk: rows for pk, rows in found.items() if all(row.key.strip() for row in rows)}


def newest_sets(
    files: Sequence[StoredFile], *, but: Collection[str] = ()
) -> Iterator[tuple[str, Sequence[LabeledRow]]]:
    """The sets of label files, ``but`` for some of their ids, the newest first: the last file is the newest, and of a set that two hold it counts.

    A file is fetched when its first set is wanted. Raises ``GlueError`` or ``LabelFileError`` for one that cannot be read.
    """
    seen = set(but)
    for stored in reversed(files):
        for name, rows in reversed(read_label_file(storage.read_uri(stored.uri)).by_set().items()):
            if name not in seen:
                seen.add(name)
                yield name, rows


def _brought(transform: Transform) -> list[LabeledRow]:
    """The labelled rows of the newest sets that Glue holds and no question has."""
    held = runs_held(TaskRun.objects.filter(transform=transform).select_related("label_file"))
    # Those that were built from answers hold nothing else.
    files = [run.label_file for run in held if run.label_file and run.label_file.kind != LabelFileKind.BUILT]
    if not files:
        return []
    asked = Question.objects.filter(question_set__transform=transform)
    ours = frozenset(asked.values_list("labeling_set_id", flat=True))
    key = transform.key_place
    try:
        return [
            row
            for _name, rows in islice(newest_sets(files, but=ours), _MAX_LESSONS)
            for row in rows
            if row.label and row.values[key].strip()
        ]
    except (GlueError, LabelFileError) as error:
        logger.warning("transform %s: brought labels cannot be read (%s)", transform.pk, type(error).__name__)
        return []
