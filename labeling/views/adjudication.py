"""Adjudication: the disputed questions of a transform, and the page on which one is decided."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from labeling.choices import AnswerKind, AnswerStatus, QuestionState
from labeling.content_security import allow_remote_images
from labeling.exceptions import InvalidAnswerError, QuestionTakenError
from labeling.forms.answers import AnswerPayload, parse_answer, parse_exclude
from labeling.models import Answer, Question, Transform
from labeling.permissions import can_adjudicate
from labeling.selectors.adjudication import adjudication_work, disputed_questions
from labeling.selectors.questions import question_progress
from labeling.selectors.stages import stage_of
from labeling.selectors.transforms import transform_overview
from labeling.services.adjudication import (
    next_disputed,
    open_adjudication,
    save_adjudication,
    skip_adjudication,
    submit_adjudication,
)
from labeling.services.answers import reopen_answer
from labeling.views.access import posted_body, question_access, signed_in, transform_access
from labeling.views.contexts import about_transform, error_text
from labeling.views.payloads import bench_config, decision_payload
from labeling.views.refusals import says_why_as_json
from labeling.views.second_look import look_of

PAGE_SIZE = 50


@require_GET
def adjudication_list(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """What waits to be decided."""
    transform, membership = transform_access(request, transform_id, can_adjudicate)
    page = Paginator(disputed_questions(transform=transform), PAGE_SIZE).get_page(request.GET.get("page"))
    context = about_transform(transform, membership) | {
        "page": page,
        "now": timezone.now(),
    }
    if not page.object_list:
        overview = transform_overview(transform=transform)
        context |= {"overview": overview, "stage": stage_of(overview)}
    return render(request, "labeling/adjudication/list.html", context)


@require_http_methods(["GET", "POST"])
@says_why_as_json
def adjudication_next(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """GET goes on to the next disputed question, or back to the list. POST hands the workbench the one after, before it is needed."""
    transform, _membership = transform_access(request, transform_id, can_adjudicate)
    user = signed_in(request)
    if request.method == "POST":
        question = next_disputed(transform=transform, user=user, exclude=parse_exclude(posted_body(request)))
        return JsonResponse({"question": question and decision_payload(question, user), **_counts(transform)})
    question = next_disputed(transform=transform, user=user)
    if question is None:
        return redirect("labeling:adjudication-list", transform.pk)
    return redirect("labeling:question-adjudicate", question.pk)


@require_GET
def question_adjudicate(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """The workbench with a disputed question in it, or with a settled one to overrule."""
    question, _membership = question_access(request, question_id, can_adjudicate)
    user = signed_in(request)
    transform = question.question_set.transform
    look = look_of(request, transform)
    try:
        question = open_adjudication(question=question, user=user)
    except QuestionTakenError as error:
        messages.warning(request, error_text(error))
        return redirect("labeling:question-history", question.pk)
    config = bench_config(transform=transform, user=user) | {"decides": True}
    if look is None:
        config |= _counts(transform) | {"question": decision_payload(question, user)}
        config["urls"]["next"] = reverse("labeling:adjudication-next", args=[transform.pk])
    else:
        config |= look.counts | {"question": look.payload(question, user)}
        config["urls"] |= {"next": look.next_url, "done": look.done_url}
    context = {
        "area": "transforms",
        "transform": transform,
        "workbench": config,
        "look": look,
        "overrules": question.state == QuestionState.SETTLED,
    }
    response = render(request, "labeling/adjudication/detail.html", context)
    if transform.images_in_cells:
        allow_remote_images(response)
    return response


@require_POST
@says_why_as_json
def adjudication_draft(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """Keep the grid as it stands."""
    question, _membership = question_access(request, question_id, can_adjudicate)
    user, payload = signed_in(request), parse_answer(posted_body(request))
    save_adjudication(question=question, user=user, labels=_as_seen(question, user, payload), stamp=payload.stamp)
    return JsonResponse({"saved": True})


@require_POST
@says_why_as_json
def adjudication_skip(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """Leave the question to others, or for later: the draft is kept and the question given back."""
    question, _membership = question_access(request, question_id, can_adjudicate)
    user, payload = signed_in(request), parse_answer(posted_body(request))
    skip_adjudication(
        question=question,
        user=user,
        labels=_as_seen(question, user, payload),
        stamp=payload.stamp,
        message=payload.message,
    )
    return JsonResponse({"skipped": True})


@require_POST
@says_why_as_json
def adjudication_submit(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """Decide. Sending the same twice changes nothing, so the workbench may repeat it after a lost connection."""
    question, _membership = question_access(request, question_id, can_adjudicate)
    user, payload = signed_in(request), parse_answer(posted_body(request))
    answer = submit_adjudication(
        question=question,
        user=user,
        labels=_as_seen(question, user, payload),
        seconds=payload.seconds,
        keys=payload.keys,
        overrules=payload.overrules,
        stamp=payload.stamp,
        message=payload.message,
    )
    return JsonResponse({"version": answer.version})


@require_POST
@says_why_as_json
def adjudication_reopen(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """Take one's own decision back, by undo in the workbench."""
    question, _membership = question_access(request, question_id, can_adjudicate)
    user = signed_in(request)
    answer = get_object_or_404(Answer, question=question, steward=user, kind=AnswerKind.ADJUDICATION)
    # A second press finds the decision open already, which is what was wanted.
    if answer.status == AnswerStatus.SUBMITTED:
        reopen_answer(answer=answer, user=user)
    return JsonResponse({"reopened": True, "stamp": answer.draft_stamp})


def _as_seen(question: Question, user: User, payload: AnswerPayload) -> dict[int, str]:
    """The labels that were sent. A letter means what it meant on the screen, so the settled rows must have the letters that they had there."""
    work = adjudication_work(question=question, user=user)
    if any(payload.labels.get(row) != label for row, label in work.settled.items()):
        raise InvalidAnswerError(
            _("Only the disputed rows can be changed, or answers have changed in the meantime. Reload the page.")
        )
    return payload.labels


def _counts(transform: Transform) -> dict[str, int]:
    progress = question_progress(transform=transform)
    return {"total": progress.total, "left": progress.disputed}
