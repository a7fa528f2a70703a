"""Splink on DuckDB over a table of people: python splink_people.py RECORDS.csv GROUPS.csv

Comparisons and blocking rules as somebody who knows the table would write them, without labels: estimate, predict, cluster at 0.95.
Writes ``id,group`` and prints the seconds, reading included, as JSON.
"""

import json
import sys
import time

import pandas as pd
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on


def main(records: str, groups: str) -> None:
    start = time.perf_counter()
    frame = pd.read_csv(records, dtype=str).rename(columns={"id": "unique_id"})
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[
            block_on("given_name", "surname"),
            block_on("surname", "date_of_birth"),
            block_on("given_name", "date_of_birth"),
            block_on("phone_number"),
            block_on("postcode", "address_1"),
            block_on("surname", "postcode"),
        ],
        comparisons=[
            cl.JaroWinklerAtThresholds("given_name", [0.9, 0.8]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("surname", [0.9, 0.8]).configure(term_frequency_adjustments=True),
            cl.LevenshteinAtThresholds("date_of_birth", [1, 2]),
            cl.JaroWinklerAtThresholds("address_1", [0.9, 0.8]),
            cl.LevenshteinAtThresholds("postcode", [1]),
            cl.JaroWinklerAtThresholds("suburb", [0.9]),
            cl.LevenshteinAtThresholds("phone_number", [1, 2]),
        ],
        retain_intermediate_calculation_columns=False,
    )
    linker = Linker(frame, settings, db_api=DuckDBAPI())
    linker.training.estimate_probability_two_random_records_match(
        [block_on("given_name", "surname", "date_of_birth"), block_on("phone_number", "surname")], recall=0.8
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("given_name", "surname"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("date_of_birth"))
    trained = time.perf_counter()
    predictions = linker.inference.predict(threshold_match_probability=0.5)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predictions, 0.95)
    found = clusters.as_pandas_dataframe()
    end = time.perf_counter()
    found[["unique_id", "cluster_id"]].rename(columns={"unique_id": "id", "cluster_id": "group"}).to_csv(
        groups, index=False
    )
    print(json.dumps({"seconds": end - start, "train_seconds": trained - start}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
