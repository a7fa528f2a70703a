from __future__ import annotations

import gc
import sys

from findmatches.cli import main

if __name__ == "__main__":
    code = main()
    gc.freeze()  # else the interpreter would look through all that it has imported for garbage before it ends
    sys.exit(code)
