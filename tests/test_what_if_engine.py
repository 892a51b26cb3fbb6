"""What-ifs against full runs of files that say what the scenario says."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import oracle_cases
import pandas as pd
import pytest
import shapely
from browsing import Visit
from oracle_cases import Way, lonlat
from test_real_runs import las_palmas

import walkcover
from walkcover import Comparison, InputError, Place, PlanError, Result, Scenario, site_walks
from walkcover.assessment import assess_tables
from walkcover.gaps import covered_people
from walkcover.io.inputs import read_inputs
from walkcover.io.networks import read_network
from walkcover.overrides import with_values
from walkcover.plan import Plan
from walkcover.resnap import resnap, same_edges
from walkcover.snap import snap
from walkcover.whatif import base_run, what_ifs

# A grid of 700 m, a lane behind a private gate, an island, and a street with steps.
SIDE = 700
SPOTS = range(0, 2801, SIDE)
GRID = [Way([(x, y) for y in SPOTS]) for x in SPOTS]
GRID += [Way([(x, y) for x in sorted({*SPOTS, *([350] if y == 0 else [])})]) for y in SPOTS]
LANE = Way([(350, 0), (350, 150)], {"highway": "service", "access": "private"})
YARD = Way([(350, 150), (350, 300), (450, 300), (450, 150), (350, 150)], {"highway": "footway"})
ISLAND = Way([(3000, 1000), (3000, 1400)], {"highway": "footway"})
STEPS = Way([(1400, 700), (2100, 1400)], {"highway": "steps"})
STREETS = [*GRID, LANE, YARD, ISLAND, STEPS]
BOOTHS = {
    "B1": (0, 20),
    "B10": (1400, 1420),
    "B2": (2790, 2100),
    "B3": (2100, 30),
    "B4": (340, 160),
}
STATUS = {"B1": "open", "B10": "open", "B2": "closed", "B3": "planned", "B4": "open"}
COLUMNS = ["walk_s", "site_id", "verdict", "snap_m", "snap_to", "people", "zone_id", "stage"]
PLAN: dict[str, dict[str, Any]] = {
    "plan": {"name": "network", "language": "en", "date": "2022-05-20"},
    "network": {"source": "network.osm"},
    "residences": {"source": "homes.gpkg", "crs": "wgs84"},
    "sites": {"source": "sites.gpkg", "crs": "wgs84"},
    "zones": {"source": "zones.gpkg"},
    "candidates": {"spacing_m": 600},
}


def homes(n: int = 90) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(11)
    spots = rng.uniform(-150, 2950, (n, 2)).tolist()
    spots += [(400, 290), (360, 170), (3010, 1200), (2990, 1100), (3000, 1390), (352, 60)]
    lon, lat = np.array([lonlat(tuple(spot)) for spot in spots]).T
    shapes = shapely.points(lon, lat)
    shapes[: n // 3] = shapely.buffer(shapes[: n // 3], 0.0001, quad_segs=1)
    people = rng.integers(0, 90, len(spots)).astype(float)
    columns = {"residence_id": [f"R{i:03d}" for i in range(len(spots))], "people": people}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)


def sites(**columns: Any) -> gpd.GeoDataFrame:
    table = {"site_id": [*BOOTHS], "name": [f"no. {one}" for one in BOOTHS]}
    table |= {"status": [*STATUS.values()], **columns}
    places = [lonlat(spot) for spot in BOOTHS.values()]
    return gpd.GeoDataFrame(table, geometry=[shapely.Point(p) for p in places], crs=4326)


def zones() -> gpd.GeoDataFrame:
    corners = {"W": (-900, 1050), "E": (1050, 4000)}
    shapes = [shapely.box(*lonlat((w, -900)), *lonlat((e, 4000))) for w, e in corners.values()]
    columns = {"zone_id": [*corners], "name": ["West", "East"], "parent_id": ["T", "T"]}
    columns["stage"] = ["city", "county_town"]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)


def write(
    folder: Path,
    *,
    ways: list[Way] = STREETS,
    residences: gpd.GeoDataFrame | None = None,
    booths: gpd.GeoDataFrame | None = None,
    stages: tuple[Mapping[str, Any], ...] = (
        {"name": "city", "max_sites": 1},
        {"name": "county_town", "max_sites": 1},
    ),
    **sections: Mapping[str, Any],
) -> Plan:
    folder.mkdir(parents=True)
    oracle_cases._write_osm(oracle_cases.Town(ways, {}, {}), folder / "network.osm")
    (homes() if residences is None else residences).to_file(folder / "homes.gpkg")
    (sites() if booths is None else booths).to_file(folder / "sites.gpkg")
    zones().to_file(folder / "zones.gpkg")
    merged = {name: PLAN.get(name, {}) | sections.get(name, {}) for name in {**PLAN, **sections}}
    lines = []
    for name, content in [*merged.items(), *(("stages", stage) for stage in stages)]:
        lines.append(f"[[{name}]]" if name == "stages" else f"[{name}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in content.items()]
    (folder / "plan.toml").write_text("\n".join(lines), encoding="utf-8")
    return walkcover.load_plan(folder / "plan.toml")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return walkcover.suggest(write(tmp_path_factory.mktemp("base") / "town"))


def full_run(plan: Plan) -> pd.DataFrame:
    """Assess from the files on; the residences."""
    inputs = read_inputs(plan)
    walking = inputs.walking
    found = assess_tables(
        inputs.residences,
        inputs.sites,
        walking.network,
        plan=plan,
        heights=walking.heights,
        barriers=walking.barriers,
    )
    return found.residences


def same(found: Comparison, wanted: pd.DataFrame, *, after: bool = False, s: float = 1e-6) -> None:
    """The scenario's residences and totals are those of a full run; walks to some seconds."""
    table = found.scenario.residences
    names = COLUMNS + ([f"{n}_after" for n in COLUMNS[:3]] if after else [])
    names += [n for n in wanted if n.startswith("people_unserved") and n in table]
    for name in names:
        one, two = table[name], wanted[name]
        if two.dtype.kind == "f":
            assert one.to_numpy() == pytest.approx(two.to_numpy(), abs=s, nan_ok=True), name
        else:
            assert one.fillna("").tolist() == two.fillna("").tolist(), name
    people = wanted["people"]
    for suffix in ("", "_after") if after else ("",):
        figures = found.scenario.figures(after=bool(suffix))
        covered = covered_people(wanted, after=bool(suffix)).sum()
        walk_s = wanted[f"walk_s{suffix}"]
        finite = np.isfinite(walk_s) & (people > 0)
        expected = {
            "people": people.sum(),
            "covered_people": covered,
            "covered_share": covered / people.sum(),
            "gap_people": people.sum() - covered,
            "unreached_people": people[~np.isfinite(walk_s)].sum(),
        }
        if finite.any():
            expected["mean_walk_s"] = np.average(walk_s[finite], weights=people[finite])
            expected["worst_walk_s"] = walk_s[finite].max()
        assert {n: figures[n] for n in expected} == pytest.approx(expected, rel=1e-5), suffix


def same_tables(found: Comparison, wanted: Result, *, after: bool = False) -> None:
    """So are its tables by zone, stage and site, and the summary."""
    same(found, wanted.residences, after=after)
    outcome = found.scenario
    for one, two in (
        (outcome.zone_table, wanted.zones),
        (outcome.stage_table, wanted.stages),
        (outcome.site_table, wanted.sites),
    ):
        assert one.columns.tolist() == two.columns.tolist()
        for name in two.columns.drop("geometry", errors="ignore"):
            if two[name].dtype.kind in "fi":
                near = pytest.approx(two[name].to_numpy(np.float64), rel=1e-9, nan_ok=True)
                assert one[name].to_numpy(np.float64) == near, name
            else:
                assert one[name].astype(object).fillna("").tolist() == (
                    two[name].astype(object).fillna("").tolist()
                ), name
    for suffix in ("", "_after") if after else ("",):
        figures = outcome.figures(after=bool(suffix))
        for name in ("covered_people", "covered_share", "gap_people", "people_per_site"):
            assert figures[name] == pytest.approx(wanted.summary[f"{name}{suffix}"]), name


def changed_sites(base: Result, scenario: Scenario) -> gpd.GeoDataFrame:
    """The table of sites that says what a scenario says, made row by row."""
    rows = sites().to_dict("records")
    suggested = base.sites.set_index("site_id")
    for row in rows:
        one = row["site_id"]
        row["status"] = "closed" if one in scenario.close else row["status"]
        row["status"] = "open" if one in scenario.opened_ids else row["status"]
        row["geometry"] = shapely.Point(scenario.move.get(one, row["geometry"].coords[0]))
    for one in scenario.opened_ids:
        if one not in BOOTHS:
            shape = shapely.Point(scenario.move.get(one, suggested["geometry"][one].coords[0]))
            rows.append({"site_id": one, "name": None, "status": "open", "geometry": shape})
    fresh = iter(["P1", "P2"])
    for place in scenario.opened_places:
        name = place.id or next(fresh)
        shape = shapely.Point(place.lon, place.lat)
        rows.append({"site_id": name, "name": place.name, "status": "open", "geometry": shape})
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=4326)


AT = {"middle": lonlat((1000, 700)), "same as B1": lonlat((0, 20)), "far": lonlat((6000, 700))}
SITE_SCENARIOS = [
    Scenario("nothing"),
    Scenario("close one", close=["B1"]),
    Scenario("close all", close=["B1", "B10", "B4"]),
    Scenario("open closed and planned", open=["B2", "B3"]),
    Scenario("what is so already", open=["B1"], close=["B2"]),
    Scenario("swap", close=["B10"], open=["B2"]),
    Scenario("place", open=[AT["middle"]]),
    Scenario("places", open=[Place(*AT["middle"], id="A0", name="first"), AT["same as B1"]]),
    Scenario("move", move={"B10": AT["middle"]}),
    Scenario("move onto another", move={"B10": AT["same as B1"], "B2": AT["middle"]}, open=["B2"]),
    Scenario("move a closed one", move={"B2": AT["middle"]}),
    Scenario("island", open=[lonlat((3000, 1200))], close=["B1"]),
    Scenario("beyond any street", open=[AT["far"], AT["middle"]]),
    Scenario("suggested", open=["N001"], close=["B1"]),
    Scenario("suggested elsewhere", open=["N001", "N002"], move={"N002": AT["middle"]}),
]


@pytest.mark.parametrize("scenario", SITE_SCENARIOS, ids=lambda one: one.name)
def test_sites_that_open_close_and_move(base: Result, scenario: Scenario, tmp_path: Path) -> None:
    plan = write(tmp_path / "town", booths=changed_sites(base, scenario))
    found = walkcover.what_if(base, scenario)
    # A suggested site that opens stands where it was joined, its row in a file a micrometre off.
    same(found, full_run(plan), s=1e-5)
    assert found.after is None
    assert bool(found.notes) == (scenario.name == "beyond any street")
    if scenario.name == "places":
        same_tables(found, walkcover.assess(plan))


def test_walks_that_are_not_all_kept_give_the_same(
    base: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = what_ifs(base, SITE_SCENARIOS)
    monkeypatch.setattr(
        "walkcover.outcome.site_walks",
        lambda *args: site_walks.site_walks(*args, most=0, far_s=400.0),
    )
    for found, full in zip(what_ifs(base, SITE_SCENARIOS), wanted, strict=True):
        assert not found.base.ground.site_walks.covers_all
        assert found.scenario.walk_s == pytest.approx(full.scenario.walk_s, abs=1e-9)
        assert found.scenario.site.tolist() == full.scenario.site.tolist()


def test_random_sets_of_open_sites(base: Result) -> None:
    rng = np.random.default_rng(5)
    study = base.study
    assert study is not None
    ids = np.array([*BOOTHS])
    for number in range(20):
        is_open = rng.random(len(ids)) < 0.5
        scenario = Scenario(
            f"no. {number}", open=ids[is_open].tolist(), close=ids[~is_open].tolist()
        )
        table = study.sites.assign(status=np.where(is_open, "open", "closed"))
        wanted = assess_tables(study.residences, table, study.network, plan=base.plan).residences
        found = walkcover.what_if(base, scenario).scenario.residences
        assert found["walk_s"].to_numpy() == pytest.approx(wanted["walk_s"].to_numpy(), abs=1e-9)
        assert found["site_id"].fillna("").tolist() == wanted["site_id"].fillna("").tolist()
        assert found["verdict"].tolist() == wanted["verdict"].tolist()


PLAN_SCENARIOS: dict[str, dict[str, Any]] = {
    "limit": {"walk.limit_min": 8.166666667},
    "profile": {"walk.profile": "elderly"},
    "speed": {"walk.speed_kmh": 4.9},
    "without steps": {"walk.profile": "wheelchair"},
    "steps take longer": {"walk.steps_factor": 3.0},
    "snap limit": {"walk.snap_limit_m": 120},
    "no islands": {"walk.min_component_m": 300},
    "language": {"plan.language": "zh"},
    "several": {"walk.limit_min": 20, "walk.profile": "frail", "walk.snap_limit_m": 200},
}


@pytest.mark.parametrize("name", PLAN_SCENARIOS)
def test_values_of_the_plan(base: Result, name: str) -> None:
    scenario = Scenario(name, plan=PLAN_SCENARIOS[name], close=["B4"])
    found = walkcover.what_if(base, scenario)
    closed = sites().assign(status=["open", "open", "closed", "planned", "closed"])
    folder = base.plan.folder.parent / f"changed {name}"
    plan = write(folder, booths=closed)
    changed = with_values(plan, PLAN_SCENARIOS[name])
    same(found, full_run(changed))
    if name == "several":
        same_tables(found, walkcover.assess(changed))


def test_what_does_not_change_is_not_computed_again(
    base: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any, **_options: Any) -> None:
        pytest.fail("this was computed already")

    for name in ("read_inputs", "read_walking", "read_street_lines", "assess_tables"):
        monkeypatch.setattr(f"walkcover.whatif.{name}", refuse)
    for module in ("reassessment", "site_changes"):
        monkeypatch.setattr(f"walkcover.{module}.snap", refuse)
    for values in ({}, {"walk.limit_min": 10}, {"walk.profile": "brisk"}, {"siting.gap": 0.1}):
        walkcover.what_if(base, Scenario("x", plan=values, close=["B1"]), suggest=False)
    monkeypatch.setattr("walkcover.assessment.nearest_open", refuse)
    for values in ({}, {"walk.limit_min": 10}):
        found = walkcover.what_if(base, Scenario("x", plan=values, close=["B1"]))
        assert found.lost_people > 0
        assert len(found.by_zone) == 3


# What a scenario says, and the ways of a file that says the same.
STREET_SCENARIOS: dict[str, tuple[Scenario, list[Way]]] = {
    # The street nearest to the point is x = 700 between two crossings.
    "close": (
        Scenario("close", close_streets=[lonlat((705, 1000))]),
        [
            *(way for way in STREETS if way is not GRID[1]),
            Way([(700, 0), (700, 700)]),
            Way([(700, 1400), (700, 2100), (700, 2800)]),
        ],
    ),
    # A line across three streets, one of them at its middle and at 40 m.
    "gate": (
        Scenario("gate", close_streets=[[lonlat((-30, 350)), lonlat((1450, 350))]]),
        [
            *(
                Way([(x, y), (x, 350, end)] if end == "a" else [(x, 350, end), (x, 700), *rest])
                for x in (0, 700, 1400)
                for end, y, rest in (("a", 0, []), ("b", 0, [(x, 1400), (x, 2100), (x, 2800)]))
            ),
            *GRID[3:],
            LANE, YARD, ISLAND, STEPS,
        ],
    ),
    # Closing the private lane makes a piece of its own of the yard.
    "lane": (
        Scenario("lane", close_streets=[lonlat((350, 75))]),
        [*GRID, YARD, ISLAND, STEPS],
    ),
    "way to the island": (
        Scenario("way", add_streets=[[lonlat((2800, 1050)), lonlat((3000, 1200))]]),
        [
            *(way for way in STREETS if way not in (GRID[4], ISLAND)),
            Way([(2800, 0), (2800, 700), (2800, 1050), (2800, 1400), (2800, 2100), (2800, 2800)]),
            Way([(3000, 1000), (3000, 1200), (3000, 1400)], {"highway": "footway"}),
            Way([(2800, 1050), (3000, 1200)], {"highway": "footway"}),
        ],
    ),
    # Drawn by hand: 8 m short of one street, 15 m beyond the other's line; led on straight.
    "bridge": (
        Scenario("bridge", add_streets=[[lonlat((1050, 8)), lonlat((1050, 685))]]),
        [
            *(way for way in STREETS if way not in (GRID[5], GRID[6])),
            Way([(0, 0), (350, 0), (700, 0), (1050, 0), (1400, 0), (2100, 0), (2800, 0)]),
            Way([(0, 700), (700, 700), (1050, 700), (1400, 700), (2100, 700), (2800, 700)]),
            Way([(1050, 0), (1050, 8), (1050, 685), (1050, 700)], {"highway": "footway"}),
        ],
    ),
    # A dead end: its far end is nearest to the street that it leaves.
    "spur": (
        Scenario("spur", add_streets=[[lonlat((1750, 0)), lonlat((1750, 200))]]),
        [
            *(way for way in STREETS if way is not GRID[5]),
            Way([(0, 0), (350, 0), (700, 0), (1400, 0), (1750, 0), (2100, 0), (2800, 0)]),
            Way([(1750, 0), (1750, 200)], {"highway": "footway"}),
        ],
    ),
    "both": (
        Scenario(
            "both",
            close_streets=[lonlat((705, 1000))],
            add_streets=[[lonlat((1050, 0)), lonlat((1050, 700))]],
            open=["B2"],
        ),
        [
            *(way for way in STREETS if way not in (GRID[1], GRID[5], GRID[6])),
            Way([(700, 0), (700, 700)]),
            Way([(700, 1400), (700, 2100), (700, 2800)]),
            Way([(0, 0), (350, 0), (700, 0), (1050, 0), (1400, 0), (2100, 0), (2800, 0)]),
            Way([(0, 700), (700, 700), (1050, 700), (1400, 700), (2100, 700), (2800, 700)]),
            Way([(1050, 0), (1050, 700)], {"highway": "footway"}),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STREET_SCENARIOS)
def test_streets_that_close_and_open(base: Result, name: str, tmp_path: Path) -> None:
    scenario, ways = STREET_SCENARIOS[name]
    plan = write(tmp_path / "town", ways=ways, booths=changed_sites(base, scenario))
    found = walkcover.what_if(base, scenario)
    # Places in the file are rounded to a centimetre.
    same(found, full_run(plan), s=0.05)
    assert found.changes.loc[["gains", "loses", "shorter", "longer"], "residences"].sum() > 0


def test_only_places_near_a_changed_street_are_joined_anew(base: Result) -> None:
    study = base.study
    assert study is not None
    before = study.assessment.index
    places = study.residences.geometry.to_numpy()
    for scenario, _ in STREET_SCENARIOS.values():
        after = walkcover.what_if(base, scenario).scenario.assessment.index
        joins, looked_at = resnap(places, study.assessment.homes, before, after, limit_m=250.0)
        wanted = snap(places, after, limit_m=250.0)
        for field in dataclasses.fields(wanted):
            one, two = getattr(joins, field.name), getattr(wanted, field.name)
            if field.name in ("offset_m", "leg_m", "snap_m", "lon", "lat"):
                assert one == pytest.approx(two, rel=0, abs=1e-9, nan_ok=True), field.name
            else:
                assert np.array_equal(one, two), field.name
        assert 0 < looked_at < len(places) * 0.7
    number = same_edges(before.network, before.network)
    assert number.tolist() == list(range(before.network.n_edges))


def test_streets_that_cannot_be_changed(base: Result) -> None:
    scenario = Scenario(
        "nowhere",
        close_streets=[AT["far"], [lonlat((100, 100)), lonlat((200, 200))]],
        add_streets=[[AT["far"], lonlat((7000, 700))]],
    )
    with pytest.raises(InputError) as caught:
        walkcover.what_if(base, scenario)
    text = str(caught.value)
    assert text.startswith("scenario 'nowhere': streets of the scenario:")
    for part in ("no. 1", "no. 2 crosses no street", "add_streets no. 1: no street within 250 m"):
        assert part in text


def test_a_saved_network_can_be_changed_too(base: Result, tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    shutil.copytree(base.plan.folder, folder)
    walkcover.save_network(read_network(folder / "network.osm"), folder / "network.parquet")
    plan = with_values(
        walkcover.load_plan(folder / "plan.toml"), {"network.source": "network.parquet"}
    )
    saved = walkcover.assess(plan)
    for name in ("close", "gate", "bridge"):
        scenario, _ = STREET_SCENARIOS[name]
        one, two = (walkcover.what_if(result, scenario) for result in (base, saved))
        assert one.scenario.walk_s == pytest.approx(two.scenario.walk_s, abs=1e-6)


@pytest.mark.parametrize(
    ("factors", "wanted"),
    [({"W": 2.0}, (2.0, 1.0)), ({"T": 3.0}, (3.0, 3.0)), ({"T": 3.0, "E": 0.0}, (3.0, 0.0))],
)
def test_people_by_zone(
    base: Result, factors: dict[str, float], wanted: tuple[float, float], tmp_path: Path
) -> None:
    table = homes()
    zone = base.residences["zone_id"].to_numpy(object)
    table["people"] *= np.select([zone == "W", zone == "E"], wanted, 1.0)
    found = walkcover.what_if(base, Scenario("more", population=factors))
    same(found, full_run(write(tmp_path / "town", residences=table)))
    growth = table["people"].sum() - homes()["people"].sum()
    assert found.totals.loc["people", "difference"] == pytest.approx(growth)
    assert (found.gained_people, found.lost_people) == (0.0, 0.0)


SITED: dict[str, tuple[Scenario, dict[str, Any]]] = {
    "stages": (
        Scenario("stages", stages=[{"name": "city", "max_sites": 2},
                                   {"name": "county_town", "target": 0.9}]),
        {"stages": ({"name": "city", "max_sites": 2}, {"name": "county_town", "target": 0.9})},
    ),
    "one value of a stage": (
        Scenario("one", plan={"stages.city.max_sites": 3}),
        {"stages": ({"name": "city", "max_sites": 3}, {"name": "county_town", "max_sites": 1})},
    ),
    "order": (
        Scenario("order", stages=[{"name": "county_town", "max_sites": 1},
                                  {"name": "city", "max_sites": 1}]),
        {"stages": ({"name": "county_town", "max_sites": 1}, {"name": "city", "max_sites": 1})},
    ),
    "spacing": (Scenario("spacing", plan={"candidates.spacing_m": 300}),
                {"candidates": {"spacing_m": 300}}),
    "siting": (Scenario("siting", plan={"siting.profile": "elderly"}),
               {"siting": {"profile": "elderly"}}),
}  # fmt: skip


@pytest.mark.parametrize("name", SITED)
def test_siting_runs_again_where_its_rules_change(base: Result, name: str, tmp_path: Path) -> None:
    scenario, changes = SITED[name]
    found, wanted = (
        walkcover.what_if(base, scenario),
        walkcover.suggest(write(tmp_path / "t", **changes)),
    )
    same_tables(found, wanted, after=True)
    later = found.after
    assert later is not None
    assert later.base.suggestion is base.study.suggestion
    assert later.totals.loc["sites", "scenario"] == len(
        wanted.sites[wanted.sites["status"] != "closed"]
    )
    assert walkcover.what_if(base, scenario, suggest=False).after is None


def test_siting_runs_again_where_asked(base: Result, tmp_path: Path) -> None:
    scenario = Scenario("close one", close=["B10"])
    found = walkcover.what_if(base, scenario, suggest=True)
    wanted = walkcover.suggest(write(tmp_path / "town", booths=changed_sites(base, scenario)))
    same_tables(found, wanted, after=True)
    assert found.after is not None
    # The base of tables without suggestions is sited as well.
    again = walkcover.what_if(walkcover.assess(base.plan), scenario, suggest=True)
    assert again.after is not None
    assert again.after.totals.equals(found.after.totals)


def with_desks() -> gpd.GeoDataFrame:
    return sites(desks=[1, 1, 2, 1, 1], hours_per_day=[4.0, np.nan, 8.0, 6.0, 1.0])


DESKS = {"desks": {"tests_per_desk_hour": 5, "interval_days": 3, "new_site_desks": 1}}


def test_desk_time(tmp_path: Path) -> None:
    base = walkcover.assess(write(tmp_path / "base", booths=with_desks(), **DESKS))
    scenario = Scenario(
        "desks", desks={"B1": 3}, hours={"B10": 10.0, "B4": 0.0}, close=["B3"], open=["B2"]
    )
    table = with_desks()
    table["status"] = ["open", "open", "open", "closed", "open"]
    table["desks"], table["hours_per_day"] = [3, 1, 2, 1, 1], [4.0, 10.0, 8.0, 6.0, 0.0]
    found = walkcover.what_if(base, scenario)
    same_tables(found, walkcover.assess(write(tmp_path / "changed", booths=table, **DESKS)))
    assert found.scenario.counts_desks
    assert found.totals.loc["unserved_people", "base"] > 0
    # A new place has the desks of a new site; longer intervals serve more people.
    place = Scenario("place", open=[AT["middle"]], plan={"desks.interval_days": 7})
    new = pd.DataFrame({"site_id": ["P1"], "status": "open", "desks": 1, "hours_per_day": 8.0})
    row = gpd.GeoDataFrame(new, geometry=[shapely.Point(AT["middle"])], crs=4326)
    more = {"desks": {**DESKS["desks"], "interval_days": 7}}
    plan = write(tmp_path / "place", booths=pd.concat([with_desks(), row]), **more)
    same(walkcover.what_if(base, place), full_run(plan))
    plain = walkcover.assess(write(tmp_path / "plain"))
    with pytest.raises(InputError, match=r"scenario 'half'.* have no desks"):
        walkcover.what_if(plain, Scenario("half", desks={"B1": 1}))


def test_what_was_read_is_read_again_where_it_changes(base: Result) -> None:
    plan = base.plan
    sites().iloc[:2].to_file(plan.folder / "fewer.gpkg")
    values = {"sites.source": "fewer.gpkg"}
    found = walkcover.what_if(base, Scenario("fewer", plan=values))
    same(found, full_run(with_values(plan, values)))


def test_scenarios_that_do_not_fit_say_all_that_is_wrong(base: Result) -> None:
    scenario = Scenario(
        "typing", close=["B11"], plan={"walk.limit_mins": 3, "walk.profile": "eldery"}
    )
    with pytest.raises(PlanError) as caught:
        walkcover.what_if(base, scenario)
    text = str(caught.value)
    assert text.startswith("the scenario 'typing' does not fit the plan:")
    for part in ("did you mean 'B1", "did you mean 'limit_min'", "'eldery'"):
        assert part in text
    with pytest.raises(PlanError, match="this run suggested none"):
        walkcover.what_if(walkcover.assess(base.plan), Scenario("x", open=["N001"]))
    with pytest.raises(InputError, match="go on from a run"):
        walkcover.what_if(dataclasses.replace(base, study=None), Scenario("x"))
    with pytest.raises(InputError, match="'far'"):
        walkcover.what_if(base, Scenario("far", open=[(0.0, 0.0)]))


def test_the_base_is_run_as_far_as_needed(base: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("walkcover.job.suggest", lambda _plan: None)
    monkeypatch.setattr("walkcover.job.assess", lambda _plan: base)

    def suggests(scenario: Scenario, **options: Any) -> bool:
        return base_run(base.plan, [Scenario("x"), scenario], **options) is None

    assert not suggests(Scenario("close", close=["B1"], open=["B2", AT["middle"]]))
    assert suggests(Scenario("none of the plan's", open=["N009"]))
    assert suggests(Scenario("rules", plan={"siting.gap": 0.1}))
    assert not suggests(Scenario("rules", plan={"siting.gap": 0.1}), suggest=False)
    assert suggests(Scenario("asked"), suggest=True)


def test_the_page_downloads_what_gives_the_numbers_that_it_shows(
    base: Result, browser: Any, tmp_path: Path
) -> None:
    from walkcover.maps import build_map

    result = walkcover.run(base.plan)
    path = tmp_path / "map.html"
    path.write_text(build_map(result), encoding="utf-8", newline="")
    address = "#whatif=after&limit=780&close=B1,N001&open=B2"
    visit = Visit(browser, path.as_uri() + address)
    assert visit.complaints == []
    text = visit.page.evaluate("walkcover.whatIf.scenario()")
    shown = {
        key: visit.value(f"whatif.{key}")
        for key in ("covered_people", "covered_share", "gap_people", "sites", "people_per_site")
    }
    visit.context.close()
    (tmp_path / "scenario.toml").write_text(text, encoding="utf-8")
    scenario = walkcover.load_scenario(tmp_path / "scenario.toml")
    # The page says what differs from the sites as they are: B3 is planned and stands afterwards.
    assert (set(scenario.opened_ids), scenario.close) == ({"B2", "B3", "N002"}, ("B1",))
    figures = walkcover.what_if(result, scenario).totals["scenario"]
    assert {key: figures[key] for key in shown} == pytest.approx(shown, rel=1e-12)


@pytest.mark.slow
def test_a_thousand_scenarios_of_a_city(real_data: Path, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(las_palmas(real_data, tmp_path), encoding="utf-8")
    result = walkcover.assess(walkcover.load_plan(tmp_path / "plan.toml"))
    study = result.study
    assert study is not None
    ids, rng = study.sites["site_id"].to_numpy(object), np.random.default_rng(3)
    # Of the 82 pharmacies two are areas, which this plan leaves out.
    assert (len(study.residences), len(ids)) == (22_595, 80)
    scenarios = []
    for number in range(1000):
        closed = rng.choice(ids, int(rng.integers(1, 41)), replace=False)
        scenarios.append(Scenario(f"no. {number}", close=closed.tolist()))
    found = what_ifs(result, scenarios)
    for number in rng.choice(1000, 20, replace=False):
        is_closed = study.sites["site_id"].isin(scenarios[number].close)
        table = study.sites.assign(status=np.where(is_closed, "closed", "open"))
        wanted = assess_tables(study.residences, table, study.network, plan=result.plan)
        one, two = found[number].scenario.assessment.residences, wanted.residences
        assert one["walk_s"].to_numpy() == pytest.approx(two["walk_s"].to_numpy(), abs=1e-6)
        for name in ("site_id", "verdict"):
            assert one[name].fillna("").tolist() == two[name].fillna("").tolist()
        covered = two["people"][two["verdict"] == "covered"].sum()
        assert found[number].totals.loc["covered_people", "scenario"] == pytest.approx(covered)
