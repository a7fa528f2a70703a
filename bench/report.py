"""What the engine's benchmarks measured, as a page: python -m bench.report --quality Q.json --speed S.json -o docs/benchmarks.md"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import findmatches

Rows = list[dict[str, Any]]
_PARTS = ("Quality", "Speed and memory", "On Spark")
_BARS = {
    "time": "at most 0.7",
    "share": "at most 0.15",
    "growth": "at most 1.1",
    "papers time": "at most 0.05",
    "papers memory": "at most 0.1",
    "f1": "at least 0.99",
    "memory": "at most 6",
    "import": "under 1",
}


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rule = "|".join(["---"] * len(head))
    return "\n".join([f"| {' | '.join(head)} |", f"|{rule}|", *(f"| {' | '.join(line)} |" for line in lines)])


def quality(results: Rows) -> str:
    """Mean F1 of each data set at each number of labelled rows."""
    budgets = sorted({one["budget"] for one in results})
    lines = []
    for name in dict.fromkeys(one["data"] for one in results):
        line = [name]
        for budget in budgets:
            found = [one["f1"] for one in results if (one["data"], one["budget"]) == (name, budget)]
            line.append(f"{sum(found) / len(found):.3f}" if found else "–")
        seeds = sorted({one["seed"] for one in results if one["data"] == name})
        lines.append([*line, ", ".join(map(str, seeds))])
    return table(["table", *(f"{budget} rows" for budget in budgets), "seeds"], lines)


_SPENT = ["rows", "seconds", "processor seconds", "peak GiB", "F1"]


def spent(one: dict[str, Any]) -> list[str]:
    """What a process was given, took and found, after its name under the headings of ``_SPENT``."""
    return [
        one["work"],
        f"{one['rows']:,}",
        f"{one['seconds']:.0f}",
        f"{one['cpu_seconds']:.0f}",
        f"{one['peak_gib']:.2f}",
        "" if one["f1"] is None else f"{one['f1']:.4f}",
    ]


def speed(results: Rows) -> str:
    return table(["work", *_SPENT], [spent(one) for one in results])


def ratios(results: Rows) -> str:
    """The bars, as far as both sides of them were measured in this run."""
    works: dict[str, dict[int, dict[str, Any]]] = {}
    for one in results:
        works.setdefault(one["work"], {})[one["rows"]] = one
    lines: list[tuple[str, str, str, str]] = []
    own, match, splink = (works.get(name, {}) for name in ("train + match", "match", "splink"))

    def add(what: str, top: dict[str, Any], bottom: dict[str, Any], bar: str) -> None:
        clock, processor = (top[field] / bottom[field] for field in ("seconds", "cpu_seconds"))
        lines.append((what, f"{clock:.3f}", f"{processor:.3f}", bar))

    for rows in sorted(own.keys() & splink.keys()):
        add(f"train + match : Splink, {rows:,} people", own[rows], splink[rows], _BARS["time"] if rows > 9e5 else "–")
    sizes = sorted(match)
    if len(sizes) > 1:
        add(f"match, {sizes[-2]:,} : {sizes[-1]:,} people", match[sizes[-2]], match[sizes[-1]], _BARS["share"])
        span = math.log(sizes[-1] / sizes[0])
        grown = [math.log(own[sizes[-1]][field] / own[sizes[0]][field]) / span for field in ("seconds", "cpu_seconds")]
        lines.append(
            (f"growth, exponent, {sizes[0]:,} to {sizes[-1]:,}", f"{grown[0]:.2f}", f"{grown[1]:.2f}", _BARS["growth"])
        )
    asked = works.get("next questions", {})
    if sizes:
        largest = own[sizes[-1]]
        lines.append((f"F1, {sizes[-1]:,} people", f"{largest['f1']:.4f}", "", _BARS["f1"]))
        lines.append((f"peak GiB, {sizes[-1]:,} people", f"{largest['peak_gib']:.2f}", "", _BARS["memory"]))
    if sizes and sizes[-1] in asked:
        add(f"next questions : train + match, {sizes[-1]:,}", asked[sizes[-1]], own[sizes[-1]], "well below 1")
    papers = [one for one in results if "ask, train, match" in one["work"]]
    rivals = [one for one in results if one["work"].startswith("dedupe")]
    for one in papers:
        for rival in rivals:
            add(f"{one['work']} : {rival['work']}, dblp_acm", one, rival, _BARS["papers time"])
            share = one["peak_gib"] / rival["peak_gib"]
            lines.append((f"memory : {rival['work']}", f"{share:.3f}", "", _BARS["papers memory"]))
    for one in works.get("importing findmatches", {}).values():
        figures = f"{one['seconds']:.2f}", f"{one['cpu_seconds']:.2f}"
        lines.append(("seconds to import findmatches", *figures, _BARS["import"]))
    return table(["figure", "by the clock", "by processor seconds", "bar"], lines)


def spark(results: Rows) -> str:
    same = ["" if (found := one["same_as_one_machine"]) is None else f"{found:.5f}" for one in results]
    lines = [[*spent(one), agreed, f"{one['load']:.0f}"] for one, agreed in zip(results, same, strict=True)]
    shown = table(["table", *_SPENT, "adjusted Rand to one machine", "load"], lines)
    people = sorted((one for one in results if one["work"] == "people"), key=lambda one: int(one["rows"]))
    if len(people) < 2:
        return shown
    least, most = people[0], people[-1]
    span = math.log(most["rows"] / least["rows"])
    clock, processor = (math.log(most[field] / least[field]) / span for field in ("seconds", "cpu_seconds"))
    return (
        f"{shown}\n\nFrom {least['rows']:,} to {most['rows']:,} people, processor seconds grow to the power of {processor:.2f}, seconds by the"
        f" clock to {clock:.2f}. All sizes are matched with one model, learnt from labels of a table of 10,000 of them."
    )


def busy(results: Rows) -> str:
    load, cores = max(one.get("load", 0.0) for one in results), os.cpu_count() or 1
    if load <= 2 * cores:
        return ""
    return f" The machine was busy with other work (load up to {load:.0f} on {cores} cores), so processor seconds say more than the clock."


def page(quality_results: Rows, speed_results: Rows, spark_results: Rows, before: str = "") -> str:
    """The page; a part of which nothing was measured stays as it was ``before``."""
    parts = {}
    for part in before.split("\n## ")[1:]:
        title, _, text = part.partition("\n")
        parts[title] = text.strip("\n")
    if quality_results:
        parts["Quality"] = (
            "Mean pairwise F1 over the whole table, all true pairs in the denominator, an oracle answering the sets that `ask` gives,"
            f" default settings: `make bench-quality`.\n\n{quality(quality_results)}"
        )
    if speed_results:
        parts["Speed and memory"] = (
            "Each figure is a process of its own, reading and writing included; peers run in the same run: `make bench-speed`."
            f"{busy(speed_results)}\n\n{speed(speed_results)}\n\n### Beside the bars\n\n{ratios(speed_results)}"
        )
    if spark_results:
        parts["On Spark"] = (
            "`match --spark 'local[2]'` from file to folder, the memory of driver, Java and Python workers together: `make bench-spark`."
            f"{busy(spark_results)}\n\n{spark(spark_results)}"
        )
    head = (
        "# Benchmarks of the engine\n\n"
        f"Written by `make bench` (`python -m bench.report`): findmatches {findmatches.VERSION}, Python {platform.python_version()},"
        f" {os.cpu_count()} cores. Bars are those of the issue the engine was built to. How it works: [engine.md](engine.md)."
    )
    titles = [*(title for title in _PARTS if title in parts), *(title for title in parts if title not in _PARTS)]
    return "\n\n".join([head, *(f"## {title}\n\n{parts[title]}" for title in titles)]) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":", maxsplit=1)[0])
    parser.add_argument("--quality", type=Path, help="what bench.quality wrote")
    parser.add_argument("--speed", type=Path, nargs="*", default=[], help="what bench.speed wrote")
    parser.add_argument("--spark", type=Path, help="what bench.spark wrote")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    found = json.loads(options.quality.read_text(encoding="utf-8")) if options.quality else []
    sparked = json.loads(options.spark.read_text(encoding="utf-8")) if options.spark else []
    timed = [one for path in options.speed for one in json.loads(path.read_text(encoding="utf-8"))]
    before = options.output.read_text(encoding="utf-8") if options.output.exists() else ""
    options.output.write_text(page(found, timed, sparked, before), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
