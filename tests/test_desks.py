"""Desk time in a whole run: the town of one street with desks, worked out by hand."""

from __future__ import annotations

import base64
import json
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
import town

import walkcover
from walkcover._errors import InputError
from walkcover.maps import build_map, build_report
from walkcover.result import Result

# One desk tests 10 people in the interval. B1 has four of them: within its 1,000 m live R01 (10
# people) and R02 (20), 225 s away, and R03 (30), 675 s away.
DESKS = {"tests_per_desk_hour": 10, "interval_days": 1, "hours_per_day": 1, "new_site_desks": 7}
B1_DESKS = 4
COVERED = 10 + 20 + 10
UNSERVED = 20
# R13 has no people. R16 joins no street, R14 sits on an island, R15 on a piece without a site.
FAR = town.VERDICTS["too_far"] + 7 + 5 + 6


def make_town(
    folder: Path, *, city: dict[str, Any] | None = None, desks: dict[str, Any] | None = None
) -> Path:
    """The town with desks at B1 and the planned B3; the city alone builds."""
    path = town.make_town(folder)
    with_desks({"B1": B1_DESKS, "B2": "", "B3": 100}, folder)
    stages = [
        {"name": "city", **(city or {"max_sites": 0})},
        {"name": "county_town", "max_sites": 0},
        {"name": "countryside", "max_sites": 0},
    ]
    plan = {**town.PLAN, "stages": stages, "desks": DESKS | (desks or {})}
    return town.write_plan(path, plan)


def with_desks(desks: dict[str, object], folder: Path, **columns: object) -> None:
    rows = [{**row, "desks": desks[str(row["site_id"])], **columns} for row in town.site_rows()]
    town.write_rows(folder / "sites.csv", rows)


def run(folder: Path, **changes: Any) -> Result:
    return walkcover.run(walkcover.load_plan(make_town(folder, **changes)))


@pytest.fixture(scope="module")
def now(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return walkcover.assess(walkcover.load_plan(make_town(tmp_path_factory.mktemp("now"))))


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return run(tmp_path_factory.mktemp("extended"), city={"target": 0.6})


def test_who_walks_furthest_finds_no_desk_time(now: Result) -> None:
    table = now.residences.set_index("residence_id")
    assert table.loc[["R01", "R02", "R03"], "verdict"].tolist() == [
        "covered",
        "covered",
        "over_capacity",
    ]
    assert table["people_unserved"].to_dict() == {
        name: UNSERVED if name == "R03" else 0 for name in table.index
    }
    # The nearest site and the walk to it do not change.
    assert table.loc["R03", "site_id"] == "B1"
    assert table.loc["R03", "walk_s"] == pytest.approx(675)


def test_totals_now(now: Result) -> None:
    summary = now.summary
    assert summary["distance_only"] is False
    assert summary["covered_people"] == COVERED
    assert summary["gap_people"] == UNSERVED + FAR
    assert summary["verdicts"]["covered"] == {"residences": 2, "people": COVERED}
    assert summary["verdicts"]["over_capacity"] == {"residences": 1, "people": UNSERVED}
    assert sum(part["people"] for part in summary["verdicts"].values()) == town.PEOPLE
    desks = summary["desks"]["now"]
    assert (desks["sites"], desks["desks"], desks["capacity_people"]) == (1, 4, 40)
    assert desks["shortages"] == [
        {
            "sites": ["B1"],
            "residences": 3,
            "people": 60,
            "capacity_people": 40,
            "lacking_people": UNSERVED,
        }
    ]
    assert summary["parameters"]["desks"]["new_site_desks"] == 7


def test_sites_zones_and_gaps_now(now: Result) -> None:
    site = now.sites.set_index("site_id").loc["B1"]
    assert (site["people_served"], site["capacity_people"], site["load_share"]) == (40, 40, 1)
    zones = now.zones.set_index("zone_id")
    assert zones.loc["01", ["covered_people", "unserved_people"]].tolist() == [COVERED, UNSERVED]
    # R03 and R04, 500 m apart, are gaps of two kinds: one lacks desk time, the other a site.
    gaps = now.gap_areas.set_index("reason")
    full = gaps.loc["over_capacity"]
    assert (full["people"], full["nearest_miss_s"]) == (UNSERVED, 0)
    assert gaps["people"].sum() == UNSERVED + FAR


def test_pages_of_the_present_state_alone(now: Result) -> None:
    report, page = build_report(now), build_map(now)
    assert 'data-key="desks.now.unserved_people" data-value="20.0"' in report
    assert "desks.after" not in report
    assert 'data-key="verdicts.over_capacity.people" data-value="20.0"' in page


def test_extending_is_cheaper_than_building(extended: Result) -> None:
    # The target are 60 of the city's 100 people. Two more desks at B1 serve R03 for 0.5.
    stage = extended.summary["stages"][0]
    assert (stage["objective"], stage["bound"], stage["status"]) == (0.5, 0.5, "optimal")
    assert (stage["sites_added"], stage["desks_added"]) == (0, 2)
    assert stage["covered_share_after"] == 0.6
    row = extended.rollout.iloc[0]
    wanted = ["city", "extend", "B1", 2, "城区", 20]
    columns = ["stage", "action", "site_id", "desks", "zone_name", "people_gained"]
    assert row[columns].tolist() == wanted
    assert (row["lon"], row["lat"]) == pytest.approx(town.place(0, 500), abs=1e-7)
    # B3 serves 420 people once it stands.
    assert row["covered_people"] == COVERED + town.COVERED_BY_PLANNED + 20
    site = extended.sites.set_index("site_id").loc["B1"]
    assert site[["desks", "desks_added", "capacity_people", "people_served"]].tolist() == [
        4,
        2,
        60,
        60,
    ]


@pytest.mark.parametrize("desks", [{"extra_desk_cost": 0.6}, {"most_extra_desks": 1}])
def test_building_where_desks_cost_more_or_are_not_enough(
    tmp_path: Path, desks: dict[str, Any]
) -> None:
    # Two desks for 1.2, or one that serves 10 of the 20 people who lack.
    result = run(tmp_path, city={"target": 0.6}, desks=desks)
    stage = result.summary["stages"][0]
    assert (stage["objective"], stage["bound"], stage["status"]) == (1, 1, "optimal")
    assert (stage["sites_added"], stage["desks_added"]) == (1, 0)
    row = result.rollout.iloc[0]
    assert (row["action"], row["desks"]) == ("build", 7)
    new = result.sites.set_index("site_id").loc[row["site_id"]]
    assert (new["desks"], new["capacity_people"]) == (7, 70)


def test_one_more_of_either_counts_as_one(tmp_path: Path) -> None:
    # A site serves 70 of R03 to R05; a desk 10 of R03. The city's own are 20 of R03, 40 of R04.
    result = run(tmp_path, city={"max_sites": 1})
    stage = result.summary["stages"][0]
    assert (stage["objective"], stage["sites_added"], stage["desks_added"]) == (100, 1, 0)
    assert stage["status"] == "optimal"


def test_remedies_name_the_desks(tmp_path: Path) -> None:
    result = run(tmp_path, city={"target": 0.6}, desks={"most_extra_desks": 0, "new_site_desks": 1})
    # One desk per site: two sites serve the 20 people who lack; nothing is left to mend.
    assert result.summary["stages"][0]["sites_added"] == 2
    result = run(tmp_path / "none", city={"max_sites": 0})
    desk = result.remedies[result.remedies["remedy"] == "desk"].iloc[0]
    assert (desk["place_id"], desk["desks"], desk["people"]) == ("B1", 2, 20)
    assert desk["reason"] == "over_capacity"
    assert (desk["lon"], desk["lat"]) == pytest.approx(town.place(0, 500), abs=1e-7)
    assert "limit" not in set(result.remedies["remedy"])


def test_remedies_at_a_suggested_site(tmp_path: Path) -> None:
    # Everybody within reach of the two desks of the new site, which nothing may extend.
    result = run(
        tmp_path, city={"max_sites": 1}, desks={"most_extra_desks": 0, "new_site_desks": 2}
    )
    desk = result.remedies[(result.remedies["remedy"] == "desk")]
    assert (
        desk["people"].sum()
        == result.residences["people_unserved_after"][result.residences["stage"] == "city"].sum()
    )
    assert desk["lon"].notna().all()
    assert (desk["desks"] == np.ceil(desk["people"] / 10)).all()


def test_people_are_conserved(extended: Result) -> None:
    table = extended.residences
    for suffix in ("", "_after"):
        verdicts = extended.summary[f"verdicts{suffix}"]
        assert sum(part["people"] for part in verdicts.values()) == town.PEOPLE
        covered = extended.summary[f"covered_people{suffix}"]
        assert covered + extended.summary[f"gap_people{suffix}"] == town.PEOPLE
        zones = extended.zones[~extended.zones["zone_id"].eq("99")]
        assert zones[f"covered_people{suffix}"].sum() == covered
        assert sum(stage[f"covered_people{suffix}"] for stage in extended.summary["stages"]) == (
            covered
        )
        state = extended.summary["desks"]["after" if suffix else "now"]
        assert state["served_people"] == covered
        assert state["unserved_people"] == table[f"people_unserved{suffix}"].sum()
    assert extended.sites["people_served"].sum() == extended.summary["covered_people_after"]
    assert (extended.sites["people_served"] <= extended.sites["capacity_people"].fillna(0)).all()


UNSERVED_SAID = {"en": "Over capacity (20 people)", "zh": "能力不足(20 人排不上)"}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_map_and_report_agree_with_the_summary(tmp_path: Path, language: str) -> None:
    path = make_town(tmp_path, city={"max_sites": 1})
    text = path.read_text(encoding="utf-8").replace('"zh"', f'"{language}"')
    path.write_text(text, encoding="utf-8")
    result = walkcover.run(walkcover.load_plan(path))
    report, page = build_report(result), build_map(result)
    desks, verdicts = result.summary["desks"], result.summary["verdicts"]
    shown = dict(re.findall(r'data-key="([\w.]+)" data-value="([^"]+)"', report))
    for state in ("now", "after"):
        for key in ("sites", "desks", "capacity_people", "served_people", "unserved_people"):
            assert float(shown[f"desks.{state}.{key}"]) == desks[state][key]
    assert float(shown["unserved"]) == UNSERVED
    assert float(shown["verdicts.over_capacity.people"]) == UNSERVED
    shown = dict(re.findall(r'data-key="([\w.]+)" data-value="([^"]+)"', page))
    bands = [float(shown[f"{key}.people"]) for key in ("near", "middle", "far")]
    # R01 and R02 walk 225 s; ten of R03 walk 675 s and are served.
    assert bands == [30, 0, 10]
    assert sum(bands) == verdicts["covered"]["people"]
    assert float(shown["verdicts.over_capacity.people"]) == UNSERVED
    assert float(shown["unserved"]) == UNSERVED
    for text in (report, page):
        assert 'data-key="distance_only"' not in text
    data = json.loads(re.search(r'id="walkcover-data"[^>]*>(.*?)</script>', page, re.DOTALL)[1])
    for tag, said in data["phrases"].items():
        phrases = json.loads(zlib.decompress(base64.b64decode(said["texts"]["packed"])))
        assert UNSERVED_SAID[tag[:2]] in phrases


def test_without_desks_distance_alone_counts(tmp_path: Path) -> None:
    path = make_town(tmp_path)
    with_desks(dict.fromkeys(("B1", "B2", "B3"), ""), tmp_path)
    result = walkcover.assess(walkcover.load_plan(path))
    assert result.summary["distance_only"] is True
    assert result.summary["covered_people"] == 60
    assert "desks" not in result.summary
    assert "desks" not in result.summary["parameters"]
    assert "people_unserved" not in result.residences


@pytest.mark.parametrize(
    ("desks", "columns", "message"),
    [
        ({"B1": 4, "B2": "", "B3": ""}, {}, "have no desks, first B3"),
        ({"B1": "", "B2": 3, "B3": 4}, {}, "have no desks, first B1"),
        ({"B1": -1, "B2": "", "B3": 4}, {}, "negative"),
        ({"B1": 4, "B2": "", "B3": 4}, {"hours_per_day": 25}, "more than 24 hours a day, first B1"),
    ],
)
def test_desks_that_cannot_be_meant(
    tmp_path: Path, desks: dict[str, object], columns: dict[str, object], message: str
) -> None:
    path = make_town(tmp_path)
    with_desks(desks, tmp_path, **columns)
    with pytest.raises(InputError, match=r"sites\.csv") as caught:
        walkcover.assess(walkcover.load_plan(path))
    assert message in str(caught.value)


def test_hours_of_a_site_and_of_the_plan(tmp_path: Path) -> None:
    path = make_town(tmp_path)
    rows = [
        {**row, "desks": 1, "hours_per_day": hours}
        for row, hours in zip(town.site_rows(), ["2.5", "", ""], strict=True)
    ]
    town.write_rows(tmp_path / "sites.csv", rows)
    sites = walkcover.assess(walkcover.load_plan(path)).sites
    assert sites["capacity_people"].tolist() == [25, 10, 10]
    # The closed and the planned site serve nobody now.
    assert sites["load_share"].isna().tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("sections", "named"),
    [
        ({"siting": {"sites_in_reach": 2}}, "sites_in_reach = 2"),
        ({"siting": {"profile": "elderly"}}, "profile = 'elderly'"),
        ({"stages": [{"name": "city", "target": 1.0, "zone_floor": 0.5}]}, "zone_floor = 0.5"),
        ({"stages": [{"name": "city", "max_sites": 1, "goal": "mean_walk"}]}, "goal = 'mean_walk'"),
    ],
)
def test_what_desk_time_does_not_go_with(
    tmp_path: Path, sections: dict[str, Any], named: str
) -> None:
    path = make_town(tmp_path)
    rest = [{"name": "county_town"}, {"name": "countryside"}]
    plan = {**town.PLAN, **sections}
    plan["stages"] = [*plan["stages"], *rest] if "stages" in sections else plan["stages"]
    town.write_plan(path, plan)
    with pytest.raises(InputError, match="desk time cannot be planned together") as caught:
        walkcover.suggest(walkcover.load_plan(path))
    assert named in str(caught.value)


def test_candidates_say_how_many_desks_they_hold(tmp_path: Path) -> None:
    path = make_town(tmp_path, city={"target": 1.0})
    spots = [("C1", 1500, 1, 2.0), ("C2", 1600, 9, 3.0), ("C3", 1700, "", 9.0)]
    rows = [
        dict(zip(("candidate_id", "lon", "lat", "max_desks", "cost"),
                 (name, *town.place(0, north), most, cost), strict=True))
        for name, north, most, cost in spots
    ]  # fmt: skip
    town.write_rows(tmp_path / "candidates.csv", rows)
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text + '[candidates]\nsource = "candidates.csv"\ncrs = "wgs84"\n', encoding="utf-8"
    )
    result = walkcover.suggest(walkcover.load_plan(path))
    # R04's 40 people need four desks: C2 for 3, with room for R03's 20 too (7 desks of 9).
    assert result.rollout["site_id"].tolist() == ["C2"]
    assert result.rollout["desks"].tolist() == [7]
    assert result.summary["stages"][0]["objective"] == 3


def test_example_town_with_desks(tmp_path: Path) -> None:
    source = Path(__file__).parents[1] / "data" / "town"
    for name in ("streets.osm.pbf", "residences.csv", "zones.geojson"):
        (tmp_path / name).write_bytes((source / name).read_bytes())
    book = openpyxl.load_workbook(source / "booths.xlsx")
    sheet = book.active
    at = sheet.max_column + 1
    sheet.cell(1, at, "采样台数")
    for row in range(2, sheet.max_row + 1):
        sheet.cell(row, at, 1 + row % 3)
    book.save(tmp_path / "booths.xlsx")
    text = (source / "plan.toml").read_text(encoding="utf-8")
    text = text.replace('status = "状态"', 'status = "状态"\ndesks = "采样台数"')
    text = text.replace("target = 0.95", "max_sites = 6").replace("target = 0.9", "max_sites = 2")
    (tmp_path / "plan.toml").write_text(text + "\n[desks]\ninterval_days = 3\n", encoding="utf-8")
    result = walkcover.suggest(walkcover.load_plan(tmp_path / "plan.toml"))
    summary = result.summary
    desks = summary["desks"]
    for state, suffix in (("now", ""), ("after", "_after")):
        lacking = sum(group["lacking_people"] for group in desks[state]["shortages"])
        assert lacking == desks[state]["unserved_people"] > 0
        assert desks[state]["served_people"] == summary[f"covered_people{suffix}"]
        parts = summary[f"verdicts{suffix}"].values()
        assert sum(part["people"] for part in parts) == summary["people"]
    assert result.sites["people_served"].sum() == desks["after"]["served_people"]
    for stage in summary["stages"]:
        assert stage["covered_share_after"] >= stage["covered_share"]
        assert stage["gap"] <= 0.05


def test_order_of_rows_changes_nobody(tmp_path: Path, now: Result) -> None:
    path = make_town(tmp_path)
    rows = town.residence_rows()
    town.write_rows(tmp_path / "residences.csv", rows[::-1])
    other = walkcover.assess(walkcover.load_plan(path)).residences.set_index("residence_id")
    pd.testing.assert_series_equal(
        other["people_unserved"].sort_index(),
        now.residences.set_index("residence_id")["people_unserved"].sort_index(),
    )
