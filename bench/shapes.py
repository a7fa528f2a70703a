"""Tables of shapes that the benchmark tables do not have, made up: do the same defaults hold on them?

    python -m bench.shapes --rows 2000 --budgets 100 200 --seeds 0 1 2

Every shape has things and copies of them with errors; how they are made is all that is known of them. Printed is a line of a
Markdown table for each shape: pairwise F1 over the whole table after so many labelled rows, then precision and recall at each
trade-off after the last of them.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

import findmatches
from bench import goods, makers
from bench.makers import Row, Shape
from bench.quality import KEY, learn, score
from bench.report import table

# So many rows come from one list of words.
ONE_WORLD = 2_000
# Shape, how likely a thing has copies, how many it then has.
SHAPES: dict[str, tuple[Shape, float, tuple[int, int]]] = {
    "one column": (makers.one_column, 0.3, (1, 2)),
    "hundred columns": (makers.hundred_columns, 0.3, (1, 2)),
    "long text": (makers.long_text, 0.3, (1, 1)),
    "model numbers": (goods.model_numbers, 0.4, (1, 2)),
    "dates and numbers": (makers.dates_and_numbers, 0.3, (1, 1)),
    "phone numbers": (makers.phone_numbers, 0.3, (1, 2)),
    "other scripts": (makers.other_scripts, 0.3, (1, 1)),
    "missing everywhere": (makers.missing_everywhere, 0.3, (1, 2)),
    "companies": (makers.companies, 0.4, (1, 2)),
    "households": (makers.households, 0.3, (1, 2)),
    "variants": (goods.variants, 0.4, (1, 2)),
    "amounts": (goods.amounts, 0.4, (1, 2)),
    "whole addresses": (makers.whole_addresses, 0.5, (1, 1)),
    "events": (makers.events, 0.4, (1, 2)),
    "bookings": (makers.bookings, 0.6, (1, 1)),
    "two alphabets": (makers.two_alphabets, 0.4, (1, 2)),
    "big groups": (makers.people, 1.0, (100, 300)),
    "payments": (makers.payments, 1.0, (100, 300)),
    "very common": (makers.people, 0.95, (1, 6)),
    "careless": (makers.careless, 0.4, (1, 2)),
    "very rare": (makers.people, 0.002, (1, 1)),
    "single pair": (makers.people, 0.0, (1, 1)),
}


def make(
    name: str, rows: int, seed: int, copies: Sequence[int] | None = None
) -> tuple[findmatches.Records, dict[str, str]]:
    """About ``rows`` rows of a shape, in any order, and what each is. There is always at least one pair. ``copies``: how many at least and at most,
    if not as many as usual. The words of a table become more with the root of its rows, as those of texts do (Heaps, *Information retrieval*, 1978).
    """
    rng = random.Random(f"{name} {seed}")  # noqa: S311 (made-up rows, no secrets)
    shape, chance, usual = SHAPES[name]
    least, most = copies or usual
    worlds = [shape(rng) for _ in range(max(round((rows / ONE_WORLD) ** 0.5), 1))]
    made: list[tuple[Row, str]] = []
    number = 0
    while len(made) < rows:
        new, again = rng.choice(worlds) if len(worlds) > 1 else worlds[0]
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
    name: str,
    rows: int,
    seed: int,
    budgets: Sequence[int],
    trade_offs: Sequence[float],
    copies: Sequence[int] | None = None,
) -> list[tuple[float, float, float]]:
    """Precision, recall and F1 of one table: balanced after each budget, then at each trade-off after the last. All 0 where no match was labelled."""
    made, truth = make(name, rows, seed, copies)
    with tempfile.TemporaryDirectory(prefix="bench-shapes-") as folder:
        records = made.cached_in(Path(folder))
        models = [_learnt(records, truth, budget, seed) for budget in sorted(budgets)]
        models += [models[-1] and replace(models[-1], precision_recall=trade_off) for trade_off in trade_offs]
        tables = [model and model.match(records) for model in models]
    return [
        score(one.column(KEY).to_pylist(), one.column("match_id").to_pylist(), truth) if one else (0.0, 0.0, 0.0)
        for one in tables
    ]


def _learnt(records: findmatches.Records, truth: dict[str, str], budget: int, seed: int) -> findmatches.Model | None:
    try:
        return learn(records, truth, budget, seed)
    except findmatches.FindMatchesError:  # so many questions, and no match among them
        return None


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--shapes", nargs="+", choices=list(SHAPES), default=list(SHAPES))
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--copies", type=int, nargs=2, metavar=("LEAST", "MOST"), help="of things that have any")
    parser.add_argument("--budgets", type=int, nargs="+", default=[100, 200], help="rows labelled")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--precision-recall", type=float, nargs="+", default=[0.1, 0.5, 0.9], help="trade-offs")
    options = parser.parse_args(arguments)
    budgets, trade_offs = sorted(options.budgets), options.precision_recall
    print(table(["shape", *(f"F1, {budget} rows" for budget in budgets), *(f"at {one}" for one in trade_offs)], []))
    for name in options.shapes:
        found = [measured(name, options.rows, seed, budgets, trade_offs, options.copies) for seed in options.seeds]
        means = [[sum(values) / len(values) for values in zip(*same, strict=True)] for same in zip(*found, strict=True)]
        f1 = [f"{mean[2]:.3f}" for mean in means[: len(budgets)]]
        both = [f"{precision:.3f}, {recall:.3f}" for precision, recall, _ in means[len(budgets) :]]
        print(f"| {' | '.join([name, *f1, *both])} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
