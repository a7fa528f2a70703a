"""A second look: settled questions that may be wrong, one after the other in the workbench."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from labeling.exceptions import QuestionTakenError
from labeling.forms.answers import parse_exclude
from labeling.models import Question, Transform
from labeling.permissions import can_adjudicate
from labeling.selectors.second_look import LookAt, claims_about, questions_to_look_at
from labeling.services.adjudication import open_adjudication
from labeling.views.access import posted_body, signed_in, transform_access
from labeling.views.payloads import decision_payload
from labeling.views.refusals import says_why_as_json


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked at, as the address says it, and the questions in order."""

    transform: Transform
    of: LookAt
    questions: list[UUID]

    @property
    def query(self) -> str:
        """The address part that names it."""
        return urlencode({"look": self.of.text})

    @property
    def next_url(self) -> str:
        """Where the workbench gets the question after this one."""
        return f"{reverse('labeling:second-look', args=[self.transform.pk])}?{self.query}"

    @property
    def done_url(self) -> str:
        """Where to go when all were looked at."""
        page = "answer-list" if self.of.comments else "contradictions"
        return reverse(f"labeling:{page}", args=[self.transform.pk])

    @property
    def counts(self) -> dict[str, int]:
        """How many there are; the workbench counts down."""
        return {"total": len(self.questions), "left": len(self.questions)}

    def payload(self, question: Question, user: User) -> dict[str, Any]:
        """The question with what others say against it; nothing leads away from the walk."""
        payload = decision_payload(question, user)
        payload["urls"]["detail"] += f"?{self.query}"
        payload["urls"].pop("after", None)
        return payload | {"claims": claims_about(question=question)}


def look_of(request: HttpRequest, transform: Transform) -> Look | None:
    """What the address asks to look at; nothing if it does not, or asks for something that there is not."""
    wanted = LookAt.read(request.GET.get("look", ""))
    return Look(transform, wanted, questions_to_look_at(transform=transform, of=wanted)) if wanted else None


@require_http_methods(["GET", "POST"])
@says_why_as_json
def second_look(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """GET opens the first question in the workbench. POST hands the workbench the one after, before it is needed."""
    transform, _membership = transform_access(request, transform_id, can_adjudicate)
    look = look_of(request, transform)
    if look is None:
        return redirect("labeling:contradictions", transform.pk)
    user = signed_in(request)
    passed = set(parse_exclude(posted_body(request))) if request.method == "POST" else set()
    question = _first_free(look, user, passed)
    if request.method == "POST":
        # The one on the screen is among those that are passed by.
        left = min(len(look.questions), sum(pk not in passed for pk in look.questions) + 1)
        return JsonResponse(
            {"question": question and look.payload(question, user), "total": len(look.questions), "left": left}
        )
    if question is None:
        messages.info(request, _("There is nothing to look at again, or others are working on it now."))
        return redirect(look.done_url)
    return redirect(f"{reverse('labeling:question-adjudicate', args=[question.pk])}?{look.query}")


def _first_free(look: Look, user: User, passed: set[UUID]) -> Question | None:
    for pk in look.questions:
        question = None if pk in passed else Question.objects.filter(pk=pk).first()
        if question is None:
            continue
        try:
            return open_adjudication(question=question, user=user)
        except QuestionTakenError:
            continue
    return None
