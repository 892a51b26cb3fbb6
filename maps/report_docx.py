"""Write the report as a Word document, for offices that edit and forward it."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable
from typing import Any

from walkcover.maps._word_tables import (
    NAMESPACES,
    cards_xml,
    fact_card_xml,
    headline_xml,
    table_xml,
)
from walkcover.maps.document import (
    Block,
    Bullets,
    Cards,
    Chapter,
    Document,
    FactCards,
    Figure,
    Heading,
    Paragraph,
    Table,
    Terms,
)
from walkcover.maps.report import report_document
from walkcover.maps.report_html import running_head
from walkcover.result import Result

PAGE_MM, MARGINS_MM = (210.0, 297.0), {"top": 18.0, "bottom": 18.0, "left": 17.0, "right": 17.0}
TEXT_MM = PAGE_MM[0] - MARGINS_MM["left"] - MARGINS_MM["right"]
FIGURE_MM = {True: 105.0, False: 130.0}
# Stands in files that must carry a date where the plan gives none.
NO_DATE = "2000-01-01"
# Every entry of the zip gets the first moment that a zip can name.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
LATIN = "Arial"
# Every Chinese office has these two; a program without them takes its own serif and black type.
BODY_FONT, HEAD_FONT = "SimSun", "SimHei"
# Style, size in points, space before and after in points, whether it is a head.
STYLES = (
    ("Normal", 10.5, 2, 2, False),
    ("Title", 22, 0, 2, True),
    ("Subtitle", 10, 0, 8, False),
    ("Heading 1", 14, 18, 4, True),
    ("Heading 2", 12, 10, 3, True),
    ("List Bullet", 10.5, 1, 1, False),
    ("List Number", 10.5, 1, 1, False),
    ("Caption", 9, 1, 6, False),
)
TABLE_TEXT_PT, SPACE_BELOW_PT = 8.5, 4.0
INK, QUIET = "1D2329", "555D66"
THEME_FONTS = ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme")


def build_report_docx(result: Result) -> bytes:
    """
    Write the report of a run as a Word document for A4 paper.

    Parameters
    ----------
    result
        A finished run.

    Returns
    -------
    docx
        The file, the same bytes for the same result.
    """
    return docx_report(report_document(result), date=result.plan.plan.date)


def docx_report(document: Document, *, date: str = "") -> bytes:
    """
    Write a document for word processors.

    Parameters
    ----------
    document
        What it says.
    date
        Date that the file carries, as ``2022-05-20``.

    Returns
    -------
    docx
        The file: headings, lists, captions and page numbers are real ones, heads of tables are
        repeated, drawings are pictures with a description.
    """
    import docx

    file = docx.Document()
    _set_up(file, document, date or NO_DATE)
    _line(file, document.banner, "Banner")
    _line(file, document.title, "Title")
    _line(file, " · ".join(filter(None, [document.subtitle, document.date])), "Subtitle")
    for chapter in document.chapters:
        _write_chapter(file, chapter)
    return _same_bytes(file)


def _set_up(file: Any, document: Document, date: str) -> None:
    """Set page, styles, margins' texts and properties."""
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import Mm

    section = file.sections[0]
    section.page_width, section.page_height = (Mm(one) for one in PAGE_MM)
    for side, margin in MARGINS_MM.items():
        setattr(section, f"{side}_margin", Mm(margin))
    for name, size_pt, before_pt, after_pt, is_head in STYLES:
        _dress(file.styles[name], size_pt, before_pt, after_pt, is_head=is_head)
    for name, size_pt in (("TableText", TABLE_TEXT_PT), ("Banner", 9.0), ("Say", 12.0)):
        style = file.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = file.styles["Normal"]
        _dress(style, size_pt, 1, 1, is_head=False)
    for style in file.styles:
        for language in style.element.iter(_name("lang")):
            language.set(_name("val"), "en-US")
            language.set(_name("eastAsia"), "zh-CN")
    section.different_first_page_header_footer = True
    _line(section.header, running_head(document.title), "Caption", reuse=True)
    for footer in (section.footer, section.first_page_footer):
        _page_number(footer.paragraphs[0], document.page_label)
    when = dt.datetime.fromisoformat(date)
    properties = file.core_properties
    properties.title, properties.author = document.title[:255], "walkcover"
    properties.language, properties.comments = document.language, ""
    properties.created = properties.modified = when
    properties.last_modified_by, properties.revision = "walkcover", 1
    package = file.part.package
    for key, part in list(package.rels.items()):
        # The template brings a picture of another document.
        if part.reltype.endswith("/thumbnail"):
            del package.rels[key]


def _dress(style: Any, size_pt: float, before_pt: float, after_pt: float, *, is_head: bool) -> None:
    """Set fonts for Latin and Chinese letters, size, colour and spacing of a style."""
    from docx.shared import Pt, RGBColor

    style.font.name, style.font.size = LATIN, Pt(size_pt)
    style.font.bold, style.font.italic = is_head, False
    is_quiet = style.name in ("Subtitle", "Caption")
    style.font.color.rgb = RGBColor.from_string(QUIET if is_quiet else INK)
    fonts = style.element.rPr.rFonts
    for theme in THEME_FONTS:
        fonts.attrib.pop(_name(theme), None)
    fonts.set(_name("eastAsia"), HEAD_FONT if is_head else BODY_FONT)
    style.paragraph_format.space_before = Pt(before_pt)
    style.paragraph_format.space_after = Pt(after_pt)
    style.paragraph_format.keep_with_next = is_head or None
    for border in list(style.element.iter(_name("pBdr"))):
        border.getparent().remove(border)


def _name(tag: str) -> str:
    from docx.oxml.ns import qn

    name: str = qn(f"w:{tag}")
    return name


def _line(place: Any, text: str, style: str, *, reuse: bool = False) -> Any:
    """Write a paragraph; `reuse` takes the empty one that a header brings."""
    paragraph = place.paragraphs[0] if reuse else place.add_paragraph()
    paragraph.style = style
    if text:
        paragraph.add_run(text)
    return paragraph


def _page_number(paragraph: Any, page_label: str) -> None:
    """Write the foot of a page, with fields that word processors fill in."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import parse_xml

    paragraph.alignment, paragraph.style = WD_ALIGN_PARAGRAPH.CENTER, "Caption"
    fields = {"page": "PAGE", "pages": "NUMPAGES"}
    for at, part in enumerate(re.split(r"\{(page|pages)\}", page_label)):
        if at % 2:
            xml = f'<w:fldSimple {NAMESPACES} w:instr="{fields[part]}"><w:r><w:t>1</w:t></w:r>'
            paragraph._p.append(parse_xml(f"{xml}</w:fldSimple>"))
        elif part:
            paragraph.add_run(part)


def _write_chapter(file: Any, chapter: Chapter) -> None:
    if chapter.title:
        tag = f" [{chapter.tag}]" if chapter.tag else ""
        head = _line(file, chapter.title + tag, "Heading 1")
        head.paragraph_format.page_break_before = chapter.new_page
    for block in chapter.blocks:
        WRITERS[type(block)](file, block)


def _write_heading(file: Any, block: Heading) -> None:
    _line(file, block.text, "Heading 1" if block.level == 2 else "Heading 2")


def _write_paragraph(file: Any, block: Paragraph) -> None:
    styles = {"say": "Say", "quiet": "Caption"}
    paragraph = _line(file, block.text, styles.get(block.style, "Normal"))
    paragraph.paragraph_format.keep_with_next = block.style == "quiet" or None


def _write_bullets(file: Any, block: Bullets) -> None:
    for line in block.lines:
        _line(file, line, "List Number" if block.ordered else "List Bullet")


def _write_cards(file: Any, block: Cards) -> None:
    boxes = []
    for card in block.cards:
        notes = [str(card.tag)] if card.tag else []
        boxes.append(headline_xml(card.title, card.figure, [*notes, *card.notes]))
    _append(file, cards_xml(boxes, TEXT_MM))


def _write_facts(file: Any, block: FactCards) -> None:
    _append(file, cards_xml([fact_card_xml(card) for card in block.cards], TEXT_MM))


def _write_table(file: Any, block: Table) -> None:
    _append(file, table_xml(block, TEXT_MM))


def _write_figure(file: Any, block: Figure) -> None:
    from docx.shared import Mm

    paragraph = _line(file, "", "Normal")
    paragraph.paragraph_format.keep_with_next = True
    picture = io.BytesIO(block.drawing.png())
    inline = paragraph.add_run().add_picture(picture, width=Mm(FIGURE_MM[block.beside]))
    inline._inline.docPr.set("descr", block.drawing.title)
    for line in block.caption:
        _line(file, line, "Caption")


def _write_terms(file: Any, block: Terms) -> None:
    for word, meaning in block.terms:
        paragraph = _line(file, "", "Normal")
        paragraph.add_run(word).bold = True
        paragraph.add_run(f"  {meaning}")


WRITERS: dict[type[Block], Callable[[Any, Any], None]] = {
    Heading: _write_heading,
    Paragraph: _write_paragraph,
    Bullets: _write_bullets,
    Cards: _write_cards,
    FactCards: _write_facts,
    Table: _write_table,
    Figure: _write_figure,
    Terms: _write_terms,
}


def _append(file: Any, xml: str) -> None:
    """Put a table at the end, with room below, as two tables in a row would become one."""
    from docx.oxml import parse_xml
    from docx.shared import Pt

    file.element.body.insert_element_before(parse_xml(xml), "w:sectPr")
    space = _line(file, "", "TableText")
    space.paragraph_format.line_spacing = Pt(SPACE_BELOW_PT)


def _same_bytes(file: Any) -> bytes:
    """Save, and pack again without the time of saving."""
    saved, packed = io.BytesIO(), io.BytesIO()
    file.save(saved)
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(name))
    return packed.getvalue()
