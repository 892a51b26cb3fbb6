"""
Make the pictures of the guide: the map of the example town in Chromium, as a reader sees it.

Run ``python scripts/make_pictures.py`` to write ``docs/pictures``. It needs the extra ``test`` of
walkcover (playwright), Chromium and Pillow; letters look as the fonts of the machine do, so that
two machines write different bytes. Only the example town is shown.
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from walkcover.io.plan_file import load_plan
from walkcover.job import run
from walkcover.maps import build_map

ROOT = Path(__file__).resolve().parent.parent
TOWN = ROOT / "data" / "town" / "plan.toml"
PICTURES = ROOT / "docs" / "pictures"
MOST_BYTES = 150_000
COLOURS = (256, 128, 64, 32)
DESKTOP, PHONE = (1280, 800), (390, 844)
PX_PER_MM = 96 / 25.4
# The middle of the city, of one of its districts and of one of its streets: latitude, longitude.
CITY, DISTRICT, STREET = (37.2, 112.0), (37.197, 112.012), (37.1965, 112.0065)
PAINTED_MS = 700
# Rows of the list of sites: one of the 30 that stand, and the first two suggested ones.
CLOSED, OPENED = 3, (30, 31)


@dataclass(frozen=True)
class Shot:
    """
    One picture.

    Parameters
    ----------
    name
        Of the file.
    size
        Of the window, in pixels.
    prepare
        What is done to the page before the picture is taken.
    """

    name: str
    size: tuple[int, int]
    prepare: Callable[[Page], None]


def look_at(page: Page, place: tuple[float, float], zoom: int) -> None:
    """Show a place."""
    page.evaluate("([at, zoom]) => walkcoverMap.setView(at, zoom, { animate: false })",
                  [list(place), zoom])  # fmt: skip


def choose(page: Page, when: str) -> None:
    """Choose what is shown: before, after, whatif."""
    page.check(f"input[name=when][value={when}]", force=True)


def overview(page: Page) -> None:
    """Show the city as it is: walks in blues, gaps in orange."""
    look_at(page, CITY, 14)


def whatif(page: Page) -> None:
    """Open two of the suggested sites and close an existing one."""
    choose(page, "whatif")
    look_at(page, DISTRICT, 14)
    boxes = page.locator("#whatif-sites input[type=checkbox]")
    for number in (CLOSED, *OPENED):
        boxes.nth(number).click()
    page.evaluate("document.getElementById('panel').scrollTop = 0")


def stages(page: Page) -> None:
    """Show the second site being built."""
    page.evaluate("document.querySelectorAll('#steps button')[1].click()")
    look_at(page, CITY, 14)


def street(page: Page) -> None:
    """Show single houses, with what is said of one."""
    look_at(page, STREET, 17)
    choose(page, "before")
    box = page.locator(".folium-map").bounding_box()
    assert box is not None
    page.evaluate(
        """() => {
            const layer = walkcover.state.residences, size = walkcoverMap.getSize();
            const middle = walkcoverMap.containerPointToLatLng([size.x / 2, size.y / 2]);
            let best = 0, least = Infinity;
            for (let i = 0; i < layer.ids.length; i++) {
                const away = walkcoverMap.distance(middle, layer.latlng(walkcoverMap, i));
                if (away < least) { least = away; best = i; }
            }
            walkcoverMap.fire("click", { latlng: layer.latlng(walkcoverMap, best) });
        }"""
    )


def phone(page: Page) -> None:
    """Show the page on a phone."""
    look_at(page, CITY, 13)


def paper(page: Page) -> None:
    """Show the page as it is printed, on a screen of its size."""
    look_at(page, CITY, 14)
    page.select_option("#paper", "A4")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")


SHOTS = (
    Shot("overview", DESKTOP, overview),
    Shot("whatif", DESKTOP, whatif),
    Shot("stages", DESKTOP, stages),
    Shot("street", DESKTOP, street),
    Shot("phone", PHONE, phone),
    Shot("print", DESKTOP, paper),
)


def take(browser: Browser, address: str, shot: Shot) -> bytes:
    """Open the page in English, prepare it and take its picture."""
    width, height = shot.size
    context = browser.new_context(viewport={"width": width, "height": height}, offline=True)
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("html[data-ready=true]", state="attached")
    page.click("#language")
    shot.prepare(page)
    page.wait_for_timeout(PAINTED_MS)
    printed: Any = page.evaluate(
        """() => { const b = document.body.getBoundingClientRect();
            return document.body.classList.contains("printing")
                ? { x: 0, y: 0, width: Math.ceil(b.width), height: Math.ceil(b.height) }
                : null; }"""
    )
    picture = page.screenshot(clip=printed) if printed else page.screenshot()
    context.close()
    return picture


def smaller(picture: bytes) -> bytes:
    """
    Write a picture with a palette: as many colours as fit the size that a repository bears.

    Raises
    ------
    ValueError
        If it is too large with the fewest colours.
    """
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    for colours in COLOURS:
        written = io.BytesIO()
        # The orange of the few gaps shall not turn brown among the many blues.
        few = image.quantize(
            colours, Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE
        )
        few.save(written, "PNG", optimize=True)
        if written.tell() <= MOST_BYTES:
            return written.getvalue()
    msg = f"{written.tell():,} bytes with {colours} colours, expected {MOST_BYTES:,} at most"
    raise ValueError(msg)


def main() -> None:
    """Plan the example town and take all pictures."""
    parser = argparse.ArgumentParser(description="Make the pictures of the guide.")
    parser.add_argument("--out", type=Path, default=PICTURES, help="folder for the pictures")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(one.name for one in SHOTS)}; all"
    )
    options = parser.parse_args()
    folder = options.out
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        path = Path(scratch) / "map.html"
        path.write_text(build_map(run(load_plan(TOWN))), encoding="utf-8", newline="")
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for shot in [one for one in SHOTS if one.name in (options.names or [one.name])]:
            picture = smaller(take(browser, path.as_uri(), shot))
            (folder / f"{shot.name}.png").write_bytes(picture)
            print(f"{shot.name}.png: {len(picture):,} bytes")
        browser.close()


if __name__ == "__main__":
    main()
