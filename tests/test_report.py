"""The report: the summary's numbers, one language throughout, names that stay text."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from report_pages import cells, parse, text_of
from results import COVERED, COVERED_AFTER, PEOPLE, make_result

from walkcover.maps import build_map, build_report, formats
from walkcover.maps.text import Words
from walkcover.result import NearSites, Result

AWKWARD = "</style></script><b>{{7*7}}'\"&"


def test_same_result_same_bytes() -> None:
    assert build_report(make_result()) == build_report(make_result())


@pytest.mark.parametrize("language", ["zh", "en"])
def test_numbers_equal_the_summary(language: str) -> None:
    result = make_result(language=language)
    page = parse(build_report(result))

    def value(key: str) -> float:
        return float(page.findall(f'.//*[@data-key="{key}"]')[0].attrib["data-value"])

    for key in ("people", "covered_people", "covered_share", "covered_share_after"):
        assert value(key) == result.summary[key]
    assert value("covered_people_after") == COVERED_AFTER
    assert value("gap_people") == PEOPLE - COVERED
    for number, stage in enumerate(result.summary["stages"]):
        for key in ("people", "covered_share", "covered_share_after", "sites_added"):
            assert value(f"stages.{number}.{key}") == stage[key]
    for verdict, counts in result.summary["verdicts"].items():
        for key, count in counts.items():
            assert value(f"verdicts.{verdict}.{key}") == count
    shown = sum(value(f"verdicts.{v}.people") for v in result.summary["verdicts"])
    assert shown == PEOPLE
    assert value("verdicts.over_capacity.people") == 0


def test_zones_are_a_tree_with_their_zero_rows() -> None:
    page = parse(build_report(make_result(language="en")))
    rows = page.findall(".//tr[@data-zone]")
    assert [(row.get("data-zone"), row.get("class")) for row in rows] == [
        ("1401", "depth0"),
        ("140105", "depth1"),
        ("140106", "depth1"),
        ("140107", "depth1"),
    ]
    cells = [text_of(cell).strip() for cell in rows[3]]
    assert cells == ["空区", "0", "—", "0", "—", "—", "0", "—"]
    cells = [text_of(cell).strip() for cell in rows[2]]
    assert cells[2:4] == ["0.0% → 84.6%", "390 → 60"]


def test_busy_zones_are_marked_against_the_norm() -> None:
    result = make_result(after=False)
    result.zones.loc[result.zones["zone_id"] == "140105", "people_per_site"] = 3000.5
    page = parse(build_report(result))
    rows = page.findall(".//tr[@data-zone]")
    marked = [row.get("data-zone") for row in rows if "▲" in text_of(row)]
    assert marked == ["140105"]


@pytest.mark.parametrize(("language", "no_path"), [("zh", "无通路"), ("en", "no path")])
def test_gaps_and_sites_in_order(language: str, no_path: str) -> None:
    page = parse(build_report(make_result(language=language)))
    gaps = [
        [text_of(cell) for cell in row] for row in page.findall('.//section[@id="gaps"]//tbody/tr')
    ]
    assert [row[0] for row in gaps] == ["G1", "G2"]
    assert [row[3] for row in gaps] == ["1.0", no_path]
    sites = [
        [text_of(cell) for cell in row] for row in page.findall('.//section[@id="build"]//tbody/tr')
    ]
    assert [(row[0], row[2], row[4], row[5], row[6], row[7]) for row in sites] == [
        ("1", "N1", "112.56000", "37.87300", "250", "87.7%"),
        ("2", "N2", "112.56900", "37.87800", "80", "94.7%"),
    ]


def test_remedies_in_words() -> None:
    page = parse(build_report(make_result(language="en")))
    text = text_of(page.find('.//section[@id="remedies"]'))
    assert "County towns (sites: at most 1): 60 people stay uncovered" in text
    rows = cells(page, "remedies")
    assert [row[2] for row in rows] == [
        "one more site, on a candidate C7",
        "120 m of street to the main network",
        "a roving team: the nearest street is 778 m away",
    ]
    assert rows[0][4] == "No site on the network, the number or the budget is used up"
    assert rows[0][5] == "杏花区, 柳溪路 112.57400 37.87900"
    assert [row[6:] for row in rows] == [
        ["no path", "in reach"],
        ["no path", "1.1"],
        ["no path", "no path"],
    ]


@pytest.mark.parametrize(
    ("limit_min", "instead"),
    [(19.0, "Or a walking limit of 19 minutes."), (None, "No longer limit alone would do.")],
)
def test_a_target_missed_in_words(limit_min: float | None, instead: str) -> None:
    result = make_result(language="en")
    short = result.summary["remedies"][0] | {
        "stage": "city",
        "target_missed": True,
        "missing_people": 40.0,
        "needed": 2,
        "needed_people": 50.0,
        "limit_min": limit_min,
    }
    result.summary["remedies"] = [short]
    result.remedies["needed"] = [True, True, False]
    page = parse(build_report(result))
    text = " ".join(text_of(page.find('.//section[@id="remedies"]')).split())
    assert "City (goal: cover 95.0%): 40 people short. The changes marked ● (2)" in text
    assert instead in text
    assert [row[0] for row in cells(page, "remedies")] == ["● 1", "● 2", "3"]


def test_zones_under_their_floor_in_words() -> None:
    result = make_result(language="en")
    result.summary["remedies"][0] |= {"zones_short": 2, "zones_short_people": 17.0, "needed": 1}
    result.remedies["sites"] = [2, 0, 0]
    result.remedies["reason"] = "no_backup"
    page = parse(build_report(result))
    text = " ".join(text_of(page.find('.//section[@id="remedies"]')).split())
    assert "zones under their floor: 2, short of 17 people together. The changes" in text
    assert cells(page, "remedies")[0][2] == "one more site, on a candidate C7 ×2"
    assert cells(page, "remedies")[1][4] == "No backup within reach"


@pytest.mark.parametrize(
    ("after", "sentence"), [(True, "there is nothing to mend"), (False, "No sites were sought")]
)
def test_no_remedies_are_a_sentence(after: bool, sentence: str) -> None:
    result = make_result(language="en", after=after)
    nothing = dataclasses.replace(
        result, remedies=result.remedies.iloc[:0], summary=result.summary | {"remedies": []}
    )
    page = parse(build_report(nothing))
    assert sentence in text_of(page.find('.//section[@id="remedies"]'))
    assert cells(page, "remedies") == []


def test_closures_by_people_who_lose_cover() -> None:
    page = parse(build_report(make_result(language="en")))
    assert cells(page, "closures") == [
        ["五一广场 (B1)", "open", "750", "750 → 300", "0 → 300", "— → 4.0"],
        ["N1", "suggested", "— → 700", "— → 250", "— → 150", "— → 11.7"],
        ["N2", "suggested", "— → 80", "— → 80", "— → 0", "—"],
    ]
    text = text_of(page.find('.//section[@id="closures"]'))
    assert "Now and after building: whichever site closes, somebody loses cover." in text


@pytest.mark.parametrize(
    ("together", "status", "sentence"),
    [
        (["B1", "N1"], "optimal", "even all at once, without anybody losing cover: 2"),
        (["N1"], "optimal", "at most 1 can close together (proved), for example those marked ●"),
        (["N1"], "feasible", "at least 1 and at most 2 can close together"),
    ],
)
def test_sites_nobody_would_miss(together: list[str], status: str, sentence: str) -> None:
    result = make_result(language="en")
    result.summary["closures"]["after"] |= {
        "nobody_would_miss": ["B1", "N1"],
        "closable_together": together,
        "closable_bound": len(together) + (status != "optimal"),
        "closable_status": status,
    }
    text = " ".join(text_of(parse(build_report(result))).split())
    assert f"After building: sites that could close{', even' * (len(together) == 2)}" in text
    assert sentence in text
    assert "Now: whichever site closes" in text
    assert ("五一广场 (B1), ●N1" in text) == (len(together) == 1)
    assert "nobody within reach" not in text


def test_a_site_within_nobodys_reach_is_pointed_out() -> None:
    result = make_result(language="en")
    result.closures["people_within_reach_after"] = [750.0, 700.0, 0.0]
    result.summary["closures"]["after"] |= {
        "nobody_would_miss": ["N2"],
        "closable_together": ["N2"],
        "closable_bound": 1,
    }
    text = " ".join(text_of(parse(build_report(result))).split())
    assert "without anybody losing cover: 1 (N2 [nobody within reach])." in text


def test_first_page_speaks_plainly() -> None:
    page = parse(build_report(make_result(language="en")))
    text = " ".join(text_of(page.find('.//section[@id="glance"]')).split())
    assert (
        "Of 1,140 people, 750 (65.8%) live within a 15-minute walk of an open site; 390 do not."
        in text
    )
    assert "杏花区, near 柳溪路: 330 people, too far." in text
    assert "2 sites, built in this order, lift the share from 65.8% to 94.7%." in text
    assert "City: proven optimal." in text
    assert "County towns: at most 2.50% from the optimum." in text
    assert "distance only" in text


def test_nothing_is_written_as_a_python_value() -> None:
    for language in ("zh", "en"):
        for after in (True, False):
            text = text_of(parse(build_report(make_result(language=language, after=after))))
            assert re.findall(r"\b(?:nan|inf|None|NaN|NaT)\b", text) == []


def test_english_report_has_no_chinese_of_its_own() -> None:
    page = build_report(make_result(language="en"))
    for given in (
        "并州步行覆盖",
        "杏花区",
        "小店区",
        "空区",
        "并州市",
        "五一广场",
        "迎晖街, 柳溪路",
        "迎晖街",
        "柳溪路",
    ):
        page = page.replace(given, "")
    assert re.findall(r"[\u4e00-\u9fff]+", page) == []


def test_names_stay_text() -> None:
    report = build_report(make_result(awkward=AWKWARD))
    page = parse(report)
    assert text_of(page.find(".//h1")) == "并州步行覆盖" + AWKWARD
    assert page.findall(".//script") == []
    assert len(page.findall(".//b")) == 3
    assert "49" not in text_of(page.find(".//title"))


def test_no_script_and_no_address() -> None:
    page = build_report(make_result())
    assert "script-src 'none'" in page
    assert re.findall(r"https?://", page) == []


def test_unsnapped_are_listed_and_sources_have_digests() -> None:
    page = parse(build_report(make_result()))
    assert "R10" in text_of(page.find('.//section[@id="unsnapped"]'))
    sources = text_of(page.find('.//section[@id="sources"]'))
    assert "cd" * 32 in sources
    assert "walk.snap_limit_m" in sources


def test_curve_ends_where_the_rollout_ends() -> None:
    page = parse(build_report(make_result()))
    path = page.findall('.//path[@class="curve"]')[0].attrib["d"]
    heights = [float(y) for y in re.findall(r",([\d.]+)", path)]
    # The axis runs from 60 % (y = 190) to 100 % (y = 12).
    assert heights[0] == pytest.approx(190 - 178 * (750 / 1140 - 0.6) / 0.4, abs=0.06)
    assert heights[-1] == pytest.approx(190 - 178 * (1080 / 1140 - 0.6) / 0.4, abs=0.06)


@pytest.mark.parametrize("build", [build_map, build_report])
def test_a_start_without_any_site(build: Callable[[Result], str]) -> None:
    result = make_result(after=False, language="en")
    nowhere = {"open": 0, "closed": 0, "planned": 0, "suggested": 0}
    indptr = np.zeros(len(result.residences) + 1, dtype=np.int64)
    empty = np.zeros(0, dtype=np.uint8)
    nobody_near = NearSites(indptr, empty, empty, step_s=10, limit_s=1500.0)
    nothing = dataclasses.replace(
        result,
        sites=result.sites.iloc[:0],
        near_sites=nobody_near,
        gap_areas=result.gap_areas.iloc[:0],
        closures=result.closures.iloc[:0],
        summary=result.summary | {"sites": nowhere, "people_per_site": None},
    )
    page = build(nothing)
    assert 'data-key="sites" data-value="0"' in page
    assert 'data-key="people_per_site" data-value="nan">—<' in page


def test_formats_of_missing_numbers() -> None:
    for write in (formats.people, formats.share, formats.number, formats.gap):
        assert write(math.nan) == "—"
    assert formats.minutes(math.inf) == "—"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_band_by_speed_and_stage(language: str) -> None:
    result = make_result(language=language)
    page = parse(build_report(result))
    rows = [
        ["".join(cell.itertext()) for cell in row.findall("td")]
        for row in page.findall('.//section[@id="band"]//tbody/tr')
    ]
    elderly, brisk = (Words(language).profile(name) for name in ("elderly", "brisk"))
    assert rows == [
        [elderly, "2.9", "40.0% → 50.0%", "40.0% → 50.0%", "—"],
        [brisk, "4.7", "70.0% → 90.0%", "70.0% → 90.0%", "—"],
    ]
    sentence = {"zh": "按老年人(2.9 公里/小时),40.0%", "en": "at 2.9 km/h (elderly) 40.0%"}
    assert sentence[language] in build_report(result)


def test_cells_and_elderly_people_are_told() -> None:
    result = make_result(language="en")
    cells = {"people": 1140.0, "stand_ins": 3, "stand_in_people": 40.0}
    elderly = {"people": 120.0, "covered_people": 60.0, "covered_share": 0.5}
    more = dataclasses.replace(
        result, summary=result.summary | {"population": cells, "elderly": elderly}
    )
    page = build_report(more)
    assert "1,140, of them 40 in 3 cells without a residence" in page
    assert "120 people are 65 and older; 50.0% of them are covered." in page
