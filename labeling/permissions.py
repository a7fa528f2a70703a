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


# Everybody in the team

can_label = is_member
"""Answer questions."""

can_comment = is_member
"""Remark on questions and rows."""


# Leads and administrators

can_see_runs = is_lead
"""Read the run history and each run's page, with its label file."""

can_see_quality = is_lead
"""Read precision, recall and the other estimates."""

can_generate_questions = is_lead
"""Ask Glue for new questions."""

can_export = is_lead
"""Have Glue write out the labels that it holds."""

can_import = is_lead
"""Add answers to the labels that Glue holds."""

can_evaluate = is_lead
"""Estimate the quality of a transform."""

can_see_matches = is_lead
"""Look at the groups that a transform found in its table."""

can_apply = is_lead
"""Run a transform over its table and download the result."""

can_cancel_runs = is_lead
"""Stop a run."""

can_edit_automation = is_lead
"""Decide when answers are imported by themselves."""

can_retry_runs = is_lead
"""Try again what failed or was stopped."""

can_manage_question_sets = is_lead
"""See how far sets of questions are, and decide priority, due date, goal, skill and people per question."""

can_assign = is_lead
"""Give questions to people, and take them back."""

can_edit_labeling_settings = is_lead
"""Decide how the team labels with a transform."""

can_edit_skills = is_lead
"""Say what the people of the team know about."""

can_set_goals = is_lead
"""Say how much people, and the team, mean to answer."""

can_see_answers = is_lead
"""Read the answers of others, once their questions are done. Everybody reads their own."""

can_correct_answers = is_lead
"""Reopen or withdraw the answers of others. Everybody may their own."""

can_adjudicate = is_lead
"""Decide questions on which people disagree."""

can_manage_controls = is_lead
"""Make control questions of settled ones, and ordinary questions of those again."""

can_see_agreement = is_lead
"""Read how far the people of the team agree. Everybody reads their own."""

can_see_contradictions = is_lead
"""Read which answers cannot all be right."""

can_see_work = is_lead
"""Read the work statistics of everybody. Everybody reads their own."""

can_edit_guidelines = is_lead
"""Write the guidelines of a transform and choose their examples."""

can_be_notified = is_lead
"""Is told when runs end, sets are finished and agreement falls, and decides what of that they hear."""

can_edit_team_notifications = is_lead
"""Decide what people of the team hear who have not chosen for themselves."""

can_read_report = is_lead
"""Read the weekly report of the team."""


# Administrators

can_replace_all = is_admin
"""Make Glue forget its labels and learn from the import alone."""

can_manage_transforms = is_admin
"""Create and edit transforms."""

can_manage_webhooks = is_admin
"""Have other systems told, and see what was sent to them."""

can_manage_people = is_admin
"""Invite people, change their roles, deactivate them and make links with which they choose a password."""

can_read_audit_trail = is_admin
"""Read who changed what about people, access and settings."""
