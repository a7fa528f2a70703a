"""Groups of a result that somebody looks for, and questions about groups: are these rows the same thing?"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from typing import IO

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from labelfiles import MAX_SET_ROWS, LabeledRow, label_file_bytes
from labelfiles import LabelFile as LabelFileContents
from labeling.aws import storage
from labeling.choices import GroupKind, LeftOut
from labeling.exceptions import NoQuestionsError
from labeling.models import MatchGroup, MatchResult, QuestionSet, Transform
from labeling.selectors.matches import question_sets_about
from labeling.services.archive import refuse_archived
from labeling.services.match_tables import rows_of_groups, search
from labeling.services.matches import note_asked, result_file
from labeling.services.questions import GeneratedQuestions, doubtful_keys, make_question_set

FOUND = 20
"""So many groups are shown of those that are searched for."""


def find_groups(*, result: MatchResult, text: str) -> list[MatchGroup]:
    """The first groups, also of one row, in which some cell holds the text; they are not kept.

    All of the table is gone through for it. Raises ``GlueError`` or ``InvalidSourceError`` if it cannot be read any more.
    """
    columns = result.run.transform.column_names
    with result_file(result.run) as file:
        return _groups(result, file, search(file, columns=columns, text=text, limit=FOUND))


def found_group(*, result: MatchResult, match_id: str) -> MatchGroup | None:
    """One of the groups that ``find_groups`` finds. Raises ``GlueError`` or ``InvalidSourceError`` if the table cannot be read any more."""
    with result_file(result.run) as file:
        return next(iter(_groups(result, file, [match_id])), None)


def ask_about_groups(
    *,
    result: MatchResult,
    user: User,
    groups: Collection[uuid.UUID] = (),
    match_ids: Sequence[str] = (),
    together: bool = False,
) -> QuestionSet:
    """Make a set of questions about groups that are listed and groups that were found: one of each, or one of all rows ``together``.

    People are asked about the same rows once, for whatever reasons and in whichever results they are listed; groups that were asked about are left out.
    Raises ``NoQuestionsError`` if nothing is left, the groups are those of a result that has been replaced, or all rows are too many for one question
    or have no proper keys;
    ``RunConflictError`` if the transform is archived, ``GlueError`` or ``InvalidSourceError`` if the result cannot be read or the file of questions not
    be kept.
    """
    transform = result.run.transform
    refuse_archived(transform)
    listed = list(result.found.filter(pk__in=groups))
    if len(listed) < len(set(groups)):
        raise NoQuestionsError(_("A newer result has replaced these groups. Choose from the groups of that result."))
    note_asked(listed, transform=transform)
    found: list[MatchGroup] = []
    if match_ids:
        with result_file(result.run) as file:
            found = _groups(result, file, match_ids)
    chosen = {group.set_id: group for group in [*listed, *found]}
    key = transform.key_place
    sets = _one_set(chosen, key) if together else _set_of_each(chosen, key)
    asked = [[values[key] for values in rows] for rows in sets.values()]
    contents = LabelFileContents(
        tuple(transform.column_names),
        tuple(LabeledRow(name, "", tuple(values)) for name, rows in sets.items() for values in rows),
    )
    stored = storage.save_bytes(f"questions/{transform.pk}/{uuid.uuid4()}/questions.csv", label_file_bytes(contents))
    generated = GeneratedQuestions(uri=stored.uri, size=stored.size, sha256=stored.sha256, contents=contents)
    with transaction.atomic():
        Transform.objects.select_for_update().get(pk=transform.pk)
        if any(question_sets_about(transform=transform, groups=asked)):
            raise NoQuestionsError(_("People have already been asked about these rows. Reload the page."))
        made = make_question_set(
            transform=transform,
            generated=generated,
            user=user,
            title=_("Groups of the result of %(day)s")
            % {"day": f"{timezone.localtime(result.run.completed_at):%Y-%m-%d}"},
        )
        _remember(result, [group for name, group in chosen.items() if together or name in sets], made)
    return made


def count_groups(*, result: MatchResult, groups: Collection[uuid.UUID], match_ids: Collection[str]) -> int:
    """How many groups these are: one may be listed for several reasons, and be found."""
    found = [MatchGroup(kind=GroupKind.FOUND, match_id=match_id) for match_id in match_ids]
    listed = result.found.filter(pk__in=groups).only("kind", "match_id")
    return len({group.set_id for group in [*listed, *found]})


def _groups(result: MatchResult, file: IO[bytes], match_ids: Sequence[str]) -> list[MatchGroup]:
    """Groups as the file of the result has them, with their first rows."""
    columns = result.run.transform.column_names
    rows, sizes = rows_of_groups(file, columns=columns, groups=match_ids, limit=MAX_SET_ROWS)
    found = [
        MatchGroup(result=result, kind=GroupKind.FOUND, match_id=match_id, size=sizes[match_id], values=rows[match_id])
        for match_id in match_ids
        if match_id in rows
    ]
    note_asked(found, transform=result.run.transform)
    return found


def _set_of_each(chosen: dict[str, MatchGroup], key: int) -> dict[str, list[list[str]]]:
    """The rows of each group that can be asked about; ``key`` is the place of the primary key."""
    groups = {
        name: group
        for name, group in chosen.items()
        if group.question_set_id is None and 1 < group.size <= MAX_SET_ROWS
    }
    sets = {name: group.values for name, group in groups.items() if not _doubtful(name, group, key)}
    if groups and not sets:
        raise _no_proper_keys(groups, key)
    if not sets:
        raise NoQuestionsError(_("Choose groups of 2 to 50 rows that nobody has been asked about yet."))
    return sets


def _one_set(chosen: dict[str, MatchGroup], key: int) -> dict[str, list[list[str]]]:
    """All rows, each once, as one labeling set; ``key`` is the place of the primary key."""
    rows = {values[key]: values for group in chosen.values() for values in group.values}
    if len(chosen) < 2 or len(rows) < 2:
        raise NoQuestionsError(_("Choose at least two groups."))
    count = max(len(rows), *(group.size for group in chosen.values()))
    if count > MAX_SET_ROWS:
        message = _("These groups have %(count)s rows; a question can have %(limit)d at most.")
        raise NoQuestionsError(message % {"count": f"{count:,}", "limit": MAX_SET_ROWS})
    if any(_doubtful(name, group, key) for name, group in chosen.items()):
        raise _no_proper_keys(chosen, key)
    name = "+".join(sorted(chosen))
    return {name if len(name) <= 200 else f"{name[:199]}…": list(rows.values())}


def _doubtful(name: str, group: MatchGroup, key: int) -> str:
    return doubtful_keys(name, [values[key] for values in group.values])


def _no_proper_keys(groups: dict[str, MatchGroup], key: int) -> NoQuestionsError:
    """That these groups fit no question, and what is wrong with the keys of the first of which that is so."""
    why = next(filter(None, (_doubtful(name, group, key) for name, group in groups.items())))
    return NoQuestionsError(_("These rows fit no question: %(why)s.") % {"why": LeftOut(why).label})


def _remember(result: MatchResult, asked: Iterable[MatchGroup], made: QuestionSet) -> None:
    """Note about which groups people were asked; found ones are kept from now on."""
    last = result.found.filter(kind=GroupKind.FOUND).aggregate(last=Max("place"))["last"]
    place = -1 if last is None else last
    kept = set(result.found.exclude(kind=GroupKind.SPLIT).values_list("match_id", flat=True))
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
