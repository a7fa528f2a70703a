"""Tables of odd shapes: none may crash, and every row must come out in exactly one group."""

from __future__ import annotations

import random

import pytest

from findmatches import FindMatchesError, Model, Records, ask, evaluate, propose, train
from labelfiles import LabeledRow, LabelFile
from tests.findmatches.data import label_file, oracle, partition, people, records

NAMES = ("id", "name", "town")


@pytest.fixture(scope="module")
def model() -> Model:
    table, truth = people(120, 40)
    return train(table, [oracle(truth)(ask(table, [], sets=5, rows=8))])


def person(key: str, *cells: str) -> list[str]:
    return [key, *cells, *[""] * (5 - len(cells))]


COLUMNS = ["id", "first", "last", "address", "born", "phone"]


def check(model: Model, table: Records) -> set[frozenset[str]]:
    matched = model.match(table)
    assert matched.num_rows == table.n_rows
    groups = partition(matched)
    assert sum(len(group) for group in groups) == table.n_rows
    assert all(0 <= score <= 1 for score in matched.column("match_confidence_score").to_pylist())
    return groups


def test_an_empty_table(model: Model) -> None:
    table = records([], COLUMNS)
    assert check(model, table) == set()
    with pytest.raises(FindMatchesError, match="fewer than two rows"):
        ask(table, [])


def test_one_row(model: Model) -> None:
    table = records([person("1", "anna", "becker")], COLUMNS)
    assert check(model, table) == {frozenset("1")}
    with pytest.raises(FindMatchesError, match="fewer than two rows"):
        ask(table, [])


def test_all_rows_equal(model: Model) -> None:
    rows = [person(str(n), "anna", "becker", "1 oak street", "1990-01-01", "123456789") for n in range(60)]
    table = records(rows, COLUMNS)
    check(model, table)
    asked = ask(table, [], sets=3, rows=10)
    assert len({row.values[0] for row in asked.rows}) == len(asked.rows)


def test_all_cells_missing(model: Model) -> None:
    table = records([person(str(n)) for n in range(20)], COLUMNS)
    assert len(check(model, table)) == 20
    with pytest.raises(FindMatchesError, match="no two rows have anything in common"):
        ask(table, [])


def test_a_table_of_few_different_values_has_nothing_to_ask_and_the_words_say_why() -> None:
    rows = [(str(n), "abc"[n % 3], "def"[n // 3 % 3], "ghi"[n // 9 % 3]) for n in range(300_000)]
    with pytest.raises(FindMatchesError, match="so many rows have that it tells nothing apart"):
        ask(records(rows, ("id", "a", "b", "c")), [])


def test_nul_characters_huge_cells_and_other_scripts(model: Model) -> None:
    rows = [
        person("1", "an\0na", "becker", "x" * 1_000_000, "1990-01-01"),
        person("2", "an\0na", "becker", "x" * 1_000_000 + "y", "1990-01-01"),
        person("3", "Владимир", "Петров", "улица Ленина 5", "1980-03-04"),
        person("4", "Владимир", "Петров", "ул. Ленина 5", "1980-03-04"),
        person("5", "王小明", "李", "北京市朝阳区", "1970-07-07"),
        person("6", "\ufffd\u200b\u0301", "\U0001f600", "\t\n", ""),
    ]
    table = records(rows, COLUMNS)
    check(model, table)
    assert ask(table, [], sets=1, rows=4).rows
    questions = LabelFile(tuple(COLUMNS), tuple(LabeledRow("s", "", tuple(row)) for row in rows))
    assert len(propose(table, questions, [])["s"]) == 6


def test_a_hundred_columns() -> None:
    rng = random.Random(0)  # noqa: S311 (test data, no secrets)
    names = ["id", *(f"c{n}" for n in range(99))]
    rows = []
    for thing in range(40):
        cells = ["".join(rng.choices("abcdef", k=4)) if rng.random() < 0.5 else "" for _ in range(99)]
        rows += [[f"{thing}a", *cells], [f"{thing}b", *cells[:90], *[""] * 9]]
    table = records(rows, names)
    truth = {row[0]: row[0][:-1] for row in rows}
    matched = train(table, [oracle(truth)(ask(table, [], sets=3, rows=8))]).match(table)
    assert partition(matched) == {frozenset({f"{thing}a", f"{thing}b"}) for thing in range(40)}


def test_only_a_key_column() -> None:
    table = records([["1"], ["2"]], ["id"])
    with pytest.raises(FindMatchesError, match="nothing to compare"):
        ask(table, [])


@pytest.mark.parametrize("name", ["label", "labeling_set_id"])
def test_a_column_named_like_one_of_a_label_file(name: str) -> None:
    table = records([["1", "anna", "sony"], ["2", "anne", "sony"], ["3", "bob", "emi"]], ["id", "name", name])
    with pytest.raises(FindMatchesError, match=f"The table has a column {name}, .* Give it another name"):
        ask(table, [])
    # Labels that name rows by their keys alone teach as those of any other table.
    labels = label_file(["id"], ("s", "A", "1"), ("s", "A", "2"), ("s", "B", "3"))
    assert train(table, [labels]).match(table).num_rows == 3


def test_one_column_and_a_few_values() -> None:
    table = records([[str(n), "ab"[n % 2]] for n in range(30)], ["id", "kind"])
    assert ask(table, [], sets=2, rows=5).rows


def test_a_group_of_hundreds() -> None:
    rng = random.Random(1)  # noqa: S311 (test data, no secrets)
    rows, truth = [], {}
    for thing, (name, size) in enumerate(
        [("acme tools berlin", 150), ("north sea fish market", 40), ("blue lake hotel", 80)]
    ):
        for number in range(size):
            key = f"{thing}-{number}"
            place = rng.randrange(len(name))
            rows.append([key, name[:place] + rng.choice("xyz ") + name[place + 1 :], rng.choice(["", "de", "uk"])])
            truth[key] = str(thing)
    table = records(rows, NAMES)
    groups = partition(train(table, [oracle(truth)(ask(table, [], sets=8, rows=10))]).match(table))
    for one in groups:
        assert len({truth[key] for key in one}) == 1
    assert max(map(len, groups)) >= 120


def test_every_row_asked_already() -> None:
    table = records([["1", "anna", "x"], ["2", "anne", "x"], ["3", "bob", "y"]], NAMES)
    everything = label_file(NAMES, *(("s", "A", key, "", "") for key in "123"))
    with pytest.raises(FindMatchesError, match="No rows are left to ask about"):
        ask(table, [everything])


def test_too_few_labels_to_estimate_quality() -> None:
    table, truth = people(60, 20)
    (first, *_) = oracle(truth)(ask(table, [], sets=1, rows=8)).by_set().values()
    with pytest.raises(FindMatchesError, match="too few labels to estimate"):
        evaluate(table, [LabelFile(table.columns, tuple(first))])


def test_a_constant_column_changes_nothing() -> None:
    table, truth = people(150, 50, seed=4)
    with_constant = Records.from_arrow(table.table.append_column("source", [["here"] * table.n_rows]), primary_key="id")
    questions = ask(table, [])
    labels = oracle(truth)(questions)
    more = LabelFile(
        (*labels.columns, "source"),
        tuple(LabeledRow(row.labeling_set_id, row.label, (*row.values, "here")) for row in labels.rows),
    )
    assert partition(train(table, [labels]).match(table)) == partition(
        train(with_constant, [more]).match(with_constant)
    )
