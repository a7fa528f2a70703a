"""People leave the team: what they were to do goes to others."""

from __future__ import annotations

import logging

from django.db import transaction

from accounts.models import Membership, User
from accounts.services import deactivate_member
from labeling.services.assignment import release_questions

logger = logging.getLogger(__name__)


@transaction.atomic
def deactivate_person(*, membership: Membership, user: User) -> int:
    """Deactivate the member and release the questions given to them; how many these are. Raises ``LastAdminError``."""
    deactivate_member(membership=membership, by=user)
    logger.info("team %s: user %s deactivated by user %s", membership.team_id, membership.user_id, user.pk)
    return release_questions(team=membership.team, user=membership.user)
