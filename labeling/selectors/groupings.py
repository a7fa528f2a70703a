"""What people said, read as groupings: by person and question."""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Aggregate, CharField, Exists, OuterRef, QuerySet, Subquery, TextField
from django.db.models.functions import Cast, Concat
from django.db.models.sql.compiler import SQLCompiler

from labeling.choices import AnswerKind, AnswerStatus
from labeling.models import Answer, RowLabel
from partitions import Grouping

Groupings = dict[uuid.UUID, dict[uuid.UUID, Grouping[int]]]
"""By person and question."""

_LABELLED = re.compile(r"(\d+)(\D+)")


class Together(Aggregate):
    """Texts, one behind the other."""

    function = "GROUP_CONCAT"
    template = "%(function)s(%(expressions)s, '')"
    output_field = TextField()

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        """There it has another name."""
        return self.as_sql(compiler, connection, function="STRING_AGG", **context)


def independent_answers() -> QuerySet[Answer]:
    """What people said by themselves: no adjudications, and no answers to control questions.

    Krippendorff's alpha is over these wherever it is shown, with the sampling of ``partitions``: one figure and one interval for the same questions.
    """
    return Answer.objects.filter(kind=AnswerKind.ANSWER, status=AnswerStatus.SUBMITTED, control=False)


def shared_answers(answers: QuerySet[Answer]) -> QuerySet[Answer]:
    """Those of these independent answers to questions that somebody else has answered too: others say nothing of agreement."""
    others = independent_answers().filter(question=OuterRef("question")).exclude(pk=OuterRef("pk"))
    return answers.filter(Exists(others))


def labels_by_answer(answers: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[int, str]]:
    """The labels of each of these answers, in their order, by row id in the order of the rows. One query."""
    found: dict[uuid.UUID, dict[int, str]] = {pk: {} for pk in answers}
    labels = RowLabel.objects.filter(answer__in=answers).order_by("row__position")
    for answer_id, row_id, label in labels.values_list("answer_id", "row_id", "label"):
        found[answer_id][row_id] = label
    return found


def groupings_of(answers: QuerySet[Answer]) -> Groupings:
    """The groupings that these answers make; one answer of a person to a question among them. One query."""
    return groupings_by_set(answers)[0]


def groupings_by_set(answers: QuerySet[Answer]) -> tuple[Groupings, dict[uuid.UUID, uuid.UUID]]:
    """The same, and the set of each question.

    The labels of an answer come as one text, because a line of the query for each of them would take many times as long; ids come as texts too,
    because the same few would be made anew on each line.
    """
    labelled = Concat(Cast("row_id", TextField()), "label", output_field=TextField())
    labels = (
        RowLabel.objects.filter(answer=OuterRef("pk")).order_by().values("answer").annotate(text=Together(labelled))
    )
    found: Groupings = defaultdict(dict)
    set_of = {}
    texts = answers.order_by().annotate(text=Subquery(labels.values("text")))
    ids = (Cast(name, CharField()) for name in ("steward", "question", "question__question_set"))
    id_of = cache(uuid.UUID)
    for person, question, question_set, text in texts.values_list(*ids, "text").iterator(chunk_size=5000):
        set_of[id_of(question)] = id_of(question_set)
        if text:
            labelled_rows = [(int(row), label) for row, label in _LABELLED.findall(text)]
            found[id_of(person)][id_of(question)] = Grouping(dict(sorted(labelled_rows)))
    return dict(found), set_of
