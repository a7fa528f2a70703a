"""What can go wrong with people in ways somebody can act on; ``str(error)`` is a sentence for the reader."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

DEACTIVATED = _("Your account here has been deactivated. Ask an administrator of your team to reactivate it.")


class LastAdminError(Exception):
    """The team would be left without anybody who can sign in and administer it."""


class SignInRefusedError(Exception):
    """Somebody came from the OpenID Connect provider and is not let in."""


class ProviderUnreachableError(Exception):
    """The OpenID Connect provider does not answer."""
