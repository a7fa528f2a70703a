"""Files go out through the portal, so that S3 need not be reachable from the browser."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.text import slugify
from django.utils.translation import gettext as _

from labeling.aws import storage
from labeling.exceptions import LabelportalError
from labeling.models import LabelFile, MatchResult, TaskRun
from labeling.services.label_files import read_kept
from labeling.services.persistent_ids import load_ids, with_persistent_ids

_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}


@dataclass(frozen=True, slots=True)
class Download:
    """A file on its way: a name of plain letters, its type, its size in bytes if that is known beforehand, and its bytes."""

    name: str
    content_type: str
    size: int | None
    chunks: Iterator[bytes]


def label_file_download(*, label_file: LabelFile) -> Download:
    """The exact bytes of a label file. Raises ``GlueError`` if S3 does not give them, or gives others than were kept."""
    content = read_kept(label_file=label_file)
    name = f"{_plain(label_file.transform.name)}-labels-{str(label_file.pk)[:8]}.csv"
    return Download(name, _TYPES["csv"], len(content), iter([content]))


def result_download(*, run: TaskRun) -> Download:
    """The table that a FIND_MATCHES run wrote. Raises ``LabelportalError`` if it wrote none, ``GlueError``."""
    if not run.result_uri:
        raise LabelportalError(_("This run has no result to download."))
    return _download(run.result_uri, f"{_plain(run.transform.name)}-matches-{run.short_id}")


def persistent_download(*, result: MatchResult) -> Download:
    """The table that a run wrote, as CSV, with the persistent id of each row. Raises ``LabelportalError`` if it has none, ``GlueError``."""
    if not result.persistent_ids:
        raise LabelportalError(_("This result has no persistent ids."))
    run = result.run
    file = tempfile.TemporaryFile()  # noqa: SIM115 (closed when the last byte is on its way)
    storage.download_uri(run.result_uri, file)
    ids = load_ids(result.persistent_ids)
    chunks = with_persistent_ids(file, ids, primary_key=run.transform.primary_key)
    return Download(f"{_plain(run.transform.name)}-matches-{run.short_id}-persistent.csv", _TYPES["csv"], None, chunks)


def _download(uri: str, stem: str) -> Download:
    size, chunks = storage.stream_uri(uri)
    extension = "parquet" if uri.endswith(".parquet") else "csv"
    return Download(f"{stem}.{extension}", _TYPES[extension], size, chunks)


def _plain(name: str) -> str:
    return slugify(name) or "transform"
