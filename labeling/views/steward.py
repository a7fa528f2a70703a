"""The workbench: take a question, keep drafts, submit, skip, look at it again.

The page is HTML; everything the grid does after that is JSON, so that a lost connection costs nothing but time.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import Membership, User
from labeling.choices import AnswerKind, AnswerStatus
from labeling.content_security import allow_remote_images
from labeling.exceptions import InvalidAnswerError, QuestionTakenError
from labeling.forms.answers import parse_answer, parse_exclude
from labeling.models import Answer, Question, Transform
from labeling.permissions import can_label, can_see_answers, is_lead
from labeling.selectors.adjudication import is_adjudicated
from labeling.selectors.comments import comments_on, open_comments_on
from labeling.selectors.questions import (
    has_answered,
    question_number,
    question_work,
    queue_for_steward,
    recent_answers,
)
from labeling.selectors.queue import held_by_others
from labeling.selectors.stages import stage_of
from labeling.selectors.transforms import transform_overview
from labeling.services.answers import (
    next_question,
    open_question,
    release_question,
    reopen_answer,
    save_draft,
    skip_question,
    submit_answer,
)
from labeling.views.access import posted_body, question_access, signed_in, transform_access
from labeling.views.contexts import about_transform
from labeling.views.payloads import bench_config, next_payload
from labeling.views.refusals import redirect_saying_why, says_why_as_json


@require_http_methods(["GET", "POST"])
@says_why_as_json
def question_next(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """GET shows the next question, or that all is done. POST hands the workbench the one after, before it is needed."""
    transform, membership = transform_access(request, transform_id, can_label)
    steward = signed_in(request)
    if request.method == "POST":
        question = next_question(transform=transform, steward=steward, exclude=parse_exclude(posted_body(request)))
        return JsonResponse(next_payload(transform, question, steward))
    question = next_question(transform=transform, steward=steward)
    if question is not None:
        return redirect("labeling:question-detail", question.pk)
    return render(request, "labeling/questions/done.html", _done(transform, membership))


@require_GET
def question_detail(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """The workbench with one question in it. One's own submitted answer is shown to read, and can be reopened.

    What others have answered is for leads to read: a link to such a question brings them to its history.
    """
    question, membership = question_access(request, question_id, can_label)
    steward = signed_in(request)
    try:
        question = open_question(question=question, steward=steward)
    except QuestionTakenError as error:
        context = _answered(question, steward) | {"reason": str(error), "membership": membership}
        if can_see_answers(membership) and not question.answers_missing and context["answer"] is None:
            return redirect("labeling:question-history", question.pk)
        return render(request, "labeling/questions/answered.html", context)
    transform = question.question_set.transform
    context = {
        "area": "transforms",
        "transform": transform,
        "question": question,
        "workbench": bench_config(transform=transform, user=steward)
        | next_payload(transform, question, steward)
        | {"isFirst": not has_answered(steward=steward)},
    }
    response = render(request, "labeling/questions/workbench.html", context)
    if transform.images_in_cells:
        allow_remote_images(response)
    return response


@require_POST
@says_why_as_json
def question_draft(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """Keep the grid as it stands."""
    question, _membership = question_access(request, question_id, can_label)
    payload = parse_answer(posted_body(request))
    answer = save_draft(question=question, steward=signed_in(request), labels=payload.labels, stamp=payload.stamp)
    return JsonResponse({"saved_at": answer.updated_at.isoformat()})


@require_POST
@says_why_as_json
def question_submit(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """Finish the question. Sending the same twice changes nothing, so the workbench may repeat it after a lost connection, or days later."""
    question, _membership = question_access(request, question_id, can_label)
    payload = parse_answer(posted_body(request))
    answer = submit_answer(
        question=question,
        steward=signed_in(request),
        labels=payload.labels,
        seconds=payload.seconds,
        keys=payload.keys,
        proposal_shown=payload.proposal_shown,
        stamp=payload.stamp,
        message=payload.message,
    )
    return JsonResponse({"version": answer.version})


@require_POST
@says_why_as_json
def question_skip(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """Leave the question for later or for others; the grid is kept as it stands."""
    question, _membership = question_access(request, question_id, can_label)
    payload = parse_answer(posted_body(request))
    skip_question(
        question=question,
        steward=signed_in(request),
        labels=payload.labels,
        stamp=payload.stamp,
        message=payload.message,
    )
    return JsonResponse({"skipped": True})


@require_POST
@says_why_as_json
def question_release(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """Give back a question that was fetched ahead and never shown."""
    question, _membership = question_access(request, question_id, can_label)
    release_question(question=question, steward=signed_in(request))
    return JsonResponse({"released": True})


@require_POST
@says_why_as_json
def question_reopen(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """Take one's own answer back to change it: from its page, or by undo in the workbench. Each is told why if others rely on it."""
    question, _membership = question_access(request, question_id, can_label)
    steward = signed_in(request)
    answer = get_object_or_404(Answer, question=question, steward=steward, kind=AnswerKind.ANSWER)
    from_workbench = request.content_type == "application/json"
    try:
        # A second press finds the answer open already, which is what was wanted.
        if answer.status == AnswerStatus.SUBMITTED:
            reopen_answer(answer=answer, user=steward)
    except InvalidAnswerError as error:
        if from_workbench:
            raise
        return redirect_saying_why(request, error, "labeling:question-history", question.pk)
    if from_workbench:
        return JsonResponse({"reopened": True, "stamp": answer.draft_stamp})
    return redirect("labeling:question-detail", question.pk)


def _answered(question: Question, steward: User) -> dict[str, Any]:
    """A question that is not to be had; one's own submitted answer is shown to read."""
    work = question_work(question=question, steward=steward)
    mine = work.answer is not None and work.answer.status == AnswerStatus.SUBMITTED
    remarks = open_comments_on(question=question, reader=steward)
    return {
        "area": "transforms",
        "transform": work.transform,
        "question": question,
        "number": question_number(question=question),
        "answer": work.answer if mine else None,
        "adjudicated": mine and not question.is_control and is_adjudicated(question=question),
        "columns": work.transform.column_names,
        "rows": [(row, work.labels.get(row.pk, ""), remarks[row.pk]) for row in work.rows] if mine else [],
        "comments": comments_on(question=question, reader=steward) if mine else [],
    }


def _done(transform: Transform, membership: Membership) -> dict[str, Any]:
    """Nothing is left for this person: what they did, what others still hold, what happens next."""
    steward, overview = membership.user, transform_overview(transform=transform)
    stage = stage_of(overview)
    elsewhere = [
        entry
        for entry in queue_for_steward(team=transform.team, user=steward)
        if entry.open and entry.transform != transform
    ]
    return about_transform(transform, membership) | {
        "overview": overview,
        "stage": stage,
        "offers_step": is_lead(membership) and not overview.questions.open and stage.next_step is not None,
        "progress": overview.questions,
        "held": held_by_others(transform=transform, steward=steward),
        "elsewhere": elsewhere,
        "recent": recent_answers(transform=transform, steward=steward),
    }
