"""Small tables with a known truth, made in the test."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pyarrow as pa

from findmatches import Records
from labelfiles import LabeledRow, LabelFile

FIRST = [
    "anna",
    "bert",
    "carla",
    "dirk",
    "eva",
    "frank",
    "greta",
    "hans",
    "ida",
    "jan",
    "karl",
    "lena",
    "maria",
    "nils",
    "olga",
    "paul",
    "rosa",
    "sven",
    "tina",
    "uwe",
]
LAST = [
    "albrecht",
    "becker",
    "conrad",
    "dietrich",
    "engel",
    "fischer",
    "graf",
    "huber",
    "jung",
    "keller",
    "lang",
    "maier",
    "neumann",
    "otto",
    "peters",
    "richter",
]
STREETS = [
    "oak",
    "elm",
    "pine",
    "main",
    "church",
    "mill",
    "station",
    "park",
    "lake",
    "hill",
    "river",
    "school",
    "garden",
    "market",
]


def people(things: int, doubles: int, seed: int = 0, errors: int = 1) -> tuple[Records, dict[str, str]]:
    """``things`` people, ``doubles`` of them twice, with typing errors or missing cells; and the truth by key."""
    rng = random.Random(seed)  # noqa: S311 (test data, no secrets)
    rows: list[list[str]] = []
    truth: dict[str, str] = {}
    for number in range(things):
        person = [rng.choice(FIRST), rng.choice(LAST), f"{rng.randint(1, 99)} {rng.choice(STREETS)} street",
                  f"{rng.randint(1930, 2005)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
                  f"{rng.randint(10**8, 10**9)}"]  # fmt: skip
        for copy in range(1 + (number < doubles)):
            row = list(person)
            for _ in range(copy * errors):
                place = rng.randrange(len(row))
                if not row[place]:
                    continue
                row[place] = "" if rng.random() < 0.2 else misspell(row[place], rng)
            key = f"r{len(rows):04d}"
            truth[key] = str(number)
            rows.append([key, *row])
    rng.shuffle(rows)
    return records(rows, ["id", "first", "last", "address", "born", "phone"]), truth


def register_and_finds(things: int, others: int, seed: int = 0) -> tuple[Records, dict[str, str]]:
    """People in a register, once each, and finds of them elsewhere, up to three; and ``others``, found two or three times, but not in the
    register: for the truth such finds are nobody's."""
    rng = random.Random(seed)  # noqa: S311 (test data, no secrets)
    rows: list[list[str]] = []
    truth: dict[str, str] = {}
    for number in range(things + others):
        person = [rng.choice(FIRST), rng.choice(LAST), f"{rng.randint(1, 99)} {rng.choice(STREETS)} street",
                  f"{rng.randint(1930, 2005)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"]  # fmt: skip
        listed = number < things
        copies = [("register", person)] if listed else []
        for _ in range(rng.randint(0, 3) if listed else rng.randint(2, 3)):
            find = list(person)
            place = rng.randrange(len(find))
            find[place] = misspell(find[place], rng)
            copies.append(("finds", find))
        for source, values in copies:
            key = f"r{len(rows):04d}"
            truth[key] = str(number) if listed else f"nobody {key}"
            rows.append([key, source, *values])
    rng.shuffle(rows)
    return records(rows, ["id", "source", "first", "last", "address", "born"]), truth


def misspell(text: str, rng: random.Random) -> str:
    place = rng.randrange(len(text))
    return text[:place] + rng.choice("abcdefghij") + text[place + rng.randint(0, 1) :]


def records(rows: Sequence[Sequence[str | None]], names: Sequence[str], key: str = "id") -> Records:
    columns = [[row[place] or None for row in rows] for place in range(len(names))]
    table = pa.table([pa.array(column, pa.string()) for column in columns], names=list(names))
    return Records.from_arrow(table, primary_key=key)


def oracle(truth: dict[str, str], key: str = "id") -> Callable[[LabelFile], LabelFile]:
    def answer(questions: LabelFile) -> LabelFile:
        place = questions.columns.index(key)
        return LabelFile(
            questions.columns,
            tuple(LabeledRow(row.labeling_set_id, truth[row.values[place]], row.values) for row in questions.rows),
        )

    return answer


def label_file(names: Sequence[str], *rows: Sequence[str]) -> LabelFile:
    """Rows as (set, label, values…)."""
    return LabelFile(tuple(names), tuple(LabeledRow(row[0], row[1], tuple(row[2:])) for row in rows))


def partition(table: pa.Table, key: str = "id") -> set[frozenset[str]]:
    groups: dict[int, set[str]] = {}
    for name, number in zip(table.column(key).to_pylist(), table.column("match_id").to_pylist(), strict=True):
        groups.setdefault(number, set()).add(name)
    return {frozenset(group) for group in groups.values()}


def shops(sizes: Sequence[int], seed: int = 0) -> tuple[Records, dict[str, str]]:
    """What so many payments say of each of some shops: its name with codes and errors, mostly its place; and the truth by key."""
    rng = random.Random(seed)  # noqa: S311 (test data, no secrets)
    names = ["delbrital market", "quikel motors", "northsea bakery", "grand lumen hotel", "tensorro books"]
    rows: list[list[str]] = []
    truth: dict[str, str] = {}
    for name, size in zip(names, sizes, strict=False):
        place = rng.choice(STREETS)
        for number in range(size):
            cut = rng.randrange(len(name))
            text = name if rng.random() < 0.6 else name[:cut] + name[cut + 1 :]
            key = f"{name[:4]}-{number:04d}"
            rows.append(
                [key, f"{text} {rng.randint(1, 999)}" if rng.random() < 0.3 else text, rng.choice([place] * 4 + [""])]
            )
            truth[key] = name
    rng.shuffle(rows)
    return records(rows, ["id", "shop", "place"]), truth
