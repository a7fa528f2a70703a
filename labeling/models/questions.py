"""Questions from Glue: sets, questions, rows, and to whom they are assigned."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from labelfiles import MAX_SET_ROWS
from labeling.choices import LeftOut, QuestionState
from labeling.models.transforms import MAX_ANSWERS_PER_QUESTION


class QuestionSet(models.Model):
    """The questions of one LABELING_SET_GENERATION run, or (without ``task_run``) of groups that a lead chose; ``number`` counts within the
    transform from 1.

    ``left_out`` are the labeling sets of the file that are not asked, [labeling_set_id, rows]: those of one row, and those that are too large; with a
    third item, a ``LeftOut``, those whose rows have no proper keys.
    Sets of higher ``priority`` come first, then those due first. ``answers_wanted`` people answer each question. ``skill`` is a tag, in lower
    case, that people need to be offered the questions; empty: nobody needs any.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    transform = models.ForeignKey("labeling.Transform", on_delete=models.CASCADE, related_name="question_sets")
    number = models.PositiveIntegerField()
    task_run = models.OneToOneField(
        "labeling.TaskRun", on_delete=models.PROTECT, null=True, blank=True, related_name="question_set"
    )
    label_file = models.ForeignKey("labeling.LabelFile", on_delete=models.PROTECT, related_name="+")
    title = models.CharField(_("title"), max_length=100, blank=True)
    priority = models.SmallIntegerField(_("priority"), default=0)
    due_on = models.DateField(_("due"), null=True, blank=True)
    goal = models.TextField(_("goal"), blank=True)
    answers_wanted = models.PositiveSmallIntegerField(
        _("people per question"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_ANSWERS_PER_QUESTION)],
    )
    show_proposals = models.BooleanField(_("start from the engine’s proposal"), default=True)
    left_out = models.JSONField(default=list, blank=True)
    skill = models.CharField(_("skill needed"), max_length=50, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("number",)
        constraints = [
            models.UniqueConstraint(fields=("transform", "number"), name="labeling_question_set_number_once"),
            models.CheckConstraint(
                condition=models.Q(answers_wanted__gte=1, answers_wanted__lte=MAX_ANSWERS_PER_QUESTION),
                name="labeling_question_set_answers_1_5",
            ),
        ]

    def __str__(self) -> str:
        """What the set is called on every page and in every message; the transform stands beside it."""
        return self.title or gettext("Set %(n)d") % {"n": self.number}

    @property
    def asked(self) -> int:
        """How many questions the file came to."""
        left_out = [set_id for set_id, *_more in self.left_out if set_id]  # rows without an id are no set of the file
        return self.label_file.sets - len(left_out)

    @property
    def too_large(self) -> list[tuple[str, int]]:
        """Id and rows of the labeling sets that are not asked because their labels could not be sent."""
        return [(set_id, rows) for set_id, rows, *_why in self.left_out if rows > MAX_SET_ROWS]

    @property
    def without_keys(self) -> list[tuple[str, LeftOut]]:
        """Id of the labeling sets that are not asked because Glue would refuse their labels for the keys of the rows, and what is wrong."""
        return [(set_id, LeftOut(why[0])) for set_id, _rows, *why in self.left_out if why]


class Question(models.Model):
    """Rows that share a labeling_set_id: how do these rows group?

    While ``lease_expires_at`` lies ahead the question belongs to ``leased_to`` and is offered to nobody else. It is open while
    ``answers_missing`` people still have to answer it; then it is settled or disputed. ``result`` is what was settled,
    {row id: label} with ``?`` for unsure rows: this, not single answers, is what label files are built from. ``sure_rows`` is how many rows it
    groups; ``refused``, whether Glue would refuse a label file with them, for the keys of the rows. ``result_version`` grows with each settling; ``imported_version`` is the one Glue last learned from, so a result waits for import while the two differ.
    ``changed_at`` dates the last change of state or result.

    A control question (``is_control``) looks like any other, but its grouping is ``known``: it is never imported, and shows who groups as the
    team does. ``labeling_set_id`` is unique within the transform, so that label files can hold questions of several sets.
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
    state = models.CharField(_("state"), max_length=10, choices=QuestionState.choices, default=QuestionState.OPEN)
    result = models.JSONField(null=True, blank=True)
    sure_rows = models.PositiveSmallIntegerField(default=0)
    refused = models.BooleanField(default=False)
    result_version = models.PositiveIntegerField(default=0)
    imported_version = models.PositiveIntegerField(null=True, blank=True)
    changed_at = models.DateTimeField(default=timezone.now)
    is_control = models.BooleanField(default=False)
    known = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(fields=("question_set", "labeling_set_id"), name="labeling_question_set_id_once"),
            models.UniqueConstraint(fields=("question_set", "position"), name="labeling_question_position_once"),
            models.CheckConstraint(
                condition=models.Q(state=QuestionState.SETTLED, result__isnull=False)
                | models.Q(state__in=(QuestionState.OPEN, QuestionState.DISPUTED), result__isnull=True),
                name="labeling_question_settled_has_result",
            ),
            models.CheckConstraint(
                condition=models.Q(is_control=False) | models.Q(known__isnull=False),
                name="labeling_question_control_is_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=("question_set", "position"),
                condition=models.Q(answers_missing__gt=0),
                name="labeling_question_open",
            ),
            models.Index(
                fields=("question_set",), condition=models.Q(is_control=True), name="labeling_question_controls"
            ),
            models.Index(fields=("question_set", "changed_at"), name="labeling_question_changes"),
        ]

    def __str__(self) -> str:
        return f"{self.question_set} / {self.position}"

    @property
    def result_labels(self) -> dict[int, str]:
        """The settled grouping by row id; empty while nothing is settled."""
        return {int(row_id): label for row_id, label in (self.result or {}).items()}

    @property
    def known_labels(self) -> dict[int, str]:
        """The known grouping of a control question by row id."""
        return {int(row_id): label for row_id, label in (self.known or {}).items()}


class Row(models.Model):
    """One source record in a question; ``values`` follows the transform's columns.

    ``proposed`` is the group that the engine would put the row in, ``proposed_confidence`` (0 to 1) how sure it is of that.
    """

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="rows")
    position = models.PositiveSmallIntegerField()
    key = models.TextField(_("primary key"))
    values = models.JSONField()
    proposed = models.CharField(max_length=2, blank=True)
    proposed_confidence = models.FloatField(null=True, blank=True)

    class Meta:
        ordering = ("position",)
        constraints = [models.UniqueConstraint(fields=("question", "position"), name="labeling_row_position_once")]

    def __str__(self) -> str:
        return f"{self.question_id} / {self.position}"


class QuestionAssignment(models.Model):
    """The question is meant for this person; if it is assigned to anybody, it is offered to nobody else."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="assignments")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="assignments")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("question", "user"), name="labeling_assignment_once")]

    def __str__(self) -> str:
        return f"{self.question_id} for {self.user_id}"
