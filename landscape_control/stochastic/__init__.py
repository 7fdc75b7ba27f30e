"""Stochastic dynamic programming on grids of weights and beliefs: ground truth in up to three dimensions."""
