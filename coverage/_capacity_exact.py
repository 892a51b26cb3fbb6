"""Siting with desk time: the exact program of a small model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from scipy import sparse

from walkcover._capacity_model import Model, Question
from walkcover._deadline import Deadline
from walkcover._exact import INTERRUPTS, PROVING
from walkcover.pairs import Ints

# Largest model (pairs) for the exact program, and its counted limit of work.
EXACT_PAIRS, EXACT_NODES = 10_000, 2_000


@dataclass(frozen=True)
class Exact:
    """What HiGHS gives back: how often each option is taken (None without answer), its bound."""

    times: Ints | None
    bound: float


def solve(
    model: Model,
    question: Question,
    *,
    gap: float,
    absolute_gap: float,
    deadline: Deadline,
    seed: int,
) -> Exact:
    """
    Solve a small model by branch and bound, every pair of a new site tied to its being built.

    Returns
    -------
    exact
        The options, and a valid bound: of people from above, of cost from below. The bound is
        infinite where nothing meets the need, or, of the other sign, nothing was proved.
    """
    most_people = question.need is None
    sign = -1.0 if most_people else 1.0
    n, k = model.site.size, model.pairs.residences.size
    site = np.repeat(np.arange(model.pairs.n_candidates), np.diff(model.pairs.indptr))
    residence = model.pairs.residences.astype(np.int64)
    here = sparse.csr_array(
        (np.ones(n), (model.site, np.arange(n))), shape=(model.pairs.n_candidates, n)
    )
    pair, ones = np.arange(k), np.ones(k)
    tied = np.flatnonzero(~model.is_fixed[site])
    new_sites = np.flatnonzero(~model.is_fixed)
    within = sparse.csr_array((ones, (residence, pair)), shape=(model.people.size, k))
    loads = sparse.csr_array((ones, (site, pair)), shape=(model.pairs.n_candidates, k))
    ties = sparse.csr_array(
        (np.ones(tied.size), (np.arange(tied.size), tied)), shape=(tied.size, k)
    )
    built = here[site[tied]].multiply(model.people[residence[tied]][:, None])
    blocks = [
        [None, within],
        [-here.multiply(model.add_people[None, :]), loads],
        [-built, ties],
        [here[new_sites], None],
    ]
    upper = [model.people, model.base_people, np.zeros(tied.size), np.ones(new_sites.size)]
    lower = [np.full(bounds.size, -np.inf) for bounds in upper]
    if np.isfinite(question.budget):
        blocks.append([sparse.csr_array(model.cost[None, :]), None])
        lower.append(np.array([-np.inf]))
        upper.append(np.array([question.budget]))
    if question.need is not None:
        blocks.append([None, sparse.csr_array(ones[None, :])])
        lower.append(np.array([question.need]))
        upper.append(np.array([np.inf]))
    matrix = sparse.csc_array(sparse.block_array(blocks, format="csc"))

    program = highspy.HighsLp()
    program.num_row_, program.num_col_ = matrix.shape
    program.col_cost_ = (
        np.append(np.zeros(n), -ones) if most_people else np.append(model.cost, np.zeros(k))
    )
    program.col_lower_ = np.zeros(n + k)
    program.col_upper_ = np.append(model.most.astype(np.float64), model.people[residence])
    program.row_lower_, program.row_upper_ = np.concatenate(lower), np.concatenate(upper)
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = matrix.indptr.astype(np.int32)
    program.a_matrix_.index_ = matrix.indices.astype(np.int32)
    program.a_matrix_.value_ = matrix.data
    kinds = highspy.HighsVarType
    program.integrality_ = [kinds.kInteger] * n + [kinds.kContinuous] * k
    highs = _solver(deadline, seed=seed)
    highs.setOptionValue("mip_rel_gap", gap)
    highs.setOptionValue("mip_abs_gap", absolute_gap)
    highs.setOptionValue("mip_max_nodes", EXACT_NODES)
    highs.passModel(program)
    highs.run()
    solution, status = highs.getSolution(), highs.getModelStatus()
    values = np.asarray(solution.col_value, dtype=np.float64)[:n]
    has_answer = solution.value_valid and values.size == n
    times = np.rint(values).astype(np.int64) if has_answer else None
    if status == highspy.HighsModelStatus.kInfeasible:
        return Exact(None, sign * np.inf)
    if status not in PROVING:
        return Exact(times, -sign * np.inf)
    return Exact(times, sign * float(highs.getInfo().mip_dual_bound))


def _solver(deadline: Deadline, *, seed: int) -> Any:
    # The public class prints a banner to stdout when it is made; its base does not.
    highs = highspy._Highs()  # type: ignore[attr-defined]
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("parallel", "off")
    highs.setOptionValue("random_seed", seed % 2**31)
    highs.setOptionValue("time_limit", deadline.left_s())

    def ask(_kind: Any, _message: str, _out: Any, given: Any, _user: Any) -> None:
        given.user_interrupt = deadline.passed()

    highs.setCallback(ask, None)
    for kind in INTERRUPTS:
        highs.startCallback(kind)
    return highs
