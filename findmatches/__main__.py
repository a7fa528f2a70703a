from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from findmatches.cli import main


class _PandasForSparkOnly(MetaPathFinder):
    """Arrow imports pandas, where it is installed, with the first array that it makes of NumPy values: 0.13 seconds, and then only Spark has a use for it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "pandas" and "pyspark" not in sys.modules:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None


if __name__ == "__main__":
    sys.meta_path.insert(0, _PandasForSparkOnly())
    # Else the interpreter would look through all that was imported for garbage: while it works, and once more before it ends.
    gc.freeze()
    code = main()
    gc.freeze()
    sys.exit(code)
