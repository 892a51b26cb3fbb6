"""The made province: repeatable, whole, joined together, and with streets like real ones."""

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from walkcover.io.networks import load_network
from walkcover.io.plan_file import load_plan
from walkcover.job import assess
from walkcover.network import Network
from walkcover.zones import assign_zones

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"
SCALE = 0.002
PEOPLE = 70_000

Script = Callable[[str], ModuleType]


@pytest.fixture(scope="module")
def script() -> Iterator[Script]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCRIPTS))
        yield importlib.import_module


@pytest.fixture(scope="module")
def province(script: Script, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("province")
    land = script("_province_land").make_up_land(1)
    counts = script("make_province").write_province(folder, land, scale=SCALE, seed=1)
    assert counts["people"] == PEOPLE
    return folder


@pytest.fixture(scope="module")
def network(province: Path) -> Network:
    return load_network(province / "network.parquet")


@pytest.fixture(scope="module")
def homes(province: Path) -> gpd.GeoDataFrame:
    return gpd.read_parquet(province / "residences.parquet")


def test_every_run_writes_the_same_bytes(script: Script, province: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPTS / "make_province.py"), "--out", str(tmp_path)]
    command += ["--scale", str(SCALE), "--seed", "1"]
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONIOENCODING": "utf-8"}
    printed = subprocess.run(command, check=True, capture_output=True, env=environment).stdout
    assert "70,000 people" in printed.decode()
    names = script("make_province").FILES
    assert {path.name for path in tmp_path.iterdir()} == set(names)
    for name in names:
        assert (tmp_path / name).read_bytes() == (province / name).read_bytes(), name


def test_another_seed_makes_another_province(
    script: Script, province: Path, tmp_path: Path
) -> None:
    land = script("_province_land").make_up_land(2)
    script("make_province").write_province(tmp_path, land, scale=SCALE, seed=2)
    other = gpd.read_parquet(tmp_path / "residences.parquet")
    assert other["people"].sum() == PEOPLE
    assert (tmp_path / "network.parquet").read_bytes() != (
        province / "network.parquet"
    ).read_bytes()


def test_whole_province_has_the_counts_of_shanxi(script: Script) -> None:
    land = script("_province_land").make_up_land(1)
    counts = len(land.counties), land.counties["prefecture"].nunique()
    assert (*counts, len(land.towns), len(land.villages)) == (117, 11, 1352, 21_895)
    assert land.counties.is_valid.all()
    # Borders are shared: all counties together have no hole and are as large as their sum.
    whole = land.counties.union_all()
    assert isinstance(whole, shapely.Polygon)
    assert not whole.interiors
    assert whole.area == pytest.approx(land.counties.area.sum())
    for table in (land.counties, land.towns, land.villages):
        assert table["code"].is_unique
    assert (land.villages["code"].str[:9] == land.villages["town"]).all()


def test_names_come_from_the_folder(script: Script, real_data: Path) -> None:
    land = script("_province_land").read_land(real_data / "shanxi")
    assert (len(land.counties), len(land.towns), len(land.villages)) == (117, 1352, 21_895)
    assert not land.villages["county"].isna().any()
    assert land.towns["county"].isin(land.counties["code"]).all()


@pytest.mark.parametrize(("scale", "seed"), [(0.001, 1), (0.008, 2), (0.03, 3)])
def test_people_and_villages_follow_the_scale(script: Script, scale: float, seed: int) -> None:
    lands, places = script("_province_land"), script("_province_places")
    land = lands.shrink(lands.make_up_land(seed), scale)
    people = round(places.PEOPLE * scale)
    settlements, outlines = places.place_settlements(land, people=people, seed=seed)
    assert settlements["people"].sum() == people
    assert (settlements["people"] >= 0).all()
    assert {"city", "county_town", "village"} <= set(settlements["kind"])
    # At the small end two villages of each town are left.
    assert len(land.villages) <= max(1.15 * scale * 21_895, 2 * len(land.towns))
    ground = land.counties.union_all().buffer(1.0)
    assert all(ground.contains(shape) for shape in outlines.values())


def test_people_are_whole_and_each_settlement_has_its_own(
    province: Path, homes: gpd.GeoDataFrame
) -> None:
    settlements = gpd.read_parquet(province / "settlements.parquet")
    assert (homes["people"] == homes["people"].round()).all()
    assert homes["people"].sum() == settlements["people"].sum() == PEOPLE
    sums = homes["people"].groupby(homes["residence_id"].str.rsplit("-", n=1).str[0]).sum()
    assert sums.to_dict() == settlements.set_index("code")["people"].to_dict()
    assert homes["residence_id"].is_unique
    assert PEOPLE / len(homes) == pytest.approx(17.5, rel=0.05)


def test_zones_are_a_partition_and_say_the_stage(province: Path, homes: gpd.GeoDataFrame) -> None:
    zones = gpd.read_parquet(province / "zones.parquet")
    by_polygon = assign_zones(homes.drop(columns="zone_id"), zones)  # refuses overlaps
    inside = by_polygon != "outside"
    assert inside.mean() > 0.99
    assert (by_polygon[inside] == homes["zone_id"][inside]).all()
    stage = zones.set_index("zone_id")["stage"]
    assert (homes["zone_id"].map(stage) == homes["stage"]).all()
    assert set(homes["stage"]) == {"city", "county_town", "countryside"}
    parents = zones.set_index("zone_id")["parent_id"]
    parts = zones.loc[zones.geometry.notna(), "zone_id"]
    # Part, county, prefecture.
    assert parents[parents[parts].to_numpy()].isin(zones["zone_id"]).all()
    assert parents[parents[parents[parts].to_numpy()].to_numpy()].isna().all()


def test_streets_hang_together_but_for_a_few_islands(network: Network) -> None:
    graph = nx.Graph(zip(network.u.tolist(), network.v.tolist(), strict=True))
    main = max(nx.connected_components(graph), key=len)
    on_main = np.isin(network.u, list(main))
    share = network.length_m[on_main].sum() / network.length_m.sum()
    assert 0.98 < share < 1.0
    assert network.island[~on_main].all()
    assert not network.island[on_main].any()


def test_residences_are_assessed_and_gaps_are_left(province: Path) -> None:
    result = assess(load_plan(province / "plan.toml"))
    residences = result.residences
    assert residences["people"].sum() == PEOPLE
    assert residences["snap_m"].isna().mean() < 0.01
    assert residences["snap_m"].median() < 40
    assert (residences["snap_to"].dropna() == "island").mean() < 0.01
    covered = result.stages.set_index("name")["covered_share"]
    # Most of the countryside has no booth, so that a plan has something to suggest.
    assert covered["city"] > covered["countryside"]
    assert covered["countryside"] < 0.3


def test_measures_of_a_street_grid_are_those_of_geometry(script: Script) -> None:
    # Five by five junctions, 100 m apart: 16 on the rim of which 4 are corners.
    lines = script("_province_lines")
    network_of = importlib.import_module("walkcover.network")
    geod = Geod(ellps="WGS84")
    north = geod.fwd(111.0, 37.0, 0, 100)[1] - 37.0
    east = geod.fwd(111.0, 37.0, 90, 100)[0] - 111.0
    node = np.arange(25).reshape(5, 5)
    u = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    v = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    indptr, at, _ = lines.chains(u, v, np.zeros(25, dtype=bool))
    tags = pd.DataFrame(
        {"name": "", "highway": "residential", "private": False, "raised": False,
         "forward": True, "backward": True},
        index=range(len(u)),
    )  # fmt: skip
    row, column = np.divmod(at, 5)
    made = network_of.build_network(
        network_of.Lines(indptr, 111.0 + east * column, 37.0 + north * row, at, tags)
    )
    figures = script("_province_measures").measure(made, seed=0)
    assert figures["node_degree_2"] == 4 / 25
    assert figures["node_degree_3"] == 12 / 25
    assert figures["node_degree_4"] == 9 / 25
    assert figures["dead_ends"] == 0
    assert figures["crossings_of_four"] == 9 / 21
    assert figures["edge_m_q50"] == pytest.approx(100, rel=1e-3)
    # Two edges that meet in a corner are one chain:
    # 32 chains of 100 m and four of 200 m, so that the 90 % point lies half way between.
    assert figures["chain_m_q90"] == pytest.approx(150, rel=1e-3)
    assert figures["bend_of_edge"] == pytest.approx(1)
    assert 1 <= figures["detour_q50"] <= figures["detour_q90"] <= np.sqrt(2) + 1e-3


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_chains_use_every_link_once(data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCRIPTS))
        chains = importlib.import_module("_province_lines").chains
    n = data.draw(st.integers(2, 9))
    pairs = [(a, b) for a in range(n) for b in range(a + 1, n)]
    links = np.array(data.draw(st.lists(st.sampled_from(pairs), min_size=1, unique=True)))
    degree = np.bincount(links.ravel(), minlength=n)
    passed = (degree == 2) & np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    indptr, node, first = chains(links[:, 0], links[:, 1], passed)
    walked = []
    for k, link in enumerate(first):
        part = node[indptr[k] : indptr[k + 1]].tolist()
        assert not passed[[part[0], part[-1]]].any()
        assert passed[part[1:-1]].all()
        assert set(links[link]) in ({part[0], part[1]}, {part[-1], part[-2]})
        walked += [tuple(sorted(pair)) for pair in pairwise(part)]
    assert len(walked) == len(set(walked))
    # What is left out are rings without an end.
    graph = nx.Graph(links.tolist())
    rings = [piece for piece in nx.connected_components(graph) if passed[sorted(piece)].all()]
    ringed = sum(graph.subgraph(piece).number_of_edges() for piece in rings)
    assert len(walked) == len(links) - ringed


@pytest.mark.slow
def test_made_streets_are_like_real_ones(script: Script, real_data: Path) -> None:
    lands, compare = script("_province_land"), script("_province_compare")
    land = lands.shrink(lands.make_up_land(1), 0.04)
    settlements, _, graph = script("make_province").draw_province(land, scale=0.04, seed=1)
    table = compare.compare(graph, settlements, real_data, seed=1)
    assert compare.outside_bands(table) == []
    # The bands can be left: a city that is no city is noticed.
    wrong = table.assign(**{"made city": table["made countryside"]})
    assert len(compare.outside_bands(wrong)) >= 3
