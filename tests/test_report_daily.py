"""The chapters and sheets on daily work: the figures of the tables, in both languages."""

from __future__ import annotations

import dataclasses
import io
import math
import re
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from excel import read_tables
from operations_case import make_daily_result
from report_pages import cells, parse, text_of
from results import make_result

from walkcover.maps import build_report
from walkcover.maps.daily_pictures import Curve, hours_chart, steps_chart
from walkcover.maps.daily_words import hours_text, time_text
from walkcover.maps.document import Bullets
from walkcover.maps.drawing import Areas, Label, Lines
from walkcover.maps.report_docx import build_report_docx
from walkcover.maps.report_intervals import interval_answer
from walkcover.maps.report_summary import glance_chapter
from walkcover.maps.report_workbook import write_report_workbook
from walkcover.maps.text import Words
from walkcover.result import Result

AWKWARD = "</style></script><b>{{7*7}}'\"&"
CHAPTERS = ["hours", "services", "rounds", "relay", "intervals"]


def said(result: Result, section: str) -> str:
    page = parse(build_report(result))
    return " ".join(text_of(page.find(f'.//section[@id="{section}"]')).split())


def sections(result: Result) -> list[str]:
    return [str(one.get("id")) for one in parse(build_report(result)).findall(".//section")]


def with_tables(result: Result, part: str, **changed: Any) -> Result:
    """Change tables of a part of daily work, or figures of its summary."""
    assert result.operations is not None
    old = getattr(result.operations, part)
    tables = {key: value for key, value in changed.items() if isinstance(value, pd.DataFrame)}
    summary = {key: value for key, value in changed.items() if key not in tables}
    new = dataclasses.replace(old, **tables, summary=old.summary | summary)
    return dataclasses.replace(
        result, operations=dataclasses.replace(result.operations, **{part: new})
    )


def test_a_run_without_daily_work_has_no_such_chapter() -> None:
    assert not {*CHAPTERS} & {*sections(make_result())}


def test_chapters_stand_behind_the_sites_and_before_the_sources() -> None:
    found = sections(make_daily_result())
    first = found.index("hours")
    assert found[first - 1] == "closures"
    assert found[first : first + 5] == CHAPTERS
    assert found[first + 5] == "unsnapped"


@pytest.mark.parametrize(("rounds", "relay"), [(True, False), (False, True), (False, False)])
def test_only_what_was_planned_has_a_chapter(rounds: bool, relay: bool) -> None:
    found = {*sections(make_daily_result(rounds=rounds, relay=relay))}
    assert ("rounds" in found, "relay" in found) == (rounds, relay)
    assert {"hours", "services", "intervals"} <= found


@pytest.mark.parametrize("language", ["zh", "en"])
def test_figures_are_those_of_the_summaries(language: str) -> None:
    result = make_daily_result(language=language)
    assert result.operations is not None
    page = parse(build_report(result))
    found = {
        one.attrib["data-key"]: float(one.attrib["data-value"])
        for one in page.findall(".//*[@data-value]")
    }
    held = 0
    for part in ("demand", "rounds", "relay"):
        for name, value in getattr(result.operations, part).summary.items():
            if f"{part}.{name}" in found:
                assert found[f"{part}.{name}"] == value
                held += 1
    assert held > 35
    for row in result.operations.intervals.to_dict("records"):
        assert found[f"intervals.{row['interval_days']:g}.cost_per_day"] == row["cost_per_day"]


def test_desks_first_say_where_they_lack() -> None:
    result = make_daily_result(language="en")
    text = said(result, "hours")
    assert text.index("Sites short of desks: 1, by 1 desks in all.") < text.index("Tests in one")
    demand = result.operations.demand.summary
    before, after, moved = (
        f"{demand[name]:.1%}" for name in ("natural_peak", "peak", "moved_share")
    )
    assert f"the highest load falls from {before} to {after}; {moved} of them" in text
    rows = cells(parse(build_report(result)), "hours")
    assert ["五一广场 (B1)", "570", "1", "2", "1", "7 h more a day", "219"] in rows
    assert ["Jammed sites", "1", "1"] in rows
    assert ["12:00–13:00", "16.0%", "8.3%", "16.0%", "8.3%"] in rows


def test_short_sites_are_listed_most_desks_first_and_say_how_many_more() -> None:
    result = make_daily_result(language="en")
    assert result.operations is not None
    site = result.operations.demand.sites.iloc[[0]]
    many = pd.concat([site] * 25, ignore_index=True)
    many["site_id"] = [f"X{number:02}" for number in range(25)]
    many["desks_short"] = [float(number + 1) for number in range(25)]
    many["extend_hours"] = math.nan
    page = parse(build_report(with_tables(result, "demand", sites=many)))
    rows = [row for row in cells(page, "hours") if row[0].startswith("五一广场 (X")]
    assert [row[4] for row in rows[:20]] == [str(number) for number in range(25, 5, -1)]
    assert rows[0][5] == "a day is too short"
    assert "25 in all, the first 20 are shown; the rest is in site_load.csv" in text_of(page)


def test_desks_that_are_not_known_are_not_judged() -> None:
    result = make_daily_result(language="en", desks=False)
    text = said(result, "hours")
    assert "desks are not known" in text
    assert "Sites short" not in text
    assert "Waits" not in text


def test_rules_and_visited_places() -> None:
    rows = cells(parse(build_report(make_daily_result(language="en"))), "services")
    assert rows[1] == ["2", "Schools, from 50 people", "Team visit", "1", "60", "60"]
    assert rows[-1] == ["迎晖小学 (P1)", "Schools", "杏花区", "60"]
    text = said(make_daily_result(language="en"), "services")
    assert "1,002 at sites; 60 by teams that visit; 54 by teams on their rounds; 24 by" in text


def test_teams_their_days_and_who_is_left() -> None:
    result = make_daily_result(language="en")
    text = said(result, "rounds")
    assert "Teams needed: 2. In 3 days they go to 2 stops and test 90 people." in text
    assert "Fewer cannot do it (proved)." in text
    rows = cells(parse(build_report(result)), "rounds")
    assert [
        "1",
        "2",
        "杏花卫生院 (K1)",
        "2",
        "37",
        "08:00",
        "09:04",
        "0:25",
        "13.2%",
        "92.5%",
    ] in rows
    assert rows[-2:] == [
        ["岛上 (S3)", "", "20", "Too far for a shift", "A shift of 9.5 hours, or a nearer base"],
        ["R10", "", "10", "No road near, no stop",
         "A road there, or a longer way to the road: the nearest is 1,240 m away"],
    ]  # fmt: skip
    fewer = with_tables(result, "rounds", teams_at_least=1)
    assert "At least 1 are needed, so that at most 1 could be saved." in said(fewer, "rounds")


def test_rounds_that_nobody_needs() -> None:
    result = make_daily_result(language="en")
    assert result.operations is not None
    rounds = result.operations.rounds
    assert rounds is not None
    names = ("stops", "stop_places", "visits", "days", "unserved")
    nobody = with_tables(
        result, "rounds", places=0, **{name: getattr(rounds, name).iloc[:0] for name in names}
    )
    assert "No place needs a team." in said(nobody, "rounds")


def test_tubes_laboratories_and_what_is_late() -> None:
    result = make_daily_result(language="en")
    text = said(result, "relay")
    assert "8 tubes from 1 sources cannot be at a laboratory within 4 hours" in text
    assert "the oldest takes 2 h 40 min" in text
    rows = cells(parse(build_report(result)), "relay")
    assert ["N2", "8", "Too far from a laboratory", "A hold time of 4.5 hours would do"] in rows
    first = next(row for row in rows if row[0] == "并州疾控实验室 (L1)")
    assert first[1:4] == ["70", "77", "110.0%"]
    assert first[7:9] == ["12", "17:00"]
    good = with_tables(result, "relay", late_tubes=0.0, laboratories_short=0)
    assert "tubes wait at 1 of them for longer than 4 hours" in said(good, "relay")
    assert result.operations is not None
    assert result.operations.relay is not None
    quick = result.operations.relay.laboratories.assign(short_from_h=math.nan)
    text = said(with_tables(good, "relay", laboratories=quick), "relay")
    assert "Every tube reaches a laboratory within 4 hours; the oldest takes 2 h 40 min." in text
    assert "The laboratories keep up." in text


def test_the_interval_in_one_sentence() -> None:
    result = make_daily_result(language="en")
    assert result.operations is not None
    table = result.operations.intervals
    words = Words("en")
    shorter = interval_answer(table.assign(is_plan=[True, False]), words)
    assert shorter == (
        "Every 3 days instead of every 7: desks needed 3 → 4, teams 1 → 2, vehicles 2 → 2, "
        "laboratories needed 2 → 3, cost a day 8,043 → 14,100."
    )
    assert interval_answer(table, words).startswith("Every 7 days instead of every 3: ")
    assert "No interval was compared" in interval_answer(table.iloc[1:], words)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("desks", [True, False])
def test_nothing_is_written_as_a_python_value(language: str, desks: bool) -> None:
    text = text_of(parse(build_report(make_daily_result(language=language, desks=desks))))
    daily = text[: text.index(Words(language)("assumptions"))]
    assert re.findall(r"\b(?:nan|inf|None|NaN|NaT|True|False)\b", daily) == []


def test_names_stay_text() -> None:
    page = parse(build_report(make_daily_result(awkward=AWKWARD)))
    assert page.findall(".//script") == []
    assert len(page.findall(".//b")) == 3
    text = text_of(page)
    for name in ("迎晖小学", "杏花卫生院", "并州疾控实验室", "岛上"):
        assert name + AWKWARD in text


def test_same_result_same_bytes() -> None:
    assert build_report(make_daily_result()) == build_report(make_daily_result())


def test_as_a_word_document() -> None:
    made = build_report_docx(make_daily_result(language="en"))
    with zipfile.ZipFile(io.BytesIO(made)) as parts:
        body = parts.read("word/document.xml").decode("utf-8")
        pictures = [name for name in parts.namelist() if name.startswith("word/media/")]
    for title in ("hours_title", "rounds_title", "relay_title", "intervals_title"):
        assert Words("en")(title) in body
    # Where it is, building, arrivals, drives, results, queues, needs and money.
    assert len(pictures) == 8


@pytest.mark.parametrize("language", ["zh", "en"])
def test_sheets_of_the_workbook(language: str, tmp_path: Path) -> None:
    result = make_daily_result(language=language)
    assert result.operations is not None
    path = tmp_path / "report.xlsx"
    write_report_workbook(result, path)
    tables = read_tables(path)
    demand, rounds, relay = (
        result.operations.demand, result.operations.rounds, result.operations.relay
    )  # fmt: skip
    assert rounds is not None
    assert relay is not None
    wanted: dict[str, pd.DataFrame] = {
        "site_load": demand.sites, "rules": demand.rules, "visits": rounds.visits,
        "unserved": rounds.unserved, "laboratories": relay.laboratories, "late": relay.late,
        "intervals": result.operations.intervals,
    }  # fmt: skip
    assert [*tables][-7:] == [*wanted]
    chinese = re.compile(r"[\u4e00-\u9fff]")
    for key, table in wanted.items():
        heads, *rows = tables[key]
        assert len(rows) == len(table)
        assert not [head for head in heads if bool(chinese.search(head)) != (language == "zh")]
    assert [row[3] for row in tables["site_load"][1:]] == demand.sites["tests"].tolist()
    assert [row[8] for row in tables["visits"][1:]] == [5.0, 5.0, 1700 / 60, 5.0]
    assert tables["rules"][2][1].startswith(Words(language).kind("school"))


def test_the_part_of_a_zone_says_where_its_daily_work_is() -> None:
    result = make_result(language="en")
    part = {"zone_id": "140106", "zone_name": "杏花区", "whole": {"people": 1140.0}}
    said_of = [
        said(
            dataclasses.replace(result, summary=result.summary | {"excerpt": part | more}), "glance"
        )
        for more in ({}, {"has_daily_work": True})
    ]
    sentence = "they stand in the report of the whole plan."
    assert [sentence in text for text in said_of] == [False, True]


# drawings


def test_a_chart_puts_values_where_they_belong() -> None:
    nothing = math.nan
    bars = Curve("bar", "bars", (10.0, 0.0, 20.0))
    steps = Curve("limit", "steps", (20.0, nothing, 5.0))
    shapes = hours_chart("Hours", 23, [bars, steps]).shapes
    drawn = next(one for one in shapes if isinstance(one, Areas))
    # The highest bar ends at the top of the chart (12), half of it halfway to the axis (190).
    assert [min(y for _, y in outline) for (outline,) in drawn.areas] == [101.0, 12.0]
    limit = next(one for one in shapes if isinstance(one, Lines) and one.kind == "limit")
    assert [len(line) for line in limit.lines] == [2, 2]
    assert [y for line in limit.lines for _, y in line] == [12.0, 12.0, 145.5, 145.5]
    labels = [one.text for one in shapes if isinstance(one, Label)]
    assert labels == ["0", "5", "10", "15", "20", "0"]


@pytest.mark.parametrize(
    ("largest", "top"), [(0.0, "1"), (0.7, "0.8"), (4.0, "4"), (21.0, "25"), (1e6, "1,000,000")]
)
def test_lines_across_a_chart_are_round(largest: float, top: str) -> None:
    shapes = steps_chart("Steps", ["7"], [Curve("curve", "line", (largest,))]).shapes
    figures = [one.text for one in shapes if isinstance(one, Label) and one.anchor == "end"]
    assert 2 <= len(figures) <= 6
    assert float(figures[-1].replace(",", "")) >= largest
    assert figures[-1] == top


def test_times_and_hours() -> None:
    assert time_text(23.9999, Words("en")) == "00:00 next day"
    assert time_text(math.nan, Words("en")) == "—"
    # Never less than what is needed.
    assert [hours_text(one) for one in (8.0, 8.0001, 8.1)] == ["8", "8.1", "8.1"]


@pytest.mark.parametrize(("daily", "desks"), [(False, True), (True, False), (True, True)])
def test_the_first_page_says_whether_queues_are_counted(daily: bool, desks: bool) -> None:
    result = make_daily_result(language="en", desks=desks)
    result = result if daily else dataclasses.replace(result, operations=None)
    counted = {when: {"unserved_people": 1.0} for when in ("now", "after")}
    counted |= {"sites_added": 2, "desks_added": 3}
    result = dataclasses.replace(result, summary=result.summary | {"desks": counted})
    chapter = glance_chapter(result, Words("en"))
    lines = [line for one in chapter.blocks if isinstance(one, Bullets) for line in one.lines]
    assert [line for line in lines if "Queues" in line] == [
        "Queues within the day: see the chapter “Desks and hours”."
        if daily and desks
        else "Queues within the day are not counted."
    ]
