"""The p-centre against the listing of all sets, proved optima and the laws answers obey."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import floyd_warshall

from walkcover import center
from walkcover._errors import InputError
from walkcover.center import min_worst_walk
from walkcover.siting import CoverPairs, min_sites


def make_pairs(walks):
    """Pairs and their walks from a table of candidates by residences; infinite: no pair."""
    candidate, residence = np.nonzero(np.isfinite(walks))
    indptr = np.searchsorted(candidate, np.arange(len(walks) + 1))
    pairs = CoverPairs.from_csr(indptr, residence, n_residences=walks.shape[1])
    return pairs, walks[candidate, residence]


def worst_walk(walks, people, sites, share):
    """Go up the walks that occur until the share lies within."""
    near = np.min(walks[list(sites)], axis=0, initial=np.inf)
    for limit in [0.0, *np.sort(walks[np.isfinite(walks)])]:
        if people[near <= limit].sum() >= share * people.sum() * (1 - 1e-9):
            return float(limit)
    return np.inf


@st.composite
def cases(draw):
    n, m = draw(st.integers(1, 9)), draw(st.integers(1, 12))
    density = draw(st.sampled_from([0.3, 0.7, 1.0]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    whole = draw(st.booleans())
    walks = 10.0 + (rng.integers(0, 12, (n, m)) * 60 if whole else rng.random((n, m)) * 900)
    walks[rng.random((n, m)) >= density] = np.inf
    people = rng.integers(0, 30, m) * 1.0 if whole else rng.random(m) * 50
    role = rng.choice(4, n, p=[0.76, 0.08, 0.08, 0.08])
    fixed, forced, forbidden = (np.flatnonzero(role == r).tolist() for r in (1, 2, 3))
    return walks, people, fixed, forced, forbidden


@settings(deadline=None, max_examples=150)
@given(cases(), st.integers(0, 3), st.sampled_from([1.0, 1.0, 0.9, 0.5, 0.1]))
def test_worst_walk_is_what_listing_finds(case, extra, share):
    walks, people, fixed, forced, forbidden = case
    sites = len(forced) + extra
    answer = min_worst_walk(
        *make_pairs(walks),
        people,
        sites=sites,
        share=share,
        fixed=fixed,
        forced=forced,
        forbidden=forbidden,
    )
    free = sorted({*range(len(walks))} - {*fixed, *forced, *forbidden})
    best = min(
        worst_walk(walks, people, [*fixed, *forced, *more], share)
        for size in range(min(extra, len(free)) + 1)
        for more in itertools.combinations(free, size)
    )
    assert answer.objective == answer.bound == best
    assert answer.status == ("optimal" if np.isfinite(best) else "impossible")
    assert answer.gap == 0.0
    assert answer.chosen.size <= sites
    assert {*forced} <= {*answer.chosen}
    assert not {*answer.chosen} & {*fixed, *forbidden}
    near = np.min(walks[[*fixed, *answer.chosen]], axis=0, initial=np.inf)
    within = (near <= best) & np.isfinite(near)
    assert answer.covered_people == pytest.approx(people[within].sum())
    if answer.status == "optimal":
        assert worst_walk(walks, people, [*fixed, *answer.chosen], share) == best
        assert answer.missing_people <= 1e-9


def test_where_nobody_can_be_out_of_reach_most_people_are_reached():
    # One site of two: the second reaches more people, neither reaches all.
    pairs, walk_s = make_pairs(np.array([[60.0, np.inf, np.inf], [np.inf, 800.0, 30.0]]))
    answer = min_worst_walk(pairs, walk_s, [10.0, 20.0, 5.0], sites=1)
    assert (answer.status, answer.objective, answer.bound) == ("impossible", np.inf, np.inf)
    assert answer.chosen.tolist() == [1]
    assert (answer.covered_people, answer.missing_people) == (25.0, 10.0)


def test_residences_without_people_do_not_matter():
    pairs, walk_s = make_pairs(np.array([[60.0, 900.0], [np.inf, 30.0]]))
    answer = min_worst_walk(pairs, walk_s, [10.0, 0.0], sites=1)
    assert (answer.chosen.tolist(), answer.objective, answer.status) == ([0], 60.0, "optimal")


def test_a_share_of_nobody_needs_nothing():
    pairs, walk_s = make_pairs(np.array([[60.0, 900.0]]))
    answer = min_worst_walk(pairs, walk_s, [10.0, 5.0], sites=1, share=0.0)
    assert (answer.objective, answer.bound, answer.status) == (0.0, 0.0, "optimal")


@pytest.mark.parametrize(
    ("found", "bound", "proved_s", "worst_s"),
    [(3, 1.0, 10.0, 30.0), (3, 2.0, 30.0, 30.0), (1, 0.0, 10.0, 10.0)],
)
def test_an_open_question_is_decided_by_its_bound_or_its_sites(
    monkeypatch, found, bound, proved_s, worst_s
):
    # Candidates 0 to 3 are 40, 30, 20 and 10 s from everybody. Questions up to 20 s stay open:
    # a bound of more than one site says no all the same, one site found says yes.
    def min_sites_up_to_30(pairs, people, **question):
        answer = min_sites(pairs, people, **question)
        if pairs.residences_of(1).size:
            return answer
        chosen = np.arange(3) if found == 3 else answer.chosen
        return replace(answer, chosen=chosen, bound=bound, status="feasible")

    monkeypatch.setattr(center, "min_sites", min_sites_up_to_30)
    pairs, walk_s = make_pairs(np.repeat([[40.0], [30.0], [20.0], [10.0]], 4, axis=1))
    answer = min_worst_walk(pairs, walk_s, np.ones(4), sites=1)
    assert (answer.bound, answer.objective) == (proved_s, worst_s)
    assert answer.status == ("optimal" if proved_s == worst_s else "feasible")


def test_no_time_leaves_a_valid_bound():
    walks = np.abs(np.arange(30.0)[:, None] - np.arange(30.0)) * 60
    pairs, walk_s = make_pairs(walks)
    answer = min_worst_walk(pairs, walk_s, np.ones(30), sites=3, time_limit_s=0.0)
    # Three sites on a line of 30: ten residences each, so five steps of a minute at the far end.
    assert answer.status == "stopped"
    assert answer.bound <= 300.0 <= answer.objective


def test_a_gap_that_is_good_enough_ends_the_search():
    walks = np.abs(np.arange(30.0)[:, None] - np.arange(30.0)) * 60
    answer = min_worst_walk(*make_pairs(walks), np.ones(30), sites=3, gap=0.5)
    assert answer.bound <= 300.0 <= answer.objective
    assert answer.gap <= 0.5


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sites": -1}, "sites = -1"),
        ({"share": 1.5}, "share = 1.5"),
        ({"forced": [0, 1]}, "2 sites are forced, but sites = 1"),
        ({"forced": [0], "fixed": [0]}, "candidate 0 is both forced and fixed"),
        ({"forbidden": [7]}, "forbidden names candidate 7; there are 2"),
    ],
)
def test_bad_input_is_refused(given, said):
    pairs, walk_s = make_pairs(np.array([[100.0, 300.0], [np.inf, 20.0]]))
    with pytest.raises(InputError, match=said):
        min_worst_walk(pairs, walk_s, [1.0, 2.0], **{"sites": 1, **given})


def test_walks_must_fit():
    pairs, _ = make_pairs(np.array([[100.0, 300.0]]))
    with pytest.raises(InputError, match="walk_s has shape"):
        min_worst_walk(pairs, [100.0], [1.0, 1.0], sites=1)


def pmed(real_data, number):
    """Distances between all nodes of an OR-Library instance, and what is proved about it."""
    text = (real_data / f"benchmarks/pmed/pmed{number}.txt").read_text(encoding="ascii").split()
    n = int(text[0])
    lengths = np.zeros((n, n))
    for i, j, length in np.array(text[3:], dtype=int).reshape(-1, 3):
        lengths[i - 1, j - 1] = lengths[j - 1, i - 1] = length
    known = json.loads((real_data / "benchmarks/reference_optima.json").read_text("utf-8"))
    entries = {entry["instance"]: entry for entry in known["lscp_pmed_network"]}
    return floyd_warshall(lengths), entries[f"pmed{number}"]


@pytest.mark.parametrize("number", range(1, 21))
def test_proved_optima_are_met_and_proved(real_data, number):
    walks, known = pmed(real_data, number)
    optimum = known["pcenter_optimum"]
    people = np.ones(len(walks))
    answer = min_worst_walk(*make_pairs(walks), people, sites=known["p"])
    assert (answer.objective, answer.bound, answer.status) == (optimum, optimum, "optimal")
    assert answer.chosen.size <= known["p"]
    for radius, fewest in [
        (optimum, known["min_sites_at_r"]),
        (optimum - 1, known["min_sites_at_r_minus_1"]),
    ]:
        cover = min_sites(make_pairs(np.where(walks <= radius, walks, np.inf))[0], people)
        assert (cover.objective, cover.bound, cover.status) == (fewest, fewest, "optimal")
