"""Parts are killed at random while imports are asked for, one after the other; in the end each import has ended once.

``KILL_LOOP_SECONDS`` says for how long (6 unless said; ``KILL_LOOP_SECONDS=600 python -m pytest -s tests/faults/test_kill_loop.py`` for the long one), ``KILL_LOOP_SEED``
repeats the choices, not the timing.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from contextlib import suppress

import pytest

from labeling.choices import RunKind, RunStatus
from labeling.exceptions import RunConflictError
from labeling.models import LabelFile, Question, TaskRun, Transform
from labeling.services.task_runs import request_label_import
from tests.labeling.taught import LABELS, lead, runs_at_glue, small_transform
from tests.support.servers import Services, wait_until

SECONDS = float(os.environ.get("KILL_LOOP_SECONDS", "6"))
SEED = int(os.environ.get("KILL_LOOP_SEED", str(random.SystemRandom().randrange(10**6))))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(SECONDS + 300)]
VICTIMS = ("worker", "engine-worker", "glue", "redis", "s3", "beat")
EVERYTHING = ("redis", "s3", "glue", "engine-worker", "worker", "beat")


def ask_again(transform: Transform) -> None:
    """Have all answers wait, and ask for an import unless one is under way."""
    if TaskRun.objects.filter(transform=transform, kind=RunKind.IMPORT_LABELS, completed_at=None).exists():
        return
    Question.objects.update(imported_version=None)
    with suppress(RunConflictError):  # it may have been asked for in between
        request_label_import(transform=transform, user=lead(), replace_all=False)


def test_whatever_is_killed_each_import_ends_once(services: Services) -> None:
    print(f"kill loop: {SECONDS:g} s, seed {SEED}")
    chance = random.Random(SEED)  # noqa: S311  # which part dies next is no secret
    # Claims run out sooner than in use, so that there is much to see in little time; later than a call to servers that have only just come back.
    services.servers["worker"].env["TASK_RUN_CLAIM_SECONDS"] = "12"
    services.restart("worker")
    services.start("beat")
    transform = small_transform()
    kills: Counter[str] = Counter()
    try:
        ends = time.monotonic() + SECONDS
        while time.monotonic() < ends:
            ask_again(transform)
            time.sleep(chance.uniform(0.0, 1.5))  # a kill at a random time is what this is about
            victim = chance.choice(VICTIMS)
            services.kill(victim)
            kills[victim] += 1
            time.sleep(chance.uniform(0.0, 0.5))
            services.start(victim)

        def all_ended() -> bool:
            services.start(*EVERYTHING)  # also what has died since, as the launcher does
            return not TaskRun.objects.filter(kind=RunKind.IMPORT_LABELS, completed_at=None).exists()

        wait_until(all_ended, seconds=120, what="the end of every import", every=0.3)
    finally:
        services.kill("beat", "worker")
        del services.servers["worker"].env["TASK_RUN_CLAIM_SECONDS"]
    check(transform)
    states = Counter(TaskRun.objects.filter(kind=RunKind.IMPORT_LABELS).values_list("status", flat=True))
    print(f"killed {dict(kills)}; imports {dict(states)}")


def check(transform: Transform) -> None:
    """Each import went in once; what ended badly says why and changed nothing."""
    runs = list(TaskRun.objects.filter(transform=transform, kind=RunKind.IMPORT_LABELS).order_by("created_at"))
    at_glue = Counter(found.path for found in runs_at_glue(transform, RunKind.IMPORT_LABELS))
    assert runs
    for run in runs:
        assert at_glue[run.path] <= 1, run
        if run.status == RunStatus.SUCCEEDED:
            assert at_glue[run.path] == 1
            assert run.labels_after == LABELS
        else:
            assert run.error, run
        assert run.events.filter(status=run.status).count() == 1
    assert sum(at_glue.values()) == len([run for run in runs if run.glue_run_id])
    assert any(run.status == RunStatus.SUCCEEDED for run in runs)
    if runs[-1].status == RunStatus.SUCCEEDED:
        assert not Question.objects.filter(state="settled").exclude(imported_version=1).exists()
    assert LabelFile.objects.filter(kind="built").count() == len([run for run in runs if run.label_file_id])
