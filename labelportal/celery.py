"""The Celery application: queue ``portal`` serves labeling, queue ``engine`` serves localglue.

A database row is the truth about every run, so results are not stored and any message may be lost or repeated.
"""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelportal.settings")

app = Celery("labelportal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
