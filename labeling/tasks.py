"""Celery's way in: one message, one service. Names and arguments are kept for messages that older code sent.

Services are imported in the tasks: they enqueue tasks themselves, which is the one allowed cycle; models are not ready when tasks are imported; and
proposals and the shadow load the engine, which only the worker for them needs.
"""

from __future__ import annotations

import uuid

from celery import shared_task


@shared_task(name="labeling.submit_run")
def submit_run(*, run_id: str, **_kwargs: object) -> None:
    """Start a queued run at Glue."""
    from labeling.services import task_runs

    task_runs.submit_run(run_id=uuid.UUID(run_id))


@shared_task(name="labeling.sync_task_runs")
def sync_task_runs(**_kwargs: object) -> None:
    """Move every active run along; sent by beat."""
    from labeling.services import task_runs

    task_runs.sweep_runs()


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


@shared_task(name="labeling.move_chains")
def move_chains(**_kwargs: object) -> None:
    """Have done what is to follow runs that ended; sent by beat."""
    from labeling.services import chains

    chains.move_chains()


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


@shared_task(name="labeling.sweep_proposals")
def sweep_proposals(**_kwargs: object) -> None:
    """Renew proposals where answers have come in; sent by beat."""
    from labeling.services import proposals

    proposals.sweep_proposals()


@shared_task(name="labeling.sweep_contradictions")
def sweep_contradictions(**_kwargs: object) -> None:
    """Look for answers that cannot all be right where something changed; sent by beat."""
    from labeling.services import contradictions

    contradictions.sweep_contradictions()


@shared_task(name="labeling.sweep_shadow")
def sweep_shadow(**_kwargs: object) -> None:
    """Estimate the quality of the labels of imports that nobody has looked at; sent by beat."""
    from labeling.services import shadow

    shadow.sweep_shadow()


@shared_task(name="labeling.sweep_matches")
def sweep_matches(**_kwargs: object) -> None:
    """Read a result that nobody has looked at; sent by beat."""
    from labeling.services import matches

    matches.sweep_matches()


@shared_task(name="labeling.sweep_sheets")
def sweep_sheets(**_kwargs: object) -> None:
    """Read a filled in spreadsheet that waits for it; sent by beat."""
    from labeling.services import sheets

    sheets.sweep_sheets()


@shared_task(name="labeling.sweep_notifications")
def sweep_notifications(**_kwargs: object) -> None:
    """Write the messages about what has happened; sent by beat."""
    from labeling.services import notifications

    notifications.sweep_notifications()


@shared_task(name="labeling.send_mails")
def send_mails(**_kwargs: object) -> None:
    """Send the e-mails that wait; sent by beat."""
    from labeling.services import notifications

    notifications.send_mails()


@shared_task(name="labeling.send_webhooks")
def send_webhooks(**_kwargs: object) -> None:
    """Send the messages to webhooks that wait; sent by beat."""
    from labeling.services import webhooks

    webhooks.send_deliveries()


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
