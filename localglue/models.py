"""The state of localglue. What Glue calls an id is ``public_id`` here; the primary key is what pages are cut by."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from localglue.choices import ACTIVE, TERMINAL, TaskStatus, TaskType, TransformStatus


def transform_id() -> str:
    """``tfm-`` and 40 hex digits, as on AWS."""
    return f"tfm-{secrets.token_hex(20)}"


def task_run_id() -> str:
    """``tsk-`` and 40 hex digits. What AWS's look like is not documented."""
    return f"tsk-{secrets.token_hex(20)}"


def job_run_id() -> str:
    """``jr_`` and 64 hex digits, as on AWS."""
    return f"jr_{secrets.token_hex(32)}"


class AccessKey(models.Model):
    """A key that may come in beside the installation's own. The secret is kept as it is: SigV4 needs it on both sides."""

    key_id = models.CharField(max_length=128, unique=True)
    secret = models.CharField(max_length=128)
    name = models.CharField(max_length=255, unique=True)
    read_only = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Database(models.Model):
    """A database of the catalog. ``definition`` is the DatabaseInput.

    Glue folds names to lower case, which can make 255 characters longer: ``İ`` becomes two.
    """

    name = models.CharField(max_length=765, unique=True)
    definition = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class Table(models.Model):
    """A table of the catalog. ``definition`` is the TableInput; ``version`` counts its updates."""

    database = models.ForeignKey(Database, on_delete=models.CASCADE, related_name="tables")
    name = models.CharField(max_length=765)
    definition = models.JSONField()
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("database", "name"), name="localglue_table_name_once")]

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """A tag of a transform, job or database, found by the part of its ARN after the account (``mlTransform/tfm-…``)."""

    resource = models.CharField(max_length=800)
    key = models.CharField(max_length=128)
    value = models.CharField(max_length=256, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("resource", "key"), name="localglue_tag_key_once")]

    def __str__(self) -> str:
        return self.key


class MLTransform(models.Model):
    """A FindMatches transform.

    ``create_request`` is kept to tell an idempotent second create from a taken name; ``revision`` counts the updates since.
    ``schema`` is a list of ``{"Name", "DataType"}`` taken from the catalog at create; ``schema_digest`` is what filters compare.
    ``metrics`` is Glue's EvaluationMetrics of the latest evaluation.
    """

    public_id = models.CharField(max_length=255, unique=True, default=transform_id)
    name = models.CharField(max_length=255, unique=True)
    description = models.CharField(max_length=2048, null=True, blank=True)  # noqa: DJ001  absent and empty differ on the wire
    status = models.CharField(max_length=20, choices=TransformStatus.choices, default=TransformStatus.NOT_READY)
    database_name = models.CharField(max_length=765)
    table_name = models.CharField(max_length=765)
    input_table = models.JSONField()
    parameters = models.JSONField()
    schema = models.JSONField()
    schema_digest = models.CharField(max_length=64)
    role = models.TextField()
    glue_version = models.CharField(max_length=255, default="0.9")
    max_capacity = models.FloatField(null=True, blank=True)
    worker_type = models.CharField(max_length=20, blank=True)
    number_of_workers = models.PositiveIntegerField(null=True, blank=True)
    timeout = models.PositiveIntegerField(default=2880)
    max_retries = models.PositiveIntegerField(null=True, blank=True)
    encryption = models.JSONField(null=True, blank=True)
    create_request = models.JSONField()
    revision = models.PositiveIntegerField(default=0)
    label_count = models.PositiveIntegerField(default=0)
    metrics = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    modified_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "ML transform"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=TransformStatus.values), name="localglue_transform_status_known"
            )
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the schema, the primary key among them."""
        return tuple(column["Name"] for column in self.schema)

    @property
    def primary_key(self) -> str:
        """The primary key in the spelling of the schema."""
        wanted: str = self.parameters["FindMatchesParameters"]["PrimaryKeyColumnName"]
        return next((name for name in self.columns if name.lower() == wanted.lower()), wanted)


class Job(models.Model):
    """A job that applies a transform to a table. ``definition`` is the CreateJob request without name and tags."""

    name = models.CharField(max_length=255, unique=True)
    definition = models.JSONField()
    create_request = models.JSONField()
    revision = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    modified_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class TaskRun(models.Model):
    """One run of any kind; job runs are the ones with a ``job_run_id``. Only ``localglue.runs`` sets ``status``.

    The row is the truth: a message only says "look at the row". Whoever works on a run holds a lease, ``lease_token`` until
    ``lease_until``; a RUNNING row without a valid lease is free to be taken. ``attempts`` counts the leases, ``failures`` those
    that ended in a failure that may pass, ``losses`` those that were never given back (the worker was killed).
    ``engine_process`` is the child that works on it, as host:pid. ``output_uuid`` is part of the name of the file that the run writes, so that a second attempt writes the same one.
    """

    public_id = models.CharField(max_length=255, unique=True, default=task_run_id)
    transform = models.ForeignKey(
        MLTransform, on_delete=models.CASCADE, null=True, blank=True, related_name="task_runs"
    )
    task_type = models.CharField(max_length=30, choices=TaskType.choices)
    status = models.CharField(max_length=20, choices=TaskStatus.choices, default=TaskStatus.STARTING)
    path = models.CharField(max_length=2100, blank=True)
    replace = models.BooleanField(null=True, blank=True)
    requested_by = models.CharField(max_length=255, blank=True)
    error = models.TextField(blank=True)
    timeout = models.PositiveIntegerField(default=2880)
    max_retries = models.PositiveIntegerField(default=0)
    output_uuid = models.UUIDField(default=uuid.uuid4)

    job = models.ForeignKey(Job, on_delete=models.CASCADE, null=True, blank=True, related_name="runs")
    job_run_id = models.CharField(max_length=255, unique=True, null=True, blank=True)
    arguments = models.JSONField(null=True, blank=True)
    job_settings = models.JSONField(null=True, blank=True)

    started_at = models.DateTimeField(default=timezone.now)
    modified_at = models.DateTimeField(default=timezone.now)
    running_since = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    lease_token = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    engine_process = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    losses = models.PositiveIntegerField(default=0)
    enqueued_at = models.DateTimeField(null=True, blank=True)
    enqueues = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=TaskStatus.values), name="localglue_run_status_known"),
            models.CheckConstraint(
                condition=models.Q(status__in=ACTIVE, completed_at=None)
                | models.Q(status__in=TERMINAL, completed_at__isnull=False),
                name="localglue_run_completed_when_terminal",
            ),
        ]
        indexes = [
            models.Index(fields=("transform", "started_at", "id"), name="localglue_run_page"),
            models.Index(fields=("job", "started_at", "id"), name="localglue_run_job_page"),
            models.Index(fields=("status",), name="localglue_run_active", condition=models.Q(status__in=ACTIVE)),
        ]

    def __str__(self) -> str:
        return self.public_id

    def deadline(self) -> datetime | None:
        """When the run has used up its ``Timeout``; None while nobody has worked on it."""
        return self.running_since and self.running_since + timedelta(minutes=self.timeout)

    def execution_seconds(self, now: datetime) -> int:
        """Glue's ExecutionTime: seconds from the start of the work to its end, or to now."""
        if self.running_since is None:
            return 0
        return max(0, int(((self.completed_at or now) - self.running_since).total_seconds()))


class LabelingSet(models.Model):
    """The labels of one set: ``rows`` is a list of ``[label, value, …]`` in the order of the transform's schema."""

    transform = models.ForeignKey(MLTransform, on_delete=models.CASCADE, related_name="labeling_sets")
    labeling_set_id = models.CharField(max_length=255)
    rows = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("transform", "labeling_set_id"), name="localglue_labeling_set_once")
        ]

    def __str__(self) -> str:
        return f"set {self.pk}"


class LabelImport(models.Model):
    """What was imported, from where, when and by which key; kept as long as the transform."""

    transform = models.ForeignKey(MLTransform, on_delete=models.CASCADE, related_name="label_imports")
    task_run = models.OneToOneField(TaskRun, on_delete=models.CASCADE, related_name="label_import")
    path = models.CharField(max_length=2100)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    sets = models.PositiveIntegerField()
    rows = models.PositiveIntegerField()
    replace = models.BooleanField()
    imported_by = models.CharField(max_length=255, blank=True)
    imported_at = models.DateTimeField(default=timezone.now)
    labels_before = models.PositiveIntegerField()
    labels_after = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"import {self.pk}"
