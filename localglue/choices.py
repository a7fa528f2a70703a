"""The enumerations of Glue, unchanged."""

from __future__ import annotations

from django.db import models


class TransformStatus(models.TextChoices):
    """TransformStatusType."""

    NOT_READY = "NOT_READY"
    READY = "READY"
    DELETING = "DELETING"


class TaskType(models.TextChoices):
    """TaskType. FIND_MATCHES runs are started as job runs."""

    EVALUATION = "EVALUATION"
    LABELING_SET_GENERATION = "LABELING_SET_GENERATION"
    IMPORT_LABELS = "IMPORT_LABELS"
    EXPORT_LABELS = "EXPORT_LABELS"
    FIND_MATCHES = "FIND_MATCHES"


class TaskStatus(models.TextChoices):
    """TaskStatusType; JobRunState has the same words."""

    STARTING = "STARTING"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMEOUT = "TIMEOUT"


ACTIVE = (TaskStatus.STARTING, TaskStatus.RUNNING, TaskStatus.STOPPING)
TERMINAL = (TaskStatus.STOPPED, TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.TIMEOUT)
