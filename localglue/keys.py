"""Who may come in: the key pair of the installation, and the access keys that were made with ``manage.py glue_keys``."""

from __future__ import annotations

import secrets

from django.conf import settings

from localglue.models import AccessKey
from localglue.signing import Credential

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def find_credential(key_id: str) -> Credential | None:
    """The credential of an access key that is known and not revoked."""
    if not key_id:
        return None
    if key_id == settings.LOCALGLUE_KEY_ID and settings.LOCALGLUE_SECRET:
        return Credential(key_id, settings.LOCALGLUE_SECRET)
    key = AccessKey.objects.filter(key_id=key_id, revoked_at=None).first()
    return Credential(key.key_id, key.secret, key.read_only) if key else None


def create_key(*, name: str, read_only: bool) -> AccessKey:
    """A new key pair in the form of AWS's own. Raises ``IntegrityError`` if the name is taken."""
    key_id = "AKIA" + "".join(secrets.choice(_LETTERS) for _ in range(16))
    return AccessKey.objects.create(name=name, key_id=key_id, secret=secrets.token_urlsafe(30), read_only=read_only)
