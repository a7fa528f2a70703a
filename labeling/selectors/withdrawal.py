"""What would come of withdrawing several answers at once: which go, which stay and why, and what happens to their questions."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.names import names_apart
from labeling.choices import AnswerKind, AnswerStatus
from labeling.models import Answer
from labeling.selectors.chunks import in_chunks


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The answers that can be withdrawn, apart from those that Glue has ``learned`` from; and those that stay, by the reason why.

    Of the questions of the former, ``asked_again`` lack an answer then, and ``decided_anew`` have enough others.
    """

    going: tuple[Answer, ...]
    learned: tuple[Answer, ...]
    left: dict[str, tuple[Answer, ...]]
    asked_again: int
    decided_anew: int

    @property
    def digest(self) -> str:
        """The same as long as the same answers, in the version that they have, can be withdrawn."""
        said = sorted(f"{answer.pk}:{answer.version}" for answer in (*self.going, *self.learned))
        learned = sorted(str(answer.pk) for answer in self.learned)
        return hashlib.sha256(" ".join([*said, *learned]).encode()).hexdigest()


def withdrawal_of(*, answers: QuerySet[Answer], reader: User) -> Withdrawal:
    """Of these answers those that are submitted, in the order of their questions. Two queries, the second for every 500 questions once."""
    submitted = list(
        answers.filter(status=AnswerStatus.SUBMITTED)
        .prefetch_related(None)
        .select_related("question__question_set", "steward")
        .order_by("question__question_set__number", "question__position", "created_at")
    )
    standing = _standing({answer.question_id for answer in submitted})
    chosen = {answer.pk for answer in submitted}
    left: dict[str, list[Answer]] = defaultdict(list)
    going, learned = [], []
    for answer in submitted:
        # A decision that is withdrawn with it holds nothing.
        adjudicated = any(
            other.kind == AnswerKind.ADJUDICATION and other.pk not in chosen for other in standing[answer.question_id]
        )
        if why := why_it_stays(answer=answer, adjudicated=adjudicated, reader=reader):
            left[why].append(answer)
        elif not answer.control and answer.question.imported_version == answer.question.result_version:
            learned.append(answer)
        else:
            going.append(answer)
    again, anew = _questions_after(going, standing)
    return Withdrawal(tuple(going), tuple(learned), {why: tuple(those) for why, those in left.items()}, again, anew)


def why_it_stays(*, answer: Answer, adjudicated: bool, reader: User) -> str:
    """Why this answer cannot be taken back, with its question; "" if it can. ``adjudicated`` says that somebody's decision on it stands."""
    question = answer.question
    if answer.control:
        if question.is_control:
            return ""
        return _("This question is no longer asked, and your answer to it no longer counts.")
    if question.is_control:
        # Its person is not told which questions are control questions.
        if answer.steward_id == reader.pk:
            return _("Others rely on this answer now, so it cannot be changed. If it is wrong, tell a team lead.")
        return _("This is the known answer of a control question. Make it an ordinary question first.")
    if answer.kind == AnswerKind.ANSWER and adjudicated:
        return _(
            "This question has been adjudicated. Its answers can be changed once a team lead has reopened the adjudication."
        )
    return ""


def people_of(answers: Sequence[Answer]) -> list[tuple[str, int]]:
    """How many of these answers are whose, the most first."""
    names = names_apart(answer.steward for answer in answers)
    counts = Counter(names[answer.steward_id] for answer in answers)
    return sorted(counts.items(), key=lambda share: (-share[1], share[0]))


def _standing(questions: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Answer]]:
    """The answers and decisions to each of these questions that stand."""
    found: dict[uuid.UUID, list[Answer]] = defaultdict(list)
    for some in in_chunks(list(questions)):
        standing = Answer.objects.filter(question__in=some, status=AnswerStatus.SUBMITTED, control=False)
        for answer in standing.only("kind", "question_id"):
            found[answer.question_id].append(answer)
    return found


def _questions_after(going: Sequence[Answer], standing: dict[uuid.UUID, list[Answer]]) -> tuple[int, int]:
    """How many of their questions lack an answer without these, and how many do not."""
    gone = {answer.pk for answer in going}
    wanted = {answer.question_id: answer.question.question_set.answers_wanted for answer in going}
    # Whoever withdraws what they said to a control question may be asked it again, as any other.
    again = {answer.question_id for answer in going if answer.control}
    for question_id, people in wanted.items():
        left = [
            answer for answer in standing[question_id] if answer.kind == AnswerKind.ANSWER and answer.pk not in gone
        ]
        if len(left) < people:
            again.add(question_id)
    return len(again), len(wanted) - len(again)
