"""Downloads."""

from __future__ import annotations

from django.urls import reverse

from labeling.choices import RunKind
from labeling.models import Transform
from tests.labeling.builders import Cast, finished_run
from tests.labeling.views.conftest import ClientFor


def test_a_run_without_files_has_none(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    run = finished_run(people_transform, people.lead, RunKind.EVALUATION)
    for name in ("label-file-download", "result-download"):
        assert client_for(people.lead).get(reverse(f"labeling:{name}", args=[run.pk])).status_code == 404


def test_stewards_take_no_files_out(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    run = finished_run(people_transform, people.lead, RunKind.FIND_MATCHES, result_uri="s3://bucket/result/")
    for name in ("label-file-download", "result-download"):
        url = reverse(f"labeling:{name}", args=[run.pk])
        assert client_for(people.steward).get(url).status_code == 403
        assert client_for(people.stranger).get(url).status_code == 404
