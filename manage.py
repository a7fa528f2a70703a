#!/usr/bin/env python
"""Django's command line for labelportal."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelportal.settings")
    from django.core.management import execute_from_command_line  # settings must be named before Django loads

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
