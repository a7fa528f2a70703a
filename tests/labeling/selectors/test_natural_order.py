from __future__ import annotations

from labeling.selectors.natural_order import natural_key
from labeling.selectors.questions import queue_for_steward
from labeling.selectors.transforms import transforms_for_team
from labeling.selectors.work import EVERYTHING, work_lines
from tests.labeling.builders import Cast, answer, question_set, transform

AS_EXPECTED = ["Part", "part 1", "Part 2 of 3", "part 2 of 30", "Part 007", "part 10", "Part 11", "Shops", "shops 3"]


def test_transforms_are_listed_as_people_count(people: Cast) -> None:
    """Page by page, too: the database sorts. Whichever it is."""
    for name in sorted(AS_EXPECTED):
        transform(people.team, people.admin, name)
    listed = transforms_for_team(team=people.team)
    assert [one.name for one in listed] == AS_EXPECTED
    assert [one.name for page in (listed[:4], listed[4:]) for one in page] == AS_EXPECTED


def test_the_queue_of_a_steward_and_their_work_follow_the_same_order(people: Cast) -> None:
    for name in ("People 10", "people 9", "People 100"):
        of = transform(people.team, people.admin, name)
        answer(question_set(of, people.admin, [2, 2])[0], people.steward, "AB")
    in_order = ["people 9", "People 10", "People 100"]
    assert [entry.transform.name for entry in queue_for_steward(team=people.team, user=people.steward)] == in_order
    lines = work_lines(team=people.team, by=EVERYTHING[2:])
    assert [line.transform.name for line in lines if line.transform] == in_order


def test_numbers_of_any_length_have_a_place() -> None:
    numbers = ["0", "007", "10", "9" * 19, "1" + "0" * 30, "2" + "0" * 30]
    assert sorted([*numbers[2:], *numbers[:2]], key=natural_key) == numbers
