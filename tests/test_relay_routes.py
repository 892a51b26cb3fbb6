"""Collection routes against all orders, and what vans bring when."""

import itertools
import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from walkcover._relay_routes import VAN_PRICE, Load, hub_routes, loads_of
from walkcover._relay_trips import (
    Parcel,
    most_at_once,
    passed_on,
    quotas,
    timed_route,
    wave_loads,
)

STOP_S = 180.0


def plane(n, seed, side_s=1500.0):
    rng = np.random.default_rng(seed)
    xy = rng.random((n, 2)) * side_s
    drive = np.ceil(np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)) * rng.uniform(1, 1.1))
    np.fill_diagonal(drive, 0.0)
    return drive


def price(route, drive, limits):
    """Price of one order, by what has to be kept; None where it does not keep its hold time."""
    within, home = limits
    rows = [0, *(k + 1 for k in route), 0]
    legs = [drive[a, b] for a, b in itertools.pairwise(rows)]
    held = sum(legs[1:]) + STOP_S * len(route)
    if held > within:
        return None
    one = held + legs[0] <= min(within, home)
    return sum(legs) + VAN_PRICE * (1 if one else 2)


def best_of_all(tubes, drive, limits, van):
    """Cheapest set of routes over all partitions and orders."""
    n = len(tubes)
    cheapest = {}
    for size in range(1, n + 1):
        for some in itertools.combinations(range(n), size):
            if sum(tubes[k] for k in some) > van:
                continue
            prices = (price(order, drive, limits) for order in itertools.permutations(some))
            good = [one for one in prices if one is not None]
            if good:
                cheapest[frozenset(some)] = min(good)
    best = {frozenset(): 0.0}
    for mask in range(1, 2**n):
        left = frozenset(k for k in range(n) if mask >> k & 1)
        first = min(left)
        ways = [
            cheapest[part] + best[left - part]
            for part in cheapest
            if first in part and part <= left and left - part in best
        ]
        if ways:
            best[left] = min(ways)
    return best[frozenset(range(n))]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 5), st.sampled_from([2400.0, 3600.0, 6600.0]))
def test_routes_are_the_best_of_all_orders(seed, n, within_s):
    drive = plane(n + 1, seed)
    tubes = np.random.default_rng(seed).integers(1, 60, n).tolist()
    limits = (within_s, 4000.0)
    routes = hub_routes(
        tubes,
        drive,
        collect_within_s=within_s,
        home_within_s=4000.0,
        stop_s=STOP_S,
        van_tubes=100,
        iterations=300,
        time_limit_s=60,
        seed=0,
    )
    assert sorted(itertools.chain(*routes)) == list(range(n))
    assert all(sum(tubes[k] for k in route) <= 100 for route in routes)
    prices = [price(route, drive, limits) for route in routes]
    assert None not in prices
    assert sum(prices) <= best_of_all(tubes, drive, limits, 100) + 1e-6


def test_a_van_starts_at_the_far_end():
    # On a line away from the hub: the drive out takes no hold time, so one van fetches all.
    drive = np.abs(np.subtract.outer([0, 600, 1200, 1800], [0, 600, 1200, 1800])).astype(float)
    found = hub_routes(
        [1, 1, 1],
        drive,
        collect_within_s=1800.0 + 3 * STOP_S,
        home_within_s=1e6,
        stop_s=STOP_S,
        van_tubes=10,
        iterations=200,
        time_limit_s=60,
        seed=0,
    )
    assert found == [[2, 1, 0]]
    route = timed_route(
        7,
        [Load(k, 0, 1) for k in (2, 1, 0)],
        drive[[0, 3, 2, 1]][:, [0, 3, 2, 1]],
        stop_s=STOP_S,
        unload_s=600.0,
    )
    assert (route.out_s, route.drive_s, route.home_s) == (1800.0, 3600.0, 1800 + 3 * STOP_S + 600)
    assert route.arrive_s == (0.0, 780.0, 1560.0)


def test_a_large_source_is_cut_into_loads_of_a_van():
    loads = loads_of(4, 250, 100)
    assert [load.share(250) for load in loads] == [84, 83, 83]
    assert [load.share(2) for load in loads] == [1, 1, 0]
    assert loads_of(4, 0, 100) == [Load(4, 0, 1)]
    route = timed_route(0, loads, np.zeros((4, 4)), stop_s=0.0, unload_s=0.0)
    taken = wave_loads(route, np.array([0, 0, 0, 0, 2]), np.array([0, 0, 0, 0, 15.0]))
    assert taken == [(4, 1, 7.5), (4, 1, 7.5)]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=6), st.data())
def test_quotas_have_both_sums(waves, data):
    total = sum(waves)
    cuts = sorted(data.draw(st.lists(st.integers(0, total), max_size=3)))
    wanted = np.diff([0, *cuts, total])
    found = quotas(waves, wanted)
    assert (found >= 0).all()
    assert found.sum(axis=1).tolist() == waves
    assert found.sum(axis=0).tolist() == wanted.tolist()
    # Each wave is split as the day is, to a few tubes.
    share = np.cumsum(waves)[:, None] * wanted / max(1, total)
    assert (np.abs(np.cumsum(found, axis=0) - share) <= len(wanted) + 1).all()


def test_a_station_waits_for_nothing_but_its_wave():
    # 60 tubes at once, 50 an hour later; vans of 50; 70 go to the far laboratory, 40 to the near.
    parcels = [Parcel(0, 60, 600.0, 1000.0), Parcel(1, 50, 250.0, 4600.0)]
    rows, trips = passed_on(
        parcels,
        3,
        2,
        np.array([40, 70]),
        np.array([300.0, 900.0]),
        np.array([300.0, 900.0]),
        began_s=-7200.0,
        trip_tubes=50,
        unload_s=600.0,
    )
    # The first fifty to the far one at once, twenty more (ten of each) when the second van is in.
    assert trips == [
        (3, 1, 2, 50, 1000.0, 1000 + 900 + 600 + 900.0),
        (3, 1, 2, 20, 4600.0, 4600 + 2400.0),
        (3, 0, 2, 40, 4600.0, 4600 + 1200.0),
    ]
    assert [row[:4] for row in rows] == [(0, 1, 2, 50), (0, 1, 2, 10), (1, 1, 2, 10), (1, 0, 2, 40)]
    assert [row[4] for row in rows] == [500.0, 100.0, 50.0, 200.0]
    assert [row[6] for row in rows] == [9700.0, 13300.0, 13300.0, 12700.0]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9)), max_size=12))
def test_vans_at_once_are_the_most_in_any_second(spans):
    begin, end = [a for a, _ in spans], [a + length for a, length in spans]
    busiest = max(
        (sum(a <= second < b for a, b in zip(begin, end, strict=True)) for second in range(30)),
        default=0,
    )
    assert most_at_once(begin, end) == busiest


def test_no_stop_out_of_its_time_alone_ends_in_a_route_that_breaks_it():
    drive = plane(12, 4)
    alone = drive[1:, 0].max() + STOP_S
    found = hub_routes(
        [5] * 11,
        drive,
        collect_within_s=alone,
        home_within_s=600.0,
        stop_s=STOP_S,
        van_tubes=10,
        iterations=200,
        time_limit_s=60,
        seed=1,
    )
    assert all(price(route, drive, (math.ceil(alone), 600.0)) is not None for route in found)
    assert max(map(len, found)) <= 2
