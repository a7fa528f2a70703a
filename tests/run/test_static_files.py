"""Static files as browsers get them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from django.core.files.storage import FileSystemStorage

from labelportal.run.config import ROOT
from labelportal.staticfiles import HashedFiles

_IMPORTED = re.compile(r"""^(?:import|export)\b[^;]*?["'](\.[^"']+)["'];""", re.MULTILINE)


def test_scripts_import_each_other_by_names_that_change_with_their_content(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "static" / "js", tmp_path / "js")
    scripts = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.js"))

    storage = HashedFiles(location=tmp_path, base_url="/static/")
    made = storage.post_process({name: (FileSystemStorage(tmp_path), name) for name in scripts})
    hashed = {name: tmp_path / new for name, new, _ in made if new.endswith(".js")}

    imported = {
        (path.parent / name).resolve() for path in hashed.values() for name in _IMPORTED.findall(path.read_text())
    }
    assert hashed["js/workbench/values.js"] in imported
    assert imported <= set(hashed.values())
