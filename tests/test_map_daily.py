"""Daily work on the map: views, what popups say, numbers of the summaries, and hostile names."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import zlib
from collections.abc import Iterator
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from browsing import DESKTOP, PHONE, Visit
from operations_case import NATURAL, OPENS, make_daily_result, make_operations
from results import LAT, LON, make_result
from test_map import AWKWARD, unpack

from walkcover.maps import build_map, daily_layers, formats, html_map, offline
from walkcover.maps.drives import DRIVE_COLOURS, SIMPLIFY_UNITS, drive_data
from walkcover.maps.load_layer import load_data
from walkcover.maps.packing import to_units
from walkcover.maps.phrases import Phrases
from walkcover.maps.relay_layer import relay_data
from walkcover.maps.round_layer import day_minutes, round_data
from walkcover.maps.service_layer import residence_services

VIEWS = ["services", "load", "rounds", "relay"]
# Machado, Oliveira & Fernandes (2009), severity 1: how red and green look to those who see none.
SIGHTS = {
    "all": np.eye(3),
    "no green": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "no red": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
}


def linear(colour: str) -> Any:
    part = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def lab(rgb: Any) -> Any:
    """CIE Lab of linear sRGB, white D65."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.cbrt(np.array(to_xyz) @ rgb / [0.9505, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def packed_json(packed: dict[str, Any]) -> Any:
    return json.loads(zlib.decompress(base64.b64decode(packed["packed"])))


@pytest.fixture(scope="module")
def visit(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Open a page from its beginning; each is built once, and each size has one window."""
    folder, windows, pages = tmp_path_factory.mktemp("daily"), {}, {}

    def go(size: dict[str, int] = DESKTOP, view: str = "walks", **options: Any) -> Visit:
        key = tuple(sorted(options.items()))
        if key not in pages:
            pages[key] = folder / f"map{len(pages)}.html"
            text = build_map(make_daily_result(**options))
            pages[key].write_text(text, encoding="utf-8", newline="")
        address = pages[key].as_uri()
        if size["width"] not in windows:
            windows[size["width"]] = Visit(browser, address, size)
        else:
            windows[size["width"]].go(address)
        seen = windows[size["width"]]
        if view != "walks":
            choose(seen, view)
        return seen

    yield go
    for one in windows.values():
        one.context.close()


def choose(seen: Visit, view: str) -> None:
    seen.page.focus(f"input[name=view][value={view}]")
    seen.page.keyboard.press("Space")
    seen.settle()


def at(east: float, north: float) -> tuple[float, float]:
    return LON + east / 1000, LAT + north / 1000


def click(seen: Visit, east: float, north: float) -> str:
    """Read the popup of a place, wherever an earlier popup has moved the map."""
    seen.page.evaluate("walkcoverMap.closePopup()")
    seen.page.evaluate(
        "at => walkcoverMap.setView(at, 15, { animate: false })", at(east, north)[::-1]
    )
    seen.settle()
    return seen.click_place(*at(east, north))


def test_a_page_without_daily_work_holds_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    result = make_result()
    page = build_map(result)
    for name in (daily_layers.SCRIPT, *daily_layers.SCRIPTS.values(), daily_layers.STYLE):
        assert offline.asset(name) not in page
    assert 'id="daily"' not in page
    for name in ("daily_layers", "daily_scripts", "daily_styles"):
        monkeypatch.setattr(html_map.daily, name, lambda *_: [])
    for name in ("daily_site_rows", "found_words"):
        monkeypatch.setattr(html_map.daily, name, lambda *_: {})
    for name in ("daily.daily_data", "daily_panel"):
        monkeypatch.setattr(f"walkcover.maps.html_map.{name}", lambda *_: None)
    assert build_map(result) == page


def test_same_work_same_bytes() -> None:
    assert build_map(make_daily_result()) == build_map(make_daily_result())


@pytest.mark.parametrize(
    ("options", "views"),
    [
        ({}, VIEWS),
        ({"desks": False}, ["services", "rounds", "relay"]),
        ({"rounds": False}, ["services", "load", "relay"]),
        ({"relay": False, "rounds": False}, ["services", "load"]),
    ],
)
def test_only_what_is_planned_can_be_shown(options: Any, views: list[str]) -> None:
    page = build_map(make_daily_result(**options))
    assert re.findall(r'name="view" value="(\w+)"', page) == ["walks", *views]


def test_colours_of_drives_are_told_apart_without_red_or_green() -> None:
    """A difference of 2 is just seen side by side; lines of a map lie far from their legend."""
    for sight in SIGHTS.values():
        seen = [lab(np.clip(sight @ linear(colour), 0, 1)) for colour in DRIVE_COLOURS]
        apart = [np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[:i]]
        assert min(apart) > 20
    # At least 3 to 1 on the ground of the map, as WCAG 1.4.11 asks of pictures.
    for colour in DRIVE_COLOURS:
        ground, own = (np.dot([0.2126, 0.7152, 0.0722], linear(c)) for c in ("#fafaf7", colour))
        assert (ground + 0.05) / (own + 0.05) >= 3


def test_drives_are_drawn_where_they_are() -> None:
    rng = np.random.default_rng(7)
    steps = rng.normal(0, 3e-4, (2, 200)).cumsum(axis=1)
    line = shapely.LineString(np.column_stack([LON + steps[0], LAT + steps[1]]))
    two = shapely.MultiLineString([[at(0, 0), at(1, 1)], [at(3, 3), at(4, 5)]])
    data = drive_data([line, None, shapely.LineString(), two])
    assert unpack(data["parts"]) == [1, 0, 0, 2]
    ends = np.cumsum(unpack(data["lengths"]))[:-1]
    places = np.column_stack([np.cumsum(unpack(data[axis])) for axis in "xy"])
    drawn = [shapely.LineString(part) for part in np.split(places, ends)]
    true = shapely.LineString(np.column_stack(to_units(*shapely.get_coordinates(line).T)))
    assert shapely.hausdorff_distance(drawn[0], true) <= SIMPLIFY_UNITS + 1
    assert drawn[0].coords[0] == true.coords[0]
    assert len(drawn[1].coords) == len(drawn[2].coords) == 2


def test_minutes_of_the_day_are_those_of_the_clock() -> None:
    since = pd.Series(np.random.default_rng(3).uniform(0, 60_000, 400))
    minutes = day_minutes(since, 8.0)
    written = [f"{one // 60 % 24:02d}:{one % 60:02d}" for one in minutes]
    assert written == [formats.clock(8.0 + one / 3600) for one in since]


def test_visits_and_left_places_are_those_of_the_plan() -> None:
    operations = make_operations()
    assert operations.rounds is not None
    data = round_data(operations.rounds, operations.demand, starts_h=8.0, words=Phrases())
    visits = {name: unpack(column) for name, column in data["visits"].items()}
    assert visits["team"] == [1, 1, 1, 2]
    assert visits["stop"] == [0, 0, 1, 0]
    # 300 s and 3,110 s after eight o'clock.
    assert (visits["arrive"][0], visits["leave"][2]) == (8 * 60 + 5, 8 * 60 + 52)
    left = packed_json(data["unserved"])
    assert [one["title"] for one in left] == ["岛上 (S3)", "R10"]
    assert [one["lon"] for one in left] == pytest.approx([LON + 0.026, LON + 0.03])


def test_residences_know_their_rule_stop_and_reason() -> None:
    operations, words = make_operations(), Phrases()
    ids = pd.Series(["R10", "R1", "R7", "R8"])
    data = residence_services(operations.demand, operations.rounds, ids, words)
    assert unpack(data["rule"]) == [3, 2, 3, 3]
    assert unpack(data["stop"]) == [-1, -1, 1, 2]
    left = unpack(data["left"])
    said = [words.table()["en"][one] if one >= 0 else "" for one in left]
    assert said == ["No road near, no stop", "", "", "Too far for a shift"]


def test_load_holds_status_and_wait_of_every_hour() -> None:
    demand = make_operations().demand
    data = load_data(demand)
    columns = data["last"] - data["first"] + 2
    names = ["", "smooth", "busy", "jammed"]
    for packed, suffix in zip(data["days"], ("", "_staggered"), strict=True):
        status = np.reshape(unpack(packed["status"]), (-1, columns))
        wait = np.reshape(unpack(packed["wait"]), (-1, columns))
        for row, site in enumerate(demand.sites.to_dict("records")):
            assert names[status[row, 0]] == site[f"status{suffix}"]
        order = list(demand.sites["site_id"])
        for hour in demand.site_hours.to_dict("records"):
            place = order.index(hour["site_id"]), hour["hour"] - data["first"] + 1
            assert names[status[place]] == hour[f"status{suffix}"]
            assert wait[place] == round(hour[f"wait_min{suffix}"])
        assert np.array(packed["counts"]).sum(axis=1).tolist() == [3] * columns
    peak = NATURAL.index(max(NATURAL))
    assert (data["first"], data["days"][0]["tests"][peak]) == (OPENS, round(1002 * max(NATURAL)))


def test_two_thousand_sites_stay_small() -> None:
    """What a city adds to the page for hours and states, 2,022 sites: under 200 kB."""
    demand, rng = make_operations().demand, np.random.default_rng(1)
    count = 2022
    sites = demand.sites.iloc[np.zeros(count, int)].reset_index(drop=True)
    sites["site_id"] = [f"B{i}" for i in range(count)]
    hours = demand.site_hours.iloc[:12]
    parts = pd.concat([hours] * count, ignore_index=True)
    parts["site_id"] = np.repeat(sites["site_id"], 12).to_numpy()
    for suffix in ("", "_staggered"):
        parts[f"wait_min{suffix}"] = rng.gamma(0.7, 20, len(parts))
    data = load_data(dataclasses.replace(demand, sites=sites, site_hours=parts))
    assert len(json.dumps(data)) < 200_000


def test_tubes_of_laboratories_are_those_of_the_plan() -> None:
    relay = make_operations().relay
    assert relay is not None
    data = relay_data(relay, Phrases())
    hubs = packed_json(data["hubs"])
    assert [(one["id"], one["kind"]) for one in hubs] == [
        ("L1", "laboratory"),
        ("L2", "laboratory"),
        ("T1", "station"),
    ]
    assert [one.get("class") for one in hubs] == [2, 1, None]
    hours = {name: np.array(unpack(column)) for name, column in data["hours"].items()}
    for row, tubes in ((0, 77), (1, 20)):
        assert hours["arrived"][hours["laboratory"] == row].sum() == tubes
    assert unpack(data["routes"]["hub"]) == [2, 0]
    assert (unpack(data["transfers"]["hub"]), unpack(data["transfers"]["to"])) == ([2, 2], [0, 1])


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_views_open_without_request_or_complaint(visit: Any, size: dict[str, int]) -> None:
    seen = visit(size)
    for view in [*VIEWS, "walks"]:
        choose(seen, view)
        shown = seen.page.evaluate(
            "[...document.querySelectorAll('#daily .view')].filter(one => one.offsetHeight)"
            ".map(one => one.dataset.view)"
        )
        assert shown == ([] if view == "walks" else [view])
        # The page itself never scrolls, only its panel does.
        sizes = "(e => [e.scrollWidth, e.scrollHeight])(document.documentElement)"
        wide, high = seen.page.evaluate(sizes)
        assert wide <= size["width"]
        assert high <= size["height"]
    assert len(seen.requests) == 1
    assert seen.complaints == []


def test_a_view_shows_the_state_after_building_and_what_if_none(visit: Any) -> None:
    seen = visit(view="rounds")
    assert seen.page.is_checked("input[name=when][value=after]")
    assert seen.page.locator("path.drive.round").count() == 3
    seen.page.evaluate("document.querySelector('input[name=when][value=whatif]').click()")
    seen.settle()
    assert seen.page.is_hidden("#daily")
    assert seen.page.locator("path.drive").count() == 0
    assert seen.complaints == []


def test_figures_of_the_panel_are_those_of_the_summaries(visit: Any) -> None:
    seen, operations = visit(), make_operations()
    parts = {
        "demand": operations.demand.summary,
        "rounds": operations.rounds.summary,
        "relay": operations.relay.summary,
    }
    found = seen.page.evaluate(
        """[...document.querySelectorAll('#daily [data-value]')]
            .map(cell => [cell.dataset.key, cell.dataset.value])"""
    )
    checked = 0
    for key, value in found:
        _, part, name = key.split(".", 2)
        if part in parts:
            assert float(value) == pytest.approx(float(parts[part][name])), key
            checked += 1
    assert checked == 21
    for service, row in operations.demand.summary["by_service"].items():
        for name, value in row.items():
            assert seen.value(f"daily.services.{service}.{name}") == value


def test_a_day_of_a_team_shows_its_stops_in_order(visit: Any) -> None:
    seen = visit(view="rounds", language="en")
    numbers = "[...document.querySelectorAll('svg.stop text')].map(one => one.textContent).sort()"
    assert seen.page.evaluate(numbers) == ["", ""]
    assert seen.page.locator("svg.left").count() == 2
    seen.page.select_option("#round-team", "1")
    assert seen.page.locator("path.drive.round").count() == 2
    assert seen.page.locator("#round-colours li").all_inner_texts() == ["Day 1", "Day 2"]
    strokes = (
        "[...document.querySelectorAll('path.drive.round')].map(p => p.getAttribute('stroke'))"
    )
    assert seen.page.evaluate(strokes) == list(DRIVE_COLOURS[:2])
    seen.page.select_option("#round-day", "2")
    assert seen.page.locator("path.drive.round").count() == 1
    assert seen.page.evaluate(numbers) == ["1", "2"]
    rows = seen.page.locator("#round-visits li").all_inner_texts()
    assert [" ".join(row.split()) for row in rows] == [
        "1 迎晖小学 (S1) 08:05–08:20",
        "2 柳溪村 (S2) 08:28–08:52",
    ]
    assert "Back at 09:04" in seen.page.inner_text("#round-said")
    seen.page.click("#round-visits button >> nth=1")
    popup = seen.page.inner_text(".leaflet-popup-content")
    assert re.search(r"Team 1, day 2\s+08:28–08:52, 27 tests", popup)
    assert re.search(r"Who comes\s+R7", popup)
    seen.page.select_option("#round-team", "2")
    assert seen.page.inner_text("#round-said") == "This team does not go out on this day"
    assert seen.complaints == []


def test_colours_of_sites_follow_hour_and_day(visit: Any) -> None:
    seen = visit(view="load")

    def colours() -> dict[str, str]:
        return seen.page.evaluate(
            """Object.fromEntries(walkcover.state.markers.map(one => [one.site.id,
                [...one.marker.getElement().classList].find(c => c.startsWith("load-"))]))"""
        )

    def hour(column: int) -> None:
        seen.page.evaluate(
            """column => {
                const slider = document.getElementById("load-hour");
                slider.value = column;
                slider.dispatchEvent(new Event("input"));
            }""",
            column,
        )

    closed = {"B2": "load-shut"}
    assert colours() == closed | {"B1": "load-jammed", "N1": "load-busy", "N2": "load-smooth"}
    assert seen.value("daily.load.busy") == 1
    # Nobody waits in the first hour.
    hour(1)
    assert set(colours().values()) == {"load-shut", "load-smooth"}
    assert seen.page.inner_text("#load-hour-text") == "08:00–09:00"
    seen.page.focus("input[name=load-day]")
    seen.page.keyboard.press("ArrowRight")
    hour(0)
    assert colours() == closed | {"B1": "load-jammed", "N1": "load-smooth", "N2": "load-smooth"}
    assert seen.value("daily.load.smooth") == 2
    choose(seen, "walks")
    assert set(colours().values()) == {None}
    assert seen.complaints == []


def test_popups_say_who_serves_and_how_busy_it_is(visit: Any) -> None:
    seen = visit(language="en")
    popup = click(seen, 1, 1)
    for text in (
        r"Tests on the busiest day\s+570",
        r"Desks short\s+1",
        r"As people come\s+jammed, at most 437 min \(19:00\); 219 still wait at closing",
        r"Tubes a day\s+57",
        r"Collected to\s+并州疾控实验室 \(L1\), route 2",
    ):
        assert re.search(text, popup), text
    assert seen.page.locator(".leaflet-popup svg.hours rect.natural").count() == 10
    popup = click(seen, 24, 9)
    assert re.search(r"Served\s+Round", popup)
    assert re.search(r"Stop\s+柳溪村 \(S2\)\s+Team 1, day 2\s+08:28–08:52", popup)
    popup = click(seen, 0, 0)
    assert re.search(r"Rule\s+Rule 3: Everybody, within reach of a site → At a site", popup)


def test_popup_of_a_laboratory_shows_its_hours(visit: Any) -> None:
    seen = visit(view="relay", language="en")
    popup = click(seen, 2, 8)
    assert re.search(r"Tubes a day\s+77\s+Capacity\s+70\s+Load\s+110.0%", popup)
    assert re.search(r"Tubes wait too long from\s+17:00", popup)
    # It tests in every hour from its first tubes on until it closes.
    assert seen.page.locator(".leaflet-popup svg.hours rect.tested").count() == 13
    seen.page.select_option("#relay-hub", "2")
    assert seen.page.locator("path.drive.collection").count() == 1
    assert seen.page.locator("path.drive.transfer").count() == 2
    seen.page.select_option("#relay-hub", "1")
    assert seen.page.locator("path.drive").count() == 1
    assert seen.complaints == []


def test_places_say_how_they_are_served(visit: Any) -> None:
    seen = visit(view="services", language="en")
    assert seen.page.locator("svg.place").count() == 3
    popup = click(seen, 11, 6)
    assert re.search(r"Served\s+Team visit", popup)
    assert re.search(r"Team 1, day 1\s+08:05–08:35, 40 tests", popup)


def test_search_finds_stops_and_laboratories(visit: Any) -> None:
    seen = visit(language="en")
    for query, title in (("柳溪村", "Stop 柳溪村 (S2)"), ("第二", "Laboratory 第二实验室 (L2)")):
        seen.page.fill("#search", query)
        assert title in seen.page.inner_text("#found [aria-selected=true]")
        seen.page.keyboard.press("Enter")
        assert seen.page.inner_text(".leaflet-popup-content").startswith(title)
    assert seen.complaints == []


def test_language_switches_pickers_signs_and_popups(visit: Any) -> None:
    seen = visit(view="rounds")
    assert seen.page.inner_text("#round-team option >> nth=1") == "第 1 队"
    seen.page.select_option("#round-team", "2")
    seen.page.click("#language")
    assert seen.page.input_value("#round-team") == "2"
    assert seen.page.inner_text("#round-team option >> nth=1") == "Team 1"
    assert "Base" in seen.page.get_attribute(".daily-sign:has(svg.base)", "aria-label")
    assert "步行" not in seen.page.inner_text("#daily")


def test_awkward_names_stay_text(visit: Any) -> None:
    seen = visit(view="rounds", awkward=AWKWARD, language="en")
    assert seen.complaints == []
    seen.page.select_option("#round-team", "1")
    seen.page.select_option("#round-day", "2")
    assert f"柳溪村{AWKWARD}".replace("\u2028", "") in seen.page.evaluate(
        "document.getElementById('round-visits').textContent.replaceAll('\\u2028', '')"
    )
    choose(seen, "relay")
    options = seen.page.locator("#relay-hub option").evaluate_all("all => all.map(o => o.text)")
    assert len(options) == 4
    assert any("</script><b>" in one for one in options)
    click(seen, 2, 8)
    assert seen.page.locator("#daily b, .leaflet-popup b").count() == 0
    assert seen.complaints == []


@pytest.mark.parametrize("view", VIEWS)
def test_paper_holds_the_legend_of_a_view(visit: Any, view: str) -> None:
    seen = visit(view=view)
    seen.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert seen.page.is_hidden("#daily .switch >> nth=0")
    assert seen.page.is_visible(f"#daily [data-view={view}]")
    inside = seen.page.evaluate(
        """() => {
            const panel = document.getElementById("panel").getBoundingClientRect();
            return [...document.querySelectorAll("#panel > *, #daily td")].every(part => {
                const box = part.getBoundingClientRect();
                const fits = box.bottom <= panel.bottom + 1 && box.right <= panel.right + 1;
                return fits || !box.height;
            });
        }"""
    )
    assert inside
    seen.page.evaluate("window.dispatchEvent(new Event('afterprint'))")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_no_serious_violation(visit: Any, size: dict[str, int]) -> None:
    package = pytest.importorskip(
        "axe_playwright_python", reason="axe-core (extra 'test') is not installed"
    )
    axe = (resources.files(package) / "axe.min.js").read_text(encoding="utf-8")
    seen = visit(size)
    seen.page.evaluate(axe)
    for view in VIEWS:
        choose(seen, view)
        if view == "rounds":
            seen.page.select_option("#round-team", "1")
            seen.page.select_option("#round-day", "2")
        found = seen.page.evaluate(
            "axe.run({ include: [['#daily'], ['.leaflet-marker-pane']] }).then(done => done)"
        )
        assert found["passes"]
        serious = [
            (one["id"], [node["html"][:200] for node in one["nodes"]])
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        assert serious == []
