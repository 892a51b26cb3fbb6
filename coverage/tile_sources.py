"""Base tiles that a map asks a server for: which addresses may be named in a plan."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

# Web Mercator on CGCS2000, which lies within centimetres of WGS84: streets and their names.
TIANDITU = "tianditu"
TIANDITU_HOST = "t0.tianditu.gov.cn"
TIANDITU_LAYERS = ("vec", "cva")
TIANDITU_KEY = re.compile(r"[0-9A-Za-z]+")
PLACES = ("{z}", "{x}", "{y}")
HOST = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z.-]*[0-9A-Za-z])?")
# Characters that would end the address inside a page or a policy.
UNSAFE = re.compile(r"[\s\"'<>;,\\^`|]")
# Whose tiles are shifted by some hundred metres against WGS84: GCJ-02, Baidu's besides by BD-09.
SHIFTED_HOSTS = {
    "amap.com": "Amap",
    "autonavi.com": "Amap",
    "gaode.com": "Amap",
    "gtimg.com": "Tencent",
    "qq.com": "Tencent",
    "soso.com": "Tencent",
    "baidu.com": "Baidu",
    "bdimg.com": "Baidu",
    "bdstatic.com": "Baidu",
    "google.cn": "Google China",
    "google.com": "Google",
    "googleapis.com": "Google",
    "geoq.cn": "GeoQ",
    "arcgisonline.cn": "ArcGIS Online China",
    "mapabc.com": "MapABC",
    "mapbar.com": "Mapbar",
}


def tile_addresses(tiles: str, key: str = "") -> tuple[str, ...]:
    """
    Give the addresses of the tiles that a plan names.

    Parameters
    ----------
    tiles
        ``tianditu``, an address with ``{z}``, ``{x}`` and ``{y}``, or empty for no tiles.
    key
        The key that Tianditu gives its users.

    Returns
    -------
    addresses
        One address for each layer, the lowest first.

    Examples
    --------
    >>> tile_addresses("https://tiles.example/{z}/{x}/{y}.png")
    ('https://tiles.example/{z}/{x}/{y}.png',)
    >>> len(tile_addresses("tianditu", "0a1b2c"))
    2
    """
    if tiles != TIANDITU:
        return (tiles,) if tiles else ()
    return tuple(
        f"https://{TIANDITU_HOST}/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0"
        f"&LAYER={layer}&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles"
        f"&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={key}"
        for layer in TIANDITU_LAYERS
    )


def tile_host(address: str) -> str:
    """
    Give the one host of an address as a page's policy names it.

    Examples
    --------
    >>> tile_host("http://10.1.2.3:8080/street/{z}/{x}/{y}.png?key=1")
    'http://10.1.2.3:8080'
    """
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def tile_faults(tiles: str, key: str, credit: str) -> list[str]:
    """
    Collect what is wrong with the tiles of a plan.

    Parameters
    ----------
    tiles, key, credit
        The values of the plan.

    Returns
    -------
    faults
        One sentence for each; empty where the tiles can be used.

    Examples
    --------
    >>> (fault,) = tile_faults("https://mt0.google.cn/{z}/{x}/{y}", "", "Google")
    >>> "in GCJ-02 or BD-09" in fault
    True
    >>> tile_faults("", "", "")
    []
    """
    if not tiles:
        named = [name for name, value in (("tiles_key", key), ("tiles_credit", credit)) if value]
        return [f"[map] {name} is given, but no tiles" for name in named]
    if tiles == TIANDITU:
        if TIANDITU_KEY.fullmatch(key):
            return []
        # The key itself is not repeated: a message may be passed on.
        return [
            "[map] tiles_key: expected the key of letters and digits that Tianditu gives to "
            "whoever registers there (for use in a browser)"
        ]
    faults = []
    parts = _parts(tiles)
    if parts is None:
        faults.append(
            f"[map] tiles = {tiles!r}: expected {TIANDITU!r}, or one address as "
            "https://HOST/{z}/{x}/{y}.png, without user, quotes or blanks"
        )
    else:
        faults += _shifted(tiles, parts)
    missing = [place for place in PLACES if place not in tiles]
    other = sorted(set(re.findall(r"\{[^}]*\}", tiles)) - set(PLACES))
    if missing or other:
        faults.append(
            f"[map] tiles = {tiles!r}: expected {{z}}, {{x}} and {{y}} and nothing else in braces"
        )
    if not credit:
        faults.append("[map] tiles_credit is missing: say whose tiles they are")
    if key:
        faults.append(f"[map] tiles_key goes with {TIANDITU!r} only; write a key into the address")
    return faults


def _parts(tiles: str) -> SplitResult | None:
    """Take an address apart; None where it is none that a page can hold."""
    try:
        parts = urlsplit(tiles)
        good = parts.port is None or parts.port > 0
    except ValueError:
        return None
    good = good and parts.scheme in ("http", "https") and parts.username is None
    good = good and HOST.fullmatch(parts.hostname or "") is not None
    return parts if good and not UNSAFE.search(tiles) and "\\" not in tiles else None


def _shifted(tiles: str, parts: SplitResult) -> list[str]:
    """Refuse tiles on which everything stands some hundred metres beside its place."""
    host = (parts.hostname or "").rstrip(".")
    names = [
        name
        for suffix, name in SHIFTED_HOSTS.items()
        if host == suffix or host.endswith(f".{suffix}")
    ]
    return [
        f"[map] tiles = {tiles!r}: the tiles of {name} are drawn in GCJ-02 or BD-09 (Google's, in "
        "China), in which homes and streets of this map would stand 100 to 700 m beside theirs; "
        f"use {TIANDITU!r} or tiles in WGS84 or CGCS2000"
        for name in names
    ]
