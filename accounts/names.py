"""What people are called, so that nobody is taken for somebody else."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable

from accounts.models import User


def taken_usernames() -> set[str]:
    """All sign-in names, case-folded: here, since SQLite knows upper and lower case of ASCII alone."""
    return {name.casefold() for name in User.objects.values_list("username", flat=True).iterator()}


def names_apart(people: Iterable[User]) -> dict[uuid.UUID, str]:
    """Each person's display name, with the sign-in name where several of these people have the same."""
    by_id = {person.pk: person for person in people}
    times = Counter(person.display_name for person in by_id.values())
    return {
        pk: f"{person.display_name} (@{person.username})" if times[person.display_name] > 1 else person.display_name
        for pk, person in by_id.items()
    }
