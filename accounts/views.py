"""Signing in, and what a person sets for themselves: name and address, the password, the theme, the team they look at."""

from __future__ import annotations

import logging
import time
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.urls import reverse_lazy
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from kombu.exceptions import OperationalError

from accounts import brake, oidc
from accounts.brake import client_address
from accounts.current import TEAM_SESSION_KEY
from accounts.exceptions import ProviderUnreachableError, SignInRefusedError
from accounts.forms import (
    AccountForm,
    ChangePasswordForm,
    ChoosePasswordForm,
    ForgottenPasswordForm,
    SignInForm,
    ThemeForm,
)
from accounts.identities import person_of
from accounts.links import mail_is_set_up
from accounts.middleware import SESSION_SINCE
from accounts.models import Team, User
from accounts.selectors import active_memberships
from accounts.services import update_person

logger = logging.getLogger(__name__)

THEME_COOKIE = "theme"
_YEAR = 365 * 24 * 3600


class SignIn(auth_views.LoginView):
    """With a password, or by the link to the single sign-on."""

    template_name = "accounts/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the ways to sign in that there are."""
        ways = {"passwords": not settings.OIDC_ONLY, "single_sign_on": oidc.button_label() if oidc.is_set_up() else ""}
        return {**super().get_context_data(**kwargs), **ways}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Refuse passwords unread where nobody uses them."""
        if settings.OIDC_ONLY:
            return self.http_method_not_allowed(request)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """From here on the session is renewed while it is used."""
        response = super().form_valid(form)
        self.request.session[SESSION_SINCE] = int(time.time())
        return response


@login_not_required
@never_cache
@require_GET
def oidc_start(request: HttpRequest) -> HttpResponse:
    """To the provider, which sends people back to ``oidc_callback``; with ``another``, it asks them which account they want.

    A link leads here and no form: the policy of our pages lets forms end only at this origin.
    """
    if not oidc.is_set_up():
        raise Http404
    next_page = _own_address(request, request.GET.get("next", "")) or resolve_url(settings.LOGIN_REDIRECT_URL)
    if request.user.is_authenticated:
        return redirect(next_page)
    try:
        return oidc.begin(request, next_page=next_page, another_account="another" in request.GET)
    except (ProviderUnreachableError, SignInRefusedError) as error:
        return _not_signed_in(request, error)


@login_not_required
@never_cache
@require_GET
def oidc_callback(request: HttpRequest) -> HttpResponse:
    """Back from the provider: signed in, and on the page that was asked for."""
    if not oidc.is_set_up():
        raise Http404
    try:
        claims, next_page = oidc.finish(request)
    except (ProviderUnreachableError, SignInRefusedError) as error:
        return _not_signed_in(request, error)
    try:
        user = person_of(claims)
    except SignInRefusedError as error:
        return _not_signed_in(request, error, another_account=urlencode({"another": 1, "next": next_page}))
    login(request, user)
    return redirect(next_page)


def _not_signed_in(request: HttpRequest, error: Exception, *, another_account: str = "") -> HttpResponse:
    """``another_account``: what ``oidc_start`` is to be asked, if another account could be let in."""
    status = 503 if isinstance(error, ProviderUnreachableError) else 403
    context = {"sentence": str(error), "another_account": another_account}
    return render(request, "accounts/not_signed_in.html", context, status=status)


class PasswordsUsed:
    """A page about passwords is there only where people use them."""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Before anything else, whoever asks."""
        super().setup(request, *args, **kwargs)  # type: ignore[misc]
        if settings.OIDC_ONLY:
            raise Http404


class PasswordSet(PasswordsUsed, auth_views.PasswordResetConfirmView):
    """Where a one-time link leads: the person chooses a password, and signs in with it."""

    form_class = ChoosePasswordForm
    template_name = "accounts/password_set.html"
    success_url = reverse_lazy("accounts:login")

    def get_user(self, uidb64: str) -> User | None:
        """Nobody who was deactivated: their link is as good as none."""
        user = super().get_user(uidb64)
        return user if isinstance(user, User) and user.is_active else None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the person, whose name the page and password managers show."""
        return {**super().get_context_data(**kwargs), "person": self.user}

    def form_valid(self, form: ChoosePasswordForm) -> HttpResponse:  # type: ignore[override]
        """Say under which name the password is good; whoever tried in vain before may use it at once."""
        brake.forget(name=form.user.username)
        messages.success(
            self.request, _("Your password has been set. Your sign-in name is %(name)s.") % {"name": form.user.username}
        )
        return super().form_valid(form)


@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """One's own name and address."""
    user = request.user
    assert isinstance(user, User)
    posted = request.POST if request.method == "POST" else None
    form = AccountForm(user, posted, address=client_address(request))
    if form.is_valid():
        details = {name: form.cleaned_data[name] for name in ("first_name", "last_name", "email")}
        try:
            update_person(user=user, by=user, **details)
        except ValidationError as error:
            form.add_error(None, error)
            user.refresh_from_db()
        else:
            messages.success(request, _("Your name and e-mail address have been saved."))
            return redirect("accounts:account")
    context = {"form": form, "provider": oidc.provider_name()}
    return render(request, "accounts/account.html", context, status=422 if form.errors else 200)


class PasswordChange(PasswordsUsed, auth_views.PasswordChangeView):
    """A new password for oneself; other browsers are signed out."""

    form_class = ChangePasswordForm
    template_name = "accounts/password_change.html"
    success_url = reverse_lazy("labeling:home")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Whoever has none finds on the page of their account how they sign in."""
        if isinstance(request.user, User) and not request.user.uses_password:
            return redirect("accounts:account")
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        """With where the request comes from."""
        return {**super().get_form_kwargs(), "address": client_address(self.request)}

    def form_valid(self, form: ChangePasswordForm) -> HttpResponse:  # type: ignore[override]
        """Say that it is done."""
        messages.success(self.request, _("Your password has been changed. You were signed out of all other browsers."))
        return super().form_valid(form)


class PasswordForgotten(PasswordsUsed, auth_views.PasswordResetView):
    """Ask for a link by mail; where no mail is sent, the page says who makes one. What it answers tells nobody who exists."""

    form_class = ForgottenPasswordForm
    template_name = "accounts/password_forgotten.html"
    success_url = reverse_lazy("accounts:login")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With whether there is a form at all."""
        return {**super().get_context_data(**kwargs), "mails": mail_is_set_up()}

    def form_valid(self, form: ForgottenPasswordForm) -> HttpResponse:  # type: ignore[override]
        """The same answer for every address."""
        try:
            response = super().form_valid(form)
        except OperationalError:
            logger.warning("no link can be mailed: the worker cannot be told")
            form.add_error(None, _("No e-mail can be sent at the moment. Try again in a few minutes."))
            return self.render_to_response(self.get_context_data(form=form), status=503)
        messages.info(
            self.request, _("If someone here has this address, a link to choose a new password is on its way.")
        )
        return response


@login_not_required
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Remember the theme in a cookie, so that the server paints it at once and no script has to."""
    form = ThemeForm(request.POST)
    response = redirect(_own_address(request, request.POST.get("next", "")) or "/")
    if form.is_valid():
        theme = form.cleaned_data["theme"]
        if theme == "auto":
            response.delete_cookie(THEME_COOKIE)
        else:
            response.set_cookie(THEME_COOKIE, theme, max_age=_YEAR, samesite="Lax", secure=request.is_secure())
    return response


@require_POST
def switch_team(request: HttpRequest, team_id: UUID) -> HttpResponse:
    """Look at another of one's own teams."""
    team = get_object_or_404(Team, pk=team_id, memberships__in=active_memberships().filter(user=request.user.pk))
    request.session[TEAM_SESSION_KEY] = str(team.pk)
    return redirect("labeling:home")


def _own_address(request: HttpRequest, address: str) -> str:
    """The address if it is one of ours, else nothing."""
    own = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if own else ""
