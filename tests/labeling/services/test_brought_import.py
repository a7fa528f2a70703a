"""Brought labels reach the engine, with the worker, S3 and localglue in processes of their own."""

from __future__ import annotations

import csv
from itertools import combinations

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from labeling.aws import storage
from labeling.choices import TransformStatus
from labeling.services.brought_labels import brought_content, keep_labels, look_at_labels, stage_labels
from labeling.services.brought_tables import guess_columns, read_brought_table
from labeling.services.demo import ensure_demo_team, ensure_demo_transform
from labeling.services.task_runs import request_label_import
from tests.labeling.services.test_main_job import finished
from tests.support.servers import Services

pytestmark = pytest.mark.slow


def pairs() -> bytes:
    """Ten pairs of the same person and ten of different ones."""
    with (settings.BASE_DIR / "samples" / "people-clusters.csv").open(newline="") as file:
        people = {row["id"]: row["cluster_id"] for row in csv.DictReader(file)}
    same: list[str] = []
    different: list[str] = []
    for one, two in combinations(sorted(people), 2):
        (same if people[one] == people[two] else different).append(f"{one},{two}")
        if len(same) > 9 and len(different) > 9:
            break
    lines = [f"{pair},1" for pair in same[:10]] + [f"{pair},0" for pair in different[:10]]
    return "\n".join(["one,two,match", *lines]).encode()


def test_brought_pairs_are_imported_as_often_as_asked_for(services: Services) -> None:
    services.start("beat")
    team, _credentials = ensure_demo_team(password="password-for-the-test")
    transform = ensure_demo_transform(team=team)
    lead = User.objects.get(username="lead")
    upload = stage_labels(transform=transform, user=lead, file=SimpleUploadedFile("pairs.csv", pairs()))
    table = read_brought_table(brought_content(upload=upload))
    brought = look_at_labels(transform=transform, table=table, mapping=guess_columns(table, transform=transform))
    assert brought.findings == ()
    kept = keep_labels(upload=upload, brought=brought, user=lead)
    assert (kept.sets, kept.rows, kept.matching_pairs, kept.non_matching_pairs) == (20, 40, 10, 10)

    paths = set()
    for replace_all in (False, False, True):
        run = finished(request_label_import(transform=transform, user=lead, replace_all=replace_all, label_file=kept))
        assert (run.label_file, run.labels_after) == (kept, 40)
        assert storage.read_uri(run.path) == storage.read_uri(kept.uri)
        paths.add(run.path)
    assert len(paths) == 3
    transform.refresh_from_db()
    assert (transform.glue_status, transform.label_count) == (TransformStatus.READY, 40)
