"""Answers, looked back at: the list of a transform, the history of a question, and taking answers back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.models import Membership
from accounts.selectors import everybody_of
from labeling.choices import AnswerStatus, ChangeAction, QuestionState
from labeling.exceptions import LabelportalError
from labeling.forms.answer_list import AnswerFilterForm
from labeling.models import Answer, AnswerChange, Question, Row, Transform
from labeling.permissions import can_adjudicate, can_correct_answers, can_edit_guidelines, can_see_answers, is_member
from labeling.selectors.adjudication import is_adjudicated, settled_part
from labeling.selectors.answers import answer_history, answers_for_transform, answers_visible_to, may_read
from labeling.selectors.comments import comments_on
from labeling.selectors.controls import is_concealed
from labeling.selectors.questions import question_number
from labeling.selectors.queue import may_answer_control, takeable_by
from labeling.selectors.second_look import LookAt, count_to_look_at
from labeling.services.answers import reopen_answer, withdraw_answer
from labeling.views.access import answer_access, question_access, signed_in, transform_access
from labeling.views.contexts import about_transform, error_text
from labeling.views.payloads import comparable_labels

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """One answer in the list; ``labels`` in the order of rows, None while others are still to answer alone."""

    answer: Answer
    labels: list[str] | None


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One change in the history; ``rows`` are those whose group became another: position, before, after; ``groups`` the positions
    in each group of an answer that is new or gone."""

    change: AnswerChange
    rows: list[tuple[int, str, str]]
    groups: list[tuple[str, list[int]]]


@require_GET
@vary_on_headers("HX-Request")
def answer_list(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """What was answered. Leads see everybody's answers, others their own."""
    transform, membership = transform_access(request, transform_id, is_member)
    form = answer_filter(request, transform, membership)
    found = answers_chosen(transform, membership, form)
    # First which they are: with their questions along, all of them would be sorted for every page.
    page = Paginator(found.values_list("pk", flat=True), PAGE_SIZE).get_page(request.GET.get("page"))
    on_page = list(found.filter(pk__in=list(page.object_list)))
    context = about_transform(transform, membership) | {
        "form": form,
        "remarked": count_to_look_at(transform=transform, of=LookAt(comments=True))
        if can_adjudicate(membership)
        else 0,
        "page": page,
        "lines": [_line(answer, membership) for answer in on_page],
        "withdrawable": page.has_other_pages() or any(answer.status == AnswerStatus.SUBMITTED for answer in on_page),
    }
    template = "labeling/answers/_table.html" if request.htmx else "labeling/answers/list.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@require_GET
def question_history(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """The rows of a question, what each person said of them, what came out, and every change on the way."""
    question, membership = question_access(request, question_id, is_member)
    return render(request, "labeling/answers/history.html", _history(question, membership))


@require_POST
def answer_reopen(request: HttpRequest, answer_id: UUID) -> HttpResponse:
    """Give an answer back to its person, to be changed."""
    return _take_back(request, answer_id, reopen_answer, _("The answer has been reopened for %(who)s to change."))


@require_POST
def answer_withdraw(request: HttpRequest, answer_id: UUID) -> HttpResponse:
    """Take an answer out; its question is asked again."""
    return _take_back(request, answer_id, withdraw_answer, _("The answer of %(who)s has been withdrawn."))


def _take_back(request: HttpRequest, answer_id: UUID, service: Callable[..., Answer], said: str) -> HttpResponse:
    answer, _membership = answer_access(request, answer_id, can_correct_answers)
    try:
        service(answer=answer, user=signed_in(request))
    except LabelportalError as error:
        messages.error(request, error_text(error))
    else:
        messages.success(request, said % {"who": answer.steward.display_name})
    return redirect("labeling:question-history", answer.question_id)


def answers_chosen(transform: Transform, membership: Membership, form: AnswerFilterForm) -> QuerySet[Answer]:
    """The answers that the filters show this reader."""
    chosen = form.chosen
    if not can_see_answers(membership):
        chosen["steward"] = membership.user
    return answers_for_transform(transform=transform, **chosen)


def answer_filter(request: HttpRequest, transform: Transform, membership: Membership) -> AnswerFilterForm:
    """The filters that the address has."""
    members = everybody_of(team=membership.team) if can_see_answers(membership) else []
    return AnswerFilterForm(
        request.GET,
        sets=transform.question_sets.only("transform", "number", "title").order_by("number"),
        members=members,
    )


def _line(answer: Answer, viewer: Membership) -> AnswerLine:
    seen = may_read(answer=answer, viewer=viewer)
    return AnswerLine(answer, [given.label for given in answer.row_labels.all()] if seen else None)


def _history(question: Question, membership: Membership) -> dict[str, Any]:
    rows = list(question.rows.order_by("position"))
    answers = answers_visible_to(question=question, viewer=membership)
    typed = [{label.row_id: label.label for label in answer.row_labels.all()} for answer in answers]
    # What is known about a control question would tell the people it is asked of what it is.
    concealed = is_concealed(question=question, reader=membership.user)
    asked_blind = question.is_control and not can_see_answers(membership)
    result = {} if asked_blind else question.result_labels
    # A single answer is beside nothing but the result: without one its letters stay as they are.
    decided = result or (settled_part(question=question) if len(answers) > 1 else {})
    shown = comparable_labels(typed, decided)
    transform = question.question_set.transform
    return about_transform(transform, membership) | {
        "question": _as_if_open(question) if concealed else question,
        "number": question_number(question=question),
        "columns": transform.column_names,
        "answers": answers,
        "show_result": bool(result),
        "imported_version": None if asked_blind else question.imported_version,
        "rows": [(row, [labels.get(row.pk, "") for labels in shown], result.get(row.pk, "")) for row in rows],
        "other_letters": shown != typed,
        "adjudicated": not asked_blind and is_adjudicated(question=question),
        "changes": [_change(change, rows) for change in answer_history(question=question, viewer=membership)],
        "comments": comments_on(question=question, reader=membership.user),
        "can_be_example": can_edit_guidelines(membership)
        and question.state == QuestionState.SETTLED
        and not question.is_control,
        "can_overrule": can_adjudicate(membership)
        and question.state == QuestionState.SETTLED
        and not question.is_control,
        "can_answer": not transform.archived_at and _can_answer(question, membership, concealed=concealed),
        "hidden": can_see_answers(membership) and question.state == QuestionState.OPEN,
    }


def _as_if_open(question: Question) -> Question:
    """What the page of a control question shows to those it is asked of: nobody seems to have answered it. A copy, never to be saved."""
    shown = copy(question)
    shown.state, shown.answers_missing = QuestionState.OPEN, question.question_set.answers_wanted
    return shown


def _can_answer(question: Question, membership: Membership, *, concealed: bool) -> bool:
    if concealed:
        return may_answer_control(question=question, steward=membership.user)
    return takeable_by(steward=membership.user, skills=membership.skill_tags).filter(pk=question.pk).exists()


def _change(change: AnswerChange, rows: Iterable[Row]) -> ChangeLine:
    """The rows whose group is another after the change than before; of an answer that is new or gone, which has no other record, its groups."""
    if change.before and change.after:
        steps = [(row.position, change.before.get(str(row.pk), ""), change.after.get(str(row.pk), "")) for row in rows]
        return ChangeLine(change, [step for step in steps if step[1] != step[2]], [])
    if change.action == ChangeAction.REOPENED:
        return ChangeLine(change, [], [])
    labels = change.before or change.after
    groups: dict[str, list[int]] = {}
    for row in rows:
        if label := labels.get(str(row.pk)):
            groups.setdefault(label, []).append(row.position)
    return ChangeLine(change, [], sorted(groups.items()))
