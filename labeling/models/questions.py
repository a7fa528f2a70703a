"""Questions from Glue and the stewards' answers."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from labeling.choices import LABEL_CHOICES, AnswerStatus


class QuestionSet(models.Model):
    """The questions of one LABELING_SET_GENERATION run; ``number`` counts within the transform from 1."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    transform = models.ForeignKey("labeling.Transform", on_delete=models.CASCADE, related_name="question_sets")
    number = models.PositiveIntegerField()
    task_run = models.OneToOneField("labeling.TaskRun", on_delete=models.PROTECT, related_name="question_set")
    label_file = models.ForeignKey("labeling.LabelFile", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("transform", "number")
        constraints = [
            models.UniqueConstraint(fields=("transform", "number"), name="labeling_question_set_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.transform} {self.number}"


class Question(models.Model):
    """Rows that share a labeling_set_id: how do they group?

    While ``lease_expires_at`` lies ahead the question belongs to ``leased_to`` and is offered to nobody else. It is open while
    ``answers_missing`` people still have to answer it: each submission takes one off, each reopening puts one back.
    ``labeling_set_id`` is unique within the transform, so that label files can hold questions of several sets.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    question_set = models.ForeignKey(QuestionSet, on_delete=models.CASCADE, related_name="questions")
    labeling_set_id = models.CharField(max_length=255)
    position = models.PositiveIntegerField()
    answers_missing = models.PositiveSmallIntegerField(default=1)
    leased_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    lease_expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("question_set", "position")
        constraints = [
            models.UniqueConstraint(fields=("question_set", "labeling_set_id"), name="labeling_question_set_id_once"),
            models.UniqueConstraint(fields=("question_set", "position"), name="labeling_question_position_once"),
        ]
        indexes = [
            models.Index(
                fields=("question_set", "position"),
                condition=models.Q(answers_missing__gt=0),
                name="labeling_question_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.question_set} / {self.position}"


class Row(models.Model):
    """One source record in a question; ``values`` follows the transform's columns."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="rows")
    position = models.PositiveSmallIntegerField()
    key = models.TextField(_("primary key"))
    values = models.JSONField()

    class Meta:
        ordering = ("question", "position")
        constraints = [models.UniqueConstraint(fields=("question", "position"), name="labeling_row_position_once")]

    def __str__(self) -> str:
        return f"{self.question_id} / {self.position}"


class Answer(models.Model):
    """One steward's grouping of one question.

    ``version`` grows with each submission; ``imported_version`` is the one Glue last learned from, so an answer waits for import
    while the two differ. ``seconds`` and ``keys`` are what the answer took.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="answers")
    steward = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="answers")
    status = models.CharField(max_length=10, choices=AnswerStatus.choices, default=AnswerStatus.DRAFT)
    version = models.PositiveIntegerField(default=0)
    imported_version = models.PositiveIntegerField(null=True, blank=True)
    seconds = models.PositiveIntegerField(null=True, blank=True)
    keys = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    submitted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("created_at",)
        constraints = [
            models.UniqueConstraint(fields=("question", "steward"), name="labeling_answer_once_per_steward"),
            models.CheckConstraint(
                condition=~models.Q(status=AnswerStatus.SUBMITTED) | models.Q(submitted_at__isnull=False),
                name="labeling_answer_submitted_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.question_id} by {self.steward_id}"


class RowLabel(models.Model):
    """The group of one row in an answer: A to O, or ? for unsure. A row not yet answered has no RowLabel."""

    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="row_labels")
    row = models.ForeignKey(Row, on_delete=models.CASCADE, related_name="row_labels")
    label = models.CharField(max_length=1, choices=LABEL_CHOICES)

    class Meta:
        ordering = ("answer", "row__position")
        constraints = [
            models.UniqueConstraint(fields=("answer", "row"), name="labeling_row_label_once"),
            models.CheckConstraint(
                condition=models.Q(label__in=[value for value, _label in LABEL_CHOICES]),
                name="labeling_row_label_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.row_id}={self.label}"
