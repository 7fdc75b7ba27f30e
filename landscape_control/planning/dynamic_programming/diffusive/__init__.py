"""Partially observed problems: stochastic dynamic programming on grids of weights and beliefs."""
