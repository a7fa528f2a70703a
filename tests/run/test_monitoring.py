"""/metrics tells whoever has the token how the installation is doing, and nobody else."""

from __future__ import annotations

import time

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from labeling.choices import AnswerKind, AnswerStatus, RunKind, RunStatus
from labeling.models import TaskRun
from labelportal import monitoring
from tests.labeling.builders import answer, cast, finished_run, question_set, transform
from tests.support.servers import Services, wait_until


def scraped(token: str = "wort") -> dict[str, float]:
    """The figures, as a program reads them; the host is that of a container, and there is no TLS."""
    response = Client().get("/metrics", headers={"authorization": f"Bearer {token}", "host": "10.1.2.3"})
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    figures: dict[str, float] = {}
    for family in text_string_to_metric_families(response.content.decode()):
        assert family.documentation
        for name, labels, value, *_ in family.samples:
            which = ",".join(f'{label}="{text}"' for label, text in labels.items())
            figure = f"{name}{{{which}}}" if labels else name
            assert figure.startswith("labelportal_")
            assert figure not in figures, "a figure is there twice"
            figures[figure] = value
    return figures


@pytest.fixture
def token(settings: Settings) -> str:
    settings.METRICS_TOKEN = "wort"
    settings.SECURE_SSL_REDIRECT = True
    return "wort"


@pytest.fixture
def fresh_broker() -> None:
    monitoring._broker.cache_clear()


@pytest.mark.django_db
def test_without_a_token_there_is_no_such_page(settings: Settings) -> None:
    assert settings.METRICS_TOKEN == ""
    assert Client().get("/metrics", headers={"authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer wor", "wort", "Bearer wört"])
def test_whoever_has_not_the_token_learns_nothing(token: str, sent: str) -> None:
    response = Client().get("/metrics", headers={"authorization": sent})
    assert (response.status_code, response.content) == (401, b"")


@pytest.mark.django_db
def test_what_the_installation_has_before_it(token: str, redis_server: str, fresh_broker: None) -> None:
    people = cast()
    of = transform(people.team, people.admin)
    first, _second = question_set(of, people.admin, [2, 3])
    answer(first, people.steward, "AA")
    decided = {"status": AnswerStatus.SUBMITTED, "submitted_at": timezone.now(), "first_submitted_at": timezone.now()}
    first.answers.create(steward=people.lead, kind=AnswerKind.ADJUDICATION, **decided)  # no answer, as in reports
    finished_run(of, people.lead, RunKind.EVALUATION)
    waiting = TaskRun.objects.create(transform=of, kind=RunKind.IMPORT_LABELS, status=RunStatus.QUEUED)
    TaskRun.objects.filter(pk=waiting.pk).update(created_at=waiting.created_at.replace(year=2020))
    figures = scraped(token)
    assert figures['labelportal_runs{kind="EVALUATION",status="SUCCEEDED"}'] == 1
    assert figures['labelportal_runs{kind="IMPORT_LABELS",status="QUEUED"}'] == 1
    assert figures['labelportal_runs{kind="IMPORT_LABELS",status="FAILED"}'] == 0, "what did not happen is a figure too"
    assert figures["labelportal_oldest_queued_run_seconds"] > 365 * 24 * 3600
    assert (figures['labelportal_questions{state="open"}'], figures['labelportal_questions{state="settled"}']) == (1, 1)
    assert (figures["labelportal_answers"], figures["labelportal_results_to_import"]) == (1, 1)
    assert figures['labelportal_messages{channel="mail",state="failed"}'] == 0
    assert figures["labelportal_redis_up"] == 1
    assert figures['labelportal_queue_messages{queue="portal"}'] >= 0


@pytest.mark.django_db
def test_a_redis_that_is_away_is_a_figure(token: str, settings: Settings, fresh_broker: None) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    figures = scraped(token)
    assert figures["labelportal_redis_up"] == 0
    assert "labelportal_answers" in figures
    monitoring._broker.cache_clear()


@pytest.mark.services
def test_the_time_of_the_last_sweep_stands_still_when_the_clock_does(
    services: Services, settings: Settings, fresh_broker: None
) -> None:
    settings.METRICS_TOKEN = "wort"
    name, began = "labelportal_last_sweep_timestamp_seconds", time.time()
    services.start("beat")
    wait_until(lambda: scraped().get(name, 0) > began, what="a sweep")
    services.stop("beat")
    time.sleep(1)
    last = scraped()[name]
    time.sleep(3)
    assert scraped()[name] == last
