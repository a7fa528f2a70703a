"""Answers questions about samples/people.csv as somebody would who knows the truth."""

from __future__ import annotations

import csv
from functools import cache
from string import ascii_uppercase

from django.conf import settings

from accounts.models import User
from labeling.models import Question, Transform
from labeling.services.answers import next_question, submit_answer


@cache
def _clusters() -> dict[str, str]:
    with (settings.BASE_DIR / "samples" / "people-clusters.csv").open(newline="") as file:
        return {row["id"]: row["cluster_id"] for row in csv.DictReader(file)}


def true_labels(question: Question) -> dict[int, str]:
    """Row ids with a letter for each person among the rows."""
    letters: dict[str, str] = {}
    return {
        row.pk: letters.setdefault(_clusters().get(row.key, row.key), ascii_uppercase[len(letters)])
        for row in question.rows.order_by("position")
    }


def answer_everything(transform: Transform, steward: User) -> int:
    """Answer every open question of the transform; how many there were."""
    count = 0
    while question := next_question(transform=transform, steward=steward):
        submit_answer(question=question, steward=steward, labels=true_labels(question), seconds=8, keys=11)
        count += 1
    return count
