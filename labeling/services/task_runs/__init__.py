"""Background runs, from the request to the end. Nothing outside this package sets ``TaskRun.status``.

``request_*`` writes the row and queues a message; ``submit_run`` claims the row and starts the run at Glue; ``sync_run`` follows it;
``sweep_runs`` picks up whatever a crash, a lost message or an outage left behind. Each step may be repeated at any time.
"""

from __future__ import annotations

from labeling.services.task_runs.cancel import StopOutcome, cancel_run
from labeling.services.task_runs.foreign import sweep_foreign_runs
from labeling.services.task_runs.request import (
    RunRequest,
    request_apply,
    request_evaluation,
    request_label_export,
    request_label_import,
    request_question_generation,
)
from labeling.services.task_runs.retry import retry_run
from labeling.services.task_runs.submit import recover_submission, submit_run
from labeling.services.task_runs.sweep import sweep_runs
from labeling.services.task_runs.sync import sync_run
from labeling.services.task_runs.transitions import transition

__all__ = [
    "RunRequest",
    "StopOutcome",
    "cancel_run",
    "recover_submission",
    "request_apply",
    "request_evaluation",
    "request_label_export",
    "request_label_import",
    "request_question_generation",
    "retry_run",
    "submit_run",
    "sweep_foreign_runs",
    "sweep_runs",
    "sync_run",
    "transition",
]
