"""A person's own API tokens for the team they look at."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from accounts.current import current_membership
from accounts.forms import TokenForm
from accounts.models import ApiToken, Membership
from accounts.tokens import create_token, revoke_token, tokens_of


@never_cache
@sensitive_variables("secret")
@require_http_methods(["GET", "POST"])
def token_list(request: HttpRequest) -> HttpResponse:
    """The tokens, and the form for another. A new one is shown on the page that answers the form, and never again."""
    membership = _membership(request)
    form = TokenForm(request.POST if request.method == "POST" else None, role=membership.role)
    if form.is_valid():
        token, secret = create_token(membership=membership, **form.cleaned_data)
        return render(request, "accounts/token_made.html", {"token": token, "secret": secret})
    context = {"membership": membership, "form": form, "tokens": tokens_of(membership=membership)}
    return render(request, "accounts/tokens.html", context, status=422 if form.errors else 200)


@require_POST
def token_revoke(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """One's own token, of whichever team, is good for nothing any more."""
    token = get_object_or_404(
        ApiToken.objects.select_related("membership__user", "membership__team"),
        pk=token_id,
        membership__user=request.user.pk,
    )
    revoke_token(token=token, by=token.membership.user)
    messages.success(request, _("“%(name)s” has been revoked.") % {"name": token.name})
    return redirect("accounts:token-list")


def _membership(request: HttpRequest) -> Membership:
    membership = current_membership(request)
    if membership is None:
        raise Http404
    return membership
