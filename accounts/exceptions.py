"""What can go wrong with people in ways somebody can act on; ``str(error)`` is a sentence for the reader."""

from __future__ import annotations


class LastAdminError(Exception):
    """The team would be left without anybody who can sign in and administer it."""


class SignInRefusedError(Exception):
    """Somebody came from the OpenID Connect provider and is not let in."""


class ProviderUnreachableError(Exception):
    """The OpenID Connect provider does not answer."""
