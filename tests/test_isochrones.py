"""
Towns are drawn in metres, x east and y north, on the central meridian of UTM zone 49N.

At 4 km/h one walks 1,000 m in 15 minutes, 666.7 m in ten, 333.3 m in five.
"""

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import oracle
import pandas as pd
import pyproj
import pytest
import shapely

import walkcover._isochrone_field
from walkcover import InputError
from walkcover._isochrone_field import walk_field
from walkcover._isochrone_streets import reached_parts, street_walks
from walkcover.crs import metric_crs
from walkcover.io.networks import read_network
from walkcover.io.osm import read_buildings
from walkcover.isochrones import isochrones
from walkcover.joins import Joins
from walkcover.network import Lines, Network, build_network
from walkcover.reach import nearest_sites
from walkcover.search import SearchGraph, search_graph
from walkcover.snap import snap
from walkcover.speed import WalkCosts, flat_costs
from walkcover.street_index import StreetIndex

CRS = pyproj.CRS(32649)
ORIGIN = np.array([500_000.0, 4_100_000.0])
# Ground metres per metre of the grid on the central meridian.
GROUND = 1 / 0.9996
CELL_M = 10.0
WITHIN_M = 1.5 * CELL_M
# What counts as exact: the grid of the outlines, and the rounding of walks.
EXACT_M = 0.05
BLOCK = [(0, 0), (700, 0), (700, 700), (0, 700), (0, 0)]

Streets = Sequence[Sequence[tuple[float, float]]]


def degrees(xy: Iterable) -> np.ndarray:
    back = pyproj.Transformer.from_crs(CRS, 4326, always_xy=True)
    return np.column_stack(back.transform(*(np.array(list(xy), dtype=float) + ORIGIN).T))


def town(streets: Streets, **tags: Sequence[bool]) -> Network:
    """Draw a town; streets meet where they have a vertex in common."""
    xy = np.concatenate([np.array(street, dtype=float) for street in streets])
    lonlat = degrees(xy)
    indptr = np.cumsum([0, *map(len, streets)])
    every = {"name": "", "highway": "residential", "private": False, "raised": False}
    table = pd.DataFrame(
        {**every, "forward": True, "backward": True, **tags}, index=range(len(streets))
    )
    point = np.unique(xy, axis=0, return_inverse=True)[1].ravel()
    return build_network(Lines(indptr, *lonlat.T, point, table), min_component_m=0)


def ready(network: Network, sites: Iterable) -> tuple[Joins, StreetIndex, SearchGraph]:
    index = StreetIndex(network, CRS)
    joins = snap(shapely.points(degrees(sites)), index)
    return joins, index, search_graph(network, flat_costs(network, speed_kmh=4.0))


def in_metres(bands: gpd.GeoDataFrame) -> gpd.GeoSeries:
    return bands.geometry.to_crs(CRS).translate(*-ORIGIN)


def held(bands: gpd.GeoDataFrame, xy: Iterable) -> list[bool]:
    """Tell for each point whether any band holds it."""
    points = shapely.points(degrees(xy))
    return shapely.contains(bands.geometry.to_numpy()[:, None], points).any(axis=0).tolist()


def ends_on(bands: gpd.GeoDataFrame, line: shapely.LineString) -> list[float]:
    """Give the walk along a line, in ground metres, to where each band ends on it."""
    return [
        max(line.project(shapely.Point(xy)) for xy in shapely.get_coordinates(part & line)) * GROUND
        for part in in_metres(bands)
    ]


def test_bands_end_exactly_on_a_straight_street() -> None:
    bands = isochrones(*ready(town([[(0, 0), (0, 2000)]]), [(0, 0)]))
    assert bands["minutes_from"].tolist() == [0, 5, 10]
    assert bands["minutes_to"].tolist() == [5, 10, 15]
    assert bands.crs == "EPSG:4326"
    assert set(bands.geom_type) == {"MultiPolygon"}
    ends = ends_on(bands, shapely.LineString([(0, 0), (0, 2000)]))
    assert ends == pytest.approx([1000 / 3, 2000 / 3, 1000], abs=EXACT_M)


def test_bands_end_exactly_behind_bends() -> None:
    street = [(0, 0), (200, 0), (200, 150), (320, 310), (320, 1500)]
    bands = isochrones(*ready(town([street]), [(0, 0)]))
    ends = ends_on(bands, shapely.LineString(street))
    assert ends == pytest.approx([1000 / 3, 2000 / 3, 1000], abs=EXACT_M)


def test_access_leg_of_the_site_counts() -> None:
    bands = isochrones(*ready(town([[(0, 0), (0, 2000)]]), [(100, 0)]), minutes=[15])
    ends = ends_on(bands, shapely.LineString([(0, 0), (0, 2000)]))
    assert ends == pytest.approx([1000 - 100 * GROUND], abs=EXACT_M)


def test_slope_shortens_one_side() -> None:
    network = town([[(0, -2000), (0, 2000)]])
    sites, index, graph = ready(network, [(0, 0)])
    # Along the street, northwards, a metre takes 2 s; southwards 1 s.
    costs = WalkCosts(
        indptr=np.array([0, 2]),
        at_m=np.array([0.0, network.length_m[0]]),
        along_s=np.array([0.0, 2 * network.length_m[0]]),
        against_s=np.array([0.0, network.length_m[0]]),
        wait_s=np.zeros((1, 2)),
        flat=0.9,
    )
    bands = isochrones(sites, index, search_graph(network, costs), minutes=[10])
    assert graph.costs.flat == pytest.approx(costs.flat)
    north, south = (shapely.LineString([(0, 0), (0, y)]) for y in (2000, -2000))
    assert ends_on(bands, north) == pytest.approx([600], abs=EXACT_M)
    assert ends_on(bands, south) == pytest.approx([300], abs=EXACT_M)


def test_bands_end_exactly_where_the_pace_changes_in_mid_street() -> None:
    # Northwards the first 400 m are level, then a metre takes 2 s; coming back likewise.
    network = town([[(0, 0), (0, 2000)]])
    sites, index, graph = ready(network, [(0, 0)])
    length_m = network.length_m[0]
    seconds = np.array([0.0, 360.0, 360.0 + 2 * (length_m - 400)])
    costs = replace(
        graph.costs,
        indptr=np.array([0, 3]),
        at_m=np.array([0.0, 400.0, length_m]),
        along_s=seconds,
        against_s=seconds,
    )
    bands = isochrones(sites, index, search_graph(network, costs))
    ends = ends_on(bands, shapely.LineString([(0, 0), (0, 2000)]))
    assert ends == pytest.approx([1000 / 3, 400 + 240 / 2, 400 + 540 / 2], abs=EXACT_M)


def test_who_passes_a_signal_waits() -> None:
    network = town([[(0, 0), (0, 500)], [(0, 500), (0, 2000)]])
    sites, index, graph = ready(network, [(0, 100)])
    far, near = np.argsort([network.node_lat[network.v], network.node_lat[network.u]][0])[::-1]
    wait_s = np.zeros((2, 2))
    for edge in (near, far):
        middle = np.isclose(network.node_lat, np.sort(network.node_lat)[1])
        wait_s[edge] = 10.0 * middle[[network.u[edge], network.v[edge]]]
    costs = replace(graph.costs, wait_s=wait_s)
    bands = isochrones(sites, index, search_graph(network, costs))
    ends = ends_on(bands, shapely.LineString([(0, 100), (0, 2000)]))
    # Behind the signal 20 s are lost, in which one walks 22.2 m.
    lost_m = 20 / 0.9
    assert ends == pytest.approx([1000 / 3, 2000 / 3 - lost_m, 1000 - lost_m], abs=EXACT_M)


def test_closed_direction_is_not_walked() -> None:
    # One may only walk north: whoever lives north of the site cannot come.
    network = town([[(0, -600), (0, 0), (0, 600)]], forward=[True], backward=[False])
    bands = isochrones(*ready(network, [(0, 0)]), minutes=[10])
    assert held(bands, [(0, -590), (0, -30), (0, 30), (0, 500)]) == [True, True, False, False]


def test_area_beside_a_street_is_a_cut_diamond() -> None:
    # Walking r metres in all, one stands where |x| + |y| <= r, but at most 250 m off the street.
    bands = isochrones(*ready(town([[(0, -2000), (0, 2000)]]), [(0, 0)]))
    r = np.array([0, 1000 / 3, 2000 / 3, 1000])
    whole = 2 * (r**2 - np.maximum(r - 250, 0) ** 2)
    areas = in_metres(bands).area.to_numpy() * GROUND**2
    assert areas == pytest.approx(np.diff(whole), rel=0.02)


def walk_m(streets: Streets, site: tuple[float, float], points: np.ndarray) -> np.ndarray:
    """Walk in grid metres to a site at a vertex, by networkx, from the nearest of all segments."""
    ends = [(a, b) for street in streets for a, b in pairwise(street)]
    graph = nx.Graph()
    graph.add_weighted_edges_from((a, b, np.hypot(*np.subtract(a, b))) for a, b in ends)
    path_m = nx.single_source_dijkstra_path_length(graph, site)
    lines = shapely.linestrings(ends)
    away_m = shapely.distance(shapely.points(points)[:, None], lines)
    nearest = away_m.argmin(axis=1)
    along_m = shapely.line_locate_point(lines[nearest], shapely.points(points))
    to_first, to_last = np.array([[path_m.get(a, np.inf), path_m.get(b, np.inf)] for a, b in ends])[
        nearest
    ].T
    rest_m = shapely.length(lines[nearest]) - along_m
    leg_m = away_m.min(axis=1)
    return np.where(leg_m <= 250, leg_m + np.minimum(to_first + along_m, to_last + rest_m), np.inf)


def around(points: np.ndarray) -> np.ndarray:
    """Points and two rings about each, the outer one 1.5 cells wide; shape (n, 33, 2)."""
    angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ring = WITHIN_M * np.column_stack([np.cos(angle), np.sin(angle)])
    return points[:, None] + np.concatenate([[[0.0, 0.0]], ring, ring / 2])


def test_random_points_keep_the_definition() -> None:
    streets = [
        BLOCK,
        [(700, 0), (1500, 120), (1300, 900), (700, 700)],
        [(0, 0), (-300, -80), (-350, -600)],
        [(-500, -100), (-900, 500), (-400, 900)],
    ]
    rng = np.random.default_rng(20220520)
    points = rng.uniform((-1200, -900), (1800, 1200), (1500, 2))
    near = around(points)
    walks = walk_m(streets, (0, 0), near.reshape(-1, 2)).reshape(near.shape[:2]) * GROUND
    network = town(streets)
    joins, index, graph = ready(network, [(0, 0)])
    bands = isochrones(joins, index, graph)
    found, sure = np.zeros(len(points), dtype=bool), 0
    for number, part in enumerate(in_metres(bands)):
        inside = walks <= (number + 1) * 1000 / 3
        found |= shapely.contains(part, shapely.points(points))
        assert found[inside.all(axis=1)].all()
        assert not found[~inside.any(axis=1)].any()
        sure += inside.all(axis=1).sum()
    assert sure > 200


def test_another_piece_of_the_network_stays_out() -> None:
    streets = [[(0, 0), (2000, 0)], [(0, 300), (2000, 300)]]
    bands = isochrones(*ready(town(streets), [(500, 0)]))
    assert held(bands, [(500, 100), (500, 200), (500, 300)]) == [True, False, False]


def test_each_piece_has_its_own_site() -> None:
    streets = [[(0, 0), (2000, 0)], [(0, 5000), (2000, 5000)]]
    bands = isochrones(*ready(town(streets), [(0, 0), (0, 5000)]), minutes=[5])
    assert len(bands.geometry[0].geoms) == 2
    assert held(bands, [(300, 0), (300, 5000), (300, 2500)]) == [True, True, False]


def test_middle_of_a_wide_block_is_a_hole() -> None:
    bands = isochrones(*ready(town([BLOCK]), [(0, 0)]), minutes=[30])
    (polygon,) = in_metres(bands)[0].geoms
    (hole,) = (shapely.Polygon(ring) for ring in polygon.interiors)
    # Whoever stands more than 250 m from all sides joins none of them.
    expected = shapely.box(250 / GROUND, 250 / GROUND, 700 - 250 / GROUND, 700 - 250 / GROUND)
    assert hole.hausdorff_distance(expected) < WITHIN_M
    assert held(bands, [(350, 350), (350, 240)]) == [False, True]


def test_one_walks_out_of_a_compound_not_through_it() -> None:
    # The gated lane would be a short cut from the northern street to the site.
    streets = [[(0, 0), (100, 0), (2000, 0), (2000, 400), (100, 400)], [(100, 0), (100, 400)]]
    network = town(streets, private=[False, True])
    bands = isochrones(*ready(network, [(0, 0)]), minutes=[10])
    assert held(bands, [(100, 390), (120, 300), (150, 400), (300, 400)]) == [
        True, True, False, False,
    ]  # fmt: skip


def test_who_stands_under_a_bridge_joins_the_street() -> None:
    # The street below belongs to another piece without a site; the bridge leads over it.
    streets = [[(-600, 0), (600, 0)], [(0, -300), (0, 300)], [(0, 300), (0, 900)],
               [(0, -300), (0, -900)]]  # fmt: skip
    network = town(streets, raised=[False, True, False, False])
    bands = isochrones(*ready(network, [(0, 310)]))
    assert held(bands, [(0, 0), (0, 400), (0, -400)]) == [False, True, True]


def test_bands_do_not_overlap_and_hold_no_flaw() -> None:
    bands = isochrones(*ready(town([BLOCK]), [(0, 0), (300, 700)]), minutes=[2, 4, 6, 8])
    assert bands.is_valid.all()
    areas = shapely.area(bands.geometry.to_numpy())
    assert shapely.area(shapely.union_all(bands.geometry)) == pytest.approx(areas.sum(), rel=1e-6)


def test_water_is_cut_out() -> None:
    pond = shapely.Polygon(degrees([(100, 20), (200, 20), (200, 120), (100, 120)]))
    water = gpd.GeoSeries([pond], crs=4326).to_crs(3857)
    ready_town = ready(town([[(0, 0), (2000, 0)]]), [(0, 0)])
    dry, wet = (isochrones(*ready_town, water=w) for w in (None, water))
    lost = in_metres(dry).area.sum() - in_metres(wet).area.sum()
    # All of the pond lies within 15 minutes.
    assert lost == pytest.approx(100 * 100, rel=0.001)
    assert held(wet, [(150, 70), (150, 10)]) == [False, True]


def test_water_may_be_drawn_badly() -> None:
    # A pond with a spike, one that crosses itself, and none at all.
    spike = [(100, 20), (200, 20), (200, 120), (200, 180), (200, 120), (100, 120)]
    bow = [(300, 20), (400, 120), (400, 20), (300, 120)]
    ponds = [shapely.Polygon(degrees(spike)), shapely.Polygon(degrees(bow)), None]
    ready_town = ready(town([[(0, 0), (2000, 0)]]), [(0, 0)])
    bands = isochrones(*ready_town, water=gpd.GeoSeries(ponds, crs=4326))
    in_water = [(150, 70), (310, 70), (390, 70)]
    beside = [(210, 150), (350, 40), (350, 100)]
    assert held(bands, in_water + beside) == [False] * 3 + [True] * 3


def test_water_is_cut_out_of_every_band() -> None:
    ponds = [shapely.box(x, 10, x + 20, 30) for x in (100, 450, 800)]
    water = gpd.GeoSeries(
        [shapely.Polygon(degrees(shapely.get_coordinates(pond))) for pond in ponds], crs=4326
    )
    bands = isochrones(*ready(town([[(0, 0), (2000, 0)]]), [(0, 0)]), water=water)
    inside, beside = ([(x, y) for x in (110, 460, 810)] for y in (20, 5))
    assert held(bands, inside + beside) == [False] * 3 + [True] * 3


def test_no_site_gives_no_band() -> None:
    joins, index, graph = ready(town([[(0, 0), (2000, 0)]]), [(0, 0)])
    nobody = snap(np.empty(0, dtype=object), index)
    lost = snap(shapely.points(degrees([(0, 5000)])), index)
    too_far = replace(joins, leg_m=np.array([2000.0]))
    for sites in (nobody, lost, too_far):
        bands = isochrones(sites, index, graph)
        assert len(bands) == 0
        assert list(bands.columns) == ["minutes_from", "minutes_to", "geometry"]
        assert bands.crs == "EPSG:4326"


def mixed_town() -> Network:
    """Draw a town with everything that decides what a place joins, and who may walk where."""
    # Crooked, so that no cell is equally far from two streets.
    streets = [
        [(0, 0), (101, 1), (697, 3), (711, 352), (703, 700), (107, 705), (2, 707), (0, 0)],
        [(697, 3), (1500, 120), (1300, 900), (703, 700)],
        [(0, 0), (-300, -80), (-350, -600)],
        [(101, 1), (107, 705)],
        [(-300, -80), (2, 707)],
        [(711, 352), (1400, 500)],
        [(-500, -100), (-900, 500), (-400, 900)],
    ]
    return town(
        streets,
        private=[False, False, False, True, False, False, False],
        raised=[False, False, False, False, True, False, False],
        forward=[True, True, True, True, True, False, True],
    )


@pytest.mark.parametrize("seed", range(4))
def test_cells_walk_as_residences_do(seed: int) -> None:
    rng = np.random.default_rng(seed)
    joins, index, graph = ready(mixed_town(), rng.uniform((-400, -300), (1400, 800), (4, 2)))
    streets = street_walks(joins, index, graph, limit_s=600.0, margin_m=510.0)
    field = walk_field(
        streets, index.network, limit_s=600.0, flat=0.9, snap_limit_m=250.0, cell_m=20.0
    )
    tile, row, column = np.nonzero(np.ones(field.walks.shape, dtype=bool))
    south, west = field.tiles[tile].T * field.lattice.tile_m
    x = field.west_m + west + (column + 0.5) * field.cell_m
    y = field.south_m + south + (row + 0.5) * field.cell_m
    homes = snap(shapely.points(index.to_degrees(np.column_stack([x, y]))), index)
    walk_s, _ = nearest_sites(homes, joins, graph, site_rank=np.arange(joins.n_places))
    # Beyond the limit the streets may not be followed, but nobody there is taken to be within it.
    within = walk_s <= 600
    assert within.sum() > 500
    found = field.walks[tile, row, column]
    assert found[within] == pytest.approx(walk_s[within], abs=0.01)
    assert (found[~within] > 600).all()


@pytest.mark.parametrize("seed", range(4))
def test_ends_on_streets_are_where_the_walk_is_the_limit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    joins, index, graph = ready(mixed_town(), rng.uniform((-400, -300), (1400, 800), (4, 2)))
    streets = street_walks(joins, index, graph, limit_s=600.0, margin_m=510.0)
    rank = np.arange(joins.n_places)
    reached, other = reached_parts(streets, 400.0)
    for parts, within in ((reached, True), (other, False)):
        share = rng.uniform(0.001, 0.999, (len(parts), 1))
        xy = parts[:, :2] + share * (parts[:, 2:] - parts[:, :2])
        # All edges, not only those that a place would join.
        every = replace(graph.network, raised=np.zeros(graph.network.n_edges, dtype=bool))
        homes = snap(shapely.points(index.to_degrees(xy)), StreetIndex(every, index.crs))
        walk_s, _ = nearest_sites(homes, joins, graph, site_rank=rank)
        assert len(xy) > 3
        assert ((walk_s <= 400) == within).all()


def test_threads_and_order_of_sites_leave_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    network = mixed_town()
    places = np.array([(0, 10), (690, 300), (1250, 700)])
    first = isochrones(*ready(network, places))
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    second = isochrones(*ready(network, places[::-1]))
    assert first.geometry.to_wkb().tolist() == second.geometry.to_wkb().tolist()


def test_first_band_may_be_empty() -> None:
    joins, index, graph = ready(town([[(0, 0), (2000, 0)]]), [(0, 0)])
    # A leg of 400 m takes six minutes.
    bands = isochrones(replace(joins, leg_m=np.array([400.0])), index, graph)
    assert bands.is_empty.tolist() == [True, False, False]


def test_wide_area_takes_wider_cells_and_ends_exactly_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(walkcover._isochrone_field, "MAX_CELLS", 2000)
    with caplog.at_level(logging.INFO, logger="walkcover"):
        bands = isochrones(*ready(town([[(0, 0), (0, 2000)]]), [(0, 0)]))
    (width,) = re.findall(r"cells of ([\d.]+) m", caplog.text)
    # Those who can walk there take up more than half a square kilometre.
    assert float(width) > np.sqrt(500_000 / 2000)
    ends = ends_on(bands, shapely.LineString([(0, 0), (0, 2000)]))
    assert ends == pytest.approx([1000 / 3, 2000 / 3, 1000], abs=EXACT_M)


@pytest.mark.parametrize("minutes", [[], [0, 5], [10, 5], [5, 5], [5, float("inf")], [-5]])
def test_limits_must_ascend(minutes: list[float]) -> None:
    with pytest.raises(InputError, match=r"minutes = .*positive numbers of minutes, ascending"):
        isochrones(*ready(town([BLOCK]), [(0, 0)]), minutes=minutes)


@pytest.mark.parametrize("name", ["snap_limit_m", "cell_m"])
def test_widths_must_be_positive(name: str) -> None:
    with pytest.raises(InputError, match=f"{name} = 0: expected a positive number of metres"):
        isochrones(*ready(town([BLOCK]), [(0, 0)]), **{name: 0})


def test_water_needs_a_coordinate_system() -> None:
    with pytest.raises(InputError, match="water has no coordinate system"):
        isochrones(*ready(town([BLOCK]), [(0, 0)]), water=gpd.GeoSeries([shapely.box(0, 0, 1, 1)]))


def test_real_county_town_keeps_the_definition(real_data: Path) -> None:
    path = real_data / "guixi_county_town" / "jiangxi_guixi.osm.pbf"
    network, streets = read_network(path), oracle.read_streets(path)
    west, south, east, north = network.bounds
    index = StreetIndex(network, metric_crs((west + east) / 2, (south + north) / 2))
    graph = search_graph(network, flat_costs(network, speed_kmh=4.0))
    rng = np.random.default_rng(20220520)
    used = streets.xy[rng.choice(streets.ends[:, 0], 8)]
    sites = shapely.points(index.to_degrees(used + rng.normal(0, 30, used.shape)))
    bands = isochrones(snap(sites, index), index, graph).to_crs(index.crs)
    start = used[rng.integers(0, len(used), 400)]
    points = start + rng.uniform(-600, 600, start.shape)
    near = around(points)[:, ::4]
    homes = shapely.points(index.to_degrees(near.reshape(-1, 2)))
    exact = oracle.assess(
        streets,
        gpd.GeoDataFrame(
            {"residence_id": range(len(homes)), "people": 1}, geometry=homes, crs=4326
        ),
        gpd.GeoDataFrame({"site_id": range(len(sites))}, geometry=sites, crs=4326),
    )
    walk_s = exact["walk_s"].to_numpy().reshape(near.shape[:2])
    found = np.zeros(len(points), dtype=bool)
    for band in bands.itertuples():
        inside = walk_s <= 60 * band.minutes_to
        found |= shapely.contains(band.geometry, shapely.points(points))
        assert inside.all(axis=1).sum() > 10
        assert found[inside.all(axis=1)].all()
        assert not found[~inside.any(axis=1)].any()


def test_real_homes_lie_where_their_walk_says(real_data: Path) -> None:
    path = real_data / "north_bayreuth" / "north-bayreuth.osm.gz"
    network, homes = read_network(path), read_buildings(path).geometry.to_numpy()
    west, south, east, north = network.bounds
    index = StreetIndex(network, metric_crs((west + east) / 2, (south + north) / 2))
    graph = search_graph(network, flat_costs(network, speed_kmh=4.0))
    rng = np.random.default_rng(20220520)
    joins = snap(shapely.point_on_surface(homes[rng.choice(len(homes), 12)]), index)
    bands = isochrones(joins, index, graph)
    hearts = shapely.point_on_surface(homes)
    by_outline, by_heart = (
        nearest_sites(snap(shapes, index), joins, graph, site_rank=np.arange(12))[0]
        for shapes in (homes, hearts)
    )
    found = np.zeros(len(homes), dtype=bool)
    for band in bands.itertuples():
        found |= shapely.contains(band.geometry, hearts)
        covered = np.round(by_heart, 3) <= 60 * band.minutes_to
        assert found[covered].mean() >= 0.99
        assert found[~covered].mean() <= 0.01
    # What a run of walkcover says of the homes, which leave from their outlines.
    covered = np.round(by_outline, 3) <= 900
    assert found[covered].mean() >= 0.99
    assert found[~covered].mean() <= 0.01
