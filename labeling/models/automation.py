"""What is done without being pressed for: chains of runs, and imports that start by themselves."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from labeling.choices import ChainStatus


class Chain(models.Model):
    """Runs of a transform that follow each other: an import, then, where wanted, an estimate, then new questions.

    The row is the truth: ``services/chains`` asks for the next run when the one before has ended well, and ends the chain with it else. ``note`` says
    what it waits for or why it ended. ``created_by`` is empty for a chain that started by itself.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    transform = models.ForeignKey("labeling.Transform", on_delete=models.CASCADE, related_name="chains")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    evaluate = models.BooleanField(default=True)
    generate = models.BooleanField(default=True)
    status = models.CharField(max_length=10, choices=ChainStatus.choices, default=ChainStatus.RUNNING)
    note = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = [
            models.Index(
                fields=("status",), condition=models.Q(status=ChainStatus.RUNNING), name="labeling_chain_running"
            ),
            models.Index(fields=("transform", "-created_at"), name="labeling_chain_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.transform_id} {self.created_at:%F %T}"

    @property
    def is_running(self) -> bool:
        """Whether something may follow."""
        return self.status == ChainStatus.RUNNING


class Automation(models.Model):
    """When answers of a transform are imported by themselves, and what follows.

    ``every_answers``: as soon as so many settled questions wait. ``nightly_hour``: each night at that hour in the team's zone, if any wait; ``last_night`` is
    the day for which that was done. ``changed_at`` also lets a schedule that was held after a failure go on.
    """

    transform = models.OneToOneField("labeling.Transform", on_delete=models.CASCADE, related_name="automation")
    enabled = models.BooleanField(_("import by itself"), default=False)
    every_answers = models.PositiveIntegerField(
        _("as soon as so many answers wait"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    nightly_hour = models.PositiveSmallIntegerField(
        _("every night at this hour"), null=True, blank=True, validators=[MaxValueValidator(23)]
    )
    evaluate = models.BooleanField(_("then estimate the quality"), default=True)
    generate = models.BooleanField(_("then generate the next questions"), default=True)
    last_night = models.DateField(null=True, blank=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.transform_id}"
