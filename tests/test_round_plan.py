"""Rounds from places to tables, held against a checker of their own."""

import dataclasses
import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pytest
import shapely
from drawn_roads import grid, make_lines
from hypothesis import given, settings
from hypothesis import strategies as st
from round_checker import check_round_plan

import walkcover
import walkcover.round_plan
from walkcover import InputError
from walkcover.assessment import assess_tables
from walkcover.io.daily_sources import read_bases, read_plan_roads
from walkcover.io.inputs import no_sites
from walkcover.network import build_network
from walkcover.operations import Demand
from walkcover.plan import DeskOptions, Plan
from walkcover.plan_operations import RoundOptions
from walkcover.roads import ready_roads
from walkcover.round_plan import plan_round_trips
from walkcover.study import Study
from walkcover.tables import check_residences

TOWN = Path(__file__).parents[1] / "data" / "town"
WEEK = Plan(desks=DeskOptions(interval_days=7))


@pytest.fixture(autouse=True, scope="module")
def short_searches():
    """What is tested is the plan, not how good its routes are; `bench_rounds.py` measures that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walkcover.round_plan, "LEAST_ITERATIONS", 150)
        patch.setattr(walkcover.round_plan, "MOST_ITERATIONS", 150)
        yield


def with_rounds(plan=WEEK, **options):
    return dataclasses.replace(plan, rounds=RoundOptions(**options))


def make_study(points, people, lines):
    """The part of a run that rounds need."""
    lon, lat = shapely.get_coordinates(points).T
    table = pd.DataFrame({"residence_id": [f"R{k}" for k in range(len(points))],
                          "people": people, "lon": lon, "lat": lat})  # fmt: skip
    residences = check_residences(table, crs="wgs84").assign(zone_id="Z", stage="all")
    network = build_network(lines)
    assessment = assess_tables(residences, no_sites(), network, plan=WEEK)
    empty = gpd.GeoDataFrame(geometry=[], crs=4326)
    return Study(residences, no_sites(), empty, None, network, None, None, assessment, None)


def make_services(points, people, service):
    return gpd.GeoDataFrame(
        {
            "place_id": [f"R{k}" for k in range(len(points))],
            "name": [f"village {k}" for k in range(len(points))],
            "origin": "residence",
            "kind": "village",
            "people": np.asarray(people, dtype=float),
            "zone_id": "Z",
            "service": service,
            "tests": np.asarray(people, dtype=float),
        },
        geometry=points,
        crs=4326,
    )


def make_bases(points, teams):
    table = {"base_id": [f"B{k}" for k in range(len(points))], "name": "base"}
    return gpd.GeoDataFrame(table | {"teams": np.asarray(teams, dtype=float)},
                            geometry=points, crs=4326)  # fmt: skip


def plan_of(services, study, roads, bases, plan):
    empty = pd.DataFrame()
    demand = Demand(services, empty, services.iloc[:0], empty, empty, empty, {})
    return plan_round_trips(demand, study, roads, bases, plan=plan)


def planned(points, people, bases, plan=WEEK, *, service="round", lines=None, snap_limit_m=1000.0):
    """Plan and check; roads and streets are the same lines."""
    points = np.asarray(points, dtype=object)
    lines = grid(0) if lines is None else lines
    roads = ready_roads(lines, snap_limit_m=snap_limit_m)
    services = make_services(points, people, service)
    rounds = plan_of(services, make_study(points, people, lines), roads, bases, plan)
    check_round_plan(rounds, services, bases, roads, plan)
    return rounds


def corners(*rows):
    """Crossings of the grid."""
    lines = grid(0)
    place = np.column_stack([lines.lon, lines.lat])[lines.indptr[:-1]]
    return shapely.points(np.unique(place, axis=0)[[*rows]])


@settings(max_examples=6, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from([[np.nan], [np.nan, np.nan], [1, np.nan], [1, 0], [1, 1]]),
    st.sampled_from([150.0, 700.0]),
)
def test_plans_keep_every_promise(seed, teams, vehicle):
    rng = np.random.default_rng(seed)
    points = shapely.points(rng.uniform((112, 37), (112.03, 37.03), (14, 2)))
    people = rng.integers(1, 300, 14).astype(float) + 0.4
    lines = grid(seed)
    roads = ready_roads(lines, snap_limit_m=300.0)
    service = rng.choice(["round", "visit", "site"], 14)
    services = make_services(points, people, service)
    bases = make_bases(shapely.points(lines.lon[: len(teams)], lines.lat[: len(teams)]), teams)
    plan = with_rounds(tests_per_day=vehicle, shift_h=4.0, stop_walk_min=8.0, days_per_week=3.0)
    rounds = plan_of(services, make_study(points, people, lines), roads, bases, plan)
    check_round_plan(rounds, services, bases, roads, plan)


def test_a_small_case_by_hand():
    # Two villages of 100 and 50 at two ends of a road of 10 min, the base in its middle.
    ends = np.array([[112.0, 37.0], [112.0674, 37.0]])
    street = make_lines([(["a", "m", "b"], [tuple(ends[0]), (112.0337, 37.0), tuple(ends[1])])])
    bases = make_bases(shapely.points([[112.0337, 37.0]]), [np.nan])
    rounds = planned(shapely.points(ends), [100, 50], bases, lines=street)
    assert rounds.summary["teams"] == rounds.summary["teams_at_least"] == 1
    assert rounds.summary["status"] == "optimal"
    assert rounds.summary["team_days"] == 1
    # 6 km at 36 km/h is ten minutes: out 5, on 10, home 5.
    assert rounds.summary["drive_s"] == pytest.approx(1200, abs=4)
    # 50 and 25 min of tests at 120 an hour, twice 10 min of setting up, and the drives.
    assert rounds.days["back_s"].item() == pytest.approx(60 * (50 + 25 + 20 + 20), abs=4)
    assert rounds.stops["drive_s"].tolist() == pytest.approx([300, 300], abs=2)


def test_who_is_left_is_told_why_and_what_would_do():
    # One road of 80 km, an hour and a half and more from end to end, and one that is not joined.
    ends = [(112.0, 37.0), (112.9, 37.0)]
    apart = [(112.0, 37.1), (112.02, 37.1)]
    lines = make_lines([(["a", "b"], ends), (["c", "d"], apart)])
    points = shapely.points([ends[0], ends[1], apart[1], (112.0, 37.05)])
    bases = make_bases(points[:1], [np.nan])
    plan = with_rounds(shift_h=2.0)
    rounds = planned(points, [40, 60, 30, 20], bases, plan, lines=lines)
    why = rounds.unserved.set_index("place_id")
    assert why["reason"].tolist() == ["too_far", "no_road", "no_stop"]
    assert rounds.summary["served_people"] == 40
    # The smallest shift that does, does; a little less does not.
    needed_h = why["remedy_value"].iloc[0]
    enough = planned(points, [40, 60, 30, 20], bases, with_rounds(shift_h=needed_h), lines=lines)
    assert enough.unserved["reason"].tolist() == ["no_road", "no_stop"]
    # Farther from the road than a stop may lie: with that much room it is served.
    assert why.index[2] == "R3"
    room = planned(points[[0, 3]], [40, 20], bases, with_rounds(shift_h=8.0), lines=lines,
                   snap_limit_m=why["remedy_value"].iloc[2] + 1)  # fmt: skip
    assert room.unserved.empty


def test_teams_that_are_missing_do():
    points = corners(2, 7, 9, 13)
    people = [900.0, 800.0, 700.0, 900.0]
    plan = with_rounds(days_per_week=1.0)
    short = planned(points, people, make_bases(corners(0), [1]), plan)
    assert short.unserved["reason"].unique().tolist() == ["no_time"]
    again = planned(points, people, make_bases(corners(0), [1]), plan)
    pd.testing.assert_frame_equal(short.visits, again.visits)
    more = short.unserved["remedy_value"].iloc[0]
    enough = planned(points, people, make_bases(corners(0), [1 + more]), plan)
    assert enough.unserved.empty
    assert planned(points, people, make_bases(corners(0), [more]), plan).summary["unserved_people"]


def test_places_far_from_streets_share_a_stop_or_have_their_own():
    # 300 m from the street: farther than a residence may lie, nearer than a stop may.
    street = make_lines([(["a", "b"], [(112.0, 37.0), (112.05, 37.0)])])
    points = shapely.points([[112.02, 37.0027], [112.0202, 37.0]])
    bases = make_bases(points[1:], [np.nan])
    rounds = planned(points, [10, 10], bases, lines=street)
    assert rounds.stops["name"].tolist() == ["village 1"]
    # 300 m and 18 m at 4 km/h.
    assert rounds.stop_places["walk_s"].tolist() == pytest.approx([0.9 * 317.4, 0.0], abs=0.5)
    near = planned(points, [10, 10], bases, with_rounds(stop_walk_min=4.0), lines=street)
    assert near.stop_places["walk_s"].tolist() == [0.0, 0.0]


def test_nobody_to_serve_is_an_empty_plan():
    rounds = planned(corners(1, 2), [10, 20], make_bases(corners(0), [np.nan]), service="site")
    assert rounds.summary["teams"] == rounds.summary["places"] == 0
    assert rounds.summary["status"] == "optimal"
    assert [len(t) for t in (rounds.stops, rounds.visits, rounds.days, rounds.unserved)] == [0] * 4


@pytest.mark.parametrize(
    ("place", "teams", "match"),
    [
        ((112.0, 37.5), np.nan, r"1 bases lie farther than 1000 m .* B0 \(\d+ m\).*snap_limit_m"),
        ((112.0, 37.0), 0, "none of the 1 bases has a team, first base B0"),
    ],
)
def test_bases_that_cannot_be_meant(place, teams, match):
    with pytest.raises(InputError, match=match):
        planned(corners(1), [10], make_bases(shapely.points([place]), [teams]))


def test_a_shift_shorter_than_the_drive_is_logged(caplog):
    ends = [(112.0, 37.0), (112.9, 37.0)]
    points = shapely.points(ends)
    planned(points, [0.0, 60], make_bases(points[:1], [1]), with_rounds(shift_h=2.0),
            lines=make_lines([(["a", "b"], ends)]))  # fmt: skip
    assert "too far for a shift, first S1 village 1: the drive takes" in caplog.text


def real_case(folder: Path, source: Path, residences: pd.DataFrame | None, sites: int) -> Plan:
    """A plan on a real extract with two bases, by its files."""
    shutil.copy(source, folder / "streets.osm.pbf")
    text = '[network]\nsource = "streets.osm.pbf"\n[residences]\n'
    if residences is None:
        text += 'source = "osm"\npeople = 60\n'
    else:
        residences.to_csv(folder / "villages.csv", index=False, encoding="gb18030")
        text += 'source = "villages.csv"\ncrs = "wgs84"\n'
    text += f'[[stages]]\nname = "all"\nmax_sites = {sites}\n'
    text += '[bases]\nsource = "bases.csv"\ncrs = "wgs84"\n'
    (folder / "plan.toml").write_text(text, encoding="utf-8")
    return walkcover.load_plan(folder / "plan.toml")


def villages_of(source: Path) -> pd.DataFrame:
    rows = [
        (f"n{node.id}", node.tags.get("name", ""), 400, node.lon, node.lat)
        for node in osmium.FileProcessor(str(source), osmium.osm.NODE)
        if node.tags.get("place") == "village"
    ]
    return pd.DataFrame(rows, columns=["residence_id", "name", "people", "lon", "lat"])


def run_real(plan: Plan):
    result = walkcover.operate(plan, part="rounds")
    roads = ready_roads(read_plan_roads(plan), snap_limit_m=plan.roads.snap_limit_m)
    services = result.operations.demand.services
    check_round_plan(result.operations.rounds, services, read_bases(plan), roads, plan)
    return result.operations.rounds


def test_every_village_of_puyang_is_served_each_week(real_data: Path, tmp_path: Path) -> None:
    source = real_data / "puyang_countryside" / "henan_puyang.osm.pbf"
    villages = villages_of(source)
    assert len(villages) == 54
    plan = real_case(tmp_path, source, villages, 0)
    bases = villages.iloc[[0, 30]].rename(columns={"residence_id": "base_id"})
    bases.drop(columns="people").to_csv(plan.path("bases.csv"), index=False)
    rounds = run_real(plan)
    assert rounds.summary["served_people"] == 54 * 400
    assert rounds.summary["status"] == "optimal"


def test_guixi_without_a_booth_is_served_each_week(real_data: Path, tmp_path: Path) -> None:
    source = real_data / "guixi_county_town" / "jiangxi_guixi.osm.pbf"
    plan = real_case(tmp_path, source, None, 0)
    lines = read_plan_roads(plan)
    row = len(lines.lon) // 2
    bases = pd.DataFrame({"base_id": ["B"], "lon": lines.lon[row], "lat": lines.lat[row]})
    bases.to_csv(plan.path("bases.csv"), index=False)
    rounds = run_real(plan)
    assert rounds.summary["unserved_people"] == 0


def test_the_example_town_is_served_each_week_as_promised() -> None:
    plan = walkcover.load_plan(TOWN / "daily.toml")
    rounds = run_real(plan)
    assert rounds.summary["teams"] >= rounds.summary["teams_at_least"] > 1
    assert len(rounds.stops) > 20
