"""The forms of the map: packed columns, old browsers, files beside the page."""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import http
import http.server
import json
import re
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from browsing import Visit
from hypothesis import given
from hypothesis import strategies as st
from results import COVERED, make_result

from walkcover import OutputExistsError, PlanError
from walkcover.maps import build_map, packing, split_page
from walkcover.output import write_one, write_split_map
from walkcover.plan import MapOptions, Plan
from walkcover.plan_mapping import plan_from_mapping
from walkcover.tile_sources import tile_faults

AWKWARD = "</script><b>{{7*7}}\u2028'\"&<style>p{}</style>"
GREY_TILE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)
OLD_BROWSER = "delete window.DecompressionStream;"
# Every packed column of the page as hex digests of its bytes, in the order of the data.
COLUMNS = """async () => {
    const found = [];
    (function walk(value) {
        if (value === null || typeof value !== "object") return;
        if (value.data instanceof Uint8Array) found.push(value.data);
        else Object.values(value).forEach(walk);
    })(walkcover.data);
    return found.map((bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join(""));
}"""


def columns(html: str) -> list[str]:
    """Every packed column of a page, unpacked by zlib."""
    block = re.search(r'id="walkcover-data">(.*?)</script>', html, re.DOTALL)
    assert block is not None
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict) and set(value) == {"packed", "bytes"}:
            found.append(zlib.decompress(base64.b64decode(value["packed"])).hex())
        elif isinstance(value, (dict, list)):
            for one in value.values() if isinstance(value, dict) else value:
                walk(one)

    walk(json.loads(block[1]))
    return found


@given(st.lists(st.text(max_size=8), max_size=6) | st.lists(st.from_regex(r"\AR[0-9]{1,12}\Z")))
def test_packed_texts_are_given_back(texts: list[str]) -> None:
    packed = packing.pack_texts(texts)
    if "texts" in packed:
        back = json.loads(zlib.decompress(base64.b64decode(packed["texts"]["packed"])))
    else:
        steps, value, shift = [], 0, 0
        for byte in zlib.decompress(base64.b64decode(packed["numbers"]["packed"])):
            value, shift = value | (byte & 127) << shift, shift + 7
            if not byte & 128:
                steps.append((value >> 1) ^ -(value & 1))
                value = shift = 0
        back = [f"{packed['prefix']}{number}" for number in np.cumsum(steps)]
    assert back == texts


@pytest.mark.parametrize("before", ["", OLD_BROWSER], ids=["browser", "library"])
def test_both_ways_to_inflate_give_the_same_columns(
    browser: Any, tmp_path: Path, before: str
) -> None:
    html = build_map(make_result(awkward=AWKWARD))
    (tmp_path / "map.html").write_text(html, encoding="utf-8", newline="")
    seen = Visit(browser, (tmp_path / "map.html").as_uri(), before=before)
    kind = "undefined" if before else "function"
    assert seen.page.evaluate("typeof DecompressionStream") == kind
    expected = columns(html)
    assert len(expected) > 20
    assert seen.page.evaluate(COLUMNS) == expected
    assert seen.complaints == []
    seen.context.close()


def test_damaged_columns_are_noticed(browser: Any, tmp_path: Path) -> None:
    html = build_map(make_result())
    sizes = re.findall(r'"bytes":(\d+)', html)
    damaged = html.replace(f'"bytes":{sizes[0]}', f'"bytes":{int(sizes[0]) + 1}', 1)
    (tmp_path / "map.html").write_text(damaged, encoding="utf-8", newline="")
    context = browser.new_context(offline=True)
    page = context.new_page()
    with page.expect_event("pageerror") as error:
        page.goto((tmp_path / "map.html").as_uri())
    assert "packed data are damaged" in str(error.value)
    assert page.get_attribute("html", "data-ready") is None
    context.close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serve files as a strict office server does, and keep no log."""

    policy: ClassVar[str] = "default-src 'self'"

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Have no picture for the browser's tab; a browser asks any server for one."""
        if self.path == "/favicon.ico":
            self.send_response(http.HTTPStatus.NO_CONTENT)
            self.end_headers()
        else:
            super().do_GET()

    def end_headers(self) -> None:
        """Forbid what such servers forbid."""
        self.send_header("Content-Security-Policy", self.policy)
        super().end_headers()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """Serve the test's folder on the loopback."""
    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


@pytest.mark.parametrize("over_http", [False, True], ids=["file", "server"])
def test_split_map_works_from_disk_and_from_a_strict_server(
    browser: Any, tmp_path: Path, server: str, over_http: bool
) -> None:
    result = make_result(awkward=AWKWARD)
    # A name that an address has to quote.
    written = write_split_map(result, tmp_path / "步行 100%.html")
    folder = tmp_path / "步行 100%_files"
    assert sorted(written[:-1]) == sorted(folder.iterdir())
    address = f"{server}/%E6%AD%A5%E8%A1%8C%20100%25.html" if over_http else written[-1].as_uri()
    seen = Visit(browser, address, offline=not over_http)
    own = address.rsplit("/", 1)[0]
    assert [one for one in seen.requests if not one.startswith((own, "data:"))] == []
    assert seen.complaints == []
    assert seen.value("covered_people") == COVERED
    assert seen.page.evaluate(COLUMNS) == columns(build_map(result))
    assert seen.page.inner_text("h1") == "并州步行覆盖" + AWKWARD
    assert AWKWARD.split("\u2028", maxsplit=1)[0] in seen.click_place(112.562, 37.874)
    seen.complaints.clear()
    refused = seen.page.evaluate("fetch('https://example.org').then(() => false, () => true)")
    assert refused
    assert "Content Security Policy" in seen.complaints[0]
    seen.context.close()


def test_one_file_is_stopped_by_a_strict_server(browser: Any, tmp_path: Path, server: str) -> None:
    """The reason for the other form: under such a policy the page of one file stays empty."""
    html = build_map(make_result())
    (tmp_path / "map.html").write_text(html, encoding="utf-8", newline="")
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server}/map.html")
    assert page.evaluate("typeof walkcover") == "undefined"
    context.close()


def test_split_page_holds_no_script_and_no_style() -> None:
    html = build_map(make_result())
    page, files = split_page(html, folder="map_files")
    assert re.findall(r"<style|<script(?! src=\"map_files/)|<script[^>]*>[^<]|\bstyle=", page) == []
    assert "script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'none'" in page
    for name, digest in re.findall(r"map_files/([a-z0-9.]+)\?v=([0-9a-f]{12})", page):
        content = files[name]
        assert isinstance(content, str)
        assert hashlib.sha256(content.encode()).hexdigest().startswith(digest)
    assert b"\x89PNG" in {content[:4] for content in files.values() if isinstance(content, bytes)}
    assert split_page(build_map(make_result()), folder="map_files") == (page, files)


def test_split_map_replaces_its_own_files_only(tmp_path: Path) -> None:
    result = make_result()
    written = write_split_map(result, tmp_path / "map.html")
    before = [path.read_bytes() for path in written]
    with pytest.raises(OutputExistsError, match=r"map\.html is there already"):
        write_split_map(result, tmp_path / "map.html")
    leftover = tmp_path / "map_files" / "script99.js"
    leftover.write_text("old")
    assert write_split_map(result, tmp_path / "map.html", overwrite=True) == written
    assert [path.read_bytes() for path in written] == before
    assert not leftover.exists()
    (tmp_path / "map_files" / "thesis.docx").write_text("mine")
    with pytest.raises(OutputExistsError, match=r"1 files .* first 'thesis"):
        write_split_map(result, tmp_path / "map.html", overwrite=True)
    assert [path.read_bytes() for path in written] == before


class Tiles(Quiet):
    """Serve one grey tile whatever is asked for, and write down what was."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """Give the tile."""
        self.asked.append(self.path)
        self.send_response(http.HTTPStatus.OK)
        self.send_header("Content-Type", "image/png")
        self.end_headers()
        self.wfile.write(GREY_TILE)


def test_base_tiles_come_from_the_one_host_named(browser: Any, tmp_path: Path) -> None:
    Tiles.asked.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tiles) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        host = f"http://127.0.0.1:{running.server_address[1]}"
        tiles = MapOptions(tiles=f"{host}/t/{{z}}/{{x}}/{{y}}.png", tiles_credit="Town <b>&amp;")
        result = make_result()
        result = dataclasses.replace(result, plan=dataclasses.replace(result.plan, map=tiles))
        path = write_one(result, "map.html", tmp_path / "map.html")
        seen = Visit(browser, path.as_uri(), offline=False)
        seen.page.wait_for_selector("img.leaflet-tile-loaded", state="attached")
        assert f"img-src data: {host};" in path.read_text(encoding="utf-8")
        assert len(Tiles.asked) >= 4
        assert all(re.fullmatch(r"/t/\d+/\d+/\d+\.png", one) for one in Tiles.asked)
        others = [one for one in seen.requests if not one.startswith((host, "data:"))]
        assert others == [path.as_uri()]
        assert seen.complaints == []
        assert "Town <b>&amp;" in seen.page.inner_text(".leaflet-control-attribution")
        # Another host is refused even as a picture.
        seen.page.evaluate(
            "new Promise((done) => { const picture = new Image(); picture.onerror = done; "
            "picture.src = 'http://localhost:9/other.png'; })"
        )
        assert "Content Security Policy" in seen.complaints[0]
        layer = seen.page.locator(".leaflet-control-layers-overlays input").first
        layer.uncheck()
        assert seen.page.locator("img.leaflet-tile").count() == 0
        seen.context.close()
        running.shutdown()
        thread.join()


def test_tianditu_is_asked_with_the_key_for_streets_and_names() -> None:
    result = make_result()
    options = MapOptions(tiles="tianditu", tiles_key="0a1B2c")
    html = build_map(
        dataclasses.replace(result, plan=dataclasses.replace(result.plan, map=options))
    )
    assert html.count("tk=0a1B2c") == 2
    assert "LAYER=vec" in html
    assert "LAYER=cva" in html
    assert "img-src data: https://t0.tianditu.gov.cn;" in html
    assert "t0.tianditu" not in build_map(result)


def test_the_key_is_not_passed_on() -> None:
    options = MapOptions(tiles="tianditu", tiles_key="0a1B2c")
    assert "0a1B2c" not in str(Plan(map=options).parameters())


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (
            {"tiles": f"https://{host}/{{z}}/{{x}}/{{y}}", "tiles_credit": "c"},
            f"tiles of {name} are",
        )
        for host, name in {
            "webrd01.is.autonavi.com": "Amap",
            "rt0.map.gtimg.com": "Tencent",
            "online1.map.bdimg.com": "Baidu",
            "mt0.google.cn": "Google China",
            "MT1.GOOGLE.COM": "Google",
        }.items()
    ]
    + [
        ({"tiles": "tianditu"}, r"tiles_key: expected the key"),
        ({"tiles": "tianditu", "tiles_key": "a b'"}, r"tiles_key: expected the key"),
        ({"tiles": "https://h/{z}/{x}.png", "tiles_credit": "c"}, r"expected \{z\}, \{x\} and"),
        ({"tiles": "https://{s}.h/{z}/{x}/{y}", "tiles_credit": "c"}, "expected 'tianditu', or"),
        ({"tiles": "https://h; img-src */{z}/{x}/{y}", "tiles_credit": "c"}, "or one address"),
        ({"tiles": "https://u:p@h/{z}/{x}/{y}", "tiles_credit": "c"}, "without user"),
        ({"tiles": "https://h:x/{z}/{x}/{y}", "tiles_credit": "c"}, "or one address"),
        ({"tiles": "javascript:alert(1)", "tiles_credit": "c"}, "or one address"),
        ({"tiles": "https://h/{z}/{x}/{y}"}, "tiles_credit is missing"),
        ({"tiles_key": "abc"}, "tiles_key is given, but no tiles"),
    ],
)
def test_tiles_that_cannot_be_meant(options: dict[str, str], fault: str) -> None:
    mapping = {"network": {"source": "a.osm.pbf"}, "residences": {"source": "osm"}, "map": options}
    with pytest.raises(PlanError, match=fault):
        plan_from_mapping(mapping)


def test_a_host_that_only_looks_like_a_shifted_one_is_fine() -> None:
    assert tile_faults("https://notamap.com/{z}/{x}/{y}.png", "", "c") == []
    assert tile_faults("http://10.1.2.3:8080/{z}/{x}/{y}.png?key=1", "", "c") == []
