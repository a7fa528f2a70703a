"""Files that come with a form, or that came to S3 just before it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any, TypeVar

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.datastructures import MultiValueDict

from labeling.content_security import allow_upload_to
from labeling.exceptions import GlueError, LabelportalError
from labeling.forms.uploads import EncodingForm
from labeling.models import SourceFile
from labeling.services.direct_uploads import FROM_BYTES, offer_upload, take_upload
from labeling.services.sources import discard_source, staged_original
from labeling.views.access import posted, signed_in
from labeling.views.contexts import error_text

Bound = TypeVar("Bound", bound=Form)


def bound_form(
    make: Callable[[QueryDict | None, MultiValueDict[str, UploadedFile[bytes]] | None], Bound],
    request: HttpRequest,
    *,
    max_bytes: int,
) -> tuple[Bound, str]:
    """The form with what was sent, or an empty one and why its file did not come."""
    try:
        return make(posted(request), _files_of(request, max_bytes=max_bytes)), ""
    except LabelportalError as error:
        return make(None, None), error_text(error)


def _files_of(request: HttpRequest, *, max_bytes: int) -> MultiValueDict[str, UploadedFile[bytes]] | None:
    """The files of a form; the one that went straight to S3 is fetched. Raises ``LabelportalError`` if it is not there."""
    token = request.POST.get("direct", "")
    if not token:
        return request.FILES or None
    file = take_upload(
        user=signed_in(request), token=token, name=request.POST.get("direct_name", ""), max_bytes=max_bytes
    )
    return MultiValueDict({"file": [file]})


def read_again(
    request: HttpRequest, source: SourceFile, stage: Callable[[UploadedFile[bytes], str], SourceFile]
) -> SourceFile:
    """The file in the encoding that was chosen; ``source``, which is it in another, is given up.

    Where it is no text in this one, the person is told, and ``source`` stays.
    """
    form = EncodingForm(request.POST)
    if not form.is_valid():
        return source
    try:
        staged = stage(staged_original(source=source), form.cleaned_data["encoding"])
    except LabelportalError as error:
        messages.error(request, error_text(error))
        return source
    discard_source(source=source)
    return staged


def render_upload(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    endings: Iterable[str],
    max_bytes: int,
    status: int = 200,
) -> HttpResponse:
    """A page with an upload form that may send large files straight to S3; without JavaScript they come with the form."""
    try:
        offer = offer_upload(user=signed_in(request), endings=endings, max_bytes=max_bytes)
    except GlueError:
        return render(request, template, context, status=status)  # no credentials: other pages say so
    direct = json.dumps({**asdict(offer), "from": FROM_BYTES})
    response = render(request, template, {**context, "direct": direct}, status=status)
    allow_upload_to(response, offer.origin)
    return response
