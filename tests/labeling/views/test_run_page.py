"""The page of one run: what it cost, where its log is, what came before and after, trying it again."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from labeling.choices import ChainStatus, LabelFileKind, RunKind, RunStatus
from labeling.models import Chain, LabelFile, LabelFileReport, ShadowEstimate, TaskRun, Transform
from tests.labeling.builders import Cast, finished_run
from tests.labeling.views.conftest import ClientFor
from tests.labeling.views.test_transforms import METRICS


def detail(run: TaskRun) -> str:
    return reverse("labeling:run-detail", args=[run.pk])


def test_cost_and_log_stand_there_where_aws_bills(
    people: Cast,
    people_transform: Transform,
    client_for: ClientFor,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> None:
    run = finished_run(
        people_transform,
        people.lead,
        RunKind.EVALUATION,
        metrics=METRICS,
        capacity=10.0,
        execution_seconds=360,
        glue_run_id="tsk-1",
        log_group="/aws-glue/mlTransforms",
        settings={"precision_recall": 0.9, "accuracy_cost": 0.5, "enforce_provided_labels": True},
    )
    client = client_for(people.lead)
    settings.DPU_HOUR_PRICE = 0.44
    page = client.get(detail(run)).content.decode()
    assert "Cost at AWS" not in page  # localglue answers in the tests
    assert "CloudWatch" not in page
    assert "When in doubt: favours precision · how hard to look: balanced" in page

    monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", "https://glue.eu-central-1.amazonaws.com")
    # A real client would keep that address for the tests after this one.
    aws = SimpleNamespace(meta=SimpleNamespace(region_name="eu-central-1"))
    monkeypatch.setattr("labeling.aws.clients.glue", lambda: aws)
    page = client.get(detail(run)).content.decode()
    assert "about 0.44 USD" in page
    assert "1.00 DPU-hours: 10 DPU for 6 min 0 s" in page
    assert "log-groups/log-group/$252Faws-glue$252FmlTransforms$3FlogStreamNameFilter$3Dtsk-1" in page

    settings.DPU_HOUR_PRICE = 0
    page = client.get(detail(run)).content.decode()
    assert "1.00 DPU-hours" in page
    assert "USD" not in page


def test_a_run_that_no_worker_takes_up_says_so(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    run = finished_run(people_transform, people.lead, RunKind.EVALUATION)
    client = client_for(people.lead)
    minute = timedelta(minutes=1)

    def said(**fields: Any) -> bool:
        TaskRun.objects.filter(pk=run.pk).update(**fields)
        return "No worker has picked up this run" in client.get(detail(run)).content.decode()

    now = timezone.now()
    assert not said(status=RunStatus.QUEUED, enqueued_at=now)
    assert said(enqueued_at=now - minute)
    assert not said(not_before=now + minute), "it is not due"
    assert said(not_before=now - minute)
    assert not said(status=RunStatus.RUNNING)


def test_what_came_before_and_after(
    people: Cast,
    people_transform: Transform,
    client_for: ClientFor,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    before = finished_run(people_transform, people.lead, RunKind.EVALUATION, metrics={**METRICS, "recall": 0.9})
    run = finished_run(people_transform, people.lead, RunKind.EVALUATION, metrics={**METRICS, "recall": 0.8})
    next_one = finished_run(people_transform, people.lead, RunKind.LABELING_SET_GENERATION)
    for minutes, one in enumerate((before, run, next_one)):
        TaskRun.objects.filter(pk=one.pk).update(created_at=timezone.now() - timedelta(minutes=10 - minutes))
    client = client_for(people.lead)
    with django_assert_max_num_queries(14):
        page = client.get(detail(run)).content.decode()
    assert "−0.053" in page
    assert detail(next_one) in page
    assert detail(before) not in page
    assert "−0.053" not in client.get(detail(before)).content.decode()


def test_findings_stand_with_the_label_file(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    file = LabelFile.objects.create(
        transform=people_transform, kind=LabelFileKind.BUILT, bucket="b", key="k", size=1, sha256="a", sets=1, rows=2
    )
    finding = {"line": 12, "column": "label", "code": "x", "message": "There are spaces.", "severity": "warning"}
    LabelFileReport.objects.create(label_file=file, findings=[finding])
    run = finished_run(people_transform, people.lead, RunKind.IMPORT_LABELS, label_file=file)
    page = client_for(people.lead).get(detail(run)).content.decode()
    assert "1 finding in the label file" in page
    assert "There are spaces." in page
    assert "line 12" in page


def test_a_failed_run_is_tried_again_from_its_page(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    run = finished_run(people_transform, people.lead, RunKind.EVALUATION)
    client = client_for(people.lead)
    retry = reverse("labeling:run-retry", args=[run.pk])
    assert retry not in client.get(detail(run)).content.decode()

    TaskRun.objects.update(status=RunStatus.FAILED)
    assert retry in client.get(detail(run)).content.decode()
    response = client.post(retry)
    new = TaskRun.objects.get(retry_of=run)
    assert response.headers["Location"] == detail(new)
    assert detail(run) in client.get(detail(new)).content.decode()
    assert f"Estimate quality {new.short_id}" in client.get(detail(run)).content.decode()
    assert b"already under way" in client.post(retry, follow=True).content


def test_only_an_admin_tries_a_replacement_again(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    file = LabelFile.objects.create(
        transform=people_transform,
        kind=LabelFileKind.UPLOADED,
        bucket="b",
        key="k",
        size=1,
        sha256="a",
        sets=1,
        rows=2,
        matching_pairs=1,
    )
    run = finished_run(people_transform, people.admin, RunKind.IMPORT_LABELS, replace_all_labels=True, label_file=file)
    TaskRun.objects.update(status=RunStatus.FAILED)
    retry = reverse("labeling:run-retry", args=[run.pk])
    lead = client_for(people.lead)
    assert b"Administrators can try a replacement again" in lead.get(detail(run)).content
    assert lead.post(retry).status_code == 403
    response = client_for(people.admin).post(retry)
    assert "/replacements/" in response.headers["Location"]
    assert TaskRun.objects.filter(kind=RunKind.EXPORT_LABELS).count() == 1


def test_stopping_says_what_came_of_it(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    client = client_for(people.lead)
    for status, words in (
        (RunStatus.QUEUED, "before Glue was asked for it"),
        (RunStatus.SUBMITTING, "as soon as Glue can be reached"),
    ):
        TaskRun.objects.all().delete()
        run = TaskRun.objects.create(transform=people_transform, kind=RunKind.EVALUATION, status=status)
        page = client.post(reverse("labeling:run-cancel", args=[run.pk]), follow=True).content.decode()
        assert words in page


def test_a_replacement_outside_the_portal_is_said_loudly(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    run = finished_run(
        people_transform,
        None,
        RunKind.IMPORT_LABELS,
        foreign=True,
        replace_all_labels=True,
        started_at=timezone.now(),
    )
    client = client_for(people.lead)
    loud = "Someone has replaced all labels at Glue outside the portal"
    for page in (
        client.get(reverse("labeling:transform-detail", args=[people_transform.pk])),
        client.get(reverse("labeling:import-create", args=[people_transform.pk])),
    ):
        assert loud in page.content.decode()
        assert detail(run) in page.content.decode()
    said = client.get(detail(run)).content.decode()
    assert "It replaced all labels that Glue held" in said
    history = client.get(reverse("labeling:run-list"), {"person": "elsewhere"})
    assert list(history.context["page"].records) == [run]
    assert "outside the portal" in history.content.decode()

    TaskRun.objects.update(status=RunStatus.FAILED)
    assert reverse("labeling:run-retry", args=[run.pk]) not in client.get(detail(run)).content.decode()


def test_the_page_waits_for_the_estimate(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    file = LabelFile.objects.create(
        transform=people_transform, kind=LabelFileKind.BUILT, bucket="b", key="k", size=1, sha256="0", sets=1, rows=2
    )
    ended = timezone.now()
    run = finished_run(people_transform, people.lead, RunKind.IMPORT_LABELS, label_file=file, completed_at=ended)
    client = client_for(people.lead)

    def goes_on() -> bool:
        return client.get(detail(run), headers={"HX-Request": "true"}).status_code == 200

    assert 'hx-trigger="every 2s"' in client.get(detail(run)).content.decode()
    assert goes_on()
    estimate = ShadowEstimate.objects.create(import_run=run, transform=people_transform, claimed_at=ended)
    assert goes_on()
    ShadowEstimate.objects.update(claimed_at=None, completed_at=ended, metrics=METRICS)
    assert not goes_on()
    assert "By the embedded engine" in client.get(detail(run)).content.decode()
    estimate.delete()
    TaskRun.objects.update(completed_at=ended - timedelta(hours=1))
    assert not goes_on()  # nobody waits for what comes at any time or never


def test_the_page_is_left_alone_while_nothing_happens(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    run = TaskRun.objects.create(transform=people_transform, kind=RunKind.EVALUATION, status=RunStatus.RUNNING)
    TaskRun.objects.update(created_at=timezone.now() - timedelta(hours=1, minutes=1))
    client = client_for(people.lead)
    ask = partial(client.get, detail(run), headers={"HX-Request": "true"})
    page = client.get(detail(run)).content.decode()
    assert "this page tries again by itself" in page  # there is no filter to change
    seen = re.findall(r'name="seen" value="(\w+)"', page)[0]
    unchanged = ask({"seen": seen})
    assert unchanged["HX-Reswap"] == "none"
    clock = '<span id="so-far" hx-swap-oob="true">1 h 1 min so far</span>'
    assert " ".join(unchanged.content.decode().split()) == clock
    TaskRun.objects.update(stop_wanted=True)
    changed = ask({"seen": seen}).content.decode()
    assert "It will be stopped as soon as Glue can be reached." in changed
    assert seen not in changed


def test_after_a_whole_round_the_quality_is_next(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    client = client_for(people.lead)
    alone = finished_run(people_transform, people.lead, RunKind.IMPORT_LABELS)
    assert "Estimate quality" in client.get(detail(alone)).content.decode()
    chain = Chain.objects.create(transform=people_transform, status=ChainStatus.DONE)
    run = finished_run(people_transform, people.lead, RunKind.IMPORT_LABELS, chain=chain)
    page = client.get(detail(run)).content.decode()
    assert "See the quality" in page
    assert "This round</h2>" in page
    assert reverse("labeling:quality", args=[people_transform.pk]) in page


def test_each_run_of_a_round_is_named_once(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    chain = Chain.objects.create(transform=people_transform, status=ChainStatus.DONE, created_by=people.lead)
    kinds = (RunKind.IMPORT_LABELS, RunKind.EVALUATION, RunKind.LABELING_SET_GENERATION)
    run, estimate, questions = (finished_run(people_transform, people.lead, kind, chain=chain) for kind in kinds)
    TaskRun.objects.filter(pk=estimate.pk).update(metrics=METRICS)
    other = finished_run(people_transform, people.lead, RunKind.FIND_MATCHES)
    page = client_for(people.lead).get(detail(run)).content.decode()
    assert [page.count(f'href="{detail(one)}"') for one in (estimate, questions, other)] == [1, 1, 1]
    round_said, after = page.split("This round</h2>")[1].split("Before and after</h2>")
    assert re.search(r"F1\s+0\.\d+", round_said)
    assert detail(other) in after
