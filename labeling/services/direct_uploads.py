"""Large files go from the browser straight to S3, and are then taken in as if they had come with the form.

The browser is given a presigned POST, whose policy fixes key, type and largest size, so S3 itself refuses anything else
(https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html). A signed token says whose key it is.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.core import signing
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from labeling.aws import storage
from labeling.aws.errors import MISSING
from labeling.exceptions import GlueError, InvalidSourceError

logger = logging.getLogger(__name__)

FROM_BYTES = 5 * 1024 * 1024
"""Smaller files come with the form: that is one request instead of three."""

_FOLDER = "incoming/"
_LEFT_BEHIND = timedelta(days=1)
_SALT = "labeling.direct-upload"
_SECONDS = 3600
_TYPES = {"csv": "text/csv", "tsv": "text/csv", "txt": "text/csv", "parquet": "application/vnd.apache.parquet"}


@dataclass(frozen=True, slots=True)
class DirectUpload:
    """Where a browser may put one file. ``posts`` are the address and fields of a presigned POST, by ending of the file's name."""

    token: str
    posts: dict[str, dict[str, Any]]

    @property
    def origin(self) -> str:
        """The one place that the page must be allowed to connect to."""
        parts = urlsplit(next(iter(self.posts.values()))["url"])
        return f"{parts.scheme}://{parts.netloc}"


def incoming_key(upload_id: uuid.UUID) -> str:
    """Where a file lies that is only on its way: it is removed after a day at the latest."""
    return f"{_FOLDER}{upload_id}"


def offer_upload(*, user: User, endings: Iterable[str], max_bytes: int) -> DirectUpload:
    """A place for one file of this person, for an hour. Nothing is asked of S3 for it; raises ``GlueError`` without credentials."""
    key = incoming_key(uuid.uuid4())
    posts = {
        ending: storage.presigned_post(key, content_type=_TYPES[ending], max_bytes=max_bytes, seconds=_SECONDS)
        for ending in endings
    }
    return DirectUpload(signing.dumps([str(user.pk), key], salt=_SALT), posts)


def take_upload(*, user: User, token: str, name: str, max_bytes: int) -> TemporaryUploadedFile:
    """The file that was put there, as Django hands over the files of a form; the object is removed.

    Raises ``InvalidSourceError`` if the place is not this person's or nothing is there, ``GlueError``.
    """
    try:
        owner, key = signing.loads(token, salt=_SALT, max_age=_SECONDS)
    except signing.BadSignature as error:
        raise InvalidSourceError(_("The upload has expired. Choose the file again.")) from error
    if owner != str(user.pk):
        raise InvalidSourceError(_("This upload belongs to someone else."))
    uri = storage.our_uri(key)
    try:
        size, chunks = storage.stream_uri(uri)
    except GlueError as error:
        if error.code in MISSING:
            message = _("The file did not arrive in S3, which accepts up to %(limit)d MB. Choose it again.")
            raise InvalidSourceError(message % {"limit": max_bytes // 1024 // 1024}) from error
        raise
    printable = "".join(filter(str.isprintable, name))  # as Django takes the names of files that come with a form
    file = TemporaryUploadedFile(printable[-255:] or "upload", "", size, None)
    for chunk in chunks:
        file.write(chunk)
    file.seek(0)
    storage.delete(key)
    return file


def remove_leftovers() -> None:
    """Remove what was put there and never taken in: somebody closed the page, or the portal ended. What S3 refuses now is tried again later."""
    before = timezone.now() - _LEFT_BEHIND
    try:
        found = storage.list_objects(storage.our_uri(_FOLDER))
    except GlueError as error:
        logger.warning("uploads that were never taken in stay in S3: %s", error)
        return
    for left in found:
        if left.modified < before:
            storage.discard(storage.split_uri(left.uri)[1])
            logger.info("%s was never taken in: removed", left.uri)
