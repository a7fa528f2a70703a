"""The one error that callers need to catch."""

from __future__ import annotations


class FindMatchesError(Exception):
    """Something that a person can put right. The message says what, and where: file, line, column, set or key."""
