"""Assignment of people to desk time against networkx, and the laws every assignment obeys."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from walkcover import _transport
from walkcover._errors import InputError
from walkcover.capacity import assign_people, desk_people, largest_flow
from walkcover.pairs import CoverPairs

# Fractions in the cases are multiples of this, so that the integer oracle is exact.
PARTS = 8


def make_pairs(matrix):
    matrix = np.asarray(matrix, dtype=bool)
    rows, columns = np.nonzero(matrix)
    indptr = np.searchsorted(rows, np.arange(matrix.shape[0] + 1))
    return CoverPairs.from_csr(indptr, columns, n_residences=matrix.shape[1])


def by_networkx(matrix, people, room, walk_s):
    """Most people served, and their least walk, by network simplex on whole parts."""
    graph = nx.DiGraph()
    graph.add_nodes_from(["from", "to"])
    for r, count in enumerate(people):
        graph.add_edge("from", ("r", r), capacity=round(count * PARTS))
    for j, count in enumerate(room):
        graph.add_edge(("s", j), "to", capacity=round(count * PARTS))
    for (j, r), walk in zip(np.argwhere(matrix), walk_s, strict=True):
        graph.add_edge(("r", r), ("s", j), weight=int(walk))
    flow = nx.max_flow_min_cost(graph, "from", "to")
    served = sum(flow["from"].values())
    return served / PARTS, nx.cost_of_flow(graph, flow) / PARTS


@st.composite
def cases(draw):
    n, m = draw(st.integers(1, 5)), draw(st.integers(1, 10))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    matrix = rng.random((n, m)) < draw(st.sampled_from([0.2, 0.5, 0.8]))
    parts = draw(st.sampled_from([1, PARTS]))
    people = rng.integers(0, 40 * parts, m) / parts
    room = rng.integers(0, 60 * parts, n) / parts
    return matrix, people, room, rng.integers(0, 900, int(matrix.sum()))


@settings(deadline=None, max_examples=150)
@given(cases())
def test_most_people_and_least_walk_are_what_networkx_finds(case):
    matrix, people, room, walk_s = case
    served, walk = by_networkx(matrix, people, room, walk_s)
    plain = assign_people(make_pairs(matrix), people, room)
    short = assign_people(make_pairs(matrix), people, room, walk_s=walk_s)
    assert plain.total_served_people == pytest.approx(served, abs=1e-9)
    assert short.total_served_people == pytest.approx(served, abs=1e-9)
    assert short.walk_person_s == pytest.approx(walk, abs=1e-6)
    assert plain.walk_person_s is None


@settings(deadline=None, max_examples=100)
@given(cases(), st.booleans(), st.integers(0, 2**32 - 1))
def test_turns_serve_the_most_of_each_turn_and_of_all(case, with_walk, seed):
    matrix, people, room, walk_s = case
    turn = np.random.default_rng(seed).integers(0, 3, people.size)
    answer = assign_people(
        make_pairs(matrix), people, room, walk_s=walk_s if with_walk else None, turn=turn
    )
    for last in range(3):
        served, _ = by_networkx(matrix, np.where(turn <= last, people, 0), room, walk_s)
        assert answer.served_people[turn <= last].sum() == pytest.approx(served, abs=1e-9)
    lacking = sum(short.lacking_people for short in answer.shortages)
    assert lacking == pytest.approx(answer.unserved_people[answer.is_reached].sum(), abs=1e-9)
    if with_walk:
        # Those served walk as little as they can together.
        _, walk = by_networkx(matrix, np.round(answer.served_people * PARTS) / PARTS, room, walk_s)
        assert answer.walk_person_s == pytest.approx(walk, abs=1e-6)


def test_turns_that_are_no_numbers_are_refused():
    pairs = make_pairs([[1, 1]])
    with pytest.raises(InputError, match="turn must hold a whole number for each of 2"):
        assign_people(pairs, [1, 2], [3], turn=[0.5, 1])


@settings(deadline=None, max_examples=100)
@given(cases(), st.booleans())
def test_people_are_conserved_and_no_limit_is_broken(case, with_walk):
    matrix, people, room, walk_s = case
    answer = assign_people(make_pairs(matrix), people, room, walk_s=walk_s if with_walk else None)
    np.testing.assert_allclose(answer.served_people + answer.unserved_people, people, rtol=1e-14)
    assert (answer.unserved_people >= 0).all()
    assert (answer.load_people <= room).all()
    assert matrix[answer.flow_site, answer.flow_residence].all()
    assert (answer.flow_people > 0).all()
    np.testing.assert_allclose(
        np.bincount(answer.flow_residence, answer.flow_people, minlength=people.size),
        answer.served_people,
        atol=1e-9,
    )
    np.testing.assert_allclose(
        np.bincount(answer.flow_site, answer.flow_people, minlength=room.size),
        answer.load_people,
        atol=1e-9,
    )
    assert (answer.is_reached == matrix.any(axis=0)).all()


@settings(deadline=None, max_examples=100)
@given(cases(), st.booleans())
def test_the_cut_proves_the_flow(case, with_walk):
    matrix, people, room, walk_s = case
    answer = assign_people(make_pairs(matrix), people, room, walk_s=walk_s if with_walk else None)
    lacking = sum(shortage.lacking_people for shortage in answer.shortages)
    assert lacking == pytest.approx(answer.unserved_people[answer.is_reached].sum(), abs=1e-9)
    seen = set()
    for shortage in answer.shortages:
        assert shortage.lacking_people > 0
        inside = np.isin(np.arange(len(room)), shortage.sites)
        assert not matrix[~inside][:, shortage.residences].any()
        np.testing.assert_allclose(answer.load_people[inside], room[inside])
        assert not seen & set(shortage.residences)
        seen |= set(shortage.residences)


def test_three_sites_that_are_full_together():
    # Sites 0, 1 and 2 form a chain over residences 0 to 3 with 40 people each and have 30 places
    # each: they lack 160 - 90 = 70. Site 3 has room for its 20, and for residence 5 beyond.
    matrix = [[1, 1, 0, 0, 0, 0], [0, 1, 1, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1]]
    answer = assign_people(make_pairs(matrix), [40, 40, 40, 40, 20, 5], [30, 30, 30, 50])
    (shortage,) = answer.shortages
    assert shortage.sites.tolist() == [0, 1, 2]
    assert shortage.residences.tolist() == [0, 1, 2, 3]
    assert (shortage.people, shortage.capacity_people, shortage.lacking_people) == (160, 90, 70)
    assert answer.total_served_people == 115


def test_shortages_apart_are_told_apart_the_largest_first():
    answer = assign_people(make_pairs(np.eye(2)), [30, 50], [25, 10])
    assert [(s.sites.tolist(), s.lacking_people) for s in answer.shortages] == [([1], 40), ([0], 5)]


def test_serving_more_people_comes_before_walking_less():
    # Residence 1 reaches site 0 only, 900 s away; residence 0 has to leave its nearest site.
    pairs = make_pairs([[1, 1], [1, 0]])
    answer = assign_people(pairs, [10, 10], [10, 10], walk_s=[1, 900, 800])
    assert answer.total_served_people == 20
    assert answer.walk_person_s == 10 * 900 + 10 * 800


def test_a_residence_is_split():
    # The near site takes 10 of 25 people at 100 s, the far one 15 at 500 s.
    answer = assign_people(make_pairs([[1], [1]]), [25], [10, 90], walk_s=[100, 500])
    assert answer.flow_people.tolist() == [10, 15]
    assert answer.walk_person_s == 10 * 100 + 15 * 500


def test_only_sites_that_stand_serve_or_reach():
    answer = assign_people(make_pairs([[1, 0], [0, 1]]), [5, 5], [9, 9], sites=[1])
    assert answer.served_people.tolist() == [0, 5]
    assert answer.is_reached.tolist() == [False, True]


def test_a_site_without_desk_time_reaches_and_serves_nobody():
    answer = assign_people(make_pairs([[1]]), [5], [0], walk_s=[60])
    assert answer.is_reached.tolist() == [True]
    assert answer.unserved_people.tolist() == [5]
    assert answer.shortages[0].lacking_people == 5


@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (0, 0)])
def test_nothing_to_assign(shape):
    answer = assign_people(
        make_pairs(np.zeros(shape)), np.ones(shape[1]), np.ones(shape[0]), walk_s=[]
    )
    assert answer.total_served_people == 0
    assert answer.shortages == ()


def test_numbers_beyond_int32_and_fractions_are_counted_exactly():
    # A third of 9e9 people cannot be counted in int32; in tenths even fewer.
    site, residence = np.array([0, 0, 1]), np.array([0, 1, 1])
    people, room = np.array([3e9, 0.1]), np.array([3e9, 0.3])
    assert largest_flow(site, residence, people, room).sum() == pytest.approx(3e9 + 0.1, abs=1e-4)
    people, room = np.array([1 / 3, 1 / 7]), np.array([1 / 3, 1.0])
    flow = largest_flow(site, residence, people, room)
    assert flow.sum() == pytest.approx(1 / 3 + 1 / 7, rel=1e-14)


def test_order_of_rows_does_not_matter():
    rng = np.random.default_rng(5)
    matrix = rng.random((6, 40)) < 0.4
    people, room = rng.integers(1, 30, 40), rng.integers(20, 90, 6)
    walk = rng.integers(1, 900, matrix.shape)
    first = assign_people(make_pairs(matrix), people, room, walk_s=walk[matrix])
    order = rng.permutation(40)
    second = assign_people(
        make_pairs(matrix[:, order]),
        people[order],
        room,
        walk_s=walk[:, order][matrix[:, order]],
    )
    assert first.total_served_people == second.total_served_people
    assert first.walk_person_s == pytest.approx(second.walk_person_s, abs=1e-6)
    np.testing.assert_array_equal(
        np.flatnonzero(np.isin(order, np.concatenate([s.residences for s in first.shortages]))),
        np.sort(np.concatenate([s.residences for s in second.shortages])),
    )


def test_many_rounds_of_the_program_agree_with_networkx():
    # Sites are nearly full everywhere, so that prices travel far.
    rng = np.random.default_rng(2)
    spots, homes = rng.random((12, 2)), rng.random((150, 2))
    away = np.hypot(*(spots[:, None] - homes[None]).transpose(2, 0, 1))
    matrix = away < 0.5
    walk_s = np.rint(away[matrix] * 1800).astype(int)
    people = rng.integers(1, 9, 150).astype(float)
    room = np.full(12, np.ceil(people.sum() / 12))
    served, walk = by_networkx(matrix, people, room, walk_s)
    answer = assign_people(make_pairs(matrix), people, room, walk_s=walk_s)
    assert answer.total_served_people == served
    assert answer.walk_person_s == pytest.approx(walk, rel=1e-12)


def test_the_program_starts_from_any_prices(monkeypatch):
    monkeypatch.setattr(_transport, "_first_prices", lambda t: np.zeros(t.room.size))
    test_many_rounds_of_the_program_agree_with_networkx()


def test_desk_people_multiplies():
    # 3 desks for 10 hours at 54 tests in an hour, 2 days: 3 * 10 * 54 * 2.
    assert desk_people(3, 10, tests_per_desk_hour=54, interval_days=2) == 3240
    assert desk_people([1, 0], 8.0).tolist() == [3360.0, 0.0]


@pytest.mark.parametrize(
    ("arguments", "options", "text"),
    [
        (([1, -1], 8), {}, "desks must be finite and not negative; 1 are not, the first at 1"),
        ((1, float("nan")), {}, "hours_per_day must be finite"),
        ((1, 25), {}, "hours_per_day must be at most 24"),
        (([1, 2], [8, 8, 8]), {}, r"desks has shape \(2,\) and hours_per_day \(3,\)"),
        ((1, 8), {"tests_per_desk_hour": 0}, "tests_per_desk_hour = 0: expected a positive"),
        ((1, 8), {"interval_days": float("inf")}, "interval_days = inf"),
    ],
)
def test_desk_time_that_cannot_be_meant(arguments, options, text):
    with pytest.raises(InputError, match=text):
        desk_people(*arguments, **options)


def test_all_faults_of_an_assignment_in_one_message():
    with pytest.raises(InputError) as caught:
        assign_people(make_pairs([[1]]), [1, 2], [-3], sites=[4], walk_s=[float("inf")])
    message = str(caught.value)
    for part in (
        "people has shape (2,); expected (1,)",
        "capacity_people must be finite and not negative; 1 are not, the first at 0: -3.0",
        "walk_s must be finite",
        "sites names candidate 4; there are 1, from 0",
    ):
        assert part in message
