"""Addresses of the portal."""

from __future__ import annotations

from django.urls import include, path

from labeling.api.site import api_urls

urlpatterns = [
    path("api/v1/", api_urls()),
    path("accounts/", include("accounts.urls")),
    path("", include("labeling.urls")),
]
