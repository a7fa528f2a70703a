"""``python -m findmatches label``: the questions of a label file one after the other, answered in the terminal or line by line."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from string import ascii_uppercase

from findmatches.errors import FindMatchesError
from findmatches.labels import valid_sets
from findmatches.output import check_place, whole
from labelfiles import LabeledRow, LabelFile, label_file_bytes

_HELP = """Which rows are the same thing? Type a letter for each row, in their order: AABC
if only the first two of four are the same; a question mark for a row of which
you cannot tell. Case and spaces do not count. Or type one of these:
  t  all are the same      b  back                    q  quit
  w  all are different     s  skip, ask me later      ?  this help
Every answer is saved at once."""
# Narrower than this, a column goes into a table of its own.
_NARROW = 12


class Session:
    """One person's way through the questions of a file, which holds each answer as soon as it is given."""

    def __init__(self, path: Path, read: Callable[[Path], LabelFile]) -> None:
        """Raises ``FindMatchesError`` if the file holds no question, or cannot be written."""
        if path.exists() and not path.is_file():
            raise FindMatchesError(f"{path} is not a file. Name the file of the questions: answers are saved in it.")
        self._path, self._read, self._file = path, read, read(path)
        check_place(path)
        sets = valid_sets([self._file])
        self._ids = [set_id for set_id, (_, rows) in sets.items() if len(rows) > 1]
        if not self._ids:
            raise FindMatchesError(f"{path} has no question: no labeling set of two rows or more.")

    def progress(self) -> str:
        """Such as ``3 of 10 questions are answered``."""
        questions = "question is" if len(self._ids) == 1 else "questions are"
        return f"{len(self._ids) - len(self._left()):,} of {len(self._ids):,} {questions} answered"

    @property
    def finished(self) -> bool:
        """All questions are answered."""
        return not self._left()

    def run(self) -> None:
        """Ask, from the first question without an answer, until the person wants no more or the input ends.

        Raises ``FindMatchesError`` if an answer cannot be saved.
        """
        for stream in (sys.stdin, sys.stdout):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # a terminal that lacks a letter still shows the others
        if sys.stdin.isatty():
            with contextlib.suppress(ImportError):
                import readline  # noqa: F401 - with it, input() lets people edit their line
        print(_HELP)
        place: int | None = self._next(-1)
        while place is not None:
            place = self._ask(place) if place < len(self._ids) else self._end()

    def _left(self) -> list[int]:
        """The questions without any label, by their places."""
        sets = self._file.by_set()
        return [n for n, set_id in enumerate(self._ids) if not any(row.label.strip() for row in sets[set_id])]

    def _next(self, place: int) -> int:
        return next((other for other in self._left() if other > place), len(self._ids))

    def _end(self) -> int | None:
        left = f"b goes back, {'' if self.finished else 's shows those that were skipped, '}Enter ends."
        line = _line(f"\n{self.progress().capitalize()}. {left}\n> ")
        return self._next(-1) if line == "s" else len(self._ids) - 1 if line == "b" else None

    def _ask(self, place: int) -> int | None:
        """The place of the question to ask next; None if the person wants no more."""
        rows = self._file.by_set()[self._ids[place]]
        print(f"\nQuestion {place + 1:,} ({_clean(self._ids[place])}). {self.progress()}.")
        print(*_picture(self._file.columns, rows), sep="\n")
        ruler = "".join(str(number % 10) for number in range(1, len(rows) + 1))
        while True:
            line = _line(f"\n  {ruler}\n> ")
            if line is None or line == "q":
                return None
            if line == "s":
                return self._next(place)
            if line == "b" and place:
                return place - 1
            if line in ("b", "?"):
                print(_HELP if line == "?" else "This is the first question.")
                continue
            try:
                labels = _labels(line, len(rows))
            except ValueError as error:
                print(error)
                continue
            self._save(self._ids[place], labels)
            return self._next(place)

    def _save(self, set_id: str, labels: Sequence[str]) -> None:
        """Into the file as it is now: what somebody else has answered there since stays."""
        now = self._read(self._path)
        if _unanswered(now) != _unanswered(self._file):
            message = "has other rows than before. The last answer was not saved; start again."
            raise FindMatchesError(f"{self._path} {message}")
        given = iter(labels)
        rows = (replace(row, label=next(given)) if row.labeling_set_id == set_id else row for row in now.rows)
        answered = replace(now, rows=tuple(rows))
        with whole(self._path) as aside:
            aside.write_bytes(label_file_bytes(answered))
        self._file = answered


def _unanswered(label_file: LabelFile) -> LabelFile:
    return replace(label_file, rows=tuple(replace(row, label="") for row in label_file.rows))


def _line(prompt: str) -> str | None:
    """What the person types, in lower case and without spaces; None if there is no more to come."""
    *above, prompt = prompt.split("\n")  # readline must know where the line begins
    print(*above, sep="\n")
    try:
        return "".join(unicodedata.normalize("NFKC", input(prompt)).lower().replace(",", " ").split())
    except EOFError:
        return None


def _labels(line: str, rows: int) -> list[str]:
    """The label of each row. Raises ``ValueError`` with a sentence for the person."""
    letters = [ascii_uppercase[place % 26] * (place // 26 + 1) for place in range(rows)]
    if line in ("t", "w"):
        return letters if line == "w" else letters[:1] * rows
    line = line.upper()
    if len(line) != rows:
        told = "1 letter" if len(line) == 1 else f"{len(line)} letters"
        raise ValueError(f"That makes {told}, and the question has {rows} rows. Type ? for help.")
    if wrong := [letter for letter in line if letter not in {*letters, "?"}]:
        last = letters[:26][-1]
        raise ValueError(f"{wrong[0]} is no group here. {rows} rows make groups A to {last} at most; type ? for help.")
    return ["" if letter == "?" else letter for letter in line]


def _picture(names: Sequence[str], rows: Sequence[LabeledRow]) -> Iterator[str]:
    """The rows as lines that fit the terminal: what all share in words, then the columns that differ, in as many tables as that takes."""
    width = shutil.get_terminal_size().columns
    marks = [f"{number:>{len(str(len(rows)))}} {_clean(row.label)}".rstrip() for number, row in enumerate(rows, 1)]
    columns = [[_clean(cell) for cell in column] for column in zip(names, *(row.values for row in rows), strict=True)]
    same = [f"{name}: {cells[0]}" for name, *cells in columns if cells[0] and len(set(cells)) == 1]
    if same:
        yield from _wrapped(f"The same in all rows: {'; '.join(same)}", width)
    taken: list[list[str]] = []
    table: list[str] = []
    for column in columns:
        if len(set(column[1:])) == 1:
            continue
        joined, alone = _table(marks, [*taken, column], width), _table(marks, [column], width)
        if taken and (not joined or len(joined) > len(table) + len(alone)):
            yield from ("", *table)
            taken, joined = [], alone
        taken, table = [*taken, column], joined
    yield from ("", *table)


def _table(marks: Sequence[str], columns: Sequence[list[str]], width: int) -> list[str]:
    """Lines of a table whose columns are given with their names above; none if they do not fit beside each other."""
    left = max(map(_width, marks))
    room = max(width - left - 2 * len(columns), 1)
    widths = [min(max(map(_width, column)), max(room, _NARROW)) for column in columns]
    while sum(widths) > room and max(widths) > _NARROW:
        widths[widths.index(max(widths))] -= 1
    if sum(widths) > room and len(columns) > 1:
        return []
    lines = []
    for number, mark in enumerate(["", *marks]):
        cells = [_wrapped(column[number], room) for column, room in zip(columns, widths, strict=True)]
        styles = ["4" if not number else "1" if _stands_out(column[1:], number - 1) else "" for column in columns]
        for height in range(max(map(len, cells))):
            line = _padded(mark if not height else "", left)
            for cell, room, style in zip(cells, widths, styles, strict=True):
                line += "  " + _padded(cell[height] if height < len(cell) else "", room, style)
            lines.append(line.rstrip())
    return lines


def _stands_out(cells: Sequence[str], number: int) -> bool:
    """It differs from the row above, in a column where not all rows do, as they do in that of the key."""
    folded = [cell.casefold() for cell in cells]
    return number > 0 and folded[number] != folded[number - 1] and len(set(folded)) < len(folded)


def _padded(text: str, width: int, style: str = "") -> str:
    plain = not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb"
    shown = text if plain or not style or not text else f"\x1b[{style}m{text}\x1b[0m"
    return shown + " " * (width - _width(text))


def _clean(text: str) -> str:
    """In one line, and without what a terminal would obey."""
    line = unicodedata.normalize("NFC", " ".join(text.split()))
    return "".join(letter for letter in line if unicodedata.category(letter) not in ("Cc", "Cf"))


@lru_cache(1 << 14)
def _width(text: str) -> int:
    """How many columns of a terminal it takes."""
    if text.isascii():
        return len(text)
    marks = ("Mn", "Me")
    return sum(
        0 if unicodedata.category(letter) in marks else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def _wrapped(text: str, width: int) -> list[str]:
    """In lines of so many columns, at spaces where there are some."""
    lines: list[str] = []
    while True:
        used, cut = 0, len(text)
        for place, letter in enumerate(text):
            used += _width(letter)
            if used > width:
                cut = max(place, 1)
                break
        if cut == len(text):
            return [*lines, text]
        space = text.rfind(" ", 1, cut + 1)
        lines.append(text[: space if space > 0 else cut])
        text = text[space if space > 0 else cut :].lstrip(" ")
