from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import Membership, Role
from labeling import permissions

EVERYONE = {Role.STEWARD, Role.LEAD, Role.ADMIN}
LEADS = {Role.LEAD, Role.ADMIN}
ADMINS = {Role.ADMIN}


@pytest.mark.parametrize(
    ("predicate", "allowed"),
    [
        (permissions.is_member, EVERYONE),
        (permissions.is_lead, LEADS),
        (permissions.is_admin, ADMINS),
        (permissions.can_label, EVERYONE),
        (permissions.can_see_runs, LEADS),
        (permissions.can_see_quality, LEADS),
        (permissions.can_generate_questions, LEADS),
        (permissions.can_export, LEADS),
        (permissions.can_import, LEADS),
        (permissions.can_replace_all, ADMINS),
        (permissions.can_evaluate, LEADS),
        (permissions.can_apply, LEADS),
        (permissions.can_cancel_runs, LEADS),
        (permissions.can_manage_transforms, ADMINS),
        (permissions.can_manage_question_sets, LEADS),
        (permissions.can_assign, LEADS),
        (permissions.can_edit_labeling_settings, LEADS),
        (permissions.can_edit_skills, LEADS),
        (permissions.can_see_answers, LEADS),
        (permissions.can_correct_answers, LEADS),
        (permissions.can_adjudicate, LEADS),
        (permissions.can_manage_controls, LEADS),
        (permissions.can_see_agreement, LEADS),
        (permissions.can_see_contradictions, LEADS),
        (permissions.can_see_work, LEADS),
        (permissions.can_comment, EVERYONE),
        (permissions.can_edit_guidelines, LEADS),
        (permissions.can_be_notified, LEADS),
        (permissions.can_edit_team_notifications, LEADS),
        (permissions.can_manage_webhooks, ADMINS),
        (permissions.can_manage_people, ADMINS),
        (permissions.can_read_audit_trail, ADMINS),
        (permissions.can_read_report, LEADS),
    ],
)
def test_each_role_may_what_it_should(predicate: Callable[[Membership | None], bool], allowed: set[Role]) -> None:
    assert {role for role in Role if predicate(Membership(role=role))} == allowed
    assert not predicate(None)
