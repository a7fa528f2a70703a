"""Why the embedded engine takes two rows for the same thing or keeps them apart, as somebody has asked."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone


class PairExplanation(models.Model):
    """Two of the ``values`` (rows with the columns of the transform), by their places ``first`` and ``second``, and what each column says about them.

    The rows are those of a group of ``result``, or of ``question``, whose own answer the engine then does not know. ``digest`` is over what is asked, so
    that it is worked out once. While ``claimed_at`` is set a worker is at it; after ``attempts`` of them nobody tries again. ``answered_at`` ends
    it, with ``contents`` (``findmatches.Explanation``) or a ``problem`` in words.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    transform = models.ForeignKey("labeling.Transform", on_delete=models.CASCADE, related_name="explanations")
    result = models.ForeignKey(
        "labeling.MatchResult", on_delete=models.CASCADE, null=True, blank=True, related_name="explanations"
    )
    question = models.ForeignKey(
        "labeling.Question", on_delete=models.CASCADE, null=True, blank=True, related_name="explanations"
    )
    digest = models.CharField(max_length=64, unique=True)
    values = models.JSONField()
    first = models.PositiveSmallIntegerField()
    second = models.PositiveSmallIntegerField()
    asked_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    answered_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)
    contents = models.JSONField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(result__isnull=True, question__isnull=False)
                | Q(result__isnull=False, question__isnull=True),
                name="labeling_explanation_of_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"
