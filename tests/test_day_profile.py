"""Open quarters and arrivals of a day by hand, and their laws."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from walkcover.day_profile import arrival_shares, by_hour, in_open_quarters, open_days


def quarters(*spans):
    """Quarters of a day in spans of hours."""
    at = np.arange(96) / 4
    return np.any([(at >= first) & (at < last) for first, last in spans], axis=0)


def sites(*texts):
    return pd.DataFrame({"site_id": [str(n) for n in range(len(texts))], "opening_hours": texts})


@pytest.mark.parametrize(
    ("hours", "opens", "spans"),
    [
        (8.0, 8.0, [(8, 16)]),
        (8.5, 7.5, [(7.5, 16)]),
        # Midnight would cut the day: earlier.
        (20.0, 8.0, [(4, 24)]),
        (24.0, 8.0, [(0, 24)]),
        # Two thirds of an hour are 2.67 quarters, three of them.
        (2 / 3, 8.0, [(8, 8.75)]),
        # Whatever is open at all is open for a quarter.
        (0.01, 8.0, [(8, 8.25)]),
        (0.0, 8.0, []),
    ],
)
def test_sites_without_a_text_open_at_one_hour(hours, opens, spans):
    days = open_days(sites(""), np.array([hours]), opens=opens)
    expected = quarters(*spans) if spans else np.zeros(96, dtype=bool)
    assert days.is_open[0].tolist() == expected.tolist()
    assert (days.hours[0], days.days[0]) == (hours, 7.0)


@pytest.mark.parametrize(
    ("text", "hours", "spans", "days"),
    [
        ("8:30-11:30,14:00-17:00", 6.0, [(8.5, 11.5), (14, 17)], 7),
        # Five days of ten hours: 50 / 7 a day, and ten on each of them.
        ("周一至周五 8:00-18:00", 50 / 7, [(8, 18)], 5),
        # Six mornings, three afternoons: 4 + 1.5 hours on a mean day; the first of the afternoon.
        (
            "周一至周三 8:00-12:00,14:00-17:00 周四至周六 8:00-12:00",
            33 / 7,
            [(8, 12), (14, 15.5)],
            6,
        ),
        # The number of the table counts where it says something else than the text.
        ("8:00-20:00", 3.0, [(9, 12)], 7),
        ("早九晚五", 3.0, [(9, 12)], 7),
    ],
)
def test_texts_say_when_a_site_is_open(text, hours, spans, days):
    found = open_days(sites(text), np.array([hours]), opens=9.0)
    assert found.is_open[0].tolist() == quarters(*spans).tolist()
    assert found.days[0] == days
    assert found.hours_per_day[0] == pytest.approx(hours)


def test_tables_without_texts_and_without_sites():
    days = open_days(pd.DataFrame({"site_id": ["a"]}), np.array([4.0]), opens=8.0)
    assert days.share_of_hours[0, 8:12].tolist() == [0.25] * 4
    none = open_days(sites(), np.empty(0), opens=8.0)
    assert none.is_open.shape == (0, 96)


def normal(x):
    return (1 + math.erf(x / math.sqrt(2))) / 2


def test_arrivals_round_a_peak_by_hand():
    # One peak at 12 with a spread of 2 hours, open from 10 to 14: one spread to each side.
    is_open = quarters((10, 14))
    share = arrival_shares(is_open[None], peaks=[12], peak_share=0.5, peak_spread_h=2.0)
    inside = normal(1) - normal(-1)
    outer, inner = normal(-0.5) - normal(-1), normal(0) - normal(-0.5)
    expected = [0.125 + 0.5 * part / inside for part in (outer, inner, inner, outer)]
    assert by_hour(share)[0, 10:14] == pytest.approx(expected)


def test_peaks_beyond_midnight_are_of_the_same_day():
    share = arrival_shares(np.ones((1, 96), bool), peaks=[0], peak_share=1.0, peak_spread_h=1.0)
    assert share[0] == pytest.approx(share[0, ::-1])
    assert by_hour(share)[0, 23] == pytest.approx(normal(1) - normal(0))


def test_without_a_peak_near_all_come_evenly():
    is_open = np.stack([quarters((3, 4)), quarters((9, 12)), np.zeros(96, dtype=bool)])
    share = arrival_shares(is_open, peaks=[22], peak_share=1.0, peak_spread_h=0.1)
    assert share[0, 12:16].tolist() == [0.25] * 4
    assert not share[2].any()
    even = arrival_shares(is_open[1:2], peaks=[], peak_share=0.0, peak_spread_h=1.0)
    assert even[0][is_open[1]] == pytest.approx(np.full(12, 1 / 12))


def test_hours_are_spread_over_their_open_quarters():
    hours = np.zeros((1, 24))
    hours[0, [8, 9]] = 6.0, 4.0
    spread = in_open_quarters(hours, quarters((8.5, 10))[None])
    assert spread[0, 32:40].tolist() == [0.0, 0.0, 3.0, 3.0, 1.0, 1.0, 1.0, 1.0]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.booleans(), min_size=96, max_size=96),
    st.lists(st.floats(0, 24), min_size=1, max_size=3),
    st.floats(0, 1),
    st.floats(0.05, 6),
)
def test_everybody_comes_while_it_is_open(is_open, peaks, peak_share, spread):
    row = np.array([is_open])
    share = arrival_shares(row, peaks=peaks, peak_share=peak_share, peak_spread_h=spread)
    assert share.sum() == pytest.approx(float(row.any()), abs=1e-12)
    assert (share[~row] == 0).all()
    assert (share >= 0).all()
