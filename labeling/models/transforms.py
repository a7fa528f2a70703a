"""A FindMatches transform and the file its table was made from."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from labeling.choices import ConsensusRule, SourceFormat, TransformStatus
from labeling.validators import validate_glue_name


class SourceFile(models.Model):
    """An uploaded table in S3, checked on arrival.

    ``columns`` is [{"name", "data_type", "distinct", "blank", "problem"}] in file order; ``problem`` says why the column cannot be
    the primary key. ``sample`` holds the first rows, so that the form after the upload needs no second look at the file.
    ``escaped`` is CSV as ``tableformats.ESCAPED_CSV``; CSV that is not lies there as somebody uploaded it to an earlier version.
    ``assumed_encoding`` is what bytes that are not UTF-8 were taken for, "" if there were none; ``assumed_rows`` are the first rows with letters beyond
    ASCII then, by which a person sees whether that was right. ``wanted_at`` is when it came, began to be a table's or ceased to be.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="source_files")
    name = models.CharField(_("file name"), max_length=255)
    format = models.CharField(max_length=10, choices=SourceFormat.choices)
    escaped = models.BooleanField(default=False)
    key = models.CharField(max_length=255, unique=True)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    row_count = models.PositiveBigIntegerField()
    columns = models.JSONField()
    sample = models.JSONField(default=list)
    assumed_encoding = models.CharField(max_length=20, blank=True, default="")
    assumed_rows = models.JSONField(default=list, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    wanted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.name


MAX_ANSWERS_PER_QUESTION = 5
MAX_CONTROL_PERCENT = 30


class Transform(models.Model):
    """A transform that the team teaches; Glue holds the model, this row what the team decided and last saw.

    ``glue_transform_id`` is empty until Glue has confirmed the creation. Trade-offs are Glue's: 1.0 is precision
    (accuracy), 0.0 is recall (low cost).

    From ``answers_per_question`` on are the settings for labeling. ``answers_per_question`` and ``show_proposals`` are where new sets of
    questions start from; the other settings hold at once. ``foreign_runs_at``: up to when Glue was asked for runs that were
    started elsewhere. ``proposals_at`` and ``contradictions_at`` say up to when changes of
    questions have been followed by new proposals and a new search for contradictions; there is no ``proposals_at`` where other labels than
    answers have come since, either. ``contradictions_claimed_at`` dates the claim of the worker that searches now. ``archived_at``: since when the team is done with it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="transforms")
    name = models.CharField(_("name"), max_length=255, validators=[validate_glue_name])
    thing = models.CharField(
        _("one row is a"), max_length=60, default="thing", help_text=_("Stewards are asked: which rows are the same …?")
    )
    glue_transform_id = models.CharField(max_length=255, blank=True)
    database_name = models.CharField(max_length=255)
    table_name = models.CharField(max_length=255)
    source_file = models.ForeignKey(
        SourceFile, on_delete=models.PROTECT, null=True, blank=True, related_name="transforms"
    )
    primary_key = models.CharField(_("primary key"), max_length=1024)
    columns = models.JSONField(default=list)
    precision_recall = models.FloatField(
        _("precision or recall"), default=0.5, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)]
    )
    accuracy_cost = models.FloatField(
        _("accuracy or cost"), default=0.5, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)]
    )
    enforce_provided_labels = models.BooleanField(_("output must agree with every label"), default=False)
    glue_status = models.CharField(max_length=20, choices=TransformStatus.choices, blank=True)
    label_count = models.PositiveIntegerField(default=0)
    answers_per_question = models.PositiveSmallIntegerField(
        _("people per question"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_ANSWERS_PER_QUESTION)],
    )
    consensus_rule = models.CharField(
        _("a result needs"), max_length=10, choices=ConsensusRule.choices, default=ConsensusRule.MAJORITY
    )
    show_proposals = models.BooleanField(_("start from the engine’s proposal"), default=True)
    control_percent = models.PositiveSmallIntegerField(
        _("control questions, in percent"), default=0, validators=[MaxValueValidator(MAX_CONTROL_PERCENT)]
    )
    links_in_cells = models.BooleanField(_("show links in cells"), default=False)
    images_in_cells = models.BooleanField(_("show images in cells"), default=False)
    guidelines = models.TextField(_("guidelines"), blank=True)
    proposals_at = models.DateTimeField(null=True, blank=True)
    contradictions_at = models.DateTimeField(null=True, blank=True)
    contradictions_claimed_at = models.DateTimeField(null=True, blank=True)
    foreign_runs_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)
        constraints = [
            models.UniqueConstraint(fields=("team", "name"), name="labeling_transform_name_once_per_team"),
            models.UniqueConstraint(
                fields=("glue_transform_id",),
                condition=~models.Q(glue_transform_id=""),
                name="labeling_transform_glue_id_once",
            ),
            models.CheckConstraint(
                condition=models.Q(precision_recall__gte=0, precision_recall__lte=1),
                name="labeling_transform_precision_recall_0_1",
            ),
            models.CheckConstraint(
                condition=models.Q(accuracy_cost__gte=0, accuracy_cost__lte=1),
                name="labeling_transform_accuracy_cost_0_1",
            ),
            models.CheckConstraint(
                condition=models.Q(answers_per_question__gte=1, answers_per_question__lte=MAX_ANSWERS_PER_QUESTION),
                name="labeling_transform_answers_1_5",
            ),
            models.CheckConstraint(
                condition=models.Q(control_percent__gte=0, control_percent__lte=MAX_CONTROL_PERCENT),
                name="labeling_transform_controls_0_30",
            ),
            models.CheckConstraint(
                condition=models.Q(consensus_rule__in=ConsensusRule.values), name="labeling_transform_rule_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def column_names(self) -> list[str]:
        """Column names in catalog order, the primary key among them."""
        return [column["name"] for column in self.columns]

    @property
    def key_place(self) -> int:
        """The place of the primary key among the columns."""
        return self.column_names.index(self.primary_key)
