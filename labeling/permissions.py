"""Who may do what: pure predicates on a membership, used by views, api and templates. ``None`` is a stranger and may nothing."""

from __future__ import annotations

from accounts.models import Membership, Role

_LEADS = frozenset({Role.LEAD, Role.ADMIN})


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


def can_import(membership: Membership | None) -> bool:
    """Add answers to the labels that Glue holds."""
    return is_lead(membership)


def can_replace_all(membership: Membership | None) -> bool:
    """Make Glue forget its labels and learn from the import alone."""
    return is_admin(membership)


def can_evaluate(membership: Membership | None) -> bool:
    """Estimate the quality of a transform."""
    return is_lead(membership)


def can_apply(membership: Membership | None) -> bool:
    """Run a transform over its table and download the result."""
    return is_lead(membership)


def can_cancel_runs(membership: Membership | None) -> bool:
    """Stop a run."""
    return is_lead(membership)


def can_manage_transforms(membership: Membership | None) -> bool:
    """Create and edit transforms."""
    return is_admin(membership)
