"""Solving: multi-start, mesh refinement, infinite horizons; CasADi's Fatrop and IPOPT underneath."""

from .solver import Solver, solve

__all__ = ["Solver", "solve"]
