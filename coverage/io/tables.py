"""Read tables of places: csv, xlsx, GeoJSON, GeoPackage, Shapefile, Parquet."""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path
from zipfile import BadZipFile

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
from openpyxl.utils.exceptions import InvalidFileException

from walkcover._errors import InputError, MissingFileError
from walkcover.io.headers import table_of_rows
from walkcover.io.workbooks import read_workbook
from walkcover.places import locate

SUFFIXES = (".csv", ".xlsx", ".geojson", ".json", ".gpkg", ".shp", ".parquet")
SINGLE_LAYER_SUFFIXES = (".csv", ".parquet")
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# GB18030 holds all of GBK and GB2312, and refuses what is none of them.
ENCODINGS = ("utf-8", "gb18030")
ENCODING_NAMES = {
    "utf-8-sig": "UTF-8 with byte order mark",
    "utf-16": "UTF-16",
    "utf-8": "UTF-8",
    "gb18030": "GB18030",
}
# Spreadsheets in formats that are not read.
OTHER_WORKBOOKS = (".xls", ".xlsm", ".xlsb", ".et", ".ods", ".numbers")
# The first bytes of old workbooks and of those under a password; of zipped ones.
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
ZIPPED = b"PK\x03\x04"
# Places in the header of a dbf file: where its rows start, and what it says of its language.
DBF_HEADER_BYTES = slice(8, 10)
DBF_LANGUAGE_BYTE = 29


def read_table(path: str | Path, *, layer: str = "") -> pd.DataFrame:
    r"""
    Read one table of any format, its cells as they are.

    Parameters
    ----------
    path
        A csv (UTF-8 with or without byte order mark, UTF-16 with one, or GB18030), xlsx, geojson,
        gpkg, shp or parquet file.
    layer
        Layer or sheet; may be left out where there is only one with content.

    Returns
    -------
    table
        A GeoDataFrame where the file has geometry, else a DataFrame; cells of csv and xlsx are
        text, so that codes keep their leading zeros. The index is what people call the row: the
        line of the sheet for csv and xlsx, else counted from 1. ``attrs["notes"]`` lists what was
        found and done: the encoding, titles and totals left out, headers of several rows.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the format is unknown or that of another program, the file is damaged, in no known
        encoding, has several layers of which none is named, or its rows make no table.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "towns.csv")
    ...     _ = path.write_bytes("区划码,人数\n0101,215\n".encode("gb18030"))
    ...     read_table(path)
        区划码   人数
    2  0101  215
    """
    path = Path(path)
    if not path.is_file():
        msg = f"{path}: there is no such file; paths in a plan start from the plan's folder"
        raise MissingFileError(msg)
    suffix = path.suffix.lower()
    _refuse_other_workbooks(path)
    if suffix not in SUFFIXES:
        msg = f"{path}: unknown kind of table {suffix!r}: expected one of {', '.join(SUFFIXES)}"
        raise InputError(msg)
    if layer and suffix in SINGLE_LAYER_SUFFIXES:
        msg = f"{path}: layer {layer!r} is asked for, but a {suffix} file has no layers: drop it"
        raise InputError(msg)
    try:
        if suffix == ".csv":
            return _read_csv(path)
        if suffix == ".xlsx":
            return read_workbook(path, layer=layer)
        table = _read_parquet(path) if suffix == ".parquet" else _read_layer(path, layer)
    except (
        BadZipFile,
        InvalidFileException,
        KeyError,
        pa.ArrowException,
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
    ) as error:
        msg = f"{path}: the file cannot be read: {error}"
        raise InputError(msg) from error
    table.index = pd.RangeIndex(1, len(table) + 1)
    return table


def _refuse_other_workbooks(path: Path) -> None:
    """Say what to do with a spreadsheet that is not read, whatever its name ends in."""
    suffix = path.suffix.lower()
    with path.open("rb") as file:
        start = file.read(4)
    if suffix in OTHER_WORKBOOKS:
        problem = f"a {suffix} workbook is not read"
    elif suffix in (".csv", ".xlsx") and start == OLD_WORKBOOK:
        problem = "this is an old workbook (.xls), or one under a password"
    elif suffix == ".csv" and start == ZIPPED:
        problem = "this is a workbook, not text"
    else:
        return
    msg = f"{path}: {problem}: open it in a spreadsheet program and save it as .xlsx, or as csv"
    raise InputError(msg)


def read_places(
    path: str | Path, *, layer: str = "", crs: str = "", lon: str = "lon", lat: str = "lat"
) -> gpd.GeoDataFrame:
    r"""
    Read points or polygons of any format into WGS84.

    Parameters
    ----------
    path, layer
        As for `read_table`.
    crs
        What the coordinates are in: wgs84, gcj02, bd09, cgcs2000 or EPSG:n. Required for csv and
        xlsx; the CRS that another file names itself holds, and must not be contradicted.
    lon, lat
        Columns of coordinates, for files without geometry.

    Returns
    -------
    places
        In EPSG:4326, rows as in the file, numbered from 0; all other columns as they are.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file cannot be read, or a row has no place; all faults in one message.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "booths.csv")
    ...     _ = path.write_text("name,lon,lat\nEast gate,112.5,37.8\n", encoding="utf-8")
    ...     read_places(path, crs="wgs84")
            name            geometry
    0  East gate  POINT (112.5 37.8)
    """
    table = read_table(path, layer=layer)
    places = locate(table, crs=crs, lon=lon, lat=lat, what=Path(path).name)
    return places.reset_index(drop=True)


def _read_csv(path: Path) -> pd.DataFrame:
    content = path.read_bytes()
    encoding = _encoding(content, what=str(path))
    text = content.decode(encoding)
    # Embedded line breaks count as part of their cell, as spreadsheets number rows. A quote that
    # is never closed would swallow all rows behind it, hence strict.
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        table = table_of_rows(rows, what=path.name)
    except csv.Error as error:
        msg = (
            f"{path.name}: no table can be read at line {rows.line_num} ({error}): expected every "
            "quoted cell to be closed, and quotes inside it to be doubled"
        )
        raise InputError(msg) from error
    table.attrs["notes"].insert(0, f"encoding {ENCODING_NAMES[encoding]}")
    return table


def _encoding(content: bytes, *, what: str) -> str:
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return encoding
    for encoding in ENCODINGS:
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    msg = f"{what}: neither UTF-8 nor GB18030: save the table as UTF-8"
    raise InputError(msg)


def _read_parquet(path: Path) -> pd.DataFrame:
    if b"geo" in (pq.read_schema(path).metadata or {}):
        places: pd.DataFrame = gpd.read_parquet(path)
        return places
    return pd.read_parquet(path)


def _read_layer(path: Path, layer: str) -> pd.DataFrame:
    layers = [str(name) for name, _ in pyogrio.list_layers(path)]
    if layer and layer not in layers:
        msg = f"{path}: there is no layer {layer!r}; the file has {', '.join(layers)}"
        raise InputError(msg)
    if not layer and len(layers) > 1:
        msg = f"{path}: several layers: name one of {', '.join(layers)} as layer"
        raise InputError(msg)
    encoding = _dbf_encoding(path) if path.suffix.lower() == ".shp" else None
    table: pd.DataFrame = pyogrio.read_dataframe(path, layer=layer or layers[0], encoding=encoding)
    if encoding:
        table.attrs["notes"] = [f"encoding {ENCODING_NAMES[encoding]}, which the file does not say"]
    return table


def _dbf_encoding(path: Path) -> str | None:
    """Find the encoding of a shapefile that does not say it; None where it does."""
    table = path.with_suffix(".dbf")
    if path.with_suffix(".cpg").is_file() or not table.is_file():
        return None
    content = table.read_bytes()
    if content[DBF_LANGUAGE_BYTE]:
        return None
    start = int.from_bytes(content[DBF_HEADER_BYTES], "little")
    return _encoding(content[start:], what=str(table))
