"""What several kinds of runs need: the transform, its records, its labels, its model."""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from django.conf import settings

from labelfiles import LabelFile, label_file_bytes
from localglue import runs, store
from localglue.errors import GlueError
from localglue.models import MLTransform, TaskRun
from localglue.operations.catalog import find_table
from localglue.tables import read_table
from localglue.work import WorkError

if TYPE_CHECKING:
    from findmatches import Model, Records

_KEPT_MODELS = 3


def transform_of(run: TaskRun) -> MLTransform:
    """The transform of a run, as it is now."""
    if run.transform_id is None:
        handle = (run.arguments or {}).get("--transform-id", "")
        raise WorkError(f"The transform of this run, {handle}, does not exist.")
    return MLTransform.objects.get(pk=run.transform_id)


def read_records(transform: MLTransform, *, database: str = "", table: str = "") -> Records:
    """The rows of the transform's own table, or of another one with the same columns.

    What the engine works out from them alone is kept, by their content, for whatever run is next.
    """
    from findmatches import Records  # the engine is heavy; only children of the worker load it

    database, table = database or transform.database_name, table or transform.table_name
    try:
        definition = find_table(database, table).definition
    except GlueError as error:
        raise WorkError(f"Problem fetching the data catalog schema: {error.message}") from None
    found = read_table(definition, transform.schema)
    records = Records.from_arrow(found.table, primary_key=transform.primary_key, place=found.place)
    limit = settings.LOCALGLUE_ENGINE_CACHE_MB * 1024 * 1024
    return records.cached_in(Path(settings.LOCALGLUE_DIR) / "engine", max_bytes=limit) if limit else records


class TradeOffs(TypedDict):
    """The two trade-offs, as the engine's functions name them."""

    precision_recall: float
    accuracy_cost: float


def trade_offs(transform: MLTransform) -> TradeOffs:
    """The two trade-offs, in the middle if they were not set."""
    parameters = transform.parameters["FindMatchesParameters"]
    return {
        "precision_recall": parameters.get("PrecisionRecallTradeoff", 0.5),
        "accuracy_cost": parameters.get("AccuracyCostTradeoff", 0.5),
    }


def trained_model(
    transform: MLTransform, labels: LabelFile, records: Callable[[], Records], *, anew: bool = False
) -> Model:
    """The model that these labels and the transform's parameters make: from the disk if it is there, else trained and kept.

    Its folder is named after what made it, all but the rows of the table: with ``anew`` it learns from those that there are now.
    """
    import findmatches  # as above

    enforce = bool(transform.parameters["FindMatchesParameters"].get("EnforceProvidedLabels", False))
    options = {**trade_offs(transform), "enforce_labels": enforce}
    made_by = [findmatches.VERSION, transform.primary_key, transform.schema, options]
    digest = hashlib.sha256(json.dumps(made_by).encode() + label_file_bytes(labels)).hexdigest()
    folder = Path(settings.LOCALGLUE_DIR) / "models" / transform.public_id / digest[:40]
    if folder.exists() and not anew:
        with suppress(findmatches.FindMatchesError):  # damaged: made again
            return findmatches.Model.load(folder)
    model = findmatches.train(records(), [labels], enforce_labels=enforce, **trade_offs(transform))
    _keep(model, folder)
    return model


def _keep(model: Model, folder: Path) -> None:
    partial = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    partial.parent.mkdir(parents=True, exist_ok=True)
    try:
        model.save(partial)
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    except OSError as error:  # unless another run has put the same model there meanwhile
        if not folder.exists():
            raise WorkError(f"The model could not be kept ({error.strerror}).") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    others = sorted(
        (path for path in folder.parent.iterdir() if not path.name.startswith(".")),
        key=lambda path: path.stat().st_mtime,
        reverse=True,
    )
    for path in others[_KEPT_MODELS:]:
        shutil.rmtree(path, ignore_errors=True)


def output_name(run: TaskRun, kind: str) -> str:
    """``{TransformId}_{kind}_{date}_{time}_{uuid}.csv``, as AWS names exports; the same for every attempt at a run."""
    transform = transform_of(run)
    started = run.started_at.astimezone(UTC)
    return f"{transform.public_id}_{kind}_{started:%Y-%m-%d_%H_%M_%S}_{run.output_uuid}.csv"


def write_output(run: TaskRun, path: store.S3Path, data: bytes, content_type: str) -> None:
    """Write a result to S3 unless the run has been taken away. Raises ``runs.LeaseLostError``."""
    if runs.look(run, run.lease_token) != "RUNNING":
        raise runs.LeaseLostError
    store.write(path, data, content_type=content_type)
