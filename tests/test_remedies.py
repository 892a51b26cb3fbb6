"""What would help: worked by hand on a street, an island and a house without a street."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import geopandas as gpd
import numpy as np
import oracle_cases
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_cases import Home, Town, Way, lonlat

import walkcover
from walkcover.assessment import assess_tables
from walkcover.changes import in_greedy_order
from walkcover.io.inputs import read_inputs
from walkcover.pairs import CoverPairs
from walkcover.plan import Stage
from walkcover.remedies import REMEDY_COLUMNS, Remedies, find_remedies
from walkcover.snap import snap

# 6 km of street; an island 300 m east of it, whose streets lead away; a drive behind a gate.
WAYS = [
    Way([(0, y) for y in range(0, 6001, 500)]),
    Way([(300, 500), (400, 700)], {"highway": "footway"}),
    Way([(0, 3000), (-200, 3000)], {"highway": "service", "access": "private"}),
]
HOMES = {
    "H1": Home([(0, 500)], people=10),
    "H2": Home([(0, 2500)], people=20),
    "H3": Home([(0, 4000)], people=40),
    "H4": Home([(0, 4400)], people=5),
    "I1": Home([(300, 500)], people=6),
    "I2": Home([(400, 700)], people=1),
    "L1": Home([(-600, 500)], people=3),
}
PEOPLE = 85
# B1 stands at 500 m. The only candidate lies 1,000 m on and reaches H1 and H2 exactly.
SITES = {"B1": (0, 500)}
CANDIDATE = {"C1": (0, 1500)}
# From C1 to H3 2,500 m, to H4 2,900 m, at 0.9 s for a metre.
H3_S, H4_S = 2250.0, 2610.0


def run(
    folder: Path,
    rule: str,
    *,
    homes: dict[str, Home] | None = None,
    sites: dict[str, tuple[float, float]] | None = None,
    candidates: dict[str, tuple[float, float]] | None = None,
) -> walkcover.Result:
    folder.mkdir(exist_ok=True)
    sites = SITES if sites is None else sites
    town = Town(WAYS, homes or HOMES, sites)
    oracle_cases.write_town(town, folder, "gpkg")
    given = CANDIDATE if candidates is None else candidates
    spots = [lonlat(spot) for spot in given.values()]
    geometry = gpd.points_from_xy(*np.array(spots).T)
    columns = {"candidate_id": list(given)}
    gpd.GeoDataFrame(columns, geometry=geometry, crs=4326).to_file(folder / "candidates.gpkg")
    plan = folder / "plan.toml"
    more = f'[candidates]\nsource = "candidates.gpkg"\n[[stages]]\nname = "all"\n{rule}\n'
    plan.write_text(plan.read_text(encoding="utf-8") + more, encoding="utf-8")
    return walkcover.suggest(walkcover.load_plan(plan))


def by_remedy(result: walkcover.Result) -> pd.DataFrame:
    return result.remedies.set_index("remedy")


@pytest.fixture(scope="module")
def everybody(tmp_path_factory: pytest.TempPathFactory) -> walkcover.Result:
    return run(tmp_path_factory.mktemp("everybody"), "target = 1.0")


def test_everybody_is_told_what_would_help(everybody: walkcover.Result) -> None:
    result = everybody
    assert result.stages["status"].tolist() == ["impossible"]
    table = result.remedies
    assert table.columns.tolist() == REMEDY_COLUMNS
    assert table["remedy"].tolist() == ["candidate", "street", "round"]
    assert table["people"].tolist() == [45, 7, 3]
    assert table["residences"].tolist() == [2, 2, 1]
    assert table["residence_ids"].tolist() == ["H3、H4", "I1、I2", "L1"]
    assert table["reason"].tolist() == ["too_far", "island", "not_snapped"]
    assert table["order"].tolist() == [1, 2, 3]
    # All are needed to cover all; no limit helps those whom no street reaches.
    assert table["needed"].all()
    assert result.summary["remedies"] == [
        {
            "stage": "all",
            "target_missed": True,
            "uncovered_people": 55.0,
            "missing_people": 55.0,
            "zones_short": 0,
            "zones_short_people": 0.0,
            "needed": 3,
            "needed_people": 55.0,
            "limit_min": None,
            "by_remedy": {
                "candidate": {"count": 1, "people": 45.0},
                "round": {"count": 1, "people": 3.0},
                "street": {"count": 1, "people": 7.0},
            },
        }
    ]


def test_misses_and_metres(everybody: walkcover.Result) -> None:
    table = by_remedy(everybody)
    assert table.loc["candidate", "miss_s"] == pytest.approx(H3_S - 900, abs=0.01)
    assert table.loc["candidate", "candidate_miss_s"] == pytest.approx(H3_S - 900, abs=0.01)
    assert table.loc[["street", "round"], "miss_s"].tolist() == [np.inf, np.inf]
    assert table.loc["street", "street_m"] == pytest.approx(300, abs=0.1)
    assert table.loc["round", "street_m"] == pytest.approx(600, abs=0.1)
    assert np.isnan(table.loc["candidate", "street_m"])
    # The street is missing from the near end of the island on.
    assert table.loc["street", ["lon", "lat"]].tolist() == pytest.approx(lonlat((300, 500)))
    assert table.loc["round", ["lon", "lat"]].tolist() == pytest.approx(lonlat((-600, 500)))


def test_the_new_candidate_does_what_it_promises(
    everybody: walkcover.Result, tmp_path: Path
) -> None:
    place = by_remedy(everybody).loc["candidate"]
    east_north = oracle_cases.GEOD.inv(*oracle_cases.ORIGIN, place["lon"], place["lat"])
    assert 3400 <= east_north[2] <= 5000
    more = CANDIDATE | {"C2": (0.0, east_north[2])}
    second = run(tmp_path, "target = 1.0", candidates=more)
    before, after = (r.summary["covered_people_after"] for r in (everybody, second))
    assert after - before == place["people"] == 45


def test_the_fewest_that_suffice(tmp_path: Path) -> None:
    # 90 % of 85 are 77 people, 30 are covered: 45 and 7 bring the 47 that are missing.
    result = run(tmp_path, "target = 0.9")
    assert result.remedies["needed"].tolist() == [True, True, False]
    figures = result.summary["remedies"][0]
    assert (figures["missing_people"], figures["needed"]) == (47, 2)
    # Over streets 75 people can be reached at any limit.
    assert figures["limit_min"] is None


@pytest.mark.parametrize(("target", "minutes", "people"), [(0.8, 38, 40), (0.88, 44, 45)])
def test_a_longer_limit(tmp_path: Path, target: float, minutes: int, people: int) -> None:
    # 68 people: H3 is enough, 2,250 s are 37.5 minutes. 75 people: H4 too, 43.5 minutes.
    result = run(tmp_path / "first", f"target = {target}")
    assert result.remedies["remedy"].tolist() == ["candidate", "street", "round", "limit"]
    row = by_remedy(result).loc["limit"]
    assert (row["limit_min"], row["people"], row["needed"]) == (minutes, people, False)
    assert np.isnan(row["lon"])
    assert row["near"] == ""
    assert result.summary["remedies"][0]["limit_min"] == minutes
    for limit, met in ((minutes, True), (minutes - 1, False)):
        again = run(tmp_path / str(limit), f"target = {target}\n[walk]\nlimit_min = {limit}")
        assert (again.stages["missing_people"].tolist() == [0.0]) == met


def test_after_a_number_of_sites_the_next_ones_are_named(tmp_path: Path) -> None:
    result = run(tmp_path, "max_sites = 0")
    table = result.remedies
    assert table["remedy"].tolist() == ["candidate", "site", "street", "round"]
    assert table["people"].tolist() == [45, 20, 7, 3]
    assert table["place_id"].dropna().to_dict() == {1: "C1"}
    assert not table["needed"].any()
    site = by_remedy(result).loc["site"]
    # From B1 to H2 are 2,000 m; C1 reaches it.
    assert site["miss_s"] == pytest.approx(900, abs=0.01)
    assert site["candidate_miss_s"] == 0
    assert result.summary["remedies"][0]["target_missed"] is False
    assert result.summary["remedies"][0]["needed"] == 0


@pytest.mark.parametrize("rule", ["target = 0.35", "max_sites = 1"])
def test_nothing_to_mend(tmp_path: Path, rule: str) -> None:
    homes = HOMES if "target" in rule else {name: HOMES[name] for name in ("H1", "H2")}
    result = run(tmp_path, rule, homes=homes)
    assert len(result.remedies) == 0
    assert result.remedies.columns.tolist() == REMEDY_COLUMNS
    assert result.summary["remedies"] == []


def test_an_island_far_from_any_site_gets_a_place_of_its_own(tmp_path: Path) -> None:
    # Over 300 m of new street and 1,500 m of old one, B1 at 2,000 m is out of reach.
    homes = {name: HOMES[name] for name in ("H2", "I1", "I2")}
    result = run(tmp_path, "target = 1.0", homes=homes, sites={"B1": (0, 2000)})
    row = by_remedy(result).loc["candidate"]
    assert (row["people"], row["reason"]) == (7, "island")


def test_behind_a_gate_the_place_is_on_the_public_street(tmp_path: Path) -> None:
    homes = {"H1": HOMES["H1"], "G1": Home([(-200, 3000)], people=8)}
    row = by_remedy(run(tmp_path, "target = 1.0", homes=homes)).loc["candidate"]
    assert row["people"] == 8
    assert row["lon"] == pytest.approx(lonlat((0, 3000))[0], abs=1e-7)


def test_each_stage_has_its_own_candidates(tmp_path: Path) -> None:
    # C1 belongs to the other stage, so that H2 has no candidate of its own.
    folder = tmp_path / "town"
    run(folder, "target = 1.0")
    plan = walkcover.load_plan(folder / "plan.toml")
    stages = (Stage("near", target=1.0), Stage("far", target=1.0))
    inputs = read_inputs(plan)
    far = inputs.residences["residence_id"].isin(["H2"])
    inputs.residences["stage"] = np.where(far, "far", "near")
    found = remedies_of(inputs, dataclasses.replace(plan, stages=stages), candidate_stage="near")
    table = found.table[found.table["stage"] == "far"]
    assert table["remedy"].tolist() == ["candidate", "limit"]
    assert table["people"].tolist() == [20, 20]
    assert table["candidate_miss_s"].tolist() == [np.inf, np.inf]
    # From B1 to H2 are 2,000 m, 30 minutes.
    assert table["limit_min"].tolist()[1:] == [30]


def remedies_of(
    inputs: walkcover.io.inputs.Inputs,
    plan: walkcover.Plan,
    *,
    candidate_stage: str,
    full: dict[str, float] | None = None,
) -> Remedies:
    """Remedies before anything is built; `full` names residences without desk time."""
    assessment = assess_tables(inputs.residences, inputs.sites, inputs.network, plan=plan)
    table = assessment.residences
    walks = table[["walk_s", "site_id", "verdict"]].add_suffix("_after")
    if full is not None:
        unserved = table["residence_id"].map(full)
        walks["verdict_after"] = walks["verdict_after"].mask(unserved > 0, "over_capacity")
        walks["people_unserved_after"] = unserved.fillna(0.0)
    people = table.groupby("stage")["people"].sum()
    targets = [people.get(stage.name, 0) * (stage.target or 0) for stage in plan.stages]
    given = inputs.candidates
    assert given is not None
    return find_remedies(
        assessment,
        walks,
        plan=plan,
        zones=inputs.zones,
        stages=pd.DataFrame({"target_people": targets}),
        candidates=given.assign(stage=candidate_stage),
        joins=snap(given.geometry.to_numpy(), assessment.index),
        chosen=np.empty(0, dtype=np.int64),
    )


def test_desk_time_that_runs_short(tmp_path: Path) -> None:
    run(tmp_path, "target = 1.0")
    plan = walkcover.load_plan(tmp_path / "plan.toml")
    found = remedies_of(read_inputs(plan), plan, candidate_stage="all", full={"H1": 4.0})
    row = found.table.set_index("remedy").loc["desk"]
    # Four of the ten people of H1 found no desk time at B1.
    assert (row["people"], row["reason"], row["place_id"]) == (4, "over_capacity", "B1")
    assert row["miss_s"] == 0
    assert found.summary[0]["uncovered_people"] == PEOPLE - 6
    assert found.table["people"].sum() == PEOPLE - 6


def test_a_backup_for_each(tmp_path: Path) -> None:
    # H1 has B1 and C1 within 1,000 m; H2 has C1 alone; H3 and H4 have none and need two.
    homes = {name: HOMES[name] for name in ("H1", "H2")}
    homes |= {"H3": Home([(0, 5000)], people=40), "H4": Home([(0, 5400)], people=5)}
    rule = "target = 1.0\n[siting]\nsites_in_reach = 2"
    result = run(tmp_path, rule, homes=homes)
    table = result.remedies
    assert table["remedy"].tolist() == ["candidate", "candidate"]
    assert table["people"].tolist() == [45, 20]
    assert table["sites"].tolist() == [2, 1]
    assert table["reason"].tolist() == ["too_far", "no_backup"]
    # From C1 to H3 3,500 m, 3,150 s.
    assert table["miss_s"].tolist() == [pytest.approx(3150 - 900, abs=0.01), 0]
    assert table["needed"].all()
    figures = result.summary["remedies"][0]
    assert (figures["missing_people"], figures["limit_min"]) == (65, None)


def test_slower_people_count(tmp_path: Path) -> None:
    # At 2.9 km/h 15 minutes are 725 m: B1 reaches H1, and nothing H2, 1,000 m from C1.
    homes = {name: HOMES[name] for name in ("H1", "H2")}
    result = run(tmp_path, 'target = 1.0\n[siting]\nprofile = "elderly"', homes=homes)
    assert result.residences["verdict_after"].tolist() == ["covered", "too_far"]
    assert result.remedies["remedy"].tolist() == ["candidate", "limit"]
    # 1,000 m at 2.9 km/h take 20.7 minutes.
    assert result.remedies["limit_min"].tolist()[1:] == [21]
    # A standard walker, whose walks these are, has 652.5 s for 725 m and needs 900 s.
    assert result.remedies["candidate_miss_s"].tolist() == pytest.approx([247.5] * 2, abs=0.01)


def test_zones_have_floors(tmp_path: Path) -> None:
    # 30 % of 85 people are 26, whom B1 and C1 cover. South, H1 and the island, has 10 of 20
    # people; north has 20 of 65, of whom 33 are to be covered: 13 lack, and H3 with H4 are 45.
    folder = tmp_path / "town"
    folder.mkdir()
    south, north = ((-1000, 0, 1000, 2000), (-1000, 2000, 1000, 6000))
    shapes = [oracle_cases.shape([(a, b), (c, b), (c, d), (a, d)]) for a, b, c, d in (south, north)]
    zones = gpd.GeoDataFrame({"zone_id": ["s", "n"]}, geometry=shapes, crs=4326)
    zones.to_file(folder / "zones.gpkg")
    rule = 'target = 0.3\nzone_floor = 0.5\n[zones]\nsource = "zones.gpkg"'
    result = run(folder, rule)
    assert result.stages["zones_short"].tolist() == [1]
    assert result.stages["zones_short_people"].tolist() == [13]
    figures = result.summary["remedies"][0]
    assert figures["target_missed"] is False
    assert (figures["zones_short"], figures["zones_short_people"]) == (1, 13)
    table = result.remedies
    assert table["zone_id"].tolist() == ["n", "s", "s"]
    assert table["needed"].tolist() == [True, False, False]


# The greedy order


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(1, 12))
def test_greedy_order_is_what_looking_at_all_finds(seed: int, n: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    matrix, people = rng.random((n, m)) < 0.35, rng.integers(0, 6, m) * 1.0
    rows, columns = np.nonzero(matrix)
    indptr = np.searchsorted(rows, np.arange(n + 1))
    taken = in_greedy_order(CoverPairs.from_csr(indptr, columns, n_residences=m), people)
    left = np.ones(m, dtype=bool)
    for site, members in taken:
        gains = (matrix & left) @ people
        assert gains[site] == gains.max() > 0
        assert site == np.argmax(gains)
        assert members.tolist() == np.flatnonzero(matrix[site] & left).tolist()
        left[members] = False
    assert people[matrix.any(axis=0) & left].sum() == 0
