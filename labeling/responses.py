"""What pages and API answer with alike."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header

from labeling.services.downloads import Download


def attachment(download: Download) -> StreamingHttpResponse:
    """A file to be saved."""
    headers = {"Content-Disposition": content_disposition_header(True, download.name) or "attachment"}
    if download.size is not None:
        headers["Content-Length"] = str(download.size)
    return StreamingHttpResponse(download.chunks, content_type=download.content_type, headers=headers)


def csv_attachment(stem: str, rows: Iterable[Iterable[object]], *, dated: bool = True) -> StreamingHttpResponse:
    """A table to be saved under that name and, unless the name says of when it is, the day of the team; sent while it is read."""
    name = f"{stem}-{timezone.localdate():%Y-%m-%d}" if dated else stem
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingHttpResponse(_csv(rows), content_type="text/csv; charset=utf-8", headers=headers)


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _csv(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """With a byte order mark, without which spreadsheets take UTF-8 for something else."""
    writer = csv.writer(_Echo())
    mark = "\ufeff"
    for row in rows:
        yield mark + writer.writerow(row)
        mark = ""
