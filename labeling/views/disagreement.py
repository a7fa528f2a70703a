"""Where the model disagrees with people: the questions behind each cell of the confusion matrix, and asking them again."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from labeling.exceptions import LabelportalError
from labeling.permissions import can_correct_answers, can_see_quality
from labeling.selectors.shadow import Cell, disagreements, newest_estimate, questions_behind
from labeling.services.ask_again import ask_again
from labeling.views.access import question_access, signed_in, transform_access
from labeling.views.contexts import about_transform, error_text

PAGE_SIZE = 10


@require_GET
def disagreement(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """The questions behind one cell (``?cell=false_positives``), ten to a page."""
    transform, membership = transform_access(request, transform_id, can_see_quality)
    cell = _cell(request.GET.get("cell", ""))
    estimate = newest_estimate(transform=transform)
    context = about_transform(transform, membership) | {
        "cell": cell,
        "estimate": estimate,
        "metrics": estimate.metrics if estimate else None,
    }
    if estimate is not None:
        page = Paginator(questions_behind(estimate=estimate, cell=cell), PAGE_SIZE).get_page(request.GET.get("page"))
        shown = disagreements(estimate=estimate, cell=cell, judged=list(page.object_list))
        context |= {"page": page, "shown": shown}
    return render(request, "labeling/quality/disagreement.html", context)


@require_POST
def question_ask_again(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """Give a question back to the people who answered it, and stay in the list."""
    question, _membership = question_access(request, question_id, can_correct_answers)
    try:
        reopened = ask_again(question=question, user=signed_in(request))
    except LabelportalError as error:
        messages.error(request, error_text(error))
    else:
        names = ", ".join(answer.steward.display_name for answer in reopened)
        messages.success(request, _("The question has been reopened for %(who)s.") % {"who": names})
    back = reverse("labeling:disagreement", args=[question.question_set.transform_id])
    page = request.POST.get("page", "")
    number = page if page.isascii() and page.isdigit() else "1"
    return redirect(f"{back}?cell={_cell(request.POST.get('cell', ''))}&page={number}")


def _cell(asked: str) -> Cell:
    return Cell(asked) if asked in set(Cell) else Cell.FALSE_POSITIVES
