"""SIGKILL to the worker that reads a large spreadsheet; afterwards another reads it, and nothing of it is lost."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import Membership
from labeling.models import SheetUpload
from labeling.selectors.claims import CLAIM
from labeling.services.sheets import SheetFormat, download_sheet, stage_sheet
from labeling.tasks import sweep_answers
from tests.labeling.builders import cast, question_set, transform
from tests.labeling.sheets import as_workbook, cells_of, filled
from tests.support.servers import Services, wait_until

pytestmark = pytest.mark.slow

OTHER_ROWS = 6000
"""So many that reading them takes long enough for a kill to come in between."""


def test_a_worker_that_is_killed_while_it_reads_is_followed_by_another(services: Services) -> None:
    people = cast()
    of = transform(people.team, people.admin)
    (question,) = question_set(of, people.admin, [3])
    steward = Membership.objects.get(team=people.team, user=people.steward)
    found = download_sheet(transform=of, membership=steward, question_set=None, kind=SheetFormat.CSV)
    cells = filled(cells_of(b"".join(found.chunks)), {question: "AAB"})
    cells += [["", "a set of another portal", "A", f"key {number}", "name", *"columns"] for number in range(OTHER_ROWS)]
    file = SimpleUploadedFile("questions.xlsx", as_workbook(cells))
    upload = stage_sheet(transform=of, membership=steward, file=file)

    def at_work() -> bool:
        upload.refresh_from_db()
        return upload.claimed_at is not None

    sweep_answers.delay()
    wait_until(at_work, seconds=30, what="a worker that reads", every=0.02)
    services.kill("worker")
    upload.refresh_from_db()
    assert (upload.read_at, upload.attempts) == (None, 1)

    services.start("worker")
    SheetUpload.objects.update(claimed_at=timezone.now() - CLAIM)

    def read() -> bool:
        upload.refresh_from_db()
        return upload.read_at is not None

    sweep_answers.delay()
    wait_until(read, seconds=60, what="the end of reading")
    assert [label for _row, label, *_place in upload.labels] == ["A", "A", "B"]
    assert upload.attempts == 2
