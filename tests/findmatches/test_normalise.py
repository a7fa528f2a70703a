from __future__ import annotations

import string

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from findmatches.normalise import PLACEHOLDERS, fold, make_column, numbers, object_array


def folded(*cells: str | None) -> list[str | None]:
    column = make_column("c", pa.chunked_array([list(cells)], pa.large_string()))
    return [None if code < 0 else str(column.values[code]) for code in column.codes]


@pytest.mark.parametrize(
    "cell",
    [
        "2024-01-05",
        "5.1.2024",
        "05. 01. 2024",
        "5 Jan 2024",
        "5th January, 2024",
        "Jan. 5, 2024",
        "05-jan-2024",
        "2024/1/5",
        "2024-01-05 00:00:00",
        "2024-01-05T00:00:00.000Z",
        "2024年1月5日",
        "2024년 01월 05일",
    ],
)
def test_a_day_is_the_same_however_it_is_written(cell: str) -> None:
    assert folded(cell, None, "Élan  vital") == ["2024-01-05", None, "elan vital"]


@pytest.mark.parametrize(
    "cell", ["01/05/2024", "5 foo 2024", "192.168.2024", "12 jan 2024 8 pm", "2024", "jan 5", "2024-01-05 08:00"]
)
def test_what_may_be_another_day_or_none_is_left_as_it_is(cell: str) -> None:
    assert folded(cell) == [cell]


@pytest.mark.parametrize(
    ("cells", "dates"),
    [
        (["3/4/2024", "25/12/2024"], ["2024-04-03", "2024-12-25"]),
        (["3/4/2024 12:00:00 AM", "12/25/2024 0:00"], ["2024-03-04", "2024-12-25"]),
        (["03/04/2024", "25/12/2024", "12/25/2024"], ["03/04/2024", "25/12/2024", "12/25/2024"]),
        (["03/04/2024", "99/12/2024"], ["03/04/2024", "99/12/2024"]),
    ],
)
def test_a_column_tells_which_number_of_its_dates_is_the_month(cells: list[str], dates: list[str]) -> None:
    assert folded(*cells) == dates


def test_months_have_their_numbers() -> None:
    months = ["jan", "Feb", "MAR", "april", "May", "june", "Jul.", "August", "Sept.", "oct", "November", "dec"]
    assert folded(*(f"{name} 9, 1999" for name in months)) == [f"1999-{number:02d}-09" for number in range(1, 13)]


@pytest.mark.parametrize("cell", ["7", "007", "7.0", "0007.00"])
def test_a_whole_number_is_the_same_with_zeros_that_say_nothing(cell: str) -> None:
    assert folded(cell, "0", "000") == ["7", "0", "0"]


@pytest.mark.parametrize(
    ("cell", "written_out"),
    [("1.23e+02", "123"), ("-4.500000E-03", "-0.0045"), ("1e-05", "0.00001"), ("2E+06", "2000000"), ("0.0e+00", "0")],
)
def test_a_number_with_a_power_of_ten_is_the_one_written_out(cell: str, written_out: str) -> None:
    assert folded(cell, written_out) == [written_out, written_out]


@pytest.mark.parametrize("cell", ["12e4", "3e10", "5e-12", "1.5e", "e+05", "v1.2e+03"])
def test_what_may_be_a_code_is_no_power_of_ten(cell: str) -> None:
    assert folded(cell) == [cell]


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1234.5", 1234.5), ("$1,234.50", 1234.5), ("1,234", 1234), ("12,34,567.5", 1234567.5), ("-7", -7),
        ("0,5", 0.5), ("12,34", 12.34), ("1.234,56 €", 1234.56), ("1234,567", 1234.567), ("0,125", 0.125),
        ("1e5", 1e5), ("1.5e-3", 0.0015), ("5 eu", 5), ("5 m²", 5), ("40 m2", np.nan), ("1e999", np.nan), ("12:30", 1230),
    ],
)  # fmt: skip
def test_numbers_are_read_as_they_are_meant(cell: str, number: float) -> None:
    assert numbers(object_array([cell, "x"])) == pytest.approx([number, np.nan], nan_ok=True)


@pytest.mark.parametrize("cell", ["7.5", "07:30", "v07", "0x7", "7.0.0", "-07"])
def test_zeros_that_may_say_something_stay(cell: str) -> None:
    assert folded(cell) == [cell]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Щукин, Сергей Ильич", "Shchukin, Sergei Ilich"),
        ("Ђоковић", "DJOKOVIC"),
        ("Γεώργιος Παπαδόπουλος", "Georgios Papadopoulos"),
        ("Μπακογιάννη", "Bakogianni"),
        ("Հարություն", "Harutyun"),
        ("ჭავჭავაძე", "Chavchavadze"),
        ("Sørensen, Åse", "Sorensen, Ase"),
        ("Łódź, Æther, Straße, IŞIK ışık, Đặng", "lodz, aether, strasse, isik isik, dang"),
        ("O’Brien – “№ 5”", 'O\'Brien - "no 5"'),
        ("スズキ ﾊﾅｺ", "すずき はなこ"),
        ("5 μg", "5 ug"),
        ("٥ دقائق", "5 دقائق"),
        ("sand\u00adbox\u200b", "Sandbox"),
    ],
)
def test_letters_of_other_alphabets_are_the_same_in_latin_ones(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("one", "other"), [("バス", "パス"), ("5 µg", "5 mg"), ("कर्म", "करम"), ("ข้าว", "ขาว"), ("张伟", "zhang wei")]
)
def test_signs_that_make_another_word_stay(one: str, other: str) -> None:
    assert folded(one) != folded(other)


@given(st.text())
def test_folding_what_is_folded_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(string.printable + "\0"))
def test_plain_text_loses_case_and_blanks_alone(text: str) -> None:
    plain = " ".join(text.replace("\0", " ").lower().split())
    assert fold(text) == ("" if plain in PLACEHOLDERS else plain)
