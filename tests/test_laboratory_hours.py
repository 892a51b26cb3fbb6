"""A laboratory's day against a queue that is worked off tube by tube."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from walkcover import InputError
from walkcover.laboratory_hours import hours_of_day, laboratory_day

HOUR = 3600.0
deliveries = st.lists(
    st.tuples(st.integers(0, 15 * 3600), st.integers(1, 30)), min_size=1, max_size=12
)


def worked_off(arrive, opens, open_s, step):
    """When tubes are put on, one after the other; None for those left."""
    free, times = opens, []
    for at in arrive:
        begin = max(free, at)
        if begin + step > opens + open_s + 1e-6:
            times.append(None)
            continue
        times.append(begin)
        free = begin + step
    return times


@settings(max_examples=60)
@given(deliveries, st.integers(1, 200), st.sampled_from([4.0, 8.0, 24.0]))
def test_the_day_is_that_of_one_tube_after_the_other(rows, capacity, hours):
    arrive, tubes = [8 * HOUR + a for a, _ in rows], [n for _, n in rows]
    tests = [10.0 * n - 3 for n in tubes]
    day = laboratory_day(arrive, tubes, tests, tubes_per_day=capacity, hours_per_day=hours)
    comes = sorted(a for a, n in zip(arrive, tubes, strict=True) for _ in range(n))
    assert day.arrive_s.tolist() == comes
    step = hours * HOUR / capacity
    last = int(np.ceil((comes[-1] - comes[0]) / HOUR))
    plans = [worked_off(comes, comes[0] + HOUR * k, hours * HOUR, step) for k in range(last + 1)]
    fewest = min(plan.count(None) for plan in plans)
    best = next(plan for plan in plans if plan.count(None) == fewest)
    expected = [np.nan if one is None else one for one in best]
    assert day.put_on_s == pytest.approx(expected, nan_ok=True, abs=1e-3)
    assert (~day.is_left).sum() <= capacity
    arrived, tested, queue, results = hours_of_day(day, assay_s=4 * HOUR)
    assert arrived.sum() == sum(tubes)
    assert tested.sum() + queue[-1] == sum(tubes)
    assert (queue >= 0).all()
    assert results.sum() == pytest.approx(day.tests[~day.is_left].sum())
    assert day.tests.sum() == pytest.approx(sum(tests))


def test_an_hour_too_short_leaves_what_is_over():
    # Ten tubes an hour for two hours; fifteen come at nine, fifteen at ten.
    day = laboratory_day(
        [9 * HOUR, 10 * HOUR], [15, 15], [150, 150], tubes_per_day=20, hours_per_day=2
    )
    assert day.is_left.sum() == 10
    arrived, tested, queue, results = hours_of_day(day, assay_s=HOUR)
    assert arrived[9:11].tolist() == [15, 15]
    assert tested[9:12].tolist() == [10, 10, 0]
    assert queue[9:12].tolist() == [5, 10, 10]
    assert results[10:12].tolist() == [100, 100]
    # The first waits for no time, the fifteenth for 84 minutes.
    assert day.waits_s()[[0, 14]] == pytest.approx([0.0, 14 * 360.0])
    assert np.isinf(day.waits_s()[-1])


def test_hours_begin_later_where_tubes_come_late():
    # Two hours a day, ten tubes an hour: one tube at eight, nineteen at ten.
    day = laboratory_day(
        [8 * HOUR, 10 * HOUR], [1, 19], [10, 190], tubes_per_day=20, hours_per_day=2
    )
    assert day.is_left.sum() == 0
    # From nine on one is tested before ten and ten after it; from ten on all are.
    assert day.put_on_s[0] == 10 * HOUR
    assert day.closes_s == 12 * HOUR


def test_no_staff_tests_nothing_and_no_tube_needs_none():
    assert laboratory_day([HOUR], [3], [30], tubes_per_day=0).is_left.tolist() == [True] * 3
    empty = laboratory_day([], [], [], tubes_per_day=100)
    assert [part.sum() for part in hours_of_day(empty, assay_s=0)] == [0, 0, 0, 0]
    with pytest.raises(InputError, match="finite numbers"):
        laboratory_day([HOUR], [3], [np.nan], tubes_per_day=10)


def test_more_capacity_never_leaves_more():
    rng = np.random.default_rng(0)
    arrive, tubes = rng.integers(8, 20, 9) * HOUR, rng.integers(1, 40, 9)
    left = [
        laboratory_day(arrive, tubes, tubes, tubes_per_day=rate, hours_per_day=12).is_left.sum()
        for rate in range(20, 300, 20)
    ]
    assert left == sorted(left, reverse=True)
    assert left[0] > 0 == left[-1]
