"""Tables of a Word document as XML: repeated heads, rows that stay whole, widths that fit."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import groupby, zip_longest
from xml.sax.saxutils import escape

from walkcover.maps.document import ARROW, WORDY, Cell, Column, FactCard, Row, Table

# Millimetres that a digit takes in a table, half a Chinese letter nearly so, and the padding of
# a cell.
LETTER_MM, PADDING_MM = 1.7, 2.0
TWIPS_PER_MM = 1440 / 25.4
# Letters of words that a column is given at most; longer ones go on in the next line.
WIDEST_WORDS = {"word": 26, "text": 16, "name": 26, "code": 18}
LEAST_WORDS = 10
INDENT_MM = 4.0
# Rows that are written into by hand are at least so high.
BY_HAND_MM = 9.0
RULE, STRONG_RULE, QUIET = "D5D9DE", "1D2329", "555D66"
NAMESPACES = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
CARDS_ACROSS = 3


def text_width(text: str) -> int:
    r"""
    Count the letters of the longest line; a Chinese one counts twice.

    Examples
    --------
    >>> text_width("ab\n覆盖率"), text_width("")
    (6, 0)
    """
    wide = {"W", "F"}
    lines = (
        sum(2 if unicodedata.east_asian_width(letter) in wide else 1 for letter in line)
        for line in text.split("\n")
    )
    return max(lines, default=0)


def column_widths(table: Table, width_mm: float) -> list[float]:
    """
    Part the width of a page among the columns of a table.

    Figures are never broken; words get what is left, by their length.

    Parameters
    ----------
    table
        The table.
    width_mm
        Width of the page between its margins.

    Returns
    -------
    widths_mm
        One for each column; together `width_mm`.

    Examples
    --------
    >>> columns = (Column("Zone", "name"), Column("People", "people"))
    >>> rows = (Row((Cell("North"), Cell("1,000"))),)
    >>> [round(one) for one in column_widths(Table(columns, rows), 100.0)]
    [43, 57]
    """
    least, wanted, full = [], [], []
    for at, column in enumerate(table.columns):
        longest = max((_letters(row, at) for row in table.rows), default=0)
        # Heads are bold; one of many Chinese letters may break between any two of them.
        head = min(max(map(text_width, column.title.split()), default=0) + 1, LEAST_WORDS)
        most = max(longest, head)
        usual = min(most, WIDEST_WORDS[column.kind]) if column.kind in WORDY else most
        breaks = column.kind in WORDY and column.kind != "word"
        least.append(min(usual, LEAST_WORDS) if breaks else usual)
        wanted.append(usual)
        full.append(most)
    for low, high in ((least, wanted), (wanted, full)):
        small, large = (
            [one * LETTER_MM + PADDING_MM for one in letters] for letters in (low, high)
        )
        if sum(large) > width_mm:
            break
    spare = sum(large) - sum(small)
    share = min(1.0, max(0.0, width_mm - sum(small)) / spare) if spare else 0.0
    widths = [one + share * (more - one) for one, more in zip(small, large, strict=True)]
    return [one * width_mm / sum(widths) for one in widths]


def _letters(row: Row, at: int) -> int:
    """Count the letters of a cell in a line; a long note may go on in the next one."""
    cell = row.cells[at]
    mark = f" {cell.note}" if len(cell.note) == 1 else ""
    indent = round(INDENT_MM / LETTER_MM) * min(row.depth, 2) if at == 0 else 0
    return max(text_width(str(cell) + mark) + indent, text_width(cell.note))


def table_xml(table: Table, width_mm: float) -> str:
    """
    Write a table.

    Parameters
    ----------
    table
        The table.
    width_mm
        Width of the page between its margins.

    Returns
    -------
    xml
        A ``w:tbl`` whose head is repeated on every page and whose rows are never broken.
    """
    if table.halves:
        table = _side_by_side(table)
    widths = column_widths(table, width_mm)
    heads = []
    if any(column.over for column in table.columns):
        cells, at = [], 0
        # Columns without a head above them stand alone.
        keyed = enumerate(table.columns)
        for over, group in groupby(keyed, key=lambda one: one[1].over or f"\0{one[0]}"):
            count = len(list(group))
            span = sum(widths[at : at + count])
            text = "" if over.startswith("\0") else over
            cells.append(_cell(_runs(text, bold=True), span, left=False, span=count))
            at += count
        heads.append(_row(cells, head=True))
    titles = [
        _cell(_runs(column.title, bold=True), width, left=_is_left(at, column), rule=STRONG_RULE)
        for at, (column, width) in enumerate(zip(table.columns, widths, strict=True))
    ]
    heads.append(_row(titles, head=True))
    height_mm = BY_HAND_MM if table.by_hand else 0.0
    rows = [_row(_body(row, table.columns, widths), height_mm=height_mm) for row in table.rows]
    return _table(widths, [*heads, *rows])


def _side_by_side(table: Table) -> Table:
    """Put the lower half of a long and thin table beside the upper one."""
    half = (len(table.rows) + 1) // 2
    nothing = Row((Cell(""),) * len(table.columns))
    pairs = zip_longest(table.rows[:half], table.rows[half:], fillvalue=nothing)
    rows = tuple(Row(left.cells + right.cells) for left, right in pairs)
    return Table(table.columns * 2, rows)


def _is_left(at: int, column: Column) -> bool:
    return at == 0 or column.kind in WORDY


def _body(row: Row, columns: Sequence[Column], widths: Sequence[float]) -> list[str]:
    cells = []
    for at, (cell, column, width) in enumerate(zip(row.cells, columns, widths, strict=True)):
        left = _is_left(at, column)
        indent = INDENT_MM * min(row.depth, 2) if at == 0 else 0.0
        small = column.kind == "code"
        runs = _cell_runs(cell, half_points=14 if small else 0)
        cells.append(_cell(runs, width, left=left, indent_mm=indent, rule=RULE))
    return cells


def cards_xml(cards: Sequence[str], width_mm: float) -> str:
    """
    Write boxes side by side.

    Parameters
    ----------
    cards
        The paragraphs of each box, as XML.
    width_mm
        Width of the page between its margins.

    Returns
    -------
    xml
        A ``w:tbl`` with a cell for each box.
    """
    across = CARDS_ACROSS
    width = width_mm / across
    filled = [*cards, *["<w:p/>"] * (-len(cards) % across)]
    boxes = [
        f'<w:tc><w:tcPr><w:tcW w:w="{_twips(width)}" w:type="dxa"/>{_box(drawn=at < len(cards))}'
        f"</w:tcPr>{card}</w:tc>"
        for at, card in enumerate(filled)
    ]
    rows = [_row(boxes[at : at + across]) for at in range(0, len(boxes), across)]
    return _table([width] * across, rows, padding_mm=2.0)


def fact_card_xml(card: FactCard) -> str:
    """Write the paragraphs of a card of facts."""
    lines = [paragraph_xml(_runs(card.title, bold=True))]
    lines.append(paragraph_xml(_runs(card.tag, quiet=True)))
    for name, cell in card.facts:
        lines.append(paragraph_xml(_runs(f"{name}  ", quiet=True) + _cell_runs(cell)))
    return "".join(lines)


def headline_xml(title: str, figure: Cell, notes: Sequence[str]) -> str:
    """Write the paragraphs of a headline figure."""
    lines = [_runs(title, quiet=True), _cell_runs(figure, half_points=30, bold=True)]
    lines += [_runs(note, quiet=True) for note in notes]
    return "".join(map(paragraph_xml, lines))


def paragraph_xml(runs: str, *, left: bool = True, indent_mm: float = 0.0) -> str:
    """Write a paragraph of a table around its runs."""
    indent = f'<w:ind w:left="{_twips(indent_mm)}"/>' if indent_mm else ""
    side = "left" if left else "right"
    style = '<w:pStyle w:val="TableText"/>'
    return f'<w:p><w:pPr>{style}{indent}<w:jc w:val="{side}"/></w:pPr>{runs}</w:p>'


def _cell_runs(cell: Cell, *, half_points: int = 0, bold: bool = False) -> str:
    runs = _runs(cell.text, half_points=half_points, bold=bold)
    if cell.after:
        runs += _runs(ARROW, quiet=True) + _runs(cell.after, half_points=half_points, bold=bold)
    # A mark stands behind the figure, words in a line of their own.
    between = " " if len(cell.note) == 1 else "\n"
    return runs + (_runs(between + cell.note, quiet=True) if cell.note else "")


def _runs(text: str, *, bold: bool = False, quiet: bool = False, half_points: int = 0) -> str:
    look = "<w:b/>" if bold else ""
    look += f'<w:color w:val="{QUIET}"/>' if quiet else ""
    look += f'<w:sz w:val="{half_points}"/><w:szCs w:val="{half_points}"/>' if half_points else ""
    lines = (f'<w:t xml:space="preserve">{escape(line)}</w:t>' for line in text.split("\n"))
    return f"<w:r><w:rPr>{look}</w:rPr>{'<w:br/>'.join(lines)}</w:r>"


def _cell(
    runs: str,
    width_mm: float,
    *,
    left: bool,
    indent_mm: float = 0.0,
    span: int = 1,
    rule: str = "",
) -> str:
    over = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    line = f'<w:bottom w:val="single" w:sz="4" w:space="0" w:color="{rule}"/>' if rule else ""
    borders = f"<w:tcBorders>{line}</w:tcBorders>" if line else ""
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{_twips(width_mm)}" w:type="dxa"/>{over}{borders}</w:tcPr>'
        f"{paragraph_xml(runs, left=left, indent_mm=indent_mm)}</w:tc>"
    )


def _box(*, drawn: bool) -> str:
    if not drawn:
        return ""
    line = f'w:val="single" w:sz="4" w:space="0" w:color="{RULE}"'
    sides = "".join(f"<w:{side} {line}/>" for side in ("top", "left", "bottom", "right"))
    return f"<w:tcBorders>{sides}</w:tcBorders>"


def _row(cells: Sequence[str], *, head: bool = False, height_mm: float = 0.0) -> str:
    high = f'<w:trHeight w:val="{_twips(height_mm)}" w:hRule="atLeast"/>' if height_mm else ""
    repeated = "<w:tblHeader/>" if head else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{high}{repeated}</w:trPr>{''.join(cells)}</w:tr>"


def _table(widths_mm: Sequence[float], rows: Sequence[str], *, padding_mm: float = 1.0) -> str:
    grid = "".join(f'<w:gridCol w:w="{_twips(one)}"/>' for one in widths_mm)
    side = f'w:w="{_twips(padding_mm)}" w:type="dxa"'
    return (
        f"<w:tbl {NAMESPACES}><w:tblPr>"
        f'<w:tblW w:w="{_twips(sum(widths_mm))}" w:type="dxa"/><w:tblLayout w:type="fixed"/>'
        f"<w:tblCellMar><w:left {side}/><w:right {side}/></w:tblCellMar>"
        f"</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )


def _twips(length_mm: float) -> int:
    return round(length_mm * TWIPS_PER_MM)
