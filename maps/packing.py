"""Pack many whole numbers or texts into a short text that a page can hold and unpack fast."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

# Web-Mercator pixels of this zoom are the unit of packed positions: 0.6 m at the equator and
# 0.5 m at 35 degrees, so that a position is off by 0.3 m at most. A finer unit costs a bit per
# number and shows nothing: a residence is drawn some metres wide.
UNIT_ZOOM = 18
TILE_PX = 256
# Points are sorted into square cells of 2**12 units, which the page finds again by itself; within
# a cell in strips of 2**7 units, some 50 m, which pack smaller than Morton order does.
CELL_BITS = 12
STRIP_BITS = 7
# Beyond this latitude Web Mercator is undefined.
MAX_LAT = 85.0511287798
DEFLATE_LEVEL = 9
# An id that ends in a number without leading zeros: prefix and number give it back.
NUMBERED = re.compile(r"(?s)(?P<prefix>.*?)(?P<number>0|[1-9][0-9]{0,8})")

Ints = npt.NDArray[np.int64]
# What a packed column is in the page's data: {"packed": base64 text, "bytes": unpacked size}.
Packed = dict[str, Any]


def to_units(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Ints, Ints]:
    """
    Turn WGS84 degrees into whole Web-Mercator pixels of zoom 18.

    Parameters
    ----------
    lon, lat
        Degrees, shape (n,).

    Returns
    -------
    x, y
        Pixels from the north-west corner of the world, int64, shape (n,).

    References
    ----------
    EPSG:3857; tile scheme of the OpenStreetMap wiki, "Slippy map tilenames".

    Examples
    --------
    >>> x, y = to_units([0.0, 180.0], [0.0, 0.0])
    >>> (x / 2**26).tolist(), (y / 2**26).tolist()
    ([0.5, 1.0], [0.5, 0.5])
    """
    world = TILE_PX * 2**UNIT_ZOOM
    degrees = np.clip(np.asarray(lat, dtype=np.float64), -MAX_LAT, MAX_LAT)
    x = (np.asarray(lon, dtype=np.float64) + 180.0) / 360.0
    y = 0.5 - np.arctanh(np.sin(np.radians(degrees))) / (2.0 * np.pi)
    return np.rint(x * world).astype(np.int64), np.rint(y * world).astype(np.int64)


def strip_order(x: Ints, y: Ints) -> Ints:
    """
    Sort points cell by cell, in narrow strips, up one strip and down the next.

    Neighbours in the list are neighbours in town, so that what is known of them differs little
    and packs well.

    Parameters
    ----------
    x, y
        Positions as `to_units` gives them, shape (n,).

    Returns
    -------
    order
        Positions in `x`, int64, shape (n,).

    Examples
    --------
    Three points of one strip and one of the next, where the way leads back.

    >>> strip_order(np.array([0, 1, 2, 200]), np.array([30, 10, 20, 10])).tolist()
    [1, 2, 0, 3]
    """
    strip = x >> STRIP_BITS
    along = np.where(strip & 1, -y, y)
    order: Ints = np.lexsort((x, along, strip, y >> CELL_BITS, x >> CELL_BITS))
    return order


def deltas(values: npt.ArrayLike) -> Ints:
    """
    Keep the first number and the steps between neighbours, which are small where order is kind.

    Returns
    -------
    steps
        int64, shape (n,); their running sum gives `values` back.

    Examples
    --------
    >>> deltas([1000, 1003, 1001]).tolist()
    [1000, 3, -2]
    """
    numbers = np.asarray(values, dtype=np.int64)
    steps: Ints = numbers.copy()
    steps[1:] -= numbers[:-1]
    return steps


def pack_ints(values: npt.ArrayLike) -> Packed:
    """
    Pack whole numbers as zig-zag varints, deflated, in base64: small numbers take a few bits.

    Parameters
    ----------
    values
        Whole numbers between -2**31 and 2**31 - 1, shape (n,).

    Returns
    -------
    packed
        Plain data for the page, whose script finds and unpacks it at the start.

    References
    ----------
    Protocol Buffers encoding, "Base 128 Varints" and "ZigZag"; RFC 1950 (zlib).

    Examples
    --------
    >>> packed = pack_ints([0, -1, 1, 64])
    >>> zlib.decompress(base64.b64decode(packed["packed"])).hex(" "), packed["bytes"]
    ('00 01 02 80 01', 5)
    """
    return deflate(varints(values))


def varints(values: npt.ArrayLike) -> bytes:
    """
    Write whole numbers as zig-zag varints.

    Parameters
    ----------
    values
        Whole numbers between -2**31 and 2**31 - 1, shape (n,).

    Returns
    -------
    written
        One to five bytes for each number.

    Examples
    --------
    >>> varints([0, -1, 1, 64]).hex(" ")
    '00 01 02 80 01'
    """
    numbers = np.asarray(values, dtype=np.int64)
    zigzag = (numbers << 1) ^ (numbers >> 63)
    width = np.ones(len(zigzag), dtype=np.int64)
    for bits in (7, 14, 21, 28):
        width += zigzag >= 1 << bits
    start = np.cumsum(width) - width
    written = np.empty(int(width.sum()), dtype=np.uint8)
    for place in range(5):
        has = width > place
        more = np.where(width[has] > place + 1, 0x80, 0)
        written[start[has] + place] = ((zigzag[has] >> (7 * place)) & 0x7F) | more
    return written.tobytes()


def pack_texts(texts: Sequence[str]) -> Packed:
    """
    Pack a list of texts; ids that are numbers behind one prefix are packed as numbers.

    Parameters
    ----------
    texts
        Any texts, n of them.

    Returns
    -------
    packed
        Plain data for the page: one packed JSON list, or a prefix and the steps between numbers.

    Examples
    --------
    >>> packed = pack_texts(["R7", "R8", "R10"])
    >>> packed["prefix"], zlib.decompress(base64.b64decode(packed["numbers"]["packed"])).hex(" ")
    ('R', '0e 02 04')
    >>> list(pack_texts(["R7", "R08"]))
    ['texts']
    """
    found = [NUMBERED.fullmatch(text) for text in texts]
    prefixes = {one and one["prefix"] for one in found}
    if len(prefixes) == 1 and None not in prefixes:
        numbers = [int(one["number"]) for one in found if one]
        return {"prefix": prefixes.pop(), "numbers": pack_ints(deltas(numbers))}
    return {"texts": pack_json(list(texts))}


def pack_json(value: Any) -> Packed:
    """
    Pack plain data that are no long columns, as outlines with what is said of them.

    Parameters
    ----------
    value
        Lists, dicts, texts and finite numbers.

    Returns
    -------
    packed
        Plain data for the page.

    Raises
    ------
    ValueError
        If a number is infinite or missing: JSON has no such numbers.

    Examples
    --------
    >>> packed = pack_json([{"kind": "gap"}])
    >>> zlib.decompress(base64.b64decode(packed["packed"]))
    b'[{"kind":"gap"}]'
    """
    # Escaped to ASCII, so that half a surrogate pair in a name cannot stop the page.
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return deflate(text.encode("ascii"))


def deflate(data: bytes) -> Packed:
    """
    Deflate bytes and write them as base64.

    Returns
    -------
    packed
        ``packed``, a text of letters, digits, ``+``, ``/`` and ``=``, and ``bytes``, the size of
        `data`.
    """
    short = zlib.compress(data, DEFLATE_LEVEL)
    return {"packed": base64.b64encode(short).decode("ascii"), "bytes": len(data)}
