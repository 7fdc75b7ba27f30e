"""The functions of a problem as expressions, for those who print them."""

from collections.abc import Callable

import casadi as ca

from ...support.expressions import call_traced
from ...support.pointwise import LOCK
from ..landscape import Landscape

_LONGEST = 500  # operations of a loss that anybody would read
_MOST_ENTRIES = 9  # of a matrix of functions


def traced_loss(landscape: Landscape) -> tuple[ca.SX, list[ca.SX]] | None:
    """(the loss, (θ,) or (θ, φ)); None where it is too long to be read."""
    own: ca.Function = landscape._traced
    if not own.is_a("SXFunction") or own.n_instructions() > _LONGEST:
        return None
    given = [ca.SX.sym("theta", landscape.dimension)]
    if landscape.hidden is not None:
        given.append(ca.SX.sym("hidden", landscape.hidden_dimension))
    with LOCK:  # CasADi is for one thread at a time
        return ca.SX(landscape.symbolic(*given)), given


def traced_matrix(
    function: Callable, dimension: int, shape: tuple[int, int]
) -> tuple[ca.SX, ca.SX] | None:
    """(a user's function of θ as a dense matrix, θ); None where it has many entries."""
    theta = ca.SX.sym("theta", dimension)
    what = "function of the learner"
    with LOCK:
        made = ca.SX(call_traced(what, function, [theta], wanted="an array", advice=""))
    if made.numel() != shape[0] * shape[1] or made.numel() > _MOST_ENTRIES:
        return None
    return ca.densify(ca.reshape(made, *shape)), theta
