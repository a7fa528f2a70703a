"""``match`` on Spark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 (as all of Spark's documentation has it)
from pyspark.sql import types as T  # noqa: N812

from findmatches import tuning
from findmatches.blocking import limits, whole_views
from findmatches.errors import FindMatchesError
from findmatches.model import RESULT_COLUMNS, Model
from findmatches.schema import text_table
from findmatches.spark.components import components
from findmatches.spark.cores import find_cores, with_surroundings
from findmatches.spark.frames import errors_of_tasks, kept, strong
from findmatches.spark.grouping import Pairs, between, gaps, groups, pieces_of
from findmatches.spark.rows import numbered_rows, quoted
from findmatches.spark.scoring import Scorer
from findmatches.spark.search import best_pairs, find_pairs
from findmatches.spark.whole import whole_of, with_counts

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@errors_of_tasks()
def match(frame: DataFrame, model: Model) -> DataFrame:
    """See ``findmatches.spark.match``."""
    check_frame(frame, model)
    frame = kept(frame)
    rows, n_rows = numbered(frame, model)
    if n_rows == 0:
        return frame.withColumns(
            {RESULT_COLUMNS[0]: F.lit(None).cast(T.LongType()), RESULT_COLUMNS[1]: F.lit(None).cast(T.DoubleType())}
        )
    scorer, candidates = prepared(rows, n_rows, model)
    scored = scorer.first(candidates, sift=True)
    edges = scorer.second(scored, scored)
    same, different = told(rows, model)

    def score(pairs: DataFrame) -> DataFrame:
        return scorer.second(scorer.first(scorer.cosines(pairs), sift=False), edges)

    apart = [row for pair in different for row in pair]
    linked = between(edges, model)
    whole = components(strong(linked, model.threshold))
    cores = find_cores(edges, whole, model.threshold, apart, score) if model.learner.linkage is None else None
    pieces = pieces_of(linked, whole, model.threshold, cores)
    missing = gaps(edges, pieces, cores)
    filled = edges if missing.isEmpty() else kept(edges.unionAll(score(missing)))
    around = with_surroundings(cores, pieces, score) if cores else None
    return with_result(frame, rows, groups(rows, filled, pieces, model, same, different, around), model)


def check_frame(frame: DataFrame, model: Model) -> None:
    """Raises ``FindMatchesError`` if the columns will not do: found here, that takes no work of Spark's."""
    columns = frame.columns
    if frame.sparkSession.conf.get("spark.sql.caseSensitive") != "true":
        columns = [name.lower() for name in columns]
    for place, name in enumerate(columns):
        if name in RESULT_COLUMNS:
            raise FindMatchesError(
                f"The table has a column {frame.columns[place]}, and so has every result, of its own. Give it another name in the table."
            )
        if name in columns[:place]:
            raise FindMatchesError(f"The table has more than one column named {frame.columns[place]}.")
    names = [model.primary_key, *(name for name, _, _ in model.schema.columns)]
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise FindMatchesError(f"The table lacks columns that the model was trained with: {', '.join(missing)}.")
    text_table(frame.select(*map(quoted, names)).limit(0).toArrow(), model.primary_key)


def numbered(frame: DataFrame, model: Model) -> tuple[DataFrame, int]:
    """The numbered rows of a frame, and how many there are."""
    names = [name for name, _, _ in model.schema.columns]
    return numbered_rows(frame, model.primary_key, names, model.schema.disguised)


def prepared(rows: DataFrame, n_rows: int, model: Model) -> tuple[Scorer, DataFrame]:
    """All that is done before scores: the candidates, and a scorer that knows them."""
    counted, values = with_counts(rows, n_rows)
    whole = whole_of(counted, values, n_rows, model.schema)
    scorer = Scorer(counted, whole, model.schema, model.learner)
    neighbours = tuning.neighbours(model.accuracy_cost)
    allowed = limits(n_rows, neighbours)
    candidates = scorer.cosines(find_pairs(counted, whole, model.schema, neighbours))
    if allowed.large:
        candidates = best_pairs(candidates, n_rows, whole_views(model.schema.views), allowed.kept)
    scorer.know(candidates)
    return scorer, candidates


def with_result(frame: DataFrame, rows: DataFrame, found: DataFrame, model: Model) -> DataFrame:
    """The frame with what was found of each of its rows, which is worked out now."""
    result = kept(rows.select("row", F.col("key").alias("key of the row")).join(found, "row").drop("row"))
    joined = frame.join(result, frame[quoted(model.primary_key)] == result["key of the row"])
    return joined.select(*(frame[quoted(name)] for name in frame.columns), *RESULT_COLUMNS)


def told(rows: DataFrame, model: Model) -> tuple[Pairs, Pairs]:
    """The judged pairs that the result must respect, by the numbers of their rows."""
    keys = {key for pairs in (model.told_same, model.told_different) for pair in pairs for key in pair}
    if not model.enforce_labels or not keys:
        return (), ()
    wanted = rows.sparkSession.createDataFrame([(key,) for key in sorted(keys)], "name string")
    row_of = {line.name: line.row for line in rows.join(F.broadcast(wanted), "name").select("name", "row").collect()}
    same, different = (
        [(row_of[one], row_of[two]) for one, two in pairs if one in row_of and two in row_of]
        for pairs in (model.told_same, model.told_different)
    )
    return same, different
