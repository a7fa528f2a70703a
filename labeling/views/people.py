"""People come into the team, change what they do in it, and leave it: for its administrators."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.exceptions import LastAdminError
from accounts.links import is_invited, mail_link, make_link_for, valid_days
from accounts.models import Membership, Role
from accounts.oidc import is_set_up, provider_name
from accounts.selectors import administers_all_teams_of
from accounts.services import invite_person, reactivate_member, set_role, update_person
from accounts.tokens import revoke_token, tokens_of
from labeling.forms.people import DetailsForm, InvitationForm, RoleForm
from labeling.permissions import can_manage_people
from labeling.services.people import deactivate_person
from labeling.views.access import member_access, posted, signed_in, team_access
from labeling.views.refusals import redirect_saying_why

logger = logging.getLogger(__name__)


@require_http_methods(["GET", "POST"])
def person_invite(request: HttpRequest) -> HttpResponse:
    """Somebody new. The link with which they choose a password, if people have some, is shown on the page that follows, and never again."""
    membership = team_access(request, can_manage_people)
    form = InvitationForm(posted(request), initial={"role": Role.STEWARD})
    form.fields["email"].required = settings.OIDC_ONLY
    if form.is_valid():
        try:
            member = invite_person(team=membership.team, by=signed_in(request), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return _without_link(request, member) if settings.OIDC_ONLY else _with_link(request, member)
    context = {
        "area": "people",
        "here": _("Invite a person"),
        "form": form,
        "passwords": not settings.OIDC_ONLY,
        "provider": provider_name(),
    }
    return render(request, "labeling/people/invite.html", context, status=422 if form.errors else 200)


@require_GET
def person(request: HttpRequest, member_id: int) -> HttpResponse:
    """Who somebody is, what they do in the team, and how they get in."""
    member, membership = member_access(request, member_id, can_manage_people)
    return _page(request, member, membership)


@require_POST
def person_role(request: HttpRequest, member_id: int) -> HttpResponse:
    """Change what they do in the team."""
    member, membership = member_access(request, member_id, can_manage_people)
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _page(request, member, membership, role_form=form)
    try:
        set_role(team=member.team, user=member.user, role=Role(form.cleaned_data["role"]), by=signed_in(request))
    except LastAdminError as error:
        return redirect_saying_why(request, error, "labeling:person", member.pk)
    logger.info(
        "team %s: user %s is %s, says user %s",
        member.team_id,
        member.user_id,
        form.cleaned_data["role"],
        request.user.pk,
    )
    messages.success(request, _("The role of %(who)s has been changed.") % {"who": member.user.display_name})
    if member == membership and form.cleaned_data["role"] != Role.ADMIN:
        return redirect("labeling:home")
    return redirect("labeling:person", member.pk)


@require_POST
def person_details(request: HttpRequest, member_id: int) -> HttpResponse:
    """Change what they are called and where mail reaches them."""
    member, membership = member_access(request, member_id, can_manage_people)
    _require_all_teams(request, member)
    form = DetailsForm.about(member.user, request.POST)
    if form.is_valid():
        try:
            update_person(user=member.user, by=signed_in(request), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(
                request, _("The name and address of %(who)s have been saved.") % {"who": member.user.display_name}
            )
            return redirect("labeling:person", member.pk)
    member.user.refresh_from_db()
    return _page(request, member, membership, details_form=form)


@require_POST
def person_link(request: HttpRequest, member_id: int) -> HttpResponse:
    """A new link, shown once. For oneself there is the page that asks for the password until now."""
    if settings.OIDC_ONLY:
        raise Http404
    member, _membership = member_access(request, member_id, can_manage_people)
    _require_all_teams(request, member)
    if member.user == request.user:
        return redirect("accounts:password-change")
    return _with_link(request, member)


@require_POST
def person_token_revoke(request: HttpRequest, member_id: int, token_id: UUID) -> HttpResponse:
    """A program acts for them no more."""
    member, _membership = member_access(request, member_id, can_manage_people)
    token = get_object_or_404(tokens_of(membership=member), pk=token_id)
    revoke_token(token=token, by=signed_in(request))
    messages.success(request, _("“%(name)s” has been revoked.") % {"name": token.name})
    return redirect("labeling:person", member.pk)


@require_POST
def person_deactivate(request: HttpRequest, member_id: int) -> HttpResponse:
    """They are no member any more; what they were given to answer goes to others."""
    member, _membership = member_access(request, member_id, can_manage_people)
    try:
        released = deactivate_person(membership=member, user=signed_in(request))
    except LastAdminError as error:
        return redirect_saying_why(request, error, "labeling:person", member.pk)
    words = _("%(who)s has been deactivated.") % {"who": member.user.display_name}
    if released:
        words += " " + _("Questions assigned to them that go to others: %(n)s.") % {"n": f"{released:,}"}
    messages.success(request, words)
    return redirect("labeling:home" if member.user == request.user else "labeling:people")


@require_POST
def person_reactivate(request: HttpRequest, member_id: int) -> HttpResponse:
    """They are a member again, in the role they had."""
    member, _membership = member_access(request, member_id, can_manage_people)
    reactivate_member(membership=member, by=signed_in(request))
    logger.info("team %s: user %s reactivated by user %s", member.team_id, member.user_id, request.user.pk)
    messages.success(request, _("%(who)s is a member again.") % {"who": member.user.display_name})
    return redirect("labeling:person", member.pk)


def _page(request: HttpRequest, member: Membership, membership: Membership, **forms: Any) -> HttpResponse:
    user = member.user
    context = {
        "area": "people",
        "here": user.display_name,
        "member": member,
        "own": member == membership,
        "invited": is_invited(user=user),
        "passwords": not settings.OIDC_ONLY,
        "all_teams": administers_all_teams_of(admin=signed_in(request), person=user),
        "role_form": RoleForm(initial={"role": member.role}),
        "details_form": DetailsForm.about(user),
        "days": valid_days(),
        "tokens": tokens_of(membership=member),
        **forms,
    }
    return render(request, "labeling/people/person.html", context, status=422 if forms else 200)


def _require_all_teams(request: HttpRequest, member: Membership) -> None:
    """Whoever makes somebody's password or address is that person in all of their teams, so must administer them all."""
    if not administers_all_teams_of(admin=signed_in(request), person=member.user):
        raise PermissionDenied(_("This person is in teams that you do not administer."))


def _without_link(request: HttpRequest, member: Membership) -> HttpResponse:
    """Where people sign in at the provider alone, the mail says so."""
    user, provider = member.user, provider_name()
    words = _("%(who)s has been invited, and can sign in at %(provider)s with the address %(address)s.")
    messages.success(request, words % {"who": user.display_name, "provider": provider, "address": user.email})
    if mail_link(user=user, path=reverse("accounts:login"), provider=provider):
        messages.info(request, _("An e-mail tells them so."))
    return redirect("labeling:person", member.pk)


@sensitive_variables()
def _with_link(request: HttpRequest, member: Membership) -> HttpResponse:
    """The answer itself shows the link: a redirect would have to keep it somewhere."""
    path = make_link_for(user=member.user, by=signed_in(request))
    logger.info("team %s: a link for user %s made by user %s", member.team_id, member.user_id, request.user.pk)
    context = {
        "area": "people",
        "here": member.user.display_name,
        "member": member,
        "mailed": mail_link(user=member.user, path=path),
        "link": request.build_absolute_uri(path),
        "days": valid_days(),
        "provider": provider_name() if is_set_up() else "",
    }
    response = render(request, "labeling/people/link.html", context)
    response["Cache-Control"] = "no-store"
    return response
