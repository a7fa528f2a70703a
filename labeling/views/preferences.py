"""How a person likes the workbench: sent by the workbench when it changes."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from labeling.exceptions import InvalidSettingError
from labeling.forms.preferences import parse_columns, parse_keys
from labeling.permissions import can_label
from labeling.services.preferences import save_columns, save_keys
from labeling.views.access import posted_body, signed_in, team_access, transform_access


def _refused(error: InvalidSettingError) -> JsonResponse:
    return JsonResponse({"code": "invalid", "message": str(error)}, status=422)


@require_POST
def columns_save(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """Which columns are hidden, which stay in sight, in which order."""
    transform, _membership = transform_access(request, transform_id, can_label)
    try:
        wanted = parse_columns(posted_body(request))
        save_columns(
            user=signed_in(request),
            transform=transform,
            hidden=wanted.hidden,
            pinned=wanted.pinned,
            order=wanted.order,
        )
    except InvalidSettingError as error:
        return _refused(error)
    return JsonResponse({"saved": True})


@require_POST
def keys_save(request: HttpRequest) -> HttpResponse:
    """Single keys on or off, and the keys of commands; the same for all transforms."""
    team_access(request, can_label)
    try:
        wanted = parse_keys(posted_body(request))
        save_keys(user=signed_in(request), enabled=wanted.enabled, keymap=wanted.keymap)
    except InvalidSettingError as error:
        return _refused(error)
    return JsonResponse({"saved": True})
