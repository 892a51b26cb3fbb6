"""Each reduction leaves the best answer of the questions it is valid for; what is cut off stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from enumeration import best_cover, fewest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from walkcover import _model as reduced
from walkcover import _pieces as pieces
from walkcover._deadline import Deadline, interruptible
from walkcover._ladder import Effort
from walkcover.siting import CoverPairs, max_cover, min_sites


@st.composite
def sparse_towns(draw):
    """Towns that fall apart into pieces, with repeated and dominated places."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, m = draw(st.integers(2, 11)), draw(st.integers(2, 14))
    reach = np.zeros((n, m), dtype=bool)
    for row in reach:
        row[rng.choice(m, min(m, int(rng.integers(1, 4))), replace=False)] = True
    reach[rng.integers(n)] |= reach[rng.integers(n)]
    people = rng.integers(1, 9, m) * 1.0 if draw(st.booleans()) else np.ones(m)
    return reach, people, rng.integers(1, 5, n) * 1.0


def model_of(reach, people, costs, times=1):
    by_home = sparse.csr_array(reach.T)
    by_home.sort_indices()
    return reduced.make_model(
        by_home.indptr.astype(np.int64),
        by_home.indices.astype(np.int32),
        costs,
        weight=people,
        demand=sparse.csr_array((0, people.size)),
        need=np.zeros(0),
        times=np.full(people.size, times, dtype=np.int32),
        is_open=np.ones(len(costs), dtype=bool),
    )


def most(model, budget):
    """Most weight within a budget, by listing all sets of columns."""
    best = 0.0
    for code in range(2**model.cost.size):
        chosen = (code >> np.arange(model.cost.size)) & 1 == 1
        if model.spent(chosen) <= budget:
            best = max(best, model.people(chosen))
    return best


@settings(deadline=None, max_examples=60)
@given(sparse_towns(), st.integers(0, 8), st.sampled_from([1, 2]))
def test_merged_rows_keep_the_most_people(town, budget, times):
    reach, people, costs = town
    model = model_of(reach, people, costs, times)
    best = best_cover(reach, people, costs=costs, budget=budget, times=times)
    assert most(model, budget) == pytest.approx(best.value)


@settings(deadline=None, max_examples=60)
@given(sparse_towns(), st.integers(0, 8))
def test_dominated_columns_are_not_missed(town, budget):
    model = model_of(*town)
    fewer = reduced.without_dominated_columns(model)
    assert most(fewer, budget) == pytest.approx(most(model, budget))
    reach = [
        set(model.col_rows[a:b]) for a, b in zip(model.col_ptr, model.col_ptr[1:], strict=False)
    ]
    kept = np.flatnonzero(np.isin(model.candidates, fewer.candidates))
    for j in set(range(len(reach))) - set(kept):
        assert any(reach[j] <= reach[k] and model.cost[k] <= model.cost[j] for k in kept)


def test_columns_are_not_dominated_where_two_are_needed():
    # The second place reaches less than the first, and still is the only possible backup.
    model = model_of(np.array([[1, 1], [1, 0]], dtype=bool), np.ones(2), np.ones(2), times=2)
    assert reduced.without_dominated_columns(model).cost.size == 2


@settings(deadline=None, max_examples=60)
@given(sparse_towns(), st.booleans())
def test_a_reduced_cover_costs_the_same(town, priced):
    reach, people, costs = town
    costs = costs if priced else np.ones(len(costs))
    answer = min_sites(
        CoverPairs.from_csr(*csr(reach), n_residences=people.size), people, costs=costs
    )
    best = fewest(reach, people, share=1.0, costs=costs)
    assert answer.objective == best.value
    assert answer.status == ("impossible" if best.impossible else "optimal")


def csr(reach):
    matrix = sparse.csr_array(reach)
    matrix.sort_indices()
    return matrix.indptr, matrix.indices


@settings(deadline=None, max_examples=60)
@given(sparse_towns(), st.integers(1, 8), st.sampled_from([0.5, 0.8, 0.95]))
def test_pieces_recombine_to_the_best(town, budget, share):
    reach, people, costs = town
    effort = Effort(Deadline(60.0), 0.0, 0)
    model = model_of(reach, people, costs)
    patch = pytest.MonkeyPatch()
    patch.setattr(pieces, "SHORT_RUNGS", ())
    try:
        found = pieces.most_people(model, room=float(budget), whole=True, effort=effort)
        assert model.people(found.chosen) == found.bound == most(model, budget)
        answer = min_sites(
            CoverPairs.from_csr(*csr(reach), n_residences=people.size),
            people,
            share=share,
            costs=costs,
        )
    finally:
        patch.undo()
    best = fewest(reach, people, share=share, costs=costs)
    assert answer.objective == answer.bound == best.value


def test_what_was_merged_and_dropped_is_reported():
    # Residences 0 and 1 have the same places; place 2 reaches less than place 0; nobody reaches 3.
    reach = np.array([[1, 1, 0, 0], [0, 0, 1, 0], [1, 1, 0, 0]], dtype=bool)
    pairs = CoverPairs.from_csr(*csr(reach), n_residences=4)
    reduction = max_cover(pairs, [1, 2, 3, 4], sites=1).reduction
    assert (reduction.residences, reduction.candidates) == (4, 3)
    assert (reduction.rows, reduction.columns, reduction.dominated_candidates) == (2, 2, 1)
    assert reduction.merged_residences == 3


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.01)


def test_the_first_interrupt_ends_the_search_and_the_second_the_program():
    before = signal.getsignal(signal.SIGINT)
    with interruptible(60.0) as deadline:
        assert not deadline.passed()
        interrupt()
        assert deadline.passed()
        with pytest.raises(KeyboardInterrupt):
            interrupt()
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_have_a_plain_deadline():
    seen = []

    def work():
        with interruptible(0.0) as deadline:
            seen.append(deadline.passed())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [True]


SEARCH = """
import numpy as np
from walkcover.siting import CoverPairs, max_cover
rng = np.random.default_rng(0)
homes, places = rng.random((20000, 2)), rng.random((2500, 2))
rows = [np.flatnonzero(((homes - p) ** 2).sum(axis=1) < 0.07**2) for p in places]
pairs = CoverPairs.from_csr(np.cumsum([0, *map(len, rows)]), np.concatenate(rows),
                            n_residences=20000)
people = rng.integers(1, 50, 20000)
max_cover(pairs, people, sites=3, time_limit_s=1.0)
print("ready", flush=True)
answer = max_cover(pairs, people, sites=60, time_limit_s=600.0)
print(answer.status, len(answer.chosen), answer.objective <= answer.bound)
"""


@pytest.mark.slow
def test_ctrl_c_gives_the_best_answer_so_far():
    process = subprocess.Popen(
        [sys.executable, "-c", SEARCH], stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(4.0)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out == "stopped 60 True\n"
