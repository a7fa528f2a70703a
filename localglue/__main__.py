"""``python -m localglue``: see ``localglue.alone``."""

from __future__ import annotations

import sys

from localglue.alone import main

if __name__ == "__main__":
    sys.exit(main())
