"""What the excerpts of a run share, worked out once: who belongs to which zone, gap and step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from walkcover._errors import InputError
from walkcover.band import within_reach
from walkcover.capacity import Assignment
from walkcover.desks import STANDING
from walkcover.gap_areas import gap_residences
from walkcover.gaps import OUTSIDE
from walkcover.joins import concatenate, take_places
from walkcover.network import Bools, Ints
from walkcover.pairs import CoverPairs
from walkcover.reach import walk_pairs
from walkcover.result import Result
from walkcover.study import Study
from walkcover.tabulate import zones_below
from walkcover.zones import zones_of_places

NEVER = -1


@dataclass(frozen=True)
class WholeRun:
    """
    A finished run and what its excerpts are cut by.

    Parameters
    ----------
    result
        The run.
    study
        Its assessment and suggestion.
    below
        For each zone, itself and the zones below it.
    site_zone
        Zone in which each site stands, shape (n_sites,).
    gap
        Row of the gap areas that each residence belongs to, shape (n_residences,), -1 for none.
    reached
        For the states ``""`` and ``_after``, by profile of the band: who is within reach.
    step
        Step of the rollout that first covers each residence, shape (n_residences,): from 1, 0 for
        those whom the standing and planned sites cover, -1 for never. None where nothing was
        suggested, or desk time counts: who has it is known only once all is built.
    """

    result: Result
    study: Study
    below: dict[str, list[str]]
    site_zone: npt.NDArray[np.object_]
    gap: Ints
    reached: Mapping[str, Mapping[str, Bools]]
    step: Ints | None

    @property
    def desk_time(self) -> Assignment | None:
        """Who is served where once all is built; None where distance alone counts."""
        suggestion = self.study.suggestion
        return self.study.assessment.desk_time if suggestion is None else suggestion.desk_time


def whole_run(result: Result) -> WholeRun:
    """
    Work out what the excerpts of a run share.

    Parameters
    ----------
    result
        What `walkcover.run`, `suggest` or `assess` gave.

    Returns
    -------
    whole
        The run, and who belongs where.

    Raises
    ------
    InputError
        If the result has no study: it is an excerpt itself, or was not made by a run.
    """
    if result.study is None:
        msg = (
            f"the result {result.plan.plan.name!r} has no study to cut from: expected one that "
            "walkcover.run, suggest or assess gave; take every excerpt from the whole run"
        )
        raise InputError(msg)
    zones = result.zones[result.zones["zone_id"] != OUTSIDE]
    site_zone = zones_of_places(result.sites, zones, result.residences)
    study = result.study
    return WholeRun(
        result=result,
        study=study,
        below=zones_below(result.zones),
        site_zone=site_zone.to_numpy(object),
        gap=_gaps(result),
        reached=_reached(result, study),
        step=_first_steps(result, study),
    )


def _gaps(result: Result) -> Ints:
    """Find the gap area of each residence: the one of its kind that it lies in."""
    gap_of = np.full(len(result.residences), NEVER, dtype=np.int64)
    gap = gap_residences(result.residences)
    areas = result.gap_areas
    if gap.empty or areas.empty:
        return gap_of
    home, area = areas.sindex.query(gap.geometry.to_numpy(), predicate="intersects", sort=True)
    # Residences over capacity have areas of their own, which may lie across the others.
    full = (gap["verdict"] == "over_capacity").to_numpy()[home]
    alike = full == (areas["reason"] == "over_capacity").to_numpy()[area]
    first, at = np.unique(home[alike], return_index=True)
    rows = np.flatnonzero(result.residences.index.isin(gap.index))
    gap_of[rows[first]] = area[alike][at]
    return gap_of


def _reached(result: Result, study: Study) -> dict[str, dict[str, Bools]]:
    assessment, plan = study.assessment, result.plan
    is_open = (assessment.sites["status"] == "open").to_numpy()
    now = take_places(assessment.site_joins, np.flatnonzero(is_open))
    reached = {"": within_reach(assessment, now, plan=plan)}
    if study.suggestion is not None:
        later = concatenate(
            take_places(assessment.site_joins, _standing(study)),
            take_places(study.suggestion.joins, study.suggestion.chosen),
        )
        reached["_after"] = within_reach(assessment, later, plan=plan)
    return reached


def _standing(study: Study) -> Ints:
    """Rows of the existing sites that stand once planned ones are built."""
    return np.flatnonzero(study.assessment.sites["status"].isin(STANDING))


def _first_steps(result: Result, study: Study) -> Ints | None:
    """Say which step of the rollout covers each residence, as siting counts cover."""
    suggestion, plan = study.suggestion, result.plan
    if suggestion is None or suggestion.desk_time is not None:
        return None
    standing = _standing(study)
    found = walk_pairs(
        study.assessment.homes,
        concatenate(
            take_places(study.assessment.site_joins, standing),
            take_places(suggestion.joins, suggestion.chosen),
        ),
        study.assessment.graph,
        limit_s=plan.counted_limit_s,
        with_walks=False,
    )
    n = len(result.residences)
    pairs = CoverPairs.from_csr(found.indptr, found.residence, n_residences=n)
    times = plan.siting.sites_in_reach
    reached = pairs.reached_by(np.arange(len(standing))).astype(np.int64)
    step = np.where(reached >= times, 0, NEVER)
    for number in range(len(suggestion.chosen)):
        homes = pairs.residences_of(len(standing) + number)
        step[homes[reached[homes] == times - 1]] = number + 1
        reached[homes] += 1
    return step
