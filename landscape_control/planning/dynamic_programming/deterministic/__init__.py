"""Known problems: the value function on a grid, optimal paths read off it, and what it says about a
plan.
"""
