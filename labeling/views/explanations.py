"""Why two rows would be the same thing: asked from a group or a question, on a page of its own or, for htmx, in the page that asks."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from accounts.models import Membership
from labeling.exceptions import LabelportalError
from labeling.models import MatchResult, PairExplanation, Transform
from labeling.permissions import can_see_matches, can_see_quality
from labeling.selectors.claims import is_given_up
from labeling.selectors.explanations import row_choices, shown_explanation
from labeling.services.explanations import ask_about_group, ask_about_others, ask_about_question
from labeling.views.access import explanation_access, number_in, question_access, transform_access
from labeling.views.contexts import about_transform, error_text

_PANEL = "labeling/explanations/_panel.html"


@require_GET
@vary_on_headers("HX-Request")
def group_why(request: HttpRequest, transform_id: UUID, result_id: int, group_id: UUID) -> HttpResponse:
    """Why about the two rows of a listed group that are least alike. To ask changes nothing that anybody else sees, so a link may do it."""
    return _of_group(request, transform_id, result_id, group=group_id)


@require_GET
@vary_on_headers("HX-Request")
def found_why(request: HttpRequest, transform_id: UUID, result_id: int, match_id: str) -> HttpResponse:
    """The same of a group that somebody has searched for."""
    return _of_group(request, transform_id, result_id, match_id=match_id)


def _of_group(
    request: HttpRequest, transform_id: UUID, result_id: int, *, group: UUID | None = None, match_id: str = ""
) -> HttpResponse:
    transform, membership = transform_access(request, transform_id, can_see_matches)
    result = get_object_or_404(
        MatchResult.objects.select_related("run__transform"), pk=result_id, run__transform=transform
    )
    try:
        asked = ask_about_group(result=result, group=group, match_id=match_id)
    except LabelportalError as error:
        return _refused(request, transform, membership, error)
    return _told(request, asked, membership)


@require_GET
@vary_on_headers("HX-Request")
def question_why(request: HttpRequest, question_id: UUID, first: int, second: int) -> HttpResponse:
    """Why the engine judges two rows of a question, by their positions, as it does."""
    question, membership = question_access(request, question_id, can_see_quality)
    try:
        asked = ask_about_question(question=question, pair=(first - 1, second - 1))
    except LabelportalError as error:
        return _refused(request, question.question_set.transform, membership, error)
    return _told(request, asked, membership)


@require_GET
@vary_on_headers("HX-Request")
def explanation_detail(request: HttpRequest, explanation_id: UUID) -> HttpResponse:
    """What has been asked about, or two other rows of it (``?first=0&second=2``). While a worker is at it, htmx asks whether it is done."""
    try:
        explanation, membership = explanation_access(request, explanation_id)
    except Http404:
        if not request.htmx:  # type: ignore[attr-defined]
            raise
        # Forgotten since the panel was opened, which would go on asking.
        return render(request, _PANEL, {"error": _("A newer result has replaced these rows. Reload the page.")})
    if "first" in request.GET:
        pair = number_in(request.GET["first"]), number_in(request.GET.get("second", ""))
        try:
            other = ask_about_others(explanation=explanation, pair=pair)
        except LabelportalError as error:
            return _refused(request, explanation.transform, membership, error, explanation)
        return _told(request, other, membership)
    if request.htmx and _is_awaited(explanation):  # type: ignore[attr-defined]
        return HttpResponse(status=204)
    return _page(request, explanation.transform, membership, explanation)


def _told(request: HttpRequest, asked: PairExplanation, membership: Membership) -> HttpResponse:
    """The panel for htmx; everybody else gets the address at which the explanation stays."""
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("labeling:explanation-detail", asked.pk)
    return _page(request, asked.transform, membership, asked)


def _refused(
    request: HttpRequest,
    transform: Transform,
    membership: Membership,
    error: LabelportalError,
    explanation: PairExplanation | None = None,
) -> HttpResponse:
    return _page(request, transform, membership, explanation, error=error_text(error))


def _page(
    request: HttpRequest,
    transform: Transform,
    membership: Membership,
    explanation: PairExplanation | None,
    *,
    error: str = "",
) -> HttpResponse:
    context = about_transform(transform, membership) | {
        "explanation": explanation,
        "error": error,
    }
    if explanation is not None:
        context |= {
            "shown": shown_explanation(explanation=explanation),
            "choices": row_choices(explanation=explanation),
            "given_up": is_given_up(explanation),
            "awaited": _is_awaited(explanation),
        }
    template = _PANEL if request.htmx else "labeling/explanations/page.html"  # type: ignore[attr-defined]
    return render(request, template, context)


def _is_awaited(explanation: PairExplanation) -> bool:
    return explanation.answered_at is None and not is_given_up(explanation)
