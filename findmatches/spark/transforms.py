"""``FindMatches`` and ``FindIncrementalMatches`` of ``awsglueml.transforms``, which Glue 5 no longer has, for scripts that used them.

https://docs.aws.amazon.com/glue/latest/dg/machine-learning-tutorial.html has such a script. A DynamicFrame is passed as ``frame.toDF()``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from findmatches.errors import FindMatchesError
from findmatches.incremental import match_incremental
from findmatches.labels import lessons
from findmatches.model import RESULT_COLUMNS, Model
from findmatches.schema import Records, text_table
from labelfiles import LabeledRow, LabelFile

if TYPE_CHECKING:
    import pyarrow as pa


class FindMatches:
    """Which rows of a frame are one thing."""

    @classmethod
    def apply(
        cls,
        frame: Any,
        transformId: Model | Path | str | None = None,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
        enforcedMatches: Any = None,
        computeMatchConfidenceScores: int = 0,
        *,
        model: Model | Path | str | None = None,
    ) -> Any:
        """The frame with ``match_id``, and with ``match_confidence_score`` if ``computeMatchConfidenceScores`` is 1.

        ``frame`` is a DataFrame of Spark, which does the work then, or of pandas, or an Arrow table; so is what is returned. Columns keep
        their types, and a frame of pandas its index.
        ``transformId`` (or ``model``) is a model or the folder of one: what ``python -m findmatches train`` wrote.
        ``enforcedMatches`` is a frame of any of these kinds with the columns of a label file (``labeling_set_id``, ``label`` and the primary key): rows of
        one set with the same label end in one group, and with different labels in two, whatever their scores.

        ``info`` stands before the message of an error. ``transformation_ctx`` names the state of job bookmarks in Glue, and there are none
        here. ``stageThreshold`` and ``totalThreshold`` must be 0: no row is ever left out because of an error.
        Raises ``FindMatchesError``.
        """
        with _prefixed(info):
            _no_thresholds(stageThreshold, totalThreshold)
            taught = _enforcing(_model(transformId, model), enforcedMatches)
            if _on_spark(frame):
                from findmatches.spark.matching import match  # PySpark need not be there for tables of one machine

                return match(frame, taught).drop(*([] if computeMatchConfidenceScores else RESULT_COLUMNS[1:]))
            matched = taught.match(_records(_arrow(frame), taught))
            return _with_result(frame, matched, computeMatchConfidenceScores)


class FindIncrementalMatches:
    """Which rows of a new frame are one thing with which of a frame that has been matched."""

    @classmethod
    def apply(
        cls,
        existingFrame: Any,
        incrementalFrame: Any,
        transformId: Model | Path | str | None = None,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
        enforcedMatches: Any = None,
        computeMatchConfidenceScores: int = 0,
        *,
        model: Model | Path | str | None = None,
    ) -> Any:
        """The rows of both frames with their ``match_id``; rows of ``existingFrame``, which has that column, keep theirs.

        Both frames are of one kind. Of pandas, they keep their indices, unless both are merely the numbers of the rows: then the result is numbered
        through. The rest is as with ``FindMatches.apply``.
        """
        with _prefixed(info):
            _no_thresholds(stageThreshold, totalThreshold)
            taught = _enforcing(_model(transformId, model), enforcedMatches)
            frames = existingFrame, incrementalFrame
            if all(map(_on_spark, frames)):
                from findmatches.spark.incremental import match_incremental as match_on_spark  # as above

                matched = match_on_spark(existingFrame, incrementalFrame, taught)
                return matched.drop(*([] if computeMatchConfidenceScores else RESULT_COLUMNS[1:]))
            if any(map(_on_spark, frames)):
                raise FindMatchesError("existingFrame and incrementalFrame must both be of Spark, or neither.")
            existing, incremental = map(_arrow, frames)
            matched = match_incremental(_records(existing, taught), _records(incremental, taught), taught)
            own = [name for name in existing.column_names if name not in RESULT_COLUMNS]
            if all(map(_of_pandas, frames)):
                both = _concatenated(existingFrame, incrementalFrame, own)
            else:
                both = _joined(existing.select(own), incremental.select(own))
            return _with_result(both, matched, computeMatchConfidenceScores)


@contextmanager
def _prefixed(info: str) -> Iterator[None]:
    """Puts ``info`` before the message of our error."""
    try:
        yield
    except FindMatchesError as error:
        raise (FindMatchesError(f"{info}: {error}") if info else error) from error


def _no_thresholds(*thresholds: int) -> None:
    if any(thresholds):
        raise FindMatchesError("stageThreshold and totalThreshold must be 0: no row is left out because of an error.")


def _model(transform: Model | Path | str | None, model: Model | Path | str | None) -> Model:
    found = [one for one in (transform, model) if one is not None]
    if len(found) != 1:
        raise FindMatchesError("Give a model, or the folder of one, as transformId or as model.")
    return found[0] if isinstance(found[0], Model) else Model.load(found[0])


def _enforcing(model: Model, enforced: Any) -> Model:
    """The model, told of the pairs in the frame, and of the other labels that it enforces itself."""
    if enforced is None:
        return model
    columns = ("labeling_set_id", "label", model.primary_key)
    table = _arrow(enforced)
    if missing := [name for name in columns if name not in table.column_names]:
        raise FindMatchesError(f"enforcedMatches lacks the column {missing[0]}; it has those of a label file.")
    texts = text_table(table.select(list(columns)), model.primary_key)
    lines = zip(*([cell or "" for cell in column.to_pylist()] for column in texts.columns), strict=True)
    rows = tuple(LabeledRow(set_id, label, (key,)) for set_id, label, key in lines)
    keys = sorted({row.values[0] for row in rows})
    labels = LabelFile((model.primary_key,), rows)
    taught = lessons([labels], model.primary_key, {key: number for number, key in enumerate(keys)})
    judged = zip(taught.left.tolist(), taught.right.tolist(), taught.match.tolist(), strict=True)
    told = {(keys[one], keys[two]): match for one, two, match in judged}
    if model.enforce_labels:
        said = {frozenset(pair) for pair in told}
        for pairs, match in ((model.told_same, True), (model.told_different, False)):
            told |= {pair: match for pair in pairs if frozenset(pair) not in said}
    same, different = (tuple(sorted(pair for pair in told if told[pair] == match)) for match in (True, False))
    return replace(model, enforce_labels=True, told_same=same, told_different=different)


def _on_spark(frame: Any) -> bool:
    return type(frame).__module__.startswith("pyspark.")


def _of_pandas(frame: Any) -> bool:
    return type(frame).__module__.startswith("pandas.")


def _arrow(frame: Any) -> pa.Table:
    import pyarrow as pa  # here and not above: importing findmatches must stay quick

    if isinstance(frame, pa.Table):
        return frame
    if _of_pandas(frame):
        return pa.Table.from_pandas(frame, preserve_index=False)
    if _on_spark(frame):
        return frame.toArrow()
    raise FindMatchesError(f"A frame must be of Spark or pandas, or an Arrow table; this is a {type(frame).__name__}.")


def _joined(existing: pa.Table, incremental: pa.Table) -> pa.Table:
    import pyarrow as pa  # here and not above: importing findmatches must stay quick

    return pa.concat_tables([existing, incremental], promote_options="permissive")


def _concatenated(existing: Any, incremental: Any, own: list[str]) -> Any:
    """Both frames of pandas, one below the other."""
    pandas = sys.modules["pandas"]  # theirs: it is no requirement of ours
    numbered = all(frame.index.equals(pandas.RangeIndex(len(frame))) for frame in (existing, incremental))
    return pandas.concat([existing[own], incremental[own]], ignore_index=numbered)


def _records(frame: pa.Table, model: Model) -> Records:
    return Records.from_arrow(frame, primary_key=model.primary_key)


def _with_result(frame: Any, result: pa.Table, confidence: int) -> Any:
    """The frame of pandas or Arrow as it came, with the columns of the result."""
    found = {name: result.column(name) for name in (RESULT_COLUMNS if confidence else RESULT_COLUMNS[:1])}
    if _of_pandas(frame):
        return frame.assign(**{name: column.to_numpy() for name, column in found.items()})
    for name, column in found.items():
        frame = frame.append_column(name, column)
    return frame
