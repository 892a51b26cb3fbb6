"""
Ask whom slower walkers leave out: standard, brisk and elderly, within 5, 10 and 15 minutes.

Usage: python scripts/sweep_profiles.py [plan.toml] [--out DIR]
"""

from __future__ import annotations

import _charts as charts
import _examples as examples

import walkcover

PROFILES = ["brisk", "standard", "elderly"]
LIMITS_MIN = [5, 10, 15]


def main(words: list[str] | None = None) -> None:
    """Sweep profile and limit, print the covered shares, and draw them."""
    options = examples.parser(__doc__).parse_args(words)
    rows = walkcover.sweep(
        walkcover.load_plan(options.plan),
        {"walk.limit_min": LIMITS_MIN, "walk.profile": PROFILES},
        out=options.out / "profiles.parquet",
        workers=options.workers,
        overwrite=True,
    )
    shares = [
        (f"{row['walk.profile']}, {row['walk.limit_min']} min", row["covered_share"])
        for row in rows.to_dict("records")
    ]
    print(charts.text_bars(shares, show=charts.percent, most=1.0))
    picture = charts.svg_bars("People covered today", shares, show=charts.percent, most=1.0)
    charts.save(picture, options.out / "profiles.svg")


if __name__ == "__main__":
    main()
