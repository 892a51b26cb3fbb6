"""A region of a siting question too large for one piece, and the curve that its worker sends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from walkcover._errors import InputError
from walkcover._model import Flags, Floats, Ints
from walkcover.pairs import CoverPairs, Entries

# Global ids travel as int32.
MOST_ID = 2**31 - 1


@dataclass(frozen=True)
class RegionCase:
    """
    What one region brings to a stage that several regions share.

    Every candidate of the stage belongs to one region, every residence of the stage is own in one.
    A region holds its own rows and, as halo, the rows of others that its candidates reach. What it
    says of a halo row must be what the other region says of it.

    Parameters
    ----------
    row_ids
        Number of each row in the whole stage, shape (n_rows,); at most 2,147,483,647.
    people
        People of each row who count in the stage, shape (n_rows,).
    is_own
        Rows of this region; the others are halo, shape (n_rows,).
    is_covered
        Rows that standing sites, wherever they are, cover already, shape (n_rows,).
    pairs
        Which rows (by position) each candidate of the region reaches.
    candidate_ids
        Number of each candidate in the whole stage, shape (n_candidates,).
    costs
        Cost of each candidate, positive; None where sites are counted.

    Raises
    ------
    InputError
        If an array does not fit, an id is repeated or out of range, or a number is not valid; all
        faults at once.

    Examples
    --------
    Two candidates, three rows; the last row belongs to a neighbour:

    >>> pairs = CoverPairs.from_csr(np.array([0, 2, 4]), np.array([0, 1, 1, 2]), n_residences=3)
    >>> case = RegionCase(np.array([10, 11, 20]), np.array([5.0, 8.0, 4.0]),
    ...                   np.array([True, True, False]), np.zeros(3, dtype=bool), pairs,
    ...                   np.array([100, 101]))
    >>> case.halo_ids.tolist()
    [20]
    """

    row_ids: Ints
    people: Floats
    is_own: Flags
    is_covered: Flags
    pairs: CoverPairs
    candidate_ids: Ints
    costs: Floats | None = None

    def __post_init__(self) -> None:
        """Check everything once."""
        n_rows, n = self.pairs.n_residences, self.pairs.n_candidates
        faults: list[str] = []
        for name, values, size in [
            ("row_ids", self.row_ids, n_rows),
            ("people", self.people, n_rows),
            ("is_own", self.is_own, n_rows),
            ("is_covered", self.is_covered, n_rows),
            ("candidate_ids", self.candidate_ids, n),
            ("costs", self.costs, n),
        ]:
            if values is not None and np.shape(values) != (size,):
                faults.append(f"{name} has shape {np.shape(values)}; expected ({size},)")
        if not faults:
            _check_ids("row_ids", self.row_ids, faults)
            _check_ids("candidate_ids", self.candidate_ids, faults)
            wrong = np.flatnonzero(~(np.isfinite(self.people) & (self.people >= 0)))
            if wrong.size:
                faults.append(
                    f"people must be finite and not negative; row {self.row_ids[wrong[0]]} "
                    f"has {self.people[wrong[0]]!r}"
                )
            if self.costs is not None:
                wrong = np.flatnonzero(~(np.isfinite(self.costs) & (self.costs > 0)))
                if wrong.size:
                    faults.append(
                        "costs must be finite and positive; candidate "
                        f"{self.candidate_ids[wrong[0]]} has {self.costs[wrong[0]]!r}"
                    )
        if faults:
            msg = "the region is not understood:\n" + "\n".join(f"  {fault}" for fault in faults)
            raise InputError(msg)

    @property
    def halo_ids(self) -> Ints:
        """Numbers of the halo rows that count, not covered yet, in ascending order."""
        counts = ~self.is_own & ~self.is_covered & (self.people > 0)
        return np.sort(self.row_ids[counts]).astype(np.int64)


def _check_ids(name: str, given: npt.ArrayLike, faults: list[str]) -> None:
    ids = np.asarray(given)
    if ids.size == 0:
        return
    if ids.dtype.kind not in "iu" or ids.min() < 0 or ids.max() > MOST_ID:
        faults.append(f"{name} must be whole numbers from 0 to {MOST_ID}; they are {ids.dtype}")
        return
    ordered = np.sort(ids)
    repeated = ordered[1:][ordered[1:] == ordered[:-1]]
    if repeated.size:
        faults.append(f"{name} names {repeated[0]} twice; give every id once")


@dataclass(frozen=True)
class Columns:
    """
    Some candidates with the rows they reach, by global ids.

    Parameters
    ----------
    ids, cost
        Numbers of the candidates, ascending, and what they cost.
    ptr, entries
        Where the rows of each candidate start, and positions in `row_ids`.
    row_ids, people
        Numbers of the rows, ascending, and the people of each.
    """

    ids: Entries
    cost: Floats
    ptr: Ints
    entries: Entries
    row_ids: Entries
    people: Floats


@dataclass(frozen=True)
class Relaxed:
    """
    A region under one price, relaxed: what of it bounds the surplus of the whole stage.

    The driver prices some rows, all shared ones among them. For any multipliers m of these, no
    choice of the region's candidates has more surplus (people of its other rows, and m of these,
    less the price) than ``inside`` plus the sum, over the border candidates, of what is positive of
    ``profit`` plus the m of their rows.

    Parameters
    ----------
    price
        People that one unit of cost is worth.
    inside
        Surplus of the other rows and of candidates that reach no row of the driver, at most.
    profit
        What the other rows pay each border candidate, less its price, shape (n_border,).
    paid
        Multipliers of the driver's rows that suit the region, shape (n_border_rows,).
    """

    price: float
    inside: float
    profit: Floats
    paid: Floats


@dataclass(frozen=True)
class RegionCurve:
    """
    What one region can give for sites or money, and bounds of it; made by `region_curve`.

    Parameters
    ----------
    n_rows, people, covered_people
        Own rows and their people; those covered already.
    reach_people
        People not covered yet of the rows within reach that the driver does not price.
    whole_people, whole_cost
        Whether all people and costs are whole numbers.
    columns
        The candidates of all sets and, next to a neighbour, those that nearly are in one.
    set_ptr, set_columns, set_cost, set_people
        Sets of candidates (positions in `columns`), a concave hull from nothing on: each costs
        more, brings more people of own and halo rows, and brings less per cost than the one
        before. Where the region counted shared rows for less, so do these people.
    border
        The candidates that reach rows of the driver, and these rows: shared ones, and others near
        them, of which one stands for all that the same candidates reach.
    relaxed
        The region under each price, highest price first.
    is_stopped
        The time limit cut the search.
    """

    n_rows: int
    people: float
    covered_people: float
    reach_people: float
    whole_people: bool
    whole_cost: bool
    columns: Columns
    set_ptr: Ints
    set_columns: Entries
    set_cost: Floats
    set_people: Floats
    border: Columns
    relaxed: tuple[Relaxed, ...]
    is_stopped: bool

    @property
    def key(self) -> tuple[int, ...]:
        """What tells regions apart in any order: candidates first, then what they count."""
        first = int(self.columns.ids[0]) if self.columns.ids.size else -1
        return first, self.n_rows

    def relaxed_at(self, price: float) -> Relaxed:
        """
        The region under any price.

        Between two prices that were searched the bound is convex, so that the mean of theirs holds.
        At a price of 0 nobody pays; above the highest one candidates only become dearer.
        """
        n_border, n_shared = self.border.ids.size, self.border.row_ids.size
        nobody = Relaxed(0.0, self.reach_people, np.zeros(n_border), np.zeros(n_shared))
        above = [one for one in self.relaxed if one.price >= price]
        below = next((one for one in self.relaxed if one.price < price), nobody)
        if above:
            part = (above[-1].price - price) / (above[-1].price - below.price)
            return _blended(above[-1], below, part)
        dearer = below.profit - (price - below.price) * self.border.cost
        return Relaxed(price, below.inside, dearer, below.paid)

    @property
    def slopes(self) -> Floats:
        """People per cost from each set to the next, falling, shape (n_sets - 1,)."""
        return np.diff(self.set_people) / np.diff(self.set_cost)

    def chosen(self, number: int) -> Ints:
        """Ids of the candidates of a set, ascending."""
        places = self.set_columns[self.set_ptr[number] : self.set_ptr[number + 1]]
        return self.columns.ids[places].astype(np.int64)


def _blended(high: Relaxed, low: Relaxed, part: float) -> Relaxed:
    """Take so great a part of the lower price."""
    return Relaxed(
        (1.0 - part) * high.price + part * low.price,
        (1.0 - part) * high.inside + part * low.inside,
        (1.0 - part) * high.profit + part * low.profit,
        (1.0 - part) * high.paid + part * low.paid,
    )
