"""What people are called, so that nobody is taken for somebody else."""

from __future__ import annotations

import unicodedata
import uuid
from collections import Counter
from collections.abc import Iterable

from django.db.models import QuerySet

from accounts.models import User

_UNSEEN = dict.fromkeys(
    (0x00AD, 0x061C, 0x180E, 0x200B, 0x200E, 0x200F, 0xFEFF, *range(0x202A, 0x202F), *range(0x2060, 0x2070))
)
"""Soft hyphens, blanks of no width, and what turns the direction of writing. Joiners are not among them: names in Persian and Hindi have some."""


def visible(name: str) -> str:
    """The name without what nobody sees: with it a colleague's name can be had a second time, or all that a page says behind it be turned round."""
    return name.translate(_UNSEEN).strip()


_ALIKE = str.maketrans(
    "АВЕЅІЈКМНОРСТУХҮԌаеѕіјорсухһԁԛԝүѵΑΒΕΖΗΙΚΜΝΟΡΤΥΧαινορυχ",
    "ABESIJKMHOPCTYXYGaesijopcyxhdqwyvABEZHIKMNOPTYXaivopux",
)
"""Cyrillic and Greek letters that fonts draw as Latin ones. https://www.unicode.org/reports/tr39/ has all that are, which would be too many to refuse."""


def readings(name: str) -> set[str]:
    """What a person may read. Names that share a reading can be taken for each other: in capitals or not, in letters of another alphabet."""
    plain = unicodedata.normalize("NFKC", name)
    return {plain.casefold(), plain.translate(_ALIKE).casefold()}


def taken_usernames() -> set[str]:
    """The readings of all sign-in names: here, since SQLite knows upper and lower case of ASCII alone."""
    return _readings_of(User.objects.values_list("username", flat=True))


def taken_addresses(*, besides: User) -> set[str]:
    """The readings of all e-mail addresses but one person's."""
    return _readings_of(User.objects.exclude(pk=besides.pk).exclude(email="").values_list("email", flat=True))


def _readings_of(names: QuerySet[User, str]) -> set[str]:
    return set().union(*map(readings, names.iterator()))


def names_apart(people: Iterable[User]) -> dict[uuid.UUID, str]:
    """Each person's display name, with the sign-in name where several of these people have the same."""
    by_id = {person.pk: person for person in people}
    times = Counter(person.display_name for person in by_id.values())
    return {
        pk: f"{person.display_name} (@{person.username})" if times[person.display_name] > 1 else person.display_name
        for pk, person in by_id.items()
    }
