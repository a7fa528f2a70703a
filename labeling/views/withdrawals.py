"""Several answers are withdrawn at once: those that somebody ticked in the list of answers, or all that its filters show."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.models import Membership
from labeling.exceptions import InvalidAnswerError
from labeling.models import Answer, Transform
from labeling.permissions import can_correct_answers, is_member
from labeling.selectors.answers import answers_for_transform
from labeling.selectors.withdrawal import people_of, withdrawal_of
from labeling.services.answers import withdraw_answers
from labeling.templatetags.ui import number
from labeling.views.access import id_in, posted_text, signed_in, transform_access
from labeling.views.answers import answer_filter, answers_chosen
from labeling.views.contexts import about_transform, error_text


@require_http_methods(["GET", "POST"])
def answers_withdraw(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """Say how many answers of whom would go and what happens to their questions; withdraw them once that is confirmed."""
    transform, membership = transform_access(request, transform_id, is_member)
    form = answer_filter(request, transform, membership)
    answers = (
        answers_chosen(transform, membership, form) if "all" in request.GET else _ticked(request, transform, membership)
    )
    back = f"{reverse('labeling:answer-list', args=[transform.pk])}?{form.query}"
    if request.method == "POST":
        return _withdrawn(request, answers, back)
    found = withdrawal_of(answers=answers, reader=signed_in(request))
    context = about_transform(transform, membership) | {
        "found": found,
        "going": people_of(found.going),
        "learned": people_of(found.learned),
        "left": [(why, len(those), those[:20]) for why, those in found.left.items()],
        "back": back,
    }
    return render(request, "labeling/answers/withdraw.html", context)


def _ticked(request: HttpRequest, transform: Transform, membership: Membership) -> QuerySet[Answer]:
    """Of the answers that the reader may withdraw."""
    whose = None if can_correct_answers(membership) else signed_in(request)
    ids = [id_in(ticked) for ticked in request.GET.getlist("answer")]
    return answers_for_transform(transform=transform, steward=whose).filter(pk__in=ids)


def _withdrawn(request: HttpRequest, answers: QuerySet[Answer], back: str) -> HttpResponse:
    learned = "learned" in request.POST
    try:
        found = withdraw_answers(
            answers=answers, user=signed_in(request), learned=learned, seen=posted_text(request, "seen")
        )
    except InvalidAnswerError as error:
        messages.error(request, error_text(error))
        return redirect(request.get_full_path())
    gone = len(found.going) + (len(found.learned) if learned else 0)
    if gone:
        said = ngettext("%(n)s answer has been withdrawn.", "%(n)s answers have been withdrawn.", gone)
        messages.success(request, said % {"n": number(gone)})
    else:
        messages.error(request, _("Nothing was withdrawn."))
    return redirect(back)
