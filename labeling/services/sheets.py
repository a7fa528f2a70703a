"""Questions leave as spreadsheets and come back filled in.

A file is kept as it came and read once: a small one at once, a larger one by a worker. What it would change is worked out anew whenever somebody looks (``selectors.sheet_plan``),
and taken in only as far as the person has seen it: ``confirm_sheet`` is given what was on the page and leaves out what has become otherwise since.
Taking in the same file again changes nothing.
"""

from __future__ import annotations

import logging
import uuid
from collections import Counter
from collections.abc import Collection
from dataclasses import asdict
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import Membership, User
from labeling.aws import storage
from labeling.aws.errors import MISSING
from labeling.choices import AnswerKind
from labeling.exceptions import GlueError, InvalidSheetError, LabelportalError, NoQuestionsError
from labeling.models import Answer, Question, QuestionSet, SheetUpload, Transform
from labeling.selectors.claims import free
from labeling.selectors.sheet_plan import (
    REFUSED,
    TAKEN,
    FiledLabel,
    PlannedQuestion,
    SheetAction,
    filed_labels,
    plan_questions,
    questions_in,
)
from labeling.selectors.sheets import (
    SheetLimits,
    question_sheet,
    questions_for_sheet,
    questions_named,
    questions_of,
)
from labeling.services.answers import release_question, reopen_answer, save_draft, submit_answer
from labeling.services.claims import claim, try_again_later
from labeling.services.downloads import Download
from labeling.spreadsheets import (
    MAX_CELLS,
    MAX_FILE_BYTES,
    SheetProblem,
    csv_bytes,
    is_quick,
    mentions,
    open_file,
    read_sheet,
    workbook_bytes,
)

logger = logging.getLogger(__name__)

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MAX_REFUSALS = 200

MOST_QUESTIONS, MOST = 10_000, SheetLimits(cells=MAX_CELLS * 3 // 4, size=MAX_FILE_BYTES * 3 // 4)
"""What a file has at most: it must be possible to upload it again, also when somebody has added a column."""


class SheetFormat(StrEnum):
    """What questions can be downloaded as."""

    XLSX = "xlsx"
    CSV = "csv"


def download_sheet(
    *, transform: Transform, membership: Membership, question_set: QuestionSet | None, kind: SheetFormat
) -> Download:
    """The questions of a set, or all open ones, with the person's labels so far. Raises ``NoQuestionsError`` if there are none for them.

    Of more than can be uploaded again in one file it has the first, and says so in its name.
    """
    questions = questions_for_sheet(transform=transform, membership=membership, question_set=question_set)
    sheet = question_sheet(
        transform=transform, questions=questions[:MOST_QUESTIONS], membership=membership, limits=MOST
    )
    if not sheet.questions:
        raise NoQuestionsError(_("There are no questions for you to download."))
    title = str(question_set) if question_set else ""
    if kind == SheetFormat.XLSX:
        name = f"{transform.name} {title}".strip()
        content, content_type = workbook_bytes(sheet, title=name, key=_signing_key()), _XLSX
    else:
        content, content_type = csv_bytes(sheet, key=_signing_key()), "text/csv; charset=utf-8"
    stem = slugify(f"{transform.name} questions {title}") or "questions"
    if len(sheet.questions) < (count := questions.count()):
        stem += f"-first-{len(sheet.questions)}-of-{count}"
    logger.info(
        "transform %s: %d questions downloaded by user %s", transform.pk, len(sheet.questions), membership.user_id
    )
    return Download(f"{stem}.{kind}", content_type, len(content), iter([content]))


def stage_sheet(*, transform: Transform, membership: Membership, file: UploadedFile[bytes]) -> SheetUpload:
    """Keep a filled in spreadsheet, and read it if that is quick; else ``sweep_sheets`` does. Nothing of it is taken in yet.

    Raises ``InvalidSheetError`` if it is too large to be read, ``GlueError`` if it cannot be kept. Whatever is wrong inside the file
    is in the upload's ``problems``.
    """
    if (file.size or 0) > MAX_FILE_BYTES:
        raise InvalidSheetError(_("The file is larger than %(size)s MB.") % {"size": MAX_FILE_BYTES // 10**6})
    content = file.read()
    upload_id = uuid.uuid4()
    extension = SheetFormat.XLSX if content.startswith(b"PK") else SheetFormat.CSV
    stored = storage.save_bytes(f"spreadsheets/{transform.pk}/{upload_id}.{extension}", content)
    upload = SheetUpload(
        pk=upload_id,
        transform=transform,
        name=(PurePosixPath(file.name or "").name or "spreadsheet")[-255:],
        bucket=stored.bucket,
        key=stored.key,
        size=stored.size,
        sha256=stored.sha256,
        created_by=membership.user,
    )
    if is_quick(content):
        _read(upload, content)
    upload.save(force_insert=True)
    logger.info("sheet %s brought by user %s: %d bytes", upload.pk, membership.user_id, upload.size)
    return upload


def sweep_sheets() -> None:
    """Read one spreadsheet that waits for it, the oldest. Of two calls at a time one does nothing."""
    waiting = SheetUpload.objects.filter(free(), read_at__isnull=True).select_related("transform")
    upload = waiting.order_by("created_at").first()
    if upload is None or not claim(upload):
        return
    try:
        _read(upload, storage.read_uri(upload.uri))
    except GlueError as error:
        logger.warning("sheet %s cannot be read (%s)", upload.pk, error.code)
        if error.code not in MISSING:
            try_again_later(upload)
            return
        gone = SheetProblem(None, None, None, "missing", _("The file is no longer where the portal kept it."))
        upload.problems, upload.read_at = [asdict(gone)], timezone.now()
    mine = SheetUpload.objects.filter(pk=upload.pk, claimed_at=upload.claimed_at, read_at__isnull=True)
    mine.update(labels=upload.labels, problems=upload.problems, read_at=upload.read_at, claimed_at=None)


def _read(upload: SheetUpload, content: bytes) -> None:
    """Put what the file says into the upload, which is not saved."""
    opened = open_file(content)
    named = mentions(opened, key=_signing_key())
    questions = questions_named(
        transform=upload.transform,
        row_ids={int(row_id) for row_id in named.row_ids},
        labeling_sets=named.labeling_sets,
    )
    sheet = question_sheet(transform=upload.transform, questions=questions, membership=None)
    reading = read_sheet(opened, sheet, key=_signing_key())
    upload.labels = [[read.row_id, read.label, read.label_before, read.sheet, read.row] for read in reading.labels]
    # The file need not hold all questions, and those that were looked up are only as many as it took to read it.
    upload.problems = [
        {**asdict(problem), "message": _storable(problem.message)}
        for problem in reading.problems
        if problem.code != "questions_missing"
    ]
    upload.read_at = timezone.now()
    logger.info("sheet %s read: %d rows", upload.pk, len(upload.labels))


def _storable(text: str) -> str:
    """The text without what a database refuses: messages quote cells, and a file may hold anything."""
    return text.encode("utf-8", "replace").decode().replace("\0", "�")


def sheet_file(*, upload: SheetUpload) -> Download:
    """The file as it came. Raises ``GlueError`` if S3 does not give it."""
    size, chunks = storage.stream_uri(upload.uri)
    extension = upload.key.rsplit(".", 1)[-1]
    stem = slugify(PurePosixPath(upload.name).stem) or "spreadsheet"
    content_type = _XLSX if extension == SheetFormat.XLSX else "text/csv; charset=utf-8"
    return Download(f"{stem}.{extension}", content_type, size, chunks)


def confirm_sheet(
    *, upload: SheetUpload, membership: Membership, seen: Collection[str], take_file: Collection[uuid.UUID]
) -> dict[str, Any]:
    """Take in what the person has seen: complete questions are submitted, others kept as drafts, submitted ones corrected.

    ``seen`` are the digests of the planned questions that were on the page; what has become otherwise since is left for another look. Of the
    questions that were changed here and in the file, those in ``take_file`` are taken from the file; the others stay. Each question is taken in
    for itself, under the rules of leases: what others hold is reported and not overwritten. Returns the outcome, which the upload keeps:
    {"at", "submitted", "drafts", "corrected", "kept", "changed", "refused": [{"question", "message"}]}.
    """
    filed = filed_labels(upload)
    counts: Counter[str] = Counter()
    refused: list[dict[str, Any]] = []
    for question in questions_in(upload):
        done, message = _take_in(question, filed, membership, frozenset(seen), question.pk in take_file)
        counts[done] += 1
        if message and len(refused) < _MAX_REFUSALS:
            refused.append({"question": str(question.pk), "message": message})
    now = timezone.now()
    names = ("submitted", "drafts", "corrected", "kept", "changed")
    outcome = {"at": now.isoformat(), **{name: counts[name] for name in names}, "refused": refused}
    with transaction.atomic():
        locked = SheetUpload.objects.select_for_update().only("outcomes", "confirmed_at").get(pk=upload.pk)
        locked.outcomes = [*locked.outcomes, outcome]
        locked.confirmed_at = locked.confirmed_at or now
        locked.save(update_fields=("outcomes", "confirmed_at"))
    upload.outcomes, upload.confirmed_at = locked.outcomes, locked.confirmed_at
    logger.info("sheet %s confirmed by user %s: %s", upload.pk, membership.user_id, dict(counts))
    return outcome


def _take_in(
    question: Question, filed: dict[int, FiledLabel], membership: Membership, seen: frozenset[str], take_file: bool
) -> tuple[str, str]:
    """What was done with one question, and for what is refused, why."""
    try:
        with transaction.atomic():
            planned = plan_questions(questions=questions_of([question.pk]), filed=filed, membership=membership)[0]
            if planned.action == SheetAction.NOTHING:
                return "nothing", ""
            if planned.action in REFUSED:
                return "refused", why_refused(planned)
            if planned.digest not in seen:
                return "changed", ""
            if planned.action == SheetAction.ASK and not take_file:
                return "kept", ""
            assert planned.then in TAKEN
            return _apply(planned, membership.user), ""
    except LabelportalError as error:
        return "refused", str(error)


def _apply(planned: PlannedQuestion, person: User) -> str:
    question = planned.question
    if planned.then == SheetAction.DRAFT:
        holds = question.leased_to_id == person.pk and (question.lease_expires_at or timezone.now()) > timezone.now()
        save_draft(question=question, steward=person, labels=planned.labels)
        if not holds:
            # Whoever works in a spreadsheet would hold all its questions; a draft is kept without.
            release_question(question=question, steward=person)
        return "drafts"
    if planned.then == SheetAction.CORRECT:
        answer = Answer.objects.get(question=question, steward=person, kind=AnswerKind.ANSWER)
        reopen_answer(answer=answer, user=person)
    answer = submit_answer(question=question, steward=person, labels=planned.labels, seconds=0, keys=0)
    # How long it took in the spreadsheet is not known; zero would be taken for a figure.
    Answer.objects.filter(pk=answer.pk, seconds=0, keys=0).update(seconds=None, keys=None)
    return "corrected" if planned.then == SheetAction.CORRECT else "submitted"


def why_refused(planned: PlannedQuestion) -> str:
    """In words, why nothing is taken in for a question."""
    match planned.action:
        case SheetAction.HELD:
            return _("Someone else is working on it now.")
        case SheetAction.CLOSED:
            return _("It has been answered, and nobody else needs to answer it.")
        case SheetAction.NOT_MEANT:
            return _("It is assigned to other people or needs a skill that you do not have.")
        case SheetAction.INCOMPLETE:
            return _("You have submitted it, but labels are missing in the file.")
        case _:
            return ""


def _signing_key() -> bytes:
    """The key of the marks: an installation's own, and used for nothing else."""
    return salted_hmac("labeling.spreadsheets.marks", "", algorithm="sha256").digest()
