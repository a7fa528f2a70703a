from __future__ import annotations

import gc
import sys

from findmatches.cli import main

if __name__ == "__main__":
    gc.freeze()  # else the interpreter would look through all that it has imported for garbage, while it works
    code = main()
    gc.freeze()  # and before it ends
    sys.exit(code)
