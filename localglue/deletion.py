"""Deleting a transform: its runs are stopped, its labels and models go; objects in S3 stay.

While runs are active the transform is DELETING; the end of the last one removes it.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from django.conf import settings
from django.db import transaction

from localglue.choices import ACTIVE, TaskType, TransformStatus
from localglue.models import MLTransform, Tag, TaskRun

log = logging.getLogger(__name__)


def resource(transform: MLTransform) -> str:
    """The part of the transform's ARN that tags are kept under."""
    return f"mlTransform/{transform.public_id}"


def purge(transform_pk: int) -> bool:
    """Remove the transform if it is DELETING and none of its runs is active; else do nothing.

    Its job runs stay, as the history of their job.
    """
    with transaction.atomic():
        transform = (
            MLTransform.objects.select_for_update().filter(pk=transform_pk, status=TransformStatus.DELETING).first()
        )
        if transform is None or TaskRun.objects.filter(transform=transform, status__in=ACTIVE).exists():
            return False
        TaskRun.objects.filter(transform=transform, task_type=TaskType.FIND_MATCHES).update(transform=None)
        Tag.objects.filter(resource=resource(transform)).delete()
        transform.delete()
    log.info("transform %s: gone", transform.public_id)
    return True


def tidy() -> None:
    """What no event is left to do: transforms whose last run ended with its worker, and models of transforms that are gone."""
    for pk in MLTransform.objects.filter(status=TransformStatus.DELETING).values_list("pk", flat=True):
        purge(pk)
    models = Path(settings.LOCALGLUE_DIR) / "models"
    if not models.is_dir():
        return
    folders = {path.name: path for path in models.iterdir() if path.is_dir()}
    kept = set(MLTransform.objects.filter(public_id__in=folders).values_list("public_id", flat=True))
    for name in folders.keys() - kept:
        shutil.rmtree(folders[name], ignore_errors=True)
