"""Population rasters: windows, counts and densities, what has no data, and what is refused."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from numpy.typing import NDArray
from pyproj import Geod, Transformer
from rasterio import Affine

from walkcover import InputError, MissingFileError
from walkcover.io.rasters import read_raster_cells

GEOD = Geod(ellps="WGS84")
UTM = "EPSG:32649"


def from_origin(west: float, north: float, width: float, height: float) -> Affine:
    """Place a raster by its upper left corner and the size of its cells."""
    return Affine(width, 0.0, west, 0.0, -height, north)


# A grid of 100 m in UTM 49N, whose origin lies in the east of Taiyuan.
UTM_PLACE = from_origin(640_000, 4_195_000, 100, 100)
DEGREE_PLACE = from_origin(112.5, 37.9, 1 / 1200, 1 / 1200)
EVERYWHERE = (112.0, 37.0, 113.5, 38.5)


def write(
    path: Path,
    values: NDArray[Any] | list[Any],
    *,
    place: Affine = DEGREE_PLACE,
    crs: str | None = "EPSG:4326",
    mask: NDArray[np.bool_] | None = None,
    tags: Mapping[str, float] | None = None,
    **options: Any,
) -> Path:
    """Write a raster; values of shape (rows, columns) or (bands, rows, columns)."""
    bands = np.asarray(values)
    bands = bands[None] if bands.ndim == 2 else bands
    profile: dict[str, Any] = {"driver": "GTiff", "dtype": bands.dtype.name, **options}
    count, height, width = bands.shape
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(
            path, "w", width=width, height=height, count=count, crs=crs, transform=place, **profile
        ) as raster,
    ):
        raster.write(bands)
        if mask is not None:
            raster.write_mask(mask)
        if tags:
            raster.scales, raster.offsets = [tags["scale"]], [tags["offset"]]
    return path


def refusal(path: Path, *args: Any, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        read_raster_cells(path, *(args or (EVERYWHERE,)), **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("place", "crs"),
    [
        (DEGREE_PLACE, "EPSG:4326"),
        (UTM_PLACE, UTM),
        # Turned by 30 degrees.
        (Affine(86.6, 50.0, 640_000, 50.0, -86.6, 4_195_000), UTM),
        # Gauss-Krüger of CGCS2000, which puts north first.
        (from_origin(500_000, 4_195_000, 100, 100), "EPSG:4547"),
        (from_origin(10_400_000, 4_630_000, 1000, 1000), "ESRI:54009"),
    ],
    ids=["degrees", "utm", "turned", "north-first", "mollweide"],
)
def test_corners_are_those_of_the_grid(tmp_path: Path, place: Affine, crs: str) -> None:
    values = np.zeros((6, 8))
    values[1, 2], values[5, 7] = 12.5, 3.25
    path = write(tmp_path / "p.tif", values, place=place, crs=crs)
    cells = read_raster_cells(path, (100.0, 30.0, 125.0, 45.0))
    assert cells["cell_id"].tolist() == ["1_2", "5_7"]
    assert cells["people"].tolist() == [12.5, 3.25]
    assert cells.crs.to_epsg() == 4326
    to_degrees = Transformer.from_crs(crs, 4326, always_xy=True).transform
    for (row, column), shape in zip([(1, 2), (5, 7)], cells.geometry, strict=True):
        corners = [
            to_degrees(
                place.a * (column + i) + place.b * (row + j) + place.c,
                place.d * (column + i) + place.e * (row + j) + place.f,
            )
            for i, j in [(0, 0), (0, 1), (1, 1), (1, 0)]
        ]
        assert shape.equals_exact(shapely.Polygon(corners).normalize(), 1e-9) or (
            shape.symmetric_difference(shapely.Polygon(corners)).area < 1e-12
        )


@pytest.mark.parametrize(
    ("values", "options"),
    [
        (np.array([[4, np.nan], [-5, 0]], dtype="float32"), {}),
        (np.array([[4, np.nan], [-5, 0]], dtype="float32"), {"nodata": np.nan}),
        (np.array([[4, 99], [-200, 0]], dtype="float64"), {"nodata": 99}),
        (np.array([[4, 65535], [0, 0]], dtype="uint16"), {"nodata": 65535}),
        (np.array([[4, -99999], [-99999, 0]], dtype="int32"), {"nodata": -99999}),
        (
            np.array([[4, 6], [7, 8]], dtype="uint8"),
            {"mask": np.array([[True, False], [False] * 2])},
        ),
        (
            np.array([[[4, 6], [7, 8]], [[255, 0], [0, 0]]], dtype="uint8"),
            {"alpha": "yes"},
        ),
        (np.array([[30, 10], [5, 0]], dtype="int16"), {"tags": {"scale": 0.2, "offset": -2.0}}),
    ],
    ids=["nan", "nodata-nan", "nodata", "unsigned", "negative", "mask", "alpha", "scaled"],
)
def test_cells_without_data_have_no_people(
    tmp_path: Path, values: NDArray[Any], options: dict[str, Any]
) -> None:
    cells = read_raster_cells(write(tmp_path / "p.tif", values, **options), EVERYWHERE)
    assert cells["cell_id"].tolist() == ["0_0"]
    assert cells["people"].tolist() == [pytest.approx(4.0)]


def test_only_the_window_of_the_study_area_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 20 x 20 degrees in cells of 0.01: four million cells, of which a town needs few.
    size = 2000
    path = tmp_path / "country.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=size, height=size, count=1, dtype="float32",
        crs="EPSG:4326", transform=from_origin(105, 45, 0.01, 0.01), tiled=True, compress="deflate",
    ) as raster:  # fmt: skip
        raster.write(np.ones((size, size), dtype="float32"), 1)
    read: list[int] = []
    plain = rasterio.DatasetReader.read

    def counted(self: rasterio.DatasetReader, *args: Any, **options: Any) -> NDArray[Any]:
        values: NDArray[Any] = plain(self, *args, **options)
        read.append(values.size)
        return values

    monkeypatch.setattr("walkcover.io.rasters.STRIP_CELLS", 100)
    monkeypatch.setattr(rasterio.DatasetReader, "read", counted)
    bounds = (112.5, 37.7, 112.7, 37.9)
    cells = read_raster_cells(path, bounds)
    assert 400 <= sum(read) <= 25 * 25
    assert max(read) <= 100
    assert len(read) > 3
    # Every cell that touches the study area is there, once, with the ids of the whole raster.
    assert cells["cell_id"].is_unique
    assert shapely.union_all(cells.geometry.to_numpy()).covers(shapely.box(*bounds))
    west, _, _, north = cells.geometry.iloc[0].bounds
    row, column = map(int, cells["cell_id"].iloc[0].split("_"))
    assert (west, north) == pytest.approx((105 + column * 0.01, 45 - row * 0.01))


def test_a_window_in_another_projection_misses_no_cell(tmp_path: Path) -> None:
    # The box of degrees bulges in a projection far from its central meridian.
    place = from_origin(900_000, 8_200_000, 500, 500)
    path = write(
        tmp_path / "p.tif", np.ones((900, 900), dtype="uint8"), place=place, crs="EPSG:32633"
    )
    bounds = (26.0, 70.5, 32.0, 72.5)
    cells = read_raster_cells(path, bounds)
    to_utm = Transformer.from_crs(4326, "EPSG:32633", always_xy=True).transform
    wanted = set()
    for lon in np.linspace(26, 32, 150):
        for lat in np.linspace(70.5, 72.5, 150):
            x, y = to_utm(lon, lat)
            column, row = int((x - 900_000) // 500), int((8_200_000 - y) // 500)
            if 0 <= row < 900 and 0 <= column < 900:
                wanted.add(f"{row}_{column}")
    assert len(wanted) > 10_000
    assert wanted <= set(cells["cell_id"])


@pytest.mark.parametrize(
    ("place", "crs"), [(DEGREE_PLACE, "EPSG:4326"), (UTM_PLACE, UTM)], ids=["degrees", "utm"]
)
def test_density_counts_by_the_true_area(tmp_path: Path, place: Affine, crs: str) -> None:
    density = np.random.default_rng(1).uniform(1, 30_000, (20, 30))
    path = write(tmp_path / "p.tif", density, place=place, crs=crs)
    elderly = write(tmp_path / "e.tif", density / 8, place=place, crs=crs)
    cells = read_raster_cells(path, EVERYWHERE, unit="people_per_km2", elderly=elderly)
    areas_km2 = [
        abs(GEOD.geometry_area_perimeter(shapely.segmentize(shape, 1e-5))[0]) / 1e6
        for shape in cells.geometry
    ]
    expected = density.ravel() * areas_km2
    assert np.allclose(cells["people"], expected, rtol=1e-6)
    assert np.allclose(cells["elderly_people"], expected / 8, rtol=1e-6)
    if crs == UTM:
        # 1 ha on the map; the scale of UTM squared away.
        assert np.allclose(areas_km2, 0.01, rtol=2e-3)


def test_a_raster_without_a_crs_takes_the_one_of_the_plan(tmp_path: Path) -> None:
    path = write(tmp_path / "p.tif", [[5.0]], place=UTM_PLACE, crs=None)
    assert "the raster's CRS is none, and [population] crs is ''" in refusal(path)
    assert "crs is 'gcj02': expected EPSG:n" in refusal(path, crs="gcj02")
    assert read_raster_cells(path, EVERYWHERE, crs=UTM)["people"].tolist() == [5.0]
    degrees = write(tmp_path / "d.tif", [[5.0]], crs=None)
    assert read_raster_cells(degrees, EVERYWHERE, crs="wgs84")["people"].tolist() == [5.0]
    own = write(tmp_path / "own.tif", [[5.0]])
    assert read_raster_cells(own, EVERYWHERE, crs="EPSG:4326")["people"].tolist() == [5.0]
    assert "its own, 'WGS 84', and [population] crs is 'EPSG:32649'" in refusal(own, crs=UTM)


def test_elderly_must_be_on_the_same_grid(tmp_path: Path) -> None:
    path = write(tmp_path / "p.tif", [[5.0, 0.0]])
    good = write(tmp_path / "good.tif", [[2.0, 1.0]])
    cells = read_raster_cells(path, EVERYWHERE, elderly=good)
    assert cells[["people", "elderly_people"]].to_numpy().tolist() == [[5.0, 2.0], [0.0, 1.0]]
    others = [
        write(tmp_path / "shape.tif", [[2.0]]),
        write(tmp_path / "place.tif", [[2.0, 1.0]], place=from_origin(112.5, 37.8, 0.001, 0.001)),
        write(tmp_path / "crs.tif", [[2.0, 1.0]], crs="EPSG:4490"),
    ]
    for other in others:
        assert f"{other.name}: its cells are not those of p.tif" in refusal(path, elderly=other)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_what_is_no_population_raster_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"no\.tif: there is no such raster"):
        read_raster_cells(tmp_path / "no.tif", EVERYWHERE)
    broken = tmp_path / "broken.tif"
    broken.write_bytes(b"not a raster at all")
    assert "the raster cannot be read" in refusal(broken)
    assert "has 2 bands: expected one" in refusal(write(tmp_path / "two.tif", np.ones((2, 3, 3))))
    nowhere = write(tmp_path / "nowhere.tif", [[1.0]], place=Affine.identity(), crs=None)
    assert "does not say where it lies" in refusal(nowhere)
    undeclared = write(tmp_path / "wild.tif", np.array([[3, 2**31 - 1]], dtype="int32"))
    message = refusal(undeclared)
    assert "1 cells have more than 1e+09 people, first row 0 column 1" in message
    assert "gdal_edit.py -a_nodata" in message


def test_a_file_cut_off_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "p.tif", np.random.default_rng(0).random((300, 300)))
    path.write_bytes(path.read_bytes()[:200_000])
    assert "the raster cannot be read" in refusal(path)


def test_a_raster_of_another_place_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "p.tif", [[5.0]])
    message = refusal(path, (12.0, 50.0, 13.0, 51.0))
    assert "the raster lies elsewhere" in message
    assert "112.5000" in message
    assert "12.0000 50.0000 13.0000 51.0000" in message
    # Its projection does not reach so far.
    polar = write(tmp_path / "utm.tif", [[5.0]], place=UTM_PLACE, crs=UTM)
    assert "lies elsewhere" in refusal(polar, (-70.0, -5.0, -69.0, -4.0))


def test_a_raster_that_covers_a_part_is_noted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="walkcover")
    path = write(tmp_path / "p.tif", np.ones((12, 12)), place=from_origin(112, 38, 0.1, 0.1))
    read_raster_cells(path, (112.2, 36.5, 112.8, 37.8))
    assert "p.tif: the raster does not cover the whole study area" in caplog.text
    caplog.clear()
    read_raster_cells(path, (112.01, 36.81, 113.19, 37.99))
    assert caplog.text == ""


def test_a_raster_without_people_gives_no_cells(tmp_path: Path) -> None:
    path = write(tmp_path / "p.tif", np.zeros((3, 3)))
    for unit in ("people", "people_per_km2"):
        cells = read_raster_cells(path, EVERYWHERE, unit=unit)
        assert len(cells) == 0
        assert list(cells.columns) == ["cell_id", "people", "geometry"]
