"""How far people agree: with each other, with what was settled, and with what is known. The measures are those of ``partitions``."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import combinations

from accounts.models import User
from labeling.choices import QuestionState
from labeling.models import Question, QuestionSet, RowLabel, Transform
from labeling.selectors.controls import control_groupings, independent_groupings, known_groupings
from partitions import Grouping, Measure, PairAgreement, Report, Sampling, compare, reliability

Groupings = dict[uuid.UUID, dict[uuid.UUID, Grouping[int]]]
"""By person and question."""

_MANY = 10
_COUPLES = Sampling(replicates=200)
_NO_INTERVALS = Sampling(replicates=0)
"""Of more than ten people the couples come without intervals: hundreds of them would take longer than anybody waits for a page."""


@dataclass(frozen=True, slots=True)
class SetAgreement:
    """Krippendorff's alpha over the ``questions`` of one set that two or more people have answered."""

    question_set: QuestionSet
    alpha: Measure
    questions: int


@dataclass(frozen=True, slots=True)
class TeamAgreement:
    """Everybody who has answered, by name, and how far they agree; ``overall`` knows people by their ids."""

    people: tuple[User, ...]
    overall: Report[uuid.UUID]
    sets: tuple[SetAgreement, ...]
    questions: int


@dataclass(frozen=True, slots=True)
class OwnAgreement:
    """One person: on questions that others answered too, against what came of them, and on control questions."""

    with_consensus: PairAgreement | None
    with_controls: PairAgreement | None


def team_agreement(*, transform: Transform) -> TeamAgreement:
    """The agreement of everybody who has answered questions of the transform.

    Answers to control questions count between two people too: they were given as independently as any. Alpha leaves them out, as it does
    on the page of quality. Against the consensus only settled questions count that three or more people have answered; against control
    questions only answers by people who did not know them.
    """
    ordinary = _ordinary(transform)
    controls = control_groupings(transform=transform)
    everything: Groupings = {
        person: ordinary.get(person, {}) | controls.get(person, {}) for person in ordinary | controls
    }
    people = tuple(User.objects.filter(pk__in=everything).order_by("last_name", "first_name", "username"))
    answers = {person.pk: everything[person.pk] for person in people}
    couples = _COUPLES if len(people) <= _MANY else _NO_INTERVALS
    known = known_groupings(transform=transform)
    overall = Report(
        alpha=reliability(ordinary),
        people={
            (one, two): compare(answers[one], answers[two], couples)
            for one, two in combinations(answers, 2)
            if answers[one].keys() & answers[two].keys()
        },
        consensus=_against(ordinary, _results(transform, ordinary)),
        controls=_against(controls, known),
    )
    return TeamAgreement(people, overall, _sets(transform, ordinary), len(_shared(ordinary)))


def own_agreement(*, transform: Transform, user: User) -> OwnAgreement:
    """What one person may know about their own answers."""
    ordinary = _ordinary(transform)
    mine = {user.pk: ordinary.get(user.pk, {})}
    controls = {user.pk: control_groupings(transform=transform).get(user.pk, {})}
    return OwnAgreement(
        with_consensus=_against(mine, _results(transform, ordinary)).get(user.pk),
        with_controls=_against(controls, known_groupings(transform=transform)).get(user.pk),
    )


def _ordinary(transform: Transform) -> Groupings:
    return independent_groupings(RowLabel.objects.filter(answer__question__question_set__transform=transform))


def _shared(answers: Groupings) -> set[uuid.UUID]:
    """Questions that two or more people have answered."""
    counts = Counter(question for given in answers.values() for question in given)
    return {question for question, count in counts.items() if count > 1}


def _results(transform: Transform, answers: Groupings) -> dict[uuid.UUID, Grouping[int]]:
    """The result of each settled question that three or more people answered: with two it is no more than what both said, and tells nothing of either."""
    counts = Counter(question for given in answers.values() for question in given)
    settled = Question.objects.filter(question_set__transform=transform, is_control=False, state=QuestionState.SETTLED)
    return {
        question.pk: Grouping(question.result_labels)
        for question in settled.only("state", "result").iterator()
        if counts[question.pk] > 2
    }


def _against(answers: Groupings, known: dict[uuid.UUID, Grouping[int]]) -> dict[uuid.UUID, PairAgreement]:
    return {person: compare(given, known) for person, given in answers.items() if given.keys() & known.keys()}


def _sets(transform: Transform, answers: Groupings) -> tuple[SetAgreement, ...]:
    shared = _shared(answers)
    set_of = dict(
        Question.objects.filter(question_set__transform=transform, pk__in=shared).values_list("pk", "question_set_id")
    )
    given: dict[uuid.UUID, Groupings] = defaultdict(lambda: defaultdict(dict))
    for person, groupings in answers.items():
        for question, grouping in groupings.items():
            if (of := set_of.get(question)) is not None:
                given[of][person][question] = grouping
    asked = Counter(set_of.values())
    question_sets = QuestionSet.objects.filter(pk__in=given).select_related("transform")
    sets = [SetAgreement(one, reliability(given[one.pk]), asked[one.pk]) for one in question_sets]
    return tuple(sorted(sets, key=lambda one: one.question_set.number))
