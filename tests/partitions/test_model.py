from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from partitions import LABELS, Grouping, Verdict
from tests.partitions.strategies import ROWS, groupings, renamed

ANY = ROWS.flatmap(groupings)


def test_what_labels_say() -> None:
    grouping = Grouping({"a": "A", "b": "A", "c": "B", "d": "?", "e": ""})
    assert list(grouping.pairs("abcd")) == [
        ("a", "b", Verdict.SAME),
        ("a", "c", Verdict.DIFFERENT),
        ("a", "d", Verdict.UNKNOWN),
        ("b", "c", Verdict.DIFFERENT),
        ("b", "d", Verdict.UNKNOWN),
        ("c", "d", Verdict.UNKNOWN),
    ]
    assert grouping.groups() == [("a", "b"), ("c",)]
    assert grouping.unsure() == ("d",)
    assert grouping.placed() == ("a", "b", "c")
    assert grouping.verdict("a", "e") is grouping.verdict("a", "nowhere") is Verdict.UNKNOWN


def test_two_unsure_rows_are_not_the_same() -> None:
    assert Grouping({1: "?", 2: "?"}).verdict(1, 2) is Verdict.UNKNOWN


@given(st.data())
def test_letters_and_order_do_not_matter(data: st.DataObject) -> None:
    grouping = data.draw(ANY)
    again = data.draw(renamed(grouping))
    assert again == grouping
    assert hash(again) == hash(grouping)


@given(st.data())
def test_equal_just_when_every_pair_and_every_label_is_alike(data: st.DataObject) -> None:
    rows = data.draw(ROWS)
    one, two = data.draw(groupings(rows)), data.draw(groupings(rows))
    alike = list(one.pairs(rows)) == list(two.pairs(rows))
    alike = alike and set(one.unsure()) == set(two.unsure()) and set(one.placed()) == set(two.placed())
    assert (one == two) is alike


def test_labels_are_a_to_o() -> None:
    assert "".join(LABELS) == "ABCDEFGHIJKLMNO"
