"""Siting with desk time: the merged model, its bound by prices of residences, its exact program."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import highspy
import numpy as np
import numpy.typing as npt
from scipy import sparse

from walkcover._deadline import Deadline
from walkcover.capacity import largest_flow
from walkcover.pairs import CoverPairs, Flags, Ints

Floats = npt.NDArray[np.float64]

# Steps of the subgradient, and pairs looked at by all of them together.
STEPS, STEP_WORK = 200, 100_000_000
# Length of the first step as a share of Polyak's; it halves after PATIENCE idle steps, and the
# search ends when it falls below LAST_LENGTH. MOMENTUM damps the zigzag.
FIRST_LENGTH, LAST_LENGTH, PATIENCE, MOMENTUM = 0.5, 1e-3, 5, 0.8
# Share of the last relaxed answer in the running mean of how often a step is taken.
MEMORY = 0.05
# Halvings of the price of money: more than the digits of a float64 tell apart at this scale.
HALVINGS = 45
# Largest model (pairs) for the exact program, and its counted limit of work.
EXACT_PAIRS, EXACT_NODES = 10_000, 2_000
# Whole-numbered bounds are rounded with this slack, wider than any error of the solver.
ROUNDING = 1e-3

# Ends of a run after which the dual bound of HiGHS holds.
PROVING = (
    highspy.HighsModelStatus.kOptimal,
    highspy.HighsModelStatus.kTimeLimit,
    highspy.HighsModelStatus.kSolutionLimit,
    highspy.HighsModelStatus.kInterrupt,
)
INTERRUPTS = (
    highspy.cb.HighsCallbackType.kCallbackMipInterrupt,
    highspy.cb.HighsCallbackType.kCallbackSimplexInterrupt,
    highspy.cb.HighsCallbackType.kCallbackIpmInterrupt,
)


@dataclass(frozen=True)
class Model:
    """
    Standing sites, things money can buy, and residences merged where they reach the same sites.

    Parameters
    ----------
    pairs
        Merged residences that each site reaches; sites nobody can stand at are left out.
    people
        People of each merged residence.
    base_people, is_fixed
        Capacity of each site as it stands, and whether it stands.
    site, add_people, cost, most
        The options: their site, the capacity they add, their cost, how often they may be taken.
    """

    pairs: CoverPairs
    people: Floats
    base_people: Floats
    is_fixed: Flags
    site: Ints
    add_people: Floats
    cost: Floats
    most: Ints

    @cached_property
    def reach(self) -> sparse.csr_array:
        """The pairs by residence, as a matrix of ones."""
        ptr, sites = self.pairs.by_residence
        return sparse.csr_array(
            (np.ones(sites.size, dtype=np.int8), sites, ptr),
            shape=(self.people.size, self.pairs.n_candidates),
        )

    @cached_property
    def steps(self) -> Steps:
        """The options one by one: a repeated one is as many steps."""
        option = np.repeat(np.arange(self.site.size), self.most)
        copy = np.arange(option.size) - np.repeat(np.cumsum(self.most) - self.most, self.most)
        low = self.base_people[self.site[option]] + copy * self.add_people[option]
        # Sizes of a new site exclude each other; each step of an extension stands for itself.
        rival = np.where(
            self.is_fixed[self.site[option]],
            self.pairs.n_candidates + np.arange(option.size),
            self.site[option],
        )
        order = np.argsort(rival, kind="stable")
        option, low, rival = option[order], low[order], rival[order]
        return Steps(
            option=option,
            site=self.site[option],
            low_people=low,
            high_people=low + self.add_people[option],
            cost=self.cost[option],
            rival=np.unique(rival, return_inverse=True)[1],
        )

    def stands(self, times: Ints) -> Flags:
        """Sites that stand once each option is taken so many times."""
        flags = self.is_fixed.copy()
        flags[self.site[times > 0]] = True
        return flags

    def capacity(self, times: Ints) -> Floats:
        """Capacity of each site once each option is taken so many times."""
        bought = np.bincount(self.site, times * self.add_people, minlength=self.base_people.size)
        return np.where(self.stands(times), self.base_people + bought, 0.0)

    def arcs(self, times: Ints) -> tuple[Ints, Ints]:
        """Site and residence of every pair of a site that stands."""
        sizes = np.diff(self.pairs.indptr)
        standing = np.flatnonzero(self.stands(times))
        spans = [np.zeros(0, dtype=np.int32), *map(self.pairs.residences_of, standing.tolist())]
        return np.repeat(standing, sizes[standing]), np.concatenate(spans).astype(np.int64)

    def served(self, times: Ints) -> float:
        """People who are served once each option is taken so many times."""
        site, residence = self.arcs(times)
        flow = largest_flow(site, residence, self.people, self.capacity(times))
        return float(flow.sum())


@dataclass(frozen=True)
class Steps:
    """
    Options one by one, sorted by rival: of equal rivals at most one is taken.

    A step raises the capacity of its site from `low_people` to `high_people`.
    """

    option: Ints
    site: Ints
    low_people: Floats
    high_people: Floats
    cost: Floats
    rival: Ints

    @cached_property
    def starts(self) -> Ints:
        """First step of each rival."""
        return np.searchsorted(self.rival, np.arange(self.rival.max(initial=-1) + 1))


@dataclass(frozen=True)
class Bound:
    """
    What prices of residences prove.

    Parameters
    ----------
    value
        People served at most, or cost at least.
    excess_people
        Distance from the known answer, in people.
    part
        Share of each step in the answer of the relaxed question; of the best bound of a search,
        its running mean over the search.
    swing
        How much worse the bound gets if the answer has to take the step.
    """

    value: float
    excess_people: float
    part: Floats
    swing: Floats


@dataclass(frozen=True)
class Question:
    """The most people within a budget (`need` is None), or the need at the least cost."""

    budget: float = np.inf
    need: float | None = None


def merged(pairs: CoverPairs, people: Floats, sites: Ints) -> tuple[CoverPairs, Floats]:
    """Keep some sites and merge the residences that reach the same of them, no matter which."""
    spans = [pairs.residences_of(int(site)) for site in sites]
    column = np.repeat(np.arange(sites.size), [span.size for span in spans])
    row = np.concatenate([np.zeros(0, dtype=np.int32), *spans]).astype(np.int64)
    kept = people[row] > 0
    column, row = column[kept], row[kept]
    # Equal sets of sites have equal sums of random keys, and others have not but for 1 in 2^128.
    keys = np.random.default_rng(0).integers(0, 2**64, (2, sites.size), dtype=np.uint64)
    order = np.argsort(row, kind="stable")
    homes, first = np.unique(row[order], return_index=True)
    if homes.size == 0:
        nothing = np.zeros(sites.size + 1, dtype=np.int64)
        return CoverPairs.from_csr(nothing, nothing[:0], n_residences=0), np.zeros(0)
    prints = np.column_stack([np.add.reduceat(key[column[order]], first) for key in keys])
    _, chosen, group = np.unique(prints, axis=0, return_index=True, return_inverse=True)
    counts = np.bincount(group.ravel(), people[homes], minlength=chosen.size).astype(np.float64)
    place = np.full(people.size, -1)
    place[homes[chosen]] = np.arange(chosen.size)
    kept = place[row] >= 0
    indptr = np.append(0, np.cumsum(np.bincount(column[kept], minlength=sites.size)))
    return CoverPairs.from_csr(indptr, place[row[kept]], n_residences=chosen.size), counts


def without(model: Model, dropped: Flags) -> tuple[Model, Ints]:
    """Leave options out, and merge anew; also the options that stay."""
    options = np.flatnonzero(~dropped)
    kept = model.is_fixed.copy()
    kept[model.site[options]] = True
    sites = np.flatnonzero(kept)
    pairs, people = merged(model.pairs, model.people, sites)
    rest = Model(
        pairs=pairs,
        people=people,
        base_people=model.base_people[sites],
        is_fixed=model.is_fixed[sites],
        site=np.searchsorted(sites, model.site[options]),
        add_people=model.add_people[options],
        cost=model.cost[options],
        most=model.most[options],
    )
    return rest, options


class _Filled:
    """Every site filled in the order of prices, cheap residences first, without any limit."""

    def __init__(self, model: Model, prices: Floats) -> None:
        order = np.argsort(prices, kind="stable")
        by_site = sparse.csc_array(model.reach[order])
        self.ptr = by_site.indptr.astype(np.int64)
        self.rows = order[by_site.indices]
        self.counts = model.people[self.rows]
        self.worth = 1.0 - prices[self.rows]
        self.people = np.append(0.0, np.cumsum(self.counts))
        self.value = np.append(0.0, np.cumsum(self.counts * self.worth))

    def value_at(self, site: Ints, capacity_people: Floats) -> Floats:
        """What the sites bring with such capacities, people counted at 1 less their price."""
        begin, end = self.ptr[site], self.ptr[site + 1]
        goal = np.minimum(self.people[begin] + capacity_people, self.people[end])
        at = np.clip(np.searchsorted(self.people, goal, side="right") - 1, begin, end)
        rate = np.append(self.worth, 0.0)[at]
        found: Floats = self.value[at] - self.value[begin] + (goal - self.people[at]) * rate
        return found

    def add_load(self, load: Floats, site: int, low: float, high: float, part: float) -> None:
        """Add to the residences the people whom capacity from low to high of a site takes."""
        span = slice(self.ptr[site], self.ptr[site + 1])
        before = self.people[span] - self.people[self.ptr[site]]
        counts = self.counts[span]
        taken = np.clip(high - before, 0.0, counts) - np.clip(low - before, 0.0, counts)
        load[self.rows[span]] += part * taken


def improve(
    model: Model, start: Floats, question: Question, *, known: float, deadline: Deadline
) -> Bound:
    """
    Find prices of residences that prove much, by a subgradient with momentum.

    Whoever pays the price of a residence may serve its people as often as they like. So each
    site fills up with the cheapest within its reach, and what is left is which steps to buy: a
    knapsack, solved with a price of money. No prices let the answer be better than this.

    Parameters
    ----------
    start
        First prices, shape (n_residences,), from 0 to 1.
    known
        Objective of a known answer, which scales the steps.

    Returns
    -------
    bound
        The best bound found after a counted number of steps.
    """
    prices, direction = start, np.zeros(start.size)
    best, mean = None, np.zeros(model.steps.option.size)
    length, idle = FIRST_LENGTH, 0
    affordable = max(20, STEP_WORK // max(1, model.pairs.residences.size))
    for _ in range(min(STEPS, affordable)):
        filled = _Filled(model, prices)
        bound = _bound(model, filled, prices, question, known=known)
        mean += MEMORY * (bound.part - mean)
        idle += 1
        if best is None or bound.excess_people < best.excess_people - 1e-7 * model.people.sum():
            best, idle = bound, 0
        if idle > PATIENCE:
            length, idle = length / 2.0, 0
        if bound.excess_people <= 0.0 or length < LAST_LENGTH or deadline.passed():
            break
        # Relative to the people of each residence, so that large and small ones move alike.
        slope = 1.0 - _load(model, filled, bound.part) / model.people
        slope[((prices <= 0.0) & (slope > 0)) | ((prices >= 1.0) & (slope < 0))] = 0.0
        direction = slope + MOMENTUM * direction
        size = float(model.people @ direction**2)
        if size == 0.0:
            break
        step = length * bound.excess_people / size
        prices = np.clip(prices - step * direction, 0.0, 1.0)
    assert best is not None
    return replace(best, part=mean)


def _load(model: Model, filled: _Filled, part: Floats) -> Floats:
    """People whom the relaxed answer serves at each residence."""
    load = np.zeros(model.people.size)
    for site in np.flatnonzero(model.is_fixed).tolist():
        filled.add_load(load, site, 0.0, model.base_people[site], 1.0)
    steps = model.steps
    for i in np.flatnonzero(part > 0):
        filled.add_load(
            load, int(steps.site[i]), steps.low_people[i], steps.high_people[i], part[i]
        )
    return load


def _bound(
    model: Model, filled: _Filled, prices: Floats, question: Question, *, known: float
) -> Bound:
    """Bound of one set of prices; any price of money gives a valid one."""
    steps = model.steps
    gain = filled.value_at(steps.site, steps.high_people) - filled.value_at(
        steps.site, steps.low_people
    )
    fixed = np.flatnonzero(model.is_fixed)
    base = float(model.people @ prices)
    base += float(filled.value_at(fixed, model.base_people[fixed]).sum())
    if question.need is None:
        measure, target = steps.cost, question.budget
    else:
        measure, target = gain, question.need - base
    part, money = _balanced(steps, gain, measure, target)
    profit = gain - money * steps.cost
    best = np.zeros(0)
    if profit.size:
        best = np.maximum(np.maximum.reduceat(profit, steps.starts), 0.0)
    swing = best[steps.rival] - profit
    if question.need is None:
        spare = money * question.budget if money > 0.0 else 0.0
        value = base + spare + float(best.sum())
        return Bound(value, value - known, part, swing)
    if money == 0.0:
        # Either the prices alone meet the need, or every step that brings anything is needed.
        value = float(steps.cost @ part)
        excess = float(model.people.sum()) if value < known else 0.0
        return Bound(value, excess, part, np.zeros(gain.size))
    value = max(0.0, (target - float(best.sum())) / money)
    return Bound(value, (known - value) * money, part, swing / money)


def _balanced(steps: Steps, gain: Floats, measure: Floats, target: float) -> tuple[Floats, float]:
    """
    Find the price of money at which the steps worth taking measure up to the target.

    Returns
    -------
    part, money
        Share of each step, so that the target is met where it can be; the price, in people for
        each unit of cost.
    """
    if target <= 0.0 or gain.size == 0:
        # Nothing can be bought; or nothing need be, and money is worth nothing.
        money = float((gain / steps.cost).max(initial=0.0)) if measure is steps.cost else 0.0
        return np.zeros(gain.size), money
    taken = _worth_taking(steps, gain)
    if measure[taken].sum() <= target:
        return taken.astype(np.float64), 0.0
    low, high = 0.0, float((gain / steps.cost).max())
    low_taken, high_taken = taken, np.zeros(gain.size, dtype=bool)
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        taken = _worth_taking(steps, gain - middle * steps.cost)
        if measure[taken].sum() > target:
            low, low_taken = middle, taken
        else:
            high, high_taken = middle, taken
    less, more = float(measure[high_taken].sum()), float(measure[low_taken].sum())
    share = (target - less) / (more - less)
    return share * low_taken + (1.0 - share) * high_taken, high


def _worth_taking(steps: Steps, profit: Floats) -> Flags:
    """Flag the best step of each rival, if it brings anything."""
    best = np.maximum.reduceat(profit, steps.starts)
    good = np.flatnonzero((profit > 0) & (profit >= best[steps.rival]))
    taken = np.zeros(profit.size, dtype=bool)
    taken[good[np.unique(steps.rival[good], return_index=True)[1]]] = True
    return taken


def droppable(model: Model, bound: Bound, slack: float) -> Flags:
    """Options that no answer takes which is better than the known one by more than the slack."""
    certain = bound.swing > slack + ROUNDING + 1e-9 * abs(bound.value)
    dropped = np.ones(model.site.size, dtype=bool)
    dropped[model.steps.option[~certain]] = False
    return dropped


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
