"""Join points worked by hand, on streets drawn in metres."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from drawing import UTM_49N, draw_index, draw_shapes
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_cases import Way, lonlat

from walkcover.joins import concatenate, on_network, points_on_edges, take_places
from walkcover.network import EDGE_COLUMNS, Network, network_from_edges, segment_at
from walkcover.snap import _nearest, snap
from walkcover.street_index import StreetIndex

STREET = Way([(0, 0), (2000, 0)])
PRIVATE = {"highway": "service", "access": "private"}
CM = 0.01


def box(west, south, east, north):
    return [(west, south), (east, south), (east, north), (west, north)]


def only_leg(joins) -> float:
    assert joins.place.tolist() == [0]
    return float(joins.leg_m[0])


@pytest.mark.parametrize(
    ("spot", "offset_m", "leg_m"),
    [((300, 40), 300, 40), ((300, -40), 300, 40), ((300, 0), 300, 0), ((-30, 40), 0, 50)],
)
def test_a_point_joins_the_nearest_point_of_an_edge(spot, offset_m, leg_m):
    joins = snap(draw_shapes([[spot]]), draw_index([STREET]))
    assert joins.offset_m.tolist() == pytest.approx([offset_m], abs=CM)
    assert only_leg(joins) == pytest.approx(leg_m, abs=CM)
    assert joins.snap_m.tolist() == joins.leg_m.tolist()
    assert joins.snap_to.tolist() == ["main"]
    foot = lonlat((offset_m, 0))
    assert (joins.lon[0], joins.lat[0]) == pytest.approx(foot, abs=1e-7)


def test_offsets_are_counted_along_the_bends():
    # 300 m east, then 400 m north: 120 m up the second part is 420 m from the start.
    bend = Way([(0, 0), (300, 0), (300, 400), (-1000, 400)])
    joins = snap(draw_shapes([[(310, 120)]]), draw_index([bend]))
    assert joins.offset_m.tolist() == pytest.approx([420], abs=CM)


@pytest.mark.parametrize(("away_m", "joined"), [(249.9, True), (250.1, False)])
def test_beyond_the_limit_nothing_is_joined(away_m, joined):
    joins = snap(draw_shapes([[(500, away_m)], [(500, 1)]]), draw_index([STREET]), limit_m=250.0)
    assert joins.n_places == 2
    assert joins.place.tolist() == ([0, 1] if joined else [1])
    assert np.isnan(joins.snap_m[0]) != joined
    assert joins.snap_to[0] == ("main" if joined else None)


def test_streets_at_grade_come_before_bridges_and_islands():
    ways = [
        STREET,
        Way([(0, 60), (2000, 60)], {"highway": "trunk", "bridge": "yes"}),
        Way([(0, 60), (0, 0)]),
        Way([(0, 90), (300, 90)]),
    ]
    index = draw_index(ways)
    spots = [[(200, 80)], [(1000, 260)], [(290, 330)], [(200, 2000)]]
    joins = snap(draw_shapes(spots), index, limit_m=250.0)
    # To the street 80 m away though the bridge is nearer; to the bridge; to the island; nowhere.
    assert joins.snap_m.tolist() == pytest.approx([80, 200, 240, np.nan], abs=CM, nan_ok=True)
    assert joins.snap_to.tolist() == ["main", "main", "island", None]
    assert index.network.raised[joins.edge].tolist() == [False, True, False]


def test_of_equally_near_streets_the_public_one_is_joined():
    # Both begin at the node that is nearest and lead away from the place.
    ways = [Way([(100, 0), (0, -900)], PRIVATE), Way([(100, 0), (200, -2000)])]
    joins = snap(draw_shapes([[(100, 30)]]), draw_index(ways))
    assert joins.snap_to.tolist() == ["main"]
    assert joins.offset_m.tolist() == [0.0]


def test_of_equally_near_public_streets_the_smaller_edge_is_joined():
    ways = [Way([(100, 0), (x, -1000)]) for x in (0, 100, 200)]
    joins = snap(draw_shapes([[(100, 30)]]), draw_index(ways))
    assert joins.edge.tolist() == [0]
    assert joins.offset_m.tolist() == [0.0]


def test_private_streets_are_joined_as_such():
    ways = [Way([(0, 0), (500, 0), (2000, 0)]), Way([(500, 0), (500, 200)], PRIVATE)]
    joins = snap(draw_shapes([[(510, 150)]]), draw_index(ways))
    assert joins.snap_to.tolist() == ["private"]
    assert joins.offset_m.tolist() == pytest.approx([150], abs=CM)


def test_a_building_joins_from_its_outline():
    joins = snap(draw_shapes([box(300, 20, 340, 60)]), draw_index([STREET]))
    assert only_leg(joins) == pytest.approx(20, abs=CM)
    assert 300 - CM <= joins.offset_m[0] <= 340 + CM


def test_a_building_that_a_street_crosses_joins_from_its_heart():
    # 30 m of the building lie north of the street and 10 m south: its heart is 10 m north.
    joins = snap(draw_shapes([box(300, -10, 340, 30)]), draw_index([STREET]))
    assert only_leg(joins) == pytest.approx(10, abs=CM)
    assert joins.offset_m.tolist() == pytest.approx([320], abs=CM)


def test_a_building_that_touches_the_street_joins_there():
    # A corner of the building is a vertex of the street.
    diamond = [(300, 0), (320, 30), (300, 60), (280, 30)]
    joins = snap(draw_shapes([diamond]), draw_index([Way([(0, 0), (300, 0), (2000, 0)])]))
    assert only_leg(joins) == 0.0


def test_compounds_left_from_inside_join_from_their_heart():
    places = draw_shapes([box(300, 20, 340, 60), box(300, 20, 340, 60)])
    joins = snap(places, draw_index([STREET]), from_inside=np.array([True, False]))
    assert joins.leg_m.tolist() == pytest.approx([40, 20], abs=CM)


def test_all_entrances_are_doors_and_the_way_to_them_counts():
    # The heart is at (320, 40): 20 m to the south door and 20 m on; 20 m to the east door and
    # 40 m on. The gate 5 m off the outline belongs to nobody.
    index = draw_index([STREET], entrances=[(320, 20), (340, 40), (300, 15)])
    joins = snap(draw_shapes([box(300, 20, 340, 60), [(700, 5)]]), index)
    assert joins.place.tolist() == [0, 0, 1]
    assert joins.leg_m.tolist() == pytest.approx([40, 60, 5], abs=CM)
    assert joins.offset_m.tolist() == pytest.approx([320, 340, 700], abs=CM)
    assert joins.snap_m.tolist() == pytest.approx([40, 5], abs=CM)
    assert joins.by_entrance.tolist() == [True, False]


def test_entrances_bind_even_where_no_street_is_near_them():
    joins = snap(
        draw_shapes([box(300, 20, 340, 420)]), draw_index([STREET], entrances=[(320, 420)])
    )
    assert len(joins.place) == 0
    assert joins.by_entrance.tolist() == [True]


def test_nothing_is_joined_where_nothing_is_given():
    joins = snap(draw_shapes([]), draw_index([STREET]))
    assert (joins.n_places, len(joins.place)) == (0, 0)


def test_the_order_of_places_does_not_matter():
    index = draw_index([STREET, Way([(500, 0), (500, 200)], PRIVATE)], entrances=[(320, 20)])
    places = draw_shapes([box(300, 20, 340, 60), [(510, 150)], [(700, 5)], [(0, 900)]])
    order = np.array([2, 0, 3, 1])
    shuffled, taken = snap(places[order], index), take_places(snap(places, index), order)
    for name in ("place", "edge", "offset_m", "leg_m", "lon", "lat", "by_entrance"):
        assert getattr(shuffled, name).tolist() == getattr(taken, name).tolist(), name
    assert shuffled.snap_to.tolist() == taken.snap_to.tolist()


def test_places_put_together_are_the_places_of_both():
    index = draw_index([STREET], entrances=[(320, 20), (340, 40)])
    first = snap(draw_shapes([box(300, 20, 340, 60), [(0, 900)]]), index)
    second = snap(draw_shapes([[(700, 5)]]), index)
    both = concatenate(first, second)
    assert both.n_places == 3
    assert both.place.tolist() == [0, 0, 2]
    assert both.leg_m.tolist() == [*first.leg_m, *second.leg_m]
    again = take_places(both, np.array([2]))
    assert (again.n_places, again.place.tolist()) == (1, [0])
    assert again.leg_m.tolist() == second.leg_m.tolist()


def test_places_on_edges_lie_where_they_are_said_to():
    bend = Way([(0, 0), (300, 0), (300, 400), (-1000, 400)])
    index = draw_index([bend])
    edge, offset_m = np.zeros(4, dtype=np.int64), np.array([0.0, 150.0, 420.0, 2000.0])
    spots = [(0, 0), (150, 0), (300, 120), (-1000, 400)]
    xy = points_on_edges(edge, offset_m, index)
    expected = np.array([(p.x, p.y) for p in index.to_metric(draw_shapes([[s] for s in spots]))])
    np.testing.assert_allclose(xy, expected, atol=CM)
    joins = on_network(edge, offset_m, index)
    assert joins.leg_m.tolist() == [0.0] * 4
    assert joins.lon.tolist() == pytest.approx([lonlat(s)[0] for s in spots], abs=1e-7)
    assert joins.snap_to.tolist() == ["main"] * 4


def keep_edges(network: Network, edges: np.ndarray) -> Network:
    """The network of some of its edges, which stay what they were."""
    ends = np.column_stack([network.u[edges], network.v[edges]])
    columns = {name: getattr(network, name)[edges] for name in EDGE_COLUMNS}
    columns["u"], columns["v"] = np.unique(ends, return_inverse=True)[1].reshape(-1, 2).T
    counts = np.diff(network.indptr)[edges]
    vertex = np.concatenate([np.arange(*network.indptr[e : e + 2]) for e in edges])
    return network_from_edges(
        columns,
        indptr=np.concatenate([[0], np.cumsum(counts)]),
        lon=network.lon[vertex],
        lat=network.lat[vertex],
        at_m=network.at_m[vertex],
        points={"entrances": network.entrances},
    )


@st.composite
def bent_streets(draw):
    """Ways over 8 km with bends, some private or raised, and places in one corner of them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    ways = []
    for _ in range(draw(st.integers(5, 40))):
        steps = rng.normal(0, 90, (rng.integers(1, 12), 2))
        spots = rng.uniform(0, 8000, 2) + np.cumsum(np.vstack([[0, 0], steps]), axis=0)
        tags = [{}, PRIVATE, {"highway": "primary", "bridge": "yes"}][
            rng.choice(3, p=[0.7, 0.2, 0.1])
        ]
        ways.append(Way([tuple(spot) for spot in spots.round(2).tolist()], tags))
    middles = [np.mean(way.spots, axis=0) for way in ways[:5]]
    places = []
    for _ in range(draw(st.integers(1, 12))):
        x, y = middles[rng.integers(len(middles))] + rng.normal(0, 120, 2)
        side = rng.uniform(5, 60)
        places.append(box(x, y, x + side, y + side) if rng.random() < 0.4 else [(x, y)])
    return ways, places


@settings(max_examples=60)
@given(bent_streets())
def test_streets_far_away_change_no_bit_of_a_join(case):
    ways, places = case
    whole = draw_index(ways, min_component_m=400.0, entrances=[ways[0].spots[0]])
    shapes = draw_shapes(places)
    planar = whole.to_metric(shapes)
    near = np.flatnonzero(shapely.dwithin(whole.lines, shapely.union_all(planar), 1000.0))
    if not near.size:
        return
    cut = StreetIndex(keep_edges(whole.network, near), UTM_49N)
    expected, found = snap(shapes, whole), snap(shapes, cut)
    for name in ("place", "offset_m", "leg_m", "lon", "lat", "by_entrance", "snap_to"):
        assert getattr(found, name).tolist() == getattr(expected, name).tolist(), name
    np.testing.assert_array_equal(found.snap_m, expected.snap_m)
    assert near[found.edge].tolist() == expected.edge.tolist()
    on_whole = on_network(expected.edge, expected.offset_m, whole)
    on_cut = on_network(found.edge, found.offset_m, cut)
    assert (on_cut.lon.tolist(), on_cut.lat.tolist()) == (
        on_whole.lon.tolist(),
        on_whole.lat.tolist(),
    )


@settings(max_examples=20)
@given(bent_streets(), st.integers(1, 5))
def test_joins_in_chunks_are_those_in_one_go(case, at_once):
    ways, places = case
    index = draw_index(ways, min_component_m=400.0, entrances=[ways[0].spots[0]])
    expected = snap(draw_shapes(places), index)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("walkcover.snap.PLACES_AT_ONCE", at_once)
        found = snap(draw_shapes(places), index)
    for name in ("place", "edge", "offset_m", "leg_m", "lon", "lat", "by_entrance", "snap_to"):
        assert getattr(found, name).tolist() == getattr(expected, name).tolist(), name


@settings(max_examples=60)
@given(bent_streets(), st.sampled_from([1.0, 40.0, 250.0]), st.sampled_from([30.0, 252.5]))
def test_the_nearest_lines_are_those_of_all_distances_measured(case, first_look_m, reach_m):
    ways, places = case
    index = draw_index(ways)
    doors = index.to_metric(draw_shapes(places))
    distance_m = shapely.distance(doors[:, None], index.lines[None, :])
    nearest = distance_m == distance_m.min(axis=1, keepdims=True)
    expected = np.argwhere(nearest & (distance_m <= reach_m)).tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("walkcover.snap.FIRST_LOOK_M", first_look_m)
        found = _nearest(doors, shapely.STRtree(index.lines), reach_m=reach_m)
    assert sorted(np.column_stack(found).tolist()) == expected


@settings(max_examples=60)
@given(st.lists(st.lists(st.sampled_from([0.0, 1.0, 2.5]), min_size=1, max_size=9), min_size=1))
def test_the_segment_of_a_place_is_the_last_that_begins_at_or_before_it(steps):
    at = [np.concatenate([[0.0], np.cumsum(one)]) for one in steps]
    indptr = np.concatenate([[0], np.cumsum([len(one) for one in at])])
    asked = [(e, along) for e, one in enumerate(at) for along in [-0.1, *one, *(one + 0.3)]]
    edge, along_m = np.array([e for e, _ in asked]), np.array([along for _, along in asked])
    found = segment_at(np.concatenate(at), indptr, edge, along_m)
    for k, e, along in zip(found, edge, along_m, strict=True):
        inner = at[e][:-1]
        last = max((i for i, start in enumerate(inner) if start <= along), default=0)
        assert k == indptr[e] + last
