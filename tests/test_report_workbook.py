"""The workbook of the report: real tables, exact numbers, text that stays text."""

from __future__ import annotations

import dataclasses
import math
import re
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from excel import open_book, read_tables
from hypothesis import given
from hypothesis import strategies as st
from results import make_result

from walkcover import InputError
from walkcover.io.writers import formula_like, write_csv
from walkcover.maps import workbook
from walkcover.maps.report_workbook import report_sheets, write_report_workbook
from walkcover.maps.table_columns import COLUMNS, OF_TABLE, sheet_columns
from walkcover.maps.text import Words
from walkcover.maps.workbook import DataSheet, SheetColumn, TextLine, write_workbook
from walkcover.maps.workbook_cells import cell_text, sheet_name, shown_width, unique_heads
from walkcover.result import Result

TABLES = ["verdicts", "stages", "zones", "gap_areas", "rollout", "remedies", "sites", "closures",
          "band"]  # fmt: skip
HOSTILE = ["=1+1", "@SUM(A1)", "+1", "-1", "<script>alert(1)</script>", "]]>&<", "x" * 500,
           "\U0001f600", "../../x", "http://example.org", "007", "a\x00\x1b\ud800b", "two\nlines",
           " edges ", "_x0041_", "{=1}", "'quoted", "TRUE", "1e5", "辖" * 40000]  # fmt: skip


def written(result: Result, path: Path) -> Path:
    write_report_workbook(result, path)
    return path


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(make_result(language="en"), tmp_path_factory.mktemp("book") / "report.xlsx")


def one_cell(text: str, path: Path) -> Any:
    sheet = DataSheet("names", "names", (SheetColumn("name", "text", [text]),))
    write_workbook(path, title=text, date="", first=("first", [TextLine(text)]), sheets=[sheet])
    return open_book(path)


def test_a_sheet_for_every_table(book: Path) -> None:
    sheets = open_book(book).worksheets
    assert [name for sheet in sheets[1:] for name in sheet.tables] == TABLES
    assert list(sheets[0].tables) == ["totals", "parameters", "sources"]
    for sheet in sheets[1:]:
        assert sheet.freeze_panes in ("B2", "C2")
        assert len(sheet.title) <= 31
    assert sheets[0].title == "Overview"


@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_heads_are_in_the_language(language: str, after: bool, tmp_path: Path) -> None:
    result = make_result(language=language, after=after)
    tables = read_tables(written(result, tmp_path / "report.xlsx"))
    chinese = re.compile(r"[\u4e00-\u9fff]")
    for name in TABLES:
        heads = tables.get(name, [()])[0]
        assert len({head.casefold() for head in heads}) == len(heads)
        assert not [head for head in heads if bool(chinese.search(head)) != (language == "zh")]
    heads = tables["zones"][0]
    assert (("Mean walk (min), Now" in heads) or ("平均步行(分钟)(现状)" in heads)) == after


def test_columns_of_inputs_keep_their_names() -> None:
    table = pd.DataFrame({"电话": ["007"], "Flag": [True], "floors": [3], "people": [2.5]})
    columns = sheet_columns(table, Words("en"), table_key="sites")
    assert [(one.title, one.kind, one.values) for one in columns] == [
        ("电话", "text", ["007"]),
        ("Flag", "text", ["yes"]),
        ("floors", "number", [3]),
        ("People", "people", [2.5]),
    ]


def test_every_known_column_has_a_head() -> None:
    for key, _ in [*COLUMNS.values(), *OF_TABLE.values()]:
        for language in ("zh", "en"):
            assert Words(language)(key)


def test_numbers_are_those_of_the_tables_to_the_last_digit(book: Path) -> None:
    result = make_result(language="en")
    tables = read_tables(book)
    kinds = {key: kind for key, kind in workbook.NUMBER_FORMATS.items() if key != "text"}
    checked = 0
    for sheet in report_sheets(result, Words("en")):
        rows = tables[sheet.key][1:]
        for number, column in enumerate(sheet.columns):
            shown = [row[number] for row in rows]
            wanted = [None if one is None or one != one else one for one in column.values]
            if column.kind in kinds:
                assert shown == wanted, (sheet.key, column.title)
                checked += sum(isinstance(one, float) for one in shown)
    assert checked > 50
    zones = pd.DataFrame(tables["zones"][1:], columns=tables["zones"][0])
    share = result.zones["covered_share_after"]
    assert zones["Share covered, After building"].dropna().tolist() == share.dropna().tolist()
    walks = (
        zones["Worst walk, Now"]
        if "Worst walk, Now" in zones
        else zones.filter(like="Longest walk")
    )
    assert walks.iloc[:, 0].dropna().tolist() == [1640 / 60, 15.0, 1640 / 60]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_comes_back(number: float) -> None:
    import io

    sheet = workbook._Exact()
    sheet.fh = io.StringIO()
    sheet._xml_number_element(number, [("r", "A1")])
    element = ElementTree.fromstring(sheet.fh.getvalue())
    assert float(element[0].text or "") == number


def test_codes_are_words_and_no_path_is_no_number(book: Path) -> None:
    tables = read_tables(book)
    gaps = pd.DataFrame(tables["gap_areas"][1:], columns=tables["gap_areas"][0])
    assert gaps["Reason"].tolist() == ["Too far", "No site on the network"]
    assert gaps["Nearest miss (min)"].tolist() == [1.0, "no path"]
    stages = pd.DataFrame(tables["stages"][1:], columns=tables["stages"][0])
    assert stages["Goal"].tolist() == ["cover 95.0%", "sites: at most 1"]
    assert stages["Proof"].tolist() == ["proven optimal", "at most 2.50% from the optimum"]


def test_overview_says_the_first_page_and_the_parameters(book: Path) -> None:
    sheet = open_book(book).worksheets[0]
    lines = [row[0] for row in sheet.iter_rows(values_only=True) if row[0]]
    assert lines[0] == "并州步行覆盖"
    assert (
        "Of 1,140 people, 750 (65.8%) live within a 15-minute walk of an open site; 390 do not."
        in lines
    )
    tables = read_tables(book)
    assert tables["totals"][1][1:] == (1140, 1140)
    shares = dict(row[:2] for row in tables["totals"][1:])
    assert shares["Share covered"] == 750 / 1140
    assert dict(row[:2] for row in tables["parameters"])["walk.snap_limit_m"] == "250.0"
    assert "cd" * 32 in {row[3] for row in tables["sources"]}


def test_formats_and_bars(book: Path) -> None:
    sheets = {name: sheet for sheet in open_book(book) for name in sheet.tables}
    zones = sheets["zones"]
    formats = {
        cell.value: below.number_format for cell, below in zip(zones[1], zones[2], strict=True)
    }
    assert formats["Share covered, Now"] == "0.0%"
    assert formats["People"] == "#,##0"
    assert formats["Mean walk (min), Now"] == "#,##0.0"
    assert formats["Zone id"] == "@"
    bars = [rule for found in zones.conditional_formatting for rule in found.rules]
    ends = [[(one.type, one.val) for one in rule.dataBar.cfvo] for rule in bars]
    assert ends == [[("num", 0), ("num", 1)]] * 2


def test_columns_are_as_wide_as_chinese_is() -> None:
    name = "太原市小店区坞城街道办事处"
    column = SheetColumn("名称", "text", [name])
    assert workbook._column_width("名称", column) >= 2 * len(name)
    assert (
        workbook._column_width("名称", SheetColumn("名称", "text", ["x" * 500])) == workbook.WIDEST
    )
    assert shown_width("e\u0301\nab") == 2


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_stay_text(text: str, tmp_path: Path) -> None:
    path = tmp_path / "hostile.xlsx"
    found = one_cell(text, path)
    shown = cell_text(text)
    cell = found.worksheets[1].cell(2, 1)
    assert (cell.value, cell.data_type) == (shown, "s")
    assert found.worksheets[0].cell(1, 1).value == shown
    with zipfile.ZipFile(path) as parts:
        for part in parts.namelist():
            content = parts.read(part)
            ElementTree.fromstring(content)
            assert b"<f>" not in content
            assert b"<hyperlink" not in content, part


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_heads_and_names_of_sheets(text: str, tmp_path: Path) -> None:
    columns = (SheetColumn(text, "text", ["a"]), SheetColumn(text.upper(), "number", [1.5]))
    sheets = [DataSheet("one", text, columns), DataSheet("two", text, columns)]
    path = tmp_path / "hostile.xlsx"
    write_workbook(path, title=text, date="", first=(text, []), sheets=sheets)
    found = open_book(path)
    assert len({sheet.title.casefold() for sheet in found}) == 3
    assert [name for sheet in found for name in sheet.tables] == ["one", "two"]
    rows = read_tables(path)["one"]
    assert len(set(rows[0])) == 2
    assert rows[1] == ("a", 1.5)


@given(st.lists(st.text(max_size=50), min_size=1, max_size=8))
def test_names_of_sheets_are_allowed(titles: list[str]) -> None:
    taken: set[str] = set()
    names = [sheet_name(title, taken) for title in titles]
    assert len({name.casefold() for name in names}) == len(titles)
    for name in names:
        assert 0 < len(name.encode("utf-16-le")) // 2 <= 31
        assert not set("[]:*?/\\\n\x00") & set(name)
        assert name.casefold() != "history"
        assert not name.startswith("'")
        assert not name.endswith("'")


@given(st.lists(st.text(max_size=300), max_size=8))
def test_heads_are_allowed(titles: list[str]) -> None:
    heads = unique_heads(titles)
    assert len({head.casefold() for head in heads}) == len(titles)
    assert all(0 < len(head.encode("utf-16-le")) // 2 <= 255 and "\n" not in head for head in heads)


def test_long_tables_go_on_on_another_sheet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    path = written(make_result(language="en"), tmp_path / "report.xlsx")
    tables = read_tables(path)
    assert [len(tables[name]) - 1 for name in ("zones", "zones_2")] == [3, 1]
    assert tables["zones"][0] == tables["zones_2"][0]
    ids = [row[0] for name in ("zones", "zones_2") for row in tables[name][1:]]
    assert ids == make_result().zones["zone_id"].tolist()
    titles = [sheet.title for sheet in open_book(path)]
    assert titles[titles.index("Zones") + 1] == "Zones 2"


def test_too_many_columns_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_COLUMNS", 5)
    with pytest.raises(InputError, match=r"table 'verdicts' has 6 columns, .* at most 5"):
        written(make_result(), tmp_path / "report.xlsx")


@pytest.mark.parametrize("after", [True, False])
def test_tables_without_rows_say_so(after: bool, tmp_path: Path) -> None:
    result = make_result(language="en", after=after)
    nothing = dataclasses.replace(
        result,
        gap_areas=result.gap_areas.iloc[:0],
        rollout=pd.DataFrame(),
        remedies=result.remedies.iloc[:0],
        closures=result.closures.iloc[:0],
        sites=result.sites.iloc[:0],
    )
    found = open_book(written(nothing, tmp_path / "report.xlsx"))
    texts = {sheet.title: sheet.cell(2, 1).value for sheet in found}
    assert texts["Gap areas"] == "There is no gap area."
    assert texts["Order of building"] == "No site is suggested."
    assert ("No sites were sought" in texts["Remedies"]) == (not after)


def test_same_result_same_bytes_and_the_date_of_the_plan(tmp_path: Path) -> None:
    one = written(make_result(), tmp_path / "one.xlsx").read_bytes()
    assert written(make_result(), tmp_path / "two.xlsx").read_bytes() == one
    with zipfile.ZipFile(tmp_path / "one.xlsx") as parts:
        assert b"2022-05-20" in parts.read("docProps/core.xml")
        assert {part.date_time[0] for part in parts.infolist()} == {1980}


# csv


def test_csv_keeps_every_text_as_it_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    texts = [text for text in HOSTILE if "\x00" not in text]
    table = pd.DataFrame({"name": texts, "gain": np.arange(len(texts)) - 2.0})
    write_csv(table, tmp_path / "rollout.csv")
    again = pd.read_csv(tmp_path / "rollout.csv", dtype={"name": str}, keep_default_na=False)
    assert again["name"].tolist() == texts
    assert again["gain"].tolist() == table["gain"].tolist()
    (record,) = caplog.records
    said = record.getMessage()
    assert "rollout.csv: 4 texts start with = + - or @, first '=1+1' in column 'name'" in said
    assert "report.xlsx" in said


def test_harmless_csv_is_written_without_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_csv(make_result().rollout.assign(change=-1.5), tmp_path / "rollout.csv")
    assert caplog.records == []
    assert formula_like(pd.DataFrame({"=x": [math.nan]})) == [("=x", "=x")]
