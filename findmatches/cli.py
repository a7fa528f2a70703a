"""``python -m findmatches ask | label | train | match | explain | evaluate | propose``: files in, files out."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from findmatches import summary
from findmatches.cache import MAX_BYTES
from findmatches.curve import curve_of
from findmatches.engine import ask, train
from findmatches.errors import FindMatchesError
from findmatches.evaluate import metrics_of, study_of_labels
from findmatches.explain import explain
from findmatches.incremental import match_incremental
from findmatches.labels import with_labelled_rows
from findmatches.memory import MORE_MEMORY
from findmatches.model import Model
from findmatches.output import check_folder, check_place, whole
from findmatches.proposals import propose
from findmatches.reading import PARQUET, data_files, read_records
from findmatches.schema import Records
from findmatches.terminal import Session
from findmatches.version import VERSION
from labelfiles import LabelFile, LabelFileError, label_file_bytes, read_label_file

if TYPE_CHECKING:
    import pyarrow as pa

# Findings of one kind that are named unless all are asked for: with careless labels there are hundreds.
_FINDINGS = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. Returns 0, or 1 after telling on standard error what is wrong with the files."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(format="%(relativeCreated)8d ms  %(message)s")
    logging.getLogger("findmatches").setLevel(logging.DEBUG if options.verbose else logging.WARNING)
    try:
        options.run(options)
    except FindMatchesError as error:
        _tell(str(error))
        return 1
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _tell(f"{place}{error.strerror or error}")
        return 1
    except MemoryError:
        _tell(f"the command ran out of memory. {MORE_MEMORY}")
        return 1
    except KeyboardInterrupt:
        return 130  # as shells have it
    return 0


def _tell(text: str) -> None:
    """On standard error: standard output is for results."""
    print(f"findmatches: {text}", file=sys.stderr)


def _tell_each(what: str, found: Sequence[object], shown: int) -> None:
    """A line for each of the first findings, and one that counts the others."""
    for finding in found[:shown]:
        _tell(f"{what}: {finding}")
    if (more := len(found) - shown) > 0:
        _tell(f"{what}: {more:,} more; -v names them all")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m findmatches",
        description="Learn from labels which rows of a table are the same thing, and group them.",
        epilog="Exit status: 0 if all went well, 1 if something is wrong with the files, 2 with the command; standard error says what.",
    )
    parser.add_argument("--version", action="version", version=f"findmatches {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    questions = _command(commands, "ask", "write the next questions, a label file with an empty label column", _ask)
    _add_key(questions)
    _add_labels(questions, required=False)
    questions.add_argument("--sets", type=int, default=10, help="how many questions (default 10)")
    questions.add_argument("--rows", type=int, default=10, help="rows in each question (default 10)")
    _add_seed(questions)
    _add_output(questions, "QUESTIONS.csv", "a label file, to be answered in its label column: same letter, same thing")

    _add_label(commands)

    teach = _command(commands, "train", "learn from labels", _train)
    _add_key(teach)
    _add_labels(teach, required=True)
    _add_trade_offs(teach)
    teach.add_argument("--enforce-labels", action="store_true", help="make the result agree with every label")
    _add_seed(teach)
    _add_output(teach, "MODEL_DIR", "a folder; a model that it holds is replaced")

    apply = _command(commands, "match", "group the rows: adds match_id and match_confidence_score", _match)
    _add_ways_to_match(apply)

    reason = _command(commands, "explain", "say why two rows have the score they have, column by column", _explain)
    reason.add_argument("keys", nargs=2, metavar="KEY", help="the primary keys of the two rows")
    reason.add_argument("--model", type=Path, required=True, metavar="MODEL_DIR", help="what train wrote")
    reason.add_argument("--json", action="store_true", help="write JSON, for other programs")

    estimate = _command(
        commands, "evaluate", "estimate the quality, and what more labels are worth, from the labels", _evaluate
    )
    _add_key(estimate)
    _add_labels(estimate, required=True)
    _add_trade_offs(estimate)
    _add_seed(estimate)
    _add_output(estimate, "METRICS.json", "precision, recall, learning curve and more, as JSON", required=False)

    suggest = _command(commands, "propose", "group the rows of questions as the engine would", _propose)
    _add_key(suggest)
    suggest.add_argument(
        "--questions",
        type=Path,
        required=True,
        metavar="QUESTIONS.csv",
        help="what ask wrote; labels in it are ignored",
    )
    _add_labels(suggest, required=False)
    _add_output(suggest, "PROPOSALS.csv", "set, key, number of the group, and how sure that is (0 to 1)")
    return parser


def _add_label(commands) -> None:  # type: ignore[no-untyped-def]
    text = "answer questions here, in the terminal"
    answer = commands.add_parser("label", help=text, description=text.capitalize() + ".")
    answer.set_defaults(run=_label, verbose=False)
    told = "what ask wrote; every answer is saved in it at once, and the questions without one are asked"
    answer.add_argument("questions", type=Path, metavar="QUESTIONS.csv", help=told)


def _add_ways_to_match(apply: argparse.ArgumentParser) -> None:
    apply.add_argument("--model", type=Path, required=True, metavar="MODEL_DIR", help="what train wrote")
    apply.add_argument(
        "--existing", type=Path, metavar="MATCHES.csv",
        help="an earlier result, whose rows keep their match_id: RECORDS are new rows, and the output holds both",
    )  # fmt: skip
    apply.add_argument(
        "--spark", metavar="MASTER",
        help="do it on Apache Spark, at this master (local[2], spark://…, yarn); the output is a folder",
    )  # fmt: skip
    _add_output(apply, "MATCHES.csv", "CSV, or .csv.gz or .parquet if its name ends so")


def _command(commands, name: str, text: str, run) -> argparse.ArgumentParser:  # type: ignore[no-untyped-def]
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text.capitalize() + ".")
    parser.set_defaults(run=run)
    parser.add_argument(
        "records",
        type=Path,
        metavar="RECORDS",
        help="a table: CSV (UTF-8, commas, a header; .gz too) or Parquet, a file or a folder",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="also tell how far the work is, with the time")
    parser.add_argument(
        "--cache", type=Path, metavar="DIR",
        help="keep candidates and comparisons here, by the content of the table, for later commands",
    )  # fmt: skip
    parser.add_argument(
        "--cache-limit", type=_gib, default=MAX_BYTES, metavar="GIB",
        help=f"how large the cache may grow before what was not used for the longest time goes (default {MAX_BYTES >> 30})",
    )  # fmt: skip
    return parser


def _gib(text: str) -> int:
    """Bytes."""
    try:
        limit = int(float(text) * (1 << 30))
    except (ValueError, OverflowError):
        limit = 0
    if limit <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not a number of GiB above 0")
    return limit


def _records(options: argparse.Namespace, primary_key: str) -> Records:
    records = read_records(options.records, primary_key=primary_key)
    if not options.cache:
        return records
    check_folder(options.cache)
    return records.cached_in(options.cache, max_bytes=options.cache_limit)


def _add_key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--primary-key", required=True, metavar="COLUMN", help="the column that identifies each row")


def _add_labels(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument(
        "--labels", type=Path, nargs="+", action="extend", default=[], required=required, metavar="L.csv",
        help="label files; if a set is in several of them, the last one counts",
    )  # fmt: skip


def _add_trade_offs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--precision-recall",
        type=float,
        default=0.5,
        metavar="0..1",
        help="0 favours recall, 1 precision (default 0.5)",
    )
    parser.add_argument(
        "--accuracy-cost", type=float, default=0.5, metavar="0..1", help="0 favours cost, 1 accuracy (default 0.5)"
    )


def _add_seed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=0, help="same seed, same result (default 0)")


def _add_output(parser: argparse.ArgumentParser, name: str, text: str, *, required: bool = True) -> None:
    parser.add_argument("-o", "--output", type=Path, required=required, metavar=name, help=text)


def _label_files(paths: Sequence[Path]) -> list[LabelFile]:
    return [_label_file(path) for path in paths]


def _label_file(path: Path) -> LabelFile:
    try:
        return read_label_file(path)
    except LabelFileError as error:
        raise FindMatchesError(f"{path}: {error}") from error


def _check_output(output: Path, records: Path, *others: Path) -> None:
    """Raises ``FindMatchesError`` if the output would be written over what is read, or cannot be written at all."""
    for source in (*data_files([records]), *others):
        if output.exists() and source.exists() and output.samefile(source):
            raise FindMatchesError(f"{output} is what this command reads. Name another file for the output.")
    check_place(output)


def _ask(options: argparse.Namespace) -> None:
    _check_output(options.output, options.records, *options.labels)
    records = _records(options, options.primary_key)
    labels = _label_files(options.labels)
    questions = ask(records, labels, sets=options.sets, rows=options.rows, seed=options.seed)
    with whole(options.output) as path:
        path.write_bytes(label_file_bytes(questions))
    _tell(f"{options.output}: {summary.of_questions(questions)}")


def _label(options: argparse.Namespace) -> None:
    session = Session(options.questions, _label_file)
    try:
        session.run()
    finally:
        print(flush=True)  # the prompt may still wait in its line
        what_next = "Next: train." if session.finished else "The same command goes on with the rest."
        _tell(f"{options.questions}: {session.progress()}. {what_next}")


def _train(options: argparse.Namespace) -> None:
    check_folder(options.output)
    records = _records(options, options.primary_key)
    labels = _label_files(options.labels)
    model = train(
        records,
        labels,
        precision_recall=options.precision_recall,
        accuracy_cost=options.accuracy_cost,
        enforce_labels=options.enforce_labels,
        seed=options.seed,
    )
    model.save(options.output)
    _tell(f"{options.output}: {summary.of_labels(labels, options.primary_key)}")
    if gone := with_labelled_rows(records, labels).n_rows - records.n_rows:
        told = "labelled rows that are not in the table, and teach by what the label file shows"
        _tell(f"{told}: {gone}")
    shown = sys.maxsize if options.verbose else _FINDINGS
    _tell_each("labels contradict each other", model.contradictions, shown)
    _tell_each("a label was left out as most likely wrong", model.doubts, shown)


def _match(options: argparse.Namespace) -> None:
    model = Model.load(options.model)
    if options.spark:
        _match_on_spark(options, model)
        return
    _check_output(options.output, options.records)  # the result that new rows come on top of may be replaced
    records = _records(options, model.primary_key)
    if options.existing:
        table = match_incremental(read_records(options.existing, primary_key=model.primary_key), records, model)
    else:
        table = model.match(records)
    with whole(options.output) as path:
        _write_table(table, path, options.output.name.lower())
    _tell(f"{options.output}: {summary.of_matches(table)}")


def _write_table(table: pa.Table, path: Path, name: str) -> None:
    """In the form that the end of the name tells, as it is told of a file to read."""
    import pyarrow as pa  # here and below, and not above: the other commands do without it

    if name.endswith(PARQUET):
        from pyarrow import parquet

        parquet.write_table(table, path)
    else:
        from pyarrow import csv as arrow_csv

        with pa.output_stream(path, compression="gzip" if name.endswith(".gz") else None) as stream:
            arrow_csv.write_csv(table, stream, arrow_csv.WriteOptions(quoting_style="needed"))


def _match_on_spark(options: argparse.Namespace, model: Model) -> None:
    for name in ("cache", "existing"):
        if getattr(options, name):
            raise FindMatchesError(f"--{name} and --spark cannot be used together.")
    from findmatches.spark import match_files  # PySpark need not be there

    match_files(options.records, model, options.spark, options.output)
    _tell(f"{options.output}: written by Spark.")


def _explain(options: argparse.Namespace) -> None:
    model = Model.load(options.model)
    records = _records(options, model.primary_key)
    reason = explain(records, model, (options.keys[0], options.keys[1]))
    print(json.dumps(reason.to_dict(), ensure_ascii=False, indent=1) if options.json else reason)


def _evaluate(options: argparse.Namespace) -> None:
    if options.output:
        _check_output(options.output, options.records, *options.labels)
    records = _records(options, options.primary_key)
    study = study_of_labels(records, _label_files(options.labels), options.accuracy_cost)
    metrics, curve = metrics_of(study, precision_recall=options.precision_recall, seed=options.seed), None
    try:
        curve = curve_of(study, seed=options.seed)
    except FindMatchesError as error:
        _tell(str(error))
    print(summary.of_quality(metrics, curve), file=sys.stderr if options.output else sys.stdout)
    if options.output:
        content = metrics.to_dict() | {"learning_curve": curve.to_dict() if curve else None}
        with whole(options.output) as path:
            path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _propose(options: argparse.Namespace) -> None:
    _check_output(options.output, options.records, options.questions, *options.labels)
    records = _records(options, options.primary_key)
    questions = _label_file(options.questions)
    proposals = propose(records, questions, _label_files(options.labels))
    place = questions.columns.index(options.primary_key)
    lines = [["labeling_set_id", options.primary_key, "group", "confidence"]]
    for set_id, rows in questions.by_set().items():
        for row, proposal in zip(rows, proposals[set_id], strict=True):
            lines.append([set_id, row.values[place], str(proposal.group), f"{proposal.confidence:.4f}"])
    import csv  # only this command writes rows of its own

    with whole(options.output) as path, path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(lines)
