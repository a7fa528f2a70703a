from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from labeling.spreadsheets import (
    QuestionSheet,
    SheetProblem,
    SheetQuestion,
    SheetReading,
    SheetRow,
    csv_bytes,
    read_sheet,
)
from labeling.spreadsheets.workbook import workbook_bytes
from partitions import LABELS

KEY = b"a key for tests"
COLUMNS = ("id", "name", "city")
HEADER = ["row mark", "labeling_set_id", "label", *COLUMNS]
Table = list[list[object]]


def sheet_of(*questions: Sequence[tuple[str, str, str]], labels: str = "") -> QuestionSheet:
    """Rows as values; row ids count from 1, ``labels`` gives the labels so far, a space for none."""
    given_labels = iter(labels.ljust(1000).replace(" ", "\0"))
    number = iter(range(1, 1000))
    return QuestionSheet(
        COLUMNS,
        "id",
        tuple(
            SheetQuestion(
                f"set{place}",
                tuple(SheetRow(str(next(number)), values, next(given_labels).strip("\0")) for values in rows),
            )
            for place, rows in enumerate(questions, start=1)
        ),
    )


SHEET = sheet_of(
    [("00123", "Ann", "Rome"), ("124", "Anne", "Rome"), ("125", "Bob", "Oslo")],
    [("1234567890123456789", "Cy", "Bonn"), ("3-4", "Di", "Bern"), ("1E5", "=1+1", "@home")],
)


def workbook(sheet: QuestionSheet = SHEET) -> bytes:
    return workbook_bytes(sheet, title="Questions 1", key=KEY)


def cells(data: bytes) -> Table:
    page = load_workbook(io.BytesIO(data)).worksheets[0]
    return [[cell.value if cell.value is not None else "" for cell in row] for row in page.iter_rows()]


def as_workbook(table: Table) -> bytes:
    book = Workbook()
    page = book.active
    assert isinstance(page, Worksheet)
    for number, row in enumerate(table, start=1):
        for place, value in enumerate(row, start=1):
            cell = page.cell(number, place)
            cell.value = value  # type: ignore[assignment]
            if isinstance(value, str) and value and value != "=FORMULA()":
                cell.data_type = "s"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def as_csv(table: Table, delimiter: str = ",", encoding: str = "utf-8-sig") -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows(table)
    return stream.getvalue().encode(encoding, "replace")


def rows_of_csv(sheet: QuestionSheet) -> Table:
    return [list(row) for row in csv.reader(io.StringIO(csv_bytes(sheet, key=KEY).decode("utf-8-sig"), newline=""))]


def read(data: bytes, sheet: QuestionSheet = SHEET) -> SheetReading:
    return read_sheet(data, sheet, key=KEY)


def labels(reading: SheetReading) -> str:
    found = {label.row_id: label.label for label in reading.labels}
    rows = [row.row_id for question in SHEET.questions for row in question.rows]
    return "".join(found[row] or "_" if row in found else "-" for row in rows)


def codes(reading: SheetReading) -> list[tuple[int | None, str | None, str]]:
    return [(problem.row, problem.column, problem.code) for problem in reading.problems]


def filled(given_labels: str, table: Table | None = None) -> Table:
    """The table of ``SHEET`` with these labels, an underscore for none."""
    table = table or cells(workbook())
    return [
        table[0],
        *([*row[:2], label.strip("_"), *row[3:]] for row, label in zip(table[1:], given_labels, strict=True)),
    ]


# What is written


def test_the_workbook_is_made_for_people_in_excel() -> None:
    page = load_workbook(io.BytesIO(workbook())).worksheets[0]
    assert page.title == "Questions 1"
    assert [cell.value for cell in page[1]] == HEADER
    assert page.freeze_panes == "D2"
    assert page.column_dimensions["A"].hidden
    assert not page.column_dimensions["B"].hidden
    fills = [[cell.fill.fgColor.rgb for cell in row] for row in page.iter_rows(min_row=2)]
    assert all(len(set(row)) == 1 for row in fills)
    colours = [row[0] for row in fills]
    assert colours[0] == colours[1] == colours[2] != colours[3] == colours[4] == colours[5]
    assert str(page.data_validations.dataValidation[0].sqref) == "C2:C7"
    assert load_workbook(io.BytesIO(workbook())).sheetnames == ["Questions 1", "Guide"]


def test_only_questions_of_more_than_fifteen_rows_have_doubled_groups() -> None:
    small = [("x", "Ann", "Rome"), ("y", "Bob", "Oslo")]
    sheet = sheet_of(small, [(str(number), f"name {number}", "Rome") for number in range(18)])
    book = load_workbook(io.BytesIO(workbook(sheet)))
    offered = {str(offer.sqref): offer.formula1 for offer in book.worksheets[0].data_validations.dataValidation}
    letters = ",".join("ABCDEFGHIJKLMNO")
    assert offered == {"C2:C3": f'"{letters},?"', "C4:C21": f'"{",".join(LABELS)},?"'}
    assert "AA, BB, CC" in str([cell.value for cell in book["Guide"]["A"]])
    assert "AA" not in str([cell.value for cell in load_workbook(io.BytesIO(workbook()))["Guide"]["A"]])

    table = cells(workbook(sheet))
    for row, label in zip(table[1:], ("A", "AA", *LABELS[:17], "oo"), strict=True):
        row[2] = label
    found = read(as_workbook(table), sheet)
    assert [one.label for one in found.labels] == ["A", *LABELS[:17], "OO"]
    assert codes(found) == [(3, "C", "label_unknown")]


def test_every_cell_of_the_workbook_is_text() -> None:
    page = load_workbook(io.BytesIO(workbook())).worksheets[0]
    for row in page.iter_rows():
        for cell in row:
            assert cell.number_format == "@"
            assert cell.value is None or (cell.data_type == "s" and isinstance(cell.value, str))
    assert page["D2"].value == "00123"
    assert page["D5"].value == "1234567890123456789"
    assert page["E7"].value == "=1+1"
    with zipfile.ZipFile(io.BytesIO(workbook())) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "'"])
def test_no_cell_of_the_csv_begins_like_a_formula(start: str) -> None:
    sheet = sheet_of([(f"{start}1", f"{start}cmd|' /C calc'!A0", "x")])
    data = csv_bytes(sheet, key=KEY)
    assert data.startswith(b"\xef\xbb\xbf")
    table = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert all(not cell.startswith(tuple("=+-@\t\r\n")) for row in table for cell in row)
    assert table[1][3] == f"'{start}1"
    assert read(data, sheet).problems == ()


@pytest.mark.parametrize("title", ["", "a/b:c[d]*e?f\\g", "x" * 50, "'quoted'", "\x01"])
def test_any_title_will_do(title: str) -> None:
    assert read(workbook_bytes(SHEET, title=title, key=KEY)).problems == ()


# What is read back

TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("=+-@'\"\t\r\n_x0041;,\0 \ufeff"), max_size=8)
LABEL = st.sampled_from(["", "A", "B", "O", "?"])


@st.composite
def sheets(draw: st.DrawFn) -> QuestionSheet:
    keys = draw(st.lists(TEXT.filter(str.strip), min_size=1, max_size=8, unique=True))
    cut = draw(st.integers(0, len(keys)))
    rows = [SheetRow(str(number), (draw(TEXT), key, draw(TEXT)), draw(LABEL)) for number, key in enumerate(keys)]
    questions = [SheetQuestion("one", tuple(rows[:cut])), SheetQuestion("two", tuple(rows[cut:]))]
    return QuestionSheet(("a", "key", "b"), "key", tuple(question for question in questions if question.rows))


def shuffled(data: st.DataObject, table: Table, answers: list[str]) -> Table:
    """Rows and columns in another order, with answers."""
    rows = [[*row[:2], answer, *row[3:]] for row, answer in zip(table[1:], answers, strict=True)]
    order = data.draw(st.permutations(range(len(table[0]))))
    return [[row[place] for place in order] for row in [table[0], *data.draw(st.permutations(rows))]]


@settings(max_examples=20)
@given(st.data(), sheets())
def test_labels_come_back_whatever_the_order_of_rows_and_columns(data: st.DataObject, sheet: QuestionSheet) -> None:
    rows = [row for question in sheet.questions for row in question.rows]
    answers = [data.draw(LABEL) for _ in rows]
    for found in (
        read(as_workbook(shuffled(data, cells(workbook(sheet)), answers)), sheet),
        read(as_csv(shuffled(data, rows_of_csv(sheet), answers), ";"), sheet),
    ):
        assert found.problems == ()
        assert [(one.row_id, one.label, one.label_before) for one in found.labels] == [
            (row.row_id, answer, row.label) for row, answer in zip(rows, answers, strict=True)
        ]
        assert [one.label != one.label_before for one in found.labels] == [
            row.label != answer for row, answer in zip(rows, answers, strict=True)
        ]


@settings(max_examples=20)
@given(sheets())
def test_what_was_not_touched_says_that_nothing_changed(sheet: QuestionSheet) -> None:
    for data in (workbook(sheet), csv_bytes(sheet, key=KEY), as_csv(rows_of_csv(sheet), ";")):
        found = read(data, sheet)
        assert found.problems == ()
        assert not any(label.label != label.label_before for label in found.labels)
    assert not [cell for row in rows_of_csv(sheet) for cell in row if str(cell).startswith(tuple("=+-@\t\r\n"))]
    page = load_workbook(io.BytesIO(workbook(sheet))).worksheets[0]
    assert {cell.data_type for row in page.iter_rows() for cell in row if cell.value is not None} == {"s"}


def test_half_filled_and_read_twice() -> None:
    data = as_workbook(filled("AAB__?"))
    assert labels(read(data)) == "AAB__?"
    assert read(data) == read(data)
    assert [label.row_id for label in read(data).labels if label.label != label.label_before] == ["1", "2", "3", "6"]


def mangle(key: object) -> object:
    """What a spreadsheet makes of the keys of ``SHEET``."""
    return {"00123": 123, "124": 124, "125": 125.0, "1234567890123456789": 1.23456789012346e18, "1E5": 100000}.get(
        str(key), dt.date(2026, 4, 3) if key == "3-4" else key
    )


MANGLED_CSV = {"00123": "123", "1234567890123456789": "1.23457E+18", "3-4": "03. Apr", "1E5": "1.00E+05"}


@pytest.mark.parametrize("with_marks", [True, False])
@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_mangled_keys_are_recognised_and_told(with_marks: bool, kind: str) -> None:
    table = filled("AABA?C")
    for row in table[1:]:
        row[3] = mangle(row[3]) if kind == "xlsx" else MANGLED_CSV.get(str(row[3]), row[3])
    if not with_marks:
        table = [row[1:] for row in table]
    found = read(as_workbook(table) if kind == "xlsx" else as_csv(table))
    assert labels(found) == "AABA?C"
    column = "D" if with_marks else "C"
    told = [(row, column, "key_mangled") for row in (2, 5, 6, 7)]
    assert codes(found) == told + ([] if with_marks else [(None, None, "marks_lost")])
    assert {problem.severity for problem in found.problems} == {"warning"}
    assert "00123" in found.problems[0].message


def test_values_that_a_spreadsheet_rewrote_need_no_word() -> None:
    sheet = sheet_of([("a", "007", "1.50"), ("b", "2020-01-05", "x  y")])
    table = cells(workbook(sheet))
    table[1][4:] = [7, 1.5]
    table[2][4:] = [dt.date(2020, 1, 5), "x y "]
    assert read(as_workbook(table), sheet).problems == ()


def test_changed_values_are_told_and_not_taken_in() -> None:
    table = filled("AABAAB")
    table[1][4] = "Somebody else"
    found = read(as_workbook(table))
    assert codes(found) == [(2, "E", "value_changed")]
    assert labels(found) == "AABAAB"


def test_rows_that_were_sorted_without_their_marks_are_those_that_were_seen() -> None:
    table = filled("AABACD")
    marks = [row[0] for row in table]
    table = [table[0], *reversed(table[1:])]
    table = [[mark, *row[1:]] for mark, row in zip(marks, table, strict=True)]
    found = read(as_workbook(table))
    assert labels(found) == "AABACD"
    assert {problem.code for problem in found.problems} == {"mark_elsewhere"}
    assert all(label.label_before is None for label in found.labels)


def test_a_row_whose_mark_and_looks_are_two_rows_is_refused() -> None:
    sheet = sheet_of([("1", "Ann", "Rome"), ("2", "Anne", "Rome")])
    table = cells(workbook(sheet))
    table[1][2], table[2][2] = "A", "B"
    table[1][3] = "2"
    found = read(as_workbook(table), sheet)
    assert codes(found)[0] == (2, None, "row_unclear")
    assert [label.row_id for label in found.labels] == ["2"]


def test_mark_and_key_together_outweigh_the_values() -> None:
    table = filled("AABACD")
    table[1][4:] = ["Bob", "Oslo"]
    found = read(as_workbook(table))
    assert codes(found) == [(2, "E", "value_changed"), (2, "F", "value_changed")]
    assert labels(found) == "AABACD"


def test_an_edited_key_does_not_make_it_another_row() -> None:
    table = filled("AABACD")
    table[1][3] = "125"
    found = read(as_workbook(table))
    assert codes(found) == [(2, "D", "key_changed")]
    assert labels(found) == "AABACD"


@pytest.mark.parametrize(
    ("change", "expected", "told"),
    [
        (lambda row: row.__setitem__(2, "AB"), "-ABACD", (2, "C", "label_unknown")),
        (lambda row: row.__setitem__(2, 1), "-ABACD", (2, "C", "label_unknown")),
        (lambda row: row.__setitem__(2, "=FORMULA()"), "-ABACD", (2, "C", "label_formula")),
        (lambda row: row.__setitem__(1, "set2"), "-ABACD", (2, "B", "set_changed")),
        (lambda row: row.__setitem__(0, "row-2.-.forged"), "AABACD", (2, "A", "mark_invalid")),
    ],
)
def test_one_cell_that_is_wrong(
    change: Callable[[list[object]], None], expected: str, told: tuple[int, str, str]
) -> None:
    table = filled("AABACD")
    change(table[1])
    found = read(as_workbook(table))
    assert labels(found) == expected
    assert told in codes(found)


def test_small_letters_and_spaces_are_labels_and_what_is_none_comes_before_what_did_no_harm() -> None:
    table = filled("AABACD")
    for row in table[1:]:
        row[2] = f" {str(row[2]).lower()}"
        row[3] = f"{row[3]}."  # as a spreadsheet might have put a full stop behind each key
    table[-1][2] = "none"
    found = read(as_workbook(table))
    assert labels(found) == "AABAC-"
    assert codes(found)[0] == (7, "C", "label_unknown")
    assert {problem.severity for problem in found.problems[1:]} == {"warning"}
    assert "label" not in str(codes(found)[1:])


def test_rows_that_are_twice_foreign_or_gone() -> None:
    table = filled("AABACD")
    other = sheet_of([("900", "Zed", "Riga")])
    foreign = cells(
        workbook_bytes(
            QuestionSheet(COLUMNS, "id", (SheetQuestion("x", (SheetRow("99", ("9", "Z", "R")),)),)), title="", key=KEY
        )
    )[1]
    table[3:] = [
        [*table[1][:2], "C", *table[1][3:]],
        table[2],
        foreign,
        ["", "", "A", *other.questions[0].rows[0].values],
    ]
    found = read(as_workbook(table))
    assert labels(found) == "-A----"
    assert codes(found) == [
        (6, None, "other_file"),
        (4, "C", "row_contradicted"),
        (7, None, "row_unknown"),
        (5, None, "row_twice"),
        (None, None, "rows_missing"),
        (None, None, "questions_missing"),
    ]


def test_a_mark_of_another_key_is_worth_nothing() -> None:
    found = read_sheet(as_workbook(filled("AABACD")), SHEET, key=b"another")
    assert labels(found) == "AABACD"
    assert [code for _, _, code in codes(found)] == ["mark_invalid"] * 6 + ["marks_lost"]
    assert all(label.label_before is None for label in found.labels)


def test_rows_on_several_sheets_below_a_title_and_beside_other_sheets() -> None:
    table = filled("AABACD")
    book = load_workbook(io.BytesIO(as_workbook([["My work"], [], *table[:4]])))
    second, notes = book.create_sheet("Rest"), book.create_sheet("Notes")
    for row in [table[0], *table[4:]]:
        second.append(row[:4])
    notes.append(["call Ann"])
    second["C3"] = "X"
    stream = io.BytesIO()
    book.save(stream)
    found = read(stream.getvalue())
    assert labels(found) == "AABA-D"
    assert [(problem.sheet, *code) for problem, code in zip(found.problems, codes(found), strict=True)] == [
        ("Rest", 3, "C", "label_unknown"),
        ("Notes", None, None, "no_header"),
    ]
    assert [(label.sheet, label.row) for label in found.labels][::4] == [("Sheet", 4), ("Rest", 4)]
    assert str(found.problems[0]).startswith("sheet “Rest”, row 3, column C: “X” is not a label.")


@pytest.mark.parametrize(
    "header", [["Row mark", "Labeling_Set_ID", "Label"], ["ROW MARK", "LABELING_SET_ID", " LABEL "]]
)
def test_a_header_in_other_capitals_is_known(header: list[object]) -> None:
    table = filled("AABACD")
    found = read(as_workbook([[*header, *table[0][3:]], *table[1:]]))
    assert (labels(found), codes(found)) == ("AABACD", [])


def test_the_name_itself_goes_before_one_in_other_capitals() -> None:
    table = [[notes, *row] for notes, row in zip(["Label", *"DDDDDD"], filled("AABACD"), strict=True)]
    assert labels(read(as_csv(table))) == "AABACD"


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", []), ("utf-8-sig", []), ("utf-16", []), ("cp1252", [(None, None, "assumed_encoding")])],
)
def test_encodings_of_csv(encoding: str, told: list[object]) -> None:
    sheet = sheet_of([("1", "Zoë", "Köln"), ("2", "Łukasz", "Łódź")])
    table = cells(workbook(sheet))
    table[1][2] = "A"
    found = read(as_csv(table, "\t", encoding), sheet)
    assert codes(found) == told
    assert [label.label for label in found.labels] == ["A", ""]


def test_csv_of_a_polish_excel_comes_back_as_it_went() -> None:
    """Read as Windows-1252, 0x8f is no letter, and each other value looks changed."""
    names = ("Łukasz Wiśniewski", "Źródło", "Małgorzata Wójcik", "Józef Źrebiec", "Częstochowa", "Gdańsk")
    sheet = sheet_of([(str(number), name, "Łódź") for number, name in enumerate(names)])
    table = cells(workbook(sheet))
    table[1][2] = "A"
    found = read(as_csv(table, ";", "cp1250"), sheet)
    assert codes(found) == [(None, None, "assumed_encoding")]
    assert "Central European (Windows-1250)" in str(found.problems[0])
    assert [label.label for label in found.labels] == ["A", "", "", "", "", ""]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "nothing_to_read"),
        (b"a,b\n1,2\n", "nothing_to_read"),
        (b"PK\x03\x04 nonsense", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old_excel"),
        (b"\x00\x81\x8d\xff", "encoding"),
        (b"x" * 20_000_001, "too_large"),
    ],
)
def test_files_that_cannot_be_read(data: bytes, code: str) -> None:
    found = read(data)
    assert found.labels == ()
    assert (None, None, code) in codes(found)
    assert any(problem.severity == "error" for problem in found.problems)


def replaced(data: bytes, name: str, content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, content if part == name else old.read(part))
    return stream.getvalue()


def test_hostile_workbooks_are_refused() -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    laughs = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">{entities}]><worksheet>&a9;</worksheet>'
    assert codes(read(replaced(workbook(), "xl/worksheets/sheet1.xml", laughs.encode())))[0][2] == "damaged"
    bomb = replaced(workbook(), "xl/worksheets/sheet2.xml", b" " * 310_000_000)
    assert len(bomb) < 1_000_000
    assert codes(read(bomb))[0][2] == "too_large"


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_small_files_of_very_many_cells_are_refused(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Packed, a workbook of twenty million cells has a few hundred kilobytes, and would take gigabytes of memory."""
    table = filled("AABACD")
    data = as_workbook(table) if kind == "xlsx" else as_csv(table)
    count = sum(map(len, table))
    monkeypatch.setattr("labeling.spreadsheets.tables.MAX_CELLS", count + 20)
    assert codes(read(data)) == []
    monkeypatch.setattr("labeling.spreadsheets.tables.MAX_CELLS", count - 1)
    assert codes(read(data)) == [(None, None, "too_large")]


def test_wrong_dimensions_and_rows_far_below_lose_nothing() -> None:
    book = load_workbook(io.BytesIO(as_workbook(filled("AABACD")[:6])))
    page = book.worksheets[0]
    for place, value in enumerate(filled("AABACD")[6], start=1):
        page.cell(300_000, place).value = value  # type: ignore[assignment]
        page.cell(300_000, place).data_type = "s"
    stream = io.BytesIO()
    book.save(stream)
    with zipfile.ZipFile(stream) as archive:
        content = archive.read("xl/worksheets/sheet1.xml")
    lying = content.replace(b'<dimension ref="A1:F300000"', b'<dimension ref="A1:B2"')
    assert lying != content
    found = read(replaced(stream.getvalue(), "xl/worksheets/sheet1.xml", lying))
    assert labels(found) == "AABACD"
    assert found.labels[-1].row == 300_000


def test_many_problems_are_counted() -> None:
    sheet = sheet_of([(str(number), "n", "c") for number in range(600)])
    table = cells(workbook(sheet))
    for row in table[1:]:
        row[2] = "nonsense"
    problems = read(as_workbook(table), sheet).problems
    assert len(problems) == 501
    assert problems[-1] == SheetProblem(None, None, None, "more_problems", "There are 100 more problems.", "error")
