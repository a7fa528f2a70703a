"""Webhooks of the team: made, tested, looked after, changed, deleted."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import strip_tags
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from labeling.choices import MessageFormat, OutboxState
from labeling.exceptions import InvalidWebhookError
from labeling.forms.notifications import WebhookEditForm, WebhookForm
from labeling.models import Webhook, WebhookDelivery
from labeling.permissions import can_manage_webhooks
from labeling.services.webhooks import (
    create_webhook,
    delete_webhook,
    renew_secret,
    secret_of,
    send_again,
    send_test,
    update_webhook,
)
from labeling.views.access import posted, signed_in, team_access, webhook_access
from labeling.views.contexts import error_text

PAGE_SIZE = 25
SHORT = 120
"""So many characters of an answer are said beside its status; the log has more."""


@require_http_methods(["GET", "POST"])
def webhook_create(request: HttpRequest) -> HttpResponse:
    """A new webhook. The secret of one that is told in JSON is shown on the page that follows, and never again."""
    membership = team_access(request, can_manage_webhooks)
    form = WebhookForm(posted(request))
    if form.is_valid():
        try:
            webhook = create_webhook(team=membership.team, user=signed_in(request), **form.cleaned_data)
        except InvalidWebhookError as error:
            form.add_error("url", error_text(error))
        else:
            if webhook.message_format == MessageFormat.JSON:
                return _with_secret(request, webhook)
            messages.success(request, _("The webhook has been created. Send a test to see whether messages arrive."))
            return redirect("labeling:webhook-detail", webhook.pk)
    context = {"membership": membership, "form": form}
    return render(request, "labeling/notifications/webhook_new.html", context, status=422 if form.errors else 200)


@require_GET
def webhook_detail(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """The webhook and the log of what was sent."""
    webhook, membership = webhook_access(request, webhook_id, can_manage_webhooks)
    log = webhook.deliveries.select_related("occurrence").order_by("-created_at")
    page = Paginator(log, PAGE_SIZE).get_page(request.GET.get("page"))
    signed = webhook.message_format == MessageFormat.JSON
    context = {"membership": membership, "webhook": webhook, "page": page, "signed": signed}
    return render(request, "labeling/notifications/webhook.html", context)


@require_http_methods(["GET", "POST"])
def webhook_edit(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Change where and how it is told, of what, and whether at all."""
    webhook, membership = webhook_access(request, webhook_id, can_manage_webhooks)
    form = WebhookEditForm.about(webhook, posted(request))
    if form.is_valid():
        try:
            update_webhook(webhook=webhook, user=signed_in(request), **form.cleaned_data)
        except InvalidWebhookError as error:
            form.add_error("url", error_text(error))
        else:
            messages.success(request, _("The webhook has been saved."))
            return redirect("labeling:webhook-detail", webhook.pk)
    context = {"membership": membership, "webhook": webhook, "form": form}
    return render(request, "labeling/notifications/webhook_edit.html", context, status=422 if form.errors else 200)


@require_POST
def webhook_test(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Send a message that says nothing, and say what came back."""
    webhook, _membership = webhook_access(request, webhook_id, can_manage_webhooks)
    delivery = send_test(webhook=webhook)
    if delivery.state == OutboxState.SENT:
        messages.success(request, _("The test arrived: status %(status)d.") % {"status": delivery.status_code})
    else:
        waits = delivery.state == OutboxState.WAITING
        then = _("It will be sent again automatically.") if waits else _("It will not be sent again.")
        messages.error(request, " ".join((_("The test did not arrive."), _what_came_back(delivery), then)))
    return redirect("labeling:webhook-detail", webhook.pk)


def _what_came_back(delivery: WebhookDelivery) -> str:
    """The status and the beginning of the answer, without the tags of a page; or why there is none."""
    if delivery.status_code is None:
        return delivery.error
    answer = " ".join(strip_tags(delivery.error).split())
    if not answer:
        return _("The receiver answered with status %(status)d.") % {"status": delivery.status_code}
    return _("The receiver answered with status %(status)d: “%(answer)s”.") % {
        "status": delivery.status_code,
        "answer": Truncator(answer).chars(SHORT),
    }


@require_POST
def webhook_secret(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """A new secret, shown once."""
    webhook, _membership = webhook_access(request, webhook_id, can_manage_webhooks)
    renew_secret(webhook=webhook, user=signed_in(request))
    return _with_secret(request, webhook)


@require_POST
def webhook_delete(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Nothing more is sent."""
    webhook, _membership = webhook_access(request, webhook_id, can_manage_webhooks)
    delete_webhook(webhook=webhook, user=signed_in(request))
    messages.success(request, _("The webhook has been deleted."))
    return redirect("labeling:notification-settings")


@require_POST
def delivery_again(request: HttpRequest, webhook_id: UUID, delivery_id: UUID) -> HttpResponse:
    """Try a message that was given up once more."""
    webhook, _membership = webhook_access(request, webhook_id, can_manage_webhooks)
    delivery = get_object_or_404(webhook.deliveries, pk=delivery_id)
    if webhook.in_use:
        send_again(delivery=delivery)
        messages.info(request, _("The message will be sent again in a few seconds."))
    else:
        messages.error(request, _("The webhook is not in use, so nothing is sent."))
    return redirect("labeling:webhook-detail", webhook.pk)


@sensitive_variables()
def _with_secret(request: HttpRequest, webhook: Webhook) -> HttpResponse:
    """The answer itself shows the secret: a redirect would have to keep it somewhere."""
    response = render(
        request,
        "labeling/notifications/webhook_secret.html",
        {"webhook": webhook, "secret": secret_of(webhook), "membership": team_access(request, can_manage_webhooks)},
    )
    response["Cache-Control"] = "no-store"
    return response
