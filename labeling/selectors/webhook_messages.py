"""What webhooks are sent, in the format that each has asked for.

- **JSON**: ids, states and figures for programs, see docs/operations.md.
- **Slack**: for an incoming webhook, blocks whose ``plain_text`` reads no markup out of names, so that ``my_table_2`` and ``*`` come out as
  they were typed (https://docs.slack.dev/reference/block-kit/composition-objects/text-object), and a link as ``<address|words>``. ``text`` is
  what notifications show, and what is left for receivers that know no blocks (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks).
  ``&``, ``<`` and ``>`` are escaped in both (https://docs.slack.dev/messaging/formatting-message-text#escaping).
- **Microsoft Teams**: a message with one Adaptive Card, as the workflow "Post to a channel when a webhook request is received" takes it
  (https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using). A ``TextBlock`` would read Markdown out of
  names and errors, a ``RichTextBlock`` does not (https://learn.microsoft.com/adaptive-cards/authoring-cards/text-features).

Chats are told in the words of the bell and of mails. No format has rows of a table.
"""

from __future__ import annotations

import json
from html import escape
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from accounts.links import absolute
from labeling.choices import MessageFormat
from labeling.models import Occurrence, Webhook
from labeling.selectors.notifications import Words, payload_of, words_of

_LONGEST = 600
"""What Glue says of a failure may be long; the page that is linked has all of it. Slack takes 3,000 characters in a block, where ``&`` is five. Teams
takes 28 kB in all."""


def message_of(occurrence: Occurrence, message_format: str) -> str:
    """The body that tells of the occurrence."""
    if message_format == MessageFormat.JSON:
        return _as_json(payload_of(occurrence))
    return _chat_message(words_of(occurrence), message_format)


def message_of_test(webhook: Webhook) -> str:
    """The body of a test, which tells of nothing."""
    if webhook.message_format == MessageFormat.JSON:
        team = {"id": str(webhook.team_id)}
        return _as_json({"event": "test", "at": timezone.now().isoformat(), "team": team})
    title = _("This is a test of a webhook of the team “%(team)s”") % {"team": webhook.team.name}
    path = reverse("labeling:webhook-detail", args=[webhook.pk])
    return _chat_message(Words(title, "", path), webhook.message_format)


def _chat_message(words: Words, message_format: str) -> str:
    texts = [f"{words.title}."]
    if words.detail:
        texts.append(Truncator(words.detail).chars(_LONGEST))
    written = _for_slack if message_format == MessageFormat.SLACK else _for_teams
    return _as_json(written(texts, _("Open in the label portal"), absolute(words.path)))


def _for_slack(texts: list[str], link: str, address: str) -> dict[str, Any]:
    lines = [escape(text, quote=False) for text in texts]
    way = f"<{escape(address, quote=False)}|{escape(link, quote=False)}>"
    written = [{"type": "plain_text", "text": line, "emoji": False} for line in lines]
    blocks = [{"type": "section", "text": text} for text in (*written, {"type": "mrkdwn", "text": way})]
    return {"text": "\n".join([*lines, way]), "blocks": blocks}


def _for_teams(texts: list[str], link: str, address: str) -> dict[str, Any]:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [{"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text}]} for text in texts],
        "actions": [{"type": "Action.OpenUrl", "title": link, "url": address}],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _as_json(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False)
