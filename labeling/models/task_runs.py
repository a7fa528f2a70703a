"""Background runs: the row is the truth, Celery only moves it along."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from labeling.choices import ACTIVE, TERMINAL, RunKind, RunProblem, RunStatus
from labeling.metrics import Metrics


class TaskRun(models.Model):
    """One run at Glue, from the request on. Only ``services/task_runs`` sets ``status``.

    ``foreign`` runs were started in the console, with the CLI or by another program, and found at Glue; nobody of the portal asked for them.
    ``path`` is unique to each other run (InputS3Path of an import, OutputS3Path of the others), so that a run whose id was lost in a
    crash is found again at Glue. ``enqueued_at`` is when a message for the row was last sent, ``claimed_at`` dates the
    claim while SUBMITTING. ``not_before`` is when Glue may be asked again after
    an error that waiting can help with; ``problem``, ``error`` and ``advice`` then say what went wrong, and are emptied when it has passed.
    ``continues`` is the import of the part before, where a label file has several parts.
    ``labels_expected`` is how many labels Glue should hold after an import that succeeds; None where the portal cannot know.
    Glue counts labels, not pairs: ``matching_before`` and the like are the pairs that those labels make, as the portal's own files tell; None where
    it does not know all that Glue holds.
    ``content_hash`` is over what Glue had learned when the run ended well (``labelfiles.content_hash``); empty where the portal does not know all of it.
    ``took_seconds`` is from the request to the end, 0 until then: by it the history is sorted. ``execution_seconds`` is Glue's own count.
    ``result_uri`` is the table that a FIND_MATCHES run wrote. ``capacity`` is in DPU, ``log_group`` CloudWatch's, ``settings`` what the transform was set to
    when the run was handed over. ``stop_wanted``: a person asked for it to be stopped while nobody could; the sweep carries it out.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    transform = models.ForeignKey("labeling.Transform", on_delete=models.CASCADE, related_name="task_runs")
    kind = models.CharField(_("kind"), max_length=30, choices=RunKind.choices)
    status = models.CharField(_("state"), max_length=20, choices=RunStatus.choices, default=RunStatus.QUEUED)
    foreign = models.BooleanField(_("started outside the portal"), default=False)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="task_runs"
    )
    replace_all_labels = models.BooleanField(_("replace all labels"), default=False)
    path = models.CharField(max_length=1100, blank=True)
    glue_run_id = models.CharField(max_length=255, blank=True)
    label_file = models.ForeignKey(
        "labeling.LabelFile", on_delete=models.PROTECT, null=True, blank=True, related_name="task_runs"
    )
    continues = models.OneToOneField(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="continued_by"
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    enqueued_at = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    took_seconds = models.PositiveIntegerField(default=0)
    execution_seconds = models.PositiveIntegerField(null=True, blank=True)
    labels_before = models.PositiveIntegerField(null=True, blank=True)
    labels_after = models.PositiveIntegerField(null=True, blank=True)
    labels_expected = models.PositiveIntegerField(null=True, blank=True)
    matching_before = models.PositiveIntegerField(null=True, blank=True)
    matching_after = models.PositiveIntegerField(null=True, blank=True)
    non_matching_before = models.PositiveIntegerField(null=True, blank=True)
    non_matching_after = models.PositiveIntegerField(null=True, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    metrics = models.JSONField(null=True, blank=True)
    result_uri = models.CharField(max_length=1100, blank=True)
    result_size = models.PositiveBigIntegerField(null=True, blank=True)
    settings = models.JSONField(default=dict, blank=True)
    capacity = models.FloatField(null=True, blank=True)
    log_group = models.CharField(max_length=512, blank=True)
    retry_of = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="retries")
    chain = models.ForeignKey("labeling.Chain", on_delete=models.SET_NULL, null=True, blank=True, related_name="runs")
    stop_wanted = models.BooleanField(default=False)
    problem = models.CharField(_("problem"), max_length=20, choices=RunProblem.choices, blank=True)
    error = models.TextField(blank=True)
    advice = models.TextField(blank=True)

    class Meta:
        ordering = ("-created_at",)
        constraints = [
            models.UniqueConstraint(
                fields=("transform", "kind"),
                condition=models.Q(status__in=ACTIVE, foreign=False),
                name="labeling_run_one_active_per_kind",
            ),
            models.UniqueConstraint(
                fields=("transform", "glue_run_id"),
                condition=~models.Q(glue_run_id=""),
                name="labeling_run_glue_id_once",
            ),
            models.UniqueConstraint(
                fields=("path",), condition=~models.Q(path="") & models.Q(foreign=False), name="labeling_run_path_once"
            ),
            models.UniqueConstraint(
                fields=("chain", "kind"),
                condition=models.Q(chain__isnull=False, retry_of__isnull=True, continues__isnull=True),
                name="labeling_run_once_per_chain",
            ),
            models.CheckConstraint(condition=models.Q(status__in=RunStatus.values), name="labeling_run_status_known"),
        ]
        indexes = [
            models.Index(fields=("transform", "-created_at"), name="labeling_run_history"),
            # The history of a team, page by page: in the order of the page, so that a page reads its own rows and no others.
            models.Index(fields=("-created_at", "-id"), name="labeling_run_newest"),
            models.Index(fields=("-took_seconds", "-id"), name="labeling_run_longest"),
            models.Index(fields=("requested_by", "-created_at", "-id"), name="labeling_run_by_person"),
            models.Index(fields=("kind", "-created_at", "-id"), name="labeling_run_by_kind"),
            models.Index(fields=("status", "-created_at", "-id"), name="labeling_run_by_state"),
            models.Index(
                fields=("-created_at", "-id"),
                condition=models.Q(replace_all_labels=True),
                name="labeling_run_replaced_all",
            ),
            models.Index(fields=("status",), condition=models.Q(status__in=ACTIVE), name="labeling_run_active"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.short_id}"

    @property
    def short_id(self) -> str:
        """The first eight characters of the id, as shown to people."""
        return str(self.id)[:8]

    @property
    def measured(self) -> Metrics | None:
        """What an estimate brought; None for other runs."""
        return Metrics.from_stored(self.metrics) if self.metrics else None

    @property
    def f1(self) -> float | None:
        """F1 at the trade-off, from what an estimate brought; None for other runs."""
        return self.measured.f1_at_trade_off if self.measured else None

    @property
    def is_from_before(self) -> bool:
        """Whether it began before the portal had its transform: history, from which nothing follows here."""
        return self.foreign and self.created_at < self.transform.created_at

    @property
    def is_active(self) -> bool:
        """Whether the run still moves."""
        return self.status in ACTIVE

    @property
    def is_terminal(self) -> bool:
        """Whether the run has ended for good."""
        return self.status in TERMINAL


class TaskRunEvent(models.Model):
    """One step in a run's timeline."""

    run = models.ForeignKey(TaskRun, on_delete=models.CASCADE, related_name="events")
    status = models.CharField(max_length=20, choices=RunStatus.choices)
    at = models.DateTimeField()
    note = models.TextField(blank=True)

    class Meta:
        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{self.status} {self.at:%F %T}"


class SavedView(models.Model):
    """A way to look at the run history that a person named: ``query`` is the query string of the page, without place and order of pages.

    A shared one is offered to everybody of the team who may see the history.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="saved_views")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=1000, blank=True)
    shared = models.BooleanField(_("for the whole team"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)
        constraints = [models.UniqueConstraint(fields=("team", "owner", "name"), name="labeling_saved_view_name_once")]

    def __str__(self) -> str:
        return self.name
