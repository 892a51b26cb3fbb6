"""The whole job on a small town: people are conserved, and the order of rows never matters."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import oracle_cases
import pytest
from oracle_cases import Way, lonlat

import walkcover

STREETS = [Way([(x, 0), (x, 1500), (x, 3000)]) for x in (0, 1500, 3000)]
STREETS += [Way([(0, y), (1500, y), (3000, y)]) for y in (0, 1500, 3000)]


def homes(seed: int, n: int = 60) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(seed)
    places = rng.uniform(-300, 3300, (n, 2)).tolist()
    lon, lat = np.array([lonlat(spot) for spot in places]).T
    columns = {"residence_id": [f"R{i}" for i in range(n)], "people": rng.integers(0, 90, n)}
    columns["address"] = [f"门牌 {i}" for i in range(n)]
    return gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy(lon, lat), crs=4326)


def write(folder, residences):
    folder.mkdir()
    town = oracle_cases.Town(STREETS, {}, {"B1": (0, 20), "B2": (1500, 1480)})
    network = folder / "network.osm"
    oracle_cases._write_osm(town, network)
    oracle_cases.write_plan(folder, network, residences=residences, sites=oracle_cases.sites(town))
    plan = folder / "plan.toml"
    stages = '[candidates]\nspacing_m = 500\n[[stages]]\nname = "all"\ntarget = 0.9\n'
    plan.write_text(plan.read_text(encoding="utf-8") + stages, encoding="utf-8")
    return walkcover.load_plan(plan)


@pytest.mark.parametrize("seed", [0, 1])
def test_people_are_conserved(tmp_path, seed):
    given = homes(seed)
    result = walkcover.suggest(write(tmp_path / "town", given))
    assert result.residences["residence_id"].tolist() == given["residence_id"].tolist()
    assert result.residences["people"].tolist() == given["people"].tolist()
    assert result.residences["address"].tolist() == given["address"].tolist()
    total = given["people"].sum()
    verdicts = result.summary["verdicts"].values()
    assert result.summary["people"] == total
    assert sum(v["people"] for v in verdicts) == total
    assert sum(v["residences"] for v in verdicts) == len(given)
    assert result.zones["people"].sum() == total
    assert result.stages["people"].sum() == total
    covered = result.residences["people"][result.residences["verdict"] == "covered"].sum()
    assert result.zones["covered_people"].sum() == covered
    assert result.gap_areas["people"].sum() == total - covered
    after = result.residences["people"][result.residences["verdict_after"] == "covered"].sum()
    assert covered + result.sites["people_gained"].sum() == after
    assert result.sites["people_served"].sum() == after


def test_the_order_of_rows_never_matters(tmp_path):
    given = homes(2)
    order = np.random.default_rng(5).permutation(len(given))
    first = walkcover.suggest(write(tmp_path / "first", given))
    second = walkcover.suggest(write(tmp_path / "second", given.iloc[order]))
    columns = ["walk_s", "site_id", "verdict", "snap_m", "snap_to"]
    for name in columns:
        one, two = (r.residences.set_index("residence_id")[name] for r in (first, second))
        assert one.equals(two[one.index]), name
    one, two = (r.residences.query("verdict_after == 'covered'") for r in (first, second))
    assert one["people"].sum() == two["people"].sum()
    assert len(first.rollout) == len(second.rollout)


def test_suggesting_changes_nothing_of_what_is(tmp_path):
    plan = write(tmp_path / "town", homes(3))
    as_is, suggested = walkcover.assess(plan), walkcover.suggest(plan)
    common = list(as_is.residences.columns)
    assert as_is.residences.equals(suggested.residences[common])
    assert as_is.gap_areas.equals(suggested.gap_areas)
    covered = suggested.residences["verdict"] == "covered"
    assert (suggested.residences["verdict_after"][covered] == "covered").all()
    assert (suggested.residences["walk_s_after"] <= suggested.residences["walk_s"]).all()
