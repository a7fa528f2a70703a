"""Which answers a filter finds."""

from __future__ import annotations

import pytest

from labeling.models import Answer, Row
from labeling.selectors.answers import answers_for_transform
from tests.labeling.builders import answer, cast, question_set, transform


@pytest.mark.parametrize(
    ("text", "found"),
    [('O\'Neil "Müller"', 1), ("o'neil", 1), ("北京", 1), ("name 2", 1), ("name", 2), ("%", 0), ("\\", 0)],
)
@pytest.mark.django_db
def test_answers_are_found_by_any_value_of_their_rows(text: str, found: int) -> None:
    people = cast()
    of = transform(people.team, people.admin)
    for question in question_set(of, people.lead, [2, 2]):
        answer(question, people.steward, "AB")
    Row.objects.filter(key="0").update(values=["0", 'O\'Neil "Müller" 北京'])
    assert Answer.objects.count() == 2
    assert answers_for_transform(transform=of, search=text).count() == found
