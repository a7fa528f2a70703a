"""The arguments of the one job that localglue runs: apply a FindMatches transform to a table."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Self, cast, get_args

from localglue import store

SCRIPT = "find_matches_apply.py"
_OWN = {
    "--transform-id", "--database", "--table", "--input-path", "--existing-path",
    "--output-path", "--output-format", "--match-confidence", "--remove-duplicates",
}  # fmt: skip
# What Glue itself reads, and no script; without meaning here. https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html
_GLUE = {
    "--additional-python-modules", "--auto-scale-within-microbatch", "--class", "--conf",
    "--continuous-log-conversionPattern", "--continuous-log-logGroup", "--continuous-log-logStreamPrefix",
    "--custom-logGroup-prefix", "--custom-logStream-prefix", "--customer-driver-env-vars",
    "--customer-executor-env-vars", "--datalake-formats", "--debug", "--disable-proxy-v2", "--enable-auto-scaling",
    "--enable-continuous-cloudwatch-log", "--enable-continuous-log-filter", "--enable-glue-datacatalog",
    "--enable-job-insights", "--enable-lakeformation-fine-grained-access", "--enable-metrics",
    "--enable-observability-metrics", "--enable-rename-algorithm-v2", "--enable-s3-parquet-optimized-committer",
    "--enable-spark-ui", "--enable-spark-ui-legacy-path", "--encryption-type", "--executor-cores", "--extra-files",
    "--extra-jars", "--extra-py-files", "--job-bookmark-from", "--job-bookmark-option", "--job-bookmark-to",
    "--job-language", "--JOB_NAME", "--mode", "--python-modules-installer-option", "--scriptLocation",
    "--spark-event-logs-path", "--TempDir", "--use-postgres-driver", "--user-jars-first", "--version",
    "--write-shuffle-files-to-s3", "--write-shuffle-spills-to-s3",
}  # fmt: skip


OutputFormat = Literal["csv", "parquet", "json"]


@dataclass(frozen=True, slots=True)
class ApplyArguments:
    """Which transform, on which rows, to where, and with which columns.

    The rows are those of ``database`` and ``table``, or (these are then empty) of the files at ``input_path``. With
    ``existing_path``, the output of an earlier run, they are new rows beside those.
    """

    transform_id: str
    database: str
    table: str
    input_path: str
    existing_path: str
    output_path: str
    output_format: OutputFormat
    match_confidence: bool
    remove_duplicates: bool

    @classmethod
    def parse(cls, arguments: dict[str, str]) -> Self:
        """Raises ``ValueError`` with a message for whoever started the job."""
        if unknown := sorted(arguments.keys() - _OWN - _GLUE):
            raise ValueError(f"{SCRIPT} has no argument {unknown[0]}.")
        source: tuple[str, ...] = ("--database", "--table")
        if arguments.get("--input-path"):
            if doubled := [name for name in source if arguments.get(name)]:
                raise ValueError(f"{SCRIPT} takes --input-path or {doubled[0]}, not both.")
            source = ()
        if missing := [name for name in ("--transform-id", *source, "--output-path") if not arguments.get(name)]:
            raise ValueError(f"{SCRIPT} needs the argument {missing[0]}.")
        output_format = arguments.get("--output-format", "csv")
        if output_format not in get_args(OutputFormat):
            raise ValueError("--output-format must be csv, parquet or json.")
        return cls(
            transform_id=arguments["--transform-id"],
            database=arguments.get("--database", ""),
            table=arguments.get("--table", ""),
            input_path=arguments.get("--input-path", ""),
            existing_path=arguments.get("--existing-path", ""),
            output_path=arguments["--output-path"],
            output_format=cast(OutputFormat, output_format),
            match_confidence=_flag(arguments, "--match-confidence"),
            remove_duplicates=_flag(arguments, "--remove-duplicates"),
        )


def s3_paths(arguments: ApplyArguments) -> list[str]:
    """All paths that the run will read or write."""
    return [path for path in (arguments.output_path, arguments.input_path, arguments.existing_path) if path]


def result_path(arguments: ApplyArguments) -> store.S3Path:
    """The one object that the run will write. Raises ``store.StoreError``."""
    return store.parse_path(arguments.output_path).child(f"part-00000.{arguments.output_format}")


def check_output(arguments: ApplyArguments, sources: list[str]) -> None:
    """Raises ``ValueError`` if the result would take the place of rows in one of the sources, or be read with them the next time."""
    result = result_path(arguments)
    for source in sources:
        with suppress(store.StoreError):  # it cannot be read: told when it is
            if store.is_read_from(result, store.parse_path(source)):
                raise ValueError(
                    f"The result would be written to {result}, but rows are read from {source}. "
                    "Give --output-path a folder outside of that."
                )


def _flag(arguments: dict[str, str], name: str) -> bool:
    value = arguments.get(name, "false").lower()
    if value not in ("true", "false"):
        raise ValueError(f"{name} must be true or false.")
    return value == "true"
