from __future__ import annotations

from django.apps import AppConfig


class LabelingConfig(AppConfig):
    name = "labeling"
    verbose_name = "Labeling"

    def ready(self) -> None:
        """Register the system checks."""
        from labeling import checks  # noqa: F401  # registers itself; apps must be loaded first
