"""Each row of docs/faults.md, brought about against real servers: step × fault → what is left, and the import ends once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, Literal

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from kombu.exceptions import OperationalError as BrokerError
from pytest_django import Settings
from storages.backends.s3 import S3Storage

from labeling.aws import clients, storage
from labeling.aws.errors import translated
from labeling.choices import RunKind, RunStatus
from labeling.models import LabelFile, Question, TaskRun, Transform
from labeling.services.task_runs import request_label_import, submit_run, sync_run
from tests.faults.table import (
    AT_GLUE,
    DOCUMENT,
    FAULTS,
    GOES_ON,
    QUEUED,
    REFUSED,
    STEPS,
    SUBMITTING,
    TABLE,
    WAITS,
    document,
)
from tests.labeling.taught import LABELS, lead, runs_at_glue, small_transform, succeeded
from tests.support.servers import Services

NOBODY = "http://127.0.0.1:9"
ONCE = Config(connect_timeout=2, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})


class Killed(BaseException):
    """The process ends here; nothing in the portal catches this."""


def test_the_document_is_the_table() -> None:
    assert len(TABLE) >= 40
    assert DOCUMENT.read_text() == document()


class Fault:
    """Strikes once, when the step is reached, and lasts until ``monkeypatch`` is undone."""

    def __init__(self, kinds: tuple[str, ...], patch: pytest.MonkeyPatch) -> None:
        self.kinds, self._patch, self.struck = kinds, patch, False

    def arm(self, step: str) -> None:
        """Have the step's function strike, before or after what it does."""
        module_name, name, when = STEPS[step]
        module = import_module(module_name)
        real: Any = getattr(module, name)

        def stricken(*args: Any, **kwargs: Any) -> Any:
            if self.struck:
                return real(*args, **kwargs)
            self.struck = True
            if when == "before":
                self._strike(step)
                return real(*args, **kwargs)
            result = real(*args, **kwargs)
            self._strike(step)
            return result

        if step == "asked for":
            self._patch.setattr(real.objects, "create", _once(real.objects.create, self, step))
        else:
            self._patch.setattr(module, name, stricken)

    def _strike(self, step: str) -> None:
        for kind in self.kinds:
            self._strike_with(kind, step)

    def _strike_with(self, kind: str, step: str) -> None:
        match kind:
            case "worker":
                raise Killed
            case "database":
                if connection.vendor == "postgresql" and connection.connection is not None:
                    connection.connection.close()
                    with connection.cursor() as cursor:
                        cursor.execute("SELECT 1")  # what the step would ask next
                raise OperationalError("the connection to the database is lost")
            case "broker":
                self._patch.setattr("labeling.services.task_runs.request.submit_run.delay", _no_broker)
            case "glue":
                self._glue_is_away(step)
            case "s3":
                self._s3_is_away()

    def _glue_is_away(self, step: str) -> None:
        dead = _dead("glue")
        self._patch.setattr(clients, "glue", lambda: dead)
        self._patch.setattr(clients, "glue_once", lambda: dead)
        if step == "started, answer lost":
            with translated():
                raise ReadTimeoutError(endpoint_url=NOBODY)

    def _s3_is_away(self) -> None:
        dead = _dead("s3")
        self._patch.setattr(clients, "s3", lambda: dead)
        self._patch.setattr(storage, "default_storage", _dead_storage())


@cache
def _dead(service: Literal["glue", "s3"]) -> Any:
    return boto3.session.Session().client(service, endpoint_url=NOBODY, config=ONCE)


@cache
def _dead_storage() -> S3Storage:
    return S3Storage(endpoint_url=NOBODY, client_config=ONCE)


def _once(real: Callable[..., Any], fault: Fault, step: str) -> Callable[..., Any]:
    def create(*args: Any, **kwargs: Any) -> Any:
        if not fault.struck:
            fault.struck = True
            fault._strike(step)
        return real(*args, **kwargs)

    return create


def _no_broker(**_message: object) -> None:
    raise BrokerError("Redis is away")


def ask_and_follow(transform: Transform, fault: Fault) -> tuple[TaskRun | None, bool]:
    """Ask for an import and follow it until the fault has struck; the run, and whether the process was cut off."""
    run: TaskRun | None = None
    try:
        run = request_label_import(transform=transform, user=lead(), replace_all=False)
        while not fault.struck:
            run.refresh_from_db()
            assert run.is_active, f"the step was never reached: {run.status} {run.error}"
            if run.status == RunStatus.QUEUED:
                submit_run(run_id=run.pk)
            else:
                sync_run(run=TaskRun.objects.select_related("transform", "label_file").get(pk=run.pk))
    except (Killed, DatabaseError, InterfaceError):
        connection.close()
        return run, True
    return run, False


def what_is_left(run: TaskRun | None, cut_off: bool) -> str:
    """The word of the table for the row as it is now."""
    if run is None:
        return REFUSED
    run.refresh_from_db()
    if run.error:
        assert run.advice
    if run.status == RunStatus.SUBMITTING:
        return SUBMITTING
    if run.error:
        assert run.not_before is not None
        return WAITS
    if run.status == RunStatus.QUEUED:
        return QUEUED
    return AT_GLUE if cut_off else GOES_ON


def imports_for(step: str) -> list[tuple[str, ...]]:
    """The faults to bring about one import after the other; what the step does not need is away all at once, since it is not noticed."""
    unnoticed = tuple(kind for kind in FAULTS if TABLE[step, kind] == GOES_ON)
    return [*((kind,) for kind in FAULTS if kind not in unnoticed), *([unnoticed] if unnoticed else [])]


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_each_fault_at_this_step(
    services: Services, settings: Settings, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    settings.TASK_RUN_CLAIM_SECONDS = 0
    monkeypatch.setattr("labeling.services.task_runs.request.submit_run.delay", lambda **_message: None)
    transform = small_transform()
    before = 0
    for number, kinds in enumerate(imports_for(step)):
        Question.objects.update(imported_version=None)
        with monkeypatch.context() as patch:
            fault = Fault(kinds, patch)
            fault.arm(step)
            run, cut_off = ask_and_follow(transform, fault)
            expected = TABLE[step, kinds[0]]
            if step == "asked for" and expected == GOES_ON:
                expected = QUEUED  # nothing has begun yet
            assert what_is_left(run, cut_off) == expected, (step, kinds)
        if run is None:
            assert TaskRun.objects.filter(kind=RunKind.IMPORT_LABELS).count() == before
            continue
        before += 1
        TaskRun.objects.filter(pk=run.pk).update(not_before=None)
        succeeded(run)
        assert (run.labels_before, run.labels_after) == (LABELS if before > 1 else 0, LABELS), (step, kinds)
        at_glue = [found.run_id for found in runs_at_glue(transform, RunKind.IMPORT_LABELS)]
        assert at_glue.count(run.glue_run_id) == 1
        assert len(at_glue) == before, (step, kinds, number)
        assert not Question.objects.filter(state="settled").exclude(imported_version=1).exists()
        assert LabelFile.objects.filter(kind="built").count() == before
        assert [event.status for event in run.events.all()].count(RunStatus.SUCCEEDED) == 1
