"""The report as a Word document: what the page says, in real styles, the same bytes again."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn
from report_pages import parse, text_of
from results import make_result

from walkcover.maps import build_report
from walkcover.maps._word_tables import column_widths, table_xml, text_width
from walkcover.maps.document import Cell, Column, Row, Table
from walkcover.maps.report_docx import TEXT_MM, build_report_docx

AWKWARD = "=1+1<script>&amp;{{7*7}}\x07../../x😀" + "长" * 500


def opened(**options: Any) -> Any:
    return docx.Document(io.BytesIO(build_report_docx(make_result(**options))))


def said_in(element: Any) -> str:
    """Text below an element; python-docx gives some of its elements a text of their own."""
    return squeezed("".join(one.text or "" for one in element.iter(qn("w:t"))))


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.fixture(scope="module")
def english() -> Any:
    return opened(language="en")


def tables_of_the_page(language: str) -> list[list[list[str]]]:
    page = parse(build_report(make_result(language=language)))
    return [
        [[squeezed(text_of(cell)) for cell in row] for row in table.findall("tbody/tr")]
        for table in page.findall(".//table")
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_tables_are_those_of_the_page(language: str) -> None:
    file = opened(language=language)
    found = []
    for table in file.tables:
        rows = [row for row in table._tbl.tr_lst if row.find(f".//{qn('w:tblHeader')}") is None]
        if len(rows) == len(table._tbl.tr_lst):
            continue  # cards have no head
        found.append([[said_in(c) for c in row.tc_lst] for row in rows])
    wanted = tables_of_the_page(language)
    # The long list of parameters stands in two halves beside each other.
    long = next(table for table in wanted if table[0][0] == "walk.flat_kmh")
    half = (len(long) + 1) // 2
    pairs = [*long[half:], *[["", ""]] * (2 * half - len(long))]
    at = wanted.index(long)
    wanted[at] = [left + right for left, right in zip(long[:half], pairs, strict=True)]
    assert found == wanted


@pytest.mark.parametrize("language", ["zh", "en"])
def test_headings_and_sentences_are_those_of_the_page(language: str) -> None:
    file, page = opened(language=language), parse(build_report(make_result(language=language)))
    heads = [p.text for p in file.paragraphs if p.style.name == "Heading 1"]
    wanted = [" ".join(text_of(one).split()) for one in page.findall(".//h2")]
    tag = " ".join(text_of(page.findall('.//h2/span[@class="tag"]')[0]).split())
    assert heads == [one.replace(f" {tag}", f" [{tag}]") for one in wanted]
    said = {squeezed(p.text) for p in file.paragraphs}
    for path in (".//li", './/p[@class="say"]', './/p[@class="quiet"]', ".//h3"):
        for element in page.findall(path):
            assert squeezed(text_of(element)) in said
    body = said_in(file.element.body)
    for element in page.findall('.//div[@class="cards"]/div') + page.findall(".//dd"):
        assert squeezed(text_of(element)) in body


def test_heads_are_repeated_and_rows_stay_whole(english: Any) -> None:
    for table in english.tables:
        rows = table._tbl.tr_lst
        assert all(row.find(f".//{qn('w:cantSplit')}") is not None for row in rows)
        heads = [row.find(f".//{qn('w:tblHeader')}") is not None for row in rows]
        assert heads == sorted(heads, reverse=True)
    assert sum("<w:tblHeader/>" in table._tbl.xml for table in english.tables) >= 10


def test_every_style_names_a_chinese_font(english: Any) -> None:
    used = {p.style.name for p in english.paragraphs} | {"TableText"}
    used |= {p.style.name for p in english.sections[0].footer.paragraphs}
    for name in used:
        fonts = english.styles[name].element.rPr.rFonts
        assert fonts.get(qn("w:eastAsia")) in ("SimSun", "SimHei"), name
        assert not [key for key in fonts if key.endswith("Theme")], name


def test_pages_are_numbered_and_named(english: Any) -> None:
    section = english.sections[0]
    assert round(section.page_width.mm) == 210
    assert round(section.page_height.mm) == 297
    for footer in (section.footer, section.first_page_footer):
        xml = footer._element.xml
        assert 'w:instr="PAGE"' in xml
        assert 'w:instr="NUMPAGES"' in xml
        assert said_in(footer._element) == "Page1of1"
    assert section.header.paragraphs[0].text == "并州步行覆盖"
    assert section.first_page_header.paragraphs[0].text == ""


def test_the_file_carries_the_date_of_the_plan_and_no_other(english: Any) -> None:
    properties = english.core_properties
    assert properties.created == properties.modified
    assert properties.created.date() == dt.date(2022, 5, 20)
    assert properties.author == properties.last_modified_by == "walkcover"
    with zipfile.ZipFile(io.BytesIO(build_report_docx(make_result()))) as file:
        assert {entry.date_time for entry in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not [name for name in file.namelist() if "thumbnail" in name]


def test_same_result_same_bytes() -> None:
    assert build_report_docx(make_result()) == build_report_docx(make_result())


def test_drawings_are_pictures_with_a_description(english: Any) -> None:
    described = [one.get("descr") for one in english.element.iter(qn("wp:docPr"))]
    assert described == ["Where it is", "Share covered against sites built"]
    assert len(english.inline_shapes) == 2
    for shape in english.inline_shapes:
        assert 0.3 < shape.height / shape.width < 0.8
        assert shape.width.mm < TEXT_MM


@pytest.mark.parametrize("after", [True, False])
def test_awkward_names_stay_text(after: bool) -> None:
    file = opened(awkward=AWKWARD, after=after)
    shown = AWKWARD.replace("\x07", "\ufffd")
    title = [p.text for p in file.paragraphs if p.style.name == "Title"]
    assert title == ["并州步行覆盖" + shown]
    assert "杏花区" + squeezed(shown) in said_in(file.element.body)
    assert len(file.sections[0].header.paragraphs[0].text) == 40
    assert len(file.core_properties.title) <= 255


def test_widths_part_the_page() -> None:
    long = Row((Cell("长" * 500), Cell("65.8%", "94.7%"), Cell("1,000,000")), depth=2)
    table = Table(
        (Column("Zone", "name"), Column("Share", "share"), Column("人口", "people")), (long,)
    )
    widths = column_widths(table, TEXT_MM)
    assert sum(widths) == pytest.approx(TEXT_MM)
    # No figure is broken: 1.67 mm a digit of Arial at 8.5 points and padding.
    assert widths[1] >= 1.67 * text_width("65.8% → 94.7%")
    assert widths[2] >= 1.67 * text_width("1,000,000")
    assert widths[0] > widths[1]


def test_a_head_over_columns_spans_them() -> None:
    columns = (Column("a"), Column("b", "minutes", "over"), Column("c", "minutes", "over"))
    xml = table_xml(Table(columns, (Row((Cell("1"), Cell("2"), Cell("3"))),)), 100.0)
    assert re.findall(r'<w:gridSpan w:val="(\d)"/>', xml) == ["2"]
    assert xml.count("<w:tblHeader/>") == 2
    assert xml.count("<w:gridCol ") == 3
