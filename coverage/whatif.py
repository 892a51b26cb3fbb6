"""What a scenario changes: only what hangs on its values is computed again."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from walkcover import job
from walkcover._errors import InputError, PlanError, WalkCoverError
from walkcover.assessment import (
    assess_tables,
)
from walkcover.comparison import Comparison
from walkcover.crs import metric_crs
from walkcover.io.inputs import read_inputs
from walkcover.io.networks import read_street_lines
from walkcover.io.walking import Walking, read_walking
from walkcover.network import Ints, Lines, build_network
from walkcover.outcome import Ground, Outcome
from walkcover.overrides import with_values
from walkcover.plan import Plan
from walkcover.reassessment import assess_again, must_read, must_walk, with_factors
from walkcover.result import Result
from walkcover.scenario import Scenario, id_faults
from walkcover.site_changes import with_sites
from walkcover.street_changes import change_streets
from walkcover.study import Study

# What of a scenario concerns single sites.
SITE_KEYS = ("open", "close", "move", "desks", "hours")

log = logging.getLogger("walkcover")


def what_if(result: Result, scenario: Scenario, *, suggest: bool | None = None) -> Comparison:
    """
    Compare a finished run with what it would be in a scenario.

    Parameters
    ----------
    result
        What `walkcover.assess`, `walkcover.suggest` or `walkcover.run` gave.
    scenario
        The few values that differ.
    suggest
        Whether to say again where to build, given the scenario, and compare that too. None does
        where the scenario changes the rules of siting: stages, ``siting`` or ``candidates``.

    Returns
    -------
    comparison
        The base and the scenario side by side, equal to what full runs of both would give.

    Raises
    ------
    PlanError
        If the scenario names an id or a value that is not there; all faults in one message.
    InputError
        If what it asks for cannot be, or the result was not made by a run.
    """
    return what_ifs(result, [scenario], suggest=suggest)[0]


def what_ifs(
    result: Result, scenarios: Sequence[Scenario], *, suggest: bool | None = None
) -> tuple[Comparison, ...]:
    """
    Compare a finished run with several scenarios; what they share is computed once.

    Parameters
    ----------
    result, suggest
        As of `what_if`.
    scenarios
        The scenarios.

    Returns
    -------
    comparisons
        One for each scenario, in their order.

    Raises
    ------
    PlanError
        If a scenario names an id or a value that is not there.
    InputError
        If what it asks for cannot be, or the result was not made by a run.
    """
    if result.study is None:
        msg = (
            "the result holds tables only, and what-ifs go on from a run: expected what "
            "walkcover.assess, walkcover.suggest or walkcover.run gave"
        )
        raise InputError(msg)
    bench = _Bench(result.plan, result.study)
    compared = []
    for scenario in scenarios:
        try:
            compared.append(bench.compare(scenario, suggest=suggest))
        except PlanError:
            raise
        except WalkCoverError as error:
            msg = f"scenario {scenario.name!r}: {error}"
            raise type(error)(msg) from error
    return tuple(compared)


def base_run(plan: Plan, scenarios: Sequence[Scenario], *, suggest: bool | None = None) -> Result:
    """
    Run a plan as far as its scenarios need it.

    Parameters
    ----------
    plan
        The plan.
    scenarios
        What it will be compared with.
    suggest
        As of `what_if`.

    Returns
    -------
    result
        With suggested sites where siting is to be compared, or a scenario opens a site that is
        none of the plan's.

    Raises
    ------
    WalkCoverError
        If an input does not keep its contract.
    """
    if suggest or (suggest is None and any(one.changes_siting for one in scenarios)):
        return job.suggest(plan)
    result = job.assess(plan)
    known = {*result.sites["site_id"].astype(str)}
    strange = {one for scenario in scenarios for one in scenario.opened_ids} - known
    return job.suggest(plan) if strange else result


class _Bench:
    """What scenarios of one base share: the base, the streets as read, grounds made before."""

    def __init__(self, plan: Plan, study: Study) -> None:
        self.plan, self.study = plan, study
        self.ground = Ground(plan, study.zones, study.candidates, study.assessment)
        self.base = dataclasses.replace(_unchanged(self.ground), suggestion=study.suggestion)
        # The last ground that is not the base's: scenarios that share one mostly stand together.
        self.last: tuple[object, Ground] | None = None

    @cached_property
    def known_ids(self) -> dict[str, dict[str, Any]]:
        """Ids that a scenario may name."""
        tables = {"sites": self.study.sites["site_id"], "zones": self.study.zones["zone_id"]}
        known = {name: dict.fromkeys(column.astype(str)) for name, column in tables.items()}
        suggestion = self.study.suggestion
        known["suggested"] = (
            {} if suggestion is None else dict.fromkeys(suggestion.sites["site_id"])
        )
        return known

    @cached_property
    def present_base(self) -> Outcome:
        """The base as it is now."""
        return self.base.unsited()

    @cached_property
    def sited_base(self) -> Outcome:
        """The base with sites suggested."""
        return self.base if self.base.suggestion is not None else self.base.sited()

    @cached_property
    def street_lines(self) -> tuple[Lines, dict[str, Any]]:
        """Streets of the plan before they are a network."""
        return read_street_lines(
            self.plan.path(self.plan.network.source),
            layer=self.plan.network.layer,
            min_component_m=self.plan.walk.min_component_m,
            plazas=self.plan.walk.plazas,
        )

    def compare(self, scenario: Scenario, *, suggest: bool | None) -> Comparison:
        """Hold the base against a scenario."""
        plan = self.checked_plan(scenario)
        ground = self.ground_of(scenario, plan)
        outcome, notes = self.with_sites(ground, scenario)
        sites_again = scenario.changes_siting if suggest is None else suggest
        if not sites_again:
            return Comparison(scenario.name, self.present_base, outcome, notes)
        return Comparison(scenario.name, self.sited_base, outcome.sited(), notes)

    def checked_plan(self, scenario: Scenario) -> Plan:
        """The plan of a scenario; all that does not fit in one message."""
        plan = self.plan
        faults = id_faults(scenario, **self.known_ids)
        values = dict(scenario.plan)
        if "profiles" in values:
            values["profiles"] = {**self.plan.profiles, **values["profiles"]}
        if scenario.stages is not None:
            values["stages"] = scenario.stages
        if values:
            try:
                plan = with_values(self.plan, values)
            except PlanError as error:
                faults += [line.strip() for line in str(error).splitlines()[1:]]
        if faults:
            lines = "\n".join(f"  {fault}" for fault in faults)
            msg = f"the scenario {scenario.name!r} does not fit the plan:\n{lines}"
            raise PlanError(msg)
        return plan

    def ground_of(self, scenario: Scenario, plan: Plan) -> Ground:
        """Streets, residences and sites under a plan, before sites change."""
        if plan == self.plan and not scenario.changes_streets and not scenario.population:
            return self.ground
        key = (plan, scenario.close_streets, scenario.add_streets, scenario.population)
        if self.last is None or self.last[0] != key:
            self.last = (key, self._new_ground(scenario, plan))
        return self.last[1]

    def with_sites(self, ground: Ground, scenario: Scenario) -> tuple[Outcome, tuple[str, ...]]:
        """Open, close and move sites on a ground."""
        if not any(getattr(scenario, key) for key in SITE_KEYS):
            return _unchanged(ground), ()
        return with_sites(
            ground,
            scenario,
            suggestion=self.study.suggestion,
            has_own_joins=ground.assessment.index is self.study.assessment.index,
        )

    def _new_ground(self, scenario: Scenario, plan: Plan) -> Ground:
        study = self.study
        if must_read(self.plan, plan):
            inputs = read_inputs(plan)
            study = dataclasses.replace(
                study,
                residences=inputs.residences,
                sites=inputs.sites,
                zones=inputs.zones,
                candidates=inputs.candidates,
            )
            walking = inputs.walking
            if scenario.changes_streets:
                walking = self._walking(scenario, plan)
            study = dataclasses.replace(
                study, residences=with_factors(study.residences, study.zones, scenario.population)
            )
            assessment = assess_tables(
                study.residences,
                study.sites,
                walking.network,
                plan=plan,
                heights=walking.heights,
                barriers=walking.barriers,
            )
            return Ground(plan, study.zones, study.candidates, assessment)
        residences = with_factors(study.residences, study.zones, scenario.population)
        walking = Walking(study.network, study.heights, study.barriers)
        if scenario.changes_streets or must_walk(self.plan, plan):
            walking = self._walking(scenario, plan)
        assessment = assess_again(self.plan, plan, study, residences, walking)
        return Ground(plan, study.zones, study.candidates, assessment)

    def _walking(self, scenario: Scenario, plan: Plan) -> Walking:
        """Streets of a plan, those of the scenario closed and added."""
        if not scenario.changes_streets:
            return read_walking(plan)
        lines, points = self.street_lines
        keys = ("source", "layer")
        same_file = all(getattr(plan.network, k) == getattr(self.plan.network, k) for k in keys)
        if not same_file or plan.walk.plazas != self.plan.walk.plazas:
            lines, points = _Bench(plan, self.study).street_lines
        crs = metric_crs(lines.lon, lines.lat, name=plan.network.crs)
        changed = change_streets(
            lines,
            close=scenario.close_streets,
            add=scenario.add_streets,
            crs=crs,
            limit_m=plan.walk.snap_limit_m,
        )
        whole = build_network(changed, min_component_m=plan.walk.min_component_m, points=points)
        return read_walking(plan, whole=whole)


def _unchanged(ground: Ground) -> Outcome:
    """The ground as it is, with the sites that it has."""
    one = ground.assessment
    nobody: Ints = np.empty(0, dtype=np.int64)
    return Outcome(ground, ground.status, one.site_joins, nobody, np.empty(0), nobody)
