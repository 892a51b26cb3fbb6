"""Finished tables to things people look at: the HTML map and the gap report. Computes nothing."""

from walkcover.maps.html_map import build_map
from walkcover.maps.report_html import build_report
from walkcover.maps.split import split_page

__all__ = ["build_map", "build_report", "split_page"]
