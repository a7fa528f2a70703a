"""Questions as they go into a spreadsheet: which ones a person gets, and the labels they have now."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.models import Membership
from labeling.choices import AnswerKind, AnswerStatus, QuestionState
from labeling.models import Answer, Question, QuestionSet, Row, RowLabel, SheetUpload, Transform
from labeling.permissions import is_lead
from labeling.selectors.chunks import in_chunks
from labeling.selectors.queue import takeable_by
from labeling.spreadsheets import OWN_COLUMNS, QuestionSheet, SheetQuestion, SheetRow, csv_size


@dataclass(frozen=True, slots=True)
class SheetLimits:
    """How much a file may hold: cells of rows, and bytes as ``csv_size`` counts them."""

    cells: int
    size: int


@dataclass(frozen=True, slots=True)
class SheetChoice:
    """What can be downloaded: a set of questions, or all open ones (``question_set`` is None), and how many these are for the person."""

    question_set: QuestionSet | None
    questions: int


def questions_for_sheet(
    *, transform: Transform, membership: Membership, question_set: QuestionSet | None = None
) -> QuerySet[Question]:
    """Without a set: the open questions that the person may answer; a lead gets all open ones.

    With a set: those of the set that the person may answer or has answered; a lead gets all of the set.
    """
    questions = _of_sets(transform, membership) if question_set is not None else _open(transform, membership)
    if question_set is not None:
        questions = questions.filter(question_set=question_set)
    return questions.select_related("question_set").order_by("question_set__number", "position")


def sheet_choices(*, transform: Transform, membership: Membership) -> list[SheetChoice]:
    """What the person can download: all open questions, then sets, newest first; sets without a question for them are left out. Three queries."""
    of_sets = _of_sets(transform, membership).order_by().values_list("question_set").annotate(count=Count("pk"))
    counts: dict[uuid.UUID, int] = dict(of_sets)
    return [
        SheetChoice(None, _open(transform, membership).count()),
        *(
            SheetChoice(one, counts[one.pk])
            for one in transform.question_sets.only("transform", "number", "title").order_by("-number")
            if one.pk in counts
        ),
    ]


def _open(transform: Transform, membership: Membership) -> QuerySet[Question]:
    if is_lead(membership):
        return Question.objects.filter(question_set__transform=transform, answers_missing__gt=0)
    takeable = takeable_by(steward=membership.user, skills=membership.skill_tags)
    return takeable.filter(question_set__transform=transform)


def _of_sets(transform: Transform, membership: Membership) -> QuerySet[Question]:
    questions = Question.objects.filter(question_set__transform=transform)
    if is_lead(membership):
        return questions
    mine = Answer.objects.filter(
        question=OuterRef("pk"), steward=membership.user, kind=AnswerKind.ANSWER, status=AnswerStatus.SUBMITTED
    )
    takeable = takeable_by(steward=membership.user, skills=membership.skill_tags).values("pk")
    return questions.filter(Q(pk__in=takeable) | Q(Exists(mine)))


def question_sheet(
    *,
    transform: Transform,
    questions: Iterable[Question],
    membership: Membership | None,
    limits: SheetLimits | None = None,
) -> QuestionSheet:
    """The questions with their rows and the person's labels, in the order of ``questions``; with ``limits`` the first that fit.

    Without a person there are no labels, which are not needed to read a file.
    """
    columns = tuple(transform.column_names)
    found: list[SheetQuestion] = []
    cells = size = 0
    for asked in in_chunks(list(questions)):
        labels = labels_now(questions=asked, membership=membership) if membership else {}
        rows = rows_by_question([question.pk for question in asked])
        for question in asked:
            given = labels.get(question.pk, {})
            sheet_rows = tuple(
                SheetRow(str(row.pk), tuple(row.values), given.get(row.pk, "")) for row in rows.get(question.pk, ())
            )
            made = SheetQuestion(question.labeling_set_id, sheet_rows)
            if limits is not None:
                cells += len(sheet_rows) * (len(OWN_COLUMNS) + len(columns))
                size += csv_size(made)
                if found and (cells > limits.cells or size > limits.size):
                    return QuestionSheet(columns, transform.primary_key, tuple(found))
            found.append(made)
    return QuestionSheet(columns, transform.primary_key, tuple(found))


def labels_now(*, questions: Sequence[Question], membership: Membership) -> dict[uuid.UUID, dict[int, str]]:
    """By question, the labels that its rows have for the person: their own, submitted or not.

    A lead who has none sees what is settled. Every given question has an entry.
    """
    found: dict[uuid.UUID, dict[int, str]] = {question.pk: {} for question in questions}
    for ids in in_chunks(list(found)):
        own = RowLabel.objects.filter(
            answer__question__in=ids, answer__steward=membership.user, answer__kind=AnswerKind.ANSWER
        )
        for question_id, row_id, label in own.order_by().values_list("answer__question", "row", "label"):
            found[question_id][row_id] = label
    if is_lead(membership):
        for question in questions:
            if not found[question.pk] and question.state == QuestionState.SETTLED:
                found[question.pk] = question.result_labels
    return found


class RowValues(NamedTuple):
    """What a spreadsheet needs of a row; of a hundred thousand rows, models would take twice the time."""

    question: uuid.UUID
    pk: int
    values: list[str]


def rows_by_question(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[RowValues]]:
    """The rows of each question in their order."""
    found: dict[uuid.UUID, list[RowValues]] = {}
    for some in in_chunks(ids):
        rows = Row.objects.filter(question__in=some).order_by("question_id", "position")
        for row in map(RowValues._make, rows.values_list("question_id", "pk", "values")):
            found.setdefault(row.question, []).append(row)
    return found


def questions_named(
    *, transform: Transform, row_ids: Collection[int], labeling_sets: Collection[str]
) -> list[Question]:
    """The transform's questions that hold one of these rows or have one of these ids, in order.

    All of them if one of ``labeling_sets`` is no question's id: a spreadsheet may then have changed it.
    """
    questions = Question.objects.filter(question_set__transform=transform).select_related("question_set")
    ids = questions_with_rows(transform_id=transform.pk, row_ids=row_ids)
    known: set[str] = set()
    for names in in_chunks(sorted(filter(is_storable, labeling_sets))):
        for pk, name in questions.filter(labeling_set_id__in=names).values_list("pk", "labeling_set_id"):
            ids.add(pk)
            known.add(name)
    if not known.issuperset(labeling_sets):
        return list(questions.order_by("question_set__number", "position"))
    return questions_of(ids)


def questions_with_rows(*, transform_id: uuid.UUID, row_ids: Collection[int]) -> set[uuid.UUID]:
    """The transform's questions that hold one of these rows."""
    holding: set[uuid.UUID] = set()
    for some in in_chunks(sorted(row_ids)):
        # Rows alone: asked for the transform too, a database goes through all of its rows to find these.
        holding.update(Row.objects.filter(pk__in=some).order_by().values_list("question_id", flat=True).distinct())
    ours: set[uuid.UUID] = set()
    for ids in in_chunks(sorted(holding)):
        asked = Question.objects.filter(pk__in=ids, question_set__transform=transform_id)
        ours.update(asked.order_by().values_list("pk", flat=True))
    return ours


def transforms_of_rows(*, team_id: uuid.UUID, row_ids: Collection[str]) -> dict[str, str]:
    """By row id, the name of the transform that asks about it; no rows of other teams."""
    asking: dict[str, uuid.UUID] = {}
    for some in in_chunks(sorted(map(int, row_ids))):
        rows = Row.objects.filter(pk__in=some).order_by().values_list("pk", "question")
        asking |= {str(pk): question_id for pk, question_id in rows}
    names: dict[uuid.UUID, str] = {}
    for ids in in_chunks(sorted(set(asking.values()))):
        questions = Question.objects.filter(pk__in=ids, question_set__transform__team=team_id).order_by()
        names |= dict(questions.values_list("pk", "question_set__transform__name"))
    return {row_id: names[question_id] for row_id, question_id in asking.items() if question_id in names}


def questions_of(ids: Collection[uuid.UUID]) -> list[Question]:
    """The questions with their sets, in order."""
    found = [
        question
        for some in in_chunks(sorted(ids))
        for question in Question.objects.filter(pk__in=some).select_related("question_set__transform", "leased_to")
    ]
    return sorted(found, key=lambda question: (question.question_set.number, question.position))


def uploads_of(*, transform: Transform, membership: Membership) -> QuerySet[SheetUpload]:
    """The person's filled in spreadsheets, newest first, without what was read from them."""
    return SheetUpload.objects.filter(transform=transform, created_by=membership.user).defer(
        "labels", "problems", "plan", "wanted"
    )


def is_storable(text: str) -> bool:
    """Whether a database can hold the text, so that it may be asked for it: no NUL, no half of a surrogate pair."""
    return re.search("[\0\ud800-\udfff]", text) is None
