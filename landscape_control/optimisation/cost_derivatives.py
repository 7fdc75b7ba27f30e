"""J and its derivatives by the coefficients, by CasADi."""

import casadi as ca
import numpy as np

from .program import PolicyProgram
from .programs import MomentProgram, moment_program_of, pack


def cost_derivatives(
    program: PolicyProgram,
    entries: np.ndarray,
    *,
    nodes: int,
    moments: MomentProgram | None = None,
) -> tuple[float, np.ndarray, np.ndarray]:
    """(J, ∂J/∂c (n,), ∂²J/∂c² (n, n)) by CasADi; of the program's ``moments`` if they are at hand."""
    moments = moments or moment_program_of(program)
    packed = pack(moments, program, nodes)
    count, n = moments.count_nodes(packed), len(entries)
    x, p = ca.MX.sym("x", n), ca.MX.sym("p", len(packed))
    derivatives = ca.Function("derivatives", [x, p], moments.expected("curvature", count, x, p))
    cost, slope, curved = (np.array(part) for part in derivatives(entries, packed))
    return float(cost[0, 0]), slope.ravel(), curved.reshape(n, n)
