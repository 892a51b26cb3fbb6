"""Open a map in a browser as a reader does, and write down what it asks for."""

from __future__ import annotations

from typing import Any

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1400, "height": 900}
FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


class Visit:
    """
    An opened page, what it asked for and what it complained of.

    `before` is a script that runs before those of the page.
    """

    def __init__(
        self,
        browser: Any,
        address: str,
        size: dict[str, int] = DESKTOP,
        *,
        offline: bool = True,
        before: str = "",
    ) -> None:
        self.context = browser.new_context(viewport=size, offline=offline)
        if before:
            self.context.add_init_script(before)
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.go(address)

    def go(self, address: str) -> None:
        """Open a page in this window, from its beginning."""
        self.page.goto("about:blank")
        self.requests.clear()
        self.complaints.clear()
        self.page.goto(address)
        self.page.wait_for_selector("html[data-ready=true]", state="attached")
        self.settle()

    def settle(self) -> None:
        """Wait for two frames: what a change sets off is painted then."""
        self.page.evaluate(FRAMES)

    def value(self, key: str) -> float:
        return float(self.page.get_attribute(f'[data-key="{key}"]', "data-value"))

    def click_place(self, lon: float, lat: float) -> str:
        """Click a place of the map and read the popup."""
        self.page.evaluate("window.walkcoverMap.closePopup()")
        self.page.wait_for_selector(".leaflet-popup", state="detached")
        x, y = self.page.evaluate(
            """([lat, lon]) => {
                const map = window.walkcoverMap, p = map.latLngToContainerPoint([lat, lon]);
                const box = map.getContainer().getBoundingClientRect();
                return [box.left + p.x, box.top + p.y];
            }""",
            [lat, lon],
        )
        self.page.mouse.click(x, y)
        return str(self.page.inner_text(".leaflet-popup-content"))
