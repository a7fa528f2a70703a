"""A report is figures and tables; the page, the PDF and the CSV are made of the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from labeling.spreadsheets.cells import csv_text


@dataclass(frozen=True, slots=True)
class Cell:
    """A text, and the page of the portal that it leads to, if any."""

    text: str
    path: str = ""


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
    """One number of the week, and what it is compared with."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A document: a title, for whom and when, its figures and tables."""

    title: str
    subtitle: str
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]


def csv_rows(report: Report) -> Iterator[list[str]]:
    """The figures and each table under its title, a blank line between them; nothing in it runs as a formula."""
    yield [csv_text(report.title), csv_text(report.subtitle)]
    yield []
    for figure in report.figures:
        yield [csv_text(figure.label), csv_text(figure.value), csv_text(figure.note)]
    for table in report.tables:
        yield []
        yield [csv_text(table.title)]
        yield [csv_text(column.name) for column in table.columns]
        for row in table.rows:
            yield [csv_text(cell.text) for cell in row]
