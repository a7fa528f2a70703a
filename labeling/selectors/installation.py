"""What the whole installation holds and has before it, in numbers, across all teams."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, Min
from django.utils import timezone

from labeling.choices import OutboxState, QuestionState, RunKind, RunStatus
from labeling.models import Answer, Notification, Question, TaskRun, WebhookDelivery
from labeling.selectors.questions import WAITING_FOR_IMPORT
from labeling.selectors.work import DONE

Figure = tuple[str, str, dict[str, str], float]


def _runs() -> Iterator[Figure]:
    runs = TaskRun.objects.filter(foreign=False).order_by()
    counts = {(kind, status): n for kind, status, n in runs.values_list("kind", "status").annotate(n=Count("pk"))}
    for kind in RunKind.values:
        for status in RunStatus.values:
            labels = {"kind": kind, "status": status}
            yield "runs", "Runs that the portal started, by where they stand.", labels, counts.get((kind, status), 0)
    waiting = runs.filter(status__in=(RunStatus.QUEUED, RunStatus.SUBMITTING)).aggregate(since=Min("created_at"))
    seconds = (timezone.now() - waiting["since"]).total_seconds() if waiting["since"] else 0
    yield "oldest_queued_run_seconds", "How long the oldest run waits to be started at Glue.", {}, max(0, seconds)


def _work() -> Iterator[Figure]:
    states = dict(Question.objects.order_by().values_list("state").annotate(n=Count("pk")))
    for state in QuestionState.values:
        yield "questions", "Questions, by whether people have answered them.", {"state": state}, states.get(state, 0)
    yield "answers", "Answers that people have given, none of them twice.", {}, Answer.objects.filter(DONE).count()
    waiting = Question.objects.filter(WAITING_FOR_IMPORT).count()
    yield "results_to_import", "Settled questions that Glue has yet to learn from.", {}, waiting


def _messages() -> Iterator[Figure]:
    for channel, model in (("mail", Notification), ("webhook", WebhookDelivery)):
        states = dict(model.objects.order_by().values_list("state").annotate(n=Count("pk")))
        for state in (OutboxState.WAITING, OutboxState.FAILED):
            labels = {"channel": channel, "state": state.value}
            yield "messages", "Mails and webhooks not sent yet, or given up.", labels, states.get(state.value, 0)


def figures() -> Iterator[Figure]:
    """Name, what it means, labels and value; those of one name follow each other."""
    yield from _runs()
    yield from _work()
    yield from _messages()
