"""Single sign-on with OpenID Connect: to the provider, and back with what it says of whoever comes. Authlib speaks the protocol.

It is the authorization code flow with PKCE, state and nonce. Addresses and keys of the provider are asked for when somebody signs in, and kept for
``KEPT_SECONDS``; nothing that it issues to a person outlives the request that fetched it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.django_client import DjangoOAuth2App, OAuth
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from joserfc.errors import BadSignatureError, JoseError

from accounts.exceptions import ProviderUnreachableError, SignInRefusedError
from accounts.links import absolute

logger = logging.getLogger(__name__)

SECONDS = 5
"""How long the provider may take for an answer, while somebody looks at an empty page."""

KEPT_SECONDS = 15 * 60
"""How long each process keeps what the provider says of itself, and its keys: so much later is a key refused that the provider has taken back."""

_LONGEST_SUBJECT = 255  # https://openid.net/specs/openid-connect-core-1_0.html#IDToken


@dataclass(frozen=True, slots=True)
class Claims:
    """What the provider says of somebody; ``email`` is empty unless it vouches that the address is theirs."""

    issuer: str
    subject: str
    email: str
    username: str
    first_name: str
    last_name: str


def is_set_up() -> bool:
    """Whether people can sign in with it."""
    return bool(settings.OIDC_ISSUER)


def provider_name() -> str:
    """What people know it by, within a sentence."""
    return str(settings.OIDC_NAME or _("the single sign-on provider"))


def button_label() -> str:
    """What the link to it says."""
    return _("Sign in with %(provider)s") % {"provider": settings.OIDC_NAME or _("single sign-on")}


def begin(request: HttpRequest, *, next_page: str, another_account: bool = False) -> HttpResponse:
    """Send somebody to the provider, who is asked there which account they want if it is to be ``another_account``; ``next_page`` is kept in their
    session. Raises ``ProviderUnreachableError``, ``SignInRefusedError``."""
    redirect_uri = absolute(reverse("accounts:oidc-callback"))
    with _told_apart():
        client = _client()
        started = client.create_authorization_url(redirect_uri, **(_which_account(client) if another_account else {}))
    client.save_authorize_data(request, redirect_uri=redirect_uri, next=next_page, **started)
    return HttpResponseRedirect(started["url"])


def finish(request: HttpRequest) -> tuple[Claims, str]:
    """Who came back from the provider, and the page that they wanted. Raises ``ProviderUnreachableError``, ``SignInRefusedError``."""
    with _told_apart():
        client = _client()
        begun = client.framework.get_state_data(request.session, request.GET.get("state"))
        if begun is None and "error" not in request.GET:
            raise SignInRefusedError(
                _("This sign-in was not begun in this browser, or took too long. Go back and sign in again.")
            )
        expected = {"iss": client.server_metadata["issuer"], "aud": settings.OIDC_CLIENT_ID}
        options = {name: {"essential": True, "value": value} for name, value in expected.items()}
        token = client.authorize_access_token(request, claims_options=options)
        claims = dict(token["userinfo"])
        if "email" not in claims and "userinfo_endpoint" in client.server_metadata:
            more = client.userinfo(token=token)
            if more.get("sub") == claims["sub"]:
                claims = {**more, **claims}
        return _read(claims), begun["next"]


class _Client(DjangoOAuth2App):  # type: ignore[misc]
    """The portal, as the provider knows it. A token that none of the kept keys has signed makes it ask once for the keys that there are now."""

    _fetched: dict[str, Any] | None = None

    def load_server_metadata(self) -> dict[str, Any]:
        if "_loaded_at" not in self.server_metadata:
            kept = cache.get(_kept("metadata"))
            if kept is None:
                cache.set(_kept("metadata"), super().load_server_metadata(), KEPT_SECONDS)
            else:
                self.server_metadata.update(kept)
        metadata: dict[str, Any] = self.server_metadata
        return metadata

    def fetch_jwk_set(self, force: bool = False) -> dict[str, Any]:
        if self._fetched is not None:
            return self._fetched
        keys: dict[str, Any] | None = None if force else cache.get(_kept("keys"))
        if keys is None:
            keys = self._fetched = super().fetch_jwk_set(force=True)
            cache.set(_kept("keys"), keys, KEPT_SECONDS)
        return keys

    def parse_id_token(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().parse_id_token(*args, **kwargs)
        except BadSignatureError:  # keys need no ids where there is one
            if self._fetched is not None:
                raise
            self.fetch_jwk_set(force=True)
            return super().parse_id_token(*args, **kwargs)


def _kept(what: str) -> str:
    return f"accounts.oidc:{what}:{settings.OIDC_ISSUER}"


def _forget() -> None:
    cache.delete_many([_kept("metadata"), _kept("keys")])


def _client() -> _Client:
    """The portal, as the provider knows it, with what the provider says of itself."""
    issuer = settings.OIDC_ISSUER.rstrip("/")
    client: _Client = OAuth().register(
        "oidc",
        client_cls=_Client,
        client_id=settings.OIDC_CLIENT_ID,
        client_secret=settings.OIDC_CLIENT_SECRET,
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256", "default_timeout": SECONDS},
    )
    metadata = client.load_server_metadata()
    if metadata["issuer"].rstrip("/") != issuer:
        raise ValueError("the provider calls itself by another name than OIDC_ISSUER")
    # https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata: basic where the provider does not say
    basic = "client_secret_basic" in metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    client.client_kwargs["token_endpoint_auth_method"] = "client_secret_basic" if basic else "client_secret_post"
    return client


def _which_account(client: _Client) -> dict[str, str]:
    """Have the provider ask for the account; where it says that it cannot, for the password, with which another account can be chosen.

    https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
    """
    known = client.server_metadata.get("prompt_values_supported", ["select_account"])
    return {"prompt": "login" if "login" in known and "select_account" not in known else "select_account"}


@contextmanager
def _told_apart() -> Iterator[None]:
    """Whatever goes wrong with the provider becomes a sentence for the reader. The log says more, but nothing of tokens and people.

    If it cannot be reached or believed, the next sign-in asks it anew what it is.
    """
    name = provider_name()
    try:
        yield
    except requests.RequestException as error:
        _forget()
        logger.warning("single sign-on: the provider cannot be reached: %s", _described(error))
        if settings.OIDC_ONLY:
            words = _("%(provider)s cannot be reached at the moment. Try again in a few minutes.")
        else:
            words = _(
                "%(provider)s cannot be reached at the moment. Try again in a few minutes, or sign in with your password."
            )
        raise ProviderUnreachableError(words % {"provider": name}) from error
    except OAuthError as error:
        logger.warning("single sign-on: the provider says %.100r", error.error)
        words = _("%(provider)s did not let you in. Try again, or ask whoever runs this installation.")
        raise SignInRefusedError(words % {"provider": name}) from error
    except (JoseError, AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        _forget()
        logger.warning("single sign-on: the answer of the provider is not accepted: %s", _described(error))
        words = _("The answer of %(provider)s could not be verified. Try again, or ask whoever runs this installation.")
        raise SignInRefusedError(words % {"provider": name}) from error


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]


def _read(claims: dict[str, Any]) -> Claims:
    subject = claims["sub"]
    if not 0 < len(subject) <= _LONGEST_SUBJECT:
        raise ValueError("the subject is empty or too long")
    verified = claims.get("email_verified")
    if verified is None:
        verified = settings.OIDC_TRUST_EMAIL
    first, last = _text(claims, "given_name"), _text(claims, "family_name")
    return Claims(
        issuer=claims["iss"],
        subject=subject,
        email=_text(claims, "email") if verified in (True, "true") else "",
        username=_text(claims, "preferred_username"),
        first_name=first if first or last else _text(claims, "name"),
        last_name=last,
    )


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    return value.replace("\0", "").strip() if isinstance(value, str) else ""
