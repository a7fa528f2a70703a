"""Ways to look at the run history that people named, for themselves or for their team."""

from __future__ import annotations

import logging

from django.utils.translation import gettext as _

from accounts.models import Team, User
from labeling.exceptions import InvalidSettingError
from labeling.models import SavedView

logger = logging.getLogger(__name__)

_MAX_QUERY = 1000
_MAX_NAME = 60


def save_view(*, team: Team, user: User, name: str, query: str, shared: bool) -> SavedView:
    """Keep what is shown now under a name; a view of the person's own with that name is changed. Raises ``InvalidSettingError``."""
    name = " ".join(name.split())
    if not name or len(name) > _MAX_NAME:
        raise InvalidSettingError(_("Give the view a name of up to 60 characters."))
    if len(query) > _MAX_QUERY:
        raise InvalidSettingError(_("These filters are too long to be saved."))
    view, _made = SavedView.objects.update_or_create(
        team=team, owner=user, name=name, defaults={"query": query, "shared": shared}
    )
    logger.info("view %s saved by user %s", view.pk, user.pk)
    return view


def delete_view(*, view: SavedView) -> None:
    """Forget the view, also for those with whom it was shared."""
    view.delete()
