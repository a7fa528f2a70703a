"""Addresses of localglue: one for the protocol, one for whoever watches the process."""

from __future__ import annotations

from django.urls import path

from localglue import views

urlpatterns = [
    path("", views.endpoint),
    path("health", views.health),
]

handler404 = "localglue.views.unknown_address"
