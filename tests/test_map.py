"""The map: one file, no request, the summary's numbers, and names that stay text."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import DESKTOP, PHONE, Visit
from results import COVERED, COVERED_AFTER, PEOPLE, make_result

from walkcover import InputError
from walkcover.maps import build_map, formats, offline, packing

AWKWARD = "</script><b>{{7*7}}{% raw %}\u2028'\"&"


def unpack(packed: dict[str, Any]) -> list[int]:
    """Read zig-zag varints the slow way."""
    numbers, value, shift = [], 0, 0
    written = zlib.decompress(base64.b64decode(packed["packed"]))
    assert len(written) == packed["bytes"]
    for byte in written:
        value |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            numbers.append((value >> 1) ^ -(value & 1))
            value = shift = 0
    return numbers


def test_packing_gives_back_what_it_was_given() -> None:
    edges = [0, 1, -1, 63, 64, -64, -65, 8191, 8192, 2**20, -(2**20), 2**27, 2**31 - 1, -(2**31)]
    rng = np.random.default_rng(5)
    numbers = [*edges, *rng.integers(-(2**31), 2**31, 500).tolist()]
    assert unpack(packing.pack_ints(numbers)) == numbers
    assert unpack(packing.pack_ints([])) == []


def test_deltas_add_up() -> None:
    values = [7, 7, -3, 1000]
    assert np.cumsum(packing.deltas(values)).tolist() == values


def test_units_are_web_mercator_pixels() -> None:
    # At 45 N the Mercator ordinate is ln(tan(67.5 deg)) = 0.881373587.
    x, y = packing.to_units([90.0], [45.0])
    assert x.tolist() == [round(0.75 * 2**26)]
    assert y.tolist() == [round((0.5 - 0.881373587 / (2 * np.pi)) * 2**26)]


def test_same_result_same_bytes() -> None:
    assert build_map(make_result()) == build_map(make_result())


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://example.org/a.js"></script>',
        '<link rel="stylesheet" href="a.css">',
        '<img src="//example.org/a.png">',
        "<style>a { background: url(https://example.org/a.png) }</style>",
        "<style>@import 'a.css';</style>",
        '<a href="https://example.org">there</a>',
        '<iframe srcdoc=""></iframe>',
    ],
)
def test_a_link_to_elsewhere_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not self-contained: 1 links"):
        offline.refuse_requests(f"<html>{text}</html>")


def test_every_script_has_its_hash_in_the_policy() -> None:
    page = build_map(make_result())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "connect-src 'none'" in policy[1]
    assert "unsafe" not in policy[1]
    assert policy.start() < page.index("<script")
    for attributes, body in re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL):
        if "json" not in attributes:
            digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
            assert digest in policy[1]


def test_assets_are_the_listed_ones() -> None:
    lines = (offline.ASSETS / "sha256.txt").read_text().split("\n")
    listed = [line.split() for line in lines if line]
    assert {name for _, name in listed} >= {"leaflet.js", "leaflet.css", "leaflet-LICENSE.txt"}
    for digest, name in listed:
        assert hashlib.sha256((offline.ASSETS / name).read_bytes()).hexdigest() == digest


def test_no_address_but_the_credit() -> None:
    page = build_map(make_result())
    own = page.replace(offline.asset("leaflet.js"), "").replace(offline.CREDIT_URL, "")
    assert re.findall(r"https?://", own) == []


def test_shares_never_round_to_everybody() -> None:
    assert formats.share(2_999_999 / 3_000_000) == ">99.9%"
    assert formats.share(0.0) == "0.0%"


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[Any]:
    visits: list[Visit] = []

    def go(size: dict[str, int] = DESKTOP, **options: Any) -> Visit:
        path = tmp_path / "map.html"
        path.write_text(build_map(make_result(**options)), encoding="utf-8", newline="")
        visits.append(Visit(browser, path.as_uri(), size))
        return visits[-1]

    yield go
    for one in visits:
        one.context.close()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_opens_without_any_request_or_complaint(visit: Any, size: dict[str, int]) -> None:
    seen = visit(size)
    assert len(seen.requests) == 1
    assert seen.requests[0].endswith("/map.html")
    assert seen.complaints == []
    assert seen.page.evaluate("window.walkcoverReady") is True
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_the_policy_stops_a_request(visit: Any) -> None:
    seen = visit()
    seen.complaints.clear()
    failed = seen.page.evaluate("fetch('https://example.org').then(() => false, () => true)")
    assert failed
    assert "Content Security Policy" in seen.complaints[0]


def test_panel_and_legend_equal_the_summary(visit: Any) -> None:
    result = make_result()
    seen = visit()
    for key in ("people", "covered_people", "covered_share", "covered_share_after"):
        assert seen.value(key) == result.summary[key]
    assert seen.value("gap_people") == PEOPLE - COVERED
    assert seen.value("gap_people_after") == PEOPLE - COVERED_AFTER
    assert (seen.value("sites"), seen.value("sites_after")) == (1, 3)
    assert (seen.value("people_per_site"), seen.value("people_per_site_after")) == (1140, 380)
    for number, stage in enumerate(result.summary["stages"]):
        for key in ("covered_share", "covered_share_after", "sites_added"):
            assert seen.value(f"stages.{number}.{key}") == stage[key]
    for verdict in ("too_far", "island", "no_site"):
        for key, count in result.summary["verdicts"][verdict].items():
            assert seen.value(f"verdicts.{verdict}.{key}") == count
    assert seen.page.is_visible('[data-key="distance_only"]')


def test_legend_classes_before_and_after(visit: Any) -> None:
    seen = visit()
    # Worked by hand from the walks of results.RESIDENCES: at most 300, 600 and 900 s.
    before = {"near": 300, "middle": 300, "far": 150, "gap": 380, "not_snapped": 10, "no_people": 0}
    later = {"near": 700, "middle": 380, "far": 0, "gap": 50, "not_snapped": 10, "no_people": 0}
    for key in before:
        assert seen.value(f"{key}.people") == before[key]
        assert seen.value(f"{key}_after.people") == later[key]
    assert not seen.page.is_visible('[data-key="near_after.people"]')
    seen.page.click("text=建成后 >> nth=0")
    assert seen.page.is_visible('[data-key="near_after.people"]')
    assert seen.complaints == []


def test_residence_and_site_popups(visit: Any) -> None:
    seen = visit(language="en")
    text = seen.click_place(112.562, 37.874)
    assert text.startswith("Residence R5")
    for part in ("250", "Too far", "16.0 min → 五一广场 (B1)", "Covered", "4.0 min → N1"):
        assert part in text
    assert "People gained" in seen.click_place(112.569, 37.878)
    assert "no path" in seen.click_place(112.574, 37.879)


def test_points_are_painted_and_change_with_the_state(visit: Any) -> None:
    seen = visit()
    count = """(wanted) => {
        let found = 0;
        for (const c of document.querySelectorAll('.leaflet-residences-pane canvas')) {
            const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
            for (let i = 0; i < d.length; i += 4)
                if (d[i] === wanted[0] && d[i+1] === wanted[1] && d[i+2] === wanted[2]) found++;
        }
        return found;
    }"""
    orange = [0xE6, 0x61, 0x01]
    before = seen.page.evaluate(count, orange)
    seen.page.click("text=建成后 >> nth=0")
    later = seen.page.evaluate(count, orange)
    # Four residences are gaps now, two after building; dots are equally large.
    assert before > 0
    assert later == pytest.approx(before / 2, rel=0.1)


def test_layers_switch_and_isochrones_start_off(visit: Any) -> None:
    seen = visit(language="en")
    boxes = seen.page.locator(".leaflet-control-layers-overlays label")
    names = [text.strip() for text in boxes.all_inner_texts()]
    assert names == [
        "Water",
        "Streets",
        "Walking bands",
        "Zones",
        "Residences",
        "Gap areas (now)",
        "Existing sites",
        "Suggested: City",
        "Suggested: County towns",
    ]
    ticked = [box.is_checked() for box in boxes.locator("input").all()]
    assert ticked == [name != "Walking bands" for name in names]
    assert seen.page.locator("path.isochrone").count() == 0
    boxes.nth(2).click()
    assert seen.page.locator("path.isochrone").count() == 3
    assert seen.page.locator(".site.suggested").all_inner_texts() == ["1", "2"]


def test_names_stay_text(visit: Any) -> None:
    seen = visit(awkward=AWKWARD)
    assert seen.complaints == []
    assert seen.page.inner_text("h1") == "并州步行覆盖" + AWKWARD
    assert AWKWARD.split("\u2028", maxsplit=1)[0] in seen.click_place(112.562, 37.874)
    assert seen.page.locator("#panel b").count() == 0
    assert "49" not in seen.page.title()


def test_without_suggestions_there_is_no_switch(visit: Any) -> None:
    seen = visit(after=False)
    assert seen.complaints == []
    # There is now, and what-if, but nothing after building.
    assert seen.page.locator("input[name=when][value=after]").count() == 0
    assert seen.page.locator('[data-key="covered_share_after"]').count() == 0
    assert seen.value("covered_share") == COVERED / PEOPLE
