"""Celery's way in. Names and arguments are kept for messages that older code sent."""

from __future__ import annotations

from celery import shared_task


@shared_task(name="accounts.mail_new_links")
def mail_new_links(*, email: str, **_kwargs: object) -> None:
    """Mail a link to choose a new password to whoever has this address, also to those who have not taken up their invitation."""
    from accounts.links import mail_link, make_link  # tasks are imported before the apps are ready
    from accounts.models import User  # tasks are imported before the apps are ready

    for user in User.objects.filter(email__iexact=email, is_active=True):
        mail_link(user=user, path=make_link(user=user))
