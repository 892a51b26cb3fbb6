"""Prove a p-median: Lagrangian prices of the rows, and branch and bound on them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from walkcover import _kernels_median as kernels
from walkcover._deadline import Deadline

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Entries = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

# Share of the last direction of the subgradient that is kept in the next one; damps its zigzag.
MOMENTUM = 0.95
# A step halves after PATIENCE of them without a better bound; a search ends below LAST_STEP.
LAST_STEP = 1e-3
# A reduced model is priced again before it is parted if it has at most this share of the columns.
SHRUNK = 0.7
# Share of the relaxed answer in the running average of how often it takes a column.
MEMORY = 0.05
# Counted limits of branching: parts, and pairs looked at by all subgradients together. A model
# with more than BRANCH_PAIRS pairs keeps the bound it has, as parts of it would hardly be smaller.
PARTS = 20_000
WORK = 4_000_000_000
BRANCH_PAIRS = 250_000


@dataclass(frozen=True)
class Effort:
    """Limits of one subgradient: its steps, the length of the first, and its patience."""

    steps: int
    first_step: float
    patience: int


ROOT_EFFORT = Effort(steps=1500, first_step=2.0, patience=30)
PART_EFFORT = Effort(steps=150, first_step=0.5, patience=10)


@dataclass(frozen=True)
class MedianModel:
    """
    What is left to decide: open candidates, and what each of them would save each row.

    Savings are in people·seconds, against the walk without any of these candidates.

    Parameters
    ----------
    rows, candidates
        Place of each row in what the model was made from; name of each column, the same in all
        models of a search.
    row_ptr, row_cols, row_saves, col_ptr, col_rows, col_saves
        The savings by row, most first, and by column.
    cost
        Cost of each column.
    """

    rows: Ints
    candidates: Ints
    row_ptr: Ints
    row_cols: Entries
    row_saves: Floats
    col_ptr: Ints
    col_rows: Entries
    col_saves: Floats
    cost: Floats

    @property
    def by_row(self) -> tuple[Ints, Entries, Floats]:
        return self.row_ptr, self.row_cols, self.row_saves

    @property
    def by_column(self) -> tuple[Ints, Entries, Floats]:
        return self.col_ptr, self.col_rows, self.col_saves

    @property
    def row_of_pair(self) -> Ints:
        return np.repeat(np.arange(self.rows.size), np.diff(self.row_ptr))

    def served(self, chosen: Flags) -> Floats:
        """What the chosen columns save each row."""
        best: Floats = kernels.best_two(*self.by_row, chosen)[1][0]
        return best


def make_model(
    rows: npt.NDArray[np.integer],
    columns: npt.NDArray[np.integer],
    saves: Floats,
    candidates: Ints,
    cost: Floats,
) -> MedianModel:
    """Make a model of savings in order of rows, most saved first; what is not named is left out."""
    useful = np.zeros(candidates.size, dtype=bool)
    useful[columns] = True
    row_cols = (np.cumsum(useful) - 1)[columns].astype(np.int32)
    names, first, row_of = np.unique(rows, return_index=True, return_inverse=True)
    by_column = np.argsort(row_cols, kind="stable")
    sizes = np.bincount(row_cols, minlength=int(useful.sum()))
    return MedianModel(
        names.astype(np.int64),
        candidates[useful],
        np.append(first, rows.size).astype(np.int64),
        row_cols,
        saves,
        np.append(0, np.cumsum(sizes)).astype(np.int64),
        row_of[by_column].astype(np.int32),
        saves[by_column],
        cost[useful],
    )


@dataclass(frozen=True)
class Priced:
    """
    A model under prices of its rows: a row may take from no, one or several columns.

    Every row counts its price, and every column within the room what it saves beyond the prices.

    Parameters
    ----------
    value
        Bound of the savings from above.
    part, often
        Share of each column in the relaxed answer, and on the way to it.
    swing
        By how much at least the bound falls when a column is decided against `part`.
    """

    prices: Floats
    value: float
    part: Floats
    often: Floats
    swing: Floats


def _price(model: MedianModel, prices: Floats, *, room: float) -> Priced:
    """Relax that a row takes from at most one column; fill the room as a fractional knapsack."""
    worth = kernels.worth(*model.by_row, prices, model.cost.size)
    rate = worth / model.cost
    order = np.argsort(-rate, kind="stable")
    sizes = model.cost[order]
    part = np.zeros(model.cost.size)
    part[order] = np.clip((room - (np.cumsum(sizes) - sizes)) / sizes, 0.0, 1.0)
    some, cut = order[part[order] > 0.0], order[part[order] < 1.0]
    last_in = rate[some[-1]] if some.size else np.inf
    first_out = rate[cut[0]] if cut.size else 0.0
    swing = np.where(part == 1.0, rate - first_out, np.maximum(0.0, last_in - rate)) * model.cost
    return Priced(prices, float(prices.sum() + worth @ part), part, part, swing)


def _improve(
    model: MedianModel,
    start: Floats,
    effort: Effort,
    *,
    room: float,
    known: float,
    enough: float,
    deadline: Deadline,
) -> tuple[Priced, int]:
    """
    Lower the bound of the prices by a subgradient with momentum.

    Parameters
    ----------
    known
        Savings of a known answer, which scale the steps.
    enough
        Bound that need not be lowered further.

    Returns
    -------
    priced, steps
        The best prices found, and the number of steps it took.
    """
    most = model.row_saves[model.row_ptr[:-1]]
    prices, direction = np.minimum(start, most), np.zeros(start.size)
    priced = best = _price(model, prices, room=room)
    often = priced.part
    length, idle, steps = effort.first_step, 0, 0
    while steps < effort.steps and best.value > enough and not deadline.passed():
        slope = kernels.takers(*model.by_row, prices, priced.part) - 1.0
        slope[(prices <= 0.0) & (slope < 0.0)] = 0.0
        direction = slope + MOMENTUM * direction
        size = float(direction @ direction)
        if size == 0.0:
            break
        stride = length * (priced.value - known) / size
        prices = np.clip(prices + stride * direction, 0.0, most)
        priced = _price(model, prices, room=room)
        often = (1.0 - MEMORY) * often + MEMORY * priced.part
        steps += 1
        idle += 1
        if priced.value < best.value - 1e-7 * (best.value - known):
            best, idle = priced, 0
        if idle > effort.patience:
            length, idle = length / 2.0, 0
            priced, prices, direction = best, best.prices, np.zeros(start.size)
            if length < LAST_STEP:
                break
    return dataclasses.replace(best, often=often), steps


@dataclass(frozen=True)
class Part:
    """
    A part of the search: some columns are taken, the model holds those still to be decided.

    Parameters
    ----------
    taken
        Columns of the whole model.
    saved, room
        What they save, and what room they leave.
    prices
        Prices to start from, one for each row.
    upper
        No answer in this part saves more, those that come to less than was aimed at left out.
    """

    model: MedianModel
    taken: Ints
    saved: float
    room: float
    prices: Floats
    upper: float


def _decide(part: Part, take: Flags, drop: Flags, least: Floats, upper: float) -> Part:
    """
    Take and drop columns, and let go of savings below a least one of the row.

    What is taken serves its rows from now on, so that the others save less.
    """
    model = part.model
    served = model.served(take)
    row = model.row_of_pair
    room = part.room - float(model.cost[take].sum())
    is_open = ~(take | drop) & (model.cost <= room)
    use = (
        is_open[model.row_cols] & (model.row_saves > served[row]) & (model.row_saves >= least[row])
    )
    row = row[use]
    rest = make_model(
        row, model.row_cols[use], model.row_saves[use] - served[row], model.candidates, model.cost
    )
    prices = np.maximum(part.prices - served, 0.0)[rest.rows]
    taken = np.append(part.taken, model.candidates[take])
    return Part(rest, taken, part.saved + float(served.sum()), room, prices, upper)


class Tree:
    """
    Branch and bound on prices: parts that cannot save more than is aimed at are closed.

    Columns whose swing would close the part are decided; a row's savings below its price are let go
    where the loss would close the part. Both keep every answer worth more than is aimed at.
    """

    def __init__(
        self,
        model: MedianModel,
        chosen: Flags,
        *,
        base_total: float,
        step: float,
        gap: float,
        deadline: Deadline,
    ) -> None:
        self.model = model
        self.base_total = base_total
        self.step = step
        self.gap = gap
        self.deadline = deadline
        self.best = chosen
        self.saved = float(model.served(chosen).sum())
        self.closed = self.saved
        self.open: list[tuple[Part, int, bool]] = []
        self.work = 0

    @property
    def aim(self) -> float:
        """Savings that are of interest: better than the best by a step, or by the gap."""
        return self.saved + max(self.step, self.gap * (self.base_total - self.saved))

    def upper(self) -> float:
        """No answer saves more than this."""
        return max([self.saved, self.closed, *(part.upper for part, _, _ in self.open)])

    def offer(self, chosen: Flags) -> None:
        """Remember an answer if it is better."""
        saved = float(self.model.served(chosen).sum())
        if saved > self.saved:
            self.best, self.saved = chosen, saved

    def price(self, part: Part, effort: Effort) -> Priced:
        """Improve the prices of a part, and offer the columns that the relaxed answer takes."""
        priced, steps = _improve(
            part.model,
            part.prices,
            effort,
            room=part.room,
            known=self.saved - part.saved,
            enough=self.aim - part.saved,
            deadline=self.deadline,
        )
        self.work += (steps + 1) * part.model.row_saves.size
        chosen = np.zeros(self.model.cost.size, dtype=bool)
        chosen[part.taken] = True
        chosen[part.model.candidates[priced.part == 1.0]] = True
        self.offer(chosen)
        return priced

    def settle(self, part: Part, priced: Priced) -> None:
        """Close a part, or reduce it as far as prices allow and part it in two."""
        while True:
            value = part.saved + priced.value
            upper = min(part.upper, value)
            if upper <= self.aim:
                self.closed = max(self.closed, upper)
                return
            # Of the value, not of the least bound known: the swings are measured from it.
            slack = value - self.aim
            self.closed = max(self.closed, self.aim)
            sure = priced.swing > slack
            taken, dropped = sure & (priced.part == 1.0), sure & (priced.part == 0.0)
            before = part.model
            priced_part = dataclasses.replace(part, prices=priced.prices)
            part = _decide(priced_part, taken, dropped, priced.prices - slack, upper)
            if part.model.cost.size > SHRUNK * before.cost.size:
                break
            priced = self.price(part, PART_EFFORT)
        if part.model.row_saves.size > BRANCH_PAIRS:
            self.closed = max(self.closed, part.upper)
            return
        often = priced.often[np.isin(before.candidates, part.model.candidates)]
        column = int(np.argmin(np.abs(often - 0.5)))
        self.open += [(part, column, True), (part, column, False)]

    def prove(self) -> None:
        """Settle open parts until none is left or a limit is reached."""
        parts = 0
        while self.open and parts < PARTS and self.work < WORK and not self.deadline.passed():
            parts += 1
            part, column, take = self.open.pop()
            chosen = np.zeros(part.model.cost.size, dtype=bool)
            chosen[column] = True
            nothing = np.zeros_like(chosen)
            part = _decide(
                part,
                chosen if take else nothing,
                nothing if take else chosen,
                np.zeros(part.model.rows.size),
                part.upper,
            )
            self.settle(part, self.price(part, PART_EFFORT))
