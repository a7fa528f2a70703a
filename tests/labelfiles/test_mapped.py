from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelfiles import (
    BroughtLabels,
    LabelMapping,
    content_hash,
    guess_label_mapping,
    is_label_table,
    label_file_bytes,
    labels_to_label_file,
    read_label_file,
    read_pair_table,
    validate,
)

COLUMNS = ("id", "name", "city")
RECORDS = {key: (key, f"name of {key}", "Rome") for key in ("1", "2", "3", "007", "Zoë")}


def brought(data: str | bytes, *, tidy: bool = False) -> BroughtLabels:
    table = read_pair_table(data.encode() if isinstance(data, str) else data, has_header=True)
    guessed = guess_label_mapping(table, primary_key="id")
    mapping = LabelMapping(guessed.labeling_set, guessed.label, guessed.key, tidy)
    return labels_to_label_file(table, mapping, columns=COLUMNS, records=RECORDS)


def said(found: BroughtLabels) -> list[tuple[str, str, str]]:
    return [(row.labeling_set_id, row.label, row.values[0]) for row in found.label_file.rows]


def codes(found: BroughtLabels) -> list[tuple[int | None, str | None, str]]:
    return [(problem.line, problem.column, problem.code) for problem in found.problems]


def test_empty_rows_are_left_out_and_counted() -> None:
    found = brought("labeling_set_id,label,id\ns,A,1\ns,B,2\n,,\n,,\n")
    assert said(found) == [("s", "A", "1"), ("s", "B", "2")]
    assert [str(problem) for problem in found.problems] == ["2 rows are empty and left out."]
    assert found.blank == 0


@pytest.mark.parametrize(
    "data",
    [
        "labeling_set_id,label,id,name,city\ns,A,1,name of 1,Rome\ns,B,2,name of 2,Rome\n",
        "id;name;label;Labeling_Set_ID \n1;name of 1;A;s\n2;name of 2;B;s\n",
        "\ufefflabeling_set_id\tlabel\tid\r\ns\tA\t1\r\n s \tB\t 2 \r\n",
        '"note","labeling_set_id","label","id"\n"x, y",s,A,1\n,s,B,2\n',
    ],
)
def test_any_shape_of_a_label_file_becomes_one_that_glue_reads(data: str) -> None:
    found = brought(data)
    assert said(found) == [("s", "A", "1"), ("s", "B", "2")]
    assert found.problems == ()
    assert all(row.values == RECORDS[row.values[0]] for row in found.label_file.rows)
    written = read_label_file(label_file_bytes(found.label_file))
    assert [
        problem.code for problem in validate(written, columns=COLUMNS, primary_key="id") if problem.severity == "error"
    ] == []


def test_what_cannot_be_used_is_named_and_left_out() -> None:
    found = brought("labeling_set_id,label,id\ns,A,1\n,A,2\ns,,2\ns,B,\ns,B,99\ns\ns,B,3\n")
    assert said(found) == [("s", "A", "1"), ("s", "B", "3")]
    assert found.blank == 1
    assert codes(found) == [
        (3, "labeling_set_id", "blank_set_id"),
        (5, "id", "blank_key"),
        (6, "id", "unknown_key"),
        (7, None, "short_row"),
    ]


def test_a_question_mark_is_no_label_that_rows_can_share() -> None:
    found = brought("labeling_set_id,label,id\ns,A,1\ns,?,2\ns, ? ,3\nt,A?,1\nt,B,2\n")
    assert said(found) == [("s", "A", "1"), ("t", "A?", "1"), ("t", "B", "2")]
    assert (found.blank, found.problems) == (2, ())


def test_a_row_that_stands_twice_is_taken_once_or_not_at_all() -> None:
    found = brought("labeling_set_id,label,id\ns,A,1\ns,A,1\ns,A,2\ns,B,2\nt,B,2\nt,B,3\n")
    assert said(found) == [("s", "A", "1"), ("t", "B", "2"), ("t", "B", "3")]
    assert codes(found) == [(3, None, "repeated_row"), (5, "label", "contradicting_row")]


def test_labels_that_differ_by_spelling_only_can_be_tidied() -> None:
    data = "labeling_set_id,label,id\ns,Ann,1\ns,ann ,2\nt,ann,3\nt,ANN,1\n"
    assert [label for _set, label, _key in said(brought(data))] == ["Ann", "ann ", "ann", "ANN"]
    assert [label for _set, label, _key in said(brought(data, tidy=True))] == ["Ann", "Ann", "ann", "ann"]


def test_values_that_differ_from_the_table_are_said_and_not_used() -> None:
    found = brought("labeling_set_id,label,id,city,name\ns,A,1,Roma,name of one\ns,A,2,Rome,name of 2\n")
    assert codes(found) == [(2, "city", "other_values")]
    assert "city, name" in found.problems[0].message
    assert found.label_file.rows[0].values == RECORDS["1"]


def test_sets_that_are_too_large_are_left_out() -> None:
    records = {str(number): (str(number), "", "") for number in range(60)}
    lines = [f"s,A,{number}" for number in range(51)] + ["t,A,1", "t,B,2"]
    table = read_pair_table("\n".join(["labeling_set_id,label,id", *lines]).encode(), has_header=True)
    found = labels_to_label_file(
        table, LabelMapping("labeling_set_id", "label", "id"), columns=COLUMNS, records=records
    )
    assert {row.labeling_set_id for row in found.label_file.rows} == {"t"}
    assert codes(found) == [(2, "labeling_set_id", "set_too_large")]


def test_label_tables_are_told_from_pairs() -> None:
    assert is_label_table(read_pair_table(b"id,LABEL, labeling_set_id\n1,A,s\n"))
    assert not is_label_table(read_pair_table(b"left,right,match\n1,2,1\n"))
    table = read_pair_table(b"set,group,customer,id\ns,A,x,1\n")
    assert guess_label_mapping(table, primary_key="id") == LabelMapping("set", "group", "id")


cells = st.tuples(st.sampled_from("stu"), st.sampled_from(["A", "B", "C", ""]), st.sampled_from(sorted(RECORDS)))


@given(st.lists(cells, max_size=20), st.randoms(use_true_random=False), st.sampled_from([",", ";", "\t"]))
def test_the_order_of_rows_and_columns_does_not_matter(
    rows: list[tuple[str, str, str]], random: object, delimiter: str
) -> None:
    def file(header: list[str], table: list[tuple[str, ...]]) -> bytes:
        stream = io.StringIO(newline="")
        csv.writer(stream, delimiter=delimiter).writerows([header, *table])
        return stream.getvalue().encode()

    straight = brought(file(["labeling_set_id", "label", "id"], [*rows]))
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    turned = brought(file(["id", "labeling_set_id", "label"], [(key, name, label) for name, label, key in shuffled]))
    one, two = straight.label_file, turned.label_file
    assert content_hash(one, primary_key="id") == content_hash(two, primary_key="id")
    assert straight.blank == turned.blank
    for found in (straight, turned):
        assert not [
            problem
            for problem in validate(found.label_file, primary_key="id")
            if "row" in problem.code and problem.severity == "error" and problem.code != "no_rows"
        ]
