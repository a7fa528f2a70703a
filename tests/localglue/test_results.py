"""The files that jobs write."""

from __future__ import annotations

import io
import json
import math
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from localglue.work.results import encoded

TYPED = [
    ("id", "bigint", "12", 12),
    ("zip", "int", "01234", "01234"),  # a leading zero would be lost
    ("price", "double", "0.50", 0.5),
    ("weight", "float", "0.1", 0.1),
    ("paid", "decimal(6,2)", "12.50", Decimal("12.50")),
    ("born", "date", "1990-01-02", date(1990, 1, 2)),
    ("seen", "timestamp", "1990-01-02T10:11:12", datetime(1990, 1, 2, 10, 11, 12)),  # noqa: DTZ001
    ("zoned", "timestamp", "1990-01-02T10:11:12Z", "1990-01-02T10:11:12Z"),
    ("large", "tinyint", "300", "300"),
    ("odd", "double", "NaN", None),
    ("ok", "boolean", "TRUE", True),
    ("name", "varchar(20)", "7", "7"),
]


def test_results_have_the_types_of_the_table_where_their_format_has_types() -> None:
    schema = [{"Name": name, "DataType": kind} for name, kind, _, _ in TYPED]
    cells = {name: pa.array([text, None], pa.large_string()) for name, _, text, _ in TYPED}
    matches = pa.table({**cells, "match_id": pa.array([3, 3], pa.int64())})

    table = pq.read_table(io.BytesIO(encoded(matches, "parquet", schema)))
    first, second = table.to_pylist()
    assert math.isnan(first.pop("odd"))
    assert first == {
        name: pytest.approx(value) if name == "weight" else value for name, _, _, value in TYPED if value
    } | {"match_id": 3}
    assert set(second.values()) == {None, 3}
    assert str(table.schema.field("weight").type) == "float"

    line, _ = encoded(matches, "json", schema).splitlines()
    as_text = {name: str(value) for name, _, _, value in TYPED if isinstance(value, (Decimal, date))}
    assert json.loads(line, parse_constant=pytest.fail) == (
        {name: value for name, _, _, value in TYPED} | as_text | {"odd": "nan", "match_id": 3}
    )
    assert encoded(matches, "csv", schema).splitlines()[1] == (
        b",".join(f'"{text}"'.encode() for _, _, text, _ in TYPED) + b",3"
    )
