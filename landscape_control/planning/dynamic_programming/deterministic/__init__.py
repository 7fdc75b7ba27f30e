"""Known problems: the value function on a grid, and what it says about a plan.

Optimal paths are read off it.
"""
