"""The page around the map: stages, labels, languages, search, print, and who cannot see it."""

from __future__ import annotations

import base64
import dataclasses
import functools
import json
import re
import zlib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from browsing import DESKTOP, PHONE, Visit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from results import COVERED, COVERED_AFTER, PEOPLE, make_result

from walkcover.maps import build_map
from walkcover.maps.layers import SHARE_STEPS, share_class
from walkcover.maps.phrases import Phrases, in_both
from walkcover.maps.steps import step_data
from walkcover.maps.text import texts
from walkcover.result import Result

# Points of paper: 72 to an inch.
A4, A3 = (842, 595), (1191, 842)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)


@pytest.fixture(scope="module")
def visit(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Open a page from its beginning; each is built once, and each size has one window."""
    folder, windows, pages = tmp_path_factory.mktemp("maps"), {}, {}

    def go(size: dict[str, int] = DESKTOP, *, map_review: str = "", **options: Any) -> Visit:
        key = (map_review, *sorted(options.items()))
        if key not in pages:
            result = make_result(**options)
            about = dataclasses.replace(result.plan.plan, map_review=map_review)
            result = dataclasses.replace(result, plan=dataclasses.replace(result.plan, plan=about))
            pages[key] = folder / f"map{len(pages)}.html"
            pages[key].write_text(build_map(result), encoding="utf-8", newline="")
        if size["width"] not in windows:
            windows[size["width"]] = Visit(browser, pages[key].as_uri(), size)
        else:
            windows[size["width"]].go(pages[key].as_uri())
        return windows[size["width"]]

    yield go
    for one in windows.values():
        one.context.close()


def test_phrases_have_one_number_each_and_names_have_none() -> None:
    phrases = Phrases()
    said = [phrases(key) for key in ("zone", "site", "osm_credit", "zone")]
    assert said == [0, 1, texts("zh")["osm_credit"], 0]
    assert phrases.both(lambda _words: "辖区") == "辖区"
    table = phrases.table()
    assert [table["zh"][1], table["en"][1]] == [texts("zh")["site"], texts("en")["site"]]
    assert str(in_both(lambda words: "<b>" + words("zone"))).count("&lt;b&gt;") == 2


@pytest.mark.parametrize("step", SHARE_STEPS)
def test_a_share_belongs_to_the_class_it_reaches(step: float) -> None:
    below, at = share_class(step - 1e-9), share_class(step)
    assert at == below + 1 == SHARE_STEPS.index(step) + 1


def test_steps_are_those_of_the_rollout() -> None:
    result = make_result()
    data = step_data(result, Phrases())
    steps = json.loads(zlib.decompress(base64.b64decode(data["steps"]["packed"])))
    shares = [data["start"]["share"], *(step["share"] for step in steps)]
    assert shares == [COVERED / PEOPLE, 1000 / PEOPLE, COVERED_AFTER / PEOPLE]
    assert [step["order"] for step in steps] == [1, 2]


def test_player_shows_each_step(visit: Any) -> None:
    seen = visit(language="en")
    assert seen.page.locator(".site.unbuilt").count() == 0
    seen.page.click("#steps button >> nth=0")
    assert seen.page.inner_text("#step-text") == "Step 1 of 2 · 250 more people, 87.7% in all"
    assert seen.page.locator(".site.unbuilt").all_inner_texts() == ["2"]
    assert seen.page.locator("#steps [aria-current=step]").count() == 1
    seen.page.click("#step-forward")
    assert seen.page.inner_text("#step-text") == "Step 2 of 2 · 80 more people, 94.7% in all"
    assert seen.page.is_checked("input[name=when][value=after]")
    assert seen.page.locator(".site.unbuilt").count() == 0
    seen.page.click("#step-back")
    seen.page.click("#step-back")
    assert seen.page.inner_text("#step-text") == "Now, nothing built yet · 65.8%"
    assert seen.page.is_checked("input[name=when][value=before]")
    assert seen.page.locator(".site.unbuilt").count() == 2
    assert seen.complaints == []


def test_dots_of_a_step_count_the_people_of_the_rollout(visit: Any) -> None:
    """Where walks by site are in the page, the dots of a step are those covered after it."""
    seen = visit()
    for step, people in ((1, 1000), (2, COVERED_AFTER), (0, COVERED)):
        seen.page.evaluate(
            """step => {
                const slider = document.getElementById("step");
                slider.value = step;
                slider.dispatchEvent(new Event("input"));
            }""",
            step,
        )
        covered = seen.page.evaluate(
            """() => {
                const layer = walkcover.state.residences, classes = layer.current().classes;
                return layer.people.reduce((sum, n, i) => sum + (classes[i] < 3 ? n : 0), 0);
            }"""
        )
        assert covered == people


def test_player_plays_to_the_end_and_answers_the_keyboard(visit: Any) -> None:
    seen = visit(language="en")
    seen.page.focus("#step")
    seen.page.keyboard.press("ArrowRight")
    assert seen.page.inner_text("#step-text").startswith("Step 1 of 2")
    seen.page.focus("#step-play")
    seen.page.keyboard.press("Enter")
    assert seen.page.get_attribute("#step-play", "aria-label") == "Pause"
    seen.page.wait_for_selector("#step-play[aria-label=Play]", timeout=5000)
    assert seen.page.inner_text("#step-text").startswith("Step 2 of 2")


def test_a_click_on_the_curve_goes_to_its_step(visit: Any) -> None:
    seen = visit(language="en")
    box = seen.page.locator("#curve svg").bounding_box()
    seen.page.mouse.click(box["x"] + 0.55 * box["width"], box["y"] + 20)
    assert seen.page.inner_text("#step-text").startswith("Step 1 of 2")


def test_language_switches_words_and_keeps_numbers(visit: Any) -> None:
    seen = visit()
    before = seen.page.inner_text("#panel")
    seen.page.click("#language")
    after = seen.page.inner_text("#panel")
    assert "Totals" in after
    assert "总体情况" not in after
    numbers = r"\d+(?:[,.]\d+)*%?"
    assert re.findall(numbers, after) == re.findall(numbers, before)
    assert seen.page.evaluate("document.documentElement.lang") == "en"
    assert seen.page.title().endswith("Walking coverage map")
    assert "Too far" in seen.click_place(112.562, 37.874)
    layers = seen.page.locator(".leaflet-control-layers-overlays").inner_text()
    assert "Streets" in layers
    assert "街道" not in layers
    seen.page.click("#language")
    assert seen.page.inner_text("#panel") == before
    assert seen.complaints == []


def test_search_finds_sites_zones_and_residences_by_keyboard(visit: Any) -> None:
    seen = visit(language="en")
    for query, kind, popup in (
        ("五一", "Site", "五一广场 (B1)"),
        ("杏花", "Zone", "杏花区"),
        ("r5", "Residence", "Residence R5"),
    ):
        seen.page.focus("#search")
        seen.page.fill("#search", query)
        assert kind in seen.page.inner_text("#found [aria-selected=true]")
        seen.page.keyboard.press("Enter")
        assert seen.page.locator(".leaflet-popup-content").last.inner_text().startswith(popup)
        assert seen.page.is_hidden("#found")
    seen.page.fill("#search", "nowhere")
    assert seen.page.inner_text("#found-count") == "Nothing found"
    assert seen.complaints == []


def test_zones_are_filled_from_far_and_outlined_from_near(visit: Any) -> None:
    seen = visit()
    fill = "getComputedStyle(document.querySelector('path.zone.labelled')).fill"
    assert seen.page.evaluate(fill) == "none"
    assert seen.page.is_hidden("#share-legend")
    seen.page.evaluate("walkcoverMap.setZoom(11, { animate: false })")
    seen.page.wait_for_selector("body.choropleth")
    assert seen.page.is_visible("#share-legend")
    # 140105 is covered wholly, 140106 not at all, nobody lives in 140107.
    classes = seen.page.evaluate(
        "[...document.querySelectorAll('path.zone.labelled')].map(p => p.getAttribute('class'))"
    )
    shares = [re.findall(r"share(\d)", one) for one in classes]
    assert shares == [["4"], ["0"], []]
    fills = seen.page.evaluate(
        """[...document.querySelectorAll('path.zone.labelled')]
            .map(path => getComputedStyle(path).fill)"""
    )
    assert len(set(fills)) == 3


@pytest.mark.parametrize("zoom", [13, 15, 16])
def test_no_label_lies_over_another(visit: Any, zoom: int) -> None:
    seen = visit()
    seen.page.evaluate("zoom => walkcoverMap.setZoom(zoom, { animate: false })", zoom)
    seen.page.wait_for_timeout(200)
    boxes = seen.page.evaluate(
        """[...document.querySelectorAll('.label')].map(l => {
            const b = l.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; })"""
    )
    assert boxes
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_a_gap_has_a_shape_of_its_own(visit: Any) -> None:
    """A diamond leaves the corners of its square empty, a disc fills more of them."""
    seen = visit()
    filled = seen.page.evaluate(
        """[2, 3].map(which => {
            const sprite = walkcover.state.residences.sprite(which, 17, 4).canvas;
            const d = sprite.getContext("2d").getImageData(0, 0, sprite.width, sprite.height).data;
            let n = 0, x0 = 1e9, x1 = 0;
            for (let i = 3; i < d.length; i += 4) if (d[i] > 127) {
                n++; const x = (i >> 2) % sprite.width; x0 = Math.min(x0, x); x1 = Math.max(x1, x);
            }
            return n / ((x1 - x0 + 1) ** 2);
        })"""
    )
    # Areas of a disc and of a diamond in the square around them: pi / 4 and 1 / 2.
    assert filled[0] == pytest.approx(0.785, abs=0.04)
    assert filled[1] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(("paper", "size"), [("A4", A4), ("A3", A3)])
def test_print_gives_one_page(visit: Any, paper: str, size: Any) -> None:
    seen = visit()
    seen.page.select_option("#paper", paper)
    pdf = seen.page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    box = re.search(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert box is not None
    assert [float(side) for side in box.groups()] == pytest.approx(size, abs=1)
    assert seen.page.locator("body.printing").count() == 0
    assert seen.complaints == []


def test_what_is_printed_has_room_and_comes_back_as_it_was(visit: Any) -> None:
    seen = visit()
    view = "[walkcoverMap.getZoom(), walkcoverMap.getSize().x, walkcoverMap.getCenter().lat]"
    before = seen.page.evaluate(view)
    seen.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    boxes = seen.page.evaluate(
        """["body", ".folium-map", "#panel", ".source", ".north", ".leaflet-control-scale",
            ".leaflet-control-attribution"].map(s => {
            const b = document.querySelector(s).getBoundingClientRect();
            return [b.left, b.top, b.right, b.bottom, b.width * b.height]; })"""
    )
    page = boxes[0]
    for box in boxes[1:]:
        assert box[4] > 0
        assert box[0] >= page[0] - 1
        assert box[1] >= page[1] - 1
        assert box[2] <= page[2] + 1
        assert box[3] <= page[3] + 1
    assert boxes[1][2] <= boxes[2][0]
    seen.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert seen.page.evaluate(view) == pytest.approx(before)


def test_review_number_stands_on_the_map(visit: Any) -> None:
    number = "GS(2022)1873号<b>"
    seen = visit(map_review=number)
    assert f"审图号:{number}" in seen.page.inner_text(".leaflet-control-attribution")
    assert f"审图号:{number}" in seen.page.inner_text("#panel .source")
    seen.page.click("#language")
    assert f"Map review no. {number}" in seen.page.inner_text(".leaflet-control-attribution")


def _axe() -> str:
    package = pytest.importorskip(
        "axe_playwright_python", reason="axe-core (extra 'test') is not installed"
    )
    return (resources.files(package) / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_no_serious_violation(visit: Any, size: dict[str, int]) -> None:
    axe = _axe()
    seen = visit(size)
    # Not as an element: the page's policy lets no script in.
    seen.page.evaluate(axe)
    for prepare in ("", "document.getElementById('language').click()", "walkcoverMap.setZoom(11)"):
        seen.page.evaluate(prepare)
        seen.page.wait_for_timeout(400)
        found = seen.page.evaluate("axe.run().then(done => done)")
        assert found["passes"]
        serious = [
            (one["id"], [node["html"][:200] for node in one["nodes"]])
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        assert serious == []


def test_every_control_is_reached_by_keyboard(visit: Any) -> None:
    seen = visit()
    reached = set()
    for _ in range(60):
        seen.page.keyboard.press("Tab")
        reached.add(
            seen.page.evaluate(
                "(document.activeElement.id || document.activeElement.getAttribute('aria-label')"
                " || document.activeElement.type || '')"
            )
        )
    wanted = {"skip", "language", "paper", "print", "search", "step-back", "step-play", "step"}
    assert wanted <= reached
    # Radio buttons, the map, its zoom buttons, the layers' boxes, the signs of sites.
    assert {"radio", "放大", "checkbox", "五一广场 (B1)"} <= reached


def named(names: list[str]) -> Result:
    """Give plan, sites, zones and residences names of their own."""
    result = make_result(awkward=names[0])
    sites, zones, residences = result.sites.copy(), result.zones.copy(), result.residences.copy()
    sites.loc[:1, "name"] = names[1:3]
    zones["name"] = [f"{name}{more}" for name, more in zip(zones["name"], names[3:], strict=False)]
    residences["name"] = [names[i % len(names)] for i in range(len(residences))]
    return dataclasses.replace(result, sites=sites, zones=zones, residences=residences)


# Several at a time: a page takes longer to make than a name to look for.
@settings(max_examples=8, deadline=None)
@given(st.lists(NAMES, min_size=8, max_size=8))
def test_any_name_stays_in_its_place_in_the_file(names: list[str]) -> None:
    page = build_map(named(names))
    blocks = re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL)
    data = [json.loads(body) for attributes, body in blocks if "json" in attributes]
    assert data[0]["titles"]["zh"].startswith("并州步行覆盖" + names[0])
    assert len(blocks) == len(re.findall("<script", page)) == count_of_scripts()


@functools.cache
def count_of_scripts() -> int:
    """Scripts of a page with plain names."""
    return len(re.findall("<script", build_map(make_result())))


@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(NAMES, min_size=8, max_size=8))
def test_any_name_shows_as_it_is(visit: Any, tmp_path: Path, names: list[str]) -> None:
    seen = visit()
    result = named(names)
    (tmp_path / "map.html").write_text(build_map(result), encoding="utf-8", newline="")
    seen.go((tmp_path / "map.html").as_uri())
    assert seen.complaints == []
    assert (
        seen.page.evaluate("document.querySelector('h1').textContent") == "并州步行覆盖" + names[0]
    )
    shown = seen.page.evaluate(
        """() => [walkcover.state.markers.map(one => one.site.name).slice(0, 2),
            walkcover.state.residences.names, walkcover.state.zones.features.map(
                one => walkcover.say(one.properties.title))]"""
    )
    assert shown[0] == names[1:3]
    # A column of empty names is none.
    assert sorted(shown[1] or [""] * 10) == sorted(result.residences["name"])
    assert set(shown[2]) <= set(result.zones["name"])


def test_many_signs_shrink_to_specks_where_they_would_cover_the_map(
    browser: Any, tmp_path: Path
) -> None:
    result = make_result()
    standing = result.sites[result.sites["origin"] != "suggested"]
    rows = [
        standing.iloc[[0]].assign(site_id=f"many{n}", lon=standing["lon"].iloc[0] + 0.003 * n)
        for n in range(60)
    ]
    sites = pd.concat([result.sites, *rows], ignore_index=True)
    page = tmp_path / "map.html"
    many = dataclasses.replace(result, sites=sites)
    page.write_text(build_map(many), encoding="utf-8", newline="")
    seen = Visit(browser, page.as_uri(), DESKTOP)
    sign = seen.page.locator(".site.existing span").first
    for zoom, width in ((15, "14px"), (13, "10px"), (10, "5px"), (13, "10px")):
        seen.page.evaluate(f"window.walkcoverMap.setZoom({zoom}, {{ animate: false }})")
        assert sign.evaluate("one => getComputedStyle(one).width") == width
    seen.context.close()
    assert seen.complaints == []
