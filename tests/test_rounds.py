"""Rounds against a checker of their own and all plans of small cases."""

import itertools
import math
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from walkcover import InputError
from walkcover._routes import Case, Effort, Part, _exchanged, _filled, drives_s
from walkcover.rounds import Team, fewest_teams, plan_rounds

HOUR = 3600.0


def plane(n, seed, *, side_s=3000.0):
    """Drives between points of a plane, a little longer one way than the other."""
    rng = np.random.default_rng(seed)
    xy = rng.random((n, 2)) * side_s
    drive = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)) * rng.uniform(1, 1.1, (n, n))
    np.fill_diagonal(drive, 0.0)
    return drive


def check(rounds, tests, stop, drive_s, teams):
    """Every promise of a plan, worked out again from its visits alone."""
    visits = rounds.visits
    taken = visits.groupby("stop")["tests"].sum()
    left = rounds.unserved.groupby("stop")["tests"].sum()
    for number, amount in enumerate(tests):
        assert taken.get(number, 0) + left.get(number, 0) == math.ceil(amount)
    days, drives = 0, 0.0
    for (team_number, day), tour in visits.groupby(["team", "day"]):
        team = teams[team_number - 1]
        days += 1
        assert 1 <= day <= team.days
        assert tour["order"].tolist() == list(range(1, len(tour) + 1))
        assert tour["tests"].sum() <= team.tests_per_day
        here, clock = team.base, 0.0
        for visit in tour.itertuples():
            leg = drive_s[here, stop[visit.stop]]
            assert math.isfinite(leg)
            assert visit.arrive_s >= clock + leg
            assert visit.leave_s >= visit.arrive_s + team.setup_s + visit.tests * HOUR / (
                team.tests_per_hour
            )
            assert visit.drive_s == pytest.approx(leg, abs=1.0)
            here, clock = stop[visit.stop], visit.leave_s
            drives += visit.drive_s
        home = drive_s[here, team.base]
        drives += math.ceil(home)
        assert clock + home <= team.shift_s
    assert (days, drives) == (rounds.team_days, rounds.drive_s)


def best_by_trying(tests, stop, drive_s, team):
    """Most tests of one team on one day, then the shortest drive, over all orders."""
    best = (0, 0.0)
    for size in range(1, len(tests) + 1):
        for order in itertools.permutations(range(len(tests)), size):
            rows = [team.base, *(stop[k] for k in order), team.base]
            drive = sum(math.ceil(drive_s[a, b]) for a, b in itertools.pairwise(rows))
            stand = sum(team.service_s(tests[k]) for k in order)
            amount = sum(tests[k] for k in order)
            if drive + stand <= team.shift_s and amount <= team.tests_per_day:
                best = max(best, (amount, -drive))
    return best[0], -best[1]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 5), st.sampled_from([1.5, 2.5, 6.0]))
@example(1446, 3, 2.5)
def test_one_day_is_the_best_of_all_orders(seed, n, hours):
    rng = np.random.default_rng(seed)
    drive_s, tests = plane(n + 1, seed), rng.integers(5, 60, n).tolist()
    team = Team(base=0, shift_s=hours * HOUR, tests_per_hour=100, tests_per_day=120, days=1)
    stop = list(range(1, n + 1))
    rounds = plan_rounds(tests, stop, drive_s, [team], iterations=400)
    check(rounds, tests, stop, drive_s, [team])
    amount, drive = best_by_trying(tests, stop, drive_s, team)
    assert rounds.visits["tests"].sum() >= 0.98 * amount
    if rounds.visits["tests"].sum() == amount and len(rounds.visits) == n:
        assert rounds.drive_s <= 1.05 * drive


def test_a_week_of_two_unlike_teams_keeps_every_promise():
    drive_s = plane(31, 3)
    tests = np.random.default_rng(3).integers(1, 400, 29)
    teams = [
        Team(base=0, days=3, tests_per_hour=90, tests_per_day=500),
        Team(base=30, days=2, tests_per_hour=150, setup_s=900.0, shift_s=6 * HOUR),
    ]
    stop = np.arange(1, 30)
    rounds = plan_rounds(tests, stop, drive_s, teams, iterations=500)
    check(rounds, tests, stop, drive_s, teams)
    again = plan_rounds(tests, stop, drive_s, teams, iterations=500)
    pd.testing.assert_frame_equal(rounds.visits, again.visits)


def test_a_large_stop_is_visited_on_several_days():
    # 8 h less an hour of driving and 10 minutes: 6 h 50 min at 100 an hour are 683 tests a day.
    drive_s = np.array([[0.0, 1800.0], [1800.0, 0.0]])
    team = Team(base=0, tests_per_hour=100, tests_per_day=2000)
    rounds = plan_rounds([1500], [1], drive_s, [team])
    check(rounds, [1500], [1], drive_s, [team])
    assert rounds.visits["tests"].tolist() == [683, 683, 134]
    assert rounds.unserved.empty


def test_who_cannot_be_served_is_told_why():
    drive_s = np.full((5, 5), 600.0)
    drive_s[3], drive_s[:, 3] = np.inf, np.inf
    drive_s[0, 2] = drive_s[2, 0] = 3 * HOUR
    np.fill_diagonal(drive_s, 0.0)
    team = Team(base=0, shift_s=4 * HOUR, tests_per_hour=60, tests_per_day=1000, days=1)
    rounds = plan_rounds([100, 10, 10, 500], [1, 2, 3, 4], drive_s, [team], iterations=200)
    check(rounds, [100, 10, 10, 500], [1, 2, 3, 4], drive_s, [team])
    why = rounds.unserved.set_index("stop")
    # Six hours of driving, 10 minutes of setting up and 10 tests, in a shift of four hours.
    assert why.loc[1, ["reason", "short_s"]].tolist() == ["too_far", 2 * HOUR + 1200.0]
    assert why.loc[2, "reason"] == "no_road"
    assert set(why["reason"]) == {"too_far", "no_road", "no_time"}


def test_fewest_teams_meets_its_bound():
    # Ten stops of four hours each, a few minutes apart: two fill a day, five days make ten.
    drive_s = np.full((11, 11), 120.0)
    np.fill_diagonal(drive_s, 0.0)
    team = Team(base=0, tests_per_hour=60, tests_per_day=1000, setup_s=0.0, days=5)
    stop = list(range(1, 11))
    found = fewest_teams([230] * 10, stop, drive_s, [team], iterations=300)
    assert (found.teams, found.at_least, found.rounds.team_days) == (1, 1, 5)
    check(found.rounds, [230] * 10, stop, drive_s, [team])
    found = fewest_teams([460] * 10, stop, drive_s, [team], iterations=300)
    assert (found.teams, found.at_least) == (2, 2)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 6))
def test_fewest_days_are_those_of_all_ways_to_share_out(seed, n):
    # Every set of stops that one day can take, and the fewest of these sets that hold all.
    rng = np.random.default_rng(seed)
    drive_s = plane(n + 2, seed)
    tests = rng.integers(40, 200, n).tolist()
    stop = list(range(1, n + 1))
    kinds = [
        Team(base=base, shift_s=4 * HOUR, tests_per_hour=60, tests_per_day=250, days=1)
        for base in (0, n + 1)
    ]
    day = {
        chosen
        for size in range(1, n + 1)
        for chosen in itertools.combinations(range(n), size)
        if any(_fits(order, tests, stop, drive_s, kind) for kind in kinds
               for order in itertools.permutations(chosen))
    }  # fmt: skip
    if any((k,) not in day for k in range(n)):
        return
    fewest = next(
        count
        for count in range(1, n + 1)
        if any(
            set().union(*chosen) == set(range(n))
            for chosen in itertools.combinations(sorted(day), count)
        )
    )
    found = fewest_teams(tests, stop, drive_s, kinds, iterations=600)
    assert found.at_least <= fewest == found.teams
    assert found.rounds.unserved.empty


def _fits(order, tests, stop, drive_s, team):
    rows = [team.base, *(stop[k] for k in order), team.base]
    drive = sum(math.ceil(drive_s[a, b]) for a, b in itertools.pairwise(rows))
    stand = sum(team.service_s(tests[k]) for k in order)
    return drive + stand <= team.shift_s and sum(tests[k] for k in order) <= team.tests_per_day


def test_two_bases_share_their_stops_and_one_team_does_for_both():
    # Two clusters half an hour from each other, each at its base; one team has time for all.
    near, far = 120.0, 1800.0
    side = np.array([0, 0, 0, 1, 1, 1])
    drive_s = np.where(side[:, None] == side, near, far)
    np.fill_diagonal(drive_s, 0.0)
    tests, stop = [300, 300, 300, 300], [1, 2, 4, 5]
    one, two = (Team(base=base, tests_per_hour=120, days=5) for base in (0, 3))
    found = fewest_teams(tests, stop, drive_s, [one, two], iterations=300)
    # 4 times 2 h 40 min with drives: two days, which the two bases would share, are one team's.
    assert (found.teams, found.at_least, found.rounds.team_days) == (1, 1, 2)
    both = fewest_teams(tests, stop, drive_s, [one, two], at_hand=[1, 1], iterations=300)
    assert (both.kinds, both.rounds.drive_s) == ((0, 1), 2 * 3 * near)
    check(both.rounds, tests, stop, drive_s, [[one, two][kind] for kind in both.kinds])


def test_teams_at_hand_are_used_before_more_are_asked_for():
    drive_s = np.full((11, 11), 120.0)
    np.fill_diagonal(drive_s, 0.0)
    team = Team(base=0, tests_per_hour=60, setup_s=0.0, days=1)
    far = Team(base=10, tests_per_hour=60, setup_s=0.0, days=1)
    stop = list(range(1, 9))
    found = fewest_teams([230] * 8, stop, drive_s, [team, far], at_hand=[2, 0],
                         grows=[False, True], iterations=300)  # fmt: skip
    assert found.kinds == (0, 0, 1, 1)
    with pytest.raises(InputError, match="one that grows"):
        fewest_teams([230] * 8, stop, drive_s, [team], grows=[False])


def test_nothing_to_do_is_no_plan():
    rounds = plan_rounds([0.0], [1], np.zeros((2, 2)), [Team(base=0)])
    assert (len(rounds.visits), len(rounds.unserved), rounds.team_days) == (0, 0, 0)


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"tests": [-1]}, "tests: expected finite"),
        ({"stop": [5]}, "rows of the 2 places"),
        ({"teams": []}, "no team"),
        ({"teams": [Team(base=7)]}, "base 7 is none of the 2 places"),
        ({"teams": [Team(base=0, shift_s=0)]}, "team 1: expected positive"),
        ({"drive_s": [[0.0, -1.0], [1.0, 0.0]]}, "seconds from 0"),
    ],
)
def test_bad_input_is_named(changed, match):
    asked = {"tests": [1], "stop": [1], "drive_s": np.zeros((2, 2)), "teams": [Team(base=0)]}
    asked |= changed
    with pytest.raises(InputError, match=match):
        plan_rounds(asked["tests"], asked["stop"], asked["drive_s"], asked["teams"])


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_an_exchange_takes_no_fewer_tests_and_keeps_every_limit(seed):
    rng = np.random.default_rng(seed)
    drive_s = plane(10, seed)
    # A road that leads one way only: from the first stop to the second there is none.
    drive_s[0, 1] = np.inf
    parts = [Part(number, int(tests)) for number, tests in enumerate(rng.integers(5, 60, 8))]
    teams = [
        Team(base=8, shift_s=2.5 * HOUR, tests_per_hour=100, tests_per_day=90),
        Team(base=9, shift_s=3.5 * HOUR, tests_per_hour=60, tests_per_day=70),
    ]
    case = Case(parts, np.arange(8), drive_s, teams)
    # A poor start: what happens to come first.
    begin, free = [], rng.permutation(8).tolist()
    for kind in (0, 1):
        begin.append((kind, _filled(case, kind, [], free[:2])))
        free = free[2:]
    found = _exchanged(case, begin, Effort(1, time.monotonic() + 60.0, 0))
    served = [part for _, route in found for part in route]
    assert len(served) == len(set(served))
    for (kind, route), (_, before) in zip(found, begin, strict=True):
        team, tests = teams[kind], [parts[part].tests for part in route]
        assert sum(tests) >= sum(parts[part].tests for part in before)
        assert sum(tests) <= team.tests_per_day
        stands_s = sum(map(team.service_s, tests))
        assert drives_s(case, [(kind, route)]) + stands_s <= team.shift_s
