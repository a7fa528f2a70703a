"""What people are told: the list behind the bell, and what each of them and the team want to hear."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from labeling.choices import NotificationEvent
from labeling.models import Notification, Webhook
from labeling.permissions import can_be_notified, can_edit_team_notifications, can_manage_webhooks
from labeling.selectors.notifications import choices_of, notifications_for, words_of
from labeling.services.notifications import forget_choices, mark_read, save_choices
from labeling.views.access import signed_in, team_access

PAGE_SIZE = 25


@require_GET
def notification_list(request: HttpRequest) -> HttpResponse:
    """What has happened, newest first; what is unread stands out."""
    membership = team_access(request, can_be_notified)
    told = notifications_for(user=signed_in(request), team=membership.team)
    page = Paginator(told, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "membership": membership,
        "page": page,
        "lines": [(one, words_of(one.occurrence)) for one in page.object_list],
    }
    return render(request, "labeling/notifications/list.html", context)


@require_GET
def notification_open(request: HttpRequest, notification_id: UUID) -> HttpResponse:
    """Go to what it is about; it is read then."""
    notification = get_object_or_404(
        Notification.objects.select_related(
            "occurrence__transform__team", "occurrence__run", "occurrence__question_set__transform"
        ),
        pk=notification_id,
        user=signed_in(request),
    )
    mark_read(user=signed_in(request), team=notification.occurrence.transform.team, notification=notification)
    return redirect(words_of(notification.occurrence).path)


@require_POST
def notification_read_all(request: HttpRequest) -> HttpResponse:
    """Everything is read."""
    membership = team_access(request, can_be_notified)
    mark_read(user=signed_in(request), team=membership.team)
    return redirect("labeling:notification-list")


@require_GET
def notification_settings(request: HttpRequest) -> HttpResponse:
    """One's own choices, those of the team, and for admins the webhooks."""
    membership = team_access(request, can_be_notified)
    mine = choices_of(team=membership.team, user=signed_in(request))
    context = {
        "membership": membership,
        "mine": mine,
        "own": any(choice.own for choice in mine),
        "team": choices_of(team=membership.team, user=None),
        "webhooks": Webhook.objects.filter(team=membership.team) if can_manage_webhooks(membership) else None,
    }
    return render(request, "labeling/notifications/settings.html", context)


@require_POST
def notification_choices(request: HttpRequest) -> HttpResponse:
    """Keep one's own choices, or (``follow``) go with the team again."""
    membership = team_access(request, can_be_notified)
    if "follow" in request.POST:
        forget_choices(team=membership.team, user=signed_in(request))
        messages.success(request, _("You get the notifications that the team has chosen."))
    else:
        save_choices(team=membership.team, user=signed_in(request), chosen=_chosen(request.POST), by=signed_in(request))
        messages.success(request, _("Your choices have been saved."))
    return redirect("labeling:notification-settings")


@require_POST
def team_choices(request: HttpRequest) -> HttpResponse:
    """Keep what those hear who have not chosen for themselves."""
    membership = team_access(request, can_edit_team_notifications)
    save_choices(team=membership.team, user=None, chosen=_chosen(request.POST), by=signed_in(request))
    messages.success(request, _("The choices of the team have been saved."))
    return redirect("labeling:notification-settings")


def _chosen(posted: QueryDict) -> dict[NotificationEvent, tuple[bool, bool]]:
    """A browser sends the boxes that are ticked."""
    page, email = set(posted.getlist("page")), set(posted.getlist("email"))
    return {event: (event.value in page, event.value in email) for event in NotificationEvent}
