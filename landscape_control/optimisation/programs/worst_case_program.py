"""Minimax moment programs: the largest cost of a mode over the curvatures, in epigraph form."""

import casadi as ca

from .moment_program import REFERENCE, MomentProgram


def worst_case_nlp(moments: MomentProgram, nodes: int) -> tuple[dict, dict]:
    """(nlp, derivatives) of min τ with w_i J_i/reference - τ <= 0 at N curvatures.

    The variables are x = (coefficients, τ). The numbers are packed as for the expected cost, with
    the weight w_i of every mode in place of its probability.
    """
    n = moments.coefficients.size
    x, p = ca.MX.sym("x", n + 1), ca.MX.sym("p", moments.packed_size(nodes))
    coefficients, largest = x[:n], x[n]
    scale = moments.weights_of(nodes, p) / p[REFERENCE]

    rows = moments.mapped("value", nodes, coefficients, p)[0].T * scale - largest
    value, slopes = moments.mapped("slope", nodes, coefficients, p)
    jacobian = ca.horzcat((slopes @ ca.diag(scale)).T, -ca.MX.ones(nodes, 1))

    # τ enters linearly, so that the Lagrangian is curved in the coefficients alone
    factor, multipliers = ca.MX.sym("lam_f"), ca.MX.sym("lam_g", nodes)
    curved = moments.mapped("curvature", nodes, coefficients, p)[2] @ (multipliers * scale)
    hessian = ca.diagcat(ca.reshape(curved, n, n), ca.MX(1, 1))

    derivatives = {
        "jac_g": ca.Function(
            "nlp_jac_g",
            [x, p],
            [value.T * scale - largest, jacobian],
            ["x", "p"],
            ["g", "jac_g_x"],
        ),
        "hess_lag": ca.Function(
            "nlp_hess_l",
            [x, p, factor, multipliers],
            [ca.triu(hessian)],
            ["x", "p", "lam_f", "lam_g"],
            ["triu_hess_gamma_x_x"],
        ),
    }
    return {"x": x, "f": largest, "p": p, "g": rows}, derivatives
