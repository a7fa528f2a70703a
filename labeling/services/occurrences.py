"""What happened is written down, in the transaction in which it happens, so that nobody is told of what did not, and nobody misses what did."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from labeling.choices import NotificationEvent, QuestionState, RunStatus
from labeling.models import Occurrence, Question, QuestionSet, TaskRun
from labeling.selectors.set_agreement import SetFigures, set_figures

logger = logging.getLogger(__name__)

WAITING_FROM = 3
"""A run waits in earnest from so many attempts on; the first ones take seconds."""

_RECENT = timedelta(days=1)
"""Sets that were finished longer ago, before anybody looked, and runs that others started are no news."""


def run_ended(run: TaskRun) -> None:
    """The run has reached a terminal state. What others started is news only while it is fresh: the first look at a transform finds months of it."""
    if run.foreign and not _fresh(run):
        return
    failed = run.status in (RunStatus.FAILED, RunStatus.TIMEOUT)
    _happened(run, NotificationEvent.RUN_FAILED if failed else NotificationEvent.RUN_ENDED, f"run:{run.pk}:ended")


def run_waits(run: TaskRun, attempts: int) -> None:
    """Glue cannot be asked, and not only for a moment. Told once for each run."""
    if attempts >= WAITING_FROM:
        _happened(run, NotificationEvent.RUN_WAITS, f"run:{run.pk}:waits")


def sweep_question_sets() -> None:
    """Sets whose last question has been answered, and whether people agreed less on one than before. Told once for each set; one that fails does not
    keep the others from their turn."""
    questions = Question.objects.filter(question_set=OuterRef("pk"))
    told = Occurrence.objects.filter(question_set=OuterRef("pk"), event=NotificationEvent.SET_FINISHED)
    finished = QuestionSet.objects.filter(
        Exists(questions.filter(changed_at__gte=timezone.now() - _RECENT)),
        ~Exists(questions.filter(state=QuestionState.OPEN)),
        ~Exists(told),
    )
    for question_set in finished.order_by("created_at"):
        try:
            _set_finished(question_set)
        except Exception:
            logger.exception("question set %s: that it is finished could not be told", question_set.pk)


def _set_finished(question_set: QuestionSet) -> None:
    figures = set_figures(question_set=question_set)
    if fell(figures):
        # First what matters more: if this process dies in between, the set is looked at again.
        _set_happened(question_set, NotificationEvent.AGREEMENT_FELL, figures)
    _set_happened(question_set, NotificationEvent.SET_FINISHED, figures)


def fell(figures: SetFigures) -> bool:
    """Whether the interval of this set lies wholly below what the sets before came to. A few questions alone never do."""
    return figures.before is not None and figures.high is not None and figures.high < figures.before


def _fresh(run: TaskRun) -> bool:
    ended = run.completed_at or timezone.now()
    return ended >= max(timezone.now() - _RECENT, run.transform.created_at)


def _happened(run: TaskRun, event: NotificationEvent, key: str) -> None:
    Occurrence.objects.get_or_create(key=key, defaults={"event": event, "run": run, "transform_id": run.transform_id})


def _set_happened(question_set: QuestionSet, event: NotificationEvent, figures: SetFigures) -> None:
    Occurrence.objects.get_or_create(
        key=f"set:{question_set.pk}:{event}",
        defaults={
            "event": event,
            "question_set": question_set,
            "transform_id": question_set.transform_id,
            "figures": {
                "questions": figures.questions,
                "disputed": figures.disputed,
                "alpha": figures.alpha,
                "alpha_before": figures.before,
            },
        },
    )
