"""Who is served how: at a site, by a team that comes, or by itself."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from walkcover._errors import InputError
from walkcover.gaps import check_people
from walkcover.plan_operations import ANY, RESIDENTS, VILLAGE, ServiceRule, plain_kind

Ints = npt.NDArray[np.int64]

COUNTRYSIDE = "countryside"
# What comes in besides tests, in the order of the finished table.
COLUMNS = (
    "place_id", "name", "origin", "kind", "people", "zone_id", "reached", "service", "rule",
    "walk_s", "site_id", "tests",
)  # fmt: skip


def residence_kinds(residences: pd.DataFrame) -> pd.Series:
    """
    Say of which kind each residence is.

    Parameters
    ----------
    residences
        With stage; a column `kind` that the table brings counts where it is not empty, known
        Chinese words in their standard form.

    Returns
    -------
    kind
        Text on the index of `residences`: its own, else ``village`` in the stage ``countryside``,
        else ``residents``.

    Examples
    --------
    >>> homes = pd.DataFrame({"stage": ["city", "countryside", "city"],
    ...                       "kind": [None, "", "重点人群"]})
    >>> residence_kinds(homes).tolist()
    ['residents', 'village', 'key_group']
    """
    is_rural = (residences["stage"] == COUNTRYSIDE).to_numpy(bool)
    kind = pd.Series(
        np.where(is_rural, VILLAGE, RESIDENTS), index=residences.index, dtype=object, name="kind"
    )
    if "kind" not in residences.columns:
        return kind
    own = residences["kind"].astype(object).fillna("").astype(str).map(plain_kind)
    return kind.where(own == "", own)


def choose_rules(
    kind: pd.Series, people: pd.Series, reached: pd.Series, rules: Sequence[ServiceRule]
) -> Ints:
    """
    Find the rule of each place: the first that fits.

    Parameters
    ----------
    kind, people, reached
        Of each place: its kind, its people, and whether a site lies within the limit.
    rules
        The ``[[services]]`` of the plan in their order.

    Returns
    -------
    rule
        Number of the rule, from 1, shape (n,).

    Raises
    ------
    InputError
        If no rule fits a place.

    Examples
    --------
    A small school walks to its site, a large one is visited, a village out of reach gets rounds.

    >>> from walkcover.plan_operations import SERVICES
    >>> number = choose_rules(pd.Series(["school", "school", "village"]),
    ...                       pd.Series([199.0, 200.0, 90.0]),
    ...                       pd.Series([True, True, False]), SERVICES)
    >>> [SERVICES[n - 1].by for n in number]
    ['site', 'visit', 'round']
    """
    words, counts = kind.to_numpy(object), people.to_numpy(np.float64)
    is_near = reached.to_numpy(bool)
    number = np.zeros(len(kind), dtype=np.int64)
    for place, rule in enumerate(rules, start=1):
        fits = (counts >= rule.at_least) & (number == 0)
        if rule.kind != ANY:
            fits &= words == rule.kind
        if rule.reached != ANY:
            fits &= is_near == (rule.reached == "yes")
        number[fits] = place
    lost = np.flatnonzero(number == 0)
    if lost.size:
        msg = (
            f"[[services]]: {lost.size} places fit no rule, first one of kind {words[lost[0]]!r}: "
            'expected a last rule that fits all, with kind = "any"'
        )
        raise InputError(msg)
    return number


def service_table(
    residences: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    *,
    rules: Sequence[ServiceRule],
    counted: bool,
) -> gpd.GeoDataFrame:
    """
    Say of every residence and place how its people are served, and count their tests.

    Parameters
    ----------
    residences, places
        With place_id, name, kind, people, zone_id, reached, walk_s and site_id, geometry a point.
    rules
        The ``[[services]]`` of the plan in their order.
    counted
        Whether the people of places live in the residences: then they are counted off there,
        everywhere by the same share.

    Returns
    -------
    services
        Residences first, as `walkcover.operations.Demand.services` says, numbered from 0.

    Raises
    ------
    InputError
        If places have more people than the residences in which these are to live.
    ConservationError
        If the tests are not as many as the people in all.
    """
    at_home, away = float(residences["people"].sum()), float(places["people"].sum())
    if counted and away > at_home:
        msg = (
            f"[places]: {away:,.0f} people in {len(places)} places, more than the {at_home:,.0f} "
            "of all residences in which they are said to live: mend the numbers, or say "
            "[places] counted = false where they live elsewhere"
        )
        raise InputError(msg)
    home_share = 1.0 - away / at_home if counted and at_home else 1.0
    parts = [
        residences.assign(origin="residence", tests=residences["people"] * home_share),
        places.assign(origin="place", tests=places["people"]),
    ]
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    number = choose_rules(table["kind"], table["people"], table["reached"], rules)
    table["rule"] = number
    table["service"] = np.array([rule.by for rule in rules], dtype=object)[number - 1]
    everybody = at_home if counted else at_home + away
    check_people(everybody, table["tests"].sum(), step="choosing services")
    return gpd.GeoDataFrame(table[[*COLUMNS]], geometry=table["geometry"].to_numpy(), crs=4326)


def rule_table(services: pd.DataFrame, rules: Sequence[ServiceRule]) -> pd.DataFrame:
    """
    Sum what each rule took.

    Parameters
    ----------
    services
        As of `service_table`.
    rules
        The ``[[services]]`` of the plan in their order.

    Returns
    -------
    table
        A row per rule in force: rule, kind, at_least, reached, by, places (residences too),
        people and tests; rules that took nothing keep their row.
    """
    sums = _sums(services, "rule").reindex(range(1, len(rules) + 1), fill_value=0)
    table = pd.DataFrame(
        {
            "rule": np.arange(1, len(rules) + 1),
            "kind": pd.Series([rule.kind for rule in rules], dtype=object),
            "at_least": np.array([rule.at_least for rule in rules], dtype=np.float64),
            "reached": pd.Series([rule.reached for rule in rules], dtype=object),
            "by": pd.Series([rule.by for rule in rules], dtype=object),
        }
    )
    for name in ("places", "people", "tests"):
        table[name] = sums[name].to_numpy()
    return table.astype({"places": np.int64, "people": np.float64, "tests": np.float64})


def by_service(services: pd.DataFrame, names: Sequence[str]) -> dict[str, dict[str, float]]:
    """
    Count places, people and tests of each service.

    Parameters
    ----------
    services
        As of `service_table`.
    names
        All services, in the order of the answer.

    Returns
    -------
    sums
        places, people and tests by service. Who lives in a residence and is tested elsewhere is
        among the people of both; tests count everybody once.
    """
    sums = _sums(services, "service").reindex(list(names), fill_value=0)
    return {
        name: {
            "places": int(sums.at[name, "places"]),
            "people": float(sums.at[name, "people"]),
            "tests": float(sums.at[name, "tests"]),
        }
        for name in names
    }


def _sums(services: pd.DataFrame, column: str) -> pd.DataFrame:
    groups = services.groupby(column, sort=True)
    return groups.agg(places=("tests", "size"), people=("people", "sum"), tests=("tests", "sum"))
