"""The life of a run: the only code that sets ``TaskRun.status``.

    STARTING → RUNNING → SUCCEEDED | FAILED | TIMEOUT
        └────────┴─────→ STOPPING → STOPPED

Every step is a compare-and-set on the row, so it does not matter how often, how late or by whom it is tried. Work is done under a
lease: the token in the row says whose the run is. Whoever finds the token changed has lost the run and may change nothing.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from labelfiles import counted
from localglue import deletion
from localglue.choices import ACTIVE, TaskStatus, TaskType, TransformStatus
from localglue.errors import ConcurrentRunsExceededException, EntityNotFoundException
from localglue.models import MLTransform, TaskRun, job_run_id

log = logging.getLogger(__name__)

RETRY_SECONDS, LONGEST_RETRY_SECONDS = 5, 300
MAX_ERROR = 20_000  # characters; what is quoted in an ErrorString may be as long as a label file
_SENDER = "localglue-sender"


class LeaseLostError(Exception):
    """The run was stopped, ended or given to another worker; nothing that was done for it may be kept."""


def start_run(
    *, transform: MLTransform, task_type: TaskType, path: str = "", replace: bool | None = None, requested_by: str = ""
) -> TaskRun:
    """Record a run of ``transform`` and ask the engine's queue to take it.

    Raises ``ConcurrentRunsExceededException`` for the two kinds for which Glue models it; imports and exports wait in line.
    """
    with transaction.atomic():
        # The lock makes the order of creation the order of the primary keys, which is the order of imports.
        locked = MLTransform.objects.select_for_update().filter(pk=transform.pk).first()
        if locked is None or locked.status == TransformStatus.DELETING:
            raise EntityNotFoundException(cannot_find(transform.public_id))
        if task_type in (TaskType.EVALUATION, TaskType.LABELING_SET_GENERATION):
            _check_quotas(locked)
        run = TaskRun.objects.create(
            transform=locked,
            task_type=task_type,
            path=path,
            replace=replace,
            requested_by=requested_by,
            timeout=locked.timeout,
            max_retries=locked.max_retries or 0,
            enqueued_at=timezone.now(),
        )
        enqueue_on_commit(run.pk)
    return run


def cannot_find(handle: str, *, stop: str = ".") -> str:
    """AWS's words for an unknown transform; DeleteMLTransform leaves the full stop out."""
    return f"Cannot find MLTransform in account {settings.LOCALGLUE_ACCOUNT_ID} with handle {handle}{stop}"


def _check_quotas(transform: MLTransform) -> None:
    active = TaskRun.objects.filter(status__in=ACTIVE).exclude(task_type=TaskType.FIND_MATCHES)
    count, limit = active.filter(transform=transform).count(), settings.LOCALGLUE_MAX_RUNS_PER_TRANSFORM
    if count >= limit:
        raise ConcurrentRunsExceededException(
            f"ML Task Runs count {count} has exceeded the transform limit of {limit} task runs."
        )
    count, limit = active.count(), settings.LOCALGLUE_MAX_RUNS
    if count >= limit:
        raise ConcurrentRunsExceededException(
            f"ML Task Runs count {count} has exceeded the limit of {limit} task runs."
        )


def start_job_run(*, limit: int, **fields: Any) -> TaskRun:
    """Record a run of a job (``fields["job"]``, locked by the caller) if fewer than ``limit`` are active."""
    active = TaskRun.objects.filter(job=fields["job"], status__in=ACTIVE).count()
    if active >= limit:
        raise ConcurrentRunsExceededException(f"Concurrent runs exceeded for {fields['job'].name}")
    run = TaskRun.objects.create(
        task_type=TaskType.FIND_MATCHES, job_run_id=job_run_id(), enqueued_at=timezone.now(), **fields
    )
    enqueue_on_commit(run.pk)
    return run


def enqueue_on_commit(pk: int) -> None:
    """Send the message once the row can be seen. It may be lost: ``sweep`` sends it again."""
    transaction.on_commit(partial(enqueue, pk), robust=True)


def enqueue(pk: int) -> None:
    """Tell the engine's queue to look at a run, in a thread: a broker that is away takes seconds to say so, and nobody need wait.

    No daemon: a process that ends in order sends first. One that ends by ``os._exit`` calls ``wait_for_messages``.
    """
    threading.Thread(target=_send, args=(pk,), name=_SENDER).start()


def wait_for_messages(seconds: float = 5.0) -> None:
    """Return when this process has sent its messages, or after ``seconds``: then the sweep sends them again."""
    deadline = time.monotonic() + seconds
    for thread in threading.enumerate():
        if thread.name == _SENDER:
            thread.join(max(0.0, deadline - time.monotonic()))


def _send(pk: int) -> None:
    from localglue.tasks import execute_run  # the task runs this module: imported when it is needed

    try:
        execute_run.apply_async((pk,), retry=False)
    except Exception as error:  # whatever the broker's client raises, the sweep will come by
        log.warning("run %s: no message sent (%s); the sweep will send it again", pk, type(error).__name__)


def claimable(now: datetime) -> Q:
    """Runs that may be taken: new, or running without a valid lease, and no earlier import of the transform is under way."""
    earlier = TaskRun.objects.filter(
        transform=OuterRef("transform"), task_type=TaskType.IMPORT_LABELS, status__in=ACTIVE, pk__lt=OuterRef("pk")
    )
    free = Q(status=TaskStatus.STARTING) | Q(status=TaskStatus.RUNNING, lease_until__lt=now)
    return free & (~Q(task_type=TaskType.IMPORT_LABELS) | Q(~Exists(earlier)))


def claim(pk: int, *, now: datetime) -> TaskRun | None:
    """Take the run under a new lease, or None if it is not to be taken.

    A run that lost too many workers, or whose time is up, is ended instead.
    """
    with transaction.atomic():
        run = TaskRun.objects.select_for_update().filter(claimable(now), pk=pk).first()
        if run is None:
            return None
        lost = run.losses + (1 if run.lease_token else 0)
        if lost >= settings.LOCALGLUE_MAX_LOSSES:
            _end(
                run,
                TaskStatus.FAILED,
                f"The run was given up: it lost its worker {counted(lost, 'time')}.",
                now,
                losses=lost,
            )
            return None
        deadline = run.deadline()
        if deadline is not None and deadline <= now:
            _end(run, TaskStatus.TIMEOUT, _timeout_words(run), now)
            return None
        run.status = TaskStatus.RUNNING
        run.lease_token = uuid.uuid4().hex
        run.lease_until = now + timedelta(seconds=settings.LOCALGLUE_LEASE_SECONDS)
        run.running_since = run.running_since or now
        run.modified_at = now
        run.attempts += 1
        run.losses = lost
        run.enqueues = 0
        run.save()
        return run


def _timeout_words(run: TaskRun) -> str:
    return f"The run took longer than its timeout of {counted(run.timeout, 'minute')}."


def _end(run: TaskRun, status: TaskStatus, error: str, now: datetime, **fields: Any) -> None:
    TaskRun.objects.filter(pk=run.pk).update(
        status=status, error=error, completed_at=now, modified_at=now, lease_token="", lease_until=None, **fields
    )
    log.info("run %s %s: %s", run.public_id, run.task_type, status)
    _after(run)


def _mine(pk: int, token: str, *statuses: TaskStatus) -> Any:
    return TaskRun.objects.filter(pk=pk, lease_token=token, status__in=statuses)


def note_process(run: TaskRun, token: str, name: str) -> None:
    """Keep, for whoever looks for it, which process works on the run."""
    _mine(run.pk, token, TaskStatus.RUNNING, TaskStatus.STOPPING).update(engine_process=name)


def renew(run: TaskRun, token: str, *, now: datetime) -> TaskStatus | None:
    """Keep the lease. Returns the status, or None if the run is no longer the caller's."""
    until = now + timedelta(seconds=settings.LOCALGLUE_LEASE_SECONDS)
    if not _mine(run.pk, token, TaskStatus.RUNNING, TaskStatus.STOPPING).update(lease_until=until):
        return None
    return look(run, token)


def look(run: TaskRun, token: str) -> TaskStatus | None:
    """The status of a run that is the caller's, or None."""
    status = _mine(run.pk, token, TaskStatus.RUNNING, TaskStatus.STOPPING).values_list("status", flat=True).first()
    return TaskStatus(status) if status else None


def succeed(run: TaskRun, token: str, *, store: Callable[[], None]) -> None:
    """End the run with success and keep its result, in one transaction, if it is still the caller's.

    The row of the run is changed before anything is stored: a cancel that comes now waits and then finds the run ended. The
    transform is locked before that, as everywhere. Raises ``LeaseLostError``.
    """
    with transaction.atomic():
        now = timezone.now()
        if run.transform_id is not None:
            MLTransform.objects.select_for_update().filter(pk=run.transform_id).first()
        changed = _mine(run.pk, token, TaskStatus.RUNNING).update(
            status=TaskStatus.SUCCEEDED, error="", completed_at=now, modified_at=now, lease_token="", lease_until=None
        )
        if not changed:
            raise LeaseLostError
        store()
        _after(run)
    log.info("run %s %s: SUCCEEDED", run.public_id, run.task_type)


def fail(run: TaskRun, token: str, error: str, *, may_pass: bool, now: datetime) -> None:
    """The attempt failed. A failure that may pass is tried again while ``MaxRetries`` allows; else the run is FAILED.

    Raises ``LeaseLostError``.
    """
    error = error.replace("\0", "\ufffd")  # PostgreSQL cannot keep it
    error = error if len(error) <= MAX_ERROR else f"{error[:MAX_ERROR]}…"
    with transaction.atomic():
        mine = _mine(run.pk, token, TaskStatus.RUNNING).select_for_update().first()
        if mine is None:
            raise LeaseLostError
        if may_pass and mine.failures < mine.max_retries:
            # RUNNING without a token: free to be taken once the lease's time has come, and not counted as a lost worker.
            wait = RETRY_SECONDS * 2**mine.failures
            _mine(run.pk, token, TaskStatus.RUNNING).update(
                failures=F("failures") + 1,
                lease_token="",
                lease_until=now + timedelta(seconds=min(wait, LONGEST_RETRY_SECONDS)),
                error=error,
                modified_at=now,
            )
            log.info("run %s %s: will be tried again", run.public_id, run.task_type)
            return
        _end(mine, TaskStatus.FAILED, error, now)


def time_out(run: TaskRun, token: str, *, now: datetime) -> None:
    """End the run because its time is up, if it is still the caller's."""
    with transaction.atomic():
        if mine := _mine(run.pk, token, TaskStatus.RUNNING).select_for_update().first():
            _end(mine, TaskStatus.TIMEOUT, _timeout_words(mine), now)


def finish_stop(run: TaskRun, token: str, *, now: datetime) -> None:
    """The work of a run that was to be stopped has ended."""
    with transaction.atomic():
        if mine := _mine(run.pk, token, TaskStatus.STOPPING).select_for_update().first():
            _end(mine, TaskStatus.STOPPED, "", now)


def stop(pk: int, *, now: datetime) -> TaskStatus | None:
    """Ask for the end of a run. What nobody works on is STOPPED at once; what has ended stays as it ended.

    Returns the status that it has now, None if it has been deleted.
    """
    with transaction.atomic():
        run = TaskRun.objects.select_for_update().filter(pk=pk).first()
        if run is None:
            return None
        if run.status not in (TaskStatus.STARTING, TaskStatus.RUNNING):
            return TaskStatus(run.status)
        if run.lease_token and run.lease_until is not None and run.lease_until >= now:
            TaskRun.objects.filter(pk=pk).update(status=TaskStatus.STOPPING, modified_at=now)
            return TaskStatus.STOPPING
        _end(run, TaskStatus.STOPPED, "", now)
        return TaskStatus.STOPPED


def _after(run: TaskRun) -> None:
    """An import that ended lets the next import of its transform begin; the last run of a deleted transform lets it go.

    After the commit, because everybody locks the transform before its runs, and the caller holds a run.
    """
    if run.transform_id is not None:
        transaction.on_commit(partial(deletion.purge, run.transform_id), robust=True)
    if run.task_type == TaskType.IMPORT_LABELS:
        waiting = TaskRun.objects.filter(
            transform_id=run.transform_id, task_type=TaskType.IMPORT_LABELS, status=TaskStatus.STARTING, pk__gt=run.pk
        )
        if (pk := waiting.order_by("pk").values_list("pk", flat=True).first()) is not None:
            enqueue_on_commit(pk)


def sweep(*, now: datetime) -> int:
    """Move along what nobody moves: lost messages, lost workers, stops that no worker is left to finish. Returns how many."""
    moved = 0
    _shorten_leases(now)
    for run in TaskRun.objects.filter(status=TaskStatus.STOPPING, lease_until__lt=now):
        with transaction.atomic():
            stale = TaskRun.objects.select_for_update().filter(
                pk=run.pk, status=TaskStatus.STOPPING, lease_until__lt=now
            )
            if locked := stale.first():
                _end(locked, TaskStatus.STOPPED, "", now)
                moved += 1
    for run in TaskRun.objects.filter(claimable(now)).order_by("pk")[:200]:
        # Each message that was not taken doubles the wait for the next, up to a minute: a long line is no flood.
        wait = timedelta(seconds=min(5 * 2 ** min(run.enqueues, 4), 60))
        if run.enqueued_at is None or not run.enqueued_at <= now < run.enqueued_at + wait:
            TaskRun.objects.filter(pk=run.pk).update(enqueued_at=now, enqueues=F("enqueues") + 1)
            enqueue(run.pk)
            moved += 1
    return moved


def _shorten_leases(now: datetime) -> None:
    """A lease that ends later than any may was taken before the clock was set back. Whoever is at work renews it in time."""
    lease = timedelta(seconds=settings.LOCALGLUE_LEASE_SECONDS)
    latest = now + max(lease, timedelta(seconds=LONGEST_RETRY_SECONDS)) + lease
    TaskRun.objects.filter(status__in=ACTIVE, lease_until__gt=latest).update(lease_until=now + lease)
