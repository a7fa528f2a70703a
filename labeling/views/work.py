"""Work in numbers, and what people of the team know about."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.models import Membership, User
from accounts.names import names_apart
from accounts.selectors import everybody_of, former_members_of, members_of
from accounts.services import set_skills
from labeling.choices import GoalPeriod
from labeling.forms.work import GoalForm, WorkFilterForm
from labeling.permissions import can_edit_skills, can_manage_people, can_see_work, can_set_goals, is_member
from labeling.responses import csv_attachment
from labeling.selectors.goals import goals_of
from labeling.selectors.transforms import transforms_for_team
from labeling.selectors.work import EVERYTHING, work_csv_rows, work_lines
from labeling.services.goals import set_goal
from labeling.views.access import posted_text, signed_in, team_access

PAGE_SIZE = 100


@require_GET
@vary_on_headers("HX-Request")
def work(request: HttpRequest) -> HttpResponse:
    """Leads see everybody's work, others their own. Nobody is ranked: lines are in the order of names and days."""
    membership = team_access(request, is_member)
    form, chosen = _chosen(request, membership)
    context = {
        "area": "work",
        "membership": membership,
        "form": form,
        "lines": Paginator(work_lines(team=membership.team, **chosen), PAGE_SIZE).get_page(request.GET.get("page")),
        "by": chosen["by"],
    }
    template = "labeling/work/_table.html" if request.htmx else "labeling/work/list.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@require_GET
def work_download(request: HttpRequest) -> StreamingHttpResponse:
    """The same as CSV, always by person, day and transform."""
    membership = team_access(request, is_member)
    _form, chosen = _chosen(request, membership)
    lines = work_lines(team=membership.team, **{**chosen, "by": EVERYTHING})
    return csv_attachment("work", list(work_csv_rows(lines)))


@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """Who is in the team, in which role, with which skills."""
    membership = team_access(request, can_edit_skills)
    goals = {progress.goal.user_id: progress for progress in goals_of(team=membership.team)}
    members = members_of(team=membership.team)
    former = former_members_of(team=membership.team) if can_manage_people(membership) else []
    names = names_apart(member.user for member in (*members, *former))
    context = {
        "area": "people",
        "membership": membership,
        "members": [(member, names[member.user_id], goals.get(member.user_id)) for member in members],
        "team_goal": goals.get(None),
        "periods": GoalPeriod.choices,
        "former": [(member, names[member.user_id]) for member in former],
    }
    return render(request, "labeling/work/people.html", context)


@require_POST
def person_skills(request: HttpRequest, member_id: int) -> HttpResponse:
    """Say what somebody knows about."""
    membership = team_access(request, can_edit_skills)
    member = members_of(team=membership.team).filter(pk=member_id).first()
    if member is None:
        raise Http404
    try:
        set_skills(membership=member, skills=posted_text(request, "skills"), by=signed_in(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("The skills of %(who)s have been saved.") % {"who": member.user.display_name})
    return redirect("labeling:people")


@require_POST
def team_goal(request: HttpRequest) -> HttpResponse:
    """Say how much the team means to answer."""
    membership = team_access(request, can_set_goals)
    return _set_goal(request, membership, None)


@require_POST
def person_goal(request: HttpRequest, member_id: int) -> HttpResponse:
    """Say how much somebody means to answer."""
    membership = team_access(request, can_set_goals)
    member = members_of(team=membership.team).filter(pk=member_id).first()
    if member is None:
        raise Http404
    return _set_goal(request, membership, member.user)


def _set_goal(request: HttpRequest, membership: Membership, user: User | None) -> HttpResponse:
    form = GoalForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        set_goal(
            team=membership.team,
            user=user,
            questions=data["questions"],
            period=GoalPeriod(data["period"]),
            by=signed_in(request),
        )
        messages.success(
            request,
            _("The goal of %(who)s has been saved.") % {"who": user.display_name if user else membership.team.name},
        )
    else:
        messages.error(request, " ".join(str(text) for texts in form.errors.values() for text in texts))
    return redirect("labeling:people")


def _chosen(request: HttpRequest, membership: Membership) -> tuple[WorkFilterForm, dict[str, Any]]:
    sees_all = can_see_work(membership)
    form = WorkFilterForm(
        request.GET,
        transforms=transforms_for_team(team=membership.team),
        members=everybody_of(team=membership.team) if sees_all else [],
    )
    chosen = form.chosen
    if not sees_all:
        chosen["user"] = signed_in(request)
    return form, chosen
