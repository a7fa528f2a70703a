"""What runs do, one module a task type. All of it happens in a child process; see ``localglue.supervise``.

A worker function does what takes long and returns a function that stores the result. That one is called in the transaction
that ends the run, so either all of a run happened or nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from localglue.choices import TaskType
from localglue.models import TaskRun

Store = Callable[[], None]
Work = Callable[[TaskRun], Store]

_MODULES = {
    TaskType.IMPORT_LABELS: "import_labels",
    TaskType.EXPORT_LABELS: "export_labels",
    TaskType.LABELING_SET_GENERATION: "generate_questions",
    TaskType.EVALUATION: "evaluate",
    TaskType.FIND_MATCHES: "find_matches",
}


class WorkError(Exception):
    """The run cannot succeed as it was asked for; the message is its ErrorString."""


def perform(run: TaskRun) -> Store:
    """Do the work of a run. Raises ``WorkError`` and the errors of store, tables, engine and label files."""
    module = import_module(f"{__name__}.{_MODULES[TaskType(run.task_type)]}")
    work: Work = module.perform
    return work(run)


def nothing() -> None:
    """What there is to store when the result is in S3."""
