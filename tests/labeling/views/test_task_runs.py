"""Runs: started, watched, filtered; the import page."""

from __future__ import annotations

import re

from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from labeling.aws.storage import StoredObject
from labeling.choices import LabelFileKind, RunKind, RunStatus
from labeling.models import Question, TaskRun, Transform
from labeling.selectors.imports import label_contents
from labeling.services.label_files import keep_label_file
from tests.labeling.builders import Cast, answer, finished_run, question_set
from tests.labeling.views.conftest import ClientFor
from tests.labeling.views.test_transforms import METRICS

HTMX = {"HX-Request": "true"}


def test_generating_shows_the_run(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    url = reverse("labeling:question-generate", args=[people_transform.pk])
    response = client_for(people.lead).post(url)
    run = TaskRun.objects.get(kind=RunKind.LABELING_SET_GENERATION)
    assert response.headers["Location"] == reverse("labeling:run-detail", args=[run.pk])
    assert run.requested_by == people.lead


def test_labels_are_exported_by_one_press(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    client = client_for(people.lead)
    page = client.get(reverse("labeling:label-file-list", args=[people_transform.pk])).content.decode()
    url = reverse("labeling:export-create", args=[people_transform.pk])
    assert url in page
    response = client.post(url)
    run = TaskRun.objects.get(kind=RunKind.EXPORT_LABELS)
    assert response.headers["Location"] == reverse("labeling:run-detail", args=[run.pk])
    assert client_for(people.steward).post(url).status_code == 403


def test_a_second_press_is_told_why_not(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    client = client_for(people.lead)
    url = reverse("labeling:question-generate", args=[people_transform.pk])
    client.post(url)
    page = client.post(url, follow=True)
    assert TaskRun.objects.count() == 1
    assert b"notice-bad" in page.content


def test_a_run_is_watched_until_it_has_ended(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    client = client_for(people.lead)
    run = TaskRun.objects.create(transform=people_transform, kind=RunKind.EVALUATION, requested_by=people.lead)
    url = reverse("labeling:run-detail", args=[run.pk])
    assert b'hx-trigger="every 2s"' in client.get(url).content
    part = client.get(url, headers=HTMX)
    assert part.status_code == 200
    assert "HX-Request" in part["Vary"]  # Back must not show the living part alone

    TaskRun.objects.update(status=RunStatus.SUCCEEDED, metrics=METRICS, completed_at=timezone.now())
    last = client.get(url, headers=HTMX)
    assert last.status_code == 286
    page = last.content.decode()
    assert "90.0%" in page
    assert "80.0%" in page
    assert "<html" not in page


def test_a_failed_run_says_what_to_do(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    run = finished_run(
        people_transform,
        people.lead,
        RunKind.IMPORT_LABELS,
        error="Column price is missing.",
        advice="Add the column and import again.",
    )
    TaskRun.objects.update(status=RunStatus.FAILED)
    page = client_for(people.lead).get(reverse("labeling:run-detail", args=[run.pk])).content.decode()
    assert "Column price is missing." in page
    assert "Add the column and import again." in page
    assert "Answers and labels are as they were before this run." in page


def test_nothing_to_import_says_so(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    page = client_for(people.lead).get(reverse("labeling:import-create", args=[people_transform.pk]))
    assert b"There is nothing to import yet" in page.content


def test_a_lead_adds_and_is_not_offered_to_replace(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    answer(question_set(people_transform, people.lead, [3])[0], people.steward, "AAB")
    url = reverse("labeling:import-create", args=[people_transform.pk])
    client = client_for(people.lead)
    response = client.get(url)
    page = response.content.decode()
    shown = [(row.sets, row.rows, row.matching_pairs, row.non_matching_pairs) for row in [response.context["add"]]]
    assert shown == [(1, 3, 1, 2)]
    assert "Non-matching pairs" in page
    assert "Replace all labels" not in page
    assert client.post(reverse("labeling:answers-replace", args=[people_transform.pk])).status_code == 403

    client.post(url)
    assert TaskRun.objects.get(kind=RunKind.IMPORT_LABELS).replace_all_labels is False


def test_an_administrator_is_offered_to_replace_what_there_is(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    question = question_set(people_transform, people.lead, [3])[0]
    answer(question, people.steward, "AAB")
    url = reverse("labeling:import-create", args=[people_transform.pk])
    client = client_for(people.admin)
    first = client.get(url).content.decode()
    assert "Start import" in first
    assert "Replace all" not in first  # there is nothing to forget

    Transform.objects.update(label_count=3)
    adding, replacing = client.get(url).content.decode().split("Replace all labels")
    assert "Start import" in adding
    assert "Replace all" not in adding  # no figures of what its button does not do
    assert "Labels that are replaced" in replacing
    # Forgotten are those that do not come back, which only the preview can tell.
    assert "which of them would be forgotten" in replacing
    assert "Labels forgotten" not in replacing

    Question.objects.update(imported_version=F("result_version"))
    done = client.get(url).content.decode()
    assert "All answers have been imported." in done
    assert "Preview the replacement" in done
    assert "Start import" not in done
    for_a_lead = client_for(people.lead).get(url).content.decode()
    assert "No answers wait to be imported" in for_a_lead
    assert "nothing to import yet" not in for_a_lead


def test_an_import_that_would_change_nothing_says_so_before(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    question = question_set(people_transform, people.lead, [3])[0]
    answer(question, people.steward, "AAB")
    contents = label_contents(transform=people_transform, replace_all=False).label_file
    url = reverse("labeling:import-create", args=[people_transform.pk])
    page = " ".join(client_for(people.lead).get(url).content.decode().split())
    assert "1 labeling set is new" in page

    file = keep_label_file(
        transform=people_transform,
        kind=LabelFileKind.BUILT,
        stored=StoredObject("bucket", "file.csv", 1, "0" * 64),
        contents=contents,
        user=people.lead,
    )
    finished_run(people_transform, people.lead, RunKind.IMPORT_LABELS, label_file=file)
    Transform.objects.update(label_count=3)
    page = client_for(people.lead).get(url).content.decode()
    assert "This import would change nothing." in page


def test_labels_that_were_not_expected_are_pointed_out(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    run = finished_run(
        people_transform, people.lead, RunKind.IMPORT_LABELS, labels_before=0, labels_after=3, labels_expected=5
    )
    url = reverse("labeling:run-detail", args=[run.pk])
    assert "5 labels were expected, but Glue counts 3." in client_for(people.lead).get(url).content.decode()
    TaskRun.objects.update(labels_expected=3)
    page = client_for(people.lead).get(url).content.decode()
    assert "as expected" in page
    assert "were expected" not in page


def test_pairs_stand_beside_labels_or_are_said_to_be_unknown(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    run = finished_run(people_transform, people.lead, RunKind.IMPORT_LABELS, labels_before=0, labels_after=3)
    url = reverse("labeling:run-detail", args=[run.pk])

    def words() -> str:
        return " ".join(re.sub("<[^>]+>", " ", client_for(people.lead).get(url).content.decode()).split())

    assert "Pairs at Glue not known" in words()
    pairs = {"matching_before": 4, "matching_after": 12, "non_matching_before": 30, "non_matching_after": 1055}
    TaskRun.objects.update(**pairs, content_hash="7f" * 32)
    assert "Pairs at Glue 4 → 12 matching, 30 → 1,055 non-matching" in words()


def test_unsure_rows_are_told_of(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    answer(question_set(people_transform, people.lead, [3])[0], people.steward, "AA?")
    page = client_for(people.lead).get(reverse("labeling:import-create", args=[people_transform.pk]))
    assert b"1 unsure row is left out" in page.content


def test_a_run_that_has_ended_cannot_be_stopped(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    run = finished_run(people_transform, people.lead, RunKind.EVALUATION)
    page = client_for(people.lead).post(reverse("labeling:run-cancel", args=[run.pk]), follow=True)
    assert b"notice-bad" in page.content
    run.refresh_from_db()
    assert run.status == RunStatus.SUCCEEDED
