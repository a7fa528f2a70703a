"""How a person likes the workbench, as the workbench sends it: columns and keys."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.utils.translation import gettext as _

from labeling.exceptions import InvalidSettingError


@dataclass(frozen=True, slots=True)
class ColumnsPayload:
    """Column names."""

    hidden: list[str]
    pinned: list[str]
    order: list[str]


@dataclass(frozen=True, slots=True)
class KeysPayload:
    """Whether single keys work, and the keys that are not the usual ones."""

    enabled: bool
    keymap: dict[str, str]


def parse_columns(body: bytes) -> ColumnsPayload:
    """``{"hidden": ["city"], "pinned": [], "order": ["name", "city"]}``. Raises ``InvalidSettingError`` for anything else."""
    data = _json_object(body)
    return ColumnsPayload(**{name: _names(data.get(name)) for name in ("hidden", "pinned", "order")})


def parse_keys(body: bytes) -> KeysPayload:
    """``{"enabled": true, "keymap": {"undo": "Q"}}``. Raises ``InvalidSettingError`` for anything else."""
    data = _json_object(body)
    enabled, keymap = data.get("enabled"), data.get("keymap")
    if not isinstance(enabled, bool) or not isinstance(keymap, dict):
        raise _malformed()
    _names(list(keymap.values()))
    return KeysPayload(enabled, keymap)


def _names(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise _malformed()
    return value


def _json_object(body: bytes) -> dict[str, object]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _malformed() from error
    if not isinstance(data, dict):
        raise _malformed()
    return data


def _malformed() -> InvalidSettingError:
    return InvalidSettingError(_("The browser sent something the portal does not understand. Reload the page."))
