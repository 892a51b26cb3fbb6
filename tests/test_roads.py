"""Joins, drives and their lines, against networkx on real roads and roads drawn here."""

import itertools
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import shapely
from drawn_roads import grid, make_lines
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from walkcover.io.roads import read_roads
from walkcover.roads import drive_lines, drive_matrix, ready_roads, road_joins

GEOD = Geod(ellps="WGS84")
REAL = [
    "puyang_countryside/henan_puyang.osm.pbf",
    "guixi_county_town/jiangxi_guixi.osm.pbf",
]


def vertex_graph(lines):
    """Every step from vertex to vertex, with its seconds, by the numbers of the points."""
    graph = nx.DiGraph()
    for line, (first, last) in enumerate(itertools.pairwise(lines.indptr)):
        tags = lines.tags.iloc[line]
        for a in range(first, last - 1):
            length_m = GEOD.inv(lines.lon[a], lines.lat[a], lines.lon[a + 1], lines.lat[a + 1])[2]
            seconds = 3.6 * length_m / tags["kmh"]
            ends = (lines.point[a], lines.point[a + 1])
            for is_open, (u, v) in ((tags["forward"], ends), (tags["backward"], ends[::-1])):
                if is_open and seconds < graph.get_edge_data(u, v, {"s": np.inf})["s"]:
                    graph.add_edge(u, v, s=seconds)
    return graph


def path_m(line):
    return GEOD.line_length(*shapely.get_coordinates(line).T)


@pytest.mark.parametrize("name", REAL)
def test_drives_and_lines_on_real_roads_are_those_of_networkx(real_data: Path, name: str) -> None:
    lines = read_roads(real_data / name)
    graph = vertex_graph(lines)
    # Ends of lines, so that each joins the roads exactly there; other lines may cross unjoined.
    ends = np.unique(lines.point[lines.indptr[:-1]], return_index=True)[1]
    vertex = lines.indptr[:-1][ends][:: max(1, len(ends) // 25)]
    roads = ready_roads(lines, snap_limit_m=5.0)
    joins = road_joins(shapely.points(lines.lon[vertex], lines.lat[vertex]), roads)
    drive_s = drive_matrix(joins, joins, roads)
    for row, start in enumerate(vertex):
        found = nx.single_source_dijkstra_path_length(graph, lines.point[start], weight="s")
        want = [found.get(lines.point[end], np.inf) for end in vertex]
        assert drive_s[row] == pytest.approx(want, abs=0.01), row
    begin, end = (side.ravel() for side in np.indices(drive_s.shape))
    drawn = drive_lines(joins, begin, end, roads).reshape(drive_s.shape)
    assert ([[line is None for line in row] for row in drawn] == ~np.isfinite(drive_s)).all()
    assert np.isfinite(drive_s).sum() > len(drive_s)
    at = dict(zip(zip(lines.lon, lines.lat, strict=True), lines.point, strict=True))
    for i, j in zip(begin, end, strict=True):
        if i == j or drawn[i, j] is None:
            continue
        # Its bends are vertices of the roads; its ends may be rounded by the search for them.
        inner = [at.get(xy) for xy in drawn[i, j].coords[1:-1]]
        points = [lines.point[vertex[i]], *inner, lines.point[vertex[j]]]
        steps = [one for one in itertools.pairwise(points) if one[0] != one[1]]
        seconds = sum(graph.edges[step]["s"] for step in steps)
        assert seconds == pytest.approx(drive_s[i, j], abs=0.02)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_lines_run_from_place_to_place_and_are_as_long_as_the_drive(seed):
    roads = ready_roads(grid(seed), snap_limit_m=400.0)
    rng = np.random.default_rng(seed)
    joins = road_joins(shapely.points(rng.uniform((112, 37), (112.03, 37.03), (12, 2))), roads)
    drive_s = drive_matrix(joins, joins, roads)
    begin, end = (side.ravel() for side in np.indices((12, 12)))
    row = np.full(12, -1)
    row[joins.place] = np.arange(len(joins.place))
    for i, j, line in zip(begin, end, drive_lines(joins, begin, end, roads), strict=True):
        if line is None:
            assert i == j or np.isinf(drive_s[i, j])
            continue
        ends = [(joins.lon[row[k]], joins.lat[row[k]]) for k in (i, j)]
        assert [line.coords[0], line.coords[-1]] == [tuple(map(float, end)) for end in ends]
        if i != j:
            # All roads take 36 km/h; ways to the road are walked at 4.
            legs_s = 0.9 * (joins.snap_m[i] + joins.snap_m[j])
            assert path_m(line) == pytest.approx(10 * (drive_s[i, j] - legs_s), abs=0.3)


def test_drives_between_two_tables_are_those_of_one():
    roads = ready_roads(grid(5), snap_limit_m=400.0)
    points = shapely.points(np.random.default_rng(5).uniform((112, 37), (112.03, 37.03), (9, 2)))
    one = road_joins(points, roads)
    whole = drive_matrix(one, one, roads)
    part = drive_matrix(road_joins(points[:4], roads), road_joins(points[4:], roads), roads)
    assert np.array_equal(part, whole[:4, 4:])


def test_places_join_roads_that_lead_back():
    # A road that can only be left lies nearer than one of two ways.
    street = (["a", "b"], [(112.0, 37.0), (112.02, 37.0)])
    leads_out = (["b", "c"], [(112.02, 37.0), (112.02, 37.02)])
    lines = make_lines([street, leads_out], oneway={1})
    place = shapely.points([[112.0199, 37.004]])
    roads = ready_roads(lines, snap_limit_m=1000.0)
    assert road_joins(place, roads).lat[0] == pytest.approx(37.0, abs=1e-5)
    near = ready_roads(lines, snap_limit_m=100.0)
    assert road_joins(place, near).lon[0] == pytest.approx(112.02, abs=1e-6)


def test_motorways_are_joined_last():
    street = (["a", "b"], [(112.0, 37.0), (112.02, 37.0)])
    fast = (["b", "c"], [(112.02, 37.0), (112.02, 37.02)])
    lines = make_lines([street, fast], highway=["primary", "motorway"])
    place = shapely.points([[112.0199, 37.004]])
    assert road_joins(place, ready_roads(lines, snap_limit_m=1000.0)).lat[0] < 37.001
    assert road_joins(place, ready_roads(lines, snap_limit_m=100.0)).lat[0] > 37.003


def test_what_no_road_joins_has_neither_drive_nor_line():
    roads = ready_roads(grid(1), snap_limit_m=100.0)
    joins = road_joins(shapely.points([[112.0, 37.0], [113.0, 38.0]]), roads)
    both = drive_lines(joins, np.array([0, 0, 1]), np.array([1, 0, 1]), roads)
    assert both[0] is None
    assert both[2] is None
    assert drive_matrix(joins, joins, roads).tolist() == [[0.0, np.inf], [np.inf, 0.0]]
