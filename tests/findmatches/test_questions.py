"""Which rows are put together into a set, given what a model thinks of the candidates."""

from __future__ import annotations

import random
from itertools import combinations

import numpy as np

from findmatches import ask, tuning
from findmatches.prepared import prepare
from findmatches.questions import choose_sets
from tests.findmatches.data import people, records


def test_a_set_is_filled_with_rows_that_the_model_is_unsure_of() -> None:
    prepared = prepare(people(60, 20)[0], neighbours=tuning.neighbours(0.5))
    left, right = prepared.candidates.left, prepared.candidates.right
    row = int(np.bincount(np.concatenate([left, right])).argmax())
    near = np.flatnonzero((left == row) | (right == row))
    score = np.full(len(left), 0.01, dtype=np.float32)
    score[near[:3]], score[near[3:6]] = 0.99, 0.5
    unsure = set((left + right)[near[3:6]] - row)
    found = choose_sets(prepared, score, np.array([], dtype=np.int32), 100, answered=0, sets=1, rows=4, seed=0)
    assert set(found[0]) == {row, *unsure}


def test_a_first_file_has_rows_that_are_the_same_in_something_and_not_alike() -> None:
    rng = random.Random(0)  # noqa: S311 (test data, no secrets)
    words = ["".join(rng.choices("abcdefghijklmnop", k=8)) for _ in range(40)]
    titles = [" ".join(rng.sample(words, 4)) for _ in range(30)]
    rows = [[f"r{number:03d}", rng.choice(titles), str(rng.randint(1, 100))] for number in range(300)]
    questions = ask(records(rows, ["id", "title", "day"]), [])
    found = [
        (row.labeling_set_id, *(row.values[questions.columns.index(name)] for name in ("title", "day")))
        for row in questions.rows
    ]
    pairs = [(one, other) for one, other in combinations(found, 2) if one[0] == other[0]]
    assert sum(one[1] == other[1] and one[2] != other[2] for one, other in pairs) > 100
    assert sum(one[1] != other[1] and one[2] == other[2] for one, other in pairs) > 10


def test_a_first_file_asks_about_each_kind_of_row_however_promising_the_others_are() -> None:
    rng = random.Random(1)  # noqa: S311 (test data, no secrets)
    words = ["".join(rng.choices("abcdefghijklmnop", k=7)) for _ in range(60)]
    rows = []
    for number in range(150):  # people whose names are the same
        name = " ".join(rng.sample(words, 2))
        rows += [[f"p{number:03d}{copy}", name, "", ""] for copy in "ab"]
    for number in range(20):  # films whose titles differ in a word
        title = rng.sample(words, 2)
        rows += [
            [f"f{number:03d}{copy}", "", " ".join([*title, rng.choice(words)]), str(1950 + number)] for copy in "ab"
        ]
    rng.shuffle(rows)
    questions = ask(records(rows, ["id", "name", "title", "year"]), [])
    films = [row.values[questions.columns.index("id")].startswith("f") for row in questions.rows]
    assert sum(films) >= 8  # of 100: 40 of the 340 rows


def test_questions_that_wait_for_an_answer_are_not_asked_twice() -> None:
    table = people(300, 80)[0]
    first = ask(table, [])
    second = ask(table, [first], seed=1)
    assert len(second.rows) == len(first.rows)
    assert not {row.values for row in first.rows} & {row.values for row in second.rows}


def test_rows_that_wait_for_an_answer_do_not_make_matches_look_rare() -> None:
    prepared = prepare(people(150, 40)[0], neighbours=tuning.neighbours(0.5))
    asked = np.arange(40, dtype=np.int32)

    def chosen(answered: int) -> list[list[int]]:
        return choose_sets(prepared, None, asked, 0, answered=answered, sets=4, rows=10, seed=0)

    assert chosen(answered=0) != chosen(answered=40)
