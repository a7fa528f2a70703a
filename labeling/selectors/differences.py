"""The difference between what Glue holds and a label file, in the words of the team: its questions and the people who answered them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from uuid import UUID

from accounts.models import User
from labelfiles import FlippedPair, LabelDiff
from labelfiles import LabelFile as LabelFileContents
from labeling.models import Answer, Question, Transform
from labeling.selectors.chunks import in_chunks

FORGOTTEN, CHANGED, ADDED = "forgotten", "changed", "added"
SHOWN_SETS = 100
SHOWN_PAIRS = 5


@dataclass(frozen=True, slots=True)
class SetChange:
    """One labeling set that is forgotten, changed or new. ``question`` is ours, if it is one of ours."""

    set_id: str
    what: str
    question: UUID | None
    rows_forgotten: int
    rows_added: int
    pairs_flipped: int
    flipped: tuple[FlippedPair, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonShare:
    """How many sets that somebody answered are forgotten, changed and new. Sets that several people answered count for each."""

    name: str
    forgotten: int
    changed: int
    added: int


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """What a page shows. ``others`` counts the sets that are no questions of ours; lists hold the first hundred."""

    changes: list[SetChange] = field(default_factory=list)
    more: int = 0
    people: list[PersonShare] = field(default_factory=list)
    others: PersonShare | None = None


def difference_view(
    *, transform: Transform, difference: LabelDiff, held: LabelFileContents, new: LabelFileContents
) -> DifferenceView:
    """The sets of a difference with their questions and people; a query or two for each 500 sets."""
    kinds = {
        **dict.fromkeys(difference.forgotten, FORGOTTEN),
        **{change.labeling_set_id: CHANGED for change in difference.changed},
        **dict.fromkeys(difference.added, ADDED),
    }
    questions = _questions(transform, kinds)
    lines = islice(_changes(difference, questions, held, new), SHOWN_SETS)
    return DifferenceView(
        changes=list(lines),
        more=max(0, len(kinds) - SHOWN_SETS),
        people=_people(kinds, questions),
        others=_share("", (what for name, what in kinds.items() if name not in questions)),
    )


def _questions(transform: Transform, names: Iterable[str]) -> dict[str, UUID]:
    found: dict[str, UUID] = {}
    for chunk in in_chunks(sorted(names)):
        ours = Question.objects.filter(question_set__transform=transform, labeling_set_id__in=chunk)
        found |= dict(ours.values_list("labeling_set_id", "pk"))
    return found


def _people(kinds: dict[str, str], questions: dict[str, UUID]) -> list[PersonShare]:
    kind_of = {pk: kinds[name] for name, pk in questions.items()}
    shares: dict[UUID, list[str]] = {}
    for chunk in in_chunks(list(kind_of)):
        # Also answers that were taken back since: what Glue forgets is their work all the same.
        answers = Answer.objects.filter(question__in=chunk, version__gte=1, control=False)
        for steward, question in answers.order_by().values_list("steward", "question").distinct():
            shares.setdefault(steward, []).append(kind_of[question])
    people = User.objects.in_bulk(shares)
    found = [share for pk, what in shares.items() if (share := _share(people[pk].display_name, what))]
    return sorted(found, key=lambda share: (-share.forgotten - share.changed, share.name))


def _share(name: str, what: Iterable[str]) -> PersonShare | None:
    counts = Counter(what)
    return PersonShare(name, counts[FORGOTTEN], counts[CHANGED], counts[ADDED]) if counts else None


def _changes(
    difference: LabelDiff, questions: dict[str, UUID], held: LabelFileContents, new: LabelFileContents
) -> Iterator[SetChange]:
    """Pairs that flip first, then what is forgotten, then what is new."""
    for change in sorted(difference.changed, key=lambda change: -len(change.flipped)):
        yield SetChange(
            change.labeling_set_id,
            CHANGED,
            questions.get(change.labeling_set_id),
            len(change.rows_forgotten),
            len(change.rows_added),
            len(change.flipped),
            change.flipped[:SHOWN_PAIRS],
        )
    before, after = _labelled(held), _labelled(new)
    for name in difference.forgotten:
        yield SetChange(name, FORGOTTEN, questions.get(name), before[name], 0, 0)
    for name in difference.added:
        yield SetChange(name, ADDED, questions.get(name), 0, after[name], 0)


def _labelled(contents: LabelFileContents) -> Counter[str]:
    return Counter(row.labeling_set_id for row in contents.rows if row.label)
