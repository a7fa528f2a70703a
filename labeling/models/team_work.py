"""What a team shares beside its answers: comments, examples, contradictions; and what each person likes."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from labeling.choices import GoalPeriod


class Comment(models.Model):
    """A remark on a question, or on one row of it; open until somebody resolves it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    question = models.ForeignKey("labeling.Question", on_delete=models.CASCADE, related_name="comments")
    row = models.ForeignKey("labeling.Row", on_delete=models.CASCADE, null=True, blank=True, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="comments")
    text = models.TextField(_("comment"), max_length=5000)
    mentions = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="mentioned_in")
    created_at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ("created_at",)
        indexes = [
            models.Index(
                fields=("question",), condition=models.Q(resolved_at__isnull=True), name="labeling_comment_open"
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(resolved_at__isnull=True, resolved_by__isnull=True)
                | models.Q(resolved_at__isnull=False, resolved_by__isnull=False),
                name="labeling_comment_resolved_by_somebody",
            )
        ]

    def __str__(self) -> str:
        return f"{self.question_id} {self.created_at:%F %T}"


class GuidelineExample(models.Model):
    """An answered question as it is shown beside the guidelines; ``labels`` is its grouping when it was made, {row id: label}."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    transform = models.ForeignKey("labeling.Transform", on_delete=models.CASCADE, related_name="examples")
    question = models.ForeignKey("labeling.Question", on_delete=models.CASCADE, related_name="examples")
    text = models.TextField(_("what it shows"), max_length=2000, blank=True)
    labels = models.JSONField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("created_at",)
        constraints = [
            models.UniqueConstraint(fields=("transform", "question"), name="labeling_example_once_per_question")
        ]

    def __str__(self) -> str:
        return f"{self.transform_id}: {self.question_id}"


class Contradiction(models.Model):
    """Settled questions that cannot all be right: one says that two rows are different, others connect them as the same.

    ``different_question`` puts the rows with the keys ``key_a`` and ``key_b`` apart. ``steps`` lead from the one to the other:
    [{"question", "first", "second"}], each saying that two keys are the same, over the fewest questions that explain it.
    ``questions`` are all that take part. ``fingerprint`` tells contradictions apart. ``cleared_at`` is when it was no longer one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    transform = models.ForeignKey("labeling.Transform", on_delete=models.CASCADE, related_name="contradictions")
    key_a = models.TextField()
    key_b = models.TextField()
    different_question = models.ForeignKey("labeling.Question", on_delete=models.CASCADE, related_name="+")
    steps = models.JSONField()
    questions = models.ManyToManyField("labeling.Question", related_name="contradictions")
    fingerprint = models.CharField(max_length=64)
    found_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-found_at", "key_a", "key_b")
        constraints = [
            models.UniqueConstraint(
                fields=("transform", "fingerprint"),
                condition=models.Q(cleared_at__isnull=True),
                name="labeling_contradiction_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.transform_id} {self.fingerprint[:8]}"


class WorkbenchPreference(models.Model):
    """How one person likes the columns of one transform: {"hidden": [name], "pinned": [name], "order": [name]}."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    transform = models.ForeignKey("labeling.Transform", on_delete=models.CASCADE, related_name="+")
    columns = models.JSONField(default=dict)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("user", "transform"), name="labeling_preference_once_per_transform")
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.transform_id}"


class KeyPreference(models.Model):
    """Which keys one person uses in the workbench: {command: key}, commands that are not named have their usual one."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="key_preference"
    )
    enabled = models.BooleanField(_("single-key shortcuts"), default=True)
    keymap = models.JSONField(default=dict, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return str(self.user_id)


class WorkGoal(models.Model):
    """How many questions a person, or the whole team where ``user`` is None, means to answer in a day or a week."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="work_goals")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="work_goals"
    )
    questions = models.PositiveIntegerField(_("questions"))
    period = models.CharField(max_length=4, choices=GoalPeriod.choices, default=GoalPeriod.DAY)

    class Meta:
        ordering = ("user",)
        constraints = [
            models.UniqueConstraint(fields=("team", "user"), name="labeling_goal_once_per_person"),
            models.UniqueConstraint(
                fields=("team",), condition=models.Q(user__isnull=True), name="labeling_goal_once_per_team"
            ),
            models.CheckConstraint(condition=models.Q(questions__gte=1), name="labeling_goal_some_questions"),
        ]

    def __str__(self) -> str:
        return f"{self.team_id} {self.user_id or ''} {self.questions}/{self.period}"
