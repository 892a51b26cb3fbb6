"""
Ask what a shorter interval of testing does to the desks that stand: weekly, every 5, 3, 2 days.

Usage: python scripts/sweep_interval.py [plan.toml] [--out DIR]
"""

from __future__ import annotations

import _charts as charts
import _examples as examples

import walkcover

INTERVALS_DAYS = [7, 5, 3, 2]


def main(words: list[str] | None = None) -> None:
    """Sweep the interval, print the people served, and draw them."""
    parser = examples.parser(__doc__)
    parser.add_argument("--desks", type=int, default=2, help="of each site [default: %(default)s]")
    options = parser.parse_args(words)
    given = walkcover.load_plan(options.plan)
    plan = examples.with_desks(given, options.out, desks=options.desks)
    rows = walkcover.sweep(
        plan,
        {"desks.interval_days": INTERVALS_DAYS},
        # Rows of another number of desks are those of another plan.
        out=options.out
        / ("interval.parquet" if plan == given else f"interval_{options.desks}.parquet"),
        workers=options.workers,
        overwrite=True,
    )
    people = rows["people"].iloc[0]
    served = [
        (f"once in {days} days", covered)
        for days, covered in zip(INTERVALS_DAYS, rows["covered_people"], strict=True)
    ]

    def show(value: float) -> str:
        return charts.percent(value / people)

    for days, able, lacking in zip(
        INTERVALS_DAYS,
        rows["desks.now.capacity_people"],
        rows["desks.now.unserved_people"],
        strict=True,
    ):
        print(
            f"{days} days: the desks can test {able:,.0f} people, {lacking:,.0f} within reach of "
            "a site find no desk time"
        )
    print(charts.text_bars(served, show=show, most=people))
    title = "People served with the desks that stand"
    charts.save(
        charts.svg_bars(title, served, show=show, most=people), options.out / "interval.svg"
    )


if __name__ == "__main__":
    main()
