"""Plans of beliefs read as rules: belief and policy merged into one linear system on raw observations.

``raw_rules`` reads the rule off an exact solution, ``linearised`` off any policy along a trajectory,
``equivalents`` names the familiar rule with the nearest kernel, ``shared_momentum`` prices scalars
where the optimal rule has matrices. The public names are those of ``landscape_control.identification``.
"""
