"""Label files in S3: never changed after they are written."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from labeling.choices import LabelFileKind


class LabelFile(models.Model):
    """One object in S3 in Glue's label-file format; ``sha256`` is over its bytes, counts are over its labeled rows.

    ``content_hash`` is over what the labels teach, in whatever order and letters (``labelfiles.content_hash``); empty for questions.
    What is too large for Glue is kept in ``parts`` files: ``part`` 1, 2, …, each but the first ``follows`` the one before.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    transform = models.ForeignKey("labeling.Transform", on_delete=models.CASCADE, related_name="label_files")
    kind = models.CharField(max_length=10, choices=LabelFileKind.choices)
    bucket = models.CharField(max_length=63)
    key = models.CharField(max_length=1024)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    content_hash = models.CharField(max_length=64, blank=True)
    sets = models.PositiveIntegerField()
    rows = models.PositiveIntegerField()
    matching_pairs = models.PositiveIntegerField(default=0)
    non_matching_pairs = models.PositiveIntegerField(default=0)
    part = models.PositiveSmallIntegerField(default=1)
    parts = models.PositiveSmallIntegerField(default=1)
    follows = models.OneToOneField("self", on_delete=models.CASCADE, null=True, blank=True, related_name="next_part")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    questions = models.ManyToManyField("labeling.Question", through="LabelFileQuestion", related_name="label_files")

    class Meta:
        ordering = ("-created_at",)
        constraints = [models.UniqueConstraint(fields=("bucket", "key"), name="labeling_label_file_object_once")]
        indexes = [models.Index(fields=("sha256",), name="labeling_label_file_by_hash")]

    def __str__(self) -> str:
        return self.key.rsplit("/", 1)[-1]

    @property
    def uri(self) -> str:
        """The s3:// address that Glue is given."""
        return f"s3://{self.bucket}/{self.key}"


class LabelFileReport(models.Model):
    """What was found in the bytes of a label file when it was kept; apart from it, because lists of files do without.

    ``set_digests`` is {set id: [digest, labelled rows, matching pairs, non-matching pairs]}, without the pairs in files kept before they were counted.
    ``findings`` are [{"line", "column", "code", "message", "severity"}].
    """

    label_file = models.OneToOneField(LabelFile, on_delete=models.CASCADE, related_name="report")
    set_digests = models.JSONField(default=dict)
    findings = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.label_file_id}"


class LabelReplacement(models.Model):
    """All labels at Glue are to give way to those of a file: looked at after an export, then confirmed or left.

    ``export_run`` wrote out what Glue held, ``import_run`` is there once it was confirmed. ``from_answers``: the file was built from all answers for this.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    transform = models.ForeignKey("labeling.Transform", on_delete=models.CASCADE, related_name="replacements")
    label_file = models.ForeignKey(LabelFile, on_delete=models.RESTRICT, related_name="replacements")
    from_answers = models.BooleanField(default=False)
    export_run = models.ForeignKey("labeling.TaskRun", on_delete=models.CASCADE, related_name="prepared_replacements")
    import_run = models.OneToOneField(
        "labeling.TaskRun", on_delete=models.CASCADE, null=True, blank=True, related_name="replacement"
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.transform_id}: {self.label_file_id}"


class LabelFileQuestion(models.Model):
    """Which version of the result of which question went into a label file."""

    label_file = models.ForeignKey(LabelFile, on_delete=models.CASCADE, related_name="included_questions")
    question = models.ForeignKey("labeling.Question", on_delete=models.PROTECT, related_name="inclusions")
    version = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("label_file", "question"), name="labeling_question_once_per_file")
        ]

    def __str__(self) -> str:
        return f"{self.label_file_id}: {self.question_id} v{self.version}"
