"""What the embedded engine learns from in the portal: settled questions, as they are now, whether they were imported or not."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db.models import QuerySet

from labelfiles import LabeledRow, LabelFile
from labeling.choices import UNSURE
from labeling.models import Question, Row, Transform
from labeling.selectors.questions import TEACHES

_MAX_LESSONS = 300


@dataclass(frozen=True, slots=True)
class Lessons:
    """The rows of the questions, by question, and what people say about them; rows that they were unsure about have no label."""

    rows: dict[uuid.UUID, list[Row]]
    labels: LabelFile


def lessons_of(*, transform: Transform, without: uuid.UUID | None = None) -> Lessons:
    """The newest settled questions of the transform, but for the one that the engine is not to know."""
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
    return Lessons(rows, LabelFile(tuple(transform.column_names), tuple(labelled)))


def rows_by_question(questions: QuerySet[Question]) -> dict[uuid.UUID, list[Row]]:
    """The rows of each question in order; questions with a blank key are left out, as the engine cannot tell its rows apart."""
    ids = list(questions.values_list("pk", flat=True))
    found: dict[uuid.UUID, list[Row]] = {pk: [] for pk in ids}
    for row in Row.objects.filter(question__in=ids).order_by("position"):
        found[row.question_id].append(row)
    return {pk: rows for pk, rows in found.items() if all(row.key.strip() for row in rows)}
