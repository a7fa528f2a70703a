"""Which version of the engine this is; models say it of who made them."""

from __future__ import annotations

VERSION = "0.15.0"
