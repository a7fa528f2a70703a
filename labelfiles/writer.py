"""``LabelFile`` to bytes that Glue reads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from io import BytesIO
from typing import BinaryIO

from labelfiles.model import LABEL_COLUMN, SET_ID_COLUMN, LabelFile, LabelFileError, Problem, check_header

_SPECIAL = re.compile(r'[",\r\n]')


def write_label_file(label_file: LabelFile, stream: BinaryIO) -> None:
    """Write UTF-8 without a byte order mark, one header line, RFC 4180 quoting, and ``\\n`` at the end of each record.

    ``\\n`` and not ``\\r\\n``: Spark and every spreadsheet read both, but line-based tools leave a ``\\r`` in the last cell.
    An empty value is an empty cell, which is also how a null is written. Whatever is written here,
    ``read_label_file`` reads back the same, but for rows without any value. Raises ``LabelFileError`` if two columns have the same name, if a row has not as many
    values as there are columns or holds text that UTF-8 cannot carry (half of a surrogate pair).
    """
    header = (SET_ID_COLUMN, LABEL_COLUMN, *label_file.columns)
    check_header(header)
    stream.write(_line(header, 1))
    for number, row in enumerate(label_file.rows, start=1):
        if len(row.values) != len(label_file.columns):
            message = f"Row {number} has {len(row.values)} values; the file has {len(label_file.columns)} columns."
            raise LabelFileError([Problem(row.line or None, None, "row_width", message)])
        stream.write(_line((row.labeling_set_id, row.label, *row.values), row.line))


def label_file_bytes(label_file: LabelFile) -> bytes:
    """What ``write_label_file`` writes, as bytes."""
    stream = BytesIO()
    write_label_file(label_file, stream)
    return stream.getvalue()


def _needs_quotes(cell: str) -> bool:
    """Beside what CSV itself needs: what some readers would take off, spaces at the ends and a byte order mark."""
    return _SPECIAL.search(cell) is not None or cell != cell.strip() or cell.startswith("\ufeff")


def _line(cells: Iterable[str], line: int) -> bytes:
    text = ",".join(['"' + cell.replace('"', '""') + '"' if _needs_quotes(cell) else cell for cell in cells])
    try:
        return (text + "\n").encode("utf-8")
    except UnicodeEncodeError:
        message = "A cell holds half of a surrogate pair, which UTF-8 cannot carry."
        raise LabelFileError([Problem(line or None, None, "encoding", message)]) from None
