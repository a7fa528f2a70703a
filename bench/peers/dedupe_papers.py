"""dedupe over dblp_acm: python dedupe_papers.py RECORDS.csv CLUSTERS.csv GROUPS.csv PAIRS [linked]

``PAIRS`` questions, one pair each, are answered from the truth; then train and cluster. With ``linked`` dedupe is told that neither
source has duplicates inside, which makes it faster. Writes ``id,group`` and prints the seconds as JSON.
"""

import csv
import json
import random
import sys
import time

import dedupe
import dedupe.variables as v


def main(records: str, clusters: str, groups: str, pairs: int, linked: bool) -> None:
    random.seed(0)
    start = time.perf_counter()
    with open(records, encoding="utf-8", newline="") as stream:  # noqa: PTH123
        rows = {
            row["id"]: {name: cell if name == "id" else cell.strip().lower() or None for name, cell in row.items()}
            for row in csv.DictReader(stream)
        }
    with open(clusters, encoding="utf-8", newline="") as stream:  # noqa: PTH123
        truth = {row["id"]: row["cluster_id"] for row in csv.DictReader(stream)}
    fields = [
        v.String("title"),
        v.String("authors", has_missing=True),
        v.ShortString("venue", has_missing=True),
        v.ShortString("year", has_missing=True),
    ]
    if linked:
        sources = sorted({row["source"] for row in rows.values()})
        sides = [{key: row for key, row in rows.items() if row["source"] == source} for source in sources]
        tool = dedupe.RecordLink(fields, num_cores=2)
        tool.prepare_training(sides[0], sides[1])
    else:
        tool = dedupe.Dedupe(fields, num_cores=2)
        tool.prepare_training(rows)
    for _ in range(pairs):
        (pair,) = tool.uncertain_pairs()
        same = truth.get(pair[0]["id"], pair[0]["id"]) == truth.get(pair[1]["id"], pair[1]["id"])
        tool.mark_pairs({"match": [pair] if same else [], "distinct": [] if same else [pair]})
    tool.train()
    if linked:
        found = [set(keys) for keys, _ in tool.join(sides[0], sides[1], threshold=0.5)]
    else:
        found = [set(keys) for keys, _ in tool.partition(rows, threshold=0.5)]
    end = time.perf_counter()
    with open(groups, "w", encoding="utf-8", newline="") as stream:  # noqa: PTH123
        writer = csv.writer(stream)
        writer.writerow(["id", "group"])
        left_over = set(rows)
        for number, keys in enumerate(found):
            left_over -= keys
            writer.writerows([key, number] for key in keys)
        writer.writerows([key, f"alone {key}"] for key in left_over)
    print(json.dumps({"seconds": end - start}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), "linked" in sys.argv[5:])
