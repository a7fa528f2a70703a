from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People"

    def ready(self) -> None:
        """Register the system checks."""
        from accounts import checks  # noqa: F401  # registers itself; apps must be loaded first
