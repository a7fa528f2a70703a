"""The arguments of the one job that localglue runs: apply a FindMatches transform to a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self, cast

SCRIPT = "find_matches_apply.py"
_OWN = {
    "--transform-id", "--database", "--table", "--output-path", "--output-format", "--match-confidence", "--remove-duplicates",
}  # fmt: skip
# What Glue itself reads, and no script; without meaning here. https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html
_GLUE = {
    "--additional-python-modules", "--class", "--conf", "--continuous-log-logGroup", "--custom-logGroup-prefix",
    "--custom-logStream-prefix", "--enable-auto-scaling", "--enable-continuous-cloudwatch-log", "--enable-continuous-log-filter",
    "--enable-glue-datacatalog", "--enable-job-insights", "--enable-metrics", "--enable-observability-metrics",
    "--enable-s3-parquet-optimized-committer", "--enable-spark-ui", "--extra-files", "--extra-jars", "--extra-py-files",
    "--job-bookmark-option", "--job-language", "--scriptLocation", "--spark-event-logs-path", "--TempDir",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ApplyArguments:
    """Which transform, on which table, to where, and with which columns."""

    transform_id: str
    database: str
    table: str
    output_path: str
    output_format: Literal["csv", "parquet"]
    match_confidence: bool
    remove_duplicates: bool

    @classmethod
    def parse(cls, arguments: dict[str, str]) -> Self:
        """Raises ``ValueError`` with a message for whoever started the job."""
        if unknown := sorted(arguments.keys() - _OWN - _GLUE):
            raise ValueError(f"{SCRIPT} has no argument {unknown[0]}.")
        missing = [n for n in ("--transform-id", "--database", "--table", "--output-path") if not arguments.get(n)]
        if missing:
            raise ValueError(f"{SCRIPT} needs the argument {missing[0]}.")
        output_format = arguments.get("--output-format", "csv")
        if output_format not in ("csv", "parquet"):
            raise ValueError("--output-format must be csv or parquet.")
        return cls(
            transform_id=arguments["--transform-id"],
            database=arguments["--database"],
            table=arguments["--table"],
            output_path=arguments["--output-path"],
            output_format=cast(Literal["csv", "parquet"], output_format),
            match_confidence=_flag(arguments, "--match-confidence"),
            remove_duplicates=_flag(arguments, "--remove-duplicates"),
        )


def _flag(arguments: dict[str, str], name: str) -> bool:
    value = arguments.get(name, "false").lower()
    if value not in ("true", "false"):
        raise ValueError(f"{name} must be true or false.")
    return value == "true"
