"""A table of several times as many made-up people, to be measured like any other.

    python -m bench.more_people ../shared/data --times 10 -o people10
    python -m bench.quality people10 --budgets 400 --rows-per-file 400 --seeds 0

The people of ``synth_people_1000000.csv.gz``, and the same again and again with each column dealt anew among the groups of one size: so
that who is one person has as many copies with as many errors as before, and every name and date becomes as many times as common.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

import findmatches
from bench.quality import KEY
from bench.speed import PEOPLE


def dealt_anew(people: pa.Table, groups: NDArray[np.int64], rng: np.random.Generator) -> pa.Table:
    """The columns of the people, each with the values of other groups of the same size."""
    size = np.bincount(groups)
    order, start = np.argsort(groups, kind="stable"), np.cumsum(size) - size
    columns = {}
    for name in people.column_names:
        source = np.empty(len(groups), dtype=np.int64)
        for members in np.unique(size):
            own = np.flatnonzero(size == members)
            rows = start[own][:, None] + np.arange(members)
            source[order[rows]] = order[rng.permutation(rows)]
        columns[name] = people.column(name).take(pa.array(source))
    return pa.table(columns)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("data", type=Path, help="the folder with the million people")
    parser.add_argument("--times", type=int, default=10, help="how many times as many (default 10)")
    parser.add_argument("-o", "--output", type=Path, required=True, help="a folder for records.csv and clusters.csv")
    options = parser.parse_args(arguments)
    table = findmatches.read_records(options.data / f"{PEOPLE}.csv.gz", primary_key=KEY).table
    known = findmatches.read_records(options.data / f"{PEOPLE}.clusters.csv.gz", primary_key=KEY).table
    if not known.column(KEY).equals(table.column(KEY)):
        raise SystemExit("The people and their clusters are not in the same order.")
    groups = np.unique(known.column("cluster_id").to_numpy(), return_inverse=True)[1]
    people, rng = table.drop_columns([KEY]), np.random.default_rng(0)
    copies = [people, *(dealt_anew(people, groups, rng) for _ in range(options.times - 1))]
    shuffled = pa.array(rng.permutation(options.times * len(groups)))
    keys = pa.array([f"{copy}-{row}" for copy in range(options.times) for row in range(len(groups))])
    things = np.concatenate([groups + copy * len(groups) for copy in range(options.times)])
    options.output.mkdir(parents=True, exist_ok=True)
    whole = pa.concat_tables(copies).add_column(0, KEY, keys).take(shuffled)
    pa_csv.write_csv(whole, options.output / "records.csv")
    truth = pa.table({KEY: keys, "cluster_id": things}).take(shuffled)
    pa_csv.write_csv(truth, options.output / "clusters.csv")
    return 0


if __name__ == "__main__":
    sys.exit(main())
