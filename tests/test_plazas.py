"""Plazas crossed in a straight line, against closed forms and a plain graph of all that sees."""

from __future__ import annotations

import itertools
import logging
import math

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from drawing import UTM_49N, draw_lines, draw_shapes
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_cases import GEOD, Way, lonlat

import walkcover.plazas
from walkcover.network import Lines, build_network
from walkcover.plazas import Plazas, cross_plazas
from walkcover.reach import nearest_sites
from walkcover.search import search_graph
from walkcover.snap import StreetIndex, snap
from walkcover.speed import flat_costs
from walkcover.tags import STREET_COLUMNS, street_row

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
    assert [tuple(crossed.tags.iloc[-1])] == [row]
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
