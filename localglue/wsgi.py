"""WSGI entry of localglue: the same settings module, another URLconf, no sessions, no pages."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelportal.settings")
os.environ["LABELPORTAL_PROCESS"] = "glue"  # before the settings load: they choose URLconf and middleware by it

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from localglue import operations, protocol  # noqa: E402  # the models they import need the apps to be ready

operations.load()
protocol.service_model()  # 1 MB of JSON: read when the process starts, not in the first request
