"""How one person likes the workbench."""

from __future__ import annotations

from dataclasses import dataclass, field

from accounts.models import User
from labeling.models import KeyPreference, Transform, WorkbenchPreference


@dataclass(frozen=True, slots=True)
class ColumnPreference:
    """Column names; ``order`` may be shorter than the table, the rest follows as it is."""

    hidden: list[str] = field(default_factory=list)
    pinned: list[str] = field(default_factory=list)
    order: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Keys:
    """Whether single keys work, and the keys of the commands that do not have their usual one."""

    enabled: bool = True
    keymap: dict[str, str] = field(default_factory=dict)


def columns_for(*, user: User, transform: Transform) -> ColumnPreference:
    """The person's columns, without those that the transform no longer has."""
    preference = WorkbenchPreference.objects.filter(user=user, transform=transform).first()
    stored: dict[str, list[str]] = preference.columns if preference else {}
    names = set(transform.column_names)
    return ColumnPreference(
        **{
            name: [column for column in stored.get(name, []) if column in names]
            for name in ("hidden", "pinned", "order")
        }
    )


def keys_for(*, user: User) -> Keys:
    """The person's keys."""
    preference = KeyPreference.objects.filter(user=user).first()
    return Keys(preference.enabled, preference.keymap) if preference else Keys()
