"""Every step of an import with every fault: what is left at once, and what becomes of it. ``python -m tests.faults.table`` writes docs/faults.md."""

from __future__ import annotations

from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "faults.md"

SUBMIT, SYNC, GLUE = "labeling.services.task_runs.submit", "labeling.services.task_runs.sync", "labeling.aws.glue"

# step -> module, function, and on which side of it the fault strikes
STEPS: dict[str, tuple[str, str, str]] = {
    "asked for": ("labeling.services.task_runs.request", "TaskRunEvent", "before"),
    "claimed": (SUBMIT, "_prepare", "before"),
    "label file in S3": ("labeling.aws.storage", "save_bytes", "after"),
    "label file in the database": (SUBMIT, "build_label_file", "after"),
    "before the start": (GLUE, "start_import_labels_task_run", "before"),
    "started, answer lost": (GLUE, "start_import_labels_task_run", "after"),
    "id saved": (SUBMIT, "_started", "after"),
    "followed": (GLUE, "get_ml_task_run", "before"),
    "end seen": (SYNC, "_finish", "before"),
    "end fetched, not marked": (SYNC, "_mark_imported", "before"),
    "marked, not committed": (SYNC, "_mark_imported", "after"),
}

FAULTS = {
    "worker": "the worker is killed",
    "broker": "Redis is away",
    "database": "the connection to the database breaks",
    "glue": "Glue is away",
    "s3": "S3 is away",
}

GOES_ON = "goes on"
WAITS = "waits"
QUEUED = "queued"
SUBMITTING = "submitting"
AT_GLUE = "at Glue"
REFUSED = "refused"

LEFT = {
    GOES_ON: "Not noticed: the step does not need it, so the run goes on.",
    WAITS: "The row says what is away and when it is tried again, with growing pauses; then it goes on from this step.",
    QUEUED: "The row is queued; the sweep sends its message again.",
    SUBMITTING: "The claim runs out; the sweep asks Glue for a run with the import's path: it is not there, so the import is queued again.",
    AT_GLUE: "Nothing was committed; the next sweep asks Glue again and takes in the end once.",
    REFUSED: "The person is told; no row was made, nothing was sent.",
}
ADOPTED = "The claim runs out; the sweep finds the run at Glue by the import's path and adopts its id. It is not started twice."

# What is left at once, by step, in the order of FAULTS.
_LEFT: dict[str, tuple[str, str, str, str, str]] = {
    "asked for": (REFUSED, QUEUED, REFUSED, GOES_ON, GOES_ON),
    "claimed": (SUBMITTING, GOES_ON, SUBMITTING, WAITS, WAITS),
    "label file in S3": (SUBMITTING, GOES_ON, SUBMITTING, WAITS, GOES_ON),
    "label file in the database": (SUBMITTING, GOES_ON, SUBMITTING, WAITS, GOES_ON),
    "before the start": (SUBMITTING, GOES_ON, SUBMITTING, WAITS, GOES_ON),
    "started, answer lost": (SUBMITTING, GOES_ON, SUBMITTING, SUBMITTING, GOES_ON),
    "id saved": (AT_GLUE, GOES_ON, AT_GLUE, GOES_ON, GOES_ON),
    "followed": (AT_GLUE, GOES_ON, AT_GLUE, WAITS, GOES_ON),
    "end seen": (AT_GLUE, GOES_ON, AT_GLUE, WAITS, GOES_ON),
    "end fetched, not marked": (AT_GLUE, GOES_ON, AT_GLUE, GOES_ON, GOES_ON),
    "marked, not committed": (AT_GLUE, GOES_ON, AT_GLUE, GOES_ON, GOES_ON),
}

TABLE: dict[tuple[str, str], str] = {
    (step, fault): left for step, row in _LEFT.items() for fault, left in zip(FAULTS, row, strict=True)
}


def outcome(step: str, fault: str) -> str:
    """What becomes of the run, in words."""
    left = TABLE[step, fault]
    return ADOPTED if step == "started, answer lost" and left == SUBMITTING else LEFT[left]


def document() -> str:
    """docs/faults.md."""
    rows = "\n".join(f"| {step} | {FAULTS[fault]} | {outcome(step, fault)} |" for step, fault in TABLE)
    return f"""# Faults during an import

What happens when a part fails at each step of a label import. In every row the import ends once, Glue has seen it once, and each answer is marked with
the version that Glue learned; where nothing was made, nothing was sent. Written by `python -m tests.faults.table`; `tests/faults/test_fault_table.py` brings
about each of the {len(TABLE)} rows against real servers and checks them.

Steps are those of [the architecture](architecture.md#a-label-import-end-to-end). "Killed" is an end without any clean-up. In the table's test a kill is an exception that no code
of the portal catches, and a server that is away is an address where nobody listens; that the same holds for real kills is shown by `tests/faults/test_crashes.py` (SIGKILL to
a worker at the steps that matter, in a process of its own), `tests/faults/test_outages.py` (SIGKILL to Redis, S3, Glue, the engine, and all at once; a Redis that takes connections and does not answer) and
`tests/faults/test_kill_loop.py` (SIGKILL to any of them at random times, for as many seconds as `KILL_LOOP_SECONDS` says). On PostgreSQL the connection to the database is really cut.

The loop has last run for ten minutes with SQLite on two cores at a load of 15: 182 kills (worker 46, Redis 30, Glue 29, beat 28, S3 27, engine 22), 15 imports,
all of which succeeded and stand at Glue once. `KILL_LOOP_SECONDS=600 python -m pytest -s tests/faults/test_kill_loop.py` runs it again.
A worker that ends a task while its connection to Redis breaks may die of an error of kombu's (5.7.0, seen once in the loop); the launcher, or `restart` in the compose file, starts it
again, and the loop does the same.

| Step | Fault | What becomes of it |
|---|---|---|
{rows}
"""


if __name__ == "__main__":
    DOCUMENT.write_text(document())
