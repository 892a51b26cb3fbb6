"""Choose where to build so that people walk least: the p-median within reach."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from walkcover import _kernels_median as kernels
from walkcover._deadline import Deadline, interruptible
from walkcover._errors import InputError
from walkcover.siting import Answer, CoverPairs, Indices, Status

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Entries = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

# Descents of the local search, and how many of them run before the clock is looked at again.
DESCENTS = 200
DESCENTS_PER_CALL = 5
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
# Totals closer than this, relative to the walk without new sites, are equal.
CLOSE = 1e-9
# Whole totals up to WHOLE people·seconds are told apart by one, less a slack for rounding.
WHOLE, WHOLE_STEP = 1e10, 0.999
ROUNDING = 1.0005


@dataclass(frozen=True)
class _Effort:
    """Limits of one subgradient: its steps, the length of the first, and its patience."""

    steps: int
    first_step: float
    patience: int


ROOT_EFFORT = _Effort(steps=1500, first_step=2.0, patience=30)
PART_EFFORT = _Effort(steps=150, first_step=0.5, patience=10)


def min_walk(
    pairs: CoverPairs,
    walk_s: npt.ArrayLike,
    people: npt.ArrayLike,
    *,
    sites: int | None = None,
    costs: npt.ArrayLike | None = None,
    budget: float | None = None,
    beyond_s: float,
    fixed: Indices = (),
    forced: Indices = (),
    forbidden: Indices = (),
    time_limit_s: float = 60.0,
    gap: float = 0.0,
    seed: int = 0,
) -> Answer:
    """
    Let people walk least in total with a number of new sites, or within a budget.

    Everybody walks to the nearest chosen or fixed site that has a pair with the residence.

    Parameters
    ----------
    pairs
        Which residences each candidate reaches.
    walk_s
        Walk of each pair in seconds, shape (n_pairs,), in the order of `pairs.residences`.
    people
        People of each residence, shape (n_residences,).
    sites, budget
        One of them: the number of new sites, or the money for them; forced ones are included.
    costs
        Cost of each candidate, positive; only with `budget`, where each costs 1 without it.
    beyond_s
        What counts for a person without a site within reach, in seconds; no less than any walk
        given, as otherwise it would pay to leave people out of reach. The larger, the more it
        matters to reach people at all, against shortening the walks of those within reach.
    fixed, forced, forbidden
        Existing sites; new sites that must be built; candidates that must not be built (a fixed
        one may be named here, as it is not built).
    time_limit_s, gap, seed
        Safety stop; gap that is good enough; start of the random numbers.

    Returns
    -------
    answer
        The sites; as objective the walk of all people in people·seconds, `beyond_s` for each one
        without a site within reach; a bound from below. Sites that would shorten nobody's walk are
        not built, even if the means allow them.

    Raises
    ------
    InputError
        If an array does not fit, a number is out of range, or the forced sites exceed the means.

    References
    ----------
    Hakimi (1964), Optimum locations of switching centers and the absolute centers and medians of a
    graph. ReVelle & Swain (1970), Central facilities location. The proof is a branch and bound on
    Lagrangian prices: Cornuejols, Fisher & Nemhauser (1977), Location of bank accounts to optimize
    float; Beasley (1993), Lagrangean heuristics for location problems.

    Examples
    --------
    >>> pairs = CoverPairs.from_csr(np.array([0, 2, 4, 5]), np.array([0, 1, 1, 2, 2]),
    ...                             n_residences=3)
    >>> walk_s = [60.0, 300.0, 120.0, 240.0, 90.0]
    >>> answer = min_walk(pairs, walk_s, [10, 20, 30], sites=1, beyond_s=1800.0)
    >>> answer.chosen.tolist(), answer.objective, answer.covered_people, answer.status
    ([1], 27600.0, 50.0, 'optimal')
    """
    with interruptible(time_limit_s) as deadline:
        case = _checked(
            pairs, walk_s, people, sites, costs, budget, beyond_s, fixed, forced, forbidden
        )
        found = _search(case, gap=gap, deadline=deadline, seed=seed)
        built = np.union1d(case.forced, case.model.candidates[found.chosen])
        standing = np.append(case.fixed, built)
        walks_s = nearest_walk(pairs, case.walk_s, standing, beyond_s=beyond_s)
        objective = float(case.people @ walks_s)
        upper = np.floor(found.upper + (1.0 - WHOLE_STEP)) if case.whole else found.upper
        bound = min(objective, case.base_total - float(upper))
        covered_people = float(case.people[pairs.covered(standing)].sum())
        if found.upper - found.saved <= case.step * ROUNDING:
            return Answer(built, objective, objective, "optimal", covered_people)
        status: Status = "stopped" if found.cut else "feasible"
        return Answer(built, objective, bound, status, covered_people)


def nearest_walk(
    pairs: CoverPairs,
    walk_s: npt.NDArray[np.float64],
    sites: Indices,
    *,
    beyond_s: float = np.inf,
) -> npt.NDArray[np.float64]:
    """
    Find the walk from each residence to the nearest of the sites.

    Parameters
    ----------
    pairs, walk_s
        As in `min_walk`.
    sites
        Candidates that are open, fixed ones included.
    beyond_s
        What stands for a residence that no site reaches.

    Returns
    -------
    walks_s
        Seconds, shape (n_residences,).

    Examples
    --------
    >>> pairs = CoverPairs.from_csr(np.array([0, 2, 3]), np.array([0, 1, 1]), n_residences=3)
    >>> nearest_walk(pairs, np.array([60.0, 300.0, 120.0]), [0, 1]).tolist()
    [60.0, 120.0, inf]
    """
    walks_s = np.full(pairs.n_residences, beyond_s, dtype=np.float64)
    for site in sites:
        reached = pairs.residences_of(int(site))
        own_s = walk_s[pairs.indptr[site] : pairs.indptr[site + 1]]
        walks_s[reached] = np.minimum(walks_s[reached], own_s)
    return walks_s


@dataclass(frozen=True)
class _Model:
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


def _model(
    rows: npt.NDArray[np.integer],
    columns: npt.NDArray[np.integer],
    saves: Floats,
    candidates: Ints,
    cost: Floats,
) -> _Model:
    """Make a model of savings in order of rows, most saved first; what is not named is left out."""
    useful = np.zeros(candidates.size, dtype=bool)
    useful[columns] = True
    row_cols = (np.cumsum(useful) - 1)[columns].astype(np.int32)
    names, first, row_of = np.unique(rows, return_index=True, return_inverse=True)
    by_column = np.argsort(row_cols, kind="stable")
    sizes = np.bincount(row_cols, minlength=int(useful.sum()))
    return _Model(
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
class _Case:
    """The checked question, and the model that is left once fixed and forced sites stand."""

    walk_s: Floats
    people: Floats
    fixed: Ints
    forced: Ints
    room: float
    base_total: float
    whole: bool
    model: _Model

    @property
    def step(self) -> float:
        """Savings that differ by no more are equal."""
        return WHOLE_STEP if self.whole else CLOSE / 2.0 * self.base_total


def _checked(
    pairs: CoverPairs,
    walk_s: npt.ArrayLike,
    people: npt.ArrayLike,
    sites: int | None,
    costs: npt.ArrayLike | None,
    budget: float | None,
    beyond_s: float,
    fixed: Indices,
    forced: Indices,
    forbidden: Indices,
) -> _Case:
    """Check everything once, report all faults together, and make the model."""
    if (sites is None) == (budget is None) or (sites is not None and costs is not None):
        msg = "give sites, or budget (with costs where they differ): exactly one of the two"
        raise InputError(msg)
    room = float(sites if sites is not None else budget if budget is not None else 0.0)
    faults: list[str] = []
    n = pairs.n_candidates
    walks_s = checked_numbers("walk_s", walk_s, pairs.residences.size, faults)
    counts = checked_numbers("people", people, pairs.n_residences, faults)
    cost = np.ones(n) if costs is None else checked_numbers("costs", costs, n, faults)
    stands, must, banned = checked_roles(n, fixed, forced, forbidden, faults)
    if not (room >= 0 and np.isfinite(room)):
        faults.append(f"sites or budget = {room!r}: expected zero or a positive number")
    longest_s = float(walks_s.max(initial=0.0))
    if not (np.isfinite(beyond_s) and beyond_s >= longest_s):
        faults.append(
            f"beyond_s = {beyond_s!r}: expected a number no less than the longest walk "
            f"given, {longest_s:g} s; people out of reach must not count less than others"
        )
    if (cost <= 0).any():
        faults.append(
            f"costs must be positive; candidate {int(np.argmin(cost))} costs nothing "
            "(name a site that costs nothing in fixed)"
        )
    forced_cost = float(cost[must].sum())
    if forced_cost > room * (1.0 + CLOSE):
        faults.append(
            f"forced sites need {forced_cost:g} of {room:g}; "
            "raise the number or the budget, or force fewer"
        )
    if faults:
        msg = "the siting question is not understood:\n" + "\n".join(f"  {f}" for f in faults)
        raise InputError(msg)
    room = room * (1.0 + CLOSE)
    room = max(0.0, (float(np.floor(room)) if _are_whole(cost) else room) - forced_cost)
    is_open = cost <= room
    for closed in (stands, must, banned):
        is_open[closed] = False
    return _case(pairs, walks_s, counts, cost, stands, must, is_open, room, beyond_s)


def _are_whole(values: Floats) -> bool:
    return bool((values == np.rint(values)).all())


def _case(
    pairs: CoverPairs,
    walks_s: Floats,
    counts: Floats,
    cost: Floats,
    stands: Ints,
    must: Ints,
    is_open: Flags,
    room: float,
    beyond_s: float,
) -> _Case:
    """Keep what open candidates save against the walk to the sites that stand or must be built."""
    base_s = nearest_walk(pairs, walks_s, np.append(stands, must), beyond_s=beyond_s)
    base_total = float(counts @ base_s)
    column = np.repeat(np.arange(pairs.n_candidates), np.diff(pairs.indptr))
    saves = counts[pairs.residences] * (base_s[pairs.residences] - walks_s)
    use = np.flatnonzero(is_open[column] & (saves > 0))
    use = use[np.lexsort((column[use], -saves[use], pairs.residences[use]))]
    names = np.arange(pairs.n_candidates)
    model = _model(pairs.residences[use], column[use], saves[use], names, cost)
    whole = base_total < WHOLE and _are_whole(np.concatenate([counts, walks_s, [beyond_s]]))
    return _Case(walks_s, counts, stands, must, room, base_total, whole, model)


def checked_numbers(name: str, given: npt.ArrayLike, size: int, faults: list[str]) -> Floats:
    """Take numbers of a given shape that are finite and not negative; else ones and a fault."""
    values = np.asarray(given, dtype=np.float64)
    if values.shape != (size,):
        faults.append(f"{name} has shape {values.shape}; expected ({size},)")
        return np.ones(size)
    wrong = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if wrong.size:
        faults.append(
            f"{name} must be finite and not negative; {wrong.size} are not, "
            f"the first at {wrong[0]}: {values[wrong[0]]!r}"
        )
        return np.ones(size)
    return values


def checked_roles(
    n: int, fixed: Indices, forced: Indices, forbidden: Indices, faults: list[str]
) -> tuple[Ints, Ints, Ints]:
    """Take positions of candidates, each once and ascending; none and a fault for a wrong role."""
    roles = {}
    for name, given in (("fixed", fixed), ("forced", forced), ("forbidden", forbidden)):
        places = np.unique(np.asarray(given, dtype=np.int64))
        wrong = places[(places < 0) | (places >= n)]
        if wrong.size:
            faults.append(f"{name} names candidate {wrong[0]}; there are {n}, counted from 0")
        roles[name] = places[:0] if wrong.size else places
    for name in ("fixed", "forbidden"):
        both = np.intersect1d(roles["forced"], roles[name])
        if both.size:
            faults.append(f"candidate {both[0]} is both forced and {name}")
    return roles["fixed"], roles["forced"], roles["forbidden"]


@dataclass(frozen=True)
class _Found:
    """Columns of the whole model, what they save, a bound from above, and whether time ended."""

    chosen: Flags
    saved: float
    upper: float
    cut: bool


def _search(case: _Case, *, gap: float, deadline: Deadline, seed: int) -> _Found:
    """Find good sites, price the rows, search again from what the prices suggest, and prove."""
    model, room = case.model, case.room
    if model.cost.size == 0:
        return _Found(np.zeros(0, dtype=bool), 0.0, 0.0, cut=False)
    chosen = kernels.greedy(*model.by_row, *model.by_column, model.cost, room)
    chosen = _descend(model, chosen, room=room, deadline=deadline, seed=seed)
    tree = _Tree(case, chosen, gap=gap, deadline=deadline)
    columns = dataclasses.replace(model, candidates=np.arange(model.cost.size))
    root = _Part(columns, np.zeros(0, dtype=np.int64), 0.0, room, model.served(chosen), np.inf)
    priced = tree.price(root, ROOT_EFFORT)
    picked = priced.part == 1.0
    tree.offer(_descend(model, picked, room=room, deadline=deadline, seed=seed + DESCENTS))
    tree.settle(root, priced)
    tree.prove()
    return _Found(
        _without_idle(model, tree.best),
        tree.saved,
        tree.upper(),
        deadline.passed(),
    )


def _descend(model: _Model, chosen: Flags, *, room: float, deadline: Deadline, seed: int) -> Flags:
    """Search on from the chosen columns, a few descents at a time."""
    best = chosen.copy()
    for turn in range(0, DESCENTS, DESCENTS_PER_CALL):
        if deadline.passed():
            break
        until = turn + DESCENTS_PER_CALL
        kernels.interchange(
            *model.by_row, *model.by_column, model.cost, room, best, turn, until, seed + turn
        )
    return best


def _without_idle(model: _Model, chosen: Flags) -> Flags:
    """Leave out, one after the other, the dearest column that saves nothing beside the others."""
    left = chosen.copy()
    while True:
        losses = kernels.losses(*kernels.best_two(*model.by_row, left), left.size)
        idle = np.flatnonzero(left & (losses <= 0.0))
        if idle.size == 0:
            return left
        left[idle[np.argmax(model.cost[idle])]] = False


@dataclass(frozen=True)
class _Priced:
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


def _price(model: _Model, prices: Floats, *, room: float) -> _Priced:
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
    return _Priced(prices, float(prices.sum() + worth @ part), part, part, swing)


def _improve(
    model: _Model,
    start: Floats,
    effort: _Effort,
    *,
    room: float,
    known: float,
    enough: float,
    deadline: Deadline,
) -> tuple[_Priced, int]:
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
class _Part:
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

    model: _Model
    taken: Ints
    saved: float
    room: float
    prices: Floats
    upper: float


def _decide(part: _Part, take: Flags, drop: Flags, least: Floats, upper: float) -> _Part:
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
    rest = _model(
        row, model.row_cols[use], model.row_saves[use] - served[row], model.candidates, model.cost
    )
    prices = np.maximum(part.prices - served, 0.0)[rest.rows]
    taken = np.append(part.taken, model.candidates[take])
    return _Part(rest, taken, part.saved + float(served.sum()), room, prices, upper)


class _Tree:
    """
    Branch and bound on prices: parts that cannot save more than is aimed at are closed.

    Columns whose swing would close the part are decided; a row's savings below its price are let go
    where the loss would close the part. Both keep every answer worth more than is aimed at.
    """

    def __init__(self, case: _Case, chosen: Flags, *, gap: float, deadline: Deadline) -> None:
        self.case = case
        self.gap = gap
        self.deadline = deadline
        self.best = chosen
        self.saved = float(case.model.served(chosen).sum())
        self.closed = self.saved
        self.open: list[tuple[_Part, int, bool]] = []
        self.work = 0

    @property
    def aim(self) -> float:
        """Savings that are of interest: better than the best by a step, or by the gap."""
        return self.saved + max(self.case.step, self.gap * (self.case.base_total - self.saved))

    def upper(self) -> float:
        """No answer saves more than this."""
        return max([self.saved, self.closed, *(part.upper for part, _, _ in self.open)])

    def offer(self, chosen: Flags) -> None:
        """Remember an answer if it is better."""
        saved = float(self.case.model.served(chosen).sum())
        if saved > self.saved:
            self.best, self.saved = chosen, saved

    def price(self, part: _Part, effort: _Effort) -> _Priced:
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
        chosen = np.zeros(self.case.model.cost.size, dtype=bool)
        chosen[part.taken] = True
        chosen[part.model.candidates[priced.part == 1.0]] = True
        self.offer(chosen)
        return priced

    def settle(self, part: _Part, priced: _Priced) -> None:
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
