"""
Test walking-distance coverage of service points and plan where to add them.

The public names below load on first use, so that ``import walkcover`` stays fast.
"""

if __name__ == "coverage":
    # numba imports coverage.py by this name and takes an ImportError as "not installed".
    msg = "this folder is installed as 'walkcover'"
    raise ImportError(msg)

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_EXPORTS = {
    "ClusterError": "_errors",
    "ConservationError": "_errors",
    "FetchError": "_errors",
    "InputError": "_errors",
    "MissingFileError": "_errors",
    "OutputExistsError": "_errors",
    "PlanError": "_errors",
    "WalkCoverError": "_errors",
    "Plan": "plan",
    "load_network": "io.networks",
    "load_plan": "io.plan_file",
    "Regional": "by_region",
    "OneByOne": "runners",
    "dask_runner": "io.cluster",
    "Result": "result",
    "Comparison": "comparison",
    "Place": "scenario",
    "Scenario": "scenario",
    "assess": "job",
    "bands": "job",
    "check": "job",
    "cut_extract": "io.cut",
    "excerpt": "excerpts",
    "operate": "job",
    "read_network": "io.networks",
    "run": "job",
    "save_network": "io.networks",
    "second_opinion": "job",
    "suggest": "job",
    "sweep": "sweeps",
    "with_values": "overrides",
    "load_scenario": "io.scenario_file",
    "what_if": "whatif",
    "what_ifs": "whatif",
    "write": "output",
    "write_comparison": "output",
    "write_zone_reports": "zone_reports",
}

__all__ = [
    *_EXPORTS,
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _EXPORTS:
        msg = f"module 'walkcover' has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"walkcover.{_EXPORTS[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*_EXPORTS, "__version__"])
