"""Pack many whole numbers into a short text that a page can hold and unpack fast."""

from __future__ import annotations

import base64

import numpy as np
import numpy.typing as npt

# Web-Mercator pixels of this zoom are the unit of packed positions: 0.3 m at the equator,
# finer than any screen shows, and every position still fits 32 bits.
UNIT_ZOOM = 19
TILE_PX = 256
# Beyond this latitude Web Mercator is undefined.
MAX_LAT = 85.0511287798

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def to_units(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Ints, Ints]:
    """
    Turn WGS84 degrees into whole Web-Mercator pixels of zoom 19.

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
    >>> (x / 2**27).tolist(), (y / 2**27).tolist()
    ([0.5, 1.0], [0.5, 0.5])
    """
    world = TILE_PX * 2**UNIT_ZOOM
    degrees = np.clip(np.asarray(lat, dtype=np.float64), -MAX_LAT, MAX_LAT)
    x = (np.asarray(lon, dtype=np.float64) + 180.0) / 360.0
    y = 0.5 - np.arctanh(np.sin(np.radians(degrees))) / (2.0 * np.pi)
    return np.rint(x * world).astype(np.int64), np.rint(y * world).astype(np.int64)


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


def pack_ints(values: npt.ArrayLike) -> str:
    """
    Pack whole numbers as zig-zag varints in base64: small numbers take one byte.

    Parameters
    ----------
    values
        Whole numbers between -2**31 and 2**31 - 1, shape (n,).

    Returns
    -------
    packed
        Text of letters, digits, ``+``, ``/`` and ``=``.

    References
    ----------
    Protocol Buffers encoding, "Base 128 Varints" and "ZigZag".

    Examples
    --------
    >>> base64.b64decode(pack_ints([0, -1, 1, 64])).hex(" ")
    '00 01 02 80 01'
    """
    numbers = np.asarray(values, dtype=np.int64)
    zigzag = (numbers << 1) ^ (numbers >> 63)
    width = np.ones(len(zigzag), dtype=np.int64)
    for bits in (7, 14, 21, 28):
        width += zigzag >= 1 << bits
    start = np.cumsum(width) - width
    packed = np.empty(int(width.sum()), dtype=np.uint8)
    for place in range(5):
        has = width > place
        more = np.where(width[has] > place + 1, 0x80, 0)
        packed[start[has] + place] = ((zigzag[has] >> (7 * place)) & 0x7F) | more
    return base64.b64encode(packed.tobytes()).decode("ascii")
