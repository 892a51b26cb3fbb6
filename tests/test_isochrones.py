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

import walkcover.isochrones
from walkcover import InputError
from walkcover.crs import metric_crs
from walkcover.io.networks import read_network
from walkcover.isochrones import isochrones
from walkcover.network import Lines, Network, build_network
from walkcover.search import SearchGraph, search_graph
from walkcover.snap import Joins, StreetIndex, snap
from walkcover.speed import WalkCosts, flat_costs

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
    costs = WalkCosts(along=np.array([2.0]), against=np.array([1.0]), flat=0.9)
    bands = isochrones(sites, index, search_graph(network, costs), minutes=[10])
    assert graph.costs.flat == pytest.approx(costs.flat)
    north, south = (shapely.LineString([(0, 0), (0, y)]) for y in (2000, -2000))
    assert ends_on(bands, north) == pytest.approx([600], abs=EXACT_M)
    assert ends_on(bands, south) == pytest.approx([300], abs=EXACT_M)


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


def test_first_band_may_be_empty() -> None:
    joins, index, graph = ready(town([[(0, 0), (2000, 0)]]), [(0, 0)])
    # A leg of 400 m takes six minutes.
    bands = isochrones(replace(joins, leg_m=np.array([400.0])), index, graph)
    assert bands.is_empty.tolist() == [True, False, False]


def test_wide_area_takes_wider_cells_and_ends_exactly_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(walkcover.isochrones, "MAX_CELLS", 2000)
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
