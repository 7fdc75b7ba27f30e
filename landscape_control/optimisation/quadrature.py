"""How many quadrature nodes over the curvatures are enough."""

import math

from ..model.observation import ExactGradient
from .program import PolicyProgram, spectrum_of
from .stagewise import is_stagewise, is_varied

FIRST = 40
FEWER = 48  # of programs that are solved stage by stage
LONG = 20_000  # modes times steps from which each run of the optimiser takes long


def first_nodes(program: PolicyProgram) -> int:
    """Nodes to begin with: enough that no coefficient can exploit the gaps between them.

    As many as make a polynomial cost exact, or fewer with noise. Without noise the cost of T steps
    oscillates T times over the spectrum, and too few nodes breed optima of their own. Programs that
    are solved stage by stage begin with few: more of them follow from the optimum, if they matter.
    """
    exact, size = program.steps + 1, program.family.layout(program.steps).size
    if isinstance(program.sees, ExactGradient):
        return exact
    if is_varied(program) and is_stagewise(program):
        return min(exact, FEWER)
    return min(exact, max(FIRST, size + 1))


def enough_nodes(program: PolicyProgram, nodes: int) -> int | None:
    """The next finer number of nodes, or None where the quadrature has no error.

    With noise variance h^m, m whole, a mode's cost is a polynomial of degree at most 2T + max(1, m)
    in its curvature, and Gauss quadrature with N nodes is exact to degree 2N - 1.
    """
    power = 2 * getattr(program.sees, "power", 0.0)
    polynomial = power == int(power) and power >= 0
    degree = 2 * program.steps + max(1, int(power)) if polynomial else math.inf
    if spectrum_of(program).exact or 2 * nodes - 1 >= degree:
        return None
    return 2 * nodes


def is_long(program: PolicyProgram) -> bool:
    """Whether runs of the optimiser are long, so that a shorter horizon is solved first."""
    steady = not any(coefficient.varies for coefficient in program.family.coefficients)
    return steady and first_nodes(program) * program.steps > LONG


def largest_curvature(program: PolicyProgram) -> float:
    """The unit of curvatures inside."""
    return spectrum_of(program).support[1]
