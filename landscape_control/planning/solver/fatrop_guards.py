"""The functions of a program as Fatrop may see them: always finite, so that it always comes back.

Fatrop 1.1.8 regularises a linear system that it cannot factorise in a loop without an exit, and
calls none of our functions inside it: neither a callback nor a signal can end it, CasADi drops the
exceptions of the functions evaluated before it, and so the loop must be kept from beginning. Two
ways into it were found:

* A gradient, Jacobian or Hessian with an entry that is not finite: no shift makes such a matrix
  definite. Entries are clipped to ±10⁵⁰ (NaN becomes -10⁵⁰), which a shift outgrows; the step that
  follows is poor and the run ends as failed.
* Its restoration phase far out, whose elastic variables are shifted along with the Hessian, so that
  round-off may hide the shift at any size. There the weight of the cost is 0, which is never so
  elsewhere: the Hessian then gets 10⁴⁰ on its diagonal and is definite at once. Restoration does
  not succeed then; another optimiser has to take over.

A third way in is closed by not taking it (:func:`comes_back`). The shift δI on the variables
becomes δZᵀZ on the directions that the equations leave free. Where ZᵀZ is so ill-conditioned that
its factorisation fails by round-off, no δ helps. In the discretised action Z selects variables, ZᵀZ
is diagonal with entries 1 and 2. With collocation or shooting Z maps controls to states: its size is
that of the controls' effect, bounded for dynamics Aθ + c + Bu by the growth of displacements over
the horizon, but without bound for other dynamics, and with a fixed end by how weakly the end is
controlled.
"""

import math

import casadi as ca

from ...model.problem import ControlProblem, unit_growth
from ..transcription import DiscretisedAction, Program, Transcription
from ..transcription.entries import stored_entries

_LARGEST = 1e50
_STIFF = 1e40
_MOST_GROWTH = math.log(1e4)  # e^{2·growth} = 10⁸ leaves half of the digits


def comes_back(problem: ControlProblem, transcription: Transcription, horizon: float) -> bool:
    """Whether Fatrop is sure to return from this problem, transcribed like this over this horizon."""
    if isinstance(transcription, DiscretisedAction):
        return True
    model = problem.model
    if problem.end is not None or not model.constant["actuation"]:
        return False
    growth = model.drift_growth - unit_growth(problem, horizon)  # in the units of the program
    return growth * horizon <= _MOST_GROWTH


def guarded_functions(program: Program) -> dict[str, ca.Function]:
    """nlp_g, nlp_grad_f, nlp_jac_g and nlp_hess_l of a staged program, by name.

    They have the signatures that nlpsol gives its own.
    """
    x, p, cost, rows = (program.nlp[name] for name in ("x", "p", "f", "g"))
    jacobian = ca.jacobian(rows, x)
    if program.lagrangian is not None:
        weight, multipliers, slope, hessian = program.lagrangian
        gradient = ca.gradient(cost, x)
        hessian = _clipped(hessian)
    else:
        weight, multipliers = ca.SX.sym("lam_f"), ca.SX.sym("lam_g", rows.numel())
        gradient, hessian = program.cost_derivatives(weight, _bounded)
        pull = jacobian.T @ multipliers
        slope = weight * gradient + pull
        hessian += _clipped(ca.jacobian(pull, x))
    stiff = ca.diag(ca.repmat(_STIFF * (weight == 0), x.numel(), 1))
    violations = _clipped(rows)
    functions = (
        ca.Function("nlp_g", [x, p], [violations], ["x", "p"], ["g"]),
        ca.Function("nlp_grad_f", [x, p], [_clipped(gradient)], ["x", "p"], ["grad_f_x"]),
        ca.Function(
            "nlp_jac_g", [x, p], [violations, _clipped(jacobian)], ["x", "p"], ["g", "jac_g_x"]
        ),
        ca.Function(
            "nlp_hess_l",
            [x, p, weight, multipliers],
            [_clipped(slope), hessian + stiff],
            ["x", "p", "lam_f", "lam_g"],
            ["grad_gamma_x", "hess_gamma_x_x"],
        ),
    )
    return {function.name(): function for function in functions}


def _clipped(matrix: ca.SX) -> ca.SX:
    """Every stored entry within ±10⁵⁰."""
    matrix = ca.SX(matrix)
    if not matrix.nnz():
        return matrix
    return ca.SX(matrix.sparsity(), _bounded(ca.vertcat(*stored_entries(matrix))))


def _bounded(entries: ca.SX) -> ca.SX:
    """NaN becomes -10⁵⁰: fmax and fmin return the other argument where one is NaN."""
    return ca.fmin(ca.fmax(entries, -_LARGEST), _LARGEST)
