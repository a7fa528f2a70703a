"""Files that people bring: filled in spreadsheets and labels of their own. Kept in S3 as they came, never changed."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models


class Upload(models.Model):
    """One uploaded file: where its bytes lie in S3, and who brought it for which transform. ``name`` is what the person called it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    transform = models.ForeignKey("labeling.Transform", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=255)
    bucket = models.CharField(max_length=63)
    key = models.CharField(max_length=1024, unique=True)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def uri(self) -> str:
        """The s3:// address."""
        return f"s3://{self.bucket}/{self.key}"


class SheetUpload(Upload):
    """Questions that somebody filled in elsewhere. The labels in it are those of ``created_by``.

    ``labels`` and ``problems`` are what was read at ``read_at``, [[row id, label, label at download or null, sheet, row]] and
    [{"sheet", "row", "column", "code", "message", "severity"}]. ``outcomes`` are what was taken in, one entry for each time it was confirmed.

    While it is ``waiting``, a worker has to read it, to take in what is ``wanted``, or to work out the ``plan`` of a large one, in this order. While
    ``claimed_at`` is set one is at work; after ``attempts`` of them nobody tries again. ``plan`` is as ``selectors.sheet_plan.kept_plan`` makes it.
    """

    waiting = models.BooleanField(default=False)
    claimed_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    read_at = models.DateTimeField(null=True, blank=True)
    labels = models.JSONField(default=list)
    problems = models.JSONField(default=list)
    outcomes = models.JSONField(default=list)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    plan = models.JSONField(default=dict, blank=True)
    wanted = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = [
            models.Index(fields=("transform", "created_by", "-created_at"), name="labeling_sheet_by_person"),
            models.Index(fields=("created_at",), condition=models.Q(waiting=True), name="labeling_sheets_waiting"),
        ]


class LabelUpload(Upload):
    """Labels that somebody brought; ``label_file`` is what became of them, with ``mapping`` saying how the columns were read."""

    label_file = models.OneToOneField(
        "labeling.LabelFile", on_delete=models.RESTRICT, null=True, blank=True, related_name="upload"
    )
    mapping = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = [models.Index(fields=("transform", "-created_at"), name="labeling_label_uploads")]
