"""What the driver knows of a stage in regions: their curves joined by global ids."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from walkcover import _kernels_siting as kernels
from walkcover._errors import InputError
from walkcover._model import Entries, Floats, Ints
from walkcover._region_case import Columns, RegionCurve


@dataclass(frozen=True)
class Joined:
    """
    Columns of several regions as one relation.

    `first` tells where the columns of each region start, `ptr` and `rows` which rows each reaches;
    `row_ids` and `people` are those of the rows, `place_of` the rows of each region's own list.
    """

    first: Ints
    ids: Ints
    cost: Floats
    ptr: Ints
    rows: Entries
    row_ids: Ints
    people: Floats
    place_of: list[Ints]


def joined(parts: Sequence[Columns]) -> Joined:
    """
    Put columns of regions one after the other, equal rows together.

    Raises
    ------
    InputError
        If two regions have the same candidate, or differ on the people of a row.
    """
    row_ids = np.unique(np.concatenate([np.zeros(0, np.int32), *(p.row_ids for p in parts)]))
    people = np.full(row_ids.size, -1.0)
    places = [np.searchsorted(row_ids, part.row_ids) for part in parts]
    for part, place in zip(parts, places, strict=True):
        wrong = np.flatnonzero((people[place] >= 0) & (people[place] != part.people))
        if wrong.size:
            at = wrong[0]
            msg = (
                f"row {part.row_ids[at]} has {people[place[at]]:g} people in one region and "
                f"{part.people[at]:g} in another; give halo rows the people they have at home"
            )
            raise InputError(msg)
        people[place] = part.people
    ids = np.concatenate([np.zeros(0, np.int32), *(part.ids for part in parts)]).astype(np.int64)
    ordered = np.sort(ids)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if twice.size:
        msg = f"candidate {twice[0]} belongs to two regions; give every candidate to one"
        raise InputError(msg)
    sizes = [np.diff(part.ptr) for part in parts]
    rows = [place[part.entries] for part, place in zip(parts, places, strict=True)]
    return Joined(
        first=np.cumsum([0, *(part.ids.size for part in parts)]),
        ids=ids,
        cost=np.concatenate([np.zeros(0), *(part.cost for part in parts)]),
        ptr=np.append(0, np.cumsum(np.concatenate([np.zeros(0, np.int64), *sizes]))),
        rows=np.concatenate([np.zeros(0, np.int64), *rows]).astype(np.int32),
        row_ids=row_ids.astype(np.int64),
        people=people,
        place_of=places,
    )


@dataclass(frozen=True)
class Whole:
    """
    A stage in regions.

    Parameters
    ----------
    curves
        In an order that does not depend on the one they were given in.
    columns, border
        The candidates that travel, and those at borders with shared rows only.
    people, covered_people, reach_people
        People of the stage, those covered already, and those who are covered or within reach.
    """

    curves: tuple[RegionCurve, ...]
    columns: Joined
    border: Joined
    people: float
    covered_people: float
    reach_people: float

    @property
    def whole_people(self) -> bool:
        return all(curve.whole_people for curve in self.curves)

    @property
    def whole_cost(self) -> bool:
        return all(curve.whole_cost for curve in self.curves)

    @property
    def is_stopped(self) -> bool:
        return any(curve.is_stopped for curve in self.curves)

    def chosen(self, numbers: Sequence[int]) -> Ints:
        """Positions in `columns` of one set of each region."""
        parts = [
            first + curve.set_columns[curve.set_ptr[number] : curve.set_ptr[number + 1]]
            for first, curve, number in zip(
                self.columns.first[:-1], self.curves, numbers, strict=True
            )
        ]
        return np.concatenate([np.zeros(0, np.int64), *parts]).astype(np.int64)

    def places(self, ids: Ints) -> Ints:
        """Positions in `columns` of candidates by their ids."""
        order = np.argsort(self.columns.ids, kind="stable")
        found: Ints = order[np.searchsorted(self.columns.ids[order], ids)]
        return found

    def gained(self, chosen: Ints) -> float:
        """People not covered before whom the chosen columns reach, each counted once."""
        columns = self.columns
        reached: Floats = kernels.row_loads(
            columns.ptr, columns.rows, chosen, np.ones(chosen.size), columns.row_ids.size
        )
        return math.fsum(columns.people[reached > 0])


def whole_of(curves: Sequence[RegionCurve]) -> Whole:
    """Join the curves of a stage; sums do not depend on the order of the curves."""
    ordered = tuple(sorted(curves, key=lambda curve: curve.key))
    border = joined([curve.border for curve in ordered])
    covered = math.fsum(curve.covered_people for curve in ordered)
    return Whole(
        curves=ordered,
        columns=joined([curve.columns for curve in ordered]),
        border=border,
        people=math.fsum(curve.people for curve in ordered),
        covered_people=covered,
        reach_people=math.fsum(
            [covered, *(curve.reach_people for curve in ordered), *border.people]
        ),
    )
