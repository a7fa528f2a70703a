from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv

from findmatches import FindMatchesError, Model, Records, ask, can_train, evaluate, judge, propose, read_records, train
from labelfiles import LabelFile, label_file_bytes, read_label_file, validate
from tests.findmatches.data import label_file, oracle, partition, people, records

NAMES = ("id", "name", "town")
Taught = tuple[Records, dict[str, str], list[LabelFile]]


@pytest.fixture(scope="module")
def taught() -> tuple[Records, dict[str, str], list[LabelFile]]:
    table, truth = people(160, 50)
    answer = oracle(truth)
    labels: list[LabelFile] = []
    for _ in range(2):
        labels.append(answer(ask(table, labels, sets=6, rows=8)))
    return table, truth, labels


@pytest.fixture(scope="module")
def model(taught: Taught) -> Model:
    table, _, labels = taught
    return train(table, labels)


def test_it_teaches_itself(taught: Taught, model: Model) -> None:
    table, truth, _ = taught
    groups: dict[str, set[str]] = {}
    for key, thing in truth.items():
        groups.setdefault(thing, set()).add(key)
    pairs = {group for group in map(frozenset, groups.values()) if len(group) > 1}
    found = {group for group in partition(model.match(table)) if len(group) > 1}
    assert len(found & pairs) >= 0.95 * len(pairs)
    assert len(found - pairs) <= 0.05 * len(pairs)


def test_questions_are_a_good_label_file_and_never_ask_twice(taught: Taught) -> None:
    table, _, labels = taught
    questions = ask(table, labels, sets=5, rows=7, seed=3)
    problems = validate(questions, columns=table.columns, primary_key="id")
    assert {problem.code for problem in problems} == {"blank_label", "no_pairs"}
    assert {len(rows) for rows in questions.by_set().values()} == {7}
    assert len(questions.by_set()) == 5
    asked = {row.values[0] for labels_ in labels for row in labels_.rows}
    assert not asked & {row.values[0] for row in questions.rows}
    assert not {row.labeling_set_id for labels_ in labels for row in labels_.rows} & set(questions.by_set())
    assert {row.label for row in questions.rows} == {""}


def test_the_first_questions_hold_matches_and_differences() -> None:
    table, truth = people(600, 6, seed=5)
    assert can_train([oracle(truth)(ask(table, []))], "id")


def test_the_same_seed_gives_the_same_answer(taught: Taught, model: Model) -> None:
    table, _, labels = taught
    first = ask(table, [], seed=4)
    assert ask(table, [], seed=4) == first
    assert ask(table, [], seed=5) != first
    assert train(table, labels).match(table).equals(model.match(table))


def test_the_number_of_threads_does_not_matter() -> None:
    code = (
        "from tests.findmatches.data import people, oracle; import findmatches as f;"
        "t, truth = people(80, 30); m = f.train(t, [oracle(truth)(f.ask(t, [], sets=4))]);"
        "print([repr(x) for x in m.match(t).column('match_confidence_score').to_pylist()])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads},
        ).stdout
        for threads in ("1", "2")
    }
    assert len(outputs) == 1


def test_the_order_of_rows_does_not_matter(taught: Taught, model: Model) -> None:
    table, _, labels = taught
    shuffled = np.random.default_rng(1).permutation(table.n_rows)
    other = Records.from_arrow(table.table.take(shuffled), primary_key="id")
    assert partition(model.match(table)) == partition(train(other, labels).match(other))
    assert ask(table, []) == ask(other, [])


def test_a_model_is_the_same_after_saving_and_loading(taught: Taught, tmp_path: Path) -> None:
    table, _, labels = taught
    model = train(table, labels, precision_recall=0.7, enforce_labels=True)
    model.save(tmp_path / "model")
    loaded = Model.load(tmp_path / "model")
    assert loaded.match(table).equals(model.match(table))
    assert loaded.labels_sha256 == model.labels_sha256


def test_enforced_labels_are_respected(taught: Taught) -> None:
    table, truth, labels = taught
    lie = {row.values[0]: str(number % 2) for number, row in enumerate(labels[0].rows)}
    lies = [oracle({**truth, **lie})(labels[0]), *labels[1:]]
    matched = train(table, lies, enforce_labels=True).match(table)
    group = dict(zip(matched.column("id").to_pylist(), matched.column("match_id").to_pylist(), strict=True))
    for questions in lies:
        for rows in questions.by_set().values():
            for row in rows:
                for other in rows:
                    assert (group[row.values[0]] == group[other.values[0]]) == (row.label == other.label)


def test_evaluation(taught: Taught) -> None:
    table, _, labels = taught
    metrics = evaluate(table, labels)
    assert metrics.f1 > 0.8
    assert metrics.area_under_pr_curve > 0.8
    assert metrics.precision == pytest.approx(
        metrics.confusion_matrix.true_positives
        / (metrics.confusion_matrix.true_positives + metrics.confusion_matrix.false_positives)
    )
    names, shares = zip(*metrics.column_importances, strict=True)
    assert sorted(names) == sorted(set(table.columns) - {"id"})
    assert sum(shares) == pytest.approx(1)
    assert list(shares) == sorted(shares, reverse=True)
    assert metrics == evaluate(table, labels)


def test_judged_pairs_are_those_behind_the_figures(taught: Taught, model: Model) -> None:
    table, truth, labels = taught
    judgement = judge(table, labels)
    assert judgement.metrics == evaluate(table, labels)
    assert judgement.threshold == model.threshold
    matrix = judgement.metrics.confusion_matrix
    wrong = [pair for pair in judgement.pairs if not pair.match and pair.score >= judgement.threshold]
    missed = [pair for pair in judgement.pairs if pair.match and pair.score < judgement.threshold]
    assert (len(wrong), len(missed)) == (matrix.false_positives, matrix.false_negatives)
    assert {pair.set_id for pair in judgement.pairs} <= {name for file in labels for name in file.by_set()}
    assert all(pair.match == (truth[pair.keys[0]] == truth[pair.keys[1]]) for pair in judgement.pairs)


def test_proposals_without_and_with_labels(taught: Taught) -> None:
    table, truth, labels = taught
    questions = ask(table, labels, sets=6, rows=8)
    for known in ([], labels):
        proposals = propose(table, questions, known)
        right = total = 0
        for set_id, rows in questions.by_set().items():
            assert len(proposals[set_id]) == len(rows)
            assert proposals[set_id][0].group == 0
            for one, row in zip(proposals[set_id], rows, strict=True):
                assert 0 <= one.confidence <= 1
                for two, other in zip(proposals[set_id], rows, strict=True):
                    right += (one.group == two.group) == (truth[row.values[0]] == truth[other.values[0]])
                    total += 1
        assert right >= 0.9 * total


def test_proposals_for_rows_that_are_not_in_the_table(taught: Taught) -> None:
    table, _, _ = taught
    rows = [
        ("s", "", "x1", "quentin", "zwingli", "1 lonely road", "1990-01-01", "777777777"),
        ("s", "", "x2", "quentin", "zwinglj", "1 lonely road", "1990-01-01", "777777777"),
        ("s", "", "x3", "ada", "brown", "7 crowded lane", "1950-05-05", "123123123"),
    ]
    groups = [one.group for one in propose(table, label_file(table.columns, *rows), [])["s"]]
    assert groups == [0, 0, 1]


def test_training_needs_a_match() -> None:
    table = records([["1", "anna", "x"], ["2", "anna", "x"], ["3", "bob", "y"]], NAMES)
    same = label_file(NAMES, ("s", "A", "1", "anna", "x"), ("s", "A", "2", "anna", "x"))
    other = label_file(NAMES, ("t", "A", "1", "anna", "x"), ("t", "B", "3", "bob", "y"))
    assert can_train([same], "id")
    assert not can_train([other], "id")
    assert not can_train([], "id")
    assert can_train([same, other], "id")
    with pytest.raises(FindMatchesError, match="at least one pair"):
        train(table, [other])
    assert partition(train(table, [same, other]).match(table)) == {frozenset("12"), frozenset("3")}


def test_a_match_alone_cannot_teach_where_there_are_no_other_rows() -> None:
    table = records([["1", "anna", "x"], ["2", "anna", "x"]], NAMES)
    same = label_file(NAMES, ("s", "A", "1", "anna", "x"), ("s", "A", "2", "anna", "x"))
    with pytest.raises(FindMatchesError, match="no other rows"):
        train(table, [same])


def test_a_row_that_stands_twice_in_a_set_is_no_pair() -> None:
    twice = label_file(NAMES, ("s", "A", "1", "", ""), ("s", "A", "1", "", ""), ("s", "B", "2", "", ""))
    assert not can_train([twice], "id")


def test_a_later_file_replaces_a_set() -> None:
    first = label_file(NAMES, ("s", "A", "1", "", ""), ("s", "A", "2", "", ""), ("s", "B", "3", "", ""))
    later = label_file(NAMES, ("s", "A", "1", "", ""), ("s", "B", "2", "", ""))
    assert can_train([first], "id")
    assert not can_train([first, later], "id")


def test_labels_of_another_table() -> None:
    table = records([["1", "anna", "x"], ["2", "anna", "x"]], NAMES)
    labels = [label_file(NAMES, ("s", "A", "7", "", ""), ("s", "A", "8", "", ""), ("s", "B", "9", "", ""))]
    for work in (train, ask, evaluate):
        with pytest.raises(FindMatchesError, match=r"a row has id 7, .* nor is any other labelled row"):
            work(table, labels)


def test_labels_of_a_row_that_has_left_the_table_must_show_it() -> None:
    table = records([["1", "anna", "x"], ["2", "anna", "x"]], NAMES)
    short = label_file(("id", "name"), ("s", "A", "1", "anna"), ("s", "A", "2", "anna"), ("s", "B", "9", "bert"))
    with pytest.raises(FindMatchesError, match=r"set s has a row with id 9, which is not .* does not show its town"):
        train(table, [short])


def test_what_was_learned_of_rows_holds_when_they_have_left_the_table(taught: Taught) -> None:
    table, truth, labels = taught
    named = [row.values[0] for labels_ in labels for row in labels_.rows]
    gone = set(named[::2])
    rest = Records(
        table.table.filter(pa.array([key not in gone for key in table.table.column("id").to_pylist()])), "id"
    )

    def pairs(model: Model) -> set[frozenset[str]]:
        return {frozenset(pair) for group in partition(model.match(rest)) for pair in combinations(sorted(group), 2)}

    right = {frozenset(pair) for pair in combinations(rest.keys(), 2) if truth[pair[0]] == truth[pair[1]]}
    found = pairs(train(rest, labels, enforce_labels=True))
    assert len(found & right) >= 0.95 * len(right)
    assert len(found - right) <= 0.05 * len(right)
    questions = ask(rest, labels, sets=4, rows=8)
    asked = {row.values[0] for row in questions.rows}
    assert asked <= set(rest.keys()) - set(named)
    assert evaluate(rest, labels).confusion_matrix == evaluate(table, labels).confusion_matrix
    assert propose(rest, labels[0], labels[1:]).keys() == labels[0].by_set().keys()


def test_contradictions_are_reported_and_no_crash() -> None:
    rows = [[str(n), name, "x"] for n, name in enumerate(["anna", "anne", "annk", "bob", "carl"])]
    labels = [
        label_file(NAMES, ("s1", "A", *rows[0]), ("s1", "A", *rows[1]), ("s1", "B", *rows[3])),
        label_file(NAMES, ("s2", "A", *rows[1]), ("s2", "A", *rows[2])),
        label_file(NAMES, ("s3", "A", *rows[0]), ("s3", "B", *rows[2])),
    ]
    model = train(records(rows, NAMES), labels, enforce_labels=True)
    (contradiction,) = model.contradictions
    assert contradiction.keys == ("0", "2")
    assert contradiction.sets == ("s1", "s2", "s3")
    assert len(partition(model.match(records(rows, NAMES)))) <= 5


def test_a_model_says_which_columns_a_table_lacks(taught: Taught, model: Model) -> None:
    table, _, labels = taught
    with pytest.raises(FindMatchesError, match="lacks columns that the model was trained with: last, phone"):
        model.match(Records.from_arrow(table.table.drop_columns(["last", "phone"]), primary_key="id"))
    matched = Records.from_arrow(model.match(table), primary_key="id")
    for use in (model.match, lambda again: train(again, labels)):
        with pytest.raises(FindMatchesError, match="has a column match_id, and so has every result"):
            use(matched)


def test_trade_offs_out_of_range(taught: Taught) -> None:
    table, _, labels = taught
    with pytest.raises(FindMatchesError, match="precision-recall"):
        train(table, labels, precision_recall=1.5)
    with pytest.raises(FindMatchesError, match="accuracy-cost"):
        train(table, labels, accuracy_cost=-0.1)


def test_more_evidence_gives_fewer_links() -> None:
    table, truth = people(150, 60, seed=2, errors=4)
    labels = [oracle(truth)(ask(table, [], sets=5, rows=8))]
    model = train(table, labels)
    sizes = [len(partition(replace(model, precision_recall=value).match(table))) for value in (0.0, 0.5, 1.0)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


def test_importing_pulls_in_nothing_heavy() -> None:
    """How long it takes is measured by ``bench.speed``."""
    heavy = "{'sklearn', 'scipy', 'pyarrow', 'django', 'boto3', 'pyspark', 'pandas'}"
    code = f"import sys, findmatches; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_matching_imports_nothing_that_it_can_do_without(taught: Taught, model: Model, tmp_path: Path) -> None:
    """Each of these takes a twentieth of a second or more at every start."""
    table, _, _ = taught
    model.save(tmp_path / "model")
    csv.write_csv(table.table, tmp_path / "table.csv")
    spared = (
        "{'sklearn', 'scipy.stats', 'scipy.optimize', 'scipy.cluster', 'scipy.sparse.csgraph', 'django', 'pyspark'}"
    )
    code = f"""
import sys
from pathlib import Path
from findmatches import Model, read_records
folder = Path(sys.argv[1])
Model.load(folder / "model").match(read_records(folder / "table.csv", primary_key="id"))
print(*{spared} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_paths_may_be_text(taught: Taught, model: Model, tmp_path: Path) -> None:
    table, _, labels = taught
    csv.write_csv(table.table, tmp_path / "table.csv")
    (tmp_path / "labels.csv").write_bytes(label_file_bytes(labels[0]))
    model.save(f"{tmp_path}/model")
    found = read_records(f"{tmp_path}/table.csv", primary_key="id").cached_in(f"{tmp_path}/cache")
    assert read_records([f"{tmp_path}/table.csv"], primary_key="id").table.equals(found.table)
    assert Model.load(f"{tmp_path}/model").match(found).equals(model.match(table))
    assert (tmp_path / "cache").is_dir()
    assert read_label_file(f"{tmp_path}/labels.csv") == read_label_file(tmp_path / "labels.csv")
    with pytest.raises(FindMatchesError, match="There is no file or folder nowhere"):
        read_records("nowhere.csv", primary_key="id")


def test_result_columns_and_types(taught: Taught, model: Model) -> None:
    table, _, _ = taught
    matched = model.match(table)
    assert matched.column_names == [*table.columns, "match_id", "match_confidence_score"]
    assert matched.schema.field("match_id").type == pa.int64()
    assert matched.schema.field("match_confidence_score").type == pa.float64()
    assert matched.column("id").equals(table.table.column("id"))
    assert all(0 <= score <= 1 for score in matched.column("match_confidence_score").to_pylist())
