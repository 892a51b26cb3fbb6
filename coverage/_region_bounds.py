"""
Bounds of a whole stage from its regions.

Let the candidates be parted into regions and let p_i be the people of row i, not covered yet. A row
is shared if candidates of several regions reach it. For every price q >= 0 of a unit of cost and
every choice of multipliers m_i between 0 and p_i for the shared rows, any set X of candidates with
cost c(X) satisfies

    people(X) - q c(X)  <=  sum over shared i of (p_i - m_i)  +  sum over regions r of S_r(m, q),

where S_r(m, q) is the most surplus that region r has by itself: p_i for each of its unshared rows
that it covers, m_i for each shared one, less q times the cost. Proof. Let X_r be the part of X in
region r, and k_i the number of regions whose X_r covers row i. An unshared row counts alike on both
sides. A shared row counts p_i [k_i > 0] on the left and p_i - m_i + k_i m_i on the right: for k_i =
0 that is 0 <= p_i - m_i, and for k_i >= 1 it is p_i <= p_i + (k_i - 1) m_i. The cost parts. What
X_r has is at most S_r.

Hence, with b people covered already and R(m, q) the right side: nobody covers more than b + q B +
R(m, q) people with means B, and covering T people costs at least (T - b - R(m, q)) / q.

It is not enough to give each region a part w_ir of the people of a shared row with parts that add
up to 1: a row that one region alone covers would count less than p_i. That is what the p_i - m_i
are granted for. With m_i = p_i nothing is granted and what two regions cover counts twice; the best
m_i is the multiplier of the row in the whole problem relaxed.

Each region bounds its S_r by multipliers of its rows as well (`Relaxed`). With those of unshared
rows given, R is a sum of positive parts that is convex in m, and the driver lowers it by itself.

References
----------
Guignard & Kim (1987), Lagrangean decomposition: a model yielding stronger Lagrangean bounds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from walkcover import _kernels_regions as surplus
from walkcover import _kernels_siting as kernels
from walkcover._model import Floats
from walkcover._region_case import Relaxed
from walkcover._region_whole import Whole

# Steps of the subgradient on the multipliers of the driver's rows at most, length of the first
# one, and steps without a better bound that halve it.
STEPS, LENGTH, PATIENCE = 400, 1.0, 15
# What a bound of people is loosened by, relative to all people: more than sums are off.
ROUNDING = 1e-10


@dataclass(frozen=True)
class Excess:
    """
    Most that any set of candidates has in people above its cost at the price.

    `row_people` are the multipliers of the rows that the driver prices, in the border's order.
    """

    price: float
    value: float
    row_people: Floats

    def people_bound(self, whole: Whole, room: float) -> float:
        """Bound from above of the people covered with the means, those covered before included."""
        bound = whole.covered_people + self.price * room + self.value
        return min(bound * (1.0 + ROUNDING), whole.reach_people)

    def cost_bound(self, whole: Whole, target: float) -> float:
        """Bound from below of what it costs that so many people are covered."""
        need = target - whole.covered_people - self.value - ROUNDING * target
        return max(0.0, need / self.price) if self.price > 0.0 else 0.0


def excess_at(
    whole: Whole,
    price: float,
    *,
    known: float,
    start: Floats | None = None,
    steps: int = STEPS,
) -> Excess:
    """
    Bound the excess at a price, with multipliers of shared rows improved by a subgradient.

    Parameters
    ----------
    known
        Excess of a known set, which scales the steps.
    start
        Multipliers to start with; without them the mean of what suits the regions.
    steps
        Steps of the subgradient at most.

    Returns
    -------
    excess
        Valid whatever `known` is.
    """
    parts = [curve.relaxed_at(price) for curve in whole.curves]
    border = whole.border
    inside = math.fsum(part.inside for part in parts)
    profit = np.concatenate([np.zeros(0), *(part.profit for part in parts)])
    paid = _mean_paid(whole, parts) if start is None else start
    paid = np.clip(paid, 0.0, border.people)
    if border.row_ids.size == 0:
        return Excess(price, inside, paid)
    target = known - inside
    _, paid, *_ = surplus.relaxed(
        border.ptr, border.rows, border.people, -profit, paid, target, target,
        steps, LENGTH, PATIENCE,
    )  # fmt: skip
    paid = np.clip(paid, 0.0, border.people)
    worth = profit + kernels.column_sums(border.ptr, border.rows, paid)
    granted = math.fsum(border.people - paid)
    return Excess(price, math.fsum([inside, granted, *np.maximum(worth, 0.0)]), paid)


def _mean_paid(whole: Whole, parts: list[Relaxed]) -> Floats:
    """Mean, over the regions that reach a shared row, of what suits them."""
    total = np.zeros(whole.border.row_ids.size)
    count = np.zeros(total.size)
    for part, place in zip(parts, whole.border.place_of, strict=True):
        total[place] += part.paid
        count[place] += 1.0
    mean: Floats = total / np.maximum(count, 1.0)
    return mean
