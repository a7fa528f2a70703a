"""Groups of a result that somebody looks for, and questions about groups: are these rows the same thing?"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from labelfiles import MAX_SET_ROWS, LabeledRow, label_file_bytes
from labelfiles import LabelFile as LabelFileContents
from labeling.aws import storage
from labeling.choices import GroupKind
from labeling.exceptions import NoQuestionsError, RunConflictError
from labeling.models import MatchGroup, MatchResult, QuestionSet
from labeling.services.match_tables import rows_of_groups, search
from labeling.services.matches import result_file
from labeling.services.questions import GeneratedQuestions, make_question_set

FOUND = 20
"""So many groups are shown of those that are searched for."""


def find_groups(*, result: MatchResult, text: str) -> list[MatchGroup]:
    """The first groups, also of one row, in which some cell holds the text; they are not kept.

    All of the table is gone through for it. Raises ``GlueError`` or ``InvalidSourceError`` if it cannot be read any more.
    """
    columns = result.run.transform.column_names
    with result_file(result.run) as file:
        ids = search(file, columns=columns, text=text, limit=FOUND)
    return _groups(result, ids)


def ask_about_groups(
    *,
    result: MatchResult,
    user: User,
    groups: Collection[uuid.UUID] = (),
    match_ids: Sequence[str] = (),
    together: bool = False,
) -> QuestionSet:
    """Make a set of questions about groups that are listed and groups that were found: one of each, or one of all rows ``together``.

    People are asked about a group for itself once, for whatever reasons it is listed; those that were asked are left out. Raises
    ``NoQuestionsError`` if nothing is left or all rows are too many for one question, ``RunConflictError`` if the transform is archived, ``GlueError``
    or ``InvalidSourceError`` if the result cannot be read or the file of questions not be kept.
    """
    transform = result.run.transform
    if transform.archived_at is not None:
        raise RunConflictError(_("The transform is archived. Bring it back first."))
    listed = list(result.found.filter(pk__in=groups))
    chosen = {_set_id(group): group for group in [*listed, *_groups(result, match_ids)]}
    sets = _one_set(result, chosen) if together else _set_of_each(result, chosen)
    contents = LabelFileContents(
        tuple(transform.column_names),
        tuple(LabeledRow(name, "", tuple(values)) for name, rows in sets.items() for values in rows),
    )
    stored = storage.save_bytes(f"questions/{transform.pk}/{uuid.uuid4()}/questions.csv", label_file_bytes(contents))
    generated = GeneratedQuestions(uri=stored.uri, size=stored.size, sha256=stored.sha256, contents=contents)
    with transaction.atomic():
        MatchResult.objects.select_for_update().get(pk=result.pk)
        if not together and _asked(result) & sets.keys():
            raise NoQuestionsError(_("Somebody has just asked about these groups. Look again."))
        made = make_question_set(
            transform=transform,
            generated=generated,
            user=user,
            title=_("Groups of the result of %(day)s")
            % {"day": f"{timezone.localtime(result.run.completed_at):%Y-%m-%d}"},
        )
        _remember(result, [group for name, group in chosen.items() if together or name in sets], made)
    return made


def _groups(result: MatchResult, match_ids: Sequence[str]) -> list[MatchGroup]:
    """Groups as the result has them, with their first rows."""
    if not match_ids:
        return []
    columns = result.run.transform.column_names
    with result_file(result.run) as file:
        rows, sizes = rows_of_groups(file, columns=columns, groups=match_ids, limit=MAX_SET_ROWS)
    asked = _known(result).filter(match_id__in=match_ids, question_set__isnull=False).select_related("question_set")
    sets = {group.match_id: group.question_set for group in asked}
    return [
        MatchGroup(
            result=result,
            kind=GroupKind.FOUND,
            match_id=match_id,
            size=sizes[match_id],
            values=rows[match_id],
            question_set=sets.get(match_id),
        )
        for match_id in match_ids
        if match_id in rows
    ]


def _set_of_each(result: MatchResult, chosen: dict[str, MatchGroup]) -> dict[str, list[list[str]]]:
    asked = _asked(result)
    sets = {
        name: group.values for name, group in chosen.items() if name not in asked and 1 < group.size <= MAX_SET_ROWS
    }
    if not sets:
        raise NoQuestionsError(_("Choose groups of 2 to 50 rows that nobody has been asked about yet."))
    return sets


def _one_set(result: MatchResult, chosen: dict[str, MatchGroup]) -> dict[str, list[list[str]]]:
    """All rows, each once, as one labeling set."""
    transform = result.run.transform
    key = transform.column_names.index(transform.primary_key)
    rows = {values[key]: values for group in chosen.values() for values in group.values}
    if len(chosen) < 2 or len(rows) < 2:
        raise NoQuestionsError(_("Choose two groups or more."))
    count = max(len(rows), *(group.size for group in chosen.values()))
    if count > MAX_SET_ROWS:
        message = _("These groups have %(count)d rows; a question holds %(limit)d at most.")
        raise NoQuestionsError(message % {"count": count, "limit": MAX_SET_ROWS})
    name = "+".join(sorted(chosen))
    return {name if len(name) <= 200 else f"{name[:199]}…": list(rows.values())}


def _remember(result: MatchResult, asked: Iterable[MatchGroup], made: QuestionSet) -> None:
    """Note about which groups people were asked; found ones are kept from now on."""
    last = result.found.filter(kind=GroupKind.FOUND).aggregate(last=Max("place"))["last"]
    place = -1 if last is None else last
    kept = set(_known(result).values_list("match_id", flat=True))
    for group in asked:
        same = result.found.filter(match_id=group.match_id, question_set__isnull=True)
        if group.kind == GroupKind.SPLIT:
            same.filter(kind=GroupKind.SPLIT).update(question_set=made)
            continue
        same.exclude(kind=GroupKind.SPLIT).update(question_set=made)
        if group.match_id not in kept:
            place += 1
            group.place, group.question_set = place, made
            group.save(force_insert=True)


def _known(result: MatchResult) -> QuerySet[MatchGroup]:
    """The kept groups of the result itself."""
    return result.found.exclude(kind=GroupKind.SPLIT)


def _asked(result: MatchResult) -> set[str]:
    return {_set_id(group) for group in result.found.filter(question_set__isnull=False)}


def _set_id(group: MatchGroup) -> str:
    return f"{'split' if group.kind == GroupKind.SPLIT else 'match'}-{group.match_id}"
