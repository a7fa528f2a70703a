from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from labelfiles import (
    ChangedSet,
    FlippedPair,
    LabeledRow,
    LabelFile,
    LabelFileError,
    PairCounts,
    content_hash,
    diff,
    set_digests,
)

Sets = dict[str, dict[str, str]]
SETS = st.dictionaries(
    st.sampled_from("pqrs"),
    st.dictionaries(st.sampled_from("123456"), st.sampled_from(["A", "B", "C", ""]), max_size=5),
)


def label_file(sets: Sets) -> LabelFile:
    return LabelFile(
        ("name", "id"),
        tuple(
            LabeledRow(name, label, (f"row {key}", key)) for name, rows in sets.items() for key, label in rows.items()
        ),
    )


def verdicts(sets: Sets) -> dict[tuple[str, str, str], bool]:
    return {
        (name, one, two): rows[one] == rows[two]
        for name, rows in sets.items()
        for one, two in combinations(sorted(key for key in rows if rows[key]), 2)
    }


def taught(sets: Sets) -> list[frozenset[frozenset[str]]]:
    """What each set says, as a multiset without names."""
    found = []
    for rows in sets.values():
        labels = {label for label in rows.values() if label}
        if labels:
            found.append(frozenset(frozenset(key for key in rows if rows[key] == label) for label in labels))
    return found


def same_multiset(one: list[frozenset[frozenset[str]]], two: list[frozenset[frozenset[str]]]) -> bool:
    return len(one) == len(two) and all(one.count(item) == two.count(item) for item in one)


@given(SETS, st.data())
def test_order_letters_set_ids_and_other_columns_do_not_matter(sets: Sets, data: st.DataObject) -> None:
    names = dict(zip("pqrs", data.draw(st.permutations("wxyz")), strict=True))
    letters = {name: {"": "", **dict(zip("ABC", data.draw(st.permutations("KLM")), strict=True))} for name in "pqrs"}
    file = label_file(sets)
    rows = [
        LabeledRow(names[row.labeling_set_id], letters[row.labeling_set_id][row.label], (row.values[1], "other"))
        for row in data.draw(st.permutations(file.rows))
    ]
    assert content_hash(LabelFile(("id", "note"), tuple(rows)), primary_key="id") == content_hash(
        file, primary_key="id"
    )


@given(SETS, SETS)
@example({"p": {"1": "A", "2": "A"}}, {"p": {"1": "A", "2": "A"}, "q": {"1": "A", "2": "A"}})
def test_equal_hashes_mean_equal_teaching_and_an_empty_difference(one: Sets, two: Sets) -> None:
    equal = same_multiset(taught(one), taught(two))
    hashes = [content_hash(label_file(sets), primary_key="id") for sets in (one, two)]
    assert (hashes[0] == hashes[1]) is equal
    assert diff(label_file(one), label_file(two), primary_key="id").is_empty is equal


def test_keys_are_not_run_together() -> None:
    one, two = ({"p": dict.fromkeys(keys, "A")} for keys in (("1", "23"), ("12", "3")))
    assert content_hash(label_file(one), primary_key="id") != content_hash(label_file(two), primary_key="id")


def test_the_hash_stays_what_it_is() -> None:
    """Hashes are kept for years: another one for the same file is a new version of the format."""
    found = content_hash(label_file({"p": {"1": "A", "2": "A", "3": "B"}}), primary_key="id")
    assert found == "a2a8f30297af06816fbabdfb2d8766d70e0498d8a65bb6fa66bb3e7c7bb342f6"


@given(SETS)
def test_pairs_of_digests_are_those_of_the_labels(sets: Sets) -> None:
    said = Counter(verdicts(sets).values())
    pairs = [found.pairs for found in set_digests(label_file(sets), primary_key="id").values() if found.pairs]
    assert sum(pairs, PairCounts(0, 0)) == PairCounts(said[True], said[False])


def test_without_the_primary_key() -> None:
    with pytest.raises(LabelFileError):
        content_hash(label_file({}), primary_key="nope")


def test_what_a_replacement_forgets_adds_and_changes() -> None:
    old = label_file(
        {
            "kept": {"1": "A", "2": "A", "3": "B"},
            "gone": {"1": "A", "4": "A", "5": ""},
            "moved": {"8": "A", "9": "B"},
            "edited": {"1": "A", "2": "A", "3": "B", "4": "B"},
        }
    )
    new = label_file(
        {
            "edited": {"1": "A", "2": "B", "3": "C", "5": "A"},
            "fresh": {"6": "A", "7": "B"},
            "kept": {"3": "X", "1": "Y", "2": "Y"},
            "elsewhere": {"9": "A", "8": "B"},
        }
    )
    found = diff(old, new, primary_key="id")
    assert (found.forgotten, found.added, found.unchanged) == (("gone",), ("fresh",), 2)
    assert found.changed == (ChangedSet("edited", ("4",), ("5",), (FlippedPair("1", "2", now_same=False),)),)
    assert (found.rows_forgotten, found.rows_added, found.pairs_flipped) == (3, 3, 1)
    assert found.pairs_forgotten == PairCounts(matching=2, non_matching=2)
    assert found.pairs_added == PairCounts(matching=1, non_matching=3)


@given(SETS, SETS)
def test_the_difference_adds_up(one: Sets, two: Sets) -> None:
    found = diff(label_file(one), label_file(two), primary_key="id")
    back = diff(label_file(two), label_file(one), primary_key="id")
    assert (back.added, back.forgotten, back.unchanged) == (found.forgotten, found.added, found.unchanged)
    assert (back.rows_added, back.pairs_added, back.pairs_flipped) == (
        found.rows_forgotten,
        found.pairs_forgotten,
        found.pairs_flipped,
    )
    assert found.unchanged + len(found.forgotten) + len(found.changed) == len(taught(one))
    before, after = verdicts(one), verdicts(two)
    for change in found.changed:
        name = change.labeling_set_id
        assert list(change.flipped) == [
            FlippedPair(a, b, now_same=said)
            for (where, a, b), said in sorted(after.items())
            if where == name and before.get((name, a, b), said) is not said
        ]
    # Old pairs, less forgotten ones, plus added ones, with flipped ones changing sides, are the new pairs.
    for said, lost, won in (
        (True, found.pairs_forgotten.matching, found.pairs_added.matching),
        (False, found.pairs_forgotten.non_matching, found.pairs_added.non_matching),
    ):
        flips = sum(1 if pair.now_same is said else -1 for change in found.changed for pair in change.flipped)
        assert list(before.values()).count(said) - lost + won + flips == list(after.values()).count(said)
