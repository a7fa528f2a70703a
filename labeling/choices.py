"""Closed sets of values. Values that AWS defines are AWS's own words, unchanged."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

import partitions

GROUP_LABELS = partitions.LABELS
"""A to O, then AA to OO: the groups a steward can give, see ``partitions.labels_for``; the label is what stands in the label file."""

UNSURE = partitions.UNSURE
"""A row that the steward cannot place: kept here, left out of the label file."""

LABEL_CHOICES = [(label, label) for label in (*GROUP_LABELS, UNSURE)]


class TransformStatus(models.TextChoices):
    """TransformStatusType and, not Glue's own, that it knows no such transform; empty until Glue has answered once."""

    NOT_READY = "NOT_READY", _("Needs teaching")
    READY = "READY", _("Ready")
    DELETING = "DELETING", _("Being deleted")
    GONE = "GONE", _("No longer at Glue")


class RunKind(models.TextChoices):
    """TaskType of an MLTaskRun."""

    LABELING_SET_GENERATION = "LABELING_SET_GENERATION", _("Generate questions")
    IMPORT_LABELS = "IMPORT_LABELS", _("Import labels")
    EXPORT_LABELS = "EXPORT_LABELS", _("Export labels")
    EVALUATION = "EVALUATION", _("Estimate quality")
    FIND_MATCHES = "FIND_MATCHES", _("Find matches")


class RunStatus(models.TextChoices):
    """QUEUED and SUBMITTING are ours; the rest is TaskStatusType."""

    QUEUED = "QUEUED", _("Queued")
    SUBMITTING = "SUBMITTING", _("Submitting")
    STARTING = "STARTING", _("Starting")
    RUNNING = "RUNNING", _("Running")
    STOPPING = "STOPPING", _("Stopping")
    STOPPED = "STOPPED", _("Stopped")
    SUCCEEDED = "SUCCEEDED", _("Succeeded")
    FAILED = "FAILED", _("Failed")
    TIMEOUT = "TIMEOUT", _("Timed out")


class RunProblem(models.TextChoices):
    """What stands in the way of a run, as far as AWS's answer tells; see ``aws/errors`` for how it is told and what to do."""

    UNREACHABLE = "unreachable", _("AWS cannot be reached")
    NO_ANSWER = "no_answer", _("AWS did not answer")
    THROTTLED = "throttled", _("AWS is throttling")
    BUSY = "busy", _("Glue has reached its limit of runs")
    AWS_FAULT = "aws_fault", _("AWS has a problem")
    EXPIRED = "expired", _("The credentials have expired")
    CREDENTIALS = "credentials", _("The credentials are not accepted")
    ACCESS = "access", _("Access is denied")
    ROLE = "role", _("The transform's role lacks access")
    TRANSFORM_GONE = "transform_gone", _("Glue no longer has the transform")
    MISSING = "missing", _("Something is missing at AWS")
    REGION = "region", _("The bucket is in another region")
    QUOTA = "quota", _("A quota is exceeded")
    TOO_LARGE = "too_large", _("The label file is too large")
    END_OF_LIFE = "end_of_life", _("The Glue version has reached its end of life")
    NOT_READY = "not_ready", _("The transform has not learned enough")
    INPUT = "input", _("Glue refuses the input")


SILENT = frozenset({RunProblem.UNREACHABLE, RunProblem.NO_ANSWER})
"""Glue has said nothing at all, which took as long as one waits for it."""

SILENCES = 3
"""So many in a row end a sweep that asks Glue: what is left is asked by the next one. More than one, because a single transform may be what Glue cannot
tell of in time."""


class ChainStatus(models.TextChoices):
    """Whether something may still follow in a chain of runs."""

    RUNNING = "running", _("Under way")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    STOPPED = "stopped", _("Stopped")


AT_GLUE = (RunStatus.STARTING, RunStatus.RUNNING, RunStatus.STOPPING)
ACTIVE = (RunStatus.QUEUED, RunStatus.SUBMITTING, *AT_GLUE)
RETRYABLE = (RunStatus.STOPPED, RunStatus.FAILED, RunStatus.TIMEOUT)
TERMINAL = (RunStatus.STOPPED, RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.TIMEOUT)


class LabelFileKind(models.TextChoices):
    """Where a label file came from."""

    GENERATED = "generated", _("Questions")
    BUILT = "built", _("Built from answers")
    EXPORTED = "exported", _("Exported from Glue")
    UPLOADED = "uploaded", _("Uploaded by a person")
    COMPOSED = "composed", _("Earlier state, put together again")


class LeftOut(models.TextChoices):
    """Why a labeling set is not asked although its size would do."""

    NO_SET_ID = "no_set_id", _("it has no id")
    BLANK_KEY = "blank_key", _("a row has no primary key")
    REPEATED_KEY = "repeated_key", _("two rows have the same primary key")


class GroupKind(models.TextChoices):
    """Why a group of a result is worth a look: ``FOUND`` ones somebody searched for and had people asked about."""

    UNSURE = "unsure", _("Least sure")
    LARGE = "large", _("Largest")
    JOINED = "joined", _("Joined")
    SPLIT = "split", _("Split")
    FOUND = "found", _("Found")


class AnswerStatus(models.TextChoices):
    """A draft is work in progress; only submitted answers count towards a result. A withdrawn one says nothing any more."""

    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Submitted")
    SKIPPED = "skipped", _("Skipped")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class AnswerKind(models.TextChoices):
    """An adjudication decides what the people who answered could not agree on."""

    ANSWER = "answer", _("Answer")
    ADJUDICATION = "adjudication", _("Adjudication")


class QuestionState(models.TextChoices):
    """Open until enough people have answered; then settled with a result, or disputed until somebody adjudicates."""

    OPEN = "open", _("Open")
    SETTLED = "settled", _("Settled")
    DISPUTED = "disputed", _("Disputed")


class ConsensusRule(models.TextChoices):
    """How many of the people must say the same; see ``partitions.Rule``."""

    MAJORITY = partitions.Rule.MAJORITY.value, _("More than half of the people")
    UNANIMOUS = partitions.Rule.UNANIMOUS.value, _("Everyone")


class ChangeAction(models.TextChoices):
    """What happened to an answer."""

    SUBMITTED = "submitted", _("Submitted")
    REOPENED = "reopened", _("Reopened")
    CORRECTED = "corrected", _("Corrected")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    ADJUDICATED = "adjudicated", _("Adjudicated")


class SourceFormat(models.TextChoices):
    """File formats a table can be made from."""

    CSV = "csv", _("CSV")
    PARQUET = "parquet", _("Parquet")


class GoalPeriod(models.TextChoices):
    """What a goal is for; weeks begin on Monday."""

    DAY = "day", _("a day")
    WEEK = "week", _("a week")


class NotificationEvent(models.TextChoices):
    """What leads are told of. Names are part of the webhooks' format."""

    RUN_ENDED = "run.ended", _("A run has succeeded, or was stopped")
    RUN_FAILED = "run.failed", _("A run has failed")
    RUN_WAITS = "run.waits", _("A run is waiting because Glue cannot be reached")
    SET_FINISHED = "question_set.finished", _("All questions of a set are answered")
    AGREEMENT_FELL = "agreement.fell", _("People agree less than before")


class MessageFormat(models.TextChoices):
    """In which form a webhook is told; see ``selectors/webhook_messages``."""

    JSON = "json", _("JSON, signed")
    SLACK = "slack", _("Slack")
    TEAMS = "teams", _("Microsoft Teams")


class OutboxState(models.TextChoices):
    """Where a message to somebody outside stands. ``none``: there is nothing to send."""

    NONE = "none", _("Nothing to send")
    WAITING = "waiting", _("Waiting")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Given up")
