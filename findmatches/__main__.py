from __future__ import annotations

import gc
import sys

from findmatches.cli import main

if __name__ == "__main__":
    # Else the interpreter would look through all that was imported for garbage: while it works, and once more before it ends.
    gc.freeze()
    code = main()
    gc.freeze()
    sys.exit(code)
