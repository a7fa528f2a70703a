"""What people say about the rows of a question, and every change of it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from labeling.choices import LABEL_CHOICES, AnswerKind, AnswerStatus, ChangeAction


class Answer(models.Model):
    """One person's grouping of one question.

    ``version`` grows with each submission; ``corrected`` says whether one of them changed the groups of the one before. ``seconds`` and ``keys`` are
    what the answer took, all rounds together. Work is counted on the day of ``first_submitted_at``, which no later round moves; ``submitted_at`` is
    when what stands now was submitted.
    ``control`` marks an answer that was given to a control question without knowing it: it is measured and decides nothing.
    ``proposal_shown`` says whether the engine's proposal was in sight, ``accepted_untouched`` whether it was then taken as it was.
    ``draft_stamp`` is when the draft was made, in milliseconds by the browser's clock: what a page sent as it went away may arrive after what
    the next page sent, and is then older; submissions and skips have one too. ``last_message`` is the id of the submission or skip that was
    taken last: a page may send the same once more, even days later.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    question = models.ForeignKey("labeling.Question", on_delete=models.CASCADE, related_name="answers")
    steward = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="answers")
    kind = models.CharField(max_length=15, choices=AnswerKind.choices, default=AnswerKind.ANSWER)
    control = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=AnswerStatus.choices, default=AnswerStatus.DRAFT)
    version = models.PositiveIntegerField(default=0)
    seconds = models.PositiveIntegerField(null=True, blank=True)
    keys = models.PositiveIntegerField(null=True, blank=True)
    proposal_shown = models.BooleanField(default=False)
    accepted_untouched = models.BooleanField(default=False)
    draft_stamp = models.BigIntegerField(default=0)
    last_message = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    first_submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    corrected = models.BooleanField(default=False)

    class Meta:
        ordering = ("created_at",)
        constraints = [
            models.UniqueConstraint(fields=("question", "steward", "kind"), name="labeling_answer_once_per_steward"),
            models.UniqueConstraint(
                fields=("question",),
                condition=models.Q(kind=AnswerKind.ADJUDICATION, status=AnswerStatus.SUBMITTED),
                name="labeling_answer_one_adjudication",
            ),
            models.CheckConstraint(
                condition=~models.Q(status=AnswerStatus.SUBMITTED)
                | models.Q(submitted_at__isnull=False, first_submitted_at__isnull=False),
                name="labeling_answer_submitted_has_time",
            ),
            models.CheckConstraint(
                condition=models.Q(kind=AnswerKind.ANSWER) | models.Q(kind=AnswerKind.ADJUDICATION, control=False),
                name="labeling_answer_kind_known",
            ),
        ]
        indexes = [models.Index(fields=("steward", "first_submitted_at"), name="labeling_answer_by_day")]

    def __str__(self) -> str:
        return f"{self.question_id} by {self.steward_id}"


class RowLabel(models.Model):
    """The group of one row in an answer: one of ``GROUP_LABELS``, or ? for unsure. A row not yet answered has no RowLabel."""

    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="row_labels")
    row = models.ForeignKey("labeling.Row", on_delete=models.CASCADE, related_name="row_labels")
    label = models.CharField(max_length=2, choices=LABEL_CHOICES)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("answer", "row"), name="labeling_row_label_once"),
            models.CheckConstraint(
                condition=models.Q(label__in=[value for value, _label in LABEL_CHOICES]),
                name="labeling_row_label_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.row_id}={self.label}"


class AnswerChange(models.Model):
    """One step in the history of an answer; written once, never changed. ``before`` and ``after`` are {row id: label}."""

    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="changes")
    version = models.PositiveIntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=15, choices=ChangeAction.choices)
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("at", "id")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(action__in=ChangeAction.values), name="labeling_answer_change_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.at:%F %T}"
