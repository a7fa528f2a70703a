"""A portal worker that dies at a chosen step: ``python -m tests.faults.crashing "<step>" <run id>``.

It runs the same services as the Celery tasks, with SIGKILL to itself just before or just after one function. The product knows nothing of it.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import uuid
from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn

SUBMIT, SYNC, GLUE = "labeling.services.task_runs.submit", "labeling.services.task_runs.sync", "labeling.aws.glue"

# step -> module, function, and when to die
STEPS: dict[str, tuple[str, str, str]] = {
    "claimed": (SUBMIT, "_prepare", "before"),
    "import started, id not saved": (GLUE, "start_import_labels_task_run", "after"),
    "generation started, id not saved": (GLUE, "start_ml_labeling_set_generation_task_run", "after"),
    "evaluation started, id not saved": (GLUE, "start_ml_evaluation_task_run", "after"),
    "job started, id not saved": (GLUE, "start_job_run", "after"),
    "generation ended, questions not loaded": (SYNC, "make_question_set", "before"),
    "questions loaded, not committed": (SYNC, "make_question_set", "after"),
    "end committed": (SYNC, "_finish", "after"),
}


def die_at(step: str) -> None:
    """Replace the step's function by one that kills this process."""
    module_name, name, when = STEPS[step]
    module = import_module(module_name)
    real: Callable[..., Any] = getattr(module, name)

    def die() -> NoReturn:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("still alive")

    def dying(*args: Any, **kwargs: Any) -> NoReturn:
        if when == "after":
            real(*args, **kwargs)
        die()

    setattr(module, name, dying)


def main() -> None:
    """Submit the run and follow it to its end, or to the step at which to die."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelportal.settings")
    import django  # the settings must be named first

    django.setup()
    from labeling.models import TaskRun  # apps must be loaded first
    from labeling.services.task_runs import submit_run, sync_run

    die_at(sys.argv[1])
    run_id = uuid.UUID(sys.argv[2])
    submit_run(run_id=run_id)
    while True:
        run = TaskRun.objects.select_related("transform", "label_file", "requested_by").get(pk=run_id)
        if not run.is_active:
            return
        sync_run(run=run)
        time.sleep(0.1)


if __name__ == "__main__":
    main()
