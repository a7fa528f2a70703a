"""How much a team, or somebody in it, means to answer."""

from __future__ import annotations

from django.db import transaction

from accounts.audit import By, Value, record_changes
from accounts.models import AuditAction, Team, User
from labeling.choices import GoalPeriod
from labeling.models import WorkGoal


@transaction.atomic
def set_goal(*, team: Team, user: User | None, questions: int | None, period: GoalPeriod, by: By) -> None:
    """So many questions in a day or a week, for the person or, without one, for the team; None takes the goal away."""
    goals = WorkGoal.objects.filter(team=team, user=user)
    goal = goals.first()
    before: dict[str, Value] = {"questions": goal.questions, "period": goal.period} if goal else {}
    if questions is None:
        goals.delete()
    else:
        WorkGoal.objects.update_or_create(team=team, user=user, defaults={"questions": questions, "period": period})
    after = {} if questions is None else {"period": period.value}
    record_changes(
        team=team,
        by=by,
        action=AuditAction.GOAL_CHANGED,
        subject=user.display_name if user else team.name,
        about=user,
        before=before,
        after={"questions": questions, **after},
    )
