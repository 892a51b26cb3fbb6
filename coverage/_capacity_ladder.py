"""The ladder of siting with desk time: greedy, bound, local search, exact where it fits."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from walkcover import _capacity_bounds as bounds
from walkcover._capacity_bounds import Bound
from walkcover._capacity_exact import EXACT_PAIRS, solve
from walkcover._capacity_model import ROUNDING, Floats, Model, Question, without
from walkcover._deadline import Deadline
from walkcover.capacity import are_whole, largest_flow, starved
from walkcover.pairs import Ints

# Options whose worth is computed exactly before the best of them is taken.
LOOKS = 3
# Local search: moves at most, each of which takes up to MOST_OUT options out and buys anew. It
# looks at options of which the relaxed answers took LIKELY in the mean, and is left out in models
# of at most TINY pairs, which are solved at once.
MOVES, MOST_OUT, LIKELY, TINY = 600, 3, 0.1, 500
# A cheaper answer is sought in strides from FIRST_STRIDE of the cost down to LAST_STRIDE.
FIRST_STRIDE, LAST_STRIDE = 0.05, 0.002
# Equality of people or costs that are no whole numbers, relative.
CLOSE = 1e-6


def everything(model: Model) -> Ints:
    """Take every extension as often as allowed, and the largest size of every new site."""
    times = model.most.copy()
    order = np.lexsort([-model.add_people, model.site])
    order = order[~model.is_fixed[model.site[order]] & (model.most[order] > 0)]
    first = np.unique(model.site[order], return_index=True)[1]
    times[np.setdiff1d(order, order[first])] = 0
    return times


@dataclass(frozen=True)
class Search:
    """The ladder: greedy, bound, exact where it fits, else local search."""

    model: Model
    whole_people: bool
    gap: float
    deadline: Deadline
    seed: int

    def most_people(self, room: float) -> tuple[Ints, float]:
        """Find options within the room, and a bound of people from above."""
        model, step = self.model, 1.0 if self.whole_people else 0.0
        times = self.refilled(np.zeros(model.site.size, dtype=np.int64), room)
        served = model.served(times)
        upper = model.served(everything(model))
        if self._is_closed(served, upper):
            return times, upper
        question = Question(budget=room)
        bound = self._bound(times, question, known=served)
        upper = min(upper, self._rounded_down(bound.value))
        if model.pairs.residences.size > TINY:
            # Afresh, as what greedy took first is what local search finds hard to give up.
            local, options = self._narrowed(bound, kept=0 * times)
            trial = np.zeros_like(times)
            trial[options] = local.refilled(trial[options], room)
            trial[options] = local.swapped(trial[options], room, enough=upper)
            times = max((times, trial), key=model.served)
        served = model.served(times)
        if self._is_closed(served, upper) or self.deadline.passed():
            return times, upper
        found = self._exact(bound, question, slack=bound.value - served - step, known=served)
        if found is not None:
            better, proved = found
            if model.cost @ better <= room + 1e-9 * room:
                times = max((times, better), key=model.served)
            # What was left out is no better than the known answer.
            served = model.served(times)
            upper = min(upper, max(self._rounded_down(proved), served))
            times = self.pruned(times, served * (1.0 - 1e-12))
        return times, upper

    def least_cost(self, need: float, whole_cost: bool) -> tuple[Ints, float]:
        """Find options that serve the need, and a bound of their cost from below."""
        model, step = self.model, 1.0 if whole_cost else 0.0
        enough = need - 0.5 if self.whole_people else need * (1.0 - 1e-9)
        times = self.refilled(np.zeros(model.site.size, dtype=np.int64), np.inf, enough=enough)
        if model.served(times) < enough:
            times = everything(model)
        times = self.pruned(times, enough)
        spent = float(model.cost @ times)
        if spent == 0.0:
            return times, 0.0
        question = Question(need=enough)
        bound = self._bound(times, question, known=spent)
        lower = _rounded_up(bound.value, whole_cost)
        if model.pairs.residences.size > TINY:
            local, options = self._narrowed(bound, kept=times)
            times[options] = local.cheapened(times[options], enough, lower, whole_cost)
        spent = float(model.cost @ times)
        if self._is_closed(spent, lower) or self.deadline.passed():
            return times, lower
        found = self._exact(bound, question, slack=spent - step - bound.value, known=spent)
        if found is not None:
            better, proved = found
            if model.served(better) >= enough:
                better = self.pruned(better, enough)
                times = min((times, better), key=lambda t: float(model.cost @ t))
            lower = max(lower, min(_rounded_up(proved, whole_cost), float(model.cost @ times)))
        return times, lower

    def refilled(self, times: Ints, room: float, *, enough: float = np.inf) -> Ints:
        """Buy what serves most for its cost, until nothing fits, helps or is needed any more."""
        model, times = self.model, times.copy()
        spent, served = float(model.cost @ times), 0.0
        while not self.deadline.passed():
            promise, served = self._promise(times)
            open_sites = ~(model.stands(times) & ~model.is_fixed)
            fits = model.cost <= room - spent + 1e-12 * spent
            fits &= (times < model.most) & open_sites[model.site]
            rate = np.where(fits, promise / model.cost, 0.0)
            likely = np.argsort(-rate, kind="stable")[:LOOKS]
            likely = likely[rate[likely] > 0]
            if served >= enough or not likely.size:
                break
            gains = np.array([model.served(_plus(times, o)) for o in likely.tolist()]) - served
            # Beyond the need nothing counts, so that the last option is the cheapest that does.
            gains = np.minimum(gains, enough - served)
            best = int(np.argmax(gains / model.cost[likely]))
            if gains[best] <= 1e-9 * served:
                break
            times = _plus(times, int(likely[best]))
            spent += float(model.cost[likely[best]])
        return times

    def _promise(self, times: Ints) -> tuple[Floats, float]:
        """Guess what each option brings: between people left in reach and those it can relieve."""
        model = self.model
        site, residence = model.arcs(times)
        flow = largest_flow(site, residence, model.people, model.capacity(times))
        left = model.people - np.bincount(residence, flow, minlength=model.people.size)
        is_short = starved(site, residence, flow, model.people)[0]
        matrix = model.reach
        least = (left @ matrix)[model.site]
        most = np.where(is_short, model.people, 0.0) @ matrix
        guess = np.minimum(model.add_people, least)
        guess += np.minimum(model.add_people, np.minimum(most[model.site], left.sum()))
        return guess / 2.0, float(flow.sum())

    def swapped(self, times: Ints, room: float, *, enough: float) -> Ints:
        """Take a few options out and buy anew, as long as the counted work lasts."""
        model, rng = self.model, np.random.default_rng(self.seed)
        served = model.served(times)
        for _ in range(MOVES):
            taken = np.flatnonzero(times)
            if served >= enough - 1e-9 * served or not taken.size or self.deadline.passed():
                break
            trial = times.copy()
            out = rng.choice(taken, min(taken.size, int(rng.integers(1, MOST_OUT + 1))), False)
            trial[out] -= 1
            trial = self.refilled(trial, room)
            value = model.served(trial)
            if value >= served:
                times, served = trial, value
        return times

    def cheapened(self, times: Ints, enough: float, lower: float, whole: bool) -> Ints:
        """Serve the need with less and less money, as long as local search succeeds."""
        model, stride = self.model, FIRST_STRIDE
        while not self.deadline.passed():
            spent = float(model.cost @ times)
            least = 1.0 if whole else spent * LAST_STRIDE
            room = max(min(spent - least, spent * (1.0 - stride)), lower)
            if room > spent - least * 0.999:
                break
            trial = times.copy()
            while model.cost @ trial > room:
                taken = np.flatnonzero(trial)
                kept = [model.served(_plus(trial, o, -1)) for o in taken.tolist()]
                worth = (model.served(trial) - np.array(kept)) / model.cost[taken]
                trial = _plus(trial, int(taken[np.argmin(worth)]), -1)
            trial = self.swapped(self.refilled(trial, room), room, enough=enough)
            if model.served(trial) >= enough:
                times = self.pruned(trial, enough)
            elif room >= spent - least:
                break
            else:
                stride /= 3.0
        return times

    def pruned(self, times: Ints, enough: float) -> Ints:
        """Leave out what the need does not call for, the dearest first."""
        for option in np.argsort(-self.model.cost, kind="stable").tolist():
            while times[option] > 0 and self.model.served(_plus(times, option, -1)) >= enough:
                times = _plus(times, option, -1)
        return times

    def _bound(self, times: Ints, question: Question, *, known: float) -> Bound:
        """Improve on the cut of a known answer: who competes for full sites is worth nothing."""
        model = self.model
        site, residence = model.arcs(times)
        flow = largest_flow(site, residence, model.people, model.capacity(times))
        start = np.where(starved(site, residence, flow, model.people)[0], 0.0, 1.0)
        return bounds.improve(model, start, question, known=known, deadline=self.deadline)

    def _narrowed(self, bound: Bound, *, kept: Ints) -> tuple[Search, Ints]:
        """Leave out what the relaxed answers hardly took; also the options that stay."""
        share = np.bincount(self.model.steps.option, bound.part, minlength=kept.size)
        rest, options = without(self.model, (share < LIKELY) & (kept == 0))
        return replace(self, model=rest), options

    def _exact(
        self, bound: Bound, question: Question, *, slack: float, known: float
    ) -> tuple[Ints, float] | None:
        """Solve what the bound leaves open, where it is small enough."""
        rest, options = without(self.model, bounds.droppable(self.model, bound, slack))
        if rest.pairs.residences.size > EXACT_PAIRS:
            return None
        whole = self.whole_people if question.need is None else are_whole(self.model.cost)
        exact = solve(
            rest,
            question,
            gap=self.gap,
            absolute_gap=0.99 if whole else CLOSE / 10 * known,
            deadline=self.deadline,
            seed=self.seed,
        )
        times = np.zeros(self.model.site.size, dtype=np.int64)
        if exact.times is not None:
            times[options] = exact.times
        return times, exact.bound

    def _is_closed(self, objective: float, bound: float) -> bool:
        return abs(bound - objective) <= max(self.gap, 1e-9) * objective

    def _rounded_down(self, bound: float) -> float:
        if not self.whole_people:
            return bound
        return float(np.floor(bound + ROUNDING + 1e-9 * abs(bound)))


def _plus(times: Ints, option: int, by: int = 1) -> Ints:
    changed = times.copy()
    changed[option] += by
    return changed


def _rounded_up(bound: float, whole: bool) -> float:
    return float(np.ceil(bound - ROUNDING)) if whole else bound
