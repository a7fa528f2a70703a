"""A report on A4: the colours and the order of the page, with page numbers and working links."""

from __future__ import annotations

from pathlib import Path

from fpdf import FPDF
from fpdf.enums import TableBordersLayout
from fpdf.fonts import FontFace

from labeling.reports.model import Figure, Report, Table

# Greek, Cyrillic, Arabic, Hebrew and all of Latin; what it has not comes as an empty box.
_FONTS = Path(__file__).resolve().parents[2] / "static" / "vendored" / "dejavu-fonts-2.37"
_INK, _GREY, _LINE, _HEAD, _ACCENT = (23, 27, 33), (89, 98, 110), (225, 229, 234), (241, 243, 246), (58, 79, 196)
_MARGIN = 16.0


class _Paper(FPDF):
    """A4 with the page number at its foot."""

    def __init__(self, footer: str) -> None:
        super().__init__(format="A4")
        self.foot = footer
        self.add_font("DejaVu", "", _FONTS / "DejaVuSans.ttf")
        self.add_font("DejaVu", "B", _FONTS / "DejaVuSans-Bold.ttf")
        self.set_margins(_MARGIN, _MARGIN)
        self.set_auto_page_break(True, margin=20)

    def footer(self) -> None:
        self.set_y(-14)
        self.set_font("DejaVu", size=7)
        self.set_text_color(*_GREY)
        self.cell(0, 5, f"{self.foot} · {self.page_no()} / {{nb}}", align="C")


def report_pdf(report: Report, *, base_url: str) -> bytes:
    """The report as PDF; ``base_url`` is put before the paths that cells lead to."""
    paper = _Paper(f"{report.title} · {report.subtitle}")
    paper.set_title(f"{report.title} · {report.subtitle}")
    paper.set_creator("labelportal")
    paper.add_page()
    _line(paper, report.title, size=18, bold=True)
    _line(paper, report.subtitle, size=10, colour=_GREY)
    _figures(paper, report.figures)
    for table in report.tables:
        _table(paper, table, base_url.rstrip("/"))
    if report.note:
        paper.ln(3)
        _line(paper, report.note, size=8, colour=_GREY)
    return bytes(paper.output())


def _line(paper: _Paper, text: str, *, size: float, bold: bool = False, colour: tuple[int, int, int] = _INK) -> None:
    paper.set_font("DejaVu", "B" if bold else "", size)
    paper.set_text_color(*colour)
    paper.multi_cell(0, size * 0.5, text, new_x="LMARGIN", new_y="NEXT")


def _figures(paper: _Paper, figures: tuple[Figure, ...]) -> None:
    """Side by side, each with its words above and the comparison below."""
    if not figures:
        return
    width = paper.epw / len(figures)
    top = paper.get_y() + 4
    for place, figure in enumerate(figures):
        for offset, (text, style, size, colour) in enumerate(
            ((figure.label, "", 8, _GREY), (figure.value.text, "B", 15, _INK), (figure.note, "", 7.5, _GREY))
        ):
            paper.set_xy(_MARGIN + place * width, top + (0, 5, 13)[offset])
            paper.set_font("DejaVu", style, size)
            paper.set_text_color(*colour)
            paper.cell(width, 5 if offset != 1 else 8, text)
    paper.set_xy(_MARGIN, top + 20)


def _table(paper: _Paper, table: Table, base_url: str) -> None:
    if paper.will_page_break(30):
        paper.add_page()
    paper.ln(3)
    _line(paper, table.title, size=11, bold=True)
    paper.ln(1.5)
    if not table.rows:
        _line(paper, table.empty, size=9, colour=_GREY)
        return
    paper.set_font("DejaVu", size=8)
    paper.set_text_color(*_INK)
    paper.set_draw_color(*_LINE)
    widths = _widths(paper, table)
    with paper.table(
        col_widths=widths,
        text_align=["RIGHT" if column.number else "LEFT" for column in table.columns],
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        headings_style=FontFace(emphasis="BOLD", color=_GREY, fill_color=_HEAD),
        line_height=5,
        padding=(1, 1.5),
    ) as drawn:
        drawn.row([column.name for column in table.columns])
        for cells in table.rows:
            row = drawn.row()
            for cell in cells:
                link = f"{base_url}{cell.path}" if cell.path else None
                row.cell(cell.text, link=link, style=FontFace(color=_ACCENT) if link else None)


def _widths(paper: _Paper, table: Table) -> tuple[float, ...]:
    """As wide as the longest text, headings included, texts of sentences capped; the table shares the rest among them."""
    texts = [[column.name, *(row[place].text for row in table.rows)] for place, column in enumerate(table.columns)]
    return tuple(min(max(paper.get_string_width(text) for text in column), 70.0) + 4 for column in texts)
