"""What a siting question asks beside its sites, and what its answer says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from walkcover._deadline import Deadline
from walkcover._ladder import CLOSE
from walkcover._model import Ints

Status = Literal["optimal", "feasible", "stopped", "impossible"]


@dataclass(frozen=True)
class Floor:
    """
    A condition: at least `share` of these people must have `times` sites within reach.

    Parameters
    ----------
    people
        The people of each residence whom the condition counts, shape (n_residences,): those of a
        zone, the elderly, everybody.
    share
        Share of all of them, those already covered and those out of reach included.
    times
        Sites that must be within reach, existing ones included.
    """

    people: npt.ArrayLike
    share: float
    times: int = 1


@dataclass(frozen=True)
class Reduction:
    """
    How much of a siting question was left to decide.

    Parameters
    ----------
    residences, candidates
        Numbers given; candidates without fixed, forced and forbidden ones.
    merged_residences
        Residences that matter: with people that count, not covered yet, and within reach of
        candidates. Where one and two sites within reach are asked for at once, each counts for
        both.
    rows
        Groups of these with equal covering sets.
    dominated_candidates
        Candidates dropped because another one covers at least the same for no more cost, or
        because they bring nobody.
    columns
        Candidates left.
    """

    residences: int
    candidates: int
    merged_residences: int
    rows: int
    dominated_candidates: int
    columns: int


@dataclass(frozen=True)
class Answer:
    """
    A siting answer with its proof.

    Parameters
    ----------
    chosen
        New sites in ascending order, forced ones included, fixed ones not.
    objective
        People covered (`max_cover`), or new sites or their cost (`min_sites`).
    bound
        No answer can have an objective better than this.
    status
        ``optimal``: objective and bound are equal. ``feasible``: the counted limits of work ended
        before that, or the gap asked for was reached. ``stopped``: the time limit cut the search.
        ``impossible``: the share or a floor cannot be reached; it counts as far as it can be, and
        objective and bound are those of reaching that.
    covered_people
        People within reach of as many chosen and fixed sites as was asked for.
    target_people
        People that had to be covered; 0 for `max_cover`.
    floors_short
        People short of each floor, shape (n_floors,).
    reduction
        What was merged and dropped before the search.
    """

    chosen: Ints
    objective: float
    bound: float
    status: Status
    covered_people: float
    target_people: float = 0.0
    floors_short: tuple[float, ...] = ()
    reduction: Reduction | None = None

    @property
    def gap(self) -> float:
        """``|bound - objective| / objective``; 0 when equal, else infinite for 0 and infinity."""
        if self.bound == self.objective:
            return 0.0
        if self.objective == 0.0 or not np.isfinite(self.objective):
            return np.inf
        return abs(self.bound - self.objective) / self.objective

    @property
    def missing_people(self) -> float:
        """People short of the target, never negative."""
        return max(0.0, self.target_people - self.covered_people)


def judged(
    objective: float, bound: float, *, whole: bool, deadline: Deadline
) -> tuple[Status, float]:
    """Tell the status, and let bound and objective be equal where they differ by rounding."""
    near = (1e-9 if whole else CLOSE) * max(objective, bound)
    if abs(bound - objective) <= near:
        return "optimal", objective
    return ("stopped" if deadline.passed() else "feasible"), bound
