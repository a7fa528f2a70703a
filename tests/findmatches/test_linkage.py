"""Rows of one source that are one thing only if they match the same row of another: learnt from labels, and kept to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from bench.shapes import make
from findmatches import Model, Records, ask, explain, judge, match_incremental, propose, train
from findmatches.clustering import Edges, cluster, pieces
from findmatches.labels import Lessons
from findmatches.linkage import Linkage, counterparts, learn_linkage
from findmatches.normalise import make_column
from labelfiles import LabelFile
from tests.findmatches.data import label_file, oracle, partition, people, register_and_finds


@pytest.fixture(scope="module")
def table() -> tuple[Records, dict[str, str]]:
    return register_and_finds(90, 60)


@pytest.fixture(scope="module")
def labels(table: tuple[Records, dict[str, str]]) -> list[LabelFile]:
    rows, truth = table
    first = oracle(truth)(ask(rows, [], sets=8, rows=8))
    return [first, oracle(truth)(ask(rows, [first], sets=4, rows=8))]


@pytest.fixture(scope="module")
def model(table: tuple[Records, dict[str, str]], labels: list[LabelFile]) -> Model:
    return train(table[0], labels)


def pairs(groups: set[frozenset[str]]) -> set[tuple[str, str]]:
    return {(one, two) for group in groups for one in group for two in group if one < two}


def f1(found: set[frozenset[str]], truth: dict[str, str]) -> float:
    things: dict[str, set[str]] = {}
    for key, thing in truth.items():
        things.setdefault(thing, set()).add(key)
    said, real = pairs(found), pairs({frozenset(keys) for keys in things.values()})
    return 2 * len(said & real) / (len(said) + len(real))


def test_finds_of_people_who_are_in_no_register_stay_alone(
    table: tuple[Records, dict[str, str]], model: Model, tmp_path: Path
) -> None:
    rows, truth = table
    linkage = model.learner.linkage
    assert linkage is not None
    assert linkage.repeats["finds"] > 0.8 > 0.5 > linkage.repeats["register"]
    found = model.match(rows)
    assert f1(partition(found), truth) > 0.95
    nobody = {key for key, thing in truth.items() if thing.startswith("nobody")}
    assert not {pair for pair in pairs(partition(found)) if set(pair) <= nobody}
    model.save(tmp_path / "model")
    assert Model.load(tmp_path / "model").match(rows).equals(found)


def test_more_is_asked_of_a_link_where_few_rows_have_a_counterpart(
    table: tuple[Records, dict[str, str]], labels: list[LabelFile]
) -> None:
    rows, truth = table
    linked = {str(number) for number in range(20)}
    sources = rows.table.column("source").to_pylist()
    few = [
        source == "register" or truth[key].startswith("nobody") or truth[key] in linked
        for key, source in zip(rows.keys(), sources, strict=True)
    ]
    sparse = Records(rows.table.filter(pa.array(few)), "id")
    known = {key: truth[key] for key in sparse.keys()}  # noqa: SIM118 (a method, no dictionary)
    first = oracle(known)(ask(sparse, [], sets=10, rows=8))
    of_few = train(sparse, [first, oracle(known)(ask(sparse, [first], sets=10, rows=8))])
    more = oracle(truth)(ask(rows, labels, sets=8, rows=8))
    of_most = train(rows, [*labels, more])
    assert of_few.learner.linkage is not None
    assert of_few.threshold > of_most.threshold + 0.05
    assert f1(partition(of_few.match(sparse)), known) > 0.95


def test_counterparts_are_counted_among_the_rows_outside_the_largest_source() -> None:
    sources = make_column("source", pa.chunked_array([["finds"] * 5 + ["register"] * 4 + [None]]))
    left, right, score = *np.array([[0, 5, 9, 1], [5, 6, 8, 7]], dtype=np.int32), np.ones(4, dtype=np.float32)
    seen, told = Edges(left[:3], right[:3], score[:3]), Edges(left[3:], right[3:], score[3:])
    assert counterparts(sources, seen, 1.0, told) == 0.75, "the second row of the register is linked within it only"
    assert counterparts(sources, seen.where(seen.left == 0), 0.5, told) == 0.75, "one link seen in half of the pairs"


def test_the_first_questions_are_mostly_about_rows_of_two_sources(labels: list[LabelFile]) -> None:
    place = labels[0].columns.index("source")
    mixed = [len({row.values[place] for row in members}) == 2 for members in labels[0].by_set().values()]
    assert sum(mixed) >= 6


def test_sets_of_one_source_alone_do_not_tell_that_sources_are_no_matter(
    table: tuple[Records, dict[str, str]], labels: list[LabelFile]
) -> None:
    rows, truth = table
    asked = {row.values[0] for file in labels for row in file.rows}
    finds: dict[str, list[dict[str, str]]] = {}
    for row in rows.table.to_pylist():
        if row["source"] == "finds" and row["id"] not in asked and not truth[row["id"]].startswith("nobody"):
            finds.setdefault(truth[row["id"]], []).append(row)
    several = {thing: members for thing, members in finds.items() if len(members) > 1}
    assert len(several) >= 10
    alone = label_file(
        rows.columns,
        *(
            (f"only finds of {thing}", "same", *(row[name] or "" for name in rows.columns))
            for thing, members in several.items()
            for row in members
        ),
    )
    model = train(rows, [*labels, alone])
    assert model.learner.linkage is not None
    assert f1(partition(model.match(rows)), truth) > 0.95


def test_rows_of_a_register_exclude_each_other_and_rows_of_two_registers_do_not() -> None:
    linkage = Linkage({"finds": 1.0, "one": 0.0, "two": 0.0}, {})
    sources = make_column("source", pa.chunked_array([["finds", "one", "one", "finds", "one", "two"]]))
    left, right = np.array([[0, 0, 3, 3, 4], [1, 2, 4, 5, 5]], dtype=np.int32)
    across = Edges(left, right, np.full(len(left), 0.45, dtype=np.float32))
    group = cluster(6, linkage.complete(across, pieces(6, across, 0.4), sources), 0.4)
    assert len({*group[:3]}) == 3, "what is as near to two rows of one register belongs to neither"
    assert len({*group[3:]}) == 1


@pytest.mark.parametrize(
    ("repeats", "known", "alike", "together"),
    [
        (0.5, 1.0, 0.95, True),
        (0.5, 1.0, 0.05, False),
        (1.0, 1.0, 0.05, True),
        (0.2, 1.0, 0.99, True),
        (0.2, 0.0, 0.99, False),
    ],
)
def test_of_rows_that_match_the_same_row_those_that_are_alike_are_one_thing_as_far_as_that_is_known(
    repeats: float, known: float, alike: float, *, together: bool
) -> None:
    linkage = Linkage({"register": 0.0, "finds": repeats}, {"register": 0.0, "finds": known})
    sources = make_column("source", pa.chunked_array([["register", "finds", "finds"]]))
    left, right = np.array([[0, 0, 1], [1, 2, 2]], dtype=np.int32)
    edges = Edges(left, right, np.array([0.6, 0.6, alike], dtype=np.float32))
    group = cluster(3, linkage.complete(edges, np.zeros(3, dtype=np.int32), sources), 0.4)
    assert (group[1] == group[2]) == together


def test_labels_make_known_what_copies_look_like_in_sources_that_have_them() -> None:
    few, many = (finds_of_registered([0.5] * sets) for sets in (3, 12))
    assert few is not None
    assert many is not None
    assert 0.2 < few.known["finds"] < 0.5 < many.known["finds"] < 1
    assert few.known["register"] == many.known["register"] == 0


def test_a_column_with_few_values_is_not_a_source_where_matches_have_the_same(
    table: tuple[Records, dict[str, str]],
) -> None:
    rows, truth = people(140, 70)
    sex = pa.array(["f" if int(truth[key]) % 2 else "m" for key in rows.keys()])  # noqa: SIM118 (a method, no dictionary)
    sexed = Records(rows.table.append_column("sex", sex), "id")
    model = train(sexed, [oracle(truth)(ask(sexed, [], sets=10, rows=8))])
    assert model.schema.side is not None
    assert model.learner.linkage is None
    assert f1(partition(model.match(sexed)), truth) > 0.9


def test_quality_is_estimated_at_the_threshold_and_by_the_rule_of_the_match(
    table: tuple[Records, dict[str, str]], labels: list[LabelFile], model: Model
) -> None:
    rows, truth = table
    judgement = judge(rows, labels, precision_recall=0.9)
    assert judgement.threshold == replace(model, precision_recall=0.9).threshold
    called = [pair for pair in judgement.pairs if pair.score >= judgement.threshold]
    matrix = judgement.metrics.confusion_matrix
    assert len(called) == matrix.true_positives + matrix.false_positives
    nobody = {key for key, thing in truth.items() if thing.startswith("nobody")}
    assert any(set(pair.keys) <= nobody for pair in judgement.pairs)
    assert not any(set(pair.keys) <= nobody for pair in called), (
        "they look alike, but nobody in the register links them"
    )


def test_new_finds_join_by_way_of_the_register(table: tuple[Records, dict[str, str]], model: Model) -> None:
    rows, truth = table
    finds_last = rows.table.sort_by([("source", "descending"), ("id", "ascending")])
    old = Records(finds_last.slice(0, rows.n_rows - 60), "id")
    existing = Records.from_arrow(model.match(old), primary_key="id")
    both = match_incremental(existing, Records(finds_last.slice(rows.n_rows - 60), "id"), model)
    assert f1(partition(both), truth) > 0.93
    nobody = {key for key, thing in truth.items() if thing.startswith("nobody")}
    assert not {pair for pair in pairs(partition(both)) if set(pair) <= nobody}


def test_the_reason_for_two_finds_is_the_row_that_both_match(
    table: tuple[Records, dict[str, str]], model: Model
) -> None:
    rows, truth = table
    source = dict(zip(rows.keys(), rows.table.column("source").to_pylist(), strict=True))
    finds: dict[str, list[str]] = {}
    for group in partition(model.match(rows)):
        own = sorted(key for key in group if source[key] == "finds")
        if len(own) > 1 and len({truth[key] for key in own}) == 1:
            finds.setdefault("together", []).extend(own[:2])
    reason = explain(rows, model, (finds["together"][0], finds["together"][1]))
    assert reason.score >= model.threshold
    assert reason.log_odds == pytest.approx(reason.typical_log_odds + sum(c.log_odds for c in reason.contributions))
    assert "rows of one source count as one thing only if" in reason.contributions[0].words
    nobody = sorted(key for key, thing in truth.items() if thing.startswith("nobody"))
    alone = explain(rows, model, (nobody[0], nobody[1]))
    assert alone.score < model.threshold


def test_proposals_keep_to_it(table: tuple[Records, dict[str, str]], labels: list[LabelFile]) -> None:
    rows, truth = table
    question = ask(rows, labels, sets=4, rows=8, seed=1)
    place = question.columns.index("id")
    wrong = 0
    for set_id, proposals in propose(rows, question, labels).items():
        things = [truth[row.values[place]] for row in question.by_set()[set_id]]
        said = [proposal.group for proposal in proposals]
        for one, two in zip(*np.triu_indices(len(said), 1), strict=True):
            wrong += (said[one] == said[two]) != (things[one] == things[two])
    assert wrong <= 6


def finds_of_registered(by_itself: Sequence[float]) -> Linkage | None:
    """What sets teach in which row 3k of the register and the finds 3k + 1 and 3k + 2 are one thing: third rows link the finds with 0.7, and
    they look like one thing by themselves as much as is said for each set."""
    sets, n_rows = len(by_itself), 3 * len(by_itself)
    register = np.arange(0, n_rows, 3, dtype=np.int32)
    left = np.concatenate([register, register, register + 1])
    right = np.concatenate([register + 1, register + 2, register + 2])
    number, rows = np.tile(np.arange(sets, dtype=np.int32), 3), np.arange(n_rows, dtype=np.int32)
    taught = Lessons(left, right, np.ones(n_rows, dtype=bool), number, tuple(map(str, range(sets))), rows)
    sources = make_column("source", pa.chunked_array([["register", "finds", "finds"] * sets]))
    score, third = np.tile(np.array(by_itself, dtype=np.float32), 3), np.full(n_rows, 0.7, dtype=np.float32)
    return learn_linkage(taught, np.arange(n_rows), sources, score, third)


@pytest.mark.parametrize("sets", [12, 60])
@pytest.mark.parametrize(("by_itself", "registers_matter"), [(0.72, True), (0.99, False)])
def test_sources_are_no_matter_only_if_pairs_clearly_explain_themselves_better(
    by_itself: float, sets: int, *, registers_matter: bool
) -> None:
    assert (finds_of_registered([by_itself] * sets) is not None) == registers_matter


def test_one_set_does_not_decide_whether_sources_matter() -> None:
    # One set whose finds look like two things, though they are one, against eleven that explain themselves.
    astray = 0.03
    assert finds_of_registered([astray, *[0.99] * 11]) is None


def test_finds_that_nobody_in_the_register_links_are_no_question_once_that_is_learnt() -> None:
    rows, truth = register_and_finds(60, 150)
    labels = [oracle(truth)(ask(rows, [], sets=8, rows=8))]
    labels.append(oracle(truth)(ask(rows, labels, sets=4, rows=8)))
    assert train(rows, labels).learner.linkage is not None
    later = ask(rows, labels, sets=10, rows=8)
    place = later.columns.index("source")
    mixed = [len({row.values[place] for row in members}) == 2 for members in later.by_set().values()]
    assert sum(mixed) >= 9, "seven in ten finds are nobody's, and look like each other"


def test_labels_that_show_pairs_across_two_sources_alone_join_no_rows_of_one() -> None:
    # As a list of known matches and differences of a register and a web site would be brought.
    rows, truth = make("whole addresses", 600, 0)
    names = rows.table.column_names
    listed: dict[str, dict[str, list[str]]] = {}
    for row in rows.table.to_pylist():
        listed.setdefault(row["c0"], {})[truth[row["id"]]] = [row[name] or "" for name in names]
    both = sorted(listed["register"].keys() & listed["web"].keys())[:30]
    matches = [[(thing, "A", *listed[source][thing]) for source in ("register", "web")] for thing in both]
    differences = [
        [(f"{one} {other}", "A", *listed["register"][one]), (f"{one} {other}", "B", *listed["web"][other])]
        for one, other in pairwise(both)
    ]
    brought = label_file(names, *chain(*matches, *differences))
    assert f1(partition(train(rows, [brought]).match(rows)), truth) > 0.95
