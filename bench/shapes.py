"""Tables of shapes that the benchmark tables do not have, made up: do the same defaults hold on them?

    python -m bench.shapes --rows 2000 --budgets 100 200 --seeds 0 1 2

Every shape has things and copies of them with errors; how they are made is all that is known of them. Printed is a line of a
Markdown table for each shape: pairwise F1 over the whole table after so many labelled rows, then precision and recall at each
trade-off after the last of them.
"""

from __future__ import annotations

import argparse
import random
import string
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

import findmatches
from bench.quality import KEY, learn, score
from bench.report import table

Row = list[str]
Maker = tuple[Callable[[], Row], Callable[[Row], Row]]
"""Makes a new thing; makes a copy of it as another person would have written it."""
Shape = Callable[[random.Random], Maker]

SYLLABLES = [consonant + vowel for consonant in "bdklmnrstv" for vowel in "aeio"]
GREEK = "αβγδεζηθικλμνξοπρστυφχψω"
CJK = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗北京上海天津重庆广州深圳南京成都武汉西安东城路街号区大小中山人民"


def word(rng: random.Random, syllables: int = 3) -> str:
    return "".join(rng.choices(SYLLABLES, k=syllables))


def typo(text: str, rng: random.Random, alphabet: str = string.ascii_lowercase) -> str:
    if len(text) < 2:
        return text
    place = rng.randrange(len(text))
    kind = rng.randrange(3)
    if kind == 0:
        return text[:place] + text[place + 1 :]
    if kind == 1:
        return text[:place] + rng.choice(alphabet) + text[place:]
    return text[:place] + rng.choice(alphabet) + text[place + 1 :]


def spoil(
    row: Row, rng: random.Random, errors: int = 2, missing: float = 0.1, alphabet: str = string.ascii_lowercase
) -> Row:
    """A copy with some typing errors and each cell gone with the given chance (never all of them)."""
    copy = list(row)
    for _ in range(errors):
        place = rng.randrange(len(copy))
        copy[place] = typo(copy[place], rng, alphabet)
    gone = [cell if rng.random() >= missing else "" for cell in copy]
    return gone if any(gone) else copy


def one_column(rng: random.Random) -> Maker:
    names = [word(rng) for _ in range(300)]
    return lambda: [" ".join(rng.choices(names, k=3))], lambda row: spoil(row, rng, missing=0)


def hundred_columns(rng: random.Random) -> Maker:
    values = [[word(rng, 2) for _ in range(60)] for _ in range(98)]
    return (
        lambda: [rng.choice(column) if rng.random() < 0.6 else "" for column in values],
        lambda row: [cell if rng.random() < 0.7 else rng.choice(values[place]) for place, cell in enumerate(row)],
    )


def long_text(rng: random.Random) -> Maker:
    """Abstracts of one field: the same words again and again; a copy is cut and changed in a tenth of its words."""
    vocabulary = [word(rng) for _ in range(2000)]
    common = vocabulary[:150]

    def new() -> Row:
        return [" ".join(rng.choice(common if rng.random() < 0.6 else vocabulary) for _ in range(rng.randint(60, 200)))]

    def again(row: Row) -> Row:
        words = [each if rng.random() < 0.9 else rng.choice(common) for each in row[0].split()]
        return [" ".join(words[: rng.randint(len(words) // 2, len(words))])]

    return new, again


def model_numbers(rng: random.Random) -> Maker:
    """Products of a few makers: what tells them apart is the model number, written with or without hyphens, sometimes in the other column."""
    makers = [word(rng) for _ in range(25)]
    things = [f"{word(rng)} {word(rng)}" for _ in range(30)]

    def new() -> Row:
        code = f"{''.join(rng.choices(string.ascii_uppercase, k=2))}-{rng.randint(100, 999)}{rng.choice('ABCX')}"
        return [rng.choice(makers), f"{rng.choice(things)} {code}", f"{rng.randint(10, 900)}.99"]

    def again(row: Row) -> Row:
        maker, title, price = row
        head, code = title.rsplit(" ", 1)
        code = code.replace("-", "") if rng.random() < 0.5 else code
        words = [each for each in head.split() if rng.random() < 0.8]
        price = f"{float(price) * rng.uniform(0.8, 1.2):.2f}" if rng.random() < 0.7 else ""
        return (
            ["", " ".join([maker, code, *words]), price]
            if rng.random() < 0.5
            else [maker, " ".join([*words, code]), price]
        )

    return new, again


def dates_and_numbers(rng: random.Random) -> Maker:
    """Payments: dates in two ways of writing, amounts with small differences, account numbers with a wrong digit, few words."""
    shops = [word(rng) for _ in range(40)]

    def new() -> Row:
        day = f"{rng.randint(2015, 2024)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        return [day, f"{rng.uniform(1, 5000):.2f}", str(rng.randint(10**9, 10**10)), rng.choice(shops)]

    def again(row: Row) -> Row:
        day, amount, account, shop = row
        year, month, date = day.split("-")
        day = f"{date}.{month}.{year}" if rng.random() < 0.4 else day
        amount = f"{float(amount) + rng.choice([0, 0, 0.5, -1]):.2f}"
        account = typo(account, rng, string.digits) if rng.random() < 0.4 else account
        return [day, amount, account, shop if rng.random() < 0.9 else ""]

    return new, again


def phone_numbers(rng: random.Random) -> Maker:
    """Common names; the telephone decides, written in four ways."""
    first, last = [word(rng, 2) for _ in range(25)], [word(rng, 2) for _ in range(30)]

    def new() -> Row:
        number = f"{rng.randint(2, 9)}{rng.randint(10, 99)}{rng.randint(10**6, 10**7 - 1)}"
        return [f"{rng.choice(first)} {rng.choice(last)}", number]

    def again(row: Row) -> Row:
        name, number = row
        name = f"{name.split()[1]}, {name.split()[0]}" if rng.random() < 0.4 else name
        ways = [
            number,
            f"+1 {number[:3]} {number[3:6]} {number[6:]}",
            f"({number[:3]}) {number[3:6]}-{number[6:]}",
            f"{number[:3]}/{number[3:]}",
        ]
        return [typo(name, rng) if rng.random() < 0.3 else name, rng.choice(ways)]

    return new, again


def other_scripts(rng: random.Random) -> Maker:
    """Greek names with and without accents, Chinese addresses without blanks."""
    names = ["".join(rng.choices(GREEK, k=rng.randint(5, 9))) for _ in range(150)]

    def new() -> Row:
        return [" ".join(rng.choices(names, k=2)), "".join(rng.choices(CJK, k=rng.randint(8, 14)))]

    def again(row: Row) -> Row:
        name = unicodedata.normalize("NFC", row[0].replace("α", "α\u0301", 1)).upper() if rng.random() < 0.5 else row[0]
        return [typo(name, rng, GREEK), typo(row[1], rng, CJK)]

    return new, again


def missing_everywhere(rng: random.Random) -> Maker:
    values = [[word(rng) for _ in range(400)] for _ in range(8)]
    return (
        lambda: [rng.choice(column) if rng.random() < 0.75 else rng.choice(["", "n/a", "-"]) for column in values],
        lambda row: spoil(row, rng, errors=1, missing=0.25),
    )


def people(rng: random.Random) -> Maker:
    first, last, streets = ([word(rng, 2) for _ in range(count)] for count in (60, 200, 80))

    def new() -> Row:
        born = f"{rng.randint(1930, 2005)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        return [rng.choice(first), rng.choice(last), f"{rng.randint(1, 200)} {rng.choice(streets)} street", born]

    return new, lambda row: spoil(row, rng)


def careless(rng: random.Random) -> Maker:
    """People again, with so many errors that nobody could tell them all apart."""
    return people(rng)[0], lambda row: spoil(row, rng, errors=5, missing=0.3)


# Shape, how likely a thing has copies, how many it then has.
SHAPES: dict[str, tuple[Shape, float, tuple[int, int]]] = {
    "one column": (one_column, 0.3, (1, 2)),
    "hundred columns": (hundred_columns, 0.3, (1, 2)),
    "long text": (long_text, 0.3, (1, 1)),
    "model numbers": (model_numbers, 0.4, (1, 2)),
    "dates and numbers": (dates_and_numbers, 0.3, (1, 1)),
    "phone numbers": (phone_numbers, 0.3, (1, 2)),
    "other scripts": (other_scripts, 0.3, (1, 1)),
    "missing everywhere": (missing_everywhere, 0.3, (1, 2)),
    "big groups": (people, 1.0, (100, 300)),
    "very common": (people, 0.95, (1, 6)),
    "careless": (careless, 0.4, (1, 2)),
    "very rare": (people, 0.002, (1, 1)),
}


def make(name: str, rows: int, seed: int) -> tuple[findmatches.Records, dict[str, str]]:
    """About ``rows`` rows of a shape, in any order, and what each is. There is always at least one pair."""
    rng = random.Random(f"{name} {seed}")  # noqa: S311 (made-up rows, no secrets)
    shape, chance, (least, most) = SHAPES[name]
    new, again = shape(rng)
    made: list[tuple[Row, str]] = []
    number = 0
    while len(made) < rows:
        thing = new()
        made.append((thing, str(number)))
        if number == 0 or rng.random() < chance:
            made += [(again(thing), str(number)) for _ in range(rng.randint(least, most))]
        number += 1
    rng.shuffle(made)
    keys = [f"r{place:06d}" for place in range(len(made))]
    columns: dict[str, list[str | None]] = {KEY: list(keys)}
    for place in range(len(made[0][0])):
        columns[f"c{place}"] = [row[place] or None for row, _ in made]
    content = pa.table({column: pa.array(values, pa.string()) for column, values in columns.items()})
    return findmatches.Records.from_arrow(content, primary_key=KEY), dict(
        zip(keys, (thing for _, thing in made), strict=True)
    )


def measured(
    name: str, rows: int, seed: int, budgets: Sequence[int], trade_offs: Sequence[float]
) -> list[tuple[float, float, float]]:
    """Precision, recall and F1 of one table: balanced after each budget, then at each trade-off after the last."""
    made, truth = make(name, rows, seed)
    with tempfile.TemporaryDirectory(prefix="bench-shapes-") as folder:
        records = made.cached_in(Path(folder))
        models = [learn(records, truth, budget, seed) for budget in sorted(budgets)]
        models += [replace(models[-1], precision_recall=trade_off) for trade_off in trade_offs]
        tables = [model.match(records) for model in models]
    return [score(one.column(KEY).to_pylist(), one.column("match_id").to_pylist(), truth) for one in tables]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--shapes", nargs="+", choices=list(SHAPES), default=list(SHAPES))
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--budgets", type=int, nargs="+", default=[100, 200], help="rows labelled")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--precision-recall", type=float, nargs="+", default=[0.1, 0.5, 0.9], help="trade-offs")
    options = parser.parse_args(arguments)
    budgets, trade_offs = sorted(options.budgets), options.precision_recall
    print(table(["shape", *(f"F1, {budget} rows" for budget in budgets), *(f"at {one}" for one in trade_offs)], []))
    for name in options.shapes:
        found = [measured(name, options.rows, seed, budgets, trade_offs) for seed in options.seeds]
        means = [[sum(values) / len(values) for values in zip(*same, strict=True)] for same in zip(*found, strict=True)]
        f1 = [f"{mean[2]:.3f}" for mean in means[: len(budgets)]]
        both = [f"{precision:.3f}, {recall:.3f}" for precision, recall, _ in means[len(budgets) :]]
        print(f"| {' | '.join([name, *f1, *both])} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
