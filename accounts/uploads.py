"""Files that come with a form are kept on disk while it is read, before any view asks who has sent it: not those of strangers."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile


class StrangersUploadHandler(FileUploadHandler):
    """The first handler: reads past the files of whoever has not signed in, nor come with a good token. Everybody else's go to the handlers after it."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Raises ``SkipFile`` for strangers: the fields of their form are read all the same, so that they can be sent to sign in."""
        super().new_file(*args, **kwargs)
        user, token = getattr(self.request, "user", None), getattr(self.request, "auth", None)
        if token is None and not (user and user.is_authenticated):
            raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """For the next handler."""
        return raw_data

    def file_complete(self, file_size: int) -> UploadedFile[bytes] | None:
        """None: the file is another handler's."""
        return None
