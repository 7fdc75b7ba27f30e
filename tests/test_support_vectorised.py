"""Expressions of CasADi evaluated for many points at once."""

import casadi as ca
import numpy as np
import pytest

from landscape_control.support.vectorised import Vectorised


@pytest.mark.parametrize("special", [ca.tanh, ca.erfinv], ids=["in NumPy", "left to CasADi"])
def test_vectorised_expressions_are_those_of_casadi(special):
    x, y = ca.SX.sym("x", 3), ca.SX.sym("y", 2)
    value = ca.vertcat(
        ca.sumsqr(x) + ca.exp(-x[0]) * ca.sin(y[1]), ca.if_else(x[1] > y[0], x[1] ** 3, ca.fabs(x[2])), special(0.4 * y[0]),
        ca.log1p(ca.fmax(x[0], 0.1)) / ca.sqrt(1 + y[1] ** 2), 3.0,
    )  # fmt: skip
    outputs = [value, ca.gradient(value[0], x), ca.mtimes(ca.SX(np.eye(2)), y)]
    reference = ca.Function("reference", [x, y], outputs)
    vectorised = Vectorised(reference).rows
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (40, 3)), rng.uniform(-1, 1, (40, 2))
    for k, results in enumerate(zip(*vectorised(*points), strict=True)):
        for ours, theirs in zip(results, reference(points[0][k], points[1][k]), strict=True):
            assert ours == pytest.approx(np.array(theirs).ravel(), rel=1e-14, abs=1e-15)
