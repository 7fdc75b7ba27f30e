"""Grids of problems: planned, run on all cores, resumable, labelled."""
