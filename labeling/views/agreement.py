"""How far people agree, which answers cannot all be right, and the questions whose answer is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from labeling.exceptions import LabelportalError
from labeling.permissions import (
    can_manage_controls,
    can_see_agreement,
    can_see_contradictions,
    is_member,
)
from labeling.selectors.agreement import TeamAgreement, own_agreement, team_agreement
from labeling.selectors.contradictions import contradiction_suspects, contradiction_views, contradictions_for
from labeling.selectors.controls import control_questions
from labeling.services.controls import mark_control, unmark_control
from labeling.views.access import question_access, signed_in, transform_access
from labeling.views.contexts import about_transform, error_text
from partitions import PairAgreement

PEOPLE = 10
SHOWN = 20
SUSPECTS = 10


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One row of the matrix: the person against everybody (None where they share no question, and against themselves)."""

    person: User
    cells: list[PairAgreement | None]
    consensus: PairAgreement | None
    controls: PairAgreement | None


@require_GET
def agreement(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """Leads see everybody with everybody, others themselves."""
    transform, membership = transform_access(request, transform_id, is_member)
    context = about_transform(transform, membership)
    if not can_see_agreement(membership):
        context["own"] = own_agreement(transform=transform, user=signed_in(request))
        return render(request, "labeling/agreement/own.html", context)
    team = team_agreement(transform=transform)
    people = Paginator(team.people, PEOPLE).get_page(request.GET.get("people"))
    sets = Paginator(team.question_sets, SHOWN).get_page(request.GET.get("sets"))
    context |= {
        "team": team,
        "people": people,
        "lines": _matrix(team, list(people.object_list)),
        "sets": sets,
        "alphas": team.of_sets(list(sets.object_list)),
        "controls": Paginator(control_questions(transform=transform), SHOWN).get_page(request.GET.get("controls")),
    }
    return render(request, "labeling/agreement/team.html", context)


@require_GET
def contradictions(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """What cannot all be right, each with the fewest answers that explain it."""
    transform, membership = transform_access(request, transform_id, can_see_contradictions)
    suspects = contradiction_suspects(transform=transform)
    page = Paginator(contradictions_for(transform=transform), SHOWN).get_page(request.GET.get("page"))
    context = about_transform(transform, membership) | {
        "page": page,
        "found": contradiction_views(list(page.object_list)),
        "suspects": suspects[:SUSPECTS],
        "suspected": suspects.count(),
    }
    return render(request, "labeling/agreement/contradictions.html", context)


@require_POST
def control_mark(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """Make a settled question a control question."""
    question, _membership = question_access(request, question_id, can_manage_controls)
    try:
        mark_control(question=question, user=signed_in(request))
    except LabelportalError as error:
        messages.error(request, error_text(error))
    else:
        messages.success(request, _("This is now a control question. It is no longer imported."))
    return redirect("labeling:question-history", question.pk)


@require_POST
def control_unmark(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """Make it an ordinary question again."""
    question, _membership = question_access(request, question_id, can_manage_controls)
    unmark_control(question=question, user=signed_in(request))
    messages.success(request, _("This is an ordinary question again."))
    return redirect("labeling:question-history", question.pk)


def _matrix(team: TeamAgreement, people: Sequence[User]) -> list[PersonLine]:
    """A line for each of these people, with everybody."""
    found = team.of_people(people)
    return [
        PersonLine(
            person,
            [found.between(person, other) for other in team.people],
            found.consensus.get(person.pk),
            found.controls.get(person.pk),
        )
        for person in people
    ]
