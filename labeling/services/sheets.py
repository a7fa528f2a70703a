"""Questions leave as spreadsheets and come back filled in.

A file is kept as it came and read once: a small one at once, a larger one by a worker. What it would change is worked out anew whenever somebody looks
(``selectors.sheet_plan``), and taken in only as far as the person has seen it: what has become otherwise since is left out. Of a file with many rows a
worker does both (``sweep_sheets``), and the page shows what it has kept. Taking in the same file again changes nothing.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections import Counter, deque
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime, timedelta
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
from accounts.selectors import membership_in
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
    kept_plan,
    plan_questions,
    questions_in,
    sheet_plan,
)
from labeling.selectors.sheets import (
    SheetLimits,
    question_sheet,
    questions_for_sheet,
    questions_named,
    questions_of,
    transforms_of_rows,
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
)

logger = logging.getLogger(__name__)

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MAX_REFUSALS = 200

LIVE_ROWS = 5000
"""Files with more rows than this are planned and taken in by a worker; so many take a third of a second to plan."""

AT_A_TIME = 20.0
"""So many seconds answers are taken in before other work has its turn."""

RENEWED = timedelta(minutes=1)
"""A kept plan that old is worked out anew if answers have come in since."""

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
        # Its library is slow to load, and most processes never use it.
        from labeling.spreadsheets.workbook import workbook_bytes

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
        waiting=True,
    )
    if is_quick(content):
        _read(upload, content)
        upload.waiting = len(upload.labels) > LIVE_ROWS
    upload.save(force_insert=True)
    logger.info("sheet %s brought by user %s: %d bytes", upload.pk, membership.user_id, upload.size)
    return upload


def sweep_sheets() -> None:
    """Go on with one spreadsheet that waits for it, the oldest. Of two calls at a time one does nothing."""
    waiting = SheetUpload.objects.filter(free(), waiting=True).select_related("transform__team", "created_by")
    upload = waiting.order_by("created_at").first()
    if upload is None or not claim(upload):
        return
    if upload.read_at is None and not _read_kept(upload):
        return
    membership = membership_in(user=upload.created_by, team=upload.transform.team)
    if membership is None:  # nobody looks at it any more
        upload.wanted, upload.plan = {}, {}
    elif upload.wanted:
        _take_in_some(upload, membership)
    if membership and not upload.wanted:
        large = len(upload.labels) > LIVE_ROWS
        plan = sheet_plan(upload=upload, membership=membership) if large else None
        upload.plan = kept_plan(plan, now=timezone.now()) if plan else {}
    names = ("labels", "problems", "read_at", "plan", "wanted", "outcomes", "confirmed_at")
    fields: dict[str, Any] = {name: getattr(upload, name) for name in names}
    if upload.wanted:
        fields["attempts"] = 0  # it does get on
    mine = SheetUpload.objects.filter(pk=upload.pk, claimed_at=upload.claimed_at, waiting=True)
    mine.update(**fields, waiting=bool(upload.wanted), claimed_at=None)


def _read_kept(upload: SheetUpload) -> bool:
    """Read the file from where it is kept. False: not now."""
    try:
        _read(upload, storage.read_uri(upload.uri))
    except GlueError as error:
        logger.warning("sheet %s cannot be read (%s)", upload.pk, error.code)
        if error.code not in MISSING:
            try_again_later(upload)
            return False
        gone = SheetProblem(None, None, None, "missing", _("The file is no longer where the portal kept it."))
        upload.problems, upload.read_at = [asdict(gone)], timezone.now()
    return True


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
    elsewhere = transforms_of_rows(team_id=upload.transform.team_id, row_ids=named.row_ids - sheet.row_ids)
    reading = read_sheet(opened, sheet, key=_signing_key(), elsewhere=elsewhere)
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
    filed, chosen = filed_labels(upload), frozenset(seen)
    counts: Counter[str] = Counter()
    refused: list[dict[str, Any]] = []
    for question in questions_in(upload):
        done, message = _take_in(question.pk, filed, membership, chosen, question.pk in take_file)
        _count(done, message, question.pk, counts, refused)
    outcome = _outcome(counts, refused)
    with transaction.atomic():
        locked = SheetUpload.objects.select_for_update().only("outcomes", "confirmed_at").get(pk=upload.pk)
        _keep_outcome(locked, outcome)
        locked.save(update_fields=("outcomes", "confirmed_at"))
    upload.outcomes, upload.confirmed_at = locked.outcomes, locked.confirmed_at
    logger.info("sheet %s confirmed by user %s: %s", upload.pk, membership.user_id, dict(counts))
    return outcome


def want_sheet(*, upload: SheetUpload, take_file: Collection[uuid.UUID]) -> None:
    """Have a worker do what ``confirm_sheet`` does, as far as the kept plan goes, which is what the person has seen."""
    wanted = {
        "left": list(upload.plan["digests"].items()),
        "take_file": [str(pk) for pk in take_file],
        "counts": {},
        "refused": [],
    }
    _let_wait(upload, wanted=wanted)


def renew_plan(upload: SheetUpload) -> bool:
    """Have a kept plan worked out anew if it may be out of date; whether it is."""
    at = datetime.fromisoformat(upload.plan["at"])
    changed = Question.objects.filter(question_set__transform=upload.transform_id, changed_at__gt=at)
    return timezone.now() - at > RENEWED and changed.exists() and _let_wait(upload)


def _let_wait(upload: SheetUpload, **fields: Any) -> bool:
    free_now = SheetUpload.objects.filter(pk=upload.pk, waiting=False)
    return bool(free_now.update(waiting=True, claimed_at=None, attempts=0, **fields))


def _take_in_some(upload: SheetUpload, membership: Membership) -> None:
    """Go on taking in what is wanted; with the last question the outcome is there."""
    filed, wanted, until = filed_labels(upload), upload.wanted, time.monotonic() + AT_A_TIME
    counts: Counter[str] = Counter(wanted["counts"])
    refused, left = wanted["refused"], deque(wanted["left"])
    take_file = frozenset(wanted["take_file"])
    while left:
        pk, digest = left.popleft()
        done, message = _take_in(uuid.UUID(pk), filed, membership, frozenset([digest]), pk in take_file)
        _count(done, message, uuid.UUID(pk), counts, refused)
        if time.monotonic() > until:
            break
    upload.wanted = {**wanted, "left": list(left), "counts": dict(counts), "refused": refused}
    if not left:
        upload.wanted = {}
        _keep_outcome(upload, _outcome(counts, refused))
        logger.info("sheet %s taken in for user %s: %s", upload.pk, membership.user_id, dict(counts))


def _count(
    done: str, message: str, question_id: uuid.UUID, counts: Counter[str], refused: list[dict[str, Any]]
) -> None:
    counts[done] += 1
    if message and len(refused) < _MAX_REFUSALS:
        refused.append({"question": str(question_id), "message": message})


def _outcome(counts: Counter[str], refused: list[dict[str, Any]]) -> dict[str, Any]:
    names = ("submitted", "drafts", "corrected", "kept", "changed")
    return {"at": timezone.now().isoformat(), **{name: counts[name] for name in names}, "refused": refused}


def _keep_outcome(upload: SheetUpload, outcome: dict[str, Any]) -> None:
    upload.outcomes = [*upload.outcomes, outcome]
    upload.confirmed_at = upload.confirmed_at or datetime.fromisoformat(outcome["at"])


def _take_in(
    question_id: uuid.UUID, filed: dict[int, FiledLabel], membership: Membership, seen: frozenset[str], take_file: bool
) -> tuple[str, str]:
    """What was done with one question, and for what is refused, why."""
    try:
        with transaction.atomic():
            planned = plan_questions(questions=questions_of([question_id]), filed=filed, membership=membership)[0]
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
        case SheetAction.ADJUDICATED:
            return _(
                "It has been adjudicated. You can change your answer once a team lead has reopened the adjudication."
            )
        case SheetAction.NOT_MEANT:
            return _("It is assigned to other people or needs a skill that you do not have.")
        case SheetAction.INCOMPLETE:
            return _("You have submitted it, but labels are missing in the file.")
        case _:
            return ""


def _signing_key() -> bytes:
    """The key of the marks: an installation's own, and used for nothing else."""
    return salted_hmac("labeling.spreadsheets.marks", "", algorithm="sha256").digest()
