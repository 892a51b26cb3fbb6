"""What-if in the page: it counts as numpy does, and what it says can be taken elsewhere."""

from __future__ import annotations

import base64
import dataclasses
import itertools
import tomllib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from browsing import DESKTOP, PHONE, Visit
from results import COVERED, INF, LAT, LON, NEAR, PEOPLE, RESIDENCES, WGS84, make_result

from walkcover.maps import build_map, pairs
from walkcover.maps.pairs import limit_steps, packed_pairs
from walkcover.result import NearSites, Result

AWKWARD = "</script><b>{{7*7}}{% raw %}\u2028'\"&\\\x7f,=#"
ZONES = ("140105", "140106", "140107", "outside")


@dataclasses.dataclass(frozen=True)
class Case:
    """A result, and all walks from residences to sites in seconds, inf where beyond 25 minutes."""

    result: Result
    walk_s: np.ndarray
    people: np.ndarray
    zone: np.ndarray
    now: np.ndarray

    def counted(self, is_open: np.ndarray, limit_s: float) -> dict[str, Any]:
        """Count by the unrounded walks."""
        walks = np.where(is_open, self.walk_s, INF)
        site, best = walks.argmin(axis=1), walks.min(axis=1)
        covered = best.round(3) <= limit_s
        people = np.where(covered, self.people, 0.0)
        steps_s = 10 * np.ceil(best[covered].round(3) / 10)
        zones = [people[self.zone == zone].sum() for zone in ZONES]
        return {
            "covered_people": people.sum(),
            "gap_people": self.people.sum() - people.sum(),
            "covered_share": people.sum() / self.people.sum(),
            "mean_walk_s": (people[covered] @ steps_s) / people.sum() if people.any() else np.nan,
            "sites": is_open.sum(),
            "people_per_site": self.people.sum() / is_open.sum() if is_open.any() else np.nan,
            "load": np.bincount(site, people, minlength=len(is_open)),
            # The parent of the first three comes first.
            "zones": [sum(zones[:3]), *zones],
        }


def make_case(*, seed: int, n: int, n_sites: int, fractions: bool = False) -> Case:
    """Random walks, many on a step of 10 s or a millisecond beside one, and as near as others."""
    rng = np.random.default_rng(seed)
    walk_s = rng.uniform(0, 1500, (n, n_sites))
    walk_s = np.where(rng.random((n, n_sites)) < 0.5, walk_s.round(-1), walk_s.round(3))
    walk_s += rng.choice([0.0, 0.0, 0.001, -0.001], (n, n_sites))
    walk_s = np.where(rng.random((n, n_sites)) < 0.3, np.abs(walk_s), INF)
    walk_s[walk_s.round(3) > 1500] = INF
    people = rng.integers(0, 200, n) + (rng.integers(0, 1000, n) / 1000 if fractions else 0.0)
    zone = rng.choice(ZONES, n)
    base = make_result()
    status = rng.choice(["open", "closed", "planned"], n_sites - 2, p=[0.6, 0.2, 0.2])
    status = np.append(status, ["suggested"] * 2)
    now = status == "open"
    best = np.where(now, walk_s, INF).min(axis=1)
    verdict = np.where(best.round(3) <= 900, "covered", "too_far")
    verdict[people == 0] = "no_people"
    lon, lat = LON + rng.uniform(0, 0.1, n), LAT + rng.uniform(0, 0.1, n)
    table = {"residence_id": [f"R{i}" for i in range(n)], "people": people, "zone_id": zone}
    table |= {"stage": "city", "lon": lon, "lat": lat, "snap_m": 1.0, "snap_to": "main"}
    for suffix in ("", "_after"):
        table |= {f"walk_s{suffix}": best, f"site_id{suffix}": None, f"verdict{suffix}": verdict}
    ids = [*(f"B{i}" for i in range(n_sites - 2)), "N1", "N2"]
    sites = pd.DataFrame({"site_id": ids, "name": None, "status": status, "stage": "city"})
    sites["origin"] = np.where(status == "suggested", "suggested", "existing")
    sites["order"] = pd.array([*[None] * (n_sites - 2), 1, 2], dtype="Int64")
    sites["lon"], sites["lat"] = LON + rng.uniform(0, 0.1, n_sites), LAT + 0.05
    sites["people_served"] = sites["people_gained"] = 0.0
    outside = base.zones.iloc[[3]].assign(zone_id="outside", parent_id=None, geometry=None)
    zones = pd.concat([base.zones, outside], ignore_index=True)
    zones.loc[3, "parent_id"] = "1401"
    result = dataclasses.replace(
        base,
        residences=gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(lon, lat), crs=WGS84),
        sites=gpd.GeoDataFrame(
            sites, geometry=gpd.points_from_xy(sites["lon"], sites["lat"]), crs=WGS84
        ),
        zones=gpd.GeoDataFrame(zones, geometry="geometry", crs=WGS84),
        near_sites=near_of(walk_s),
    )
    return Case(result, walk_s, people, zone, now)


def near_of(walk_s: np.ndarray) -> NearSites:
    """Sort every row of a table of walks; equal ones stay in the order of the sites."""
    order = walk_s.argsort(axis=1, kind="stable")
    ordered = np.take_along_axis(walk_s, order, axis=1)
    near = np.isfinite(ordered)
    steps = [-(-round(float(one) * 1000) // 10_000) for one in ordered[near]]
    return NearSites(
        indptr=np.concatenate([[0], near.sum(axis=1).cumsum()]),
        site=order[near].astype(np.uint16),
        walk_steps=np.array(steps, dtype=np.uint8),
        step_s=10,
        limit_s=1500.0,
    )


def open_page(browser: Any, path: Path, result: Result, size: dict[str, int], hash_: str) -> Visit:
    path.write_text(build_map(result), encoding="utf-8", newline="")
    return Visit(browser, path.as_uri() + hash_, size)


def close_page(seen: Visit) -> None:
    """Every page stays silent and asks for nothing but itself."""
    assert seen.complaints == []
    page = seen.page.url.partition("#")[0]
    assert {request.partition("#")[0] for request in seen.requests} == {page}
    seen.context.close()


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Any]:
    visits: list[Visit] = []

    def go(result: Result, size: dict[str, int] = DESKTOP, *, hash_: str = "") -> Visit:
        visits.append(open_page(browser, tmp_path / "map.html", result, size, hash_))
        return visits[-1]

    yield go
    for seen in visits:
        close_page(seen)


@pytest.fixture(scope="module")
def opened(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    path = tmp_path_factory.mktemp("map") / "map.html"
    seen = open_page(browser, path, make_result(language="en"), DESKTOP, "")
    yield seen
    close_page(seen)


@pytest.fixture
def seen(opened: Visit) -> Visit:
    """The page of the hand-made result in its base state, shown as it is now."""
    start(opened)
    opened.page.click("#whatif-now")
    settle(opened)
    opened.page.check("input[name=when][value=before]", force=True)
    return opened


def settle(seen: Visit) -> None:
    seen.settle()


def start(seen: Visit) -> None:
    seen.page.check("input[name=when][value=whatif]", force=True)
    settle(seen)


def values(seen: Visit, selector: str) -> list[float]:
    """Read all counts below an element in one go."""
    found = seen.page.eval_on_selector_all(
        f"{selector} [data-value]", "cells => cells.map(cell => Number(cell.dataset.value))"
    )
    return list(found)


def figures(seen: Visit) -> dict[str, float]:
    """Read every figure of the what-if by its key."""
    found = seen.page.eval_on_selector_all(
        "[data-key^=whatif]",
        "cells => cells.map(cell => [cell.dataset.key, Number(cell.dataset.value)])",
    )
    return {key: np.nan if value is None else value for key, value in found}


def hash_of(case: Case, is_open: np.ndarray, limit_s: int) -> str:
    ids = case.result.sites["site_id"].to_numpy(object)
    opened, closed = ids[is_open & ~case.now], ids[~is_open & case.now]
    return f"#whatif=now&limit={limit_s}&close={','.join(closed)}&open={','.join(opened)}"


@pytest.mark.parametrize("fractions", [False, True], ids=["whole people", "fractions"])
def test_counts_are_those_of_numpy(show: Any, fractions: bool) -> None:
    case = make_case(seed=1, n=1500, n_sites=24, fractions=fractions)
    seen = show(case.result)
    start(seen)
    rng = np.random.default_rng(7)
    base = case.counted(case.now, 900)
    for _ in range(30):
        is_open = np.where(rng.random(24) < 0.3, ~case.now, case.now) & (rng.random() < 0.97)
        limit_s = int(rng.integers(30, 151)) * 10
        seen.page.evaluate("hash => { location.hash = hash; }", hash_of(case, is_open, limit_s))
        settle(seen)
        wanted = case.counted(is_open, limit_s)
        shown = figures(seen)
        for key in ("covered_people", "gap_people", "sites", "covered_share", "people_per_site"):
            assert shown[f"whatif.{key}"] == pytest.approx(wanted[key], 1e-12, nan_ok=True)
            assert shown[f"whatif_base.{key}"] == pytest.approx(base[key], 1e-12)
            difference = wanted[key] - base[key]
            assert shown[f"whatif_difference.{key}"] == pytest.approx(
                difference, 1e-9, 1e-9, nan_ok=True
            )
        mean_s = wanted["mean_walk_s"]
        assert shown["whatif.mean_walk_s"] == pytest.approx(mean_s, 1e-12, nan_ok=True)
        assert values(seen, "#whatif-sites") == pytest.approx(wanted["load"].tolist(), 1e-12)
        assert values(seen, "#whatif-zones") == pytest.approx(wanted["zones"], 1e-12)
        classes = [shown[f"whatif.{key}.people"] for key in ("near", "middle", "far")]
        assert sum(classes) == pytest.approx(wanted["covered_people"], 1e-12)


def test_base_is_the_headline_and_toggling_tells_the_difference(seen: Visit) -> None:
    start(seen)
    assert seen.value("whatif.covered_people") == COVERED
    seen.page.check("#whatif-sites >> text=N1")
    settle(seen)
    # N1 covers R5, and R4 walks there instead of to B1.
    assert seen.value("whatif.covered_people") == COVERED + 250
    assert seen.value("whatif_difference.covered_people") == 250
    assert values(seen, "#whatif-sites") == [600, 0, 400, 0]
    assert values(seen, "#whatif-zones") == [1000, 750, 250, 0][:3]
    assert "+250" in seen.page.inner_text("#whatif-said")
    seen.page.uncheck("#whatif-sites >> text=B1")
    settle(seen)
    # N1 alone reaches R2 in exactly 900 s, R3, R4 and R5.
    assert seen.value("whatif.covered_people") == 200 + 300 + 150 + 250
    seen.page.click("#whatif-now")
    settle(seen)
    assert seen.value("whatif.covered_people") == COVERED
    assert seen.page.evaluate("location.hash") == "#whatif=now&limit=900"
    seen.page.click("#whatif-after")
    settle(seen)
    assert seen.value("whatif_base.covered_people") == 1080
    assert seen.value("whatif_difference.covered_people") == 0


def test_limit_by_keyboard_counts_exactly_at_the_edge(seen: Visit) -> None:
    start(seen)
    seen.page.focus("#whatif-limit")
    # R4 walks 900 s to B1 and R5 960 s.
    for key, text, people in (
        ("ArrowLeft", "14:50", 600),
        ("ArrowRight", "15:00", 750),
        ("End", "25:00", 1000),
        ("Home", "5:00", 300),
    ):
        seen.page.keyboard.press(key)
        settle(seen)
        assert seen.page.inner_text("#whatif-limit-text").startswith(text)
        assert seen.page.get_attribute("#whatif-limit", "aria-valuetext").startswith(text)
        assert seen.value("whatif.covered_people") == people


def test_signs_on_the_map_toggle_by_mouse_and_keyboard(seen: Visit) -> None:
    icon = ".site.suggested >> nth=0"
    seen.page.click(icon)
    assert "People gained" in seen.page.inner_text(".leaflet-popup-content")
    start(seen)
    seen.page.wait_for_selector(".leaflet-popup", state="detached")
    seen.page.click(icon)
    settle(seen)
    assert seen.value("whatif.covered_people") == COVERED + 250
    assert seen.page.locator(".leaflet-popup").count() == 0
    assert seen.page.get_attribute(icon, "aria-pressed") == "true"
    seen.page.focus(icon)
    seen.page.keyboard.press("Enter")
    settle(seen)
    assert seen.value("whatif.covered_people") == COVERED
    assert seen.page.get_attribute(icon, "aria-pressed") == "false"
    seen.page.check("input[name=when][value=before]", force=True)
    seen.page.click(icon)
    assert "People gained" in seen.page.inner_text(".leaflet-popup-content")
    assert not seen.page.is_visible("#whatif")


def test_residences_are_painted_as_counted(seen: Visit) -> None:
    classes = "Array.from(walkcover.state.residences.current().classes)"
    before = seen.page.evaluate(classes)
    start(seen)
    assert seen.page.evaluate(classes) == before
    seen.page.uncheck("#whatif-sites >> text=B1")
    settle(seen)
    assert set(seen.page.evaluate(classes)) == {3, 4, 5}
    assert "no open site within 25 min" in seen.click_place(LON, LAT)
    seen.page.check("#whatif-sites >> text=B2")
    settle(seen)
    assert "≤ 13:20 min → 南站 (B2)" in seen.click_place(LON, LAT)
    seen.page.check("input[name=when][value=before]", force=True)
    assert seen.page.evaluate(classes) == before


def test_the_legend_follows_the_player_and_the_whatif(seen: Visit) -> None:
    keys = ("near", "middle", "far", "gap", "not_snapped", "no_people")

    def legend() -> list[float]:
        return [seen.value(f"whatif.{key}.people") for key in keys]

    seen.page.click("#step-forward")
    # With N1 alone R4 and R5 walk at most 300 s; R6, R7 and R8 are left out.
    assert legend() == [300 + 150 + 250, 300, 0, 130, 10, 0]
    assert seen.page.is_visible('[data-key="whatif.near.people"]')
    assert seen.page.is_hidden('[data-key="near.people"]')
    seen.page.click("#step-back")
    assert seen.page.is_visible('[data-key="near.people"]')
    assert seen.page.is_hidden('[data-key="whatif.near.people"]')
    start(seen)
    seen.page.uncheck("#whatif-sites >> text=B1")
    settle(seen)
    assert legend() == [0, 0, 0, COVERED + 380, 10, 0]
    assert seen.page.is_visible('[data-key="whatif.gap.people"]')


def test_the_player_leads_back_to_what_is_now_not_to_whatif(seen: Visit) -> None:
    for button in ("forward", "forward", "back"):
        seen.page.click(f"#step-{button}")
    assert seen.page.is_checked("input[name=when][value=before]")
    assert not seen.page.is_visible("#whatif")


def test_the_language_switch_reaches_the_whatif(seen: Visit) -> None:
    start(seen)
    seen.page.click("#language")
    assert "覆盖 750 人" in seen.page.inner_text("#whatif-said")
    assert seen.page.get_attribute("#whatif", "aria-label") == "情景推演"
    seen.page.click("#language")
    assert "750 people covered" in seen.page.inner_text("#whatif-said")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_address_brings_the_state_back(show: Any, size: dict[str, int]) -> None:
    seen = show(make_result(awkward=""), size, hash_="#whatif=after&limit=960&close=B1&open=B2")
    assert seen.page.is_visible("#whatif")
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    # R1, R2, R3 and R4 to B2 or N1, R5 to N1, R6 to N2: everybody who has any path.
    assert seen.value("whatif.covered_people") == 1080
    assert seen.value("whatif.sites") == 3
    assert seen.page.evaluate("location.hash") == "#whatif=after&limit=960&close=B1&open=B2"
    seen.page.reload()
    seen.page.wait_for_selector("html[data-ready=true]", state="attached")
    settle(seen)
    assert values(seen, "#whatif-sites") == [0, 600, 400, 80]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("#whatif=now&limit=905", "cannot be read"),
        ("#whatif=now&limit=9000", "cannot be read"),
        ("#whatif=later", "cannot be read"),
        ("#whatif=now&close=%E0%A4%A", "cannot be read"),
        ("#whatif=now&close=B9,B1", "not have these sites of the address: B9"),
    ],
)
def test_an_address_that_cannot_be_taken_over_is_said(seen: Visit, address: str, said: str) -> None:
    seen.page.evaluate("hash => { location.hash = hash; }", address)
    settle(seen)
    text = seen.page.inner_text("#whatif-said")
    assert said in text
    assert "B9" in address or address in text
    assert seen.value("whatif.covered_people") == (0 if "B1" in address else COVERED)


def test_scenario_file_and_awkward_ids(show: Any) -> None:
    result = make_result(awkward=AWKWARD)
    sites = result.sites.assign(site_id=result.sites["site_id"] + AWKWARD)
    rollout = result.rollout.assign(site_id=result.rollout["site_id"] + AWKWARD)
    result = dataclasses.replace(result, sites=sites, rollout=rollout)
    seen = show(result, hash_=f"#whatif=after&close={quote('B1' + AWKWARD, safe='')}&limit=490")
    with seen.page.expect_download() as waiting:
        seen.page.click("#whatif-download")
    assert waiting.value.suggested_filename == "scenario.toml"
    read = tomllib.loads(Path(waiting.value.path()).read_text(encoding="utf-8"))
    assert read["name"].startswith("并州步行覆盖</script>")
    assert read["close"] == ["B1" + AWKWARD]
    assert read["open"] == ["N1" + AWKWARD, "N2" + AWKWARD]
    assert read["walk"] == {"limit_min": pytest.approx(490 / 60, abs=1e-9)}


def test_limits_of_scenario_files_lose_no_millisecond(seen: Visit) -> None:
    start(seen)
    texts = seen.page.evaluate("""() => Array.from({ length: 121 }, (_, i) => {
        walkcover.whatIf.chosen.limit = 30 + i;
        return walkcover.whatIf.scenario();
    })""")
    for steps, text in enumerate(texts, 30):
        limit_s = tomllib.loads(text)["walk"]["limit_min"] * 60
        assert 10 * steps <= limit_s < 10 * steps + 0.0005
        assert limit_steps(limit_s, 10) == steps


def test_without_pairs_there_is_no_whatif(show: Any) -> None:
    result = dataclasses.replace(make_result(after=False), near_sites=None)
    seen = show(result)
    assert seen.page.locator("input[name=when]").count() == 0
    assert seen.page.locator("#whatif").count() == 0


def test_a_limit_between_two_steps_is_said() -> None:
    result = make_result(language="en")
    between = dataclasses.replace(result.plan.walk, limit_min=15.1)
    plan = dataclasses.replace(result.plan, walk=between)
    said = "is no multiple of 10 s"
    assert said in build_map(dataclasses.replace(result, plan=plan))
    assert said not in build_map(result)


def test_pairs_unpack_to_what_was_packed() -> None:
    near = make_case(seed=3, n=200, n_sites=9).result.near_sites
    assert near is not None
    order = np.random.default_rng(0).permutation(200)
    packed = {name: unpack(one) for name, one in packed_pairs(near, order, n_sites=9).items()}
    site = np.repeat(np.arange(len(packed["counts"])), packed["counts"])
    home, steps = packed["residences"].cumsum(), packed["steps"].cumsum()
    turn = np.zeros(len(site), dtype=np.int64)
    turn[packed["tied"].cumsum()] = packed["turn"]
    assert packed["turn"].size > 0
    sorted_rows = np.lexsort((turn, steps, order[home]))
    assert site[sorted_rows].tolist() == near.site.tolist()
    assert steps[sorted_rows].tolist() == near.walk_steps.tolist()


@pytest.mark.parametrize(
    ("wanted", "most", "longest_s"),
    # Of the 19 hand-made walks 13 are of 900 s at most, then come 960, 960, 1010, 1100, 1100, 1200.
    [(19, 19, 1500), (18, 19, 1190), (17, 19, 1090), (14, 19, 950), (1, 13, 900), (1, 12, None)],
)
def test_too_many_pairs_shorten_the_walks_that_are_known(
    monkeypatch: pytest.MonkeyPatch, wanted: int, most: int, longest_s: int | None
) -> None:
    monkeypatch.setattr(pairs, "WANTED_PAIRS", wanted)
    monkeypatch.setattr(pairs, "MOST_PAIRS", most)
    near = make_result().near_sites
    assert near is not None
    kept = pairs.page_pairs(near, limit_s=900.0)
    if longest_s is None:
        assert kept is None
        return
    assert kept is not None
    assert kept.limit_s == longest_s
    assert walks_of(kept) == [
        [one for one in row if one[1] <= longest_s / 10] for row in walks_of(near)
    ]


def walks_of(near: NearSites) -> list[list[tuple[int, int]]]:
    """Sites and steps of each residence."""
    every = list(zip(near.site.tolist(), near.walk_steps.tolist(), strict=True))
    return [every[start:end] for start, end in itertools.pairwise(near.indptr.tolist())]


def test_the_page_says_how_far_it_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = build_map(make_result(language="en"))
    assert "whatif-shorter" not in whole
    monkeypatch.setattr(pairs, "WANTED_PAIRS", 17)
    assert "holds walks of up to 18.2 min (the run: up to 25 min)" in build_map(make_result())
    monkeypatch.setattr(pairs, "MOST_PAIRS", 12)
    page = build_map(make_result())
    assert "this page has no what-if" in page
    assert 'id="whatif"' not in page


def unpack(packed: dict[str, Any]) -> np.ndarray:
    numbers, value, shift = [], 0, 0
    for byte in zlib.decompress(base64.b64decode(packed["packed"])):
        value |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            numbers.append((value >> 1) ^ -(value & 1))
            value = shift = 0
    return np.array(numbers, dtype=np.int64)


def test_the_hand_made_pairs_repeat_the_hand_made_walks() -> None:
    for row in RESIDENCES:
        near = [walk_s for site, walk_s in NEAR.get(row[0], []) if site == row[7]]
        assert near == ([row[6]] if row[6] <= 1500 else [])
    assert sum(row[1] for row in RESIDENCES) == PEOPLE
