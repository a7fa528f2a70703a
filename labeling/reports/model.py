"""A report is figures and tables; the page, the PDF and the CSV are made of the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from labeling.spreadsheets.cells import csv_text


@dataclass(frozen=True, slots=True)
class Cell:
    """A text, the page of the portal that it leads to, if any, and the number that it writes out, if it is one."""

    text: str
    path: str = ""
    number: float | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A heading; numbers stand on the right."""

    name: str
    number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of as many cells as there are columns. ``empty`` is said where there are no rows."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the week, written out, and what it is compared with."""

    label: str
    value: Cell
    note: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A document: a title, for whom and when, its figures and tables, and what they count."""

    title: str
    subtitle: str
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]
    note: str = ""


def csv_rows(report: Report) -> Iterator[list[object]]:
    """The figures and each table under its title, a blank line between them, then what they count.

    Numbers are plain, so that a spreadsheet can go on with them; no text runs as a formula.
    """
    yield [csv_text(report.title), csv_text(report.subtitle)]
    yield []
    for figure in report.figures:
        yield [csv_text(figure.label), _plain(figure.value), csv_text(figure.note)]
    for table in report.tables:
        yield []
        yield [csv_text(table.title)]
        yield [csv_text(column.name) for column in table.columns]
        for row in table.rows:
            yield [_plain(cell) for cell in row]
    if report.note:
        yield []
        yield [csv_text(report.note)]


def _plain(cell: Cell) -> object:
    return csv_text(cell.text) if cell.number is None else cell.number
