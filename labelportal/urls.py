"""Addresses of the portal."""

from __future__ import annotations

from django.urls import include, path

from labelportal.health import health

urlpatterns = [
    path("health", health, name="health"),
    path("accounts/", include("accounts.urls")),
    path("", include("labeling.urls")),
]
