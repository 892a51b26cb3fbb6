"""Queues against worked values and against a simulation of every single person."""

import heapq
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from walkcover import InputError
from walkcover.queues import delay_probability, hourly_queues, mean_waiting, queue_status


def simulated(arrivals, desks, per_desk_hour, *, days, seed):
    """Mean people waiting in each hour, and who is left at the end, by simulating people."""
    rng = np.random.default_rng(seed)
    hours = len(arrivals)
    area, left = np.zeros(hours), 0.0
    for _ in range(days):
        times = np.concatenate(
            [h + np.sort(rng.random(rng.poisson(n))) for h, n in enumerate(arrivals)]
        )
        free = [0.0] * desks
        heapq.heapify(free)
        for come in times:
            start = max(come, heapq.heappop(free))
            heapq.heappush(free, start + rng.exponential(1.0 / per_desk_hour))
            first, last = come, min(start, hours)
            for hour in range(int(first), math.ceil(last)):
                area[hour] += max(0.0, min(last, hour + 1) - max(first, hour))
            left += start > hours
    return area / days, left / days


@pytest.mark.parametrize(
    ("desks", "load", "expected"),
    [
        # One desk: the load itself. Two desks, load 1: B = (1/2) / (1 + 1 + 1/2) = 1/5, and
        # C = B / (1 - 1/2 * (1 - B)) = 1/3.
        (1, 0.25, 0.25),
        (2, 1.0, 1 / 3),
        (3, 0.0, 0.0),
        (2, 2.0, 1.0),
    ],
)
def test_who_waits_by_hand(desks, load, expected):
    assert delay_probability([desks], [load])[0] == pytest.approx(expected, abs=1e-15)


def test_queue_by_hand():
    # 1/3 waits; busy 1/2: 1/3 * (1/2) / (1/2). One desk, busy 9/10: 0.81 / 0.1.
    assert mean_waiting([2, 1], [1.0, 0.9]) == pytest.approx([1 / 3, 8.1])
    assert mean_waiting([0, 0], [0.0, 1.0]).tolist() == [0.0, math.inf]


@given(st.integers(1, 30), st.floats(0.01, 0.99))
def test_delay_follows_the_sum_of_the_textbook(desks, busy):
    load = desks * busy
    tail = load**desks / math.factorial(desks) / (1 - busy)
    expected = tail / (sum(load**k / math.factorial(k) for k in range(desks)) + tail)
    assert delay_probability([desks], [load])[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("desks", "busy"), [(1, 0.5), (2, 0.7), (5, 0.8)])
def test_long_steady_hours_have_the_formula_queue(desks, busy):
    load = desks * busy
    queues = hourly_queues([[60.0 * load] * 6], [[desks] * 6], per_desk_hour=60.0)
    assert queues.waiting[0, -1] == pytest.approx(mean_waiting([desks], [load])[0], rel=0.03)


def test_overload_is_the_fluid():
    # 300 an hour come to two desks with 120: after an hour 180 wait, 90 on average.
    queues = hourly_queues([[300.0, 300.0]], [[2, 2]], per_desk_hour=60.0)
    assert queues.waiting[0] == pytest.approx([90.0, 270.0], rel=0.05)
    assert queues.left[0, 1] == pytest.approx(360.0, rel=0.02)
    # 270 people before two desks that test 120 an hour.
    assert queues.wait_min[0, 1] == pytest.approx(135.0, rel=0.05)


@pytest.mark.parametrize(
    ("arrivals", "desks", "rate"),
    [
        # A calm day, a day at the edge, and one whose two peaks are more than the desks.
        ([20, 60, 90, 60, 30, 40, 80, 30], 2, 60.0),
        ([40, 110, 125, 100, 60, 90, 115, 50], 2, 60.0),
        ([60, 150, 260, 150, 60, 120, 240, 120], 3, 54.0),
    ],
)
def test_a_day_with_peaks_is_as_simulated(arrivals, desks, rate):
    waiting, left = simulated(arrivals, desks, rate, days=150, seed=len(arrivals))
    queues = hourly_queues([arrivals], [[desks] * len(arrivals)], per_desk_hour=rate)
    # An approximation: a quarter of the worst hour at the edge, or one person.
    near = max(1.0, 0.25 * waiting.max())
    assert queues.waiting[0] == pytest.approx(waiting, abs=near)
    assert queues.left[0, -1] == pytest.approx(left, abs=near)


def test_closing_sends_people_away():
    desks = [[1, 0, 1]]
    queues = hourly_queues([[120.0, 0.0, 30.0]], desks, per_desk_hour=60.0)
    assert queues.left[0, 0] == pytest.approx(60.0, rel=0.05)
    assert queues.waiting[0, 1] == 0.0
    # The evening begins with nobody: 30 of 60, busy half of the time.
    assert queues.waiting[0, 2] == pytest.approx(0.5, rel=0.1)


def test_quarters_of_an_hour_are_the_same_day():
    hours, desks = [20.0, 110.0, 40.0], 2
    whole = hourly_queues([hours], [[desks] * 3], per_desk_hour=60.0)
    quarters = [[amount / 4 for amount in hours for _ in range(4)]]
    parts = hourly_queues(quarters, [[desks] * 12], per_desk_hour=60.0, parts=4)
    assert parts.waiting[0] == pytest.approx(whole.waiting[0], rel=1e-9)
    assert parts.wait_min[0] == pytest.approx(whole.wait_min[0], rel=1e-9)
    assert parts.left == pytest.approx(whole.left)


def test_a_site_that_opens_on_the_half_by_hand():
    # Half an hour for 900 people with ten desks that test 600 an hour: 300 are tested, 600 leave,
    # and on average 300 wait.
    arrivals, desks = [[0.0, 0.0, 450.0, 450.0]], [[0, 0, 10, 10]]
    queues = hourly_queues(arrivals, desks, per_desk_hour=60.0, parts=4)
    assert queues.waiting[0] == pytest.approx([300.0], rel=0.05)
    assert queues.left[0] == pytest.approx([600.0], rel=0.05)
    # By Little: 300 people for half an hour, over 300 who are tested.
    assert queues.wait_min[0] == pytest.approx([30.0], rel=0.05)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 400), min_size=1, max_size=4), st.integers(1, 6), st.floats(1.01, 3.0))
def test_more_desks_wait_less_and_more_people_wait_more(arrivals, desks, factor):
    def waiting(amounts, number):
        return hourly_queues([amounts], [[number] * len(amounts)], per_desk_hour=60.0).waiting[0]

    here = waiting(arrivals, desks)
    assert (waiting(arrivals, desks + 1) <= here + 1e-9).all()
    assert (waiting([factor * n for n in arrivals], desks) >= here - 1e-9).all()


def test_marks_of_shenzhen():
    assert queue_status([[0.0, 24.99], [25.0, 50.0]]).tolist() == [
        ["smooth", "smooth"],
        ["busy", "jammed"],
    ]


@pytest.mark.parametrize(
    ("arrivals", "desks", "rate", "match"),
    [
        ([[1.0]], [[1, 2]], 60.0, "shape"),
        ([[-1.0]], [[1]], 60.0, "numbers from 0"),
        ([[1.0]], [[0.5]], 60.0, "whole"),
        ([[1.0]], [[1]], 0.0, "per_desk_hour is 0.0"),
        ([[0.0, 5.0]], [[1, 0]], 60.0, "closed site, first site 0 in hour 1"),
        ([1.0], [1], 60.0, "a row per site"),
    ],
)
def test_bad_input_is_named(arrivals, desks, rate, match):
    with pytest.raises(InputError, match=match):
        hourly_queues(arrivals, desks, per_desk_hour=rate)


def test_parts_make_whole_hours():
    with pytest.raises(InputError, match="3 columns of 2 parts"):
        hourly_queues([[1.0] * 3], [[1] * 3], per_desk_hour=60.0, parts=2)
