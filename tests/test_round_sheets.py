"""Sheets for teams: a page per team and day, times of the shift, names that stay text."""

from __future__ import annotations

import dataclasses
import io
import re
import zipfile

import pandas as pd
import pytest
from operations_case import make_daily_result
from report_pages import cells, parse, text_of
from results import make_result

from walkcover import InputError
from walkcover.maps.round_sheets import (
    PLACES_NAMED,
    build_round_sheets,
    build_round_sheets_docx,
    round_sheets_document,
)
from walkcover.maps.text import Words
from walkcover.result import Result

AWKWARD = "</style></script><b>{{7*7}}'\"&"


def with_rounds(result: Result, **tables: pd.DataFrame) -> Result:
    assert result.operations is not None
    assert result.operations.rounds is not None
    rounds = dataclasses.replace(result.operations.rounds, **tables)
    return dataclasses.replace(
        result, operations=dataclasses.replace(result.operations, rounds=rounds)
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_page_for_every_team_and_day(language: str) -> None:
    result = make_daily_result(language=language)
    page = parse(build_round_sheets(result))
    sheets = page.findall(".//section[@class='page']")
    assert [one.get("id") for one in sheets] == [
        "team-1-day-1", "team-1-day-2", "team-2-day-1",
    ]  # fmt: skip
    titles = [text_of(one.find("h2")).strip() for one in sheets]
    wanted = [
        Words(language)("sheet_title", team=team, day=day) for team, day in ("11", "12", "21")
    ]
    assert titles == wanted


def test_stops_in_order_with_times_of_the_clock() -> None:
    page = parse(build_round_sheets(make_daily_result(language="en")))
    assert cells(page, "team-1-day-2") == [
        ["1", "迎晖小学 (S1)", "", "08:05", "08:20", "10", "☐", "", ""],
        ["2", "柳溪村 (S2)", "柳溪路", "08:28", "08:52", "27", "☐", "", ""],
    ]
    text = " ".join(text_of(page.find(".//section[@id='team-1-day-2']")).split())
    assert "Base 杏花卫生院 (K1); leaves 08:00, back 09:04; stops: 2, tests: 37" in text
    assert "Date ____" in text
    # The order stands in the drawing too.
    drawn = page.findall(".//section[@id='team-1-day-2']//svg/text")
    assert [one.text for one in drawn] == ["1", "2"]


def test_every_visit_is_on_one_sheet() -> None:
    result = make_daily_result(language="en")
    assert result.operations is not None
    assert result.operations.rounds is not None
    page = parse(build_round_sheets(result))
    rows = page.findall(".//tr[@data-stop]")
    assert [row.get("data-stop") for row in rows] == [*result.operations.rounds.visits["stop_id"]]


def test_the_first_page_has_the_whole_interval_and_who_is_left() -> None:
    page = parse(build_round_sheets(make_daily_result(language="en")))
    rows = cells(page, "week")
    assert [row[:5] for row in rows[:3]] == [
        ["1", "1", "杏花卫生院 (K1)", "1", "40"],
        ["1", "2", "杏花卫生院 (K1)", "2", "37"],
        ["2", "1", "杏花卫生院 (K1)", "1", "10"],
    ]
    assert [row[0] for row in rows[3:]] == ["岛上 (S3)", "R10"]


def test_who_comes_to_a_stop_of_many_places() -> None:
    result = make_daily_result(language="en")
    assert result.operations is not None
    assert result.operations.rounds is not None
    count = PLACES_NAMED + 3
    places = pd.DataFrame(
        {
            "place_id": [f"H{number:02}" for number in range(count)],
            "name": "",
            "kind": "residents",
            "people": [float(100 - number) for number in range(count)],
            "tests": 1.0,
            "stop_id": "S2",
            "walk_s": [0.0] + [480.0] * (count - 1),
        }
    )
    page = parse(build_round_sheets(with_rounds(result, stop_places=places)))
    (line,) = page.findall(".//section[@id='team-1-day-2']//li")
    said = text_of(line)
    assert said.startswith(
        "Stop 2, 柳溪村 (S2): the place itself: H00, 100 people; H01, 99 people (8.0"
    )
    assert "H11" in said
    assert "H12" not in said
    # 88, 87 and 86 people.
    assert said.endswith("3 more, 261 people.")
    # A stop that one place comes to needs no line.
    assert not page.findall(".//section[@id='team-1-day-1']//li")


def test_names_stay_text_and_nothing_is_asked_for() -> None:
    sheets = build_round_sheets(make_daily_result(awkward=AWKWARD))
    page = parse(sheets)
    assert page.findall(".//script") == []
    assert page.findall(".//b") == []
    for name in ("迎晖小学", "杏花卫生院", "岛上", "并州步行覆盖"):
        assert name + AWKWARD in text_of(page)
    assert re.findall(r"https?://", sheets) == []
    assert "script-src 'none'" in sheets


def test_an_english_sheet_has_no_chinese_of_its_own() -> None:
    page = build_round_sheets(make_daily_result(language="en"))
    for given in ("并州步行覆盖", "迎晖小学", "柳溪村", "柳溪路", "岛上", "杏花卫生院"):
        page = page.replace(given, "")
    # Chinese fonts are named in the style sheet by their Latin names.
    assert re.findall(r"[\u4e00-\u9fff]+", page) == []
    assert not re.findall(r"\b(?:nan|inf|None|NaN)\b", text_of(parse(page)))


def test_same_result_same_bytes() -> None:
    assert build_round_sheets(make_daily_result()) == build_round_sheets(make_daily_result())


def test_as_a_word_document_with_room_to_write() -> None:
    result = make_daily_result(language="en")
    made = build_round_sheets_docx(result)
    assert made == build_round_sheets_docx(make_daily_result(language="en"))
    with zipfile.ZipFile(io.BytesIO(made)) as parts:
        body = parts.read("word/document.xml").decode("utf-8")
    assert body.count('w:hRule="atLeast"') == 4
    assert body.count("<w:pageBreakBefore/>") == 3
    assert "Team 1 · day 2" in body


def test_nothing_to_do_is_one_page() -> None:
    result = make_daily_result(language="en")
    assert result.operations is not None
    rounds = result.operations.rounds
    assert rounds is not None
    names = ("stops", "stop_places", "visits", "days", "unserved")
    empty = with_rounds(result, **{name: getattr(rounds, name).iloc[:0] for name in names})
    document = round_sheets_document(empty)
    assert [chapter.key for chapter in document.chapters] == ["week"]
    assert "No place needs a team." in build_round_sheets(empty)


@pytest.mark.parametrize("result", [make_result(), make_daily_result(rounds=False)])
def test_a_run_without_rounds_is_refused(result: Result) -> None:
    with pytest.raises(InputError, match=r"planned no rounds; name the bases .* \[bases\]"):
        build_round_sheets(result)
