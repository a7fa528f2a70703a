"""What the portal has read of the tables that FIND_MATCHES runs wrote."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from labelfiles import MAX_SET_ROWS
from labeling.choices import GroupKind


class MatchResult(models.Model):
    """The groups in the table of one run, counted, with those that are worth a look.

    While ``claimed_at`` is set a worker is reading; after ``attempts`` of them nobody tries again. ``read_at`` ends it, with a ``problem`` in words
    where the table cannot be read; a problem before that is one of S3, which is asked again. ``sizes`` is [[rows of a group, such groups], …], the
    largest first. ``before`` is the run whose result this one was compared with: ``new_rows`` and ``gone_rows`` are in one of the two alone;
    ``joined`` groups hold rows of several earlier ones, ``split`` ones are earlier groups whose rows are in several now.

    ``persistent_ids`` is the key in our bucket of a Parquet file with the persistent id of each row, empty where there are none: ``kept_ids`` groups
    have that of an earlier group, ``retired_ids`` are those that no group has any more, and ``next_persistent_id`` is the first that none has had.
    """

    run = models.OneToOneField("labeling.TaskRun", on_delete=models.CASCADE, related_name="match_result")
    claimed_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    read_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)
    rows = models.PositiveBigIntegerField(default=0)
    sizes = models.JSONField(default=list, blank=True)
    before = models.ForeignKey("labeling.TaskRun", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    new_rows = models.PositiveBigIntegerField(default=0)
    gone_rows = models.PositiveBigIntegerField(default=0)
    joined = models.PositiveBigIntegerField(default=0)
    split = models.PositiveBigIntegerField(default=0)
    persistent_ids = models.CharField(max_length=200, blank=True)
    kept_ids = models.PositiveBigIntegerField(default=0)
    retired_ids = models.PositiveBigIntegerField(default=0)
    next_persistent_id = models.PositiveBigIntegerField(default=1)

    def __str__(self) -> str:
        return f"{self.run_id}"

    @property
    def groups(self) -> int:
        """How many different things the table holds, rows that match no other among them."""
        return sum(groups for _size, groups in self.sizes)

    @property
    def new_ids(self) -> int:
        """Groups with a persistent id that no group had before."""
        return self.groups - self.kept_ids

    @property
    def matched_groups(self) -> int:
        """Groups of two rows and more."""
        return sum(groups for size, groups in self.sizes if size > 1)

    @property
    def matched_rows(self) -> int:
        """Rows that match at least one other."""
        return sum(size * groups for size, groups in self.sizes if size > 1)

    @property
    def largest(self) -> int:
        """Rows of the largest group."""
        return max((size for size, _groups in self.sizes), default=0)


class MatchGroup(models.Model):
    """Rows that the run says are the same thing (of ``GroupKind.SPLIT``: that an earlier run said so), and why they are worth a look.

    ``match_id`` is theirs in the table that joins them. ``values`` are the first rows, with the columns of the transform; ``parts`` says of each of them,
    from 0, which group of the other result it belongs to (-1: in none), for groups that changed; of others it is empty. ``question_set`` has asked people about
    all its rows at once.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    result = models.ForeignKey(MatchResult, on_delete=models.CASCADE, related_name="found")
    kind = models.CharField(_("why"), max_length=10, choices=GroupKind.choices)
    place = models.PositiveIntegerField()
    match_id = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    confidence = models.FloatField(null=True, blank=True)
    values = models.JSONField()
    parts = models.JSONField(default=list, blank=True)
    question_set = models.ForeignKey(
        "labeling.QuestionSet", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ("result", "kind", "place")
        constraints = [
            models.UniqueConstraint(fields=("result", "kind", "place"), name="labeling_match_group_place_once"),
            models.CheckConstraint(
                condition=models.Q(kind__in=GroupKind.values), name="labeling_match_group_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.match_id} ({self.size})"

    @property
    def set_id(self) -> str:
        """What the group is called in a file of questions: the same for whatever reason it is listed."""
        return f"{'split' if self.kind == GroupKind.SPLIT else 'match'}-{self.match_id}"

    @property
    def can_be_asked(self) -> bool:
        """Whether a question can hold it."""
        return self.size <= MAX_SET_ROWS
