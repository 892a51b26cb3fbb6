"""Hold the listing of all sets against answers worked by hand."""

import itertools

import enumeration as every
import numpy as np
import pytest
from enumeration import Best, Rule

# Four places and six residences of 112 people; the last residence is out of reach of all places.
A, B, C, D = range(4)
PEOPLE = np.array([10, 20, 30, 40, 5, 7])
REACH = np.array(
    [
        [1, 1, 0, 0, 0, 0],
        [0, 1, 1, 0, 0, 0],
        [0, 0, 1, 1, 0, 0],
        [0, 0, 0, 0, 1, 0],
    ],
    dtype=bool,
)
# The first and the last two residences.
OUTSKIRTS = [10, 0, 0, 0, 5, 7]
# Three places and three residences.
WALK_S = np.array([[100, 300, np.inf], [400, 100, np.inf], [np.inf, 200, 500]])
WALKERS = np.array([2, 1, 3])


def sets(*chosen: set[int]) -> frozenset[frozenset[int]]:
    return frozenset(frozenset(new) for new in chosen)


@pytest.mark.parametrize(
    ("limits", "value", "chosen"),
    [
        ({"sites": 0}, 0, [set()]),
        ({"sites": 1}, 70, [{C}]),
        ({"sites": 2}, 100, [{A, C}]),
        ({"sites": 4}, 105, [{A, C, D}, {A, B, C, D}]),
        ({"sites": 2, "forbidden": [C]}, 60, [{A, B}]),
        ({"sites": 2, "forced": [D]}, 75, [{C, D}]),
        ({"sites": 1, "fixed": [C]}, 100, [{A}]),
        ({"sites": 1, "fixed": [C], "forced": [C], "forbidden": [C]}, 100, [{A}]),
        ({"costs": [3, 1, 4, 1], "budget": 4}, 70, [{C}]),
        ({"costs": [3, 1, 4, 1], "budget": 5}, 90, [{B, C}]),
        ({"costs": [3, 1, 4, 1], "budget": 5, "sites": 1}, 70, [{C}]),
        ({"costs": [3, 1, 4, 1], "budget": 3, "fixed": [C]}, 100, [{A}]),
        ({"sites": 2, "times": 2}, 30, [{B, C}]),
        ({"sites": 3, "times": 2}, 50, [{A, B, C}]),
        ({"sites": 1, "times": 2, "fixed": [B]}, 30, [{C}]),
    ],
)
def test_most_people(limits: dict, value: float, chosen: list[set[int]]) -> None:
    assert every.best_cover(REACH, PEOPLE, **limits) == Best(value, 0, sets(*chosen))


@pytest.mark.parametrize(
    ("share", "sites", "expected"),
    [
        # 8.8 people are asked for, which A alone brings.
        (0.4, 2, Best(100, 0, sets({A, C}))),
        # 11 take A and D.
        (0.5, 2, Best(35, 0, sets({A, D}))),
        (0.5, 1, Best(30, 1, sets({A}), impossible=True)),
        # All 22 are asked for, of whom 15 can be reached.
        (1.0, 2, Best(35, 0, sets({A, D}), impossible=True)),
        (1.0, 1, Best(30, 5, sets({A}), impossible=True)),
    ],
)
def test_floor_comes_before_people(share: float, sites: int, expected: Best) -> None:
    found = every.best_cover(REACH, PEOPLE, sites=sites, floors=[(OUTSKIRTS, share, 1)])
    assert found == expected


def test_floors_with_two_sites_in_reach() -> None:
    twice = ([0, 20, 0, 0, 0, 0], 1.0, 2)
    assert every.best_cover(REACH, PEOPLE, sites=2, floors=[twice]) == Best(60, 0, sets({A, B}))
    # C and D would bring 75 people, but then the 20 are short.
    both = [twice, (OUTSKIRTS, 0.6, 1)]
    found = every.best_cover(REACH, PEOPLE, sites=2, floors=both)
    # 13.2 are asked for: A and B miss 3.2, A and D miss 20, B and D miss 20 and 8.2.
    assert found.value == 60
    assert found.shortfall == pytest.approx(3.2)
    assert found.sets == sets({A, B})
    assert found.impossible


def test_ties_go_to_other_people() -> None:
    people = [10, 0, 0, 10, 0, 0]
    assert every.best_cover(REACH, people, sites=1).sets == sets({A}, {C})
    found = every.best_cover(REACH, people, sites=1, tie_people=PEOPLE)
    assert found == Best(10, 0, sets({C}))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"share": 0.6}, Best(1, 0, sets({C}))),
        # 89.6 people: A and C bring 100, B and C 90.
        ({"share": 0.8}, Best(2, 0, sets({A, C}))),
        ({"share": 0.8, "tie_people": [0] * 6}, Best(2, 0, sets({A, C}, {B, C}))),
        ({"share": 0.8, "costs": [9, 1, 4, 1]}, Best(5, 0, sets({B, C}))),
        ({"share": 0.8, "fixed": [C]}, Best(1, 0, sets({A}))),
        ({"share": 0.6, "forced": [D]}, Best(2, 0, sets({C, D}))),
        ({"share": 0.6, "floors": [([0, 0, 0, 0, 5, 0], 1, 1)]}, Best(2, 0, sets({C, D}))),
        ({"share": 0.6, "forbidden": [C]}, Best(3, 0, sets({A, B, D}), impossible=True)),
        ({"share": 1.0}, Best(3, 0, sets({A, C, D}), impossible=True)),
        ({"share": 0.25, "times": 2}, Best(2, 0, sets({B, C}))),
        ({"share": 0.25, "times": 2, "fixed": [B]}, Best(1, 0, sets({C}))),
    ],
)
def test_fewest_sites(asked: dict, expected: Best) -> None:
    assert every.fewest(REACH, PEOPLE, **asked) == expected


@pytest.mark.parametrize("seed", range(5))
def test_fewest_and_most_agree(seed: int) -> None:
    rng = np.random.default_rng(seed)
    reach, people = rng.random((7, 12)) < 0.25, rng.integers(1, 9, 12)
    share = people[reach.any(axis=0)].sum() / people.sum() * 0.8
    number = int(every.fewest(reach, people, share=share).value)
    assert every.best_cover(reach, people, sites=number).value >= share * people.sum()
    assert every.best_cover(reach, people, sites=number - 1).value < share * people.sum()


@pytest.mark.parametrize(
    ("limits", "seconds", "chosen"),
    [
        ({"sites": 0}, 6000, [set()]),
        # B takes 3,900 and C 3,700.
        ({"sites": 1}, 3500, [{A}]),
        ({"sites": 2}, 1900, [{A, C}]),
        ({"sites": 1, "fixed": [B]}, 2400, [{C}]),
        ({"sites": 2, "forbidden": [C]}, 3300, [{A, B}]),
    ],
)
def test_least_walking(limits: dict, seconds: float, chosen: list[set[int]]) -> None:
    found = every.best_median(WALK_S, WALKERS, beyond_s=1000, **limits)
    assert found == Best(seconds, 0, sets(*chosen))


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        # Three of six people.
        ({"sites": 1, "share": 0.5}, Best(300, 0, sets({A}))),
        ({"sites": 2}, Best(500, 0, sets({A, C}, {B, C}))),
        ({"sites": 1, "fixed": [B]}, Best(500, 0, sets({C}))),
        # No place reaches all; C reaches four people, the others three.
        ({"sites": 1}, Best(np.inf, 0, sets({C}), impossible=True)),
    ],
)
def test_shortest_longest_walk(limits: dict, expected: Best) -> None:
    assert every.best_center(WALK_S, WALKERS, **limits) == expected


SHARED = np.array([[1, 1, 0], [0, 1, 1]], dtype=bool)
# Small at A, large at A, small at B.
OPTIONS = [(A, 12, 1), (A, 25, 3), (B, 12, 1)]


@pytest.mark.parametrize(
    ("standing", "limits", "people", "chosen"),
    [
        ([0, 0], {"budget": 1}, 12, [{0}, {2}]),
        ([0, 0], {"sites": 1}, 20, [{1}]),
        ([0, 0], {"budget": 3}, 24, [{0, 2}]),
        ([0, 0], {"budget": 4}, 30, [{1, 2}]),
        ([0, 0], {"budget": 3, "forbidden": [B]}, 20, [{1}]),
        ([0, 0], {"budget": 1, "forced": [B]}, 12, [{2}]),
        ([5, 0], {"budget": 0}, 5, [set()]),
        ([5, 0], {"budget": 1}, 17, [{2}]),
        # An upgrade is no new site.
        ([5, 0], {"sites": 0}, 20, [{1}]),
    ],
)
def test_most_served(
    standing: list[float], limits: dict, people: float, chosen: list[set[int]]
) -> None:
    found = every.best_served(SHARED, [10, 10, 10], standing=standing, options=OPTIONS, **limits)
    assert found == Best(people, 0, sets(*chosen))


@pytest.mark.parametrize("seed", range(5))
def test_flow_equals_the_least_cut(seed: int) -> None:
    rng = np.random.default_rng(seed)
    reach = rng.random((4, 7)) < 0.4
    people, capacity = rng.integers(1, 9, 7), rng.integers(1, 15, 4)
    cuts = []
    for cut in itertools.product([False, True], repeat=7):
        inside = np.array(cut)
        cuts.append(people[~inside].sum() + capacity[reach[:, inside].any(axis=1)].sum())
    assert every.served(reach, people, capacity) == min(cuts)


# Two places and two residences in the city, then as many in the county; B reaches across.
ACROSS = np.array([[1, 0, 0, 0], [1, 0, 1, 0], [0, 0, 1, 1], [0, 0, 0, 1]], dtype=bool)
STAGE = ["city", "city", "county", "county"]
CROWD = np.array([10, 10, 20, 5])


def outcomes(
    city: Rule, county: Rule, *, built: set[int], costs: list[float] | None = None
) -> list[Best]:
    found = every.stages(
        ACROSS,
        CROWD,
        {"city": city, "county": county},
        residence_stage=STAGE,
        candidate_stage=STAGE,
        built={"city": built, "county": ()},
        costs=costs,
    )
    return [found["city"], found["county"]]


def test_stage_is_judged_by_what_was_built_before() -> None:
    city, county = Rule(max_sites=1), Rule(target=0.8)
    # A and B cover 10 of the city; B covers 20 of the county besides, which is its target.
    expected = Best(10, 0, sets({B}))
    assert outcomes(city, county, built={B}) == [expected, Best(0, 0, sets(set()))]
    # Had A been built instead, one site were missing in the county.
    assert outcomes(city, county, built={A}) == [expected, Best(1, 0, sets({C}))]


def test_stage_has_its_own_target_and_budget() -> None:
    # The city's second residence is out of reach: 10 of 20 people are the most.
    found = outcomes(Rule(target=1.0), Rule(budget=1.0), built={A}, costs=[1, 2, 3, 1])
    assert found == [Best(1, 0, sets({A}), impossible=True), Best(5, 0, sets({D}))]


def test_stage_has_its_own_floors() -> None:
    # The floor's 20 people of the county are none of the city's.
    floors = [([0, 0, 20, 5], 0.9, 1)]
    found = outcomes(Rule(max_sites=0, floors=floors), Rule(max_sites=1), built=set())
    assert found == [Best(0, 0, sets(set())), Best(25, 0, sets({C}))]
    found = outcomes(Rule(max_sites=0), Rule(target=0.1, floors=floors), built={B})
    assert found[1] == Best(1, 0, sets({C}, {D}))


def test_people_who_lose_cover() -> None:
    assert every.one_out(REACH, PEOPLE, [A, B, C]) == {A: 10, B: 0, C: 40}
    assert every.one_out(REACH, PEOPLE, [A, B, C], times=2) == {A: 20, B: 50, C: 30}


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"forced": [A], "forbidden": [A]}, "forced and forbidden"),
        ({"forced": [A, B], "sites": 1}, "more are forced"),
        ({"forced": [A], "costs": [3, 1, 4, 1], "budget": 2}, "cost more"),
    ],
)
def test_limits_that_nothing_keeps(limits: dict, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        every.best_cover(REACH, PEOPLE, **limits)
