"""Site cards, data sources and what did not fit, in the report."""

from __future__ import annotations

import dataclasses
import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from report_pages import cells, parse, text_of
from results import make_result

from walkcover.maps import build_report
from walkcover.maps.drawing import Mark
from walkcover.maps.pictures import where_it_is
from walkcover.maps.text import Words
from walkcover.plan import CandidateSource, ZoneSource
from walkcover.result import Result


def cards(result: Result) -> dict[str, list[str]]:
    page = parse(build_report(result))
    found = {}
    for card in page.findall('.//section[@id="cards"]/div[@class="facts"]/div'):
        title, *lines = [" ".join(text_of(one).split()) for one in card]
        found[title] = lines
    return found


def test_a_card_says_where_how_busy_and_what_if_it_closes() -> None:
    shown = cards(make_result(language="en"))
    assert list(shown) == ["N1", "N2", "五一广场 (B1)"]
    assert shown["N1"] == [
        "suggested, no. 1 (City)",
        "Near 迎晖街, 柳溪路",
        "Place 112.56000 37.87300",
        "People within reach 700",
        "People served 250",
        "If it closes 250 people lose cover; 150 walk 11.7 min further on average",
    ]
    assert shown["N2"][-1] == "If it closes 80 people lose cover"
    assert shown["五一广场 (B1)"][0] == "open"
    assert shown["五一广场 (B1)"][-1] == (
        "If it closes 300 people lose cover; 300 walk 4.0 min further on average"
    )


def test_without_siting_cards_show_what_stands_now() -> None:
    shown = cards(make_result(language="en", after=False))
    assert list(shown) == ["五一广场 (B1)"]
    assert shown["五一广场 (B1)"][-1] == "If it closes 750 people lose cover"


def test_load_and_desks_where_they_count_and_a_mark_over_the_norm() -> None:
    result = make_result(language="en")
    sites = result.sites.assign(desks=2.0, desks_added=[0.0, 0.0, 1.0, 0.0], load_share=0.995)
    sites.loc[2, "people_served"] = 3000.5
    sites.loc[3, "people_served"] = 3000.0
    shown = cards(dataclasses.replace(result, sites=sites))
    assert shown["N1"][4:7] == ["People served 3,000 ▲", "Desks 2 +1", "Load 99.5%"]
    assert shown["N2"][4:7] == ["People served 3,000", "Desks 2", "Load 99.5%"]


def test_nobody_loses_cover() -> None:
    result = make_result(language="en")
    result.closures.loc[0, ["only_people_after", "moved_people_after"]] = 0.0
    assert cards(result)["五一广场 (B1)"][-1] == "If it closes nobody loses cover"


def test_cards_and_counts_are_cut_alike() -> None:
    result = make_result(language="en")
    rows = result.closures.iloc[[0] * 15].assign(site_id=[f"B{i:02d}" for i in range(15)])
    rows["only_people_after"] = [float(i) for i in range(15)]
    sites = result.sites.iloc[[0] * 15 + [2, 3]]
    sites = sites.assign(site_id=[*rows["site_id"], "N1", "N2"])
    result = dataclasses.replace(result, closures=rows, sites=sites)
    shown = cards(result)
    assert list(shown) == [f"五一广场 (B{i:02d})" for i in range(14, 2, -1)]
    text = text_of(parse(build_report(result)).find('.//section[@id="cards"]'))
    assert "(12 of 15)" in text


def sources(result: Result) -> list[list[str]]:
    return [row for row in cells(parse(build_report(result)), "sources") if len(row) == 4]


def test_files_have_a_use_and_a_date_only_where_they_state_one() -> None:
    result = make_result(language="en")
    plan = dataclasses.replace(
        result.plan,
        zones=ZoneSource(source="districts.shp"),
        candidates=CandidateSource(source="booths.xlsx", crs="gcj02"),
    )
    files = ["streets.osm.pbf", "residences.csv", "booths.xlsx", "districts.shp", "districts.dbf"]
    summary = result.summary | {
        "inputs": dict.fromkeys(files, "ab" * 32),
        "input_dates": {"streets.osm.pbf": "2022-05-01"},
    }
    rows = sources(dataclasses.replace(result, plan=plan, summary=summary))
    assert [row[:3] for row in rows] == [
        ["booths.xlsx", "sites, candidates", "not stated in the file"],
        ["districts.dbf", "zones", "not stated in the file"],
        ["districts.shp", "zones", "not stated in the file"],
        ["residences.csv", "residences", "not stated in the file"],
        ["streets.osm.pbf", "streets", "2022-05-01"],
    ]
    assert {row[3] for row in rows} == {"ab" * 32}


def test_residences_out_of_the_extract_are_named_as_such() -> None:
    result = make_result(language="en")
    homes = dataclasses.replace(result.plan.residences, source="osm")
    result = dataclasses.replace(result, plan=dataclasses.replace(result.plan, residences=homes))
    assert dict(row[:2] for row in sources(result))["streets.osm.pbf"] == "streets, residences"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_sites_that_joined_no_street_are_listed(language: str) -> None:
    result = make_result(language=language)
    result.sites.loc[1, "snap_to"] = None
    text = text_of(parse(build_report(result)).find('.//section[@id="unsnapped"]'))
    assert "南站 (B2)" in text
    assert "五一广场" not in text


@pytest.mark.parametrize(("count", "size"), [(3, 8.0), (301, 8.0), (2_500, 6.0), (90_000, 1.6)])
def test_marks_of_the_picture_shrink_where_there_are_very_many(count: int, size: float) -> None:
    result = make_result()
    side = math.isqrt(count - 1) + 1
    west, south, east, north = result.residences.total_bounds
    lon, lat = np.meshgrid(np.linspace(west, east, side), np.linspace(south, north, side))
    at = {"lon": lon.ravel()[:count], "lat": lat.ravel()[:count]}
    sites = pd.concat([result.sites.iloc[[0]]] * count, ignore_index=True).assign(**at)
    sites = sites.set_geometry(gpd.points_from_xy(sites["lon"], sites["lat"], crs=4326))
    shapes = where_it_is(dataclasses.replace(result, sites=sites), Words("zh")).shapes
    sizes = {shape.size for shape in shapes if isinstance(shape, Mark)}
    assert list(sizes) == [pytest.approx(size, rel=0.1)]
