"""
Ask how far a number of new sites, or a budget, goes: a search of its own for each point.

The stages of the plan are put together into one, so that the whole budget goes where it covers
most people. With `--budgets` the plan's candidates need costs.

Usage: python scripts/budget_curve.py [plan.toml] [--sites 0,5,10 | --budgets 0,1e6] [--out DIR]
"""

from __future__ import annotations

import _charts as charts
import _examples as examples

import walkcover
from walkcover.overrides import with_values

SITES = "0,5,10,20,30"


def main(words: list[str] | None = None) -> None:
    """Sweep the budget, print the covered shares, and draw the curve."""
    parser = examples.parser(__doc__)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--sites", default=SITES, help="numbers of sites [default: %(default)s]")
    kind.add_argument("--budgets", help="amounts of money instead")
    options = parser.parse_args(words)
    if options.budgets:
        key, label = "budget", "budget"
        amounts: list[float] = [float(word) for word in options.budgets.split(",")]
    else:
        key, label = "max_sites", "new sites"
        amounts = [int(word) for word in options.sites.split(",")]
    plan = with_values(walkcover.load_plan(options.plan), {"stages": [{"name": "all", key: 0}]})
    rows = walkcover.sweep(
        plan,
        {f"stages.all.{key}": amounts},
        out=options.out / f"{key}.parquet",
        workers=options.workers,
        suggest=True,
        overwrite=True,
    )
    shares = [float(share) for share in rows["covered_share_after"]]
    bars = [(f"{amount:g} {label}", share) for amount, share in zip(amounts, shares, strict=True)]
    print(charts.text_bars(bars, show=charts.percent, most=1.0))
    picture = charts.svg_curve(
        "Best coverage for what is spent",
        [*zip(amounts, shares, strict=True)],
        x_label=label,
        show=charts.percent,
    )
    charts.save(picture, options.out / "budget.svg")


if __name__ == "__main__":
    main()
