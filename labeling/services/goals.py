"""How much a team, or somebody in it, means to answer."""

from __future__ import annotations

from accounts.models import Team, User
from labeling.choices import GoalPeriod
from labeling.models import WorkGoal


def set_goal(*, team: Team, user: User | None, questions: int | None, period: GoalPeriod) -> None:
    """So many questions in a day or a week, for the person or, without one, for the team; None takes the goal away."""
    goals = WorkGoal.objects.filter(team=team, user=user)
    if questions is None:
        goals.delete()
    else:
        WorkGoal.objects.update_or_create(team=team, user=user, defaults={"questions": questions, "period": period})
