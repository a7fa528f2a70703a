"""Who may do what: pure predicates on a membership, used by views, API and templates. ``None`` is a stranger and may nothing."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from accounts.models import Membership, Role

Allowed = Callable[[Membership | None], bool]

_LEADS = frozenset({Role.LEAD, Role.ADMIN})


def require(membership: Membership, allowed: Allowed) -> None:
    """Raises ``PermissionDenied``, with the roles that may."""
    if allowed(membership):
        return
    roles = [str(role.label) for role in Role if allowed(Membership(role=role))]
    raise PermissionDenied(_("This can be done by: %(roles)s.") % {"roles": get_text_list(roles, _("or"))})


def is_member(membership: Membership | None) -> bool:
    """Belongs to the team at all."""
    return membership is not None


def is_lead(membership: Membership | None) -> bool:
    """Leads the team or administers it."""
    return membership is not None and membership.role in _LEADS


def is_admin(membership: Membership | None) -> bool:
    """Administers the team."""
    return membership is not None and membership.role == Role.ADMIN


def can_label(membership: Membership | None) -> bool:
    """Answer questions."""
    return is_member(membership)


def can_see_runs(membership: Membership | None) -> bool:
    """Read the run history and each run's page, with its label file."""
    return is_lead(membership)


def can_see_quality(membership: Membership | None) -> bool:
    """Read precision, recall and the other estimates."""
    return is_lead(membership)


def can_generate_questions(membership: Membership | None) -> bool:
    """Ask Glue for new questions."""
    return is_lead(membership)


def can_export(membership: Membership | None) -> bool:
    """Have Glue write out the labels that it holds."""
    return is_lead(membership)


def can_import(membership: Membership | None) -> bool:
    """Add answers to the labels that Glue holds."""
    return is_lead(membership)


def can_replace_all(membership: Membership | None) -> bool:
    """Make Glue forget its labels and learn from the import alone."""
    return is_admin(membership)


def can_evaluate(membership: Membership | None) -> bool:
    """Estimate the quality of a transform."""
    return is_lead(membership)


def can_see_matches(membership: Membership | None) -> bool:
    """Look at the groups that a transform found in its table."""
    return is_lead(membership)


def can_apply(membership: Membership | None) -> bool:
    """Run a transform over its table and download the result."""
    return is_lead(membership)


def can_cancel_runs(membership: Membership | None) -> bool:
    """Stop a run."""
    return is_lead(membership)


def can_edit_automation(membership: Membership | None) -> bool:
    """Decide when answers are imported by themselves."""
    return is_lead(membership)


def can_retry_runs(membership: Membership | None) -> bool:
    """Try again what failed or was stopped."""
    return is_lead(membership)


def can_manage_transforms(membership: Membership | None) -> bool:
    """Create and edit transforms."""
    return is_admin(membership)


def can_manage_question_sets(membership: Membership | None) -> bool:
    """See how far sets of questions are, and decide priority, due date, goal, skill and people per question."""
    return is_lead(membership)


def can_assign(membership: Membership | None) -> bool:
    """Give questions to people, and take them back."""
    return is_lead(membership)


def can_edit_labeling_settings(membership: Membership | None) -> bool:
    """Decide how the team labels with a transform."""
    return is_lead(membership)


def can_edit_skills(membership: Membership | None) -> bool:
    """Say what the people of the team know about."""
    return is_lead(membership)


def can_set_goals(membership: Membership | None) -> bool:
    """Say how much people, and the team, mean to answer."""
    return is_lead(membership)


def can_see_answers(membership: Membership | None) -> bool:
    """Read the answers of others, once their questions are done. Everybody reads their own."""
    return is_lead(membership)


def can_correct_answers(membership: Membership | None) -> bool:
    """Reopen or withdraw the answers of others. Everybody may their own."""
    return is_lead(membership)


def can_adjudicate(membership: Membership | None) -> bool:
    """Decide questions on which people disagree."""
    return is_lead(membership)


def can_manage_controls(membership: Membership | None) -> bool:
    """Make control questions of settled ones, and ordinary questions of those again."""
    return is_lead(membership)


def can_see_agreement(membership: Membership | None) -> bool:
    """Read how far the people of the team agree. Everybody reads their own."""
    return is_lead(membership)


def can_see_contradictions(membership: Membership | None) -> bool:
    """Read which answers cannot all be right."""
    return is_lead(membership)


def can_see_work(membership: Membership | None) -> bool:
    """Read the work statistics of everybody. Everybody reads their own."""
    return is_lead(membership)


def can_comment(membership: Membership | None) -> bool:
    """Remark on questions and rows."""
    return is_member(membership)


def can_edit_guidelines(membership: Membership | None) -> bool:
    """Write the guidelines of a transform and choose their examples."""
    return is_lead(membership)


def can_be_notified(membership: Membership | None) -> bool:
    """Is told when runs end, sets are finished and agreement falls, and decides what of that they hear."""
    return is_lead(membership)


def can_edit_team_notifications(membership: Membership | None) -> bool:
    """Decide what people of the team hear who have not chosen for themselves."""
    return is_lead(membership)


def can_manage_webhooks(membership: Membership | None) -> bool:
    """Have other systems told, and see what was sent to them."""
    return is_admin(membership)


def can_manage_people(membership: Membership | None) -> bool:
    """Invite people, change their roles, deactivate them and make links with which they choose a password."""
    return is_admin(membership)


def can_read_audit_trail(membership: Membership | None) -> bool:
    """Read who changed what about people, access and settings."""
    return is_admin(membership)


def can_read_report(membership: Membership | None) -> bool:
    """Read the weekly report of the team."""
    return is_lead(membership)
