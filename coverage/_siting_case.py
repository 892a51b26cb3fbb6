"""A checked siting question, and how it becomes a model and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from walkcover._errors import InputError
from walkcover._ladder import Effort
from walkcover._model import CLOSE_PEOPLE, Entries, Flags, Floats, Ints, Model, make_model
from walkcover._most_people import break_ties
from walkcover._question import checked_numbers, checked_roles
from walkcover.answer import Floor, Reduction
from walkcover.pairs import CoverPairs, Indices


@dataclass(frozen=True)
class Demand:
    """People who need `times` sites within reach, and how many of them at least."""

    people: Floats
    need: float
    times: int


@dataclass(frozen=True)
class Case:
    """The checked question."""

    pairs: CoverPairs
    wanted: Demand
    tie_people: Floats | None
    floors: list[Demand]
    cost: Floats
    fixed: Ints
    forced: Ints
    is_open: Flags
    standing: Entries

    @property
    def forced_cost(self) -> float:
        return float(self.cost[self.forced].sum())

    @property
    def whole_people(self) -> bool:
        return all(bool((d.people == np.rint(d.people)).all()) for d in (self.wanted, *self.floors))

    @property
    def whole_cost(self) -> bool:
        return bool((self.cost == np.rint(self.cost)).all())

    def base(self, demand: Demand) -> float:
        """People who have enough sites once fixed and forced ones stand."""
        return float(demand.people[self.standing >= demand.times].sum())

    def within_reach(self, demands: Sequence[Demand]) -> tuple[list[Demand], bool]:
        """Lower each need to what everything built together covers; tell whether any was lower."""
        entries = self.pairs.residences[np.repeat(self.is_open, np.diff(self.pairs.indptr))]
        every = self.standing + np.bincount(entries, minlength=self.pairs.n_residences)
        most = [float(demand.people[every >= demand.times].sum()) for demand in demands]
        lowered = [
            replace(demand, need=min(demand.need, reach))
            for demand, reach in zip(demands, most, strict=True)
        ]
        out = any(d.need > reach * (1.0 + 1e-12) for d, reach in zip(demands, most, strict=True))
        return lowered, out

    def merged(self, wanted: Demand, floors: Sequence[Demand]) -> Model:
        """Reduce the question: who is wanted, and what is needed at least."""
        floors = [f for f in floors if f.need * (1.0 - CLOSE_PEOPLE) > self.base(f)]
        levels = sorted({demand.times for demand in (wanted, *floors)})
        ptr, candidates = self.pairs.by_residence
        n = self.pairs.n_residences
        block = {times: slice(at * n, (at + 1) * n) for at, times in enumerate(levels)}
        weight = np.zeros(n * len(levels))
        weight[block[wanted.times]] = wanted.people
        demand = np.zeros((len(floors), weight.size))
        for row, floor in zip(demand, floors, strict=True):
            row[block[floor.times]] = floor.people
        more = [ptr[1:] + at * candidates.size for at in range(len(levels))]
        return make_model(
            ptr if len(levels) == 1 else np.concatenate([ptr[:1], *more]),
            candidates if len(levels) == 1 else np.tile(candidates, len(levels)),
            self.cost,
            weight=weight,
            demand=sparse.csr_array(demand),
            need=np.array([floor.need - self.base(floor) for floor in floors]),
            times=np.concatenate([times - self.standing for times in levels]).astype(np.int32),
            is_open=self.is_open,
        )

    def built(self, model: Model, chosen: Flags) -> Ints:
        """Indices of the new sites, forced ones included."""
        return np.union1d(self.forced, model.candidates[chosen])

    def count(self, built: Ints, demand: Demand | None = None) -> float:
        """People with enough fixed and new sites, on the residences as they were given."""
        demand = self.wanted if demand is None else demand
        reached = self.pairs.reached_by(np.append(self.fixed, built))
        return float(demand.people[reached >= demand.times].sum())

    def floors_short(self, built: Ints) -> tuple[float, ...]:
        """People short of each floor; a rounding error is none."""
        short = (floor.need - self.count(built, floor) for floor in self.floors)
        return tuple(
            float(s) if s > CLOSE_PEOPLE * floor.need else 0.0
            for s, floor in zip(short, self.floors, strict=True)
        )

    def reduction(self, model: Model) -> Reduction:
        return Reduction(
            residences=self.pairs.n_residences,
            candidates=int(self.is_open.sum()),
            merged_residences=model.n_merged,
            rows=model.weight.size,
            dominated_candidates=int(self.is_open.sum()) - model.cost.size,
            columns=model.cost.size,
        )


def tie_broken(
    case: Case,
    built: Ints,
    tie_people: Floats,
    kept: Sequence[Demand],
    *,
    room: float,
    effort: Effort,
) -> Ints:
    """Cover the most of those who break ties, keeping what was reached."""
    ties = replace(case.wanted, people=tie_people)
    # Not without dominated columns: some may have been built.
    model = case.merged(ties, kept)
    found = break_ties(
        model,
        np.isin(model.candidates, built),
        budget=room,
        whole=case.whole_people,
        effort=effort,
    )
    better = case.built(model, found)
    keeps = all(
        case.count(better, demand) >= min(demand.need, case.count(built, demand)) for demand in kept
    )
    return better if keeps and case.count(better, ties) > case.count(built, ties) else built


def case_of(
    pairs: CoverPairs,
    people: npt.ArrayLike,
    tie_people: npt.ArrayLike | None,
    times: int,
    costs: npt.ArrayLike | None,
    fixed: Indices,
    forced: Indices,
    forbidden: Indices,
    floors: Sequence[Floor],
) -> Case:
    """Check everything once."""
    faults: list[str] = []
    n = pairs.n_candidates
    counts = checked_numbers("people", people, pairs.n_residences, faults)
    ties = None
    if tie_people is not None:
        ties = checked_numbers("tie_people", tie_people, pairs.n_residences, faults)
    cost = np.ones(n) if costs is None else checked_numbers("costs", costs, n, faults)
    if (cost <= 0).any():
        faults.append(
            f"costs must be positive; candidate {int(np.argmin(cost))} costs nothing "
            "(name a site that costs nothing in fixed)"
        )
    stands, must, banned = checked_roles(n, fixed, forced, forbidden, faults)
    groups = []
    for number, floor in enumerate(floors):
        where = f"floor {number}"
        groups.append(
            checked_numbers(f"people of {where}", floor.people, pairs.n_residences, faults)
        )
        if not 0.0 <= floor.share <= 1.0:
            faults.append(f"share of {where} is {floor.share!r}; expected a number from 0 to 1")
    for name, number in [
        ("times", times),
        *((f"times of floor {i}", f.times) for i, f in enumerate(floors)),
    ]:
        if number < 1:
            faults.append(f"{name} is {number!r}; expected 1 or more sites within reach")
    if faults:
        msg = "the siting question is not understood:\n" + "\n".join(f"  {f}" for f in faults)
        raise InputError(msg)
    is_open = np.ones(n, dtype=bool)
    for closed in (stands, must, banned):
        is_open[closed] = False
    whole = all(bool((group == np.rint(group)).all()) for group in groups)
    demands = [
        Demand(group, target_of(group, floor.share, whole=whole), floor.times)
        for group, floor in zip(groups, floors, strict=True)
    ]
    standing = pairs.reached_by(np.append(stands, must))
    wanted = Demand(counts, 0.0, times)
    return Case(pairs, wanted, ties, demands, cost, stands, must, is_open, standing)


def target_of(people: Floats, share: float, *, whole: bool) -> float:
    """People that a share of all of them means; a rounding error asks for nobody more."""
    target = share * float(people.sum()) * (1.0 - 1e-12)
    return float(np.ceil(target)) if whole else target
