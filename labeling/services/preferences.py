"""How one person likes the workbench."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from accounts.models import User
from labeling.exceptions import InvalidSettingError
from labeling.models import KeyPreference, Transform, WorkbenchPreference

_COMMAND = re.compile(r"[a-z][a-zA-Z0-9_-]{0,39}")
_LONGEST_KEY = 20
_MOST_KEYS = 80


def save_columns(
    *, user: User, transform: Transform, hidden: Sequence[str], pinned: Sequence[str], order: Sequence[str]
) -> WorkbenchPreference:
    """Keep which columns of the transform the person hides, pins, and in which order they stand.

    Columns that the transform does not have are left out, each is kept once. Raises ``InvalidSettingError`` if all would be hidden.
    """
    names = set(transform.column_names)
    columns = {
        name: [column for column in dict.fromkeys(wanted) if column in names]
        for name, wanted in (("hidden", hidden), ("pinned", pinned), ("order", order))
    }
    if names and len(columns["hidden"]) == len(names):
        raise InvalidSettingError(_("At least one column must stay visible."))
    preference, _created = WorkbenchPreference.objects.update_or_create(
        user=user, transform=transform, defaults={"columns": columns}
    )
    return preference


def save_keys(*, user: User, enabled: bool, keymap: Mapping[str, str]) -> KeyPreference:
    """Keep whether the person uses single keys, and which key means which command where it is not the usual one.

    Raises ``InvalidSettingError`` if a command or key is malformed, or a key means two commands.
    """
    if len(keymap) > _MOST_KEYS or not all(_COMMAND.fullmatch(command) for command in keymap):
        raise InvalidSettingError(_("The browser sent something the portal does not understand. Reload the page."))
    if not all(key.strip(" ") or key == " " for key in keymap.values()) or any(
        len(key) > _LONGEST_KEY or not key.isprintable() for key in keymap.values()
    ):
        raise InvalidSettingError(_("Each command needs a key."))
    if len(set(keymap.values())) < len(keymap):
        raise InvalidSettingError(_("A key can be used for one command only."))
    preference, _created = KeyPreference.objects.update_or_create(
        user=user, defaults={"enabled": enabled, "keymap": dict(keymap)}
    )
    return preference
