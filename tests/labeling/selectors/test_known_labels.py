"""What Glue holds, told from the portal's runs alone."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

import pytest

from labelfiles import LabeledRow, PairCounts, content_hash, set_digests
from labelfiles import LabelFile as Contents
from labeling.aws.storage import StoredObject
from labeling.choices import LabelFileKind, RunKind
from labeling.models import LabelFile, LabelFileReport, TaskRun, Transform
from labeling.selectors.known_labels import add_effect, known_labels
from labeling.services.label_files import keep_label_file
from tests.labeling.builders import Cast, finished_run, transform

pytestmark = pytest.mark.django_db

Rows = Iterable[tuple[str, str, str]]


@pytest.fixture
def taught(people: Cast) -> Transform:
    return transform(people.team, people.admin)


def contents(rows: Rows) -> Contents:
    return Contents(("id", "name"), tuple(LabeledRow(name, label, (key, "")) for name, label, key in rows))


def kept(of: Transform, rows: Rows) -> LabelFile:
    stored = StoredObject("bucket", f"label-files/{uuid.uuid4()}.csv", 1, "0" * 64)
    return keep_label_file(
        transform=of, kind=LabelFileKind.UPLOADED, stored=stored, contents=contents(rows), user=of.created_by
    )


def learned(of: Transform, rows: Rows, kind: RunKind = RunKind.IMPORT_LABELS, *, replace_all: bool = False) -> TaskRun:
    return finished_run(of, of.created_by, kind, label_file=kept(of, rows), replace_all_labels=replace_all)


ONE = [("s1", "A", "1"), ("s1", "A", "2"), ("s1", "", "9")]
OTHER = [("s2", "A", "3"), ("s2", "B", "4")]
ONE_ANEW = [("s1", "A", "1"), ("s1", "B", "2"), ("s1", "B", "5")]


def test_nothing_is_known_to_be_nothing(taught: Transform) -> None:
    known = known_labels(transform=taught)
    assert known is not None
    assert known.rows == 0


def test_imports_add_up_by_set_and_the_newer_counts(taught: Transform) -> None:
    for rows in (ONE, OTHER, ONE_ANEW):
        learned(taught, rows)
    known = known_labels(transform=taught, label_count=5)
    assert known is not None
    assert known.content_hash == content_hash(contents([*OTHER, *ONE_ANEW]), primary_key="id")


@pytest.mark.parametrize("kind", [RunKind.IMPORT_LABELS, RunKind.EXPORT_LABELS])
def test_a_replacement_or_an_export_starts_anew(taught: Transform, kind: RunKind) -> None:
    learned(taught, ONE)
    learned(taught, OTHER, kind, replace_all=kind == RunKind.IMPORT_LABELS)
    known = known_labels(transform=taught, label_count=2)
    assert known is not None
    assert known.content_hash == content_hash(contents(OTHER), primary_key="id")


def test_what_others_export_changes_nothing_and_they_keep_the_file(taught: Transform, people: Cast) -> None:
    learned(taught, ONE)
    finished_run(taught, people.lead, RunKind.EXPORT_LABELS, foreign=True)
    known = known_labels(transform=taught, label_count=2)
    assert known is not None
    assert known.content_hash == content_hash(contents(ONE), primary_key="id")


def test_pairs_add_up_and_a_file_without_them_leaves_them_unknown(taught: Transform) -> None:
    for rows in (ONE, OTHER, ONE_ANEW):
        learned(taught, rows)
    known = known_labels(transform=taught, label_count=5)
    assert known is not None
    assert known.pairs == PairCounts(matching=1, non_matching=3)
    # As files were kept before pairs were counted.
    report = LabelFileReport.objects.order_by("pk")[1]
    report.set_digests = {name: stored[:2] for name, stored in report.set_digests.items()}
    report.save()
    known = known_labels(transform=taught, label_count=5)
    assert known is not None
    assert (known.pairs, known.rows) == (None, 5)
    Transform.objects.update(label_count=5)
    taught.refresh_from_db()
    effect = add_effect(transform=taught, sets=set_digests(contents(OTHER), primary_key="id"))
    assert effect is not None
    assert effect.changes_nothing


def test_what_glue_counts_otherwise_is_not_known(taught: Transform) -> None:
    learned(taught, ONE)
    assert known_labels(transform=taught, label_count=3) is None


def test_an_import_that_would_change_nothing(taught: Transform) -> None:
    learned(taught, ONE)
    known = known_labels(transform=taught, label_count=2)
    assert known is not None
    again = learned(taught, reversed(ONE)).label_file
    assert again is not None
    assert again.content_hash == known.content_hash
