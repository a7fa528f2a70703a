"""How a team labels with a transform."""

from __future__ import annotations

import logging

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.audit import record_changes
from accounts.models import AuditAction, User
from labeling.choices import ConsensusRule
from labeling.exceptions import InvalidSettingError
from labeling.models import Transform

logger = logging.getLogger(__name__)

_FIELDS = (
    "answers_per_question",
    "consensus_rule",
    "show_proposals",
    "control_percent",
    "links_in_cells",
    "images_in_cells",
)


def update_labeling_settings(
    *,
    transform: Transform,
    user: User,
    answers_per_question: int,
    consensus_rule: ConsensusRule | str,
    show_proposals: bool,
    control_percent: int,
    links_in_cells: bool,
    images_in_cells: bool,
) -> Transform:
    """Store the settings. People per question and proposals are those of sets generated from now on; sets that are there keep their own.

    Another rule of consensus counts for whatever is settled from now on; what is settled stays. Raises ``InvalidSettingError``.
    """
    before = {name: getattr(transform, name) for name in _FIELDS}
    transform.answers_per_question = answers_per_question
    transform.consensus_rule = consensus_rule
    transform.show_proposals = show_proposals
    transform.control_percent = control_percent
    transform.links_in_cells = links_in_cells
    transform.images_in_cells = images_in_cells
    try:
        transform.clean_fields(exclude={field.name for field in Transform._meta.fields} - set(_FIELDS))
    except ValidationError as error:
        raise InvalidSettingError(" ".join(error.messages)) from error
    with transaction.atomic():
        transform.save(update_fields=[*_FIELDS, "updated_at"])
        record_changes(
            team=transform.team,
            by=user,
            action=AuditAction.LABELING_CHANGED,
            subject=transform.name,
            before=before,
            after={name: getattr(transform, name) for name in _FIELDS},
        )
    logger.info("transform %s: settings for labeling changed by user %s", transform.pk, user.pk)
    return transform
