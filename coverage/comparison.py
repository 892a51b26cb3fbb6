"""A base and a scenario side by side: totals, zones, stages, sites, and who gains and loses."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from walkcover._errors import InputError
from walkcover.network import Floats
from walkcover.outcome import FIGURES, Outcome
from walkcover.reach import TIE_S
from walkcover.tabulate import zones_below

# What a scenario does to a residence: its people get cover or lose it, or walk less or further.
CHANGES = ("gains", "loses", "shorter", "longer", "same")
# Shares of a residence that differ by no more are the same: rounding of people per desk.
SHARE_TOLERANCE = 1e-9
NOBODY = "no_people"
PEOPLE_BY_CHANGE = ("gained_people", "lost_people", "shorter_people", "longer_people")


@dataclass(frozen=True)
class Comparison:
    """
    A base and a scenario side by side.

    Columns without a suffix are those of the scenario; ``_base`` stands behind those of the base,
    ``_difference`` behind what the scenario has more. Tables are made when first asked for.

    Parameters
    ----------
    name
        Name of the scenario.
    base, scenario
        What they come to.
    notes
        What a reader should know besides, as new sites that no street is near.
    state
        ``now``, or ``after`` for once all suggested sites stand.
    """

    name: str
    base: Outcome
    scenario: Outcome
    notes: tuple[str, ...] = ()
    state: str = "now"

    @property
    def after(self) -> Comparison | None:
        """The same once the suggested sites stand; None where nothing was suggested."""
        if self.base.suggestion is None or self.scenario.suggestion is None:
            return None
        return dataclasses.replace(self, state="after")

    @property
    def _is_after(self) -> bool:
        return self.state == "after"

    @cached_property
    def totals(self) -> pd.DataFrame:
        """
        All residences together.

        A row per figure (people, covered_people, covered_share, gap_people, unserved_people where
        desk time counts, unreached_people, mean_walk_s, worst_walk_s, sites, people_per_site),
        with base, scenario and difference.
        """
        both = (self.base, self.scenario)
        figures = [one.figures(after=True) if self._is_after else one.figures_now for one in both]
        names = [name for name in FIGURES if any(name in one for one in figures)]
        base, scenario = (
            np.array([one.get(name, np.nan) for name in names], dtype=np.float64) for one in figures
        )
        return pd.DataFrame(
            {"base": base, "scenario": scenario, "difference": scenario - base},
            index=pd.Index(names, dtype=object, name="figure"),
        )

    @cached_property
    def _people(self) -> Floats:
        """People whom gains and losses count: those of the scenario."""
        if len(self.base.ground.people) != len(self.scenario.ground.people):
            msg = (
                f"scenario {self.name!r} has {len(self.scenario.ground.people)} residences, the "
                f"base {len(self.base.ground.people)}: who gains and loses cannot be said; "
                "compare by zone"
            )
            raise InputError(msg)
        return self.scenario.ground.people

    @property
    def _share_change(self) -> Floats:
        """By how much the covered share of each residence grows."""
        after = self._is_after
        covered = (
            self.base.covered(after=True) if after else self.base.covered_now,
            self.scenario.covered(after=after),
        )
        people = self.base.ground.people, self._people
        shares = [
            np.divide(some, all_, out=np.zeros(len(all_)), where=all_ > 0)
            for some, all_ in zip(covered, people, strict=True)
        ]
        change = shares[1] - shares[0]
        change[np.abs(change) <= SHARE_TOLERANCE] = 0.0
        return change

    @cached_property
    def _gained_and_lost(self) -> tuple[float, float]:
        people = self._people * self._share_change
        return float(people[people > 0].sum()), float(np.abs(people[people < 0]).sum())

    @property
    def gained_people(self) -> float:
        """People who get cover."""
        return self._gained_and_lost[0]

    @property
    def lost_people(self) -> float:
        """People who lose cover."""
        return self._gained_and_lost[1]

    @cached_property
    def _change(self) -> np.ndarray[Any, np.dtype[np.object_]]:
        """What the scenario does to each residence."""
        before, now = (one.walks(after=self._is_after) for one in (self.base, self.scenario))
        # Where neither has a path, inf less inf is no number and no change.
        with np.errstate(invalid="ignore"):
            longer_s = now - before
        share = self._share_change
        flags = [self._people <= 0, share > 0, share < 0, longer_s < -TIE_S, longer_s > TIE_S]
        names = [NOBODY, *CHANGES[:4]]
        return np.select(flags, names, default="same").astype(object)

    @cached_property
    def changes(self) -> pd.DataFrame:
        """
        Who gains and who loses, not only net.

        A row per change: ``gains`` (more of the residence's people are covered), ``loses``; of
        the others ``shorter`` and ``longer`` walks by more than a millisecond, and ``same``;
        with residences, people (of these residences), changed_people (who get or lose cover) and
        walk_difference_s (mean, weighted by people, where both have a path). Residences where
        nobody lives do not count.
        """
        kind, people = self._change, self._people
        before, now = (one.walks(after=self._is_after) for one in (self.base, self.scenario))
        finite = np.isfinite(before) & np.isfinite(now)
        longer_s = np.where(finite, np.where(finite, now, 0.0) - np.where(finite, before, 0.0), 0)
        rows = []
        for change in CHANGES:
            of_kind = kind == change
            walking = float(people[of_kind & finite].sum())
            person_s = float((people * longer_s)[of_kind].sum())
            rows.append(
                {
                    "change": change,
                    "residences": int(of_kind.sum()),
                    "people": float(people[of_kind].sum()),
                    "changed_people": float((people * np.abs(self._share_change))[of_kind].sum()),
                    "walk_difference_s": person_s / walking if walking else np.nan,
                }
            )
        return pd.DataFrame(rows).set_index("change")

    @cached_property
    def residences(self) -> gpd.GeoDataFrame:
        """
        A row per residence, geometry a point.

        residence_id, people, zone_id, stage, lon, lat, change (as in `changes`, and
        ``no_people``), changed_people (more than 0 who get cover, less who lose it), then
        people, walk_s, site_id and verdict of the base, and of the scenario.
        """
        suffix = "_after" if self._is_after else ""
        names = [f"{name}{suffix}" for name in ("walk_s", "site_id", "verdict")]
        base, table = self.base.residences, self.scenario.residences
        first = ["residence_id", "people", "zone_id", "stage", "lon", "lat"]
        plain = [name.removesuffix("_after") for name in names]
        was = base[["people", *names]].set_axis([f"{n}_base" for n in ("people", *plain)], axis=1)
        now = table[names].set_axis(plain, axis=1)
        changed = pd.DataFrame(
            {"change": self._change, "changed_people": self._people * self._share_change},
            index=table.index,
        )
        joined = pd.concat([table[first], changed, was, now], axis=1)
        return gpd.GeoDataFrame(joined, geometry=table.geometry, crs=4326)

    @cached_property
    def people_by_change(self) -> pd.DataFrame:
        """
        People by change, a row per residence.

        gained_people and lost_people (who get and lose cover), shorter_people and longer_people
        (who keep what they have and walk less, or further).
        """
        gains, kind = self._people * self._share_change, self._change
        walked = [np.where(kind == one, self._people, 0.0) for one in ("shorter", "longer")]
        columns = [np.maximum(gains, 0.0), np.maximum(-gains, 0.0), *walked]
        return pd.DataFrame(dict(zip(PEOPLE_BY_CHANGE, columns, strict=True)))

    @cached_property
    def by_zone(self) -> pd.DataFrame:
        """
        A row per zone, parents and zones without anybody too.

        zone_id, name, parent_id, stage; gained_people and lost_people, shorter_people and
        longer_people; then each figure of `totals` for the base, the scenario, and the difference.
        """
        base, table = self.base.zone_table, self.scenario.zone_table
        below = zones_below(table)
        zone = self.scenario.residences["zone_id"].to_numpy(object)
        own = self.people_by_change.groupby(zone).sum()
        sums = [own.reindex(below[one]).sum() for one in table["zone_id"]]
        people = pd.DataFrame(sums, index=table["zone_id"])[[*PEOPLE_BY_CHANGE]]
        keys = ["zone_id", "name", "parent_id", "stage"]
        return self._beside(pd.DataFrame(base), pd.DataFrame(table), keys, people)

    @cached_property
    def by_stage(self) -> pd.DataFrame:
        """
        A row per stage: name, and the figures as in `by_zone` that stages have.

        Where the scenario has stages of its own, those of the base stand behind them.
        """
        stage = self.scenario.residences["stage"].to_numpy(object)
        people = self.people_by_change.groupby(stage).sum()
        return self._beside(self.base.stage_table, self.scenario.stage_table, ["name"], people)

    def _beside(
        self, base: pd.DataFrame, table: pd.DataFrame, keys: list[str], people: pd.DataFrame
    ) -> pd.DataFrame:
        """Put the figures of two tables beside each other, row by row of the first key."""
        suffix = "_after" if self._is_after else ""
        also = [key for key in base[keys[0]] if key not in set(table[keys[0]])]
        labels = [*table[keys[0]], *also]
        frames = [one.set_index(keys[0]) for one in (base, table)]
        named = frames[1][keys[1:]].reindex(labels)
        missing = named.index.isin(also)
        named[missing] = frames[0][keys[1:]].reindex(labels)[missing]
        parts = [named, people.reindex(labels).fillna(0.0)]
        # What building takes is no figure of the present.
        built = ["sites_added", "cost"] if self._is_after else []
        for name in [*FIGURES, *built]:
            # What building does not change has one column for both states.
            columns = [self._column(one, name, suffix) for one in frames]
            if columns[0] is None and columns[1] is None:
                continue
            was, now = (
                pd.Series(np.nan, index=labels) if one is None else one.reindex(labels)
                for one in columns
            )
            parts.append(
                pd.DataFrame({f"{name}_base": was, name: now, f"{name}_difference": now - was})
            )
        return pd.concat(parts, axis=1).rename_axis(keys[0]).reset_index()

    @staticmethod
    def _column(table: pd.DataFrame, name: str, suffix: str) -> pd.Series | None:
        found = next((key for key in (f"{name}{suffix}", name) if key in table.columns), None)
        return None if found is None else table[found].astype(np.float64)

    @cached_property
    def sites(self) -> pd.DataFrame:
        """
        A row per site of either: site_id, name, lon, lat, change, status, people served.

        change says what the scenario does to it: opened, closed, moved, desks (other desks or
        hours), suggested or dropped (by siting), several joined by commas; empty where nothing.
        """
        tables = []
        for one in (self.base, self.scenario):
            table = (one if self._is_after else one.unsited()).site_table
            tables.append(pd.DataFrame(table.drop(columns="geometry")).set_index("site_id"))
        base, table = tables
        labels = [*table.index, *(one for one in base.index if one not in table.index)]
        was, now = base.reindex(labels), table.reindex(labels)
        joined = pd.DataFrame({"name": now["name"].where(now["name"].notna(), was["name"])})
        for name in ("lon", "lat"):
            joined[name] = now[name].fillna(was[name])
        joined["change"] = [_site_change(was.loc[one], now.loc[one]) for one in labels]
        joined["status_base"], joined["status"] = was["status"], now["status"]
        for key, values in (("_base", was), ("", now)):
            joined[f"people_served{key}"] = values["people_served"].fillna(0.0)
        joined["people_served_difference"] = joined["people_served"] - joined["people_served_base"]
        return joined.rename_axis("site_id").reset_index()


def _site_change(was: pd.Series, now: pd.Series) -> str:
    """What happened to a site, in the words of the table."""
    before, after = was["status"], now["status"]
    found = []
    if after == "suggested" and before != "suggested":
        found.append("suggested")
    elif before == "suggested" and after != "suggested":
        found.append("opened" if after == "open" else "dropped")
    elif after == "open" and before != "open":
        found.append("opened")
    elif before in ("open", "planned") and after not in ("open", "planned"):
        found.append("closed")
    if pd.notna(before) and pd.notna(after):
        if (was["lon"], was["lat"]) != (now["lon"], now["lat"]):
            found.append("moved")
        if any(_differs(was.get(key), now.get(key)) for key in ("desks", "hours_per_day")):
            found.append("desks")
    return ",".join(found)


def _differs(one: Any, other: Any) -> bool:
    return not (one == other or (pd.isna(one) and pd.isna(other)))
