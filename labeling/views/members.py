"""The people of a team on one page: found by name, role or skill, and what each knows about and means to answer, saved together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.models import Membership, User
from accounts.names import names_apart
from accounts.selectors import former_members_of, members_of
from accounts.services import set_skills
from labeling.choices import GoalPeriod
from labeling.forms.people import MemberForm
from labeling.forms.work import GoalForm
from labeling.permissions import can_edit_skills, can_manage_people, can_set_goals, require
from labeling.selectors.goals import GoalProgress, goals_of
from labeling.services.goals import set_goal
from labeling.views.access import posted, signed_in, team_access

PAGE_SIZE = 25
TEAM = "team-goal"


@dataclass(frozen=True, slots=True)
class MemberLine:
    """A person on the page: ``progress`` is None for somebody without a goal."""

    member: Membership
    name: str
    form: MemberForm
    progress: GoalProgress | None


@require_http_methods(["GET", "POST"])
def people(request: HttpRequest) -> HttpResponse:
    """Who is in the team, in which role, with which skills and goals. POST saves what was changed on the page, all of it or nothing."""
    membership = team_access(request, can_edit_skills)
    goals = {progress.goal.user_id: progress for progress in goals_of(team=membership.team)}
    members = list(members_of(team=membership.team))
    former = list(former_members_of(team=membership.team)) if can_manage_people(membership) else []
    names = names_apart(member.user for member in (*members, *former))
    search = request.GET.get("q", "").strip()
    page = Paginator(_found(members, names, search), PAGE_SIZE).get_page(request.GET.get("page"))
    lines = [_line(request, member, names[member.user_id], goals.get(member.user_id)) for member in page]
    team_form = _goal_form(request, goals.get(None))
    if request.method == "POST":
        require(membership, can_set_goals)
        # Whoever is on the sent page, whatever this page would show by now.
        sent = [_line(request, each, names[each.user_id], goals.get(each.user_id)) for each in members]
        lines = [line for line in sent if line.form.is_bound]
        if all(line.form.is_valid() for line in lines) and (not team_form.is_bound or team_form.is_valid()):
            _save(request, membership, lines, team_form)
            return redirect(request.get_full_path())
    context = {
        "area": "people",
        "membership": membership,
        "page": page,
        "lines": lines,
        "search": search,
        "everybody": len(members),
        "team_form": team_form,
        "team_goal": goals.get(None),
        "refused": request.method == "POST",
        "former": [(member, names[member.user_id]) for member in former],
    }
    return render(request, "labeling/work/people.html", context, status=422 if request.method == "POST" else 200)


def _found(members: Sequence[Membership], names: Mapping[UUID, str], search: str) -> list[Membership]:
    """Those with every word of the search in their name, sign-in name, address, role or skills."""
    words = search.casefold().split()

    def told(member: Membership) -> str:
        user = member.user
        said = (names[user.pk], user.username, user.email, str(member.get_role_display()), member.skills)
        return " ".join(said).casefold()

    return [member for member in members if all(word in told(member) for word in words)]


def _line(request: HttpRequest, member: Membership, name: str, progress: GoalProgress | None) -> MemberLine:
    sent = posted(request)
    prefix = str(member.pk)
    form = MemberForm(
        sent if sent is not None and f"{prefix}-skills" in sent else None,
        prefix=prefix,
        who=name,
        initial={"skills": member.skills} | _goal(progress),
    )
    return MemberLine(member, name, form, progress)


def _goal_form(request: HttpRequest, progress: GoalProgress | None) -> GoalForm:
    sent = posted(request)
    bound = sent if sent is not None and f"{TEAM}-questions" in sent else None
    return GoalForm(bound, prefix=TEAM, who=_("the team"), initial=_goal(progress))


def _goal(progress: GoalProgress | None) -> dict[str, object]:
    if progress is None:
        return {"questions": None, "period": GoalPeriod.DAY.value}
    return {"questions": progress.goal.questions, "period": progress.goal.period}


def _save(request: HttpRequest, membership: Membership, lines: Sequence[MemberLine], team_form: GoalForm) -> None:
    """What somebody changed on the page, and nothing else: what it showed of the rest may be old by now."""
    by, changed = signed_in(request), 0
    with transaction.atomic():
        for line in lines:
            fields = set(line.form.changed_data)
            if "skills" in fields:
                set_skills(membership=line.member, skills=line.form.cleaned_data["skills"], by=by)
            if fields & {"questions", "period"}:
                _set_goal(membership, line.member.user, line.form, by)
            changed += bool(fields)
        if team_form.is_bound and team_form.changed_data:
            _set_goal(membership, None, team_form, by)
            messages.success(request, _("The goal of %(who)s has been saved.") % {"who": membership.team.name})
    if changed:
        words = ngettext("Saved for %(n)d person.", "Saved for %(n)d people.", changed)
        messages.success(request, words % {"n": changed})


def _set_goal(membership: Membership, user: User | None, form: GoalForm, by: User) -> None:
    data = form.cleaned_data
    period = GoalPeriod(data["period"])
    set_goal(team=membership.team, user=user, questions=data["questions"], period=period, by=by)
