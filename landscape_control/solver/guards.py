"""The functions of a program as Fatrop may see them: always finite, so that it always comes back.

Fatrop 1.1.8 regularises a linear system that it cannot factorise in a loop without an exit, and calls none of our functions
inside it: neither a callback nor a signal can end it, CasADi drops the exceptions of the functions evaluated before it, and
so the loop must be kept from beginning. Two ways into it were found:

* A gradient, Jacobian or Hessian with an entry that is not finite: no shift makes such a matrix definite. Entries are clipped
  to ±10⁵⁰ (NaN becomes -10⁵⁰), which a shift outgrows; the step that follows is poor and the run ends as failed.
* Its restoration phase far out, whose elastic variables are shifted along with the Hessian, so that round-off may hide the
  shift at any size. There the weight of the cost is 0, which is never so elsewhere: the Hessian then gets 10⁴⁰ on its diagonal
  and is definite at once. Restoration does not succeed then; another optimiser has to take over.

Elsewhere, in programs chained as ours, the shift reaches every stage unscaled (vertex states are copies of stage variables)
and outgrows any finite Hessian within a few rounds.
"""

import casadi as ca

_LARGEST = 1e50
_STIFF = 1e40


def guarded_functions(nlp: dict) -> dict[str, ca.Function]:
    """nlp_g, nlp_grad_f, nlp_jac_g and nlp_hess_l of an SX program {x, f, g, p}, by name, in nlpsol's own signatures."""
    x, p, cost, rows = nlp["x"], nlp["p"], nlp["f"], nlp["g"]
    weight, multipliers = ca.SX.sym("lam_f"), ca.SX.sym("lam_g", rows.numel())
    hessian, slope = ca.hessian(weight * cost + ca.dot(multipliers, rows), x)
    hessian += ca.diag(ca.repmat(_STIFF * (weight == 0), x.numel(), 1))
    violations = _clipped(rows)
    functions = (
        ca.Function("nlp_g", [x, p], [violations], ["x", "p"], ["g"]),
        ca.Function("nlp_grad_f", [x, p], [_clipped(ca.gradient(cost, x))], ["x", "p"], ["grad_f_x"]),
        ca.Function("nlp_jac_g", [x, p], [violations, _clipped(ca.jacobian(rows, x))], ["x", "p"], ["g", "jac_g_x"]),
        ca.Function(
            "nlp_hess_l",
            [x, p, weight, multipliers],
            [_clipped(slope), _clipped(hessian)],
            ["x", "p", "lam_f", "lam_g"],
            ["grad_gamma_x", "hess_gamma_x_x"],
        ),
    )
    return {function.name(): function for function in functions}


def _clipped(matrix):
    """Every stored entry within ±10⁵⁰; fmax and fmin return the other argument where one is NaN."""
    matrix = ca.SX(matrix)
    if not matrix.nnz():
        return matrix
    entries = ca.fmin(ca.fmax(ca.vertcat(*matrix.nonzeros()), -_LARGEST), _LARGEST)
    return ca.SX(matrix.sparsity(), entries)
