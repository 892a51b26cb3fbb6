"""The part of a run that concerns one zone: its people, all of them, and nobody else's."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
import test_desks
import town

import walkcover
from walkcover import InputError, Result
from walkcover.excerpts import excerpt, excerpts
from walkcover.output import FILES, write
from walkcover.result import NearSites

# Where residences live; 99 holds 01 and 02.
LEAVES = ["01", "02", "03", "04", "outside"]
HOMES = {
    "01": {"R01", "R02", "R03", "R04", "R13"},
    "02": {"R05", "R06", "R07", "R08", "R14", "R16"},
    "03": {"R09", "R10", "R11", "R15"},
    "04": set(),
    "outside": {"R12"},
}
HOMES["99"] = HOMES["01"] | HOMES["02"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return walkcover.run(walkcover.load_plan(town.make_town(tmp_path_factory.mktemp("a") / "b")))


@pytest.fixture(scope="module")
def parts(whole: Result) -> dict[str, Result]:
    names = [*LEAVES, "99"]
    return dict(zip(names, excerpts(whole, names), strict=True))


@pytest.fixture(scope="module")
def with_desks(tmp_path_factory: pytest.TempPathFactory) -> Result:
    city = {"target": 0.6}
    return test_desks.run(tmp_path_factory.mktemp("desks"), city=city)


@pytest.mark.parametrize("zone", HOMES)
def test_residences_are_those_of_the_zone(parts: dict[str, Result], zone: str) -> None:
    table = parts[zone].residences
    assert set(table["residence_id"]) == HOMES[zone]
    in_order = [row[0] for row in town.RESIDENCES if row[0] in HOMES[zone]]
    assert table["residence_id"].tolist() == in_order
    people = {row[0]: row[1] for row in town.RESIDENCES}
    assert parts[zone].summary["people"] == sum(people[home] for home in HOMES[zone])


def test_summary_is_worked_out_anew(parts: dict[str, Result]) -> None:
    # R01 to R03 of the city are covered now, R04 and the county town's R05 by N001.
    figures = parts["01"].summary
    assert (figures["covered_people"], figures["people"]) == (60, 100)
    assert (figures["covered_share"], figures["covered_share_after"]) == (0.6, 1.0)
    assert figures["verdicts"]["too_far"] == {"residences": 1, "people": 40}
    assert figures["verdicts"]["no_people"] == {"residences": 1, "people": 0}
    assert figures["sites"] == {"open": 1, "closed": 0, "planned": 0, "suggested": 1}
    assert figures["people_per_site"] == 100
    stages = {stage["name"]: stage for stage in figures["stages"]}
    assert (stages["city"]["sites_added"], stages["county_town"]["sites_added"]) == (1, 0)
    assert stages["county_town"]["people"] == 0
    assert stages["county_town"]["covered_share"] is None


def test_what_was_decided_together_is_named_as_such(
    whole: Result, parts: dict[str, Result]
) -> None:
    figures = parts["02"].summary
    said = figures["excerpt"]
    assert (said["zone_id"], said["zone_name"]) == ("02", "县城")
    for key in ("people", "covered_share", "covered_share_after", "stages", "remedies"):
        assert said["whole"][key] == whole.summary[key]
    for own, together in zip(figures["stages"], whole.summary["stages"], strict=True):
        for key in ("objective", "bound", "gap", "status", "target", "missing_people"):
            assert own[key] == together[key]
    assert figures["price_people"] == whole.summary["price_people"]
    assert parts["02"].plan.plan.name == "一条街 · 县城"


def test_zones_keep_their_rows(whole: Result, parts: dict[str, Result]) -> None:
    rows = whole.zones.set_index("zone_id", drop=False)
    assert parts["99"].zones["zone_id"].tolist() == ["01", "02", "99"]
    for part in parts.values():
        for _, zone in part.zones.drop(columns="geometry").iterrows():
            assert zone.equals(rows.drop(columns="geometry").loc[zone["zone_id"]])


def test_sites_inside_and_those_that_serve(parts: dict[str, Result]) -> None:
    def relations(zone: str) -> dict[str, tuple[str, float]]:
        sites = parts[zone].sites
        columns = (sites["relation"], sites["people_served_here"])
        return dict(zip(sites["site_id"], zip(*columns, strict=True), strict=True))

    # R03 and R04 are nearest to N001, which stands in the city and serves R05 beyond the border.
    assert relations("01")["N001"] == ("inside", 30 + 40)
    assert relations("02")["N001"] == ("serves", 50)
    assert relations("02")["N002"] == ("inside", 60 + 70 + 80)
    assert relations("outside") == {"B3": ("serves", 120)}
    assert relations("04") == {}
    # Closed sites stay, and those only near are there for the map.
    assert relations("02")["B2"] == ("inside", 0)
    assert relations("01")["B2"][0] == "near"


def test_sites_together_serve_everybody(whole: Result, parts: dict[str, Result]) -> None:
    served = sum(
        parts[zone].sites.set_index("site_id")["people_served_here"]
        .reindex(whole.sites["site_id"], fill_value=0.0).to_numpy()
        for zone in LEAVES
    )  # fmt: skip
    assert served.tolist() == whole.sites["people_served"].tolist()


def test_the_parts_add_up_to_the_whole(whole: Result, parts: dict[str, Result]) -> None:
    leaves = [parts[zone] for zone in LEAVES]
    for key in ("residences", "people", "covered_people", "covered_people_after", "gap_people"):
        assert sum(part.summary[key] for part in leaves) == whole.summary[key], key
    for row, stage in enumerate(whole.summary["stages"]):
        for key in ("people", "residences", "covered_people", "covered_people_after"):
            assert sum(part.summary["stages"][row][key] for part in leaves) == stage[key]
        assert sum(part.summary["stages"][row]["sites_added"] for part in leaves) == 1 - row // 2
    for name in ("people", "reached_people", "reached_people_after"):
        summed = sum(part.band[name].to_numpy() for part in leaves)
        assert summed.tolist() == whole.band[name].tolist()


def test_steps_of_building_count_the_zones_people(whole: Result, parts: dict[str, Result]) -> None:
    gained = dict.fromkeys(whole.rollout["order"], 0.0)
    for zone in LEAVES:
        for step in parts[zone].rollout.to_dict("records"):
            gained[step["order"]] += step["people_gained"]
    assert list(gained.values()) == whole.rollout["people_gained"].tolist()
    steps = parts["02"].rollout
    assert steps["site_id"].tolist() == ["N001", "N002"]
    # N001 reaches R05 and R06 (200 m further than 1,000 m from R07), N002 brings the other two.
    assert steps["people_gained"].tolist() == [50 + 60, 70 + 80]
    assert steps["is_inside"].tolist() == [False, True]
    assert steps["covered_share"].iloc[-1] == parts["02"].summary["covered_share_after"]
    assert parts["01"].rollout["order"].tolist() == [1]
    assert len(parts["03"].rollout) == 0


def test_gap_areas_under_their_old_ids(whole: Result, parts: dict[str, Result]) -> None:
    ids = whole.gap_areas.set_index("gap_id")
    for zone in LEAVES:
        areas = parts[zone].gap_areas
        assert areas["people"].sum() == parts[zone].summary["gap_people"]
        assert areas["people"].is_monotonic_decreasing
        for area in areas.to_dict("records"):
            assert area["geometry"].equals(ids.geometry[area["gap_id"]])
    # Homes of the street are 500 m apart: every area is one residence.
    assert parts["01"].gap_areas[["gap_id", "people", "reason"]].values.tolist() == [
        ["G9", 40, "too_far"]
    ]


def test_a_gap_area_across_a_border_is_counted_on_both_sides(tmp_path: Path) -> None:
    path = town.make_town(tmp_path / "town")
    rows = town.residence_rows()
    # Two homes 90 m apart on either side of the border at 2,000 m; R05 at 2,250 m is too far off.
    for name, north, people in (("W1", 1950, 7), ("W2", 2040, 9)):
        lon, lat = town.place(0, north)
        own = {"residence_id": name, "people": people, "lon": lon, "lat": lat}
        rows.append({**rows[0], **own, "stage": ""})
    town.write_rows(path.parent / "residences.csv", rows)
    whole = walkcover.assess(walkcover.load_plan(path))
    both = whole.gap_areas[whole.gap_areas["residences"] > 1]
    assert both[["residences", "people"]].values.tolist() == [[2 + 1, 7 + 9 + 40]]
    (south,) = excerpt(whole, "01").gap_areas.to_dict("records")
    north = excerpt(whole, "02").gap_areas.set_index("gap_id").loc[south["gap_id"]]
    assert (south["residences"], south["people"], south["zone_id"]) == (2, 40 + 7, "01")
    assert (north["residences"], north["people"], north["zone_id"]) == (1, 9, "02")
    assert north["zone_name"] == "县城"
    # The site stands at 500 m, R04 at 1,750 m; 0.9 s a metre, the limit is 900 s.
    assert north["nearest_miss_s"] == pytest.approx(0.9 * 1540 - 900, abs=0.01)
    assert south["nearest_miss_s"] == pytest.approx(0.9 * 1250 - 900, abs=0.01)


def test_closures_and_remedies_of_the_zone(whole: Result, parts: dict[str, Result]) -> None:
    assert parts["02"].closures["site_id"].tolist() == ["N001", "N002"]
    figures = parts["02"].summary["closures"]["after"]
    assert figures["sites"] == 1
    assert figures["closable_bound"] >= len(figures["closable_together"])
    assert parts["01"].remedies.empty
    assert set(parts["02"].remedies["residence_ids"]) == {"R16", "R14"}
    (stage,) = parts["02"].summary["remedies"]
    assert (stage["stage"], stage["uncovered_people"]) == ("county_town", 5 + 7)
    assert parts["02"].summary["excerpt"]["whole"]["remedies"] == whole.summary["remedies"]


def listed(near: NearSites, row: int, site_ids: list[str]) -> list[tuple[str, int]]:
    span = slice(near.indptr[row], near.indptr[row + 1])
    pairs = zip(near.site[span], near.walk_steps[span], strict=True)
    return [(site_ids[site], int(steps)) for site, steps in pairs]


def test_sites_near_each_residence_are_the_same(whole: Result, parts: dict[str, Result]) -> None:
    ids = whole.sites["site_id"].tolist()
    rows = {home: row for row, home in enumerate(whole.residences["residence_id"])}
    assert whole.near_sites is not None
    for part in parts.values():
        assert part.near_sites is not None
        assert len(part.near_sites.indptr) == len(part.residences) + 1
        own = part.sites["site_id"].tolist()
        for row, home in enumerate(part.residences["residence_id"]):
            found = listed(part.near_sites, row, own)
            assert found == listed(whole.near_sites, rows[home], ids)


def test_streets_and_bands_end_beyond_the_border(whole: Result, parts: dict[str, Result]) -> None:
    zone = parts["01"].zones.geometry.iloc[0]
    centre = shapely.transform(
        np.array([zone, *whole.streets.geometry]),
        lambda xy: (xy - [town.LON, town.LAT]) * [111_320 * np.cos(np.radians(town.LAT)), 110_980],
    )
    apart_m = shapely.distance(centre[0], centre[1:])
    near = whole.streets[apart_m < 490]
    far = whole.streets[apart_m > 510]
    assert len(near)
    assert len(far)
    kept = set(parts["01"].streets.geometry.to_wkb())
    assert set(near.geometry.to_wkb()) <= kept
    assert not set(far.geometry.to_wkb()) & kept
    reach = zone.buffer(0.0052)
    assert parts["01"].isochrones.within(reach).all()
    assert set(parts["01"].isochrones.geom_type) <= {"Polygon", "MultiPolygon"}


def test_every_file_can_be_written(parts: dict[str, Result], tmp_path: Path) -> None:
    first = write(parts["02"], tmp_path / "first")
    again = write(parts["02"], tmp_path / "again")
    assert {path.name for path in first} == set(FILES)
    for one, other in zip(first, again, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
    figures = json.loads((tmp_path / "first" / "summary.json").read_text("utf-8"))
    assert figures["people"] == parts["02"].summary["people"]


@pytest.mark.parametrize("zone", ["04", "outside"])
def test_reports_where_hardly_anything_is(
    parts: dict[str, Result], zone: str, tmp_path: Path
) -> None:
    names = ["report.html", "report.docx", "report.xlsx", "summary.json", "coverage.gpkg"]
    for path in write(parts[zone], tmp_path, files=names):
        assert path.stat().st_size


def test_a_part_without_suggestions(tmp_path: Path) -> None:
    whole = walkcover.assess(walkcover.load_plan(town.make_town(tmp_path / "town")))
    part = excerpt(whole, "01")
    assert part.summary["covered_people"] == 60
    assert "covered_people_after" not in part.summary
    assert part.rollout.empty
    assert part.near_sites is None
    assert part.sites["relation"].tolist() == ["inside"]


def test_desk_time_by_zone(with_desks: Result) -> None:
    parts = dict(zip(LEAVES, excerpts(with_desks, LEAVES), strict=True))
    for state in ("now", "after"):
        for key in ("served_people", "unserved_people", "desks"):
            total = with_desks.summary["desks"][state][key]
            summed = sum(part.summary["desks"][state][key] for part in parts.values())
            assert summed == pytest.approx(total, rel=1e-12), (state, key)
    served = sum(part.sites["people_served_here"].sum() for part in parts.values())
    assert served == pytest.approx(with_desks.summary["covered_people_after"], rel=1e-12)
    # Two more desks at B1, for 0.25 each, are bought in the city.
    (city, *rest) = parts["01"].summary["stages"]
    assert (city["desks_added"], city["cost"]) == (2, 0.5)
    assert [stage["desks_added"] for stage in rest] == [0, 0]
    assert parts["02"].summary["stages"][0]["desks_added"] == 0
    assert parts["01"].rollout["covered_people"].tolist() == (
        with_desks.rollout["covered_people"].tolist()
    )
    short = parts["01"].summary["desks"]["now"]["shortages"]
    assert [group["sites"] for group in short] == [["B1"]]
    assert parts["02"].summary["desks"]["now"]["shortages"] == []


@pytest.mark.parametrize(
    ("zone", "hint"),
    [("城区", "did you mean '01' (城区)"), ("1", "did you mean '01'"), ("xyz", "known are 01, 02")],
)
def test_unknown_zones_name_the_nearest(whole: Result, zone: str, hint: str) -> None:
    with pytest.raises(InputError, match=f"no zone has the id '{zone}'") as caught:
        excerpt(whole, zone)
    assert hint in str(caught.value)


def test_a_part_of_a_part_is_refused(parts: dict[str, Result]) -> None:
    with pytest.raises(InputError, match="take every excerpt from the whole run"):
        excerpt(parts["99"], "01")


def test_lost_people_are_noticed(whole: Result) -> None:
    zones = whole.zones.copy()
    zones.loc[zones["zone_id"] == "01", "people"] += 1
    wrong = dataclasses.replace(whole, zones=gpd.GeoDataFrame(zones))
    with pytest.raises(walkcover.ConservationError, match="cutting out 01"):
        excerpt(wrong, "01")
