"""Labelled results on disk: NetCDF in, fully working objects out."""
