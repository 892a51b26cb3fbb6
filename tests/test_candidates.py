"""Candidates along streets and at doors."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from drawing import draw_index, draw_shapes
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_cases import Way
from scipy.spatial.distance import pdist

from walkcover.candidates import make_candidates
from walkcover.joins import points_on_edges
from walkcover.reach import nearest_sites
from walkcover.search import search_graph
from walkcover.snap import snap
from walkcover.speed import flat_costs

STREET = Way([(0, 0), (2000, 0)])
PRIVATE = {"highway": "service", "access": "private"}
LIMIT_S = 900.0


def make(ways, spots, *, spacing_m=200.0, limit_s=LIMIT_S):
    index = draw_index(ways)
    graph = search_graph(index.network, flat_costs(index.network, speed_kmh=4.0))
    homes = snap(draw_shapes([[spot] for spot in spots]), index)
    found = make_candidates(homes, index, graph, limit_s=limit_s, spacing_m=spacing_m)
    return found, homes, index, graph


def offsets(found) -> list[float]:
    return found.offset_m.tolist()


def test_streets_are_parted_into_equal_parts_with_a_candidate_in_each():
    # 2,000 m at 400 m: five parts with middles at 200, 600, 1000, 1400, 1800.
    found, *_ = make([STREET], [], spacing_m=400.0)
    assert offsets(found) == pytest.approx([200, 600, 1000, 1400, 1800], abs=0.01)
    assert found.leg_m.tolist() == [0.0] * 5


def test_short_streets_have_one_candidate():
    found, *_ = make([Way([(0, 0), (1040, 0)]), Way([(1040, 0), (1040, 70)])], [], spacing_m=1000.0)
    # The middle of the short one, 35 m up, is nearer than 500 m to none but 520 m along: 520.01.
    assert sorted(offsets(found)) == pytest.approx([35, 520], abs=0.01)


def test_private_raised_and_trunk_streets_have_none():
    ways = [
        STREET,
        Way([(0, 0), (0, 900)], {"highway": "trunk"}),
        Way([(2000, 0), (2000, 900)], {"highway": "primary", "bridge": "yes"}),
        Way([(1000, 0), (1000, 900)], PRIVATE),
        Way([(1000, 0), (1000, -900)], {"highway": "trunk_link"}),
    ]
    found, _, index, _ = make(ways, [])
    assert (index.network.highway[found.edge] == "residential").all()


def test_doors_are_candidates_where_no_other_is_near():
    # At 400 m candidates are at 200, 600, …; the door at 400 is 200 m from both and stays, the
    # one at 450 is 50 m from it and goes, the one at 790 is 190 m from 600 and goes.
    found, *_ = make([STREET], [(400, 9), (450, 9), (790, 9)], spacing_m=399.0)
    assert offsets(found) == pytest.approx([200, 400, 600, 1000, 1400, 1800], abs=0.01)


def test_no_two_lie_within_half_of_the_spacing():
    rng = np.random.default_rng(3)
    grid = [Way([(x, 0), (x, 900)]) for x in range(0, 901, 90)]
    grid += [Way([(x, 0) for x in range(0, 901, 90)])]
    found, _, index, _ = make(grid, rng.uniform(0, 900, (40, 2)).tolist())
    assert pdist(points_on_edges(found.edge, found.offset_m, index)).min() > 100.0


def test_thinned_out_neighbours_are_given_back_where_the_walk_is_too_far():
    # Two streets 40 m apart that meet only far away; with a limit of 90 s (100 m) the home on the
    # second has no candidate in reach once its neighbours on the first have crowded them out.
    ways = [Way([(0, 0), (2000, 0), (2000, 40), (0, 40)])]
    found, homes, _, graph = make(ways, [(100, 41)], spacing_m=200.0, limit_s=90.0)
    walk_s, _ = nearest_sites(homes, found, graph, site_rank=np.arange(found.n_places))
    assert walk_s[0] <= 90.0
    assert (homes.edge[0], homes.offset_m[0]) in zip(found.edge, found.offset_m, strict=True)


def test_homes_on_islands_and_far_from_streets_are_not_given_one():
    ways = [STREET, Way([(0, 3000), (400, 3000)])]
    without, *_ = make(ways, [])
    found, homes, *_ = make(ways, [(200, 3100), (700, 200), (700, 700)], limit_s=90.0)
    assert homes.snap_to.tolist() == ["island", "main", None]
    # 200 m to the street take 180 s: no candidate can help.
    assert found.n_places <= without.n_places + 2


@st.composite
def towns(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x, y = (np.sort(rng.choice(np.arange(0, 1500, 50), 4, replace=False)) for _ in range(2))
    ways = [Way([(int(a), int(b)) for b in y]) for a in x]
    ways += [Way([(int(a), int(b)) for a in x], {"highway": "trunk"}) for b in y[:2]]
    ways += [Way([(int(a), int(b)) for a in x], PRIVATE) for b in y[2:]]
    spots = rng.uniform(-200, 1700, (draw(st.integers(1, 15)), 2)).tolist()
    return ways, spots, draw(st.sampled_from([120.0, 300.0, 900.0]))


@settings(deadline=None, max_examples=25)
@given(towns())
def test_every_home_keeps_a_candidate_in_reach(town):
    ways, spots, limit_s = town
    found, homes, index, graph = make(ways, spots, limit_s=limit_s)
    walk_s, _ = nearest_sites(homes, found, graph, site_rank=np.arange(found.n_places))
    owed = homes.snap_m * graph.costs.flat <= limit_s
    owed &= np.isin(homes.snap_to.astype(str), ["main", "private"])
    assert (np.round(walk_s[owed], 3) <= limit_s).all()
    assert not index.network.raised[found.edge].any()
    key = np.column_stack([found.edge, found.offset_m])
    assert (np.lexsort(key.T[::-1]) == np.arange(len(key))).all()


@settings(deadline=None, max_examples=10)
@given(towns(), st.randoms(use_true_random=False))
def test_the_order_of_homes_does_not_matter(town, random):
    ways, spots, limit_s = town
    found, *_ = make(ways, spots, limit_s=limit_s)
    random.shuffle(spots)
    again, *_ = make(ways, spots, limit_s=limit_s)
    for field in dataclasses.fields(found):
        if field.name != "n_places":
            one, two = getattr(found, field.name), getattr(again, field.name)
            assert one.tolist() == two.tolist(), field.name
