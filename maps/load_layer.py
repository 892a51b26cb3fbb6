"""Turn the load of the sites, hour by hour, into the plain data that the map draws."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from walkcover.maps import formats
from walkcover.maps.packing import pack_ints, pack_texts
from walkcover.maps.phrases import Phrases, Said
from walkcover.maps.text import Words
from walkcover.operations import Demand

# The day as people come by themselves, and with staggered hours.
DAYS = ("", "_staggered")
STATUSES = ("smooth", "busy", "jammed")
# Less than half a minute, or half a person, is nothing.
LEAST_SAID = 0.5

PlainData = dict[str, Any]
Rows = list[list[Said]]
Ints = npt.NDArray[np.int64]


def knows_desks(demand: Demand) -> bool:
    """Tell whether the desks of any site are known, so that queues are."""
    return bool(demand.sites["desks"].notna().any())


def load_data(demand: Demand) -> PlainData:
    """
    Pack status and wait of every site and hour, on both days.

    Parameters
    ----------
    demand
        Tables of the daily work; some desks are known.

    Returns
    -------
    data
        `ids` of the sites; `first` and `last` hour in which any is open; for the day as people
        come and for the staggered one packed `status` and `wait` (whole minutes, -1 where there
        is none), a row per site, for the whole day first, then for the hours from `first` to
        `last`: 0 not open or not known, else 1 to 3 for `STATUSES`; `counts`, the sites of each
        status in the same columns; and `tests` of all sites in each of these hours.
    """
    hours, ids = demand.site_hours, demand.sites["site_id"]
    first, last = int(hours["hour"].min()), int(hours["hour"].max())
    row = pd.Index(ids).get_indexer(hours["site_id"])
    column = hours["hour"].to_numpy() - first + 1
    shape = (len(ids), last - first + 2)
    days = []
    for suffix in DAYS:
        status, wait = np.zeros(shape, np.int64), np.full(shape, -1, np.int64)
        status[:, 0] = _codes(demand.sites[f"status{suffix}"])
        wait[:, 0] = _minutes(demand.sites[f"worst_wait_min{suffix}"])
        status[row, column] = _codes(hours[f"status{suffix}"])
        wait[row, column] = _minutes(hours[f"wait_min{suffix}"])
        tests = np.bincount(column - 1, hours[f"tests{suffix}"], minlength=shape[1] - 1)
        days.append(
            {
                "status": pack_ints(status.ravel()),
                "wait": pack_ints(wait.ravel()),
                "counts": [np.bincount(one, minlength=4).tolist() for one in status.T],
                "tests": np.rint(tests).astype(int).tolist(),
            }
        )
    return {
        "ids": pack_texts([str(one) for one in ids]),
        "first": first,
        "last": last,
        "days": days,
    }


def _codes(status: pd.Series) -> Ints:
    codes: Ints = pd.Index(STATUSES).get_indexer(status).astype(np.int64) + 1
    return codes


def _minutes(wait_min: pd.Series) -> Ints:
    values = wait_min.to_numpy(np.float64)
    return np.where(np.isfinite(values), np.rint(values), -1).astype(np.int64)


def site_rows(demand: Demand, words: Phrases, *, with_desks: bool) -> dict[str, Rows]:
    """
    Write what is said of the busiest day of each site.

    Parameters
    ----------
    demand
        Tables of the daily work.
    words
        Where the page's phrases are numbered.
    with_desks
        Whether to say how many desks there are; the popup may say so already.

    Returns
    -------
    rows
        Labels and values by site_id, for the popup of the site.
    """
    return {
        str(site["site_id"]): list(_rows(site, words, with_desks=with_desks))
        for site in demand.sites.to_dict("records")
    }


def _rows(site: PlainData, words: Phrases, *, with_desks: bool) -> Iterator[list[Said]]:
    yield [words("map_tests_day"), formats.people(site["tests"])]
    if pd.isna(site["desks"]):
        return
    if with_desks:
        yield [words("map_desks_day"), formats.number(site["desks"])]
    yield [words("map_tests_most"), formats.people(site["capacity"])]
    yield [words("map_day_load"), formats.share(site["load_share"])]
    if site["desks_short"] > 0:
        yield [words("map_desks_short"), formats.number(site["desks_short"])]
        if pd.notna(site["extend_hours"]) and site["extend_hours"] > 0:
            hours = formats.number(round(float(site["extend_hours"]), 1))
            yield [words("map_extend"), words("map_hours", hours=hours)]
    if site["desks_spare"] > 0:
        yield [words("map_desks_spare"), formats.number(site["desks_spare"])]
    for suffix, key in zip(DAYS, ("map_natural", "map_staggered"), strict=True):
        yield [words(key), words.both(partial(_worst, site, suffix))]


def _worst(site: PlainData, suffix: str, words: Words) -> str:
    """Write the longest wait of a day, and who still waits when the site closes."""
    said = words(f"queue_{site[f'status{suffix}']}")
    minutes, left = site[f"worst_wait_min{suffix}"], site[f"left{suffix}"]
    if minutes >= LEAST_SAID:
        wait, hour = formats.number(round(minutes)), formats.clock(site[f"worst_hour{suffix}"])
        said = words("map_worst", status=said, minutes=wait, hour=hour)
    if left >= LEAST_SAID:
        said = words("map_left_people", said=said, people=formats.people(left))
    return said
