"""The printed map: one page lying or standing, with a legend that fits however long it is."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from browsing import Visit
from results import make_result

from walkcover.maps import build_map

# Width and height in points.
A4, A3 = (595.3, 841.9), (841.9, 1190.6)
PAPERS = {"A4": A4[::-1], "A4-portrait": A4, "A3": A3[::-1], "A3-portrait": A3}
STAGES = 14


@pytest.fixture(scope="module")
def pages(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Visit]]:
    """The map as it is, and with as many stages as districts of a city."""
    result = make_result()
    many = pd.concat([result.stages] * (STAGES // len(result.stages)), ignore_index=True)
    longer = dataclasses.replace(result, stages=many)
    visits = {}
    folder: Path = tmp_path_factory.mktemp("print")
    for name, one in (("short", result), ("long", longer)):
        path = folder / f"{name}.html"
        path.write_text(build_map(one), encoding="utf-8", newline="")
        visits[name] = Visit(browser, path.as_uri())
    yield visits
    for visit in visits.values():
        visit.context.close()


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("length", ["short", "long"])
def test_everything_fits_on_the_page(pages: dict[str, Visit], length: str, paper: str) -> None:
    seen = pages[length]
    seen.page.select_option("#paper", paper)
    seen.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page, drawn, panel, *shown = seen.page.evaluate(
        """["body", ".folium-map", "#panel", ...Array.from(
                document.querySelectorAll("#panel > *")).filter(e => e.offsetHeight)].map(s => {
            const e = typeof s === "string" ? document.querySelector(s) : s;
            const b = e.getBoundingClientRect();
            return [b.left, b.top, b.right, b.bottom]; })"""
    )
    fit = seen.page.evaluate("getComputedStyle(panel).getPropertyValue('--fit')")
    seen.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert len(shown) > 8
    for box in (drawn, panel, *shown):
        assert box[0] >= page[0] - 1
        assert box[1] >= page[1] - 1
        assert box[2] <= page[2] + 1
        assert box[3] <= page[3] + 1
    beside = drawn[2] <= panel[0] + 1
    assert beside != paper.endswith("portrait")
    assert beside or drawn[3] <= panel[1] + 1
    assert 0.7 < float(fit) <= 1.0
    assert seen.complaints == []


@pytest.mark.parametrize("paper", PAPERS)
def test_each_paper_is_one_page(pages: dict[str, Visit], paper: str) -> None:
    seen = pages["short"]
    seen.page.select_option("#paper", paper)
    pdf = seen.page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    box = re.search(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert box is not None
    assert [float(side) for side in box.groups()] == pytest.approx(PAPERS[paper], abs=1)
    left = "document.body.classList.length || panel.style.getPropertyValue('--fit')"
    assert not seen.page.evaluate(left)


def test_papers_are_named_in_the_language_of_the_page(pages: dict[str, Visit]) -> None:
    seen = pages["short"]
    names = "Array.from(document.querySelectorAll('#paper option')).map(o => o.textContent)"
    assert seen.page.evaluate(names) == ["A4 横向", "A4 纵向", "A3 横向", "A3 纵向"]
    seen.page.click("#language")
    wanted = [f"{size} {side}" for size in ("A4", "A3") for side in ("landscape", "portrait")]
    assert seen.page.evaluate(names) == wanted
    seen.page.click("#language")
