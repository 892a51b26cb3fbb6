"""Dates of data files: only what a file says of itself."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import osmium
import pytest

from walkcover.io.stated_dates import stated_date, stated_dates
from walkcover.plan import NetworkSource, Plan, ResidenceSource


def extract(path: Path, *, date: str) -> Path:
    header = osmium.io.Header()
    if date:
        header.set("osmosis_replication_timestamp", date)
    osmium.SimpleWriter(str(path), header=header).close()
    return path


@pytest.mark.parametrize(("date", "day"), [("2022-05-19T20:21:00Z", "2022-05-19"), ("", "")])
def test_an_extract_says_its_day(tmp_path: Path, date: str, day: str) -> None:
    path = extract(tmp_path / "town.osm.pbf", date=date)
    assert stated_date(path) == day
    os.utime(path, (0, 0))
    assert stated_date(path) == day


def test_xml_says_nothing(tmp_path: Path) -> None:
    text = '<osm version="0.6" timestamp="2021-03-04T05:06:07Z"></osm>'
    (tmp_path / "a.osm").write_text(text, encoding="utf-8")
    (tmp_path / "b.osm.gz").write_bytes(gzip.compress(b'<osm version="0.6"></osm>'))
    assert stated_date(tmp_path / "a.osm") == ""
    assert stated_date(tmp_path / "b.osm.gz") == ""


def test_only_files_with_a_date_are_named(tmp_path: Path) -> None:
    extract(tmp_path / "town.osm.pbf", date="2022-05-19T20:21:00Z")
    (tmp_path / "homes.csv").write_text("residence_id\n", encoding="utf-8")
    plan = Plan(
        network=NetworkSource(source="town.osm.pbf"),
        residences=ResidenceSource(source="homes.csv", crs="wgs84"),
        folder=tmp_path,
    )
    assert stated_dates(plan) == {"town.osm.pbf": "2022-05-19"}
