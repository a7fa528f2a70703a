"""What the workbench is given: how it is set up, and each question, to answer or to decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.urls import reverse

from accounts.models import User
from labeling.choices import GROUP_LABELS, UNSURE, AnswerStatus, QuestionState
from labeling.models import Question, Transform
from labeling.selectors.adjudication import AdjudicationWork, adjudication_work
from labeling.selectors.comments import open_comments_on
from labeling.selectors.goals import pace_of
from labeling.selectors.preferences import columns_for, keys_for
from labeling.selectors.questions import QuestionWork, question_number, question_work, total_and_left
from partitions import labels_for


def bench_config(*, transform: Transform, user: User) -> dict[str, Any]:
    """What the workbench knows besides its questions: groups, how cells are shown, the person's columns and keys, where to send what."""
    return {
        "groups": list(GROUP_LABELS),
        "person": str(user.pk),
        "transform": str(transform.pk),
        "shows": {"links": transform.links_in_cells, "images": transform.images_in_cells},
        "columns": asdict(columns_for(user=user, transform=transform)),
        "keys": asdict(keys_for(user=user)),
        "urls": {
            "next": reverse("labeling:question-next", args=[transform.pk]),
            "columns": reverse("labeling:columns-save", args=[transform.pk]),
            "keys": reverse("labeling:keys-save"),
        },
    }


def question_payload(question: Question, steward: User) -> dict[str, Any]:
    """One question to answer: its rows, the draft, the proposal, where to send what."""
    work = question_work(question=question, steward=steward)
    return _asked(work, steward) | {
        "labels": {str(row_id): label for row_id, label in work.labels.items()},
        "stamp": work.answer.draft_stamp if work.answer else 0,
        "proposal": {
            str(row_id): {"label": proposed.label, "confidence": proposed.confidence}
            for row_id, proposed in work.proposal.items()
        },
        "urls": {
            name: reverse(f"labeling:question-{name}", args=[question.pk])
            for name in ("detail", "draft", "submit", "skip", "release", "reopen", "panel")
        },
    }


def next_payload(transform: Transform, question: Question | None, steward: User) -> dict[str, Any]:
    """The question to show after the one on the screen, how many are left, and how far the person is."""
    total, left = total_and_left(transform=transform, steward=steward)
    return {
        "question": question_payload(question, steward) if question else None,
        "total": total,
        "left": left,
        "pace": asdict(pace_of(team=transform.team, user=steward)),
    }


def decision_payload(question: Question, user: User) -> dict[str, Any]:
    """Rows, what each person said in letters that can be compared, the draft, where to send what.

    ``overrules`` is the version of the result that is replaced; None while nothing is settled.
    """
    work = adjudication_work(question=question, user=user)
    said = comparable_labels([person.labels for person in work.people], work.settled or question.result_labels)
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
    return _asked(work, user) | {
        "labels": work.labels,
        "stamp": work.answer.draft_stamp if work.answer else 0,
        "settled": work.settled,
        "people": [
            {"name": person.user.display_name, "labels": labels}
            for person, labels in zip(work.people, said, strict=True)
        ],
        "overrules": overrules,
        "urls": urls,
    }


def _asked(work: QuestionWork | AdjudicationWork, person: User) -> dict[str, Any]:
    """What the person is asked, to answer or to decide."""
    question = work.question
    remarks = open_comments_on(question=question, reader=person)
    return {
        "id": str(question.pk),
        "number": question_number(question=question),
        "columns": work.transform.column_names,
        "primaryKey": work.transform.primary_key,
        "rows": [{"id": row.pk, "key": row.key, "values": row.values} for row in work.rows],
        "groups": list(labels_for(len(work.rows))),
        "commentsOpen": remarks.total(),
        "remarks": {str(row_id): count for row_id, count in remarks.items() if row_id is not None},
    }


def comparable_labels(given: Sequence[Mapping[int, str]], decided: Mapping[int, str]) -> list[dict[int, str]]:
    """What several people said of the rows of a question, to stand side by side: the same letter means the same group, whatever letters they gave.

    Letters are those of the rows that are ``decided``; of the other rows, those of the person who comes first.
    """
    if not given:
        return []
    letters = {**fitting_labels(given[0], decided), **decided}
    return [fitting_labels(labels, letters) for labels in given]


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
