"""Spark for callers that have files, or a table in memory, and no session of their own."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F  # noqa: N812 (as all of Spark's documentation has it)

from findmatches.errors import FindMatchesError
from findmatches.model import Model
from findmatches.reading import PARQUET, check_same_columns, columns_for_spark, columns_of_parquet, data_files
from findmatches.schema import Records
from findmatches.spark.incremental import match_incremental
from findmatches.spark.matching import match

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# On one machine, driver and executor are one Java process. Beside it each core has a Python process.
_LOCAL = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "3g",
    "spark.sql.shuffle.partitions": "16",
}
_ALWAYS = {
    # What is kept on disk goes through the serializer, row by row; rows refer to nothing.
    "spark.serializer": "org.apache.spark.serializer.KryoSerializer",
    "spark.kryo.referenceTracking": "false",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "FATAL",
}


@contextmanager
def spark_session(master: str, name: str = "findmatches") -> Iterator[SparkSession]:
    """The session that runs in this process, or one of its own, stopped at the end; on this machine (``local[2]``) that listens on
    loopback only.

    Other settings come from where Spark looks for them: ``SPARK_CONF_DIR`` and ``PYSPARK_SUBMIT_ARGS``. Raises ``FindMatchesError``
    if there is no Java or the master does not answer.
    """
    from pyspark.sql import SparkSession

    if running := SparkSession.getActiveSession():
        yield running
        return
    if not os.environ.get("JAVA_HOME") and shutil.which("java") is None:
        raise FindMatchesError("Spark needs Java 17 or newer: none was found in JAVA_HOME or on the PATH.")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    logging.getLogger("py4j.clientserver").setLevel(logging.WARNING)  # it tells of every connection that it closes
    builder = SparkSession.builder.master(master).appName(name)
    own = (
        {"spark.executorEnv.PYTHONPATH": str(Path(__file__).parents[2]), **_LOCAL} if master.startswith("local") else {}
    )
    for key, value in {**_ALWAYS, **own}.items():
        builder = builder.config(key, value)
    try:
        session = builder.getOrCreate()
    except Exception as error:  # Spark's, Java's, or that no process could be started
        raise FindMatchesError(f"Spark does not start at {master}: {_first_line(error)}") from error
    try:
        yield session
    finally:
        session.stop()


def _first_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return next((line for line in lines if "Exception" in line), lines[0] if lines else type(error).__name__)


def read_frame(session: SparkSession, source: Path) -> DataFrame:
    """CSV (with a header) or Parquet, a file or a folder, every column of a CSV file as text, as ``findmatches.read_records`` reads them.

    A folder must hold one kind of file, all with the same columns. A malformed line ends the run when it is reached.
    """
    paths = [str(path.resolve()) for path in data_files([source])]
    parquet = [path.lower().endswith(PARQUET) for path in paths]
    if all(parquet):
        names = [columns_of_parquet(path) for path in paths]
        # Spark would take those of one file, and nulls for what others lack.
        for path, own in zip(paths, names, strict=True):
            check_same_columns(path, own, paths[0], names[0])
        return session.read.parquet(*paths)
    if any(parquet):
        raise FindMatchesError(f"The folder {source} holds CSV and Parquet files; Spark reads one kind at a time.")
    case_matters = session.conf.get("spark.sql.caseSensitive") == "true"
    for path in paths:
        columns_for_spark(path, case_matters=case_matters)
    # The reader of CSV would put other characters in the place of what it does not know.
    lines = session.read.text(paths)
    if wrong := lines.where(~F.is_valid_utf8("value")).select("_metadata.file_name").first():
        raise FindMatchesError(
            f"{source}: the file {wrong.file_name} is not UTF-8. Without --spark, the error names the line."
        )
    return session.read.csv(
        paths, header=True, enforceSchema=False, multiLine=True, quote='"', escape='"', mode="FAILFAST", inferSchema=False,
        nullValue="", emptyValue="", ignoreLeadingWhiteSpace=False, ignoreTrailingWhiteSpace=False, maxCharsPerColumn=-1,
    )  # fmt: skip


def match_files(source: Path, model: Model, master: str, output: Path) -> None:
    """Match the records in ``source`` and write a folder: Parquet if its name ends so, else CSV with a header.

    Raises ``FindMatchesError`` for bad input and if there is something at ``output`` already.
    """
    if output.exists():
        raise FindMatchesError(f"{output} exists already; Spark writes a folder of its own.")
    with spark_session(master) as session, _explained(f"{source}: "):
        matched = match(read_frame(session, source), model).write
        if output.suffix.lower() == ".parquet":
            matched.parquet(str(output.resolve()))
        else:
            matched.csv(
                str(output.resolve()), header=True, escape='"', emptyValue="",
                ignoreLeadingWhiteSpace=False, ignoreTrailingWhiteSpace=False,
            )  # fmt: skip


def match_records(records: Records, model: Model, master: str, existing: Records | None = None) -> pa.Table:
    """What ``Model.match`` gives, or ``match_incremental`` with ``existing``, in the same order; the work is done on Spark.

    The table is sent to Spark from this process and comes back to it. Raises ``FindMatchesError``.
    """
    with spark_session(master) as session, _explained(""):
        frame = session.createDataFrame(records.table)
        if existing is None:
            matched = match(frame, model).toArrow()
            keys = records.keys()
        else:
            matched = match_incremental(session.createDataFrame(existing.table), frame, model).toArrow()
            keys = existing.keys() + records.keys()
    return matched.take(pc.index_in(pa.array(keys, pa.string()), matched.column(model.primary_key)))


@contextmanager
def _explained(where: str) -> Iterator[None]:
    """Errors of Spark's as ours, saying what a person can do about them."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        text = str(error)
        if "MALFORMED_RECORD" in text or "MALFORMED_CSV" in text or "CSV header" in text:
            raise FindMatchesError(
                f"{where}a line does not have the columns of the header, or the files do not have the same ones. "
                "Without --spark, the error names the file and the line."
            ) from error
        raise FindMatchesError(f"Spark: {_first_line(error)}") from error
