"""How static files get their names."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """Scripts import each other by hashed names too: no page runs scripts of two versions, and browsers ask for each of them once."""

    support_js_module_import_aggregation = True
