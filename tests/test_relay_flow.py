"""Who takes whose tubes: against all ways of small cases."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from walkcover import _relay_program
from walkcover._relay_flow import assign
from walkcover._relay_program import PIECES, Transport


def question(seed, n=4, labs=2, halls=1, *, slack=1.2, within_s=7200.0):
    """Places in a plane half an hour wide."""
    rng = np.random.default_rng(seed)
    xy = [rng.random((k, 2)) * 1800 for k in (n, labs, halls)]

    def drive(a, b):
        return np.ceil(np.hypot(*(a[:, None] - b[None]).transpose(2, 0, 1)))

    tubes = rng.integers(1, 40, n)
    weights = rng.random(labs) + 0.2
    return Transport(
        tubes=tubes,
        to_hub_s=np.hstack([drive(xy[0], xy[1]), drive(xy[0], xy[2])]),
        onward_s=drive(xy[2], xy[1]),
        room=np.floor(slack * tubes.sum() * weights / weights.sum()).astype(int),
        within_s=within_s,
        stop_s=180.0,
        unload_s=600.0,
        collection_tubes=20.0,
        transfer_tubes=100.0,
    )


def price_of_excess(q, may):
    """What a tube over the room costs, from the first piece on."""
    onward = (2.0 * q.onward_s + q.unload_s) / q.transfer_tubes
    direct = 2.0 * q.to_hub_s[may] / q.collection_tubes
    return 4.0 * (direct.max() + onward.max(initial=0.0)) + 1.0


def cost_of(q, choice, may):
    """Least cost of passing on where hubs are chosen: a transport problem by itself."""
    labs, halls = q.room.size, len(q.onward_s)
    load = np.bincount(choice, q.tubes, minlength=labs + halls)
    onward = ((2.0 * q.onward_s + q.unload_s) / q.transfer_tubes).ravel()
    pieces = len(PIECES)
    price = np.tile(price_of_excess(q, may) * np.arange(1, pieces + 1), labs)
    sizes = np.ceil(np.maximum(q.room, 1)[:, None] * np.array(PIECES)).ravel()
    n = onward.size + price.size
    rooms, halls_out = np.zeros((labs, n)), np.zeros((halls, n))
    for k, (hall, lab) in enumerate(itertools.product(range(halls), range(labs))):
        rooms[lab, k] = halls_out[hall, k] = 1.0
    for k in range(price.size):
        rooms[k // pieces, onward.size + k] = -1.0
    found = linprog(
        np.append(onward, price),
        A_ub=rooms,
        b_ub=q.room - load[:labs],
        A_eq=halls_out if halls else None,
        b_eq=load[labs:] if halls else None,
        bounds=[(0, None)] * onward.size + [(0, size) for size in sizes],
    )
    rows = np.arange(choice.size)
    return found.fun + float((2.0 * q.to_hub_s[rows, choice] / q.collection_tubes) @ q.tubes)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.8, 1.02, 1.5]), st.integers(0, 2))
def test_small_cases_are_the_best_of_all_ways(seed, slack, halls):
    q = question(seed, halls=halls, slack=slack)
    found = assign(q, time_limit_s=60)
    may = q.needed_s() <= q.within_s
    ways = itertools.product(range(q.room.size + halls), repeat=q.tubes.size)
    best = min(cost_of(q, np.array(way), may) for way in ways)
    assert found.objective == pytest.approx(cost_of(q, found.hub, may))
    assert found.objective == pytest.approx(best)
    assert found.is_optimal
    assert found.gap == 0.0


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.7, 1.0, 1.3]), st.sampled_from([1500.0, 3000.0]))
def test_tubes_are_conserved_and_keep_their_time(seed, slack, within_s):
    q = question(seed, n=40, labs=4, halls=3, slack=slack, within_s=within_s)
    found = assign(q, time_limit_s=60)
    load = np.bincount(found.hub[found.hub >= 0], q.tubes[found.hub >= 0], minlength=7)
    assert np.array_equal(found.passed.sum(axis=1), load[4:])
    got = load[:4] + found.passed.sum(axis=0)
    assert np.array_equal(found.excess, np.maximum(got - q.room, 0))
    for source, hub in enumerate(found.hub):
        if hub < 0:
            assert (q.needed_s()[source] > within_s).all()
        elif hub < 4:
            assert 180 + q.to_hub_s[source, hub] + 600 <= within_s
        else:
            far_s = q.onward_s[hub - 4][found.passed[hub - 4] > 0].max()
            assert 180 + q.to_hub_s[source, hub] + 1200 + far_s <= within_s


def test_rooms_are_not_overfull_where_others_have_room():
    q = question(3, n=300, labs=12, halls=6, slack=1.05)
    found = assign(q, time_limit_s=60)
    assert found.excess.sum() == 0
    assert found.gap < 0.02
    again = assign(q, time_limit_s=60)
    assert np.array_equal(found.hub, again.hub)
    assert np.array_equal(found.passed, again.passed)


def test_where_room_lacks_no_more_than_that_is_over_and_it_is_shared_out():
    q = question(5, n=200, labs=5, halls=0, slack=0.9)
    found = assign(q, time_limit_s=60)
    lacks = q.tubes.sum() - q.room.sum()
    assert lacks <= found.excess.sum() <= lacks + q.tubes.max()
    assert (found.excess <= 0.25 * q.room).all()


def test_prices_bring_in_the_arcs_that_few_neighbours_leave_out(monkeypatch):
    q = question(8, n=120, labs=10, halls=4, slack=1.03)
    wide = assign(q, time_limit_s=60)
    monkeypatch.setattr(_relay_program, "FIRST_HUBS", 1)
    narrow = assign(q, time_limit_s=60)
    assert narrow.bound == pytest.approx(wide.bound)


def test_who_reaches_nobody_is_left_out():
    q = question(1, n=3, labs=1, halls=0)
    cut = dataclasses.replace(q, to_hub_s=np.array([[600.0], [np.inf], [9000.0]]))
    assert assign(cut, time_limit_s=60).hub.tolist() == [0, -1, -1]
    none = dataclasses.replace(q, to_hub_s=np.full((3, 1), np.inf))
    found = assign(none, time_limit_s=60)
    assert (found.hub.tolist(), found.objective, found.gap) == ([-1, -1, -1], 0.0, 0.0)


def test_a_station_is_used_where_it_saves_drives():
    # Ten sources beside a station, an hour from the laboratory; one beside the laboratory.
    far, near = np.full(10, 3600.0), np.array([60.0])
    q = Transport(
        tubes=np.full(11, 10),
        to_hub_s=np.column_stack([np.append(far, near), np.append(np.full(10, 60.0), 3600.0)]),
        onward_s=np.array([[3600.0]]),
        room=np.array([200]),
        within_s=7200.0,
        stop_s=180.0,
        unload_s=600.0,
        collection_tubes=20.0,
        transfer_tubes=100.0,
    )
    found = assign(q, time_limit_s=60)
    assert found.hub.tolist() == [1] * 10 + [0]
    assert found.passed.tolist() == [[100]]
    # 2 x 60 s by twenties, and (2 x 3600 s + 600 s) by hundreds: 600 + 7,800 + 60.
    assert found.objective == pytest.approx(100 * 120 / 20 + 7800 + 10 * 120 / 20)
