from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from findmatches import FindMatchesError, Model, ask, train
from tests.findmatches.data import oracle, people


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    table, truth = people(60, 20)
    train(table, [oracle(truth)(ask(table, [], sets=4, rows=8))]).save(tmp_path / "model")
    return tmp_path / "model"


def test_a_model_holds_no_pickle_and_says_who_made_it(folder: Path) -> None:
    with np.load(folder / "arrays.npz", allow_pickle=False) as arrays:
        assert all(arrays[name].dtype != object for name in arrays.files)
    facts = json.loads((folder / "model.json").read_text())
    assert facts["made_by"].startswith("findmatches ")
    assert len(facts["labels_sha256"]) == 64
    assert sorted(path.name for path in folder.iterdir()) == ["arrays.npz", "model.json"]


def test_damaged_models_are_refused(folder: Path) -> None:
    text = (folder / "model.json").read_text()
    facts = json.loads(text)
    changes: list[tuple[dict[str, object], str]] = [
        ({"format": "x"}, "does not hold a findmatches model"),
        ({"format_version": 99}, "has format version 99"),
        ({"columns": facts["columns"][:-1]}, "damaged"),
        ({"first": None}, "damaged"),
        ({"views": [["words", [99]]]}, "damaged"),
        ({"side": 99}, "damaged"),
    ]
    for change, message in changes:
        (folder / "model.json").write_text(json.dumps({**facts, **change}))
        with pytest.raises(FindMatchesError, match=message):
            Model.load(folder)
    (folder / "model.json").write_text(text[: len(text) // 2])
    with pytest.raises(FindMatchesError, match="damaged"):
        Model.load(folder)
    (folder / "model.json").write_text(text)
    with np.load(folder / "arrays.npz") as stored:
        arrays = dict(stored)
    children = arrays["first_children"]
    twice, endless = children.copy(), children.copy()
    twice[0] = children[0, 0]  # a child of two questions
    endless[0, 1] = 0  # the way to the right leads nowhere else
    for damaged in (children[::-1], twice, endless):
        arrays["first_children"] = damaged
        np.savez(folder / "arrays.npz", allow_pickle=False, **arrays)
        with pytest.raises(FindMatchesError, match="do not fit together"):
            Model.load(folder)
    arrays["first_children"] = children
    arrays["evidence0_shared"] = np.append(arrays["evidence0_shared"], 1)
    np.savez(folder / "arrays.npz", allow_pickle=False, **arrays)
    with pytest.raises(FindMatchesError, match="do not fit together"):
        Model.load(folder)
    (folder / "arrays.npz").write_bytes(b"PK not a zip")
    with pytest.raises(FindMatchesError, match="damaged"):
        Model.load(folder)
    (folder / "arrays.npz").unlink()
    with pytest.raises(FindMatchesError, match=r"lacks arrays\.npz"):
        Model.load(folder)


def test_a_model_with_a_damaged_array_is_refused(folder: Path) -> None:
    arrays = folder / "arrays.npz"
    content = bytearray(arrays.read_bytes())
    name, extra = struct.unpack(
        "<HH", content[26:30]
    )  # how long they are, between the head of the first array and what it holds
    content[30 + name + extra] = 0xFF  # no kind of block of a compressed stream
    arrays.write_bytes(content)
    with pytest.raises(FindMatchesError, match="damaged"):
        Model.load(folder)
