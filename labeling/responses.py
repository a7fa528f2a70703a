"""What pages and API answer with alike."""

from __future__ import annotations

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from labeling.services.downloads import Download


def attachment(download: Download) -> StreamingHttpResponse:
    """A file to be saved."""
    headers = {"Content-Disposition": content_disposition_header(True, download.name) or "attachment"}
    if download.size is not None:
        headers["Content-Length"] = str(download.size)
    return StreamingHttpResponse(download.chunks, content_type=download.content_type, headers=headers)
