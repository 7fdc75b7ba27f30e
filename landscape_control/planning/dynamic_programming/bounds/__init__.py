"""Lower bounds for what no grid sees.

Functions between the nodes and outside the box, and plans that leave it.
"""
