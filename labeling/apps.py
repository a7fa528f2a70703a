from __future__ import annotations

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class LabelingConfig(AppConfig):
    name = "labeling"
    verbose_name = "Labeling"

    def ready(self) -> None:
        """Register the system checks, and what SQLite needs to sort names."""
        from labeling import checks  # noqa: F401  # registers itself; apps must be loaded first
        from labeling.selectors.natural_order import give_to_sqlite  # selectors need the models

        connection_created.connect(give_to_sqlite)
