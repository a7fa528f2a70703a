"""What the embedded engine says about the labels of an import, while Glue takes its time."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class ShadowEstimate(models.Model):
    """An estimate of quality by the embedded engine: from the labels that Glue holds once ``import_run`` has gone well.

    ``claimed_at`` dates the claim of the worker that works on it. ``completed_at`` is set with ``metrics`` (as on an evaluation's run) and
    ``threshold``, or with ``problem``. Then the learning curve follows: ``curve_at`` is set with ``curve`` (``findmatches.LearningCurve``), or
    without where the labels are too few for one. ``content_hash`` is over the labels (``labelfiles.content_hash``), ``sets`` how many of their
    sets were looked at.
    """

    import_run = models.OneToOneField("labeling.TaskRun", on_delete=models.CASCADE, related_name="shadow")
    transform = models.ForeignKey("labeling.Transform", on_delete=models.CASCADE, related_name="shadow_estimates")
    content_hash = models.CharField(max_length=64, blank=True)
    sets = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    metrics = models.JSONField(null=True, blank=True)
    threshold = models.FloatField(null=True, blank=True)
    problem = models.TextField(blank=True)
    curve_at = models.DateTimeField(null=True, blank=True)
    curve = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = [models.Index(fields=("transform", "-created_at"), name="labeling_shadow_newest")]

    def __str__(self) -> str:
        return f"{self.import_run_id}"


class JudgedQuestion(models.Model):
    """The pairs of one question that an estimate judged, by cell of its confusion matrix.

    ``pairs`` is [[key, key, the people say they match, score], …]; ``worst`` is how far the score is from what people say, on the pair
    where it is furthest. Only the newest estimate of a transform keeps its questions, and the newest of an import that went well.
    """

    estimate = models.ForeignKey(ShadowEstimate, on_delete=models.CASCADE, related_name="questions")
    question = models.ForeignKey("labeling.Question", on_delete=models.CASCADE, related_name="judgements")
    true_positives = models.PositiveIntegerField()
    false_positives = models.PositiveIntegerField()
    true_negatives = models.PositiveIntegerField()
    false_negatives = models.PositiveIntegerField()
    worst = models.FloatField()
    pairs = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("estimate", "question"), name="labeling_judged_question_once"),
            models.CheckConstraint(condition=Q(worst__gte=0, worst__lte=1), name="labeling_judged_worst_0_1"),
        ]

    def __str__(self) -> str:
        return f"{self.estimate_id}: {self.question_id}"
