"""How far people agree: with each other, with what was settled, and with what is known. The measures are those of ``partitions``."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations

from django.db.models import Count, Exists, OuterRef, Q

from accounts.models import User
from labeling.choices import QuestionState
from labeling.models import Question, QuestionSet, Transform
from labeling.selectors.chunks import in_chunks
from labeling.selectors.controls import control_groupings, known_groupings
from labeling.selectors.groupings import Groupings, groupings_by_set, groupings_of, independent_answers, shared_answers
from partitions import Grouping, Measure, PairAgreement, Sampling, compare, reliability

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
class PeopleAgreement:
    """Some people, by their ids: each couple in which they are once, and each of them against the consensus and the control questions.

    Couples and people without a common question are left out.
    """

    couples: dict[tuple[uuid.UUID, uuid.UUID], PairAgreement]
    consensus: dict[uuid.UUID, PairAgreement]
    controls: dict[uuid.UUID, PairAgreement]

    def between(self, one: User, other: User) -> PairAgreement | None:
        """Of two people; F1 and Rand are the same from both sides."""
        return self.couples.get((one.pk, other.pk)) or self.couples.get((other.pk, one.pk))


@dataclass(frozen=True, slots=True)
class TeamAgreement:
    """Everybody who has answered, by name; the sets with questions that two or more people have answered, newest first; how far all agree.

    It keeps what people said, for the figures of those that a page shows: ``answers`` to questions that two or more have answered, those to control
    questions, and ``known_answers``, given to these before they were control questions. ``set_of`` tells the set of each of the first.
    """

    transform: Transform
    people: tuple[User, ...]
    question_sets: tuple[QuestionSet, ...]
    set_of: dict[uuid.UUID, uuid.UUID]
    alpha: Measure
    answers: Groupings
    control_answers: Groupings
    known_answers: Groupings

    @property
    def questions(self) -> int:
        """How many questions two or more people have answered."""
        return len(self.set_of)

    def of_sets(self, question_sets: Collection[QuestionSet]) -> list[SetAgreement]:
        """These sets, in their order."""
        wanted = {one.pk for one in question_sets}
        set_of = {question: question_set for question, question_set in self.set_of.items() if question_set in wanted}
        given: dict[uuid.UUID, Groupings] = defaultdict(lambda: defaultdict(dict))
        for person, groupings in self.answers.items():
            for question in groupings.keys() & set_of.keys():
                given[set_of[question]][person][question] = groupings[question]
        asked = Counter(set_of.values())
        return [SetAgreement(one, reliability(given[one.pk]), asked[one.pk]) for one in question_sets]

    def of_people(self, people: Sequence[User]) -> PeopleAgreement:
        """These people with everybody, with what was settled and with what is known. Two queries.

        Answers to control questions count between two people too: they were given as independently as any. Alpha leaves them out, as it does
        on the page of quality. Against the consensus only settled questions count that three or more people have answered; against control
        questions only answers by people who did not know them.
        """
        shown = {person.pk for person in people}
        asked = {question for person in shown for question in self._given(person)}
        everything = {
            person.pk: {question: said for question, said in self._given(person.pk).items() if question in asked}
            for person in self.people
        }
        couples = _COUPLES if len(self.people) <= _MANY else _NO_INTERVALS
        ordinary = {person: self.answers[person] for person in shown & self.answers.keys()}
        controls = {person: self.control_answers[person] for person in shown & self.control_answers.keys()}
        return PeopleAgreement(
            couples={
                (one, two): compare(everything[one], everything[two], couples)
                for one, two in combinations(everything, 2)
                if shown & {one, two} and not everything[one].keys().isdisjoint(everything[two])
            },
            consensus=_against(ordinary, _results(self.transform, _answered_by(self.answers, 3))),
            controls=_against(controls, known_groupings(transform=self.transform)),
        )

    def _given(self, person: uuid.UUID) -> dict[uuid.UUID, Grouping[int]]:
        """All that the person said."""
        return self.answers.get(person, {}) | self.known_answers.get(person, {}) | self.control_answers.get(person, {})


@dataclass(frozen=True, slots=True)
class OwnAgreement:
    """One person: on questions that others answered too, against what came of them, and on control questions."""

    with_consensus: PairAgreement | None
    with_controls: PairAgreement | None


def team_agreement(*, transform: Transform) -> TeamAgreement:
    """The agreement of everybody who has answered questions of the transform. Five queries."""
    given = independent_answers().filter(question__question_set__transform=transform).order_by()
    answers, set_of = groupings_by_set(shared_answers(given))
    control_answers = control_groupings(transform=transform)
    # Of each person the first answer is looked for; to find all people among the answers, all of them would be gone through.
    people = User.objects.filter(Exists(given.filter(steward=OuterRef("pk"))) | Q(pk__in=control_answers))
    told, newest = set(set_of.values()), QuestionSet.objects.filter(transform=transform).order_by("-number")
    return TeamAgreement(
        transform=transform,
        people=tuple(people.order_by("last_name", "first_name", "username")),
        question_sets=tuple(one for one in newest.only("number", "title") if one.pk in told),
        set_of=set_of,
        alpha=reliability(answers),
        answers=answers,
        control_answers=control_answers,
        known_answers=groupings_of(given.filter(question__is_control=True)),
    )


def own_agreement(*, transform: Transform, user: User) -> OwnAgreement:
    """What one person may know about their own answers. Five queries."""
    answers = independent_answers().filter(question__question_set__transform=transform)
    mine = answers.filter(steward=user)
    together = answers.filter(question__in=mine.values("question")).order_by().values_list("question")
    by_three = {question for question, count in together.annotate(people=Count("pk")) if count > 2}
    controls = control_groupings(transform=transform, user=user)
    return OwnAgreement(
        with_consensus=_against(groupings_of(mine), _results(transform, by_three)).get(user.pk),
        with_controls=_against(controls, known_groupings(transform=transform)).get(user.pk),
    )


def _answered_by(answers: Groupings, people: int) -> set[uuid.UUID]:
    """Questions that so many people or more have answered."""
    counts = Counter(question for given in answers.values() for question in given)
    return {question for question, count in counts.items() if count >= people}


def _results(transform: Transform, wanted: Collection[uuid.UUID]) -> dict[uuid.UUID, Grouping[int]]:
    """The result of each of these questions that is settled; of fewer than three people it is no more than what they said, and tells nothing of them."""
    settled = Question.objects.filter(question_set__transform=transform, is_control=False, state=QuestionState.SETTLED)
    return {
        question.pk: Grouping(question.result_labels)
        for ids in in_chunks(list(wanted))
        for question in settled.filter(pk__in=ids).only("result")
    }


def _against(answers: Groupings, known: dict[uuid.UUID, Grouping[int]]) -> dict[uuid.UUID, PairAgreement]:
    return {person: compare(given, known) for person, given in answers.items() if given.keys() & known.keys()}
