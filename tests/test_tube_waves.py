"""Tubes by collection, counted by hand and test by test."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from walkcover import InputError
from walkcover.tube_waves import brought_in, collection_waves, tubes_of


@settings(max_examples=50)
@given(
    st.lists(st.lists(st.floats(0, 200), min_size=24, max_size=24), min_size=1, max_size=3),
    st.sampled_from([0.5, 1.0, 1.5, 2.0, 3.0]),
    st.integers(1, 20),
)
def test_every_test_is_in_one_wave(hours, every_h, pooling):
    waves = collection_waves(hours, every_h=every_h, pooling=pooling)
    day = np.array(hours)
    assert waves.tests.sum(axis=1) == pytest.approx(day.sum(axis=1), abs=1e-6)
    assert (waves.tubes * pooling >= waves.tests - 1e-6).all()
    assert (waves.tubes * pooling < waves.tests + pooling).all()
    # Nothing is tested before the first wave's time, nor behind the last.
    opened = np.flatnonzero((day > 1e-9).any(axis=0))
    if opened.size:
        assert waves.opens_h == opened[0]
        last = waves.start_h[-1]
        assert last >= opened[-1] + 1 > last - every_h - 1e-9
    else:
        assert waves.tubes.shape[1] == 0


def test_waves_cut_hours_in_two():
    day = np.zeros((1, 24))
    day[0, 9:12] = [40.0, 20.0, 8.0]
    waves = collection_waves(day, every_h=1.5, pooling=10)
    # From 9:00 to 10:30: forty and half of twenty; to 12:00 the other half and eight.
    assert waves.start_h.tolist() == [10.5, 12.0]
    assert waves.tests.tolist() == [[50.0, 18.0]]
    assert waves.tubes.tolist() == [[5, 2]]


def test_teams_come_home_between_waves():
    day = np.zeros((1, 24))
    day[0, 8:12] = 10.0
    waves = collection_waves(day, every_h=2.0, pooling=10, brought_h=[11.5, 15.25])
    assert waves.start_h.tolist() == [10.0, 12.0, 14.0, 16.0]
    tests, tubes = brought_in(
        waves, [0, 1], [11.5, 15.25], np.array([90.0, 7.0]), np.array([9, 1]), 2
    )
    assert tests.tolist() == [[0, 90.0, 0, 0], [0, 0, 0, 7.0]]
    assert tubes.tolist() == [[0, 9, 0, 0], [0, 0, 0, 1]]


def test_teams_alone_have_waves():
    waves = collection_waves(np.zeros((0, 24)), every_h=2.0, pooling=10, brought_h=[15.5])
    assert waves.start_h.tolist() == [17.0]
    # The tubes wait for an hour and a half, no longer than from one wave to the next.
    early = collection_waves(np.ones((1, 24)), every_h=2.0, pooling=10, brought_h=[25.0])
    assert early.start_h[-1] == 26.0


def test_tubes_are_whole_and_rounding_makes_none():
    assert tubes_of([0, 1e-12, 9.9, 10.0, 10.0 + 1e-10, 10.1], 10).tolist() == [0, 0, 1, 1, 1, 2]
    assert tubes_of([3.2], 1).tolist() == [math.ceil(3.2)]


def test_negative_tests_are_refused():
    with pytest.raises(InputError, match="finite numbers from 0"):
        collection_waves([[-1.0] * 24], every_h=2.0, pooling=10)
