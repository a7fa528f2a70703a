"""A question as the workbench takes it when somebody decides it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from accounts.models import User
from labeling.choices import GROUP_LABELS, UNSURE, AnswerStatus, QuestionState
from labeling.models import Question
from labeling.selectors.adjudication import adjudication_work
from labeling.views.contexts import asked


def decision_payload(question: Question, user: User) -> dict[str, Any]:
    """Rows, what each person said in letters that fit the settled rows, the draft, where to send what.

    ``overrules`` is the version of the result that is replaced; None while nothing is settled.
    """
    work = adjudication_work(question=question, user=user)
    urls = {
        name: reverse(f"labeling:adjudication-{name}", args=[question.pk])
        for name in ("draft", "submit", "skip", "reopen")
    } | {name: reverse(f"labeling:question-{name}", args=[question.pk]) for name in ("release", "panel")}
    urls["detail"] = reverse("labeling:question-adjudicate", args=[question.pk])
    overrules = None
    if question.state == QuestionState.SETTLED:
        urls["after"] = reverse("labeling:question-history", args=[question.pk])
        overrules = question.result_version
    if work.answer and work.answer.status == AnswerStatus.SUBMITTED:
        # One's own decision stands until it is replaced: nothing is kept in between.
        urls |= {"draft": "", "skip": urls["release"]}
    return asked(work, user) | {
        "labels": work.labels,
        "stamp": work.answer.draft_stamp if work.answer else 0,
        "settled": work.settled,
        "people": [
            {"name": person.user.display_name, "labels": fitting_labels(person.labels, work.settled)}
            for person in work.people
        ],
        "overrules": overrules,
        "urls": urls,
    }


def fitting_labels(labels: Mapping[int, str], settled: Mapping[int, str]) -> dict[int, str]:
    """A person's groups under the letters that the settled rows have.

    A group takes the letter of the settled group that it shares most rows with, each letter once; the others keep their own letter if it is
    free, else get one that is. A group for which no letter is left, which takes more than 30 groups, comes out blank.
    """
    shared = Counter(
        (label, settled[row]) for row, label in labels.items() if label != UNSURE and settled.get(row, UNSURE) != UNSURE
    )
    letters: dict[str, str] = {UNSURE: UNSURE}
    for (label, letter), _rows in sorted(shared.items(), key=lambda item: (-item[1], item[0])):
        if label not in letters and letter not in letters.values():
            letters[label] = letter
    for label in dict.fromkeys(labels.values()):
        if label not in letters:
            taken = {*settled.values(), *letters.values()}
            free = [letter for letter in (label, *GROUP_LABELS) if letter not in taken]
            letters[label] = free[0] if free else ""
    return {row: letters[label] for row, label in labels.items()}
