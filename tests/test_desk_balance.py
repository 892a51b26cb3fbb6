"""Desks that sites need, worked by hand, and queues on days on which they are open."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkcover.day_profile import OpenDays
from walkcover.desk_balance import desk_balance, site_queues, statuses, unknown_hours, worst_hours
from walkcover.queues import Queues

NOON = np.arange(96) // 16 == 3


def balance(tests, desks, hours, *, days=7.0, rate=60.0):
    opened = OpenDays(NOON[None], np.array([hours]), np.array([days]))
    table = desk_balance(np.array([tests]), np.array([desks]), opened, tests_per_desk_hour=rate)
    return table.iloc[0]


@pytest.mark.parametrize(
    ("tests", "desks", "hours", "needed", "short", "spare", "longer"),
    [
        (480.0, 1.0, 8.0, 1, 0, 0, 0.0),
        # One more than a desk takes: half a minute, or a desk.
        (481.0, 1.0, 8.0, 2, 1, 0, 1 / 60),
        (960.0, 1.0, 8.0, 2, 1, 0, 8.0),
        # 1,500 tests are 25 hours of one desk: no day is so long.
        (1500.0, 1.0, 8.0, 4, 3, 0, math.nan),
        (100.0, 3.0, 8.0, 1, 0, 2, 0.0),
        (0.0, 2.0, 8.0, 0, 0, 2, 0.0),
        (0.0, 0.0, 8.0, 0, 0, 0, 0.0),
    ],
)
def test_desks_by_hand(tests, desks, hours, needed, short, spare, longer):
    row = balance(tests, desks, hours)
    assert (row["desks_needed"], row["desks_short"], row["desks_spare"]) == (needed, short, spare)
    assert row["extend_hours"] == pytest.approx(longer, nan_ok=True)


def test_a_site_open_on_five_days_does_its_week_in_five():
    # 1,750 tests a week, 250 a mean day, in five days of four hours: 350 on each, for which one
    # desk takes 350 / 60 hours.
    row = balance(250.0, 1.0, 4.0, days=5.0)
    assert row["open_hours"] == pytest.approx(20 / 7)
    assert row["capacity"] == pytest.approx(60 * 20 / 7)
    assert row["load_share"] == pytest.approx(350 / 240)
    assert row["desks_needed"] == 2
    assert row["extend_hours"] == pytest.approx(350 / 60 - 4)


def test_desks_that_are_not_known_are_needed_all_the_same():
    row = balance(481.0, math.nan, 8.0)
    assert row["desks_needed"] == 2
    names = ["capacity", "load_share", "desks_short", "desks_spare", "extend_hours"]
    assert row[names].isna().all()
    table = unknown_hours(2)
    assert table["status"].tolist() == ["", ""]
    assert table.drop(columns="status").isna().all(axis=None)


@given(st.floats(0, 5000), st.integers(1, 30), st.floats(0.25, 24))
def test_fewest_desks_that_take_the_tests(tests, rate, hours):
    needed = balance(tests, 1.0, hours, rate=float(rate))["desks_needed"]
    one = hours * rate
    assert needed * one >= tests * (1 - 1e-6)
    assert (needed - 1) * one < tests or needed == 0


def test_queues_are_those_of_an_open_day():
    # Five days a week: on a mean day 500 come in the hour, 700 on an open one, to ten desks.
    is_open = np.arange(96) // 4 == 9
    days = OpenDays(is_open[None], np.array([1.0]), np.array([5.0]))
    queues = site_queues(
        np.where(is_open, 125.0, 0.0)[None], np.array([10.0]), days, tests_per_desk_hour=60.0
    )
    # 100 of the 700 are left, on five days of seven.
    assert queues.left[0, 9] == pytest.approx(100 * 5 / 7, rel=0.15)
    assert queues.waiting[0, [8, 10]].tolist() == [0.0, 0.0]


def test_worst_hours_by_hand():
    waiting = np.zeros((2, 24))
    waiting[0, [9, 12]] = 30.0, 60.0
    wait = np.zeros((2, 24))
    wait[0, 9] = 40.0
    left = np.zeros((2, 24))
    left[0, [11, 17]] = 3.0, 4.0
    table = worst_hours(Queues(waiting, wait, left))
    assert table.iloc[0].tolist() == [12.0, 60.0, 40.0, 7.0, "jammed"]
    assert table.iloc[1].isna().tolist() == [True, False, False, False, False]
    assert statuses(np.array([np.nan, 1.0, 25.0])).tolist() == ["", "smooth", "busy"]
