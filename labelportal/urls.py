"""Addresses of the portal."""

from __future__ import annotations

from django.urls import include, path

from labeling.api.site import api_urls

handler403 = "labeling.views.refusals.permission_denied"
urlpatterns = [
    path("api/v1/", api_urls()),
    path("accounts/", include("accounts.urls")),
    path("", include("labeling.urls")),
]
