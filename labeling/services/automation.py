"""Imports that start by themselves: every so many answers, every night, or both."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record_changes
from accounts.models import AuditAction, User
from accounts.services import set_time_zone
from labeling.exceptions import InvalidSettingError, LabelportalError, NothingToImportError, RunConflictError
from labeling.models import Automation, TaskRun, Transform
from labeling.selectors.automation import Hold, answers_waiting, due_now, hold
from labeling.services.chains import Afterwards, start_import

logger = logging.getLogger(__name__)


def save_automation(
    *,
    transform: Transform,
    user: User,
    enabled: bool,
    every_answers: int | None,
    nightly_hour: int | None,
    time_zone: str,
    evaluate: bool,
    generate: bool,
    now: datetime | None = None,
) -> Automation:
    """Decide when answers are imported by themselves. ``time_zone`` is the team's, for all its transforms. Raises ``InvalidSettingError``.

    A night whose hour has passed today begins tomorrow. Saving also lets go on what was held after a failure.
    """
    now = now or timezone.now()
    if enabled and every_answers is None and nightly_hour is None:
        raise InvalidSettingError(_("Choose when: after how many answers, at which hour, or both."))
    schedule = {
        "enabled": enabled,
        "every_answers": every_answers,
        "nightly_hour": nightly_hour,
        "evaluate": evaluate,
        "generate": generate,
    }
    with transaction.atomic():
        try:
            set_time_zone(team=transform.team, time_zone=time_zone, by=user)
        except ValidationError as error:
            raise InvalidSettingError(" ".join(error.messages)) from error
        local = now.astimezone(ZoneInfo(time_zone))
        passed = nightly_hour is not None and local.hour >= nightly_hour
        before = Automation.objects.filter(transform=transform).values(*schedule).first() or {}
        automation, _made = Automation.objects.update_or_create(
            transform=transform,
            defaults={
                **schedule,
                "last_night": local.date() if passed else local.date() - timedelta(days=1),
                "changed_by": user,
                "changed_at": now,
            },
        )
        record_changes(
            team=transform.team,
            by=user,
            action=AuditAction.SCHEDULE_CHANGED,
            subject=transform.name,
            before=before,
            after=schedule,
        )
    logger.info("transform %s: automatic imports changed by user %s", transform.pk, user.pk)
    return automation


def start_due_imports() -> None:
    """One look at every transform that imports by itself. One that fails does not keep the others from their turn."""
    for automation in Automation.objects.filter(enabled=True, transform__archived_at=None).select_related(
        "transform__team"
    ):
        try:
            start_due_import(automation=automation, now=timezone.now())
        except Exception:
            logger.exception("transform %s: the automatic import could not be started", automation.transform_id)


def start_due_import(*, automation: Automation, now: datetime) -> TaskRun | None:
    """Start the import if it is due and nothing stands in its way; None if not. A night is done once, whoever looks."""
    waiting = answers_waiting(transform=automation.transform)
    due = due_now(automation=automation, waiting=waiting, now=now)
    if not due:
        return None
    held = hold(automation=automation)
    if held in (Hold.BUSY, Hold.REPLACED) or (held == Hold.FAILED and due.night is None):
        return None
    try:
        with transaction.atomic():
            if due.night is not None:
                same = Automation.objects.filter(pk=automation.pk, last_night=automation.last_night)
                if not same.update(last_night=due.night):
                    return None
            return _start(automation) if waiting else None
    except RunConflictError:
        return None  # the next look finds it busy, or free
    except LabelportalError:
        logger.exception("transform %s: the automatic import was refused", automation.transform_id)
        return None


def _start(automation: Automation) -> TaskRun | None:
    try:
        afterwards = Afterwards(automation.evaluate, automation.generate)
        return start_import(transform=automation.transform, user=None, afterwards=afterwards)
    except NothingToImportError:
        return None  # what waits says nothing: all rows are unsure. The night is over all the same.
