"""
Close each open site in turn: who loses cover, and which site nobody would miss.

Usage: python scripts/one_site_out.py [plan.toml] [--out DIR]
"""

from __future__ import annotations

import _charts as charts
import _examples as examples

import walkcover

# Sites of the picture, those that most people would miss.
SHOWN = 15


def main(words: list[str] | None = None) -> None:
    """Compare the plan with a scenario per site, print who loses cover, and draw it."""
    options = examples.parser(__doc__).parse_args(words)
    result = walkcover.assess(walkcover.load_plan(options.plan))
    is_open = result.sites["status"] == "open"
    ids = [str(one) for one in result.sites.loc[is_open, "site_id"]]
    scenarios = [walkcover.Scenario(f"without {one}", close=[one]) for one in ids]
    compared = walkcover.what_ifs(result, scenarios)
    lost = [(one, what.lost_people) for one, what in zip(ids, compared, strict=True)]
    missed_by_none = [one for one, people in lost if not people]
    missed = sorted((row for row in lost if row[1]), key=lambda row: -row[1])[:SHOWN]
    print(charts.text_bars(missed, show="{:,.0f}".format))
    print(f"{len(missed_by_none)} of {len(ids)} sites may close alone: {', '.join(missed_by_none)}")
    title = "People who lose cover if this site alone closes"
    picture = charts.svg_bars(title, missed, show="{:,.0f}".format)
    charts.save(picture, options.out / "one_site_out.svg")


if __name__ == "__main__":
    main()
