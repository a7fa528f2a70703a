"""Goals, and how far they are reached."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.utils import timezone

from accounts.models import Team, User
from labeling.choices import GoalPeriod
from labeling.models import Answer, WorkGoal
from labeling.selectors.work import DONE


@dataclass(frozen=True, slots=True)
class GoalProgress:
    """A goal and the answers that count for it so far: those first submitted in the present day or week."""

    goal: WorkGoal
    done: int

    @property
    def is_reached(self) -> bool:
        """Whether nothing is missing."""
        return self.done >= self.goal.questions


def goals_of(*, team: Team) -> list[GoalProgress]:
    """The goal of the team and those of its people, with what was reached; two queries."""
    return _with_progress(team, WorkGoal.objects.filter(team=team).select_related("user"))


def goals_for(*, team: Team, user: User) -> list[GoalProgress]:
    """The person's own goal and that of the team; two queries, one if there is none."""
    mine = WorkGoal.objects.filter(Q(user=user) | Q(user__isnull=True), team=team).select_related("user")
    return sorted(_with_progress(team, mine), key=lambda progress: progress.goal.user_id is None)


@dataclass(frozen=True, slots=True)
class Pace:
    """What a person has submitted in the present day or week, and how much they mean to: None without a goal of their own."""

    done: int
    wanted: int | None
    period: str


def pace_of(*, team: Team, user: User) -> Pace:
    """How far the person is with their own goal in the team, or what they did today; two queries."""
    goal = WorkGoal.objects.filter(team=team, user=user).first()
    period = GoalPeriod(goal.period) if goal else GoalPeriod.DAY
    done = Answer.objects.filter(
        DONE,
        question__question_set__transform__team=team,
        steward=user,
        first_submitted_at__gte=period_start(period, timezone.localtime()),
    ).count()
    return Pace(done, goal.questions if goal else None, period)


def period_start(period: GoalPeriod, now: datetime) -> datetime:
    """When the day or the week of ``now`` began, in its time zone; of two midnights, as where clocks go back to it, at the first."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return today - timedelta(days=today.weekday()) if period == GoalPeriod.WEEK else today


def _with_progress(team: Team, goals: Iterable[WorkGoal]) -> list[GoalProgress]:
    goals = list(goals)
    if not goals:
        return []
    now = timezone.localtime()
    since = {period: period_start(period, now) for period in GoalPeriod}
    counts: dict[uuid.UUID, dict[str, int]] = {
        steward: {GoalPeriod.DAY: day, GoalPeriod.WEEK: week}
        for steward, day, week in Answer.objects.filter(
            DONE,
            question__question_set__transform__team=team,
            first_submitted_at__gte=since[GoalPeriod.WEEK],
        )
        .order_by()
        .values_list("steward")
        .annotate(
            day=Count("pk", filter=Q(first_submitted_at__gte=since[GoalPeriod.DAY])),
            week=Count("pk"),
        )
    }
    return [
        GoalProgress(
            goal,
            counts.get(goal.user_id, {}).get(goal.period, 0)
            if goal.user_id
            else sum(count[goal.period] for count in counts.values()),
        )
        for goal in goals
    ]
