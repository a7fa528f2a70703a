"""WSGI entry of the portal."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelportal.settings")

application = get_wsgi_application()

# The pages and all they import: read before gunicorn forks, and not by each worker in its first request.
_ = get_resolver().url_patterns
