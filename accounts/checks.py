"""What ``manage.py check`` says about the settings of single sign-on."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NEEDED = ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")
_USELESS = (*_NEEDED, "OIDC_TEAM", "OIDC_TRUST_EMAIL", "OIDC_ONLY")


@register()
def check_single_sign_on(**_kwargs: Any) -> list[CheckMessage]:
    """All of it is there or nothing, and the provider cannot be overheard. It is not asked whether it answers."""
    if not settings.OIDC_ISSUER:
        hint = "Single sign-on needs OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET."
        names = [name for name in _USELESS if getattr(settings, name)]
        return [Error(f"{name} is set, but OIDC_ISSUER is not.", hint=hint, id="accounts.E001") for name in names]
    found: list[CheckMessage] = [
        Error(f"OIDC_ISSUER is set, but {name} is not.", id="accounts.E002")
        for name in _NEEDED
        if not getattr(settings, name)
    ]
    parts = urlsplit(settings.OIDC_ISSUER)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not safe or not parts.hostname or parts.query or parts.fragment or "/.well-known/" in parts.path:
        found.append(
            Error(
                "OIDC_ISSUER is not the address of a provider.",
                hint="It begins with https:// and is what stands before /.well-known/openid-configuration.",
                id="accounts.E003",
            )
        )
    return found
