"""How a person likes the workbench, as the workbench sends it: columns and keys."""

from __future__ import annotations

from labeling.exceptions import InvalidSettingError
from labeling.forms.json_body import json_object, malformed
from labeling.selectors.preferences import ColumnPreference, Keys


def parse_columns(body: bytes) -> ColumnPreference:
    """``{"hidden": ["city"], "pinned": [], "order": ["name", "city"]}``. Raises ``InvalidSettingError`` for anything else."""
    data = json_object(body, InvalidSettingError)
    return ColumnPreference(**{name: _names(data.get(name)) for name in ("hidden", "pinned", "order")})


def parse_keys(body: bytes) -> Keys:
    """``{"enabled": true, "keymap": {"undo": "Q"}}``. Raises ``InvalidSettingError`` for anything else."""
    data = json_object(body, InvalidSettingError)
    enabled, keymap = data.get("enabled"), data.get("keymap")
    if not isinstance(enabled, bool) or not isinstance(keymap, dict):
        raise malformed(InvalidSettingError)
    _names(list(keymap.values()))
    return Keys(enabled, keymap)


def _names(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise malformed(InvalidSettingError)
    return value
