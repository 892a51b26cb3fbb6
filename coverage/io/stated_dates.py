"""Read from data files of what day their data are, where they say so themselves."""

from __future__ import annotations

from pathlib import Path

from walkcover.plan import Plan, bare_name

EXTRACTS = (".pbf", ".osm", ".osm.gz", ".osm.bz2")
# Fields of the header of an extract, the better one first.
HEADER_FIELDS = ("osmosis_replication_timestamp", "timestamp")
DAY = len("2022-05-20")


def stated_dates(plan: Plan) -> dict[str, str]:
    """
    Read the dates of the data of a plan.

    Neither the clock nor the time at which a file was copied says anything about its data, so
    that only extracts of OpenStreetMap, whose header names a day, have a date.

    Parameters
    ----------
    plan
        The plan; its files exist.

    Returns
    -------
    dates
        Days as ``2022-05-20``, by the name that a file has in the summary; files that state none
        are not in it.
    """
    dates = {bare_name(name): stated_date(plan.path(name)) for name in plan.files().values()}
    return {name: date for name, date in dates.items() if date}


def stated_date(path: Path) -> str:
    """
    Read of what day an extract of OpenStreetMap is.

    Parameters
    ----------
    path
        Any file.

    Returns
    -------
    date
        As ``2022-05-20``; empty where the file states none, or is no extract.

    Examples
    --------
    >>> stated_date(Path("homes.csv"))
    ''
    """
    if not path.name.lower().endswith(EXTRACTS):
        return ""
    import osmium

    reader = osmium.io.Reader(str(path), osmium.osm.osm_entity_bits.NOTHING)
    try:
        header = reader.header()
        return next((str(header.get(one))[:DAY] for one in HEADER_FIELDS if header.get(one)), "")
    finally:
        reader.close()
