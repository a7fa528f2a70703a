"""Celery's way in: a message about one thing calls one service. Its name and arguments are kept for messages that older code sent.

Services are imported in the tasks: they enqueue tasks themselves, which is the one allowed cycle; models are not ready when tasks are imported; and
proposals, reasons and the shadow load the engine, which only the worker for them needs.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from celery import shared_task


def _in_turn(*sweeps: Callable[[], None]) -> None:
    """One message for several sweeps, since with nothing to do each takes less time than its message would. One that fails does not keep the others
    from their turn; while one takes long, the next message finds another worker, which lets alone what has been taken here."""
    errors: list[Exception] = []
    for sweep in sweeps:
        try:
            sweep()
        except Exception as error:
            errors.append(error)
    if errors:
        raise ExceptionGroup("sweeps failed", errors)


@shared_task(name="labeling.submit_run")
def submit_run(*, run_id: str, **_kwargs: object) -> None:
    """Start a queued run at Glue."""
    from labeling.services import task_runs

    task_runs.submit_run(run_id=uuid.UUID(run_id))


@shared_task(name="labeling.sync_task_runs")
def sync_task_runs(**_kwargs: object) -> None:
    """Move every active run along, and have done what is to follow those that ended; sent by beat."""
    from labeling.services import chains, task_runs

    _in_turn(task_runs.sweep_runs, chains.move_chains)


@shared_task(name="labeling.sweep_foreign_runs")
def sweep_foreign_runs(**_kwargs: object) -> None:
    """Take runs that were started elsewhere into the history; sent by beat."""
    from labeling.services import task_runs

    task_runs.sweep_foreign_runs()


@shared_task(name="labeling.take_in_foreign_runs")
def take_in_foreign_runs(*, transform_id: str, **_kwargs: object) -> None:
    """Take the history of a transform in that has just been added from Glue."""
    from labeling.models import Transform
    from labeling.services.task_runs.foreign import take_in_foreign_runs

    transform = Transform.objects.filter(pk=uuid.UUID(transform_id)).first()
    if transform is not None:
        take_in_foreign_runs(transform=transform)


@shared_task(name="labeling.start_due_imports")
def start_due_imports(**_kwargs: object) -> None:
    """Start imports that are due by themselves; sent by beat."""
    from labeling.services import automation

    automation.start_due_imports()


@shared_task(name="labeling.refresh_proposals")
def refresh_proposals(*, transform_id: str, **_kwargs: object) -> None:
    """Propose groupings for questions that have just been loaded."""
    from labeling.models import Transform
    from labeling.services import proposals

    transform = Transform.objects.filter(pk=uuid.UUID(transform_id)).first()
    if transform is not None:
        proposals.refresh_proposals(transform=transform)


@shared_task(name="labeling.explain_pair")
def explain_pair(*, explanation_id: str, **_kwargs: object) -> None:
    """Say why about two rows that somebody has just asked about."""
    from labeling.models import PairExplanation
    from labeling.services import reasons

    explanation = PairExplanation.objects.filter(pk=uuid.UUID(explanation_id)).first()
    if explanation is not None:
        reasons.explain_pair(explanation=explanation)


@shared_task(name="labeling.sweep_proposals")
def sweep_proposals(**_kwargs: object) -> None:
    """Renew proposals where answers have come in; sent by beat."""
    from labeling.services import proposals

    proposals.sweep_proposals()


@shared_task(name="labeling.sweep_answers")
def sweep_answers(**_kwargs: object) -> None:
    """Do what people who answer wait for: contradictions, spreadsheets, messages about what has happened; sent by beat."""
    from labeling.services import contradictions, notifications, sheets

    _in_turn(contradictions.sweep_contradictions, notifications.sweep_notifications, sheets.sweep_sheets)


@shared_task(name="labeling.sweep_background")
def sweep_background(**_kwargs: object) -> None:
    """Send what waits to be sent, say why where the message was lost, read results, and estimate the quality of imports that nobody has looked at;
    sent by beat."""
    from labeling.services import matches, notifications, reasons, shadow, webhooks

    _in_turn(
        notifications.send_mails,
        webhooks.send_deliveries,
        reasons.sweep_reasons,
        matches.sweep_matches,
        shadow.sweep_shadow,
    )


@shared_task(name="labeling.prune_messages")
def prune_messages(**_kwargs: object) -> None:
    """Forget old messages and their logs; sent by beat."""
    from labeling.services import retention

    retention.prune_messages()


@shared_task(name="labeling.prune_uploads")
def prune_uploads(**_kwargs: object) -> None:
    """Remove files that were uploaded and never taken in; sent by beat."""
    from labeling.services import direct_uploads

    direct_uploads.remove_leftovers()
