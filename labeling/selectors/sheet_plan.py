"""What a filled in spreadsheet would change now, question by question.

Letters mean nothing outside one state of a question, so a file and the portal are compared by question and never mixed row by row where both
have changed. With, for each row, *before* (the label when the file was downloaded), *now* and *filed* (what the file says):

- *touched* are rows whose label was changed in the file: filed ≠ before. *News* are touched rows with filed ≠ now.
- Without news there is nothing to take in; only a question that is filled in completely in the file and not yet submitted is submitted.
- If the portal's labels have changed since the download (now ≠ before) in a row of which the file says something else (filed ≠ now), the person is
  asked. If not, the file goes on from what is there, and its state is taken.
- A row whose mark is lost has no *before*. It is touched if it has a label other than now, and counts as changed in the portal if it has one there.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from django.utils import timezone

from accounts.models import Membership
from labeling.choices import AnswerKind, AnswerStatus
from labeling.models import Answer, Question, SheetUpload
from labeling.permissions import is_lead
from labeling.selectors.chunks import in_chunks
from labeling.selectors.queue import at_it, meant_for
from labeling.selectors.sheets import labels_now, questions_of, questions_with_rows, rows_by_question
from partitions import Grouping

SHOWN = 200
"""How many questions of each kind are shown; the rest is counted. Django takes no form of more than a thousand fields, and each conflict is one."""


class SheetAction(StrEnum):
    """What is to be done with one question of a file."""

    SUBMIT = "submit"
    DRAFT = "draft"
    CORRECT = "correct"
    """Submitted before, by the same person, and otherwise."""
    ASK = "ask"
    """Changed here and in the file: the person decides."""
    NOTHING = "nothing"
    HELD = "held"
    """Somebody else works on it now."""
    CLOSED = "closed"
    """Needs no more answers."""
    ADJUDICATED = "adjudicated"
    """Submitted before, and decided by a lead since."""
    NOT_MEANT = "not_meant"
    """Assigned to others, or the person lacks the skill."""
    INCOMPLETE = "incomplete"
    """Submitted before; the file has taken labels away."""


TAKEN = (SheetAction.SUBMIT, SheetAction.DRAFT, SheetAction.CORRECT)
REFUSED = (SheetAction.HELD, SheetAction.CLOSED, SheetAction.ADJUDICATED, SheetAction.NOT_MEANT, SheetAction.INCOMPLETE)


@dataclass(frozen=True, slots=True)
class FiledLabel:
    """What the file says of one row; ``before`` is None where the hidden mark was lost."""

    label: str
    before: str | None


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One row of a question, with its label now and, if the file has the row, in the file."""

    row_id: int
    values: tuple[str, ...]
    now: str
    filed: FiledLabel | None

    @property
    def target(self) -> str:
        """The label when the file is taken in."""
        return self.now if self.filed is None else self.filed.label

    @property
    def is_touched(self) -> bool:
        """Whether somebody changed the label in the file."""
        if self.filed is None:
            return False
        if self.filed.before is None:
            return self.filed.label not in ("", self.now)
        return self.filed.label != self.filed.before

    @property
    def is_news(self) -> bool:
        """Whether somebody changed the label in the file to one that it has not now."""
        return self.is_touched and self.filed is not None and self.filed.label != self.now

    @property
    def is_disputed(self) -> bool:
        """Whether the label was changed here since the download, and the file says something else."""
        if self.filed is None or self.filed.label == self.now:
            return False
        return self.now != (self.filed.before or "")


@dataclass(frozen=True, slots=True)
class PlannedQuestion:
    """What becomes of one question.

    ``then`` is what is done if the person, being asked, takes the file's labels; else it is equal to ``action``. ``labels`` are those of
    the question when it is done, by row id; rows without one are left out.
    """

    question: Question
    action: SheetAction
    then: SheetAction
    rows: tuple[PlannedRow, ...]
    labels: dict[int, str]

    @property
    def digest(self) -> str:
        """Stands for everything a person saw of this question; 16 hex digits."""
        said = [
            str(self.question.pk),
            self.action,
            self.then,
            [[row.row_id, row.now, self.labels.get(row.row_id, "")] for row in self.rows],
        ]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class SheetPlan:
    """What becomes of the questions that the file holds a row of, in order.

    ``counts``: how many questions each action has. ``digests``: of each question of which something is taken in. ``asked``: those that the person
    decides. ``questions`` are all of a small file; of a large one the first of each action, without those that have changed since.
    """

    questions: tuple[PlannedQuestion, ...]
    counts: Counter[SheetAction]
    digests: dict[uuid.UUID, str]
    asked: tuple[uuid.UUID, ...]

    @classmethod
    def of(cls, questions: tuple[PlannedQuestion, ...]) -> Self:
        """The plan made of all its questions."""
        return cls(
            questions=questions,
            counts=Counter(planned.action for planned in questions),
            digests={planned.question.pk: planned.digest for planned in questions if planned.labels},
            asked=tuple(planned.question.pk for planned in questions if planned.action == SheetAction.ASK),
        )

    def having(self, *actions: SheetAction) -> list[PlannedQuestion]:
        """The questions with one of these actions."""
        return [planned for planned in self.questions if planned.action in actions]

    @property
    def is_open(self) -> bool:
        """Whether there is anything to confirm."""
        return any(self.counts[action] for action in (*TAKEN, SheetAction.ASK))


@dataclass(frozen=True, slots=True)
class _Standing:
    """How the person stands to the questions."""

    submitted: frozenset[uuid.UUID]
    adjudicated: frozenset[uuid.UUID]
    meant: frozenset[uuid.UUID] | None
    """Those that they may answer, by the rule of the workbench: meant for them, or begun by them. None: all."""
    membership: Membership


def sheet_plan(*, upload: SheetUpload, membership: Membership) -> SheetPlan:
    """What confirming the upload would do now. The membership is that of the person who brought it. Nothing is written."""
    filed = filed_labels(upload)
    return SheetPlan.of(plan_questions(questions=questions_in(upload), filed=filed, membership=membership))


def kept_plan(plan: SheetPlan, *, now: datetime) -> dict[str, Any]:
    """The plan of a large file as JSON, from which ``plan_as_kept`` makes one again without looking at all questions."""
    shown = [
        planned for action in SheetAction if action != SheetAction.NOTHING for planned in plan.having(action)[:SHOWN]
    ]
    return {
        "at": now.isoformat(),
        "counts": dict(plan.counts),
        "digests": {str(pk): digest for pk, digest in plan.digests.items()},
        "asked": [str(pk) for pk in plan.asked],
        "shown": {str(planned.question.pk): planned.digest for planned in shown},
        "filed": [
            [row.row_id, row.filed.label, row.filed.before] for planned in shown for row in planned.rows if row.filed
        ],
    }


def plan_as_kept(*, kept: Mapping[str, Any], membership: Membership) -> SheetPlan:
    """The plan that was kept."""
    filed = {row_id: FiledLabel(label, before) for row_id, label, before in kept["filed"]}
    questions = questions_of([uuid.UUID(pk) for pk in kept["shown"]])
    planned = plan_questions(questions=questions, filed=filed, membership=membership)
    return SheetPlan(
        questions=tuple(one for one in planned if kept["shown"][str(one.question.pk)] == one.digest),
        counts=Counter({SheetAction(action): count for action, count in kept["counts"].items()}),
        digests={uuid.UUID(pk): digest for pk, digest in kept["digests"].items()},
        asked=tuple(map(uuid.UUID, kept["asked"])),
    )


def filed_labels(upload: SheetUpload) -> dict[int, FiledLabel]:
    """What was read from the file, by row id."""
    return {int(row_id): FiledLabel(label, before) for row_id, label, before, _sheet, _row in upload.labels}


def questions_in(upload: SheetUpload) -> list[Question]:
    """The transform's questions that the file holds a row of, in order."""
    return questions_of(questions_with_rows(transform_id=upload.transform_id, row_ids=filed_labels(upload)))


def plan_questions(
    *, questions: Sequence[Question], filed: Mapping[int, FiledLabel], membership: Membership
) -> tuple[PlannedQuestion, ...]:
    """The plan for each question as it stands; a handful of queries for any number."""
    now = labels_now(questions=questions, membership=membership)
    rows = rows_by_question([question.pk for question in questions])
    standing = _standing(questions, membership)
    return tuple(
        _planned(
            question,
            tuple(
                PlannedRow(row.pk, tuple(row.values), now[question.pk].get(row.pk, ""), filed.get(row.pk))
                for row in rows.get(question.pk, ())
            ),
            standing,
        )
        for question in questions
    )


def _planned(question: Question, rows: tuple[PlannedRow, ...], standing: _Standing) -> PlannedQuestion:
    submitted = question.pk in standing.submitted
    news = any(row.is_news for row in rows)
    filled_in = all(row.filed is not None and row.filed.label for row in rows) and any(row.is_touched for row in rows)
    if not news and (submitted or not filled_in):
        return PlannedQuestion(question, SheetAction.NOTHING, SheetAction.NOTHING, rows, {})
    ask = news and any(row.is_disputed for row in rows)
    if ask:
        # Labels of rows that the file has not belong to another state; mixed, they would say something that nobody said.
        labels = {row.row_id: row.filed.label for row in rows if row.filed is not None and row.filed.label}
    else:
        labels = {row.row_id: row.target for row in rows if row.target}
    then = _refusal(question, standing) or _taken(labels, rows, submitted)
    return PlannedQuestion(question, SheetAction.ASK if ask and then in TAKEN else then, then, rows, labels)


def _taken(labels: Mapping[int, str], rows: Sequence[PlannedRow], submitted: bool) -> SheetAction:
    """What is done with labels that may be taken in."""
    if len(labels) < len(rows):
        return SheetAction.INCOMPLETE if submitted else SheetAction.DRAFT
    if not submitted:
        return SheetAction.SUBMIT
    now = {row.row_id: row.now for row in rows}
    return SheetAction.NOTHING if Grouping(labels) == Grouping(now) else SheetAction.CORRECT


def _refusal(question: Question, standing: _Standing) -> SheetAction | None:
    """Why nothing can be taken in for the question; None if it can."""
    if question.pk in standing.adjudicated:
        return SheetAction.ADJUDICATED if question.pk in standing.submitted else SheetAction.CLOSED
    if question.pk in standing.submitted:
        return None
    if question.answers_missing == 0:
        return SheetAction.CLOSED
    held = question.lease_expires_at is not None and question.lease_expires_at > timezone.now()
    if held and question.leased_to_id not in (None, standing.membership.user_id):
        return SheetAction.HELD
    if standing.meant is not None and question.pk not in standing.meant:
        return SheetAction.NOT_MEANT
    return None


def _standing(questions: Sequence[Question], membership: Membership) -> _Standing:
    ids = [question.pk for question in questions]
    submitted: set[uuid.UUID] = set()
    adjudicated: set[uuid.UUID] = set()
    meant: set[uuid.UUID] = set()
    everything = is_lead(membership)
    for some in in_chunks(ids):
        answers = Answer.objects.filter(question__in=some, status=AnswerStatus.SUBMITTED)
        own = answers.filter(steward=membership.user, kind=AnswerKind.ANSWER)
        submitted.update(own.values_list("question", flat=True))
        adjudicated.update(answers.filter(kind=AnswerKind.ADJUDICATION).values_list("question", flat=True))
        if not everything:
            person = membership.user
            may_answer = at_it(steward=person) | meant_for(steward=person, skills=membership.skill_tags)
            meant.update(Question.objects.filter(may_answer, pk__in=some).order_by().values_list("pk", flat=True))
    return _Standing(
        submitted=frozenset(submitted),
        adjudicated=frozenset(adjudicated),
        meant=None if everything else frozenset(meant),
        membership=membership,
    )
