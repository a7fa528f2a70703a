"""``python -m labelportal.run.bucket``: the bucket of the S3 that comes with the compose file, made if it is missing."""

from __future__ import annotations

import os

from labelportal.run.probes import ensure_bucket

if __name__ == "__main__":
    ensure_bucket(os.environ, os.environ["LABELPORTAL_BUCKET"])
