"""Plazas crossed in a straight line, against closed forms and a plain graph of all that sees."""

from __future__ import annotations

import itertools
import logging
import math

import geopandas as gpd
import networkx as nx
import numpy as np
import osmium
import pandas as pd
import pytest
import shapely
from drawing import UTM_49N, draw_lines, draw_shapes
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_cases import GEOD, Way, lonlat
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

import walkcover.plazas
from walkcover.crs import metric_crs
from walkcover.io.osm import read_streets
from walkcover.network import Lines, build_network, row_of
from walkcover.plazas import Plazas, cross_plazas
from walkcover.reach import nearest_sites
from walkcover.search import search_graph
from walkcover.snap import snap
from walkcover.speed import flat_costs
from walkcover.street_index import StreetIndex
from walkcover.tags import STREET_COLUMNS, is_walkable, street_row

PLAZA = {"highway": "pedestrian", "area": "yes", "name": "五一广场"}
SQUARE = [(0, 0), (100, 0), (100, 100), (0, 100)]


def town(ways, areas, *, tags=PLAZA, on_ground=True) -> tuple[Lines, Plazas]:
    """Ways and areas, each the rings of an outline and its holes, that meet where they share."""
    lines = draw_lines(ways)
    spots = [spot for way in ways for spot in way.spots]
    number = dict(zip(spots, lines.point.tolist(), strict=True))
    rings = [ring for rings in areas for ring in rings]
    corners = [spot for ring in rings for spot in ring]
    for spot in corners:
        number.setdefault(spot, len(number) + 1000)
    lon, lat = np.array([lonlat(spot) for spot in corners]).reshape(-1, 2).T
    plazas = Plazas(
        ring_plaza=np.repeat(np.arange(len(areas)), [len(rings) for rings in areas]),
        indptr=np.cumsum([0, *map(len, rings)]),
        lon=lon,
        lat=lat,
        point=np.array([number[spot] for spot in corners], dtype=np.int64),
        tags=pd.DataFrame([street_row(tags)] * len(areas), columns=list(STREET_COLUMNS)),
        on_ground=np.full(len(areas), on_ground),
    )
    return lines, plazas


def added(ways, areas, **options) -> list[set]:
    """Lines over plazas, as pairs of spots."""
    lines, plazas = town(ways, areas, **options)
    crossed = cross_plazas(lines, plazas)
    spots = dict(zip(lines.point.tolist(), (s for w in ways for s in w.spots), strict=True))
    corners = [spot for rings in areas for ring in rings for spot in ring]
    spots |= dict(zip(plazas.point.tolist(), corners, strict=True))
    new = crossed.point[len(lines.point) :].reshape(-1, 2)
    assert np.diff(crossed.indptr[len(lines.tags) :]).tolist() == [2] * len(new)
    return [{spots[a], spots[b]} for a, b in new.tolist()]


def walks_m(lines: Lines) -> dict:
    """Shortest walks between the points of lines, by networkx."""
    graph = nx.Graph()
    _, _, step_m = GEOD.inv(lines.lon[:-1], lines.lat[:-1], lines.lon[1:], lines.lat[1:])
    for begin, end in itertools.pairwise(lines.indptr.tolist()):
        for at in range(begin, end - 1):
            a, b = lines.point[at : at + 2].tolist()
            known_m = graph.get_edge_data(a, b, {"m": math.inf})["m"]
            graph.add_edge(a, b, m=min(step_m[at], known_m))
    return dict(nx.all_pairs_dijkstra_path_length(graph, weight="m"))


def spokes(*spots):
    """A way from each spot to somewhere off the plaza."""
    return [Way([spot, (spot[0] * 3 - 1000, spot[1] * 3 - 1000)]) for spot in spots]


def walk_m(ways, areas, start, end, **options) -> float:
    lines, plazas = town(ways, areas, **options)
    spots = [spot for way in ways for spot in way.spots]
    number = dict(zip(spots, lines.point.tolist(), strict=True))
    return walks_m(cross_plazas(lines, plazas))[number[start]].get(number[end], math.inf)


def test_a_square_is_crossed_between_all_its_ways():
    got = added(spokes(*SQUARE), [[SQUARE]])
    assert sorted(map(sorted, got)) == sorted(map(list, itertools.combinations(sorted(SQUARE), 2)))
    diagonal = walk_m(spokes(*SQUARE), [[SQUARE]], (0, 0), (100, 100))
    assert diagonal == pytest.approx(100 * math.sqrt(2), abs=0.01)


def test_an_l_is_crossed_by_its_inner_corner():
    # From the end of one arm to the end of the other, both bend at (20, 20).
    shape = [(0, 0), (100, 0), (100, 20), (20, 20), (20, 100), (0, 100)]
    ways = spokes((100, 0), (0, 100))
    assert sorted(map(sorted, added(ways, [[shape]]))) == [
        [(0, 100), (20, 20)],
        [(20, 20), (100, 0)],
    ]
    expected = 2 * math.hypot(80, 20)
    for ring in (shape, shape[::-1]):
        assert walk_m(ways, [[ring]], (100, 0), (0, 100)) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("turn", [1, -1])
def test_a_hole_is_walked_around(turn):
    # Past the fountain's near corner (40, 60): 2 * hypot(40, 60); the corners are all alike.
    fountain = [(40, 40), (60, 40), (60, 60), (40, 60)][::turn]
    ways = spokes((0, 0), (100, 100))
    got = walk_m(ways, [[SQUARE, fountain]], (0, 0), (100, 100))
    assert got == pytest.approx(2 * math.hypot(40, 60), abs=0.01)


def test_ways_bend_where_a_hole_touches_the_outline():
    # Below the hole's tip at (50, 0); over its top they would be longer.
    ring = [(0, 0), (50, 0), (100, 0), (100, 10), (100, 100), (0, 100), (0, 10)]
    hole = [(50, 0), (70, 90), (30, 90)]
    got = walk_m(spokes((0, 10), (100, 10)), [[ring, hole]], (0, 10), (100, 10))
    assert got == pytest.approx(2 * math.hypot(50, 10), abs=0.01)


def test_a_way_inside_is_met_and_one_over_or_under_is_not():
    inside = [(30, 70), (500, 700)]
    ways = [*spokes((0, 0)), Way(inside)]
    assert added(ways, [[SQUARE]]) == [{(0, 0), (30, 70)}]
    bridge = [*spokes((0, 0)), Way(inside, {"highway": "footway", "bridge": "yes"})]
    assert added(bridge, [[SQUARE]]) == []
    assert added(ways, [[SQUARE]], on_ground=False) == []
    # A shared point joins on any layer.
    both = [*spokes((0, 0), (100, 0)), Way(inside)]
    assert added(both, [[SQUARE]], on_ground=False) == [{(0, 0), (100, 0)}]


def test_plazas_that_share_a_point_are_joined_there():
    beside = [(100, 0), (200, 0), (200, 100), (100, 100)]
    ways = spokes((0, 50), (200, 50))
    left, right = [*SQUARE, (0, 50)], [*beside[:2], (200, 50), *beside[2:]]
    got = walk_m(ways, [[left], [right]], (0, 50), (200, 50))
    assert got == pytest.approx(2 * math.hypot(100, 50), abs=0.01)


def test_plazas_that_bring_nothing_are_left_out_and_counted(caplog):
    far, farther = ([(x, y + 5000) for x, y in SQUARE], [(x + 100, y + 5000) for x, y in SQUARE])
    bow = [(1000, 0), (1100, 100), (1100, 0), (1000, 100)]
    ways = spokes((0, 0), (1000, 0), (1100, 0))
    with caplog.at_level(logging.INFO, logger="walkcover"):
        assert added(ways, [[SQUARE], [far], [farther], [bow]]) == []
    said = "4, of which 0 are crossed by 0 lines; no way meets 2, at one point only 1, 1 have"
    assert said in caplog.text


def test_no_line_runs_over_a_point_where_others_meet():
    # Three in a row and one aside: the long line is made up of the two short ones.
    ring = [(0, 0), (50, 0), (100, 0), (50, 80)]
    got = added(spokes(*ring), [[ring]])
    assert {(0, 0), (100, 0)} not in got
    assert len(got) == 5


def test_lines_have_the_tags_of_their_plaza_and_both_directions():
    tags = {**PLAZA, "surface": "sett", "access": "private", "bridge": "yes", "oneway:foot": "yes"}
    lines, plazas = town(spokes((0, 0), (100, 0)), [[SQUARE]], tags=tags, on_ground=False)
    crossed = cross_plazas(lines, plazas)
    row = ("五一广场", "pedestrian", "sett", "", True, True, True, True)
    assert tuple(crossed.tags[list(STREET_COLUMNS)].iloc[-1]) == row
    assert crossed.tags["plaza"].tolist() == [False, False, True]
    assert crossed.tags.index.tolist() == [0, 1, 2]
    assert build_network(crossed).n_edges == 3


def test_many_corners_leave_only_what_is_in_sight(monkeypatch):
    shape = [(0, 0), (100, 0), (100, 20), (20, 20), (20, 100), (0, 100)]
    ways = spokes((0, 0), (100, 0), (0, 100))
    assert len(added(ways, [[shape]])) == 4
    monkeypatch.setattr(walkcover.plazas, "MAX_SEARCHED", 3)
    got = added(ways, [[shape]])
    assert sorted(map(sorted, got)) == [[(0, 0), (0, 100)], [(0, 0), (100, 0)]]


def test_without_plazas_the_lines_stay_as_they_are():
    lines, plazas = town(spokes((0, 0)), [])
    assert cross_plazas(lines, plazas) is lines


# Streets on a lattice of 40 m, plazas of its cells: with bays, courts and corners that touch.
STEP, SIDE = 40, 5
LATTICE = [(STEP * i, STEP * j) for i in range(SIDE) for j in range(SIDE)]
STEPS = [
    (a, b)
    for a, b in itertools.combinations(LATTICE, 2)
    if abs(a[0] - b[0]) + abs(a[1] - b[1]) == STEP
]


@st.composite
def towns(draw):
    steps = draw(st.lists(st.sampled_from(STEPS), min_size=1, max_size=12, unique=True))
    low = st.integers(0, SIDE - 2)
    cells = draw(st.lists(st.tuples(low, low), min_size=1, max_size=12, unique=True))
    parts = shapely.union_all(
        [shapely.box(STEP * i, STEP * j, STEP * (i + 1), STEP * (j + 1)) for i, j in cells]
    )
    areas = [
        [[(int(x), int(y)) for x, y in ring.coords[:-1]] for ring in (p.exterior, *p.interiors)]
        for p in shapely.get_parts(parts)
    ]
    return [Way(list(step)) for step in steps], areas


def seen_m(ways, areas) -> nx.Graph:
    """Streets, and per plaza all corners and vertices that see each other, by sampling."""
    graph = nx.Graph()
    spots = {spot for way in ways for spot in way.spots}
    for way in ways:
        graph.add_edge(*way.spots, m=math.dist(*way.spots))
    at = np.linspace(0, 1, 161)[:, None]
    for rings in areas:
        plaza = shapely.Polygon(rings[0], rings[1:])
        inside = {spot for spot in spots if plaza.distance(shapely.Point(spot)) == 0}
        corners = inside | {spot for ring in rings for spot in ring}
        for a, b in itertools.combinations(sorted(corners), 2):
            between = shapely.points(np.array(a) + at * (np.array(b) - np.array(a)))
            if (shapely.distance(plaza, between) < 1e-6).all():
                graph.add_edge(a, b, m=math.dist(a, b))
    return graph


@settings(max_examples=40, deadline=None)
@given(towns())
def test_walks_over_plazas_are_the_shortest_there_are(drawn):
    ways, areas = drawn
    lines, plazas = town(ways, areas)
    got = walks_m(cross_plazas(lines, plazas))
    expected = dict(nx.all_pairs_dijkstra_path_length(seen_m(ways, areas), weight="m"))
    number = dict(zip([s for w in ways for s in w.spots], lines.point.tolist(), strict=True))
    for a, b in itertools.product(number, repeat=2):
        want = expected[a].get(b, math.inf)
        assert got[number[a]].get(number[b], math.inf) == pytest.approx(want, abs=0.02), (a, b)


@settings(max_examples=15, deadline=None)
@given(towns())
def test_with_plazas_no_walk_from_street_to_street_gets_longer(drawn):
    ways, areas = drawn
    lines, plazas = town(ways, areas)
    spots = sorted({spot for way in ways for spot in way.spots})
    walks = []
    for given_lines in (lines, cross_plazas(lines, plazas)):
        network = build_network(given_lines, min_component_m=0.0)
        index = StreetIndex(network, UTM_49N)
        joins = snap(draw_shapes([[spot] for spot in spots]), index)
        site = snap(draw_shapes([[spots[0]]]), index)
        graph = search_graph(network, flat_costs(network, speed_kmh=4.0))
        walks.append(nearest_sites(joins, site, graph, site_rank=np.array([0]))[0])
    assert (walks[1] <= walks[0] + 0.01).all()


def plaza_shapes(path) -> np.ndarray:
    """Areas as osmium puts them together, in WGS84."""
    wkb, found = osmium.geom.WKBFactory(), []
    keys = osmium.filter.KeyFilter("highway")
    for area in osmium.FileProcessor(str(path)).with_areas(keys).with_filter(keys):
        if area.is_area():
            tags = dict(area.tags)
            is_area = tags.pop("area", "no") == "yes" or not area.from_way()
            if is_area and is_walkable(tags):
                found.append(wkb.create_multipolygon(area))
    return shapely.from_wkb(found)


REAL = {
    "las_palmas": ("las_palmas/las_palmas_20230221.osm.pbf", 531, 4000),
    "helsinki": ("helsinki/helsinki.osm.pbf", 60, 1000),
}


@pytest.mark.parametrize("name", [pytest.param("las_palmas", marks=pytest.mark.slow), "helsinki"])
def test_real_plazas_are_crossed_inside_and_shorten_walks(real_data, name):
    file, n_areas, least = REAL[name]
    path = real_data / file
    plain, crossed = (read_streets(path, plazas=plazas)[0] for plazas in (False, True))
    network = build_network(crossed)
    crs = metric_crs(crossed.lon, crossed.lat)
    shapes = plaza_shapes(path)
    assert len(shapes) == n_areas
    frame = gpd.GeoSeries(shapes, crs=4326).to_crs(crs)
    rooms = shapely.buffer(frame.to_numpy(), 0.05)
    n = len(plain.point)
    lonlat = np.column_stack([crossed.lon[n:], crossed.lat[n:]])
    ends = gpd.GeoSeries(shapely.points(lonlat), crs=4326).to_crs(crs)
    lines = shapely.linestrings(shapely.get_coordinates(ends.to_numpy()).reshape(-1, 2, 2))
    assert len(lines) >= least
    inside = shapely.STRtree(rooms).query(lines, predicate="covered_by")[0]
    assert len(np.unique(inside)) == len(lines)
    walks = [_street_walks_m(lines, plain.point) for lines in (plain, crossed)]
    assert network.n_edges > len(lines)
    assert (walks[1] <= walks[0] + 1e-6).all()
    assert (walks[1] < walks[0] - 10).any()


def _street_walks_m(lines: Lines, points: np.ndarray) -> np.ndarray:
    """Walks between all points of the plain streets and every 800th, by scipy."""
    number = np.unique(points)
    ids = np.unique(lines.point)
    a, b = lines.point[:-1], lines.point[1:]
    same = row_of(lines.indptr)[:-1] == row_of(lines.indptr)[1:]
    _, _, step_m = GEOD.inv(lines.lon[:-1], lines.lat[:-1], lines.lon[1:], lines.lat[1:])
    steps = pd.DataFrame({"a": np.minimum(a, b), "b": np.maximum(a, b), "m": step_m})[same]
    steps = steps[steps["m"] > 0].groupby(["a", "b"], as_index=False)["m"].min()
    ends = [np.searchsorted(ids, steps[column]) for column in ("a", "b")]
    graph = csr_array((steps["m"], ends), shape=(len(ids), len(ids)))
    starts = np.searchsorted(ids, number[::800])
    walks = dijkstra(graph, directed=False, indices=starts)
    return walks[:, np.searchsorted(ids, number)]
