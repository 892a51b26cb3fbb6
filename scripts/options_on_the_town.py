"""
Show what each option of the walk does to the example town, as the table in the guide.

Usage: python scripts/options_on_the_town.py
"""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

import geopandas as gpd
import osmium
import shapely

import walkcover
from walkcover.plan import Plan

TOWN = Path(__file__).resolve().parent.parent / "data" / "town"
HEAD = ("plan", "covered", "share", "mean walk where there is a path, min", "not snapped")


def variants(folder: Path) -> list[tuple[str, Plan]]:
    """Plans of the town that differ in one option each."""
    plan = walkcover.load_plan(TOWN / "plan.toml")
    river = folder / "river.gpkg"
    river_of_the_town().to_file(river, driver="GPKG")
    changes = {
        '`profile = "elderly"`': {"profile": "elderly"},
        "`steps_factor = 2`": {"steps_factor": 2.0},
        "`surface_factors = { gravel = 1.2, ground = 1.3 }`": {
            "surface_factors": {"gravel": 1.2, "ground": 1.3}
        },
        "`crossing_wait_s = 30`": {"crossing_wait_s": 30.0},
        "`plazas = true`": {"plazas": True},
        "`walls = true`": {"walls": True},
        "`barriers` = the river": {"barriers": str(river)},
    }
    hills = dataclasses.replace(
        plan, network=dataclasses.replace(plan.network, elevation=("elevation.tif",))
    )
    wheels = dataclasses.replace(plan.walk, profile="wheelchair")
    return [
        ("as it is", plan),
        ("`elevation`", hills),
        ('`elevation`, `profile = "wheelchair"`', dataclasses.replace(hills, walk=wheels)),
        *(
            (name, dataclasses.replace(plan, walk=dataclasses.replace(plan.walk, **change)))
            for name, change in changes.items()
        ),
    ]


def river_of_the_town() -> gpd.GeoDataFrame:
    """Take the river's water from the extract."""
    factory = osmium.geom.WKBFactory()
    keys = osmium.filter.KeyFilter("water")
    areas = osmium.FileProcessor(str(TOWN / "streets.osm.pbf")).with_areas(keys).with_filter(keys)
    shapes = [factory.create_multipolygon(area) for area in areas if area.is_area()]
    return gpd.GeoDataFrame(geometry=shapely.from_wkb(shapes), crs=4326)


def rows() -> list[tuple[str, ...]]:
    """A row per plan, figures as text."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name, plan in variants(Path(folder)):
            result = walkcover.assess(plan)
            homes = result.residences
            reached = homes[homes["walk_s"] < float("inf")]
            mean_s = (reached["walk_s"] * reached["people"]).sum() / reached["people"].sum()
            found.append(
                (
                    name,
                    f"{result.summary['covered_people']:,.0f}",
                    f"{result.summary['covered_share']:.1%}",
                    f"{mean_s / 60:.2f}",
                    f"{result.summary['verdicts']['not_snapped']['people']:,.0f}",
                )
            )
    return found


def table() -> str:
    """Write the table in Markdown."""
    lines = [HEAD, tuple("---" for _ in HEAD), *rows()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Print the table."""
    print(table())


if __name__ == "__main__":
    main()
