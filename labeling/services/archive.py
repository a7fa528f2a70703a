"""Transforms that a team is done with: out of the way, with everything that belongs to them, and back at any time."""

from __future__ import annotations

import logging

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import AuditAction, User
from labeling.choices import ACTIVE, ChainStatus
from labeling.exceptions import RunConflictError
from labeling.models import Chain, TaskRun, Transform

logger = logging.getLogger(__name__)


@transaction.atomic
def archive_transform(*, transform: Transform, user: User) -> None:
    """Put the transform aside: it leaves the lists and queues, and nothing starts by itself. Labels, answers, runs and files stay, at Glue too.

    Raises ``RunConflictError`` while something runs: it would end where nobody looks.
    """
    locked = Transform.objects.select_for_update(no_key=True).get(pk=transform.pk)  # who asks for a run takes it too
    if locked.archived_at is not None:
        return
    running = TaskRun.objects.filter(transform=locked, status__in=ACTIVE)
    if running.exists() or Chain.objects.filter(transform=locked, status=ChainStatus.RUNNING).exists():
        raise RunConflictError(_("A run is under way for this transform. Wait until it has ended, or stop it."))
    locked.archived_at = timezone.now()
    locked.save(update_fields=["archived_at"])
    _record(AuditAction.TRANSFORM_ARCHIVED, transform, user)
    logger.info("transform %s archived by user %s", transform.pk, user.pk)


def refuse_archived(transform: Transform) -> None:
    """Raises ``RunConflictError`` if the transform, as it has just been read, is archived."""
    if transform.archived_at is not None:
        raise RunConflictError(_("The transform is archived. Bring it back first."))


@transaction.atomic
def bring_back_transform(*, transform: Transform, user: User) -> None:
    """Back into the lists and queues; its schedule goes on."""
    if Transform.objects.filter(pk=transform.pk, archived_at__isnull=False).update(archived_at=None):
        _record(AuditAction.TRANSFORM_BROUGHT_BACK, transform, user)
        logger.info("transform %s brought back by user %s", transform.pk, user.pk)


def _record(action: AuditAction, transform: Transform, user: User) -> None:
    record(team=transform.team, by=user, action=action, subject=transform.name)
