"""Finished tables to things people look at: the HTML map and the gap report. Computes nothing."""
