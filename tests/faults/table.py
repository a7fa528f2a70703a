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
    "worker": "process killed",
    "broker": "Redis away",
    "database": "connection to the database breaks",
    "glue": "Glue away",
    "s3": "S3 away",
}

GOES_ON = "goes on"
WAITS = "waits"
QUEUED = "queued"
SUBMITTING = "queued again"
AT_GLUE = "at Glue"
REFUSED = "refused"
ADOPTED = "adopted"

LEFT = {
    REFUSED: "The person is told; no row was created, nothing was sent.",
    QUEUED: "The row is queued; the sweep sends its message again.",
    SUBMITTING: "The claim runs out. The sweep asks Glue for a run with the import's path, finds none, and the import is queued again.",
    ADOPTED: "The claim runs out. The sweep finds the run at Glue by the import's path and adopts its id. It is not started twice.",
    WAITS: "The row says what is away and when it is tried again, with growing pauses; then it goes on from this step.",
    AT_GLUE: "Nothing was committed. The next sweep asks Glue again and records the end once.",
    GOES_ON: "Not noticed: the step does not need it.",
}

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
    """What becomes of the run, in a word that ``LEFT`` explains."""
    left = TABLE[step, fault]
    return ADOPTED if step == "started, answer lost" and left == SUBMITTING else left


def document() -> str:
    """docs/faults.md."""
    legend = "\n".join(f"| {word} | {text} |" for word, text in LEFT.items())
    rows = "\n".join(f"| {step} | {' | '.join(outcome(step, fault) for fault in FAULTS)} |" for step in STEPS)
    return f"""# Faults during an import

What happens when something fails at each step of a label import. In every case the import ends once, Glue has seen it
once, and each answer is marked with the version that Glue learned; where no import was created, nothing was sent.

The steps are those of [the architecture](architecture.md#a-label-import-end-to-end). `python -m tests.faults.table`
writes this page; `tests/faults/test_fault_table.py` brings about each of the {len(TABLE)} cases against real servers
and checks them; what a step does not notice is away all at once.

| Step | {" | ".join(FAULTS.values())} |
|---|{"---|" * len(FAULTS)}
{rows}

| | What becomes of the import |
|---|---|
{legend}

## Real kills

"Killed" means an end without any clean-up. In the table's test a kill is an exception that no code of the portal
catches, and a server that is away is an address where nobody listens; on PostgreSQL the connection to the database is
really cut. Other tests show that the same holds for real kills:

- `tests/faults/test_crashes.py`: SIGKILL to a worker at the steps that matter, in a process of its own;
- `tests/faults/test_outages.py`: SIGKILL to Redis, S3, Glue, the engine, and all at once; a Redis that accepts
  connections and does not answer;
- `tests/faults/test_kill_loop.py`: SIGKILL to any of them at random times, for as many seconds as
  `KILL_LOOP_SECONDS` says: `KILL_LOOP_SECONDS=600 python -m pytest -s tests/faults/test_kill_loop.py`.

The loop last ran for ten minutes with SQLite on two cores at a load of 15: 182 kills (worker 46, Redis 30, Glue 29,
beat 28, S3 27, engine 22). All of its 15 imports succeeded, and Glue has each of them once. A worker that ends a task
while its connection to Redis breaks may die of an error in kombu (5.7.0, seen once in the loop); the launcher, or
`restart` in the compose file, starts it again, and so does the loop.

Runs of the other kinds go the same way: of 14 generations, estimates and exports during which a part of `make run` was
killed (each part at least once but S3), all succeeded, and Glue has each of them once.

## Faults of the machine

Brought about by hand with `make run`: the full disk during all kinds of runs, the others during imports; the clock by
`tests/run/test_schedule.py` and `tests/localglue/test_runs.py`, a full disk under S3 by `tests/run/test_s3_full.py`.

| Fault | What happens |
|---|---|
| the disk of `var/` is full | Whoever writes is told that it failed, Glue answers `InternalServiceException`, labels stay as they were. Workers may end and are started again. Once there is room, all goes on without a restart; a part that has failed six times in a row ends the portal, and the next start goes on |
| `var/` can only be read | `make run` says so and starts nothing |
| the clock is set back | What recurs goes on at once. What a killed process of localglue had worked on is taken up within seconds. What the portal had put off for later, or a killed worker of it had begun, waits until the clock is there again |
| Redis is emptied | Nothing is lost: sweeps send the messages again |
| `var/s3` is deleted while all runs | Runs that read from there fail and say so; the bucket is there again after the next start. Restore its objects from the [backup](operations.md#backups), with everything stopped |
| a backup made while imports ran is restored | Imports that were under way are done again and end once |
| a port is taken, or the portal runs already | `make run` says by whom, and starts nothing |
| the launcher is killed | Its parts end with it; the next start finds all data |
"""


if __name__ == "__main__":
    DOCUMENT.write_text(document())
