"""Turn the residences of a result into the plain data that the map draws as dots."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from walkcover.maps import formats
from walkcover.maps.figures import has_after, walk_classes
from walkcover.maps.layers import is_text, site_titles, zone_title
from walkcover.maps.packing import deltas, pack_ints, pack_texts, strip_order, to_units
from walkcover.maps.phrases import Phrases, Said
from walkcover.maps.text import ZH, Words, texts
from walkcover.result import Result

PlainData = dict[str, Any]


def residence_order(residences: pd.DataFrame) -> np.ndarray[Any, Any]:
    """
    Find the order in which the page holds residences: cell by cell, in narrow strips.

    Up one strip and down the next, neighbours in the list are neighbours in town, so that their
    walks to a site differ little and pack well.

    Returns
    -------
    order
        Rows of the table, int64, shape (n,).
    """
    return strip_order(*to_units(residences["lon"], residences["lat"]))


def residence_data(result: Result, words: Phrases) -> PlainData:
    """
    Pack the residences, cell by cell, with walk, verdict and site before and after building.

    Walks are differences of whole seconds, -1 s where there is no path; sites and zones are
    positions in the lists `sites` and `zones`, -1 where there is none. The first of the `states`
    is that before building; a later one holds what is added to its numbers, mostly nothing.
    """
    order = residence_order(result.residences)
    table = result.residences.iloc[order]
    x, y = to_units(table["lon"], table["lat"])
    verdicts = sorted(key.removeprefix("verdict_") for key in texts(ZH) if "verdict_" in key)
    site_ids = result.sites["site_id"].astype("str")
    site_names = dict(zip(site_ids, site_titles(result.sites), strict=True))
    zone_names = dict(zip(result.zones["zone_id"], result.zones["name"], strict=True))
    zone_codes, zone_ids = pd.factorize(table["zone_id"])
    said = [words.number(partial(Words.__call__, key=f"verdict_{one}")) for one in verdicts]
    states: list[dict[str, np.ndarray[Any, Any]]] = []
    for suffix in ("", "_after") if has_after(result) else ("",):
        walk_s, verdict = table[f"walk_s{suffix}"], table[f"verdict{suffix}"]
        classes = walk_classes(walk_s, verdict, limit_s=result.plan.walk.limit_s)
        whole_s = np.where(np.isfinite(walk_s), walk_s.round(), -1).astype(np.int64)
        sites = table[f"site_id{suffix}"].astype("object")
        verdict_codes = pd.Index(verdicts).get_indexer(verdict)
        if f"people_unserved{suffix}" in table:
            verdict_codes = _with_unserved(
                verdict_codes, verdict, table[f"people_unserved{suffix}"], said, words
            )
        states.append(
            {
                "classes": np.asarray(classes),
                "walk": whole_s,
                "site": pd.Index(site_ids).get_indexer(sites),
                "verdict": verdict_codes,
            }
        )
    return {
        "x": pack_ints(deltas(x)),
        "y": pack_ints(deltas(y)),
        "people": pack_ints(table["people"].round()),
        "zone": pack_ints(zone_codes),
        "ids": pack_texts([str(one) for one in table["residence_id"]]),
        **_residence_names(table),
        "zones": [_zone_said(one, zone_names.get(one), words) for one in zone_ids],
        "sites": [site_names[one] for one in site_ids],
        "verdicts": pack_ints(said),
        "states": [
            {
                name: pack_ints(_differences(name, values) if n == 0 else values - states[0][name])
                for name, values in state.items()
            }
            for n, state in enumerate(states)
        ],
    }


def _differences(name: str, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Neighbours walk nearly as far; the other columns repeat, which packs well as it is."""
    return deltas(values) if name == "walk" else values


def _zone_said(zone_id: object, name: object, words: Phrases) -> Said:
    return words.both(lambda w: zone_title(zone_id, name, w))


def _with_unserved(
    codes: np.ndarray[Any, Any],
    verdict: pd.Series,
    people_unserved: pd.Series,
    said: list[int],
    words: Phrases,
) -> np.ndarray[Any, Any]:
    """Say how many find no desk time: verdicts of their own for residences over capacity."""
    full = (verdict == "over_capacity").to_numpy()
    texts = [
        words.number(partial(_unserved_text, people=count))
        for count in people_unserved[full].map(formats.people)
    ]
    own, phrases = pd.factorize(np.array(texts, dtype=np.int64))
    numbers = codes.copy()
    numbers[full] = len(said) + own
    said += [int(phrase) for phrase in phrases]
    return numbers


def _residence_names(table: pd.DataFrame) -> PlainData:
    """Names of residences, where their table brings any."""
    if "name" not in table:
        return {}
    names = [str(name) if is_text(name) else "" for name in table["name"]]
    return {"names": pack_texts(names)} if any(names) else {}


def _unserved_text(words: Words, people: str) -> str:
    return words("map_unserved", verdict=words("verdict_over_capacity"), people=people)
