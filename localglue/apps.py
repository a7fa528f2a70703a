from __future__ import annotations

from django.apps import AppConfig


class LocalglueConfig(AppConfig):
    name = "localglue"
    verbose_name = "localglue"
