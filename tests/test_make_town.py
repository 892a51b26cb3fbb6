"""The example town: repeatable, consistent in itself, and interesting to plan for."""

import hashlib
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import combinations, pairwise
from pathlib import Path
from types import ModuleType

import geopandas as gpd
import networkx as nx
import numpy as np
import osmium
import pandas as pd
import pytest
import rasterio
from pyproj import Transformer
from scipy.spatial import cKDTree
from shapely import LineString, Polygon, box

import walkcover
from walkcover.desks import has_desks
from walkcover.io.daily_sources import (
    read_bases,
    read_laboratories,
    read_stations,
    read_work_places,
)
from walkcover.io.plan_file import load_plan
from walkcover.io.sources import read_sites
from walkcover.plan_operations import SERVICES

Parts = Callable[[str], ModuleType]

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "scripts" / "make_town.py"
TOWN = ROOT / "data" / "town"
FLAT_M_PER_S = 4000 / 3600
STEP_M = 10.0


def run_script(folder: Path, hash_seed: str) -> dict[str, bytes]:
    subprocess.run(
        [sys.executable, str(SCRIPT), "--out", str(folder)],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONIOENCODING": "utf-8"},
    )
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def parts() -> Iterator[Parts]:
    """Import modules of the script, which lie beside it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SCRIPT.parent)
        yield lambda name: importlib.import_module(f"_town_{name}")


@pytest.fixture(scope="module")
def residences() -> pd.DataFrame:
    table = pd.read_csv(TOWN / "residences.csv", encoding="gb18030", dtype=str)
    return table.assign(people=table["人数"].astype(int))


@pytest.fixture(scope="module")
def zones() -> gpd.GeoDataFrame:
    return gpd.read_file(TOWN / "zones.geojson")


class Extract(osmium.SimpleHandler):
    """Everything of the extract, in the order of the file."""

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[int, tuple[float, float]] = {}
        self.marks: dict[int, dict[str, str]] = {}
        self.ways: list[tuple[int, list[int], dict[str, str]]] = []

    def node(self, node: osmium.osm.Node) -> None:
        self.places[node.id] = (node.location.lon, node.location.lat)
        if len(node.tags):
            self.marks[node.id] = dict(node.tags)

    def way(self, way: osmium.osm.Way) -> None:
        self.ways.append((way.id, [ref.ref for ref in way.nodes], dict(way.tags)))

    def streets(self) -> list[tuple[list[int], dict[str, str]]]:
        return [
            (refs, tags)
            for _, refs, tags in self.ways
            if tags.get("highway", "construction") != "construction"
        ]


@pytest.fixture(scope="module")
def extract() -> Extract:
    handler = Extract()
    handler.apply_file(str(TOWN / "streets.osm.pbf"))
    return handler


@pytest.fixture(scope="module")
def network(extract: Extract) -> nx.Graph:
    """Streets as short straight steps, with places in metres."""
    to_metric = Transformer.from_crs("EPSG:4326", "EPSG:32649", always_xy=True)
    keys = list(extract.places)
    x, y = to_metric.transform(*np.array([extract.places[key] for key in keys]).T)
    place = dict(zip(keys, np.c_[x, y], strict=True))
    graph = nx.Graph()
    for refs, tags in extract.streets():
        for a, b in pairwise(refs):
            length = float(np.hypot(*(place[a] - place[b])))
            count = max(1, int(length // STEP_M))
            steps = [a, *((a, b, k) for k in range(1, count)), b]
            for k, step in enumerate(steps):
                at = place[a] + (place[b] - place[a]) * k / count
                graph.add_node(step, at=at)
                if "bridge" not in tags:
                    graph.nodes[step]["ground"] = True
            nx.add_path(graph, steps, length=length / count)
    return graph


@pytest.mark.slow
def test_every_run_writes_the_bytes_that_are_stored(tmp_path: Path) -> None:
    first = run_script(tmp_path / "a", "1")
    second = run_script(tmp_path / "b", "2")
    assert first == second
    stored = {path.name: path.read_bytes() for path in TOWN.iterdir()}
    stored["README.md"] = (TOWN.parent / "README.md").read_bytes()
    assert first.keys() == stored.keys()
    assert [name for name, content in stored.items() if first[name] != content] == []


def test_readme_states_the_checksum_of_each_file() -> None:
    readme = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    stated = dict(re.findall(r"`town/([^`]+)` \| [\d,]+ \| `([0-9a-f]{64})`", readme))
    files = sorted(TOWN.iterdir())
    assert stated == {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}
    assert sum(f.stat().st_size for f in files) < 3_000_000


def test_plan_is_understood_and_names_files_that_are_there() -> None:
    plan = load_plan(TOWN / "plan.toml")
    sections = (plan.network, plan.residences, plan.sites, plan.zones)
    assert all(plan.path(section.source).is_file() for section in sections)
    assert [stage.name for stage in plan.stages] == ["city", "county_town", "countryside"]


def test_gcj02_is_the_public_formula(parts: Parts) -> None:
    # Shanghai, Shenzhen and Beijing: the pairs that public implementations test themselves with.
    pairs = (
        ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
        ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
        ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
    )
    for given, expected in pairs:
        assert parts("degrees").to_gcj02(*given) == pytest.approx(expected, abs=1e-9)


def test_inserted_points_stand_in_order_along_the_line(parts: Parts) -> None:
    line = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]])
    found = parts("drawing").insert(line, [(10.0, 4.0), (3.0, 0.0), (10.0, 0.0)])
    assert found.tolist() == [[0, 0], [3, 0], [10, 0], [10, 4], [10, 10]]


def test_streets_meet_on_one_level_only(parts: Parts) -> None:
    def way(points: list[tuple[float, float]], level: int = 0) -> object:
        return parts("draft").Way(LineString(points), {}, level)

    crossing = [way([(0, 0), (10, 0)]), way([(4, -5), (4, 5)]), way([(7, -5), (7, 5)], 2)]
    found = [points.tolist() for points in parts("junctions").meet(crossing)]
    assert found[0] == [[0, 0], [4, 0], [10, 0]]
    assert found[1] == [[4, -5], [4, 0], [4, 5]]
    assert found[2] == [[7, -5], [7, 5]]


def test_divided_blocks_keep_their_area(parts: Parts) -> None:
    block = box(0, 0, 400, 300)
    leaves, cuts = parts("drawing").divide(block, 9_000, np.random.default_rng(1))
    assert sum(leaf.area for leaf in leaves) == pytest.approx(block.area)
    assert len(cuts) >= len(leaves) - 1
    assert max(leaf.area for leaf in leaves) < 1.7 * 9_000 * 1.001


def test_residences_are_as_many_as_a_small_prefecture_has(residences: pd.DataFrame) -> None:
    assert 2_000 <= len(residences) <= 3_500
    assert 150_000 <= residences["people"].sum() <= 250_000
    assert residences["编号"].is_unique
    assert 1 <= (residences["people"] == 0).sum() <= 20
    with pytest.raises(UnicodeDecodeError):
        (TOWN / "residences.csv").read_text(encoding="utf-8")


def test_people_are_the_same_in_every_file(residences: pd.DataFrame) -> None:
    totals = pd.read_csv(TOWN / "zone_people.csv", encoding="utf-8-sig", dtype={"区划码": str})
    by_zone = residences.groupby("区划码")["people"].sum()
    assert totals.set_index("区划码")["常住人口"].to_dict() == by_zone.to_dict()
    with rasterio.open(TOWN / "population.tif") as raster:
        assert raster.crs.to_epsg() == 4326
        assert raster.dtypes == ("float32",)
        assert raster.read(1).astype(float).sum() == residences["people"].sum()


def test_hills_rise_from_the_valley() -> None:
    with rasterio.open(TOWN / "elevation.tif") as raster:
        assert raster.dtypes == ("int16",)
        height = raster.read(1)
        city = next(raster.sample([(112.0, 37.2)]))[0]
    assert height.min() > 700
    assert height.max() - city > 200
    assert city < np.quantile(height, 0.25)


def test_zones_tile_their_parents(zones: gpd.GeoDataFrame) -> None:
    assert zones["zone_id"].str.fullmatch(r"\d{12}").all()
    metric = zones.to_crs("EPSG:32649").set_index("zone_id")
    lowest = metric[metric["parent_id"].notna()]
    for one, other in combinations(lowest.geometry, 2):
        assert one.intersection(other).area < 1.0
    for parent, children in lowest.groupby("parent_id"):
        union = children.union_all()
        assert union.symmetric_difference(metric.geometry[parent]).area < 1.0


def test_residences_lie_in_the_zone_they_name(
    residences: pd.DataFrame, zones: gpd.GeoDataFrame
) -> None:
    points = gpd.GeoDataFrame(
        residences,
        geometry=gpd.points_from_xy(
            residences["经度"].astype(float), residences["纬度"].astype(float)
        ),
        crs="EPSG:4326",
    )
    lowest = zones[zones["parent_id"].notna()]
    joined = points.sjoin(lowest[["zone_id", "stage", "geometry"]], how="left")
    assert (joined["zone_id"] == joined["区划码"]).all()
    # one stage a zone: the city by the zone's own column, the county town by code and flag
    city = joined["城乡分类"].isin(["111", "112"])
    assert (city == (joined["stage"] == "city")).all()
    seat = joined["县城"] == "是"
    assert set(joined.loc[seat, "城乡分类"]) == {"121", "122"}
    assert set(joined.loc[seat, "zone_id"]).isdisjoint(joined.loc[~seat, "zone_id"])


def test_extract_is_sorted_and_whole(extract: Extract) -> None:
    assert list(extract.places) == sorted(extract.places)
    numbers = [number for number, _, _ in extract.ways]
    assert numbers == sorted(set(numbers))
    assert all(ref in extract.places for _, refs, _ in extract.ways for ref in refs)
    kinds = {tags["highway"] for _, tags in extract.streets()}
    assert {"pedestrian", "steps", "footway", "path", "track", "trunk", "service"} <= kinds


def test_gates_join_the_wall_and_the_private_stub(extract: Extract) -> None:
    gates = {ref for ref, tags in extract.marks.items() if tags.get("barrier") == "gate"}
    walls = {r for _, refs, tags in extract.ways if tags.get("barrier") == "wall" for r in refs}
    stubs = {r for refs, tags in extract.streets() if tags.get("access") == "private" for r in refs}
    assert len(gates) > 40
    assert gates <= walls
    assert gates <= stubs
    doors = {ref for ref, tags in extract.marks.items() if "entrance" in tags}
    outlines = {r for _, refs, tags in extract.ways if "building" in tags for r in refs}
    assert doors <= outlines


def test_viaduct_meets_streets_at_its_ramps_only(extract: Extract) -> None:
    deck = [refs for refs, tags in extract.streets() if tags.get("bridge") == "viaduct"]
    others = {r for refs, tags in extract.streets() if "trunk" not in tags["highway"] for r in refs}
    assert len(deck) == 1
    assert others.isdisjoint(deck[0])
    ramps = [refs for refs, tags in extract.streets() if tags["highway"] == "trunk_link"]
    assert all(set(ramp) & set(deck[0]) and set(ramp) & others for ramp in ramps)


def test_city_has_two_bridges_over_its_river(extract: Extract) -> None:
    bridges = {
        tags["name"]
        for refs, tags in extract.streets()
        if tags.get("bridge") == "yes" and "name" in tags
        and abs(extract.places[refs[0]][0] - 112.0) < 0.027
    }  # fmt: skip
    assert bridges == {"柏桥路", "东坪路"}


def test_one_valley_and_one_loop_are_cut_off(network: nx.Graph) -> None:
    pieces = [
        network.subgraph(piece).size(weight="length") for piece in nx.connected_components(network)
    ]
    main, valley, loop = sorted(pieces, reverse=True)
    assert main > 100_000
    assert valley >= 1_000
    assert loop < 1_000


def test_every_verdict_occurs_and_coverage_falls_from_city_to_countryside(
    parts: Parts, residences: pd.DataFrame, network: nx.Graph
) -> None:
    to_metric = Transformer.from_crs("EPSG:4326", "EPSG:32649", always_xy=True)
    booths = pd.read_excel(TOWN / "booths.xlsx")
    assert set(booths["状态"]) == {"开放", "关闭", "规划"}
    open_booths = booths.loc[booths["状态"] == "开放", ["经度", "纬度"]].to_numpy()
    true_places = []
    for shifted in open_booths:
        guess = shifted
        for _ in range(8):
            guess = guess + shifted - parts("degrees").to_gcj02(*guess)
        true_places.append(guess)
    homes = np.c_[residences["经度"].astype(float), residences["纬度"].astype(float)]

    length = {}
    for piece in nx.connected_components(network):
        total = network.subgraph(piece).size(weight="length")
        length |= dict.fromkeys(piece, total)
    ground = [n for n, data in network.nodes(data=True) if data.get("ground")]
    main = [n for n in ground if length[n] >= 1_000]
    island = [n for n in ground if length[n] < 1_000]

    def nearest(lon_lat: np.ndarray, nodes: list) -> tuple[np.ndarray, list]:
        tree = cKDTree([network.nodes[n]["at"] for n in nodes])
        leg_m, number = tree.query(np.c_[to_metric.transform(*lon_lat.T)])
        return leg_m, [nodes[k] for k in number]

    leg_m, joins = nearest(np.array(true_places), main)
    assert leg_m.max() < 15
    path_m = nx.multi_source_dijkstra_path_length(network, set(joins), weight="length")
    main_leg, main_join = nearest(homes, main)
    island_leg, _ = nearest(homes, island)
    walk_m = np.array([path_m.get(n, np.inf) for n in main_join]) + main_leg
    snapped = main_leg <= 250
    # 20 m of doubt: the network is cut into steps of 10 m and the booth's own leg is left out
    lived_in = residences["people"].to_numpy() > 0
    covered = snapped & (walk_m <= 900 * FLAT_M_PER_S) & lived_in
    assert (~lived_in).any()
    assert (lived_in & snapped & np.isfinite(walk_m) & (walk_m > 1_020)).sum() > 500
    assert (lived_in & snapped & np.isinf(walk_m)).sum() > 20
    assert (lived_in & ~snapped & (island_leg <= 250)).sum() > 5
    assert (lived_in & ~snapped & (island_leg > 260)).sum() == 1
    assert np.quantile(main_leg[snapped], 0.99) < 60

    people = residences["people"].to_numpy()
    city = residences["城乡分类"].isin(["111", "112"]).to_numpy()
    seat = (residences["县城"] == "是").to_numpy()
    share = [people[g & covered].sum() / people[g].sum() for g in (city, seat, ~city & ~seat)]
    assert 0.6 < share[0] < 0.8
    assert 0.35 < share[1] < 0.55
    assert 0.08 < share[2] < 0.2


# Daily work


def test_daily_plan_names_files_that_are_read() -> None:
    plan = load_plan(TOWN / "daily.toml")
    sites = read_sites(plan)
    assert has_desks(sites)
    bases, laboratories, stations = read_bases(plan), read_laboratories(plan), read_stations(plan)
    assert (len(bases), len(laboratories), len(stations)) == (3, 3, 1)
    assert bases["teams"].isna().all()
    assert plan.desks.interval_days in plan.demand.intervals
    # The laboratory that names a booth stands at its door.
    own = laboratories[laboratories["site_id"] != ""].to_crs("EPSG:32649")
    booths = sites.set_index("site_id").to_crs("EPSG:32649").geometry
    assert own.geometry.distance(booths[own["site_id"].item()]).item() < 100


def test_places_are_too_small_and_large_enough_for_a_visit(extract: Extract) -> None:
    plan = load_plan(TOWN / "daily.toml")
    places = read_work_places(plan)
    assert places is not None
    least = {rule.kind: rule.at_least for rule in SERVICES if rule.at_least}
    for kind, people in least.items():
        sizes = places.loc[places["kind"] == kind, "people"]
        assert sizes.min() < people <= sizes.max(), kind
    assert {"key_group", "institution"} <= set(places["kind"])
    # Grounds that the extract has bear the same name there, and the place lies in them.
    drawn = {
        tags["name"]: refs for _, refs, tags in extract.ways
        if {"landuse", "amenity"} & set(tags) and "name" in tags
    }  # fmt: skip
    on_map = places[places["name"].isin(list(drawn))]
    assert len(on_map) == 16
    for name, point in zip(on_map["name"], on_map.geometry, strict=True):
        outline = Polygon([extract.places[ref] for ref in drawn[name]])
        assert outline.contains(point), name


def test_booths_with_desks_are_the_booths_and_more() -> None:
    booths, more = (pd.read_excel(TOWN / f"{name}.xlsx") for name in ("booths", "booths_desks"))
    pd.testing.assert_frame_equal(more.loc[: len(booths) - 1, list(booths)], booths)
    assert len(more) == len(booths) + 10
    assert set(more.columns) - set(booths.columns) == {"台数", "开放时间"}


@pytest.mark.slow
def test_daily_work_shows_every_case() -> None:
    result = walkcover.operate(load_plan(TOWN / "daily.toml"))
    work = result.operations
    assert work is not None
    assert work.rounds is not None
    assert work.relay is not None
    sites = work.demand.sites
    assert (sites["desks_short"] > 0).any()
    assert (sites["desks_spare"] > 0).any()
    cured = (sites["status"] == "jammed") & (sites["status_staggered"] == "smooth")
    assert cured.any()
    services = work.demand.services
    places = services[services["origin"] == "place"]
    assert set(places["service"]) == {"site", "visit", "itself"}
    homes = services[services["origin"] == "residence"]
    villages = homes[homes["kind"] == "village"]
    assert {"site", "round"} <= set(villages["service"])
    assert services.loc[services["service"] == "round", "site_id"].eq("").all()
    assert {"visit", "round"} <= set(work.rounds.stops["kind"])
    assert work.rounds.summary["served_people"] > 0.9 * work.rounds.summary["people"]
    laboratories = work.relay.laboratories
    assert laboratories["load_share"].max() > 0.8
    assert work.relay.summary["oldest_s"] <= load_plan(TOWN / "daily.toml").relay.hold_h * 3600
    assert work.relay.late.empty
    assert work.relay.summary["itself_tubes"] > 0
    intervals = work.intervals
    assert intervals["interval_days"].tolist() == [7.0, 5.0, 3.0, 2.0]
    assert intervals["is_plan"].tolist() == [True, False, False, False]
    assert intervals["cost_per_day"].is_monotonic_increasing
