"""What people said, read as groupings: by person and question."""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Aggregate, Count, OuterRef, QuerySet, Subquery, TextField
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
    """Those of them to questions that two or more of these people have answered: others say nothing of agreement."""
    asked = answers.order_by().values("question").annotate(people=Count("pk")).filter(people__gt=1)
    return answers.filter(question__in=asked.values("question"))


def groupings_of(answers: QuerySet[Answer]) -> Groupings:
    """The groupings that these answers make; one answer of a person to a question among them. One query.

    The labels of an answer come as one text, because a line of the query for each of them would take many times as long.
    """
    labelled = Concat(Cast("row_id", TextField()), "label", output_field=TextField())
    labels = (
        RowLabel.objects.filter(answer=OuterRef("pk")).order_by().values("answer").annotate(text=Together(labelled))
    )
    found: Groupings = defaultdict(dict)
    texts = answers.order_by().annotate(text=Subquery(labels.values("text")))
    for person, question, text in texts.values_list("steward", "question", "text").iterator(chunk_size=5000):
        if text:
            found[person][question] = Grouping(
                dict(sorted((int(row), label) for row, label in _LABELLED.findall(text)))
            )
    return dict(found)
