from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from partitions import LABELS, Grouping, Verdict, labels_for
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


def test_labels_are_a_to_o_and_the_same_doubled() -> None:
    assert " ".join(LABELS) == "A B C D E F G H I J K L M N O AA BB CC DD EE FF GG HH II JJ KK LL MM NN OO"


@given(st.integers(2, 30))
def test_each_row_can_have_a_group_of_its_own_and_small_questions_have_single_letters(rows: int) -> None:
    labels = labels_for(rows)
    assert len(labels) >= rows
    assert max(map(len, labels)) == (1 if rows <= 15 else 2)
