"""Timetables against peaks worked by hand, the closed form of windows, and their laws."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from walkcover import InputError
from walkcover.slots import stagger, stagger_by_hours


def test_two_groups_by_hand():
    # Three hours for 60 each. Workers (90) may come in hours 0 and 1, all others (60) in 1 and 2:
    # 150 tests over 180 places, and no smaller set of hours is fuller.
    natural = [[0, 1, 0], [0, 1, 0]]
    slots = stagger([[90.0, 60.0]], [[60.0] * 3], natural, [[1, 1, 0], [0, 1, 1]])
    assert slots.natural_peak == pytest.approx(150 / 60)
    assert slots.peak == pytest.approx(150 / 180)
    assert slots.load[0] == pytest.approx([150 / 180] * 3)
    # 50 remain in the middle hour of the 150 that came there.
    assert slots.moved == pytest.approx(100 / 150)


def test_nobody_is_moved_without_need():
    slots = stagger([[30.0]], [[60.0, 30.0]], [[0.5, 0.5]], [[1, 1]])
    # 15 of 60 and 15 of 30: evened out to a third each, which moves 5 of 30.
    assert slots.peak == pytest.approx(1 / 3)
    assert slots.moved == pytest.approx(5 / 30)
    even = stagger([[30.0]], [[60.0, 60.0]], [[0.5, 0.5]], [[1, 1]])
    assert (even.peak, even.moved) == (pytest.approx(0.25), pytest.approx(0.0, abs=1e-8))


def test_one_timetable_serves_all_sites():
    # The group of the small site fills it; the big site has room in both hours.
    tests, capacity = [[60.0, 0.0], [10.0, 50.0]], [[30.0, 60.0], [100.0, 100.0]]
    slots = stagger(tests, capacity, [[1, 0], [1, 0]], np.ones((2, 2)))
    assert slots.peak == pytest.approx(60 / 90)
    assert slots.share[0] == pytest.approx([1 / 3, 2 / 3])


def test_one_odd_site_does_not_keep_the_others_from_being_levelled():
    # The workers of the first site must all come in the first hour, 60 to a place for 60. The
    # others, at the second site, need not move for that peak, but the peak of both sites together
    # is least when they do: 30 of 40 in the second hour, so that 60 + 10 of 120 meet 30 of 120.
    tests, capacity = [[60.0, 0.0], [0.0, 40.0]], [[60.0, 60.0], [60.0, 60.0]]
    slots = stagger(tests, capacity, [[1, 0], [1, 0]], [[1, 0], [1, 1]])
    assert slots.peak == pytest.approx(1.0)
    assert slots.share[1] == pytest.approx([0.0, 1.0], abs=1e-6)
    # With 100 of them 60 + x and 100 - x of 120 are level at x = 20.
    tests[1][1], capacity[1] = 100.0, [120.0, 120.0]
    slots = stagger(tests, capacity, [[1, 0], [1, 0]], [[1, 0], [1, 1]])
    assert slots.share[1] == pytest.approx([0.2, 0.8], abs=1e-6)


def test_sites_with_other_hours_have_their_own_timetable():
    # 90 a day where two hours are open, 60 where only the first is: a half each, and all of them.
    tests, capacity = [[90.0], [60.0]], [[60.0, 60.0], [120.0, 0.0]]
    found = stagger_by_hours(tests, capacity, [[[0.9, 0.1]], [[1, 0]]], [[1, 1]], site_class=[0, 1])
    assert found.share[:, 0] == pytest.approx(np.array([[0.5, 0.5], [1.0, 0.0]]))
    assert found.load == pytest.approx(np.array([[0.75, 0.75], [0.5, 0.0]]))
    assert (found.peak, found.natural_peak) == (pytest.approx(0.75), pytest.approx(1.35))
    # 81 came in the first hour, 45 do.
    assert found.moved == pytest.approx(36 / 150)
    assert not found.is_free.any()


def test_a_group_that_could_not_come_at_all_may_come_when_its_sites_are_open():
    tests, capacity = [[30.0], [30.0]], [[60.0, 60.0, 0.0], [0.0, 60.0, 60.0]]
    natural = [[[0.8, 0.2, 0]], [[0, 0.2, 0.8]]]
    found = stagger_by_hours(tests, capacity, natural, [[0, 0, 1]], site_class=[0, 1])
    assert found.is_free.tolist() == [[True], [False]]
    assert found.share[:, 0] == pytest.approx(np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]))


def test_sites_of_a_class_open_together():
    with pytest.raises(InputError, match="sites of class 0 are open in different hours"):
        stagger_by_hours([[1.0], [1.0]], [[1, 0], [1, 1]], [[[1, 0]]], [[1, 1]], site_class=[0, 0])


def test_nobody_needs_no_timetable():
    found = stagger_by_hours(
        np.empty((0, 1)), np.empty((0, 2)), np.empty((0, 1, 2)), [[1, 1]], site_class=[]
    )
    assert (found.peak, found.moved, found.share.shape) == (0.0, 0.0, (0, 1, 2))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_own_timetables_are_no_worse_than_one_for_all(seed):
    rng = np.random.default_rng(seed)
    tests, capacity = rng.integers(1, 90, (5, 3)), rng.integers(20, 60, (5, 4))
    natural, allowed = rng.dirichlet(np.ones(4), size=3), rng.random((3, 4)) < 0.6
    allowed[:, 0] = True
    one = stagger(tests, capacity, natural, allowed)
    number = rng.integers(0, 2, 5)
    own = stagger_by_hours(tests, capacity, [natural] * 2, allowed, site_class=number)
    assert own.peak <= one.peak * (1 + 1e-6)
    assert own.natural_peak == pytest.approx(one.natural_peak)
    come = np.stack([tests[site] @ own.share[number[site]] for site in range(5)])
    assert come.sum() == pytest.approx(tests.sum())
    assert (own.share[:, ~allowed] == 0).all()


def test_closed_hours_are_not_used_and_groups_without_tests_have_none():
    tests = [[60.0, 0.0], [0.0, 0.0]]
    slots = stagger(tests, [[60.0, 0.0], [0.0, 60.0]], [[0.5, 0.5], [0, 1]], np.ones((2, 2)))
    assert slots.share.tolist() == [[1.0, 0.0], [0.0, 0.0]]
    assert slots.natural_peak == np.inf
    assert slots.peak == pytest.approx(1.0)


windows = st.lists(
    st.tuples(st.floats(1, 500), st.integers(0, 5), st.integers(1, 6)), min_size=1, max_size=5
)


@settings(max_examples=60, deadline=None)
@given(windows, st.lists(st.integers(10, 90), min_size=6, max_size=6))
def test_peak_is_that_of_the_fullest_hours(groups, capacity):
    allowed = np.zeros((len(groups), 6), dtype=bool)
    for row, (_, first, length) in zip(allowed, groups, strict=True):
        row[first : first + length] = True
    tests = np.array([[amount for amount, _, _ in groups]])
    natural = np.full((len(groups), 6), 1 / 6)
    slots = stagger(tests, [capacity], natural, allowed)
    # Hall: in some set of hours, all who may come there only fill it to the least peak.
    fullest = 0.0
    for size in range(1, 7):
        for hours in itertools.combinations(range(6), size):
            inside = np.isin(np.arange(6), hours)
            bound = tests[0][~(allowed & ~inside).any(axis=1)].sum()
            fullest = max(fullest, bound / np.array(capacity)[inside].sum())
    assert slots.peak == pytest.approx(fullest, rel=1e-6)
    assert slots.share.sum(axis=1) == pytest.approx(1.0)
    assert (slots.share[~allowed] == 0).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_more_hours_never_raise_the_peak(seed):
    rng = np.random.default_rng(seed)
    tests, capacity = rng.integers(0, 90, (4, 3)), rng.integers(20, 60, (4, 5))
    natural = rng.dirichlet(np.ones(5), size=3)
    allowed = rng.random((3, 5)) < 0.5
    allowed[:, 0] = True
    tight = stagger(tests, capacity, natural, allowed)
    loose = stagger(tests, capacity, natural, allowed | (rng.random((3, 5)) < 0.5))
    assert loose.peak <= tight.peak * (1 + 1e-6)
    free = stagger(tests, capacity, natural, np.ones((3, 5)))
    assert free.peak <= free.natural_peak * (1 + 1e-6)
    assert 0.0 <= free.moved <= 1.0


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"tests": [[-1.0]]}, "tests: expected finite"),
        ({"natural": [[0.5, 0.4]]}, "group 0 sum to 0.9"),
        ({"allowed": [[1]]}, "shapes of tests"),
        ({"allowed": [[0, 0]]}, "1 groups have no hour in which they may come"),
        ({"capacity": [[0.0, 0.0]]}, "open the sites longer"),
    ],
)
def test_bad_input_is_named(changed, match):
    given_ = {"tests": [[1.0]], "capacity": [[60.0, 60.0]], "natural": [[0.5, 0.5]]}
    given_ |= {"allowed": [[1, 1]]} | changed
    with pytest.raises(InputError, match=match):
        stagger(**given_)


def test_rounding_of_one_program_does_not_make_the_next_impossible():
    # Drawn until the second program had no solution when it was held to the first one's own figure.
    rng = np.random.default_rng(394)
    n, k, h = rng.integers(1, 60), rng.integers(1, 6), rng.integers(2, 24)
    amounts = rng.gamma(1, 10.0 ** rng.integers(-3, 4), n)[:, None]
    tests = amounts * rng.dirichlet(np.ones(k), n) * (rng.random((n, k)) < 0.8)
    capacity = np.repeat(rng.integers(1, 30, n)[:, None] * 60.0, h, 1)
    capacity *= rng.choice([0.25, 0.5, 1], h)
    natural = rng.dirichlet(np.ones(h) * 0.3, k)
    allowed = rng.random((k, h)) < 0.4
    allowed[:, 0] = True
    slots = stagger(tests, capacity, natural, allowed)
    assert slots.peak == pytest.approx((tests @ slots.share / capacity).max())
    assert slots.share.sum(axis=1) == pytest.approx((tests.sum(axis=0) > 0).astype(float))


def test_programs_on_their_edge_are_solved():
    """Presolve calls some of these infeasible, though the program before gave their solution."""
    random = np.random.default_rng(5)
    for _ in range(60):
        tests = random.integers(1, 900, (5, 3)) * random.integers(0, 2, (5, 3)) * 1.37
        capacity = np.tile(random.integers(40, 200, (5, 1)), (1, 11)) * 1.03
        natural = random.random((3, 11)) ** 3
        natural /= natural.sum(axis=1, keepdims=True)
        allowed = np.ones((3, 11), dtype=bool)
        allowed[0, 4:] = False
        slots = stagger(tests, capacity, natural, allowed)
        comes = tests.sum(axis=0) > 0
        np.testing.assert_allclose(slots.share[comes].sum(axis=1), 1.0, atol=1e-9)
        # Someone who may come at any hour alone would be spread evenly.
        total = tests.sum() / (capacity.sum())
        assert slots.peak >= total - 1e-9
