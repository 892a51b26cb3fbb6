"""Access legs around barriers: towns drawn in metres, a search by brute force, real rivers."""

from __future__ import annotations

import math
from itertools import pairwise, product

import geopandas as gpd
import numpy as np
import pytest
import shapely
from drawing import UTM_49N, draw_index, draw_network, draw_shapes
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_cases import Way, lonlat
from pyproj import CRS
from shapely.ops import substring
from test_io_osm import Extract

from walkcover._errors import InputError, MissingFileError
from walkcover.barriers import Barriers, crosses, make_barriers
from walkcover.crs import metric_crs
from walkcover.io.barriers import read_barriers, read_walls
from walkcover.io.networks import read_network
from walkcover.snap import behind_barriers, snap
from walkcover.street_index import StreetIndex

STREET = Way([(0, 0), (2000, 0)])
BRIDGE = {"highway": "footway", "bridge": "yes"}
PRIVATE = {"highway": "service", "access": "private"}
# Longer than any leg may be, on both sides.
LONG_WALL = [(-3000, 20), (3000, 20)]
CM = 0.01


def draw_barriers(walls, index: StreetIndex) -> Barriers:
    """Draw lines of spots; closed ones are polygons."""
    shapes = np.empty(len(walls), dtype=object)
    for i, spots in enumerate(walls):
        kind = shapely.Polygon if len(spots) > 2 and spots[0] == spots[-1] else shapely.LineString
        shapes[i] = kind([lonlat(spot) for spot in spots])
    return make_barriers(shapes, index.network, index.crs)


def box(west, south, east, north):
    return [(west, south), (east, south), (east, north), (west, north), (west, south)]


def snap_behind(walls, places, ways=(STREET,), *, entrances=(), **options):
    index = draw_index(list(ways), entrances=list(entrances))
    return snap(draw_shapes(places), index, barriers=draw_barriers(walls, index), **options)


def test_a_wall_is_passed_by_its_gate():
    # 20 m east and 20 m down to the gate, 20 m on to the street.
    joins = snap_behind([LONG_WALL], [[(500, 40)]], entrances=[(520, 20)])
    assert joins.leg_m.tolist() == pytest.approx([math.hypot(20, 20) + 20], abs=CM)
    assert joins.offset_m.tolist() == pytest.approx([520], abs=CM)
    assert joins.snap_to.tolist() == ["main"]
    assert joins.snap_m.tolist() == joins.leg_m.tolist()
    assert (joins.lon[0], joins.lat[0]) == pytest.approx(lonlat((520, 0)), abs=1e-7)


def test_of_two_gates_the_shorter_way_is_taken():
    # By (470, 20): 36.06 + 20; by (540, 20): 44.72 + 20. The third gate opens no wall.
    gates = [(540, 20), (470, 20), (500, 20.5)]
    joins = snap_behind([LONG_WALL], [[(500, 40)]], entrances=gates)
    assert joins.leg_m.tolist() == pytest.approx([math.hypot(30, 20) + 20], abs=CM)
    assert joins.offset_m.tolist() == pytest.approx([470], abs=CM)


@pytest.mark.parametrize(("limit_m", "joined"), [(48.2, False), (48.4, True)])
def test_the_whole_way_by_the_gate_is_limited(limit_m, joined):
    joins = snap_behind([LONG_WALL], [[(500, 40)]], entrances=[(520, 20)], limit_m=limit_m)
    assert (joins.snap_to[0] == "main") == joined


def test_a_gate_that_no_straight_line_leads_to_is_of_no_use():
    # A second wall stands between the place and the gate.
    joins = snap_behind([LONG_WALL, [(510, 19), (510, 300)]], [[(500, 40)]], entrances=[(520, 20)])
    assert joins.snap_to.tolist() == [None]


def test_a_river_is_not_swum():
    # South of the river the street is 45 m away, north of it the other one 55 m. The bridge, 20 m
    # from the second place, is no street at grade.
    ways = [
        Way([(0, 0), (1000, 0), (2000, 0)]),
        Way([(0, 100), (1000, 100), (2000, 100)]),
        Way([(1000, 0), (1000, 100)], BRIDGE),
    ]
    river = box(-500, 10, 2500, 40)
    places = [[(500, 45)], [(980, 45)], [(500, 5)]]
    joins = snap_behind([river], places, ways)
    assert joins.snap_m.tolist() == pytest.approx([55, 55, 5], abs=CM)
    north = lonlat((0, 50))[1]
    assert (joins.lat > north).tolist() == [True, True, False]


def test_a_bridge_is_joined_where_no_street_at_grade_can_be():
    # On an islet in the river, under the bridge: its nearest point within reach is 20 m away.
    ways = [Way([(0, 0), (1000, 0), (2000, 0)]), Way([(1000, 0), (1000, 300)], BRIDGE)]
    islet = box(900, 50, 1100, 150)
    joins = snap_behind([islet], [[(980, 100)]], ways)
    assert joins.leg_m.tolist() == pytest.approx([20], abs=CM)
    assert joins.offset_m.tolist() == pytest.approx([100], abs=CM)


def test_streets_at_grade_by_a_gate_come_before_a_bridge_in_view():
    ways = [Way([(0, 0), (500, 0), (2000, 0)]), Way([(500, 0), (500, 300)], BRIDGE)]
    place = [[(490, 40)]]
    near = snap_behind([LONG_WALL], place, ways, entrances=[(520, 20)])
    assert near.leg_m.tolist() == pytest.approx([math.hypot(30, 20) + 20], abs=CM)
    far = snap_behind([LONG_WALL], place, ways, entrances=[(900, 20)])
    assert far.leg_m.tolist() == pytest.approx([10], abs=CM)


def test_who_is_walled_in_joins_nothing_and_is_named():
    index = draw_index([STREET])
    barriers = draw_barriers([box(400, 20, 600, 120)], index)
    # Walled in; free; far from any street, wall or not.
    places = draw_shapes([[(500, 70)], [(700, 70)], [(500, 900)]])
    joins = snap(places, index, barriers=barriers)
    assert joins.snap_to.tolist() == [None, "main", None]
    assert joins.place.tolist() == [1]
    assert behind_barriers(places, index, joins).tolist() == [True, False, False]


def test_out_of_a_yard_leads_its_gate_and_inside_it_its_path():
    # A yard of 10 m, 100 m from the street: 5 m to the gate, 100 m on. Another one with a path
    # that ends 3 m from the place and leaves the yard as it likes.
    ways = [Way([(0, 0), (905, 0), (2000, 0)]), Way([(905, 0), (905, 102)], PRIVATE)]
    yards = [box(500, 100, 510, 110), box(900, 100, 910, 110)]
    joins = snap_behind(yards, [[(505, 105)], [(905, 105)]], ways, entrances=[(505, 100)])
    assert joins.leg_m.tolist() == pytest.approx([5 + 100, 3], abs=CM)
    assert joins.snap_to.tolist() == ["main", "private"]


def test_yards_in_yards_are_left_by_a_gate_in_view_only():
    # Inner and outer wall have a gate each; no leg bends twice.
    yards = [box(500, 30, 510, 40), box(480, 10, 530, 60)]
    gates = [(505, 30), (505, 10)]
    joins = snap_behind(yards, [[(505, 35)], [(505, 20)], [(505, 50)]], entrances=gates)
    assert joins.snap_to.tolist() == [None, "main", None]
    assert joins.leg_m.tolist() == pytest.approx([20], abs=CM)


def test_compounds_left_from_inside_are_named_behind_their_own_wall():
    # From its heart, 45 m from the street, the compound is walled in; from its outline it is not.
    index = draw_index([STREET])
    outline = box(500, 20, 550, 70)
    barriers = draw_barriers([outline], index)
    places = draw_shapes([outline[:-1]])
    for inside in (np.array([True]), np.array([False])):
        joins = snap(places, index, barriers=barriers, from_inside=inside)
        assert (joins.snap_to[0] is None) == inside[0]
        behind = behind_barriers(places, index, joins, from_inside=inside)
        assert behind.tolist() == inside.tolist()
        behind = behind_barriers(places, index, joins, from_inside=inside, limit_m=10.0)
        assert behind.tolist() == [False]


@pytest.mark.parametrize(("south", "joined"), [(20.0, True), (20.03, True), (20.2, False)])
def test_a_building_in_the_line_of_the_wall_is_not_cut_off(south, joined):
    joins = snap_behind([LONG_WALL], [box(300, south, 340, 60)[:-1]])
    assert (joins.snap_to[0] == "main") == joined
    if joined:
        assert joins.leg_m.tolist() == pytest.approx([south], abs=CM)


def test_a_street_along_a_wall_is_reached_from_both_sides():
    joins = snap_behind([[(-100, 0), (2100, 0)]], [[(500, 40)], [(500, -40)]])
    assert joins.leg_m.tolist() == pytest.approx([40, 40], abs=CM)


def test_a_building_that_a_street_crosses_is_left_from_its_heart():
    # The heart is at (320, 10), the wall runs through the building at 5 m north of the street.
    wall = [(-3000, 5), (3000, 5)]
    joins = snap_behind([wall], [box(300, -10, 340, 30)[:-1]])
    assert joins.snap_to.tolist() == [None]
    by_gate = snap_behind([wall], [box(300, -10, 340, 30)[:-1]], entrances=[(350, 5)])
    assert by_gate.leg_m.tolist() == pytest.approx([math.hypot(30, 5) + 5], abs=CM)


def test_gates_inside_a_building_are_no_short_cut():
    # The wall runs past the building and ends at a gate in its middle.
    walls = [LONG_WALL, [(320, 20), (320, 40)]]
    place = [box(300, 30, 340, 60)[:-1]]
    joins = snap_behind(walls, place, entrances=[(320, 40), (400, 20)])
    assert joins.leg_m.tolist() == pytest.approx([math.hypot(60, 10) + 20], abs=CM)


def test_entrances_bind_behind_a_wall_too():
    # The only door is behind; the heart of the building is 20 m from it.
    index = draw_index([STREET], entrances=[(320, 70), (380, 20)])
    barriers = draw_barriers([LONG_WALL, [(250, 20), (250, 90), (370, 90)]], index)
    places = draw_shapes([box(300, 30, 340, 70)[:-1]])
    joins = snap(places, index, barriers=barriers)
    way_m = 20 + math.hypot(60, 50) + 20
    assert joins.by_entrance.tolist() == [True]
    assert joins.leg_m.tolist() == pytest.approx([way_m], abs=CM)
    closed = draw_barriers([box(250, 20, 370, 90)], index)
    joins = snap(places, index, barriers=closed)
    assert (joins.by_entrance.tolist(), len(joins.place)) == ([True], 0)
    assert behind_barriers(places, index, joins).tolist() == [True]


def test_a_short_wall_hides_no_long_street():
    # From (500, 40) the wall hides the street from 462 m to 538 m; pieces end every 19.95 m, the
    # nearest in view at 27 × 19.95 = 538.65 m.
    street = Way([(0, 0), (1995, 0)])
    joins = snap_behind([[(481, 20), (519, 20)]], [[(500, 40)]], [street])
    assert joins.leg_m.tolist() == pytest.approx([math.hypot(38.65, 40)], abs=CM)
    assert joins.offset_m.tolist() == pytest.approx([538.65], abs=CM)


def test_of_equally_near_streets_behind_a_gate_the_public_one_is_joined():
    ways = [
        Way([(100, 0), (0, -900)], PRIVATE),
        Way([(100, 0), (200, -2000)]),
        Way([(100, 0), (300, -2000)]),
    ]
    joins = snap_behind([[(-900, 10), (900, 10)]], [[(100, 30)]], ways, entrances=[(100, 10)])
    assert joins.leg_m.tolist() == pytest.approx([30], abs=CM)
    assert joins.snap_to.tolist() == ["main"]
    assert joins.edge.tolist() == [1]


def test_where_nothing_bars_the_way_nothing_changes():
    index = draw_index([STREET, Way([(500, 0), (500, 200)], PRIVATE)], entrances=[(320, 20)])
    places = draw_shapes([box(300, 20, 340, 60)[:-1], [(510, 150)], [(700, 5)], [(0, 900)]])
    free = snap(places, index)
    for walls in ([], [[(900, 900), (1000, 1000)]]):
        barred = snap(places, index, barriers=draw_barriers(walls, index))
        for name in ("place", "edge", "offset_m", "leg_m", "lon", "lat", "snap_m", "by_entrance"):
            assert getattr(barred, name).tobytes() == getattr(free, name).tobytes(), name
        assert barred.snap_to.tolist() == free.snap_to.tolist()


def test_nothing_is_joined_where_nothing_is_given():
    assert snap_behind([LONG_WALL], []).n_places == 0


def test_holes_and_parts_of_polygons_are_barriers():
    ring = shapely.Polygon(box(0, 0, 90, 90), [box(30, 30, 60, 60)])
    shapes = np.array([shapely.MultiPolygon([ring, shapely.box(200, 0, 290, 90)])])
    shapes = shapely.transform(shapes, lambda xy: np.array([lonlat(spot) for spot in xy]))
    barriers = make_barriers(shapes, draw_network([STREET]), UTM_49N)
    assert len(barriers.lines) == 12
    assert len(barriers.gates) == 0


def test_gates_are_put_onto_their_barrier():
    index = draw_index([STREET], entrances=[(500, 20.09), (600, 20.11), (700, 19.95)])
    barriers = draw_barriers([[(0, 20), (1000, 20)]], index)
    assert len(barriers.gates) == 2
    assert shapely.distance(barriers.gates, barriers.lines[0]).max() < 1e-6
    expected = index.to_metric(draw_shapes([[(500, 20)], [(700, 20)]]))
    assert shapely.distance(barriers.gates, expected).max() < CM


def test_what_lies_beyond_the_metric_system_bars_nobody():
    shapes = np.array([shapely.LineString([(-70, 0), (-69.9, 89.9)])], dtype=object)
    index = draw_index([STREET])
    assert len(make_barriers(shapes, index.network, CRS(32649)).lines) <= 1
    barriers = make_barriers(shapes, index.network, CRS(32649))
    assert np.isfinite(shapely.get_coordinates(barriers.lines)).all()
    assert snap(draw_shapes([[(500, 40)]]), index, barriers=barriers).snap_to.tolist() == ["main"]


def test_legs_of_no_length_cross_nothing():
    wall = np.array([shapely.LineString([(0, 0), (10, 0)])])
    begin = np.array([[5.0, 0.0], [5.0, -0.05]])
    assert crosses(Barriers(wall, wall[:0]), begin, begin * (1, -1)).tolist() == [False, False]


# Brute force: every piece of every street, straight and by every gate, in drawn metres.
UNIT_M = 7.3
LIMIT_M = 120.0
# Drawn and planar metres agree within this; what hangs on less may come out either way.
UNSURE_M = 0.02

spots = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(
    lambda xy: (xy[0] * UNIT_M, xy[1] * UNIT_M)
)
paths = st.lists(spots, min_size=2, max_size=3, unique=True)
kinds = st.sampled_from([{"highway": "residential"}, PRIVATE, BRIDGE])
gates_at = st.tuples(st.integers(0, 3), st.sampled_from([0.0, 0.25, 0.5, 1.0]))


def lerp(a, b, share):
    return (a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]))


def nearest(point, a, b):
    """Nearest point of a segment."""
    along = (b[0] - a[0], b[1] - a[1])
    square = along[0] ** 2 + along[1] ** 2
    share = ((point[0] - a[0]) * along[0] + (point[1] - a[1]) * along[1]) / square if square else 0
    return lerp(a, b, min(max(share, 0.0), 1.0))


def side_m(point, a, b):
    """How far a point lies to the left of a line."""
    cross = (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])
    return cross / math.dist(a, b)


def pass_each_other(a, b, c, d, *, margin_m):
    """Tell whether two segments cross, all ends clear of the other by the margin."""
    one, two = (side_m(a, c, d), side_m(b, c, d)), (side_m(c, a, b), side_m(d, a, b))
    return all(min(pair) < -margin_m and max(pair) > margin_m for pair in (one, two))


def gap_m(a, b, c, d):
    """Distance between two segments."""
    if pass_each_other(a, b, c, d, margin_m=0.0):
        return 0.0
    ends = [(a, c, d), (b, c, d), (c, a, b), (d, a, b)]
    return min(math.dist(point, nearest(point, *line)) for point, *line in ends)


def shortened(a, b, cut_m):
    share = cut_m / math.dist(a, b)
    return lerp(a, b, share), lerp(b, a, share)


def in_view(a, b, walls):
    """True, False, or None where rounding decides."""
    length_m = math.dist(a, b)
    if length_m < 0.06:
        return True
    clear = all(gap_m(*shortened(a, b, 0.03), *wall) > UNSURE_M for wall in walls)
    if clear:
        return True
    if length_m > 0.2:
        short = shortened(a, b, 0.07)
        if any(pass_each_other(*short, *wall, margin_m=UNSURE_M) for wall in walls):
            return False
    return None


def street_pieces(index, ways):
    """Pieces of 20 m at most with the rank of their street, from the drawing."""
    found = []
    for way in ways:
        raised = way.tags == BRIDGE
        island = island_of(index, way)
        for a, b in pairwise(way.spots):
            count = math.ceil(math.dist(a, b) / 20)
            ranks = [2] if island else [1] if raised else [0, 1]
            for k, rank in product(range(count), ranks):
                found.append((rank, lerp(a, b, k / count), lerp(a, b, (k + 1) / count)))
    return found


def island_of(index, way):
    """Look up whether a drawn street lies on an island."""
    at = np.flatnonzero(np.isclose(index.network.lon, lonlat(way.spots[0])[0], rtol=0, atol=1e-9))
    at = at[np.isclose(index.network.lat[at], lonlat(way.spots[0])[1], rtol=0, atol=1e-9)]
    edge = np.searchsorted(index.network.indptr, at, side="right") - 1
    assert len(edge)
    return bool(index.network.island[edge[0]])


def brute_force(start, pieces, walls, gates):
    """Rank and length of the legs that surely are free, and of those that may be."""
    sure, maybe = [], []
    for rank, a, b in pieces:
        ways = [[start, nearest(start, a, b)]]
        ways += [[start, gate, nearest(gate, a, b)] for gate in gates]
        for way in ways:
            steps = list(pairwise(way))
            leg_m = sum(math.dist(*step) for step in steps)
            views = [in_view(*step, walls) for step in steps]
            if False in views or leg_m > LIMIT_M + UNSURE_M:
                continue
            maybe.append((rank, leg_m))
            if all(views) and leg_m < LIMIT_M - UNSURE_M:
                sure.append((rank, leg_m))
    nowhere = (3, math.inf)
    return min(sure, default=nowhere), min(maybe, default=nowhere)


@settings(max_examples=40, deadline=None)
@given(
    streets=st.lists(st.tuples(paths, kinds), min_size=1, max_size=4),
    walls=st.lists(st.tuples(spots, spots).filter(lambda w: w[0] != w[1]), min_size=1, max_size=4),
    doors=st.lists(gates_at, max_size=3),
    places=st.lists(spots, min_size=1, max_size=4),
)
def test_the_least_free_leg_of_the_best_preference_wins(streets, walls, doors, places):
    ways = [Way(path, tags) for path, tags in streets]
    gates = [lerp(*walls[number % len(walls)], share) for number, share in doors]
    # Half a unit beside the raster, so that some places lie off every line.
    starts = [(x + 2.9, y + 1.7) for x, y in places]
    index = draw_index(ways, entrances=gates, min_component_m=150.0)
    barriers = draw_barriers(walls, index)
    joins = snap(
        draw_shapes([[start] for start in starts]), index, barriers=barriers, limit_m=LIMIT_M
    )
    pieces = street_pieces(index, ways)
    for place, start in enumerate(starts):
        upper, lower = brute_force(start, pieces, walls, gates)
        if np.isnan(joins.snap_m[place]):
            assert upper == (3, math.inf)
            continue
        edge = joins.edge[joins.place == place][0]
        island, raised = index.network.island[edge], index.network.raised[edge]
        rank = 2 if island else 1 if raised else 0
        # A street at grade can be taken in the second turn only where the first found nothing.
        assert lower[0] <= rank <= upper[0]
        if lower[0] == upper[0]:
            assert lower[1] - UNSURE_M <= joins.snap_m[place] <= upper[1] + UNSURE_M


def layer(*shapes: str) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=gpd.GeoSeries.from_wkt(list(shapes), crs=4326))


LINE, AREA = "LINESTRING (112 37, 112.1 37)", "POLYGON ((112 37, 112.1 37, 112.1 37.1, 112 37))"


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "parquet"])
def test_lines_and_polygons_of_any_file_are_read(tmp_path, suffix):
    path = tmp_path / f"b.{suffix}"
    (layer(LINE, AREA).to_parquet if suffix == "parquet" else layer(LINE, AREA).to_file)(path)
    barriers = read_barriers(path)
    assert barriers.geom_type.tolist() == ["LineString", "Polygon"]
    assert barriers.crs == 4326


def test_the_coordinate_system_of_the_file_counts(tmp_path):
    layer(LINE).to_crs(32649).to_file(tmp_path / "b.shp")
    west, south, east, north = read_barriers(tmp_path / "b.shp").total_bounds
    assert (west, south, east, north) == pytest.approx((112, 37, 112.1, 37), abs=1e-6)
    (tmp_path / "b.prj").unlink()
    with pytest.raises(InputError, match=r"b\.shp: names no coordinate system.*\.prj"):
        read_barriers(tmp_path / "b.shp")


def test_layers_are_named(tmp_path):
    for name, shape in (("rivers", AREA), ("walls", LINE)):
        layer(shape).to_file(tmp_path / "b.gpkg", layer=name)
    with pytest.raises(InputError, match="rivers, walls"):
        read_barriers(tmp_path / "b.gpkg")
    assert read_barriers(tmp_path / "b.gpkg", layer="walls").geom_type.tolist() == ["LineString"]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (layer(LINE, "POINT (112 37)"), r"1 shapes are neither lines nor polygons.*2 \(Point\)"),
        (layer("LINESTRING (112 91, 112 92)"), "1 shapes lie outside their coordinate system"),
        (layer("LINESTRING EMPTY"), "none of its 1 rows has a shape"),
    ],
)
def test_other_shapes_are_refused(tmp_path, frame, message):
    frame.to_parquet(tmp_path / "b.parquet")
    with pytest.raises(InputError, match=message):
        read_barriers(tmp_path / "b.parquet")


def test_files_without_shapes_and_missing_ones_are_refused(tmp_path):
    (tmp_path / "b.csv").write_text("name\nx\n", encoding="utf-8")
    with pytest.raises(InputError, match="holds no shapes"):
        read_barriers(tmp_path / "b.csv")
    for read in (read_barriers, read_walls):
        with pytest.raises(MissingFileError, match=r"c\.osm: there is no such"):
            read(tmp_path / "c.osm")


def test_rows_without_a_shape_are_left_out(tmp_path):
    layer(LINE, "LINESTRING EMPTY").to_parquet(tmp_path / "b.parquet")
    assert len(read_barriers(tmp_path / "b.parquet")) == 1


def test_walls_of_an_extract_are_read(tmp_path):
    extract = Extract()
    for number in range(1, 6):
        extract.node(number, number, 0)
    extract.node(6, 0, 9, barrier="gate")
    extract.way(1, [1, 2, 3], barrier="wall")
    # Node 99 is missing: its segments go, and the lone node 3 with them.
    extract.way(2, [1, 2, 99, 3, 98, 4, 5], barrier="hedge")
    extract.way(3, [1, 2], barrier="kerb")
    extract.way(4, [1, 2], highway="residential")
    extract.square(5, 10, 10, 2, landuse="residential", barrier="fence")
    extract.square(6, 20, 10, 2)
    extract.relation(1, [(6, "outer")], landuse="residential", barrier="city_wall")
    path = extract.write(tmp_path / "town.osm")
    walls = read_walls(path)
    assert walls["barrier"].tolist() == ["wall", "hedge", "hedge", "fence", "city_wall"]
    assert walls.geom_type.tolist() == ["LineString"] * 4 + ["MultiPolygon"]
    assert shapely.get_num_coordinates(walls.geometry.to_numpy()).tolist() == [3, 2, 2, 5, 5]
    assert walls.geometry.iloc[0].coords[0] == pytest.approx((112.001, 37))
    assert read_walls(path, kinds=["kerb"])["barrier"].tolist() == ["kerb"]
    assert len(read_walls(path, kinds=["block"])) == 0


def test_broken_extracts_are_refused(tmp_path):
    (tmp_path / "town.osm").write_text("<osm", encoding="utf-8")
    with pytest.raises(InputError, match=r"town\.osm: the extract cannot be read to its end"):
        read_walls(tmp_path / "town.osm")


def test_no_leg_swims_the_rivers_of_taiyuan(real_data):
    source = real_data / "taiyuan_east" / "taiyuan_east.gpkg"
    water = read_barriers(source, layer="water")
    network = read_network(source, layer="ways")
    west, south, east, north = network.bounds
    index = StreetIndex(network, metric_crs((west + east) / 2, (south + north) / 2, name="auto"))
    banks = water.to_crs(index.crs).geometry.boundary
    rng = np.random.default_rng(20220520)
    # Places up to 60 m beside the banks, land or water.
    bank = shapely.union_all(banks.to_numpy())
    at = shapely.get_coordinates(
        shapely.line_interpolate_point(bank, rng.uniform(0, bank.length, 300))
    )
    xy = at + rng.uniform(-60, 60, at.shape)
    places = shapely.points(index.to_degrees(xy))
    barriers = make_barriers(water.geometry.to_numpy(), network, index.crs)
    free, dry = snap(places, index), snap(places, index, barriers=barriers)
    shapely.prepare(bank)

    def wet(joins):
        ends = shapely.get_coordinates(index.to_metric(shapely.points(joins.lon, joins.lat)))
        legs = shapely.linestrings(np.stack([xy[joins.place], ends], axis=1))
        cut = [
            substring(leg, 0.051, leg.length - 0.051) if leg.length > 0.11 else None for leg in legs
        ]
        return shapely.intersects(bank, np.array(cut, dtype=object))

    assert wet(free).sum() > 50
    assert not wet(dry).any()
    kept = free.place[~wet(free)]
    assert np.array_equal(dry.snap_m[kept], free.snap_m[kept])
    behind = behind_barriers(places, index, dry)
    assert np.array_equal(behind, np.isnan(dry.snap_m) & ~np.isnan(free.snap_m))
