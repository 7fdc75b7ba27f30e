"""Dynamic programming on grids: the Hamilton-Jacobi-Bellman equation.

Of known problems in one or two parameters, and of partially observed ones in up to three
coordinates (θ, belief).

What both share stands here, once: the mesh (``mesh``, ``box``), what problems are evaluated to on
it (``fields``), finite differences (``differences``), the upwind Hamiltonian (``hamiltonian``,
``godunov``), the time march (``march``), policy iteration on nested grids (``policy_iteration``),
the error from two grids (``two_grids``) and interpolation (``interpolation``).

``deterministic`` solves known problems and certifies plans, with the lower bounds of ``bounds`` for
what no grid sees; ``diffusive`` solves problems with beliefs. The public names are those of
``landscape_control.grid`` and ``landscape_control.stochastic``.
"""
