"""Kinks are found where operations switch, in every spelling; what joins smoothly is accepted
however it is written.
"""

import casadi as ca
import numpy as np
import pytest

import landscape_control as lc
from landscape_control.support.kinks import kinks_of

# CasADi says what numpy.abs of a symbol is
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


def softplus(z):
    return ca.fmax(z, 0) + ca.log1p(ca.exp(-ca.fabs(z)))


THIRTY = ca.DM(np.random.default_rng(0).standard_normal((30, 2)))
SMOOTH = {
    "softplus": lambda t: softplus(t[0]),
    "steep softplus": lambda t: softplus(50 * t[0]) / 50,
    "log cosh": lambda t: ca.fabs(t[0]) + ca.log1p(ca.exp(-2 * ca.fabs(t[0]))),
    "sigmoid by cases": lambda t: ca.if_else(
        t[0] > 0, 1 / (1 + ca.exp(-t[0])), ca.exp(t[0]) / (1 + ca.exp(t[0]))
    ),
    "logsumexp": ca.logsumexp,
    "steep logsumexp": lambda t: ca.logsumexp(100 * t) / 100,
    "logsumexp of thirty": lambda t: ca.logsumexp(THIRTY @ t),
    "|x| cubed": lambda t: ca.fabs(t[0]) ** 3,
    "fmax cubed": lambda t: ca.fmax(t[0], 0) ** 3,
    "fourth power on one side": lambda t: ca.if_else(t[0] > 0, t[0] ** 4, 0),
    "x²|x|": lambda t: t[0] * ca.fabs(t[0]) * t[0],
    "sign x³": lambda t: ca.sign(t[0]) * t[0] ** 3,
    "hypot(x, 1)": lambda t: ca.hypot(t[0], 1),
    "square of the norm": lambda t: ca.norm_2(t - 0.3) ** 2 / 2,
    "sine of the fractional part": lambda t: ca.sin(2 * ca.pi * (t[0] - ca.floor(t[0]))),
    "cosine of fmod": lambda t: ca.cos(ca.fmod(t[0], 2 * ca.pi)),
    "cosine of remainder": lambda t: ca.cos(ca.remainder(t[0], 2 * ca.pi)),
    "sum of both extremes": lambda t: ca.fmax(t[0], t[1]) + ca.fmin(t[0], t[1]) + t[0] ** 2,
    "sine of an angle": lambda t: ca.sin(ca.atan2(t[1] + 5, t[0] + 3)),
    "|1 + x²|": lambda t: ca.fabs(1 + t[0] ** 2),
    "the edge of a domain": lambda t: t[0] ** 1.5,
    "a logarithm": lambda t: -ca.log(t[0] + 5),
    "a pole": lambda t: 1 / (t[0] + 3),
    "smooth norm": lambda t: ca.sqrt(ca.sumsqr(t) + 1e-6),
    "acos inside its domain": lambda t: ca.acos(0.9 * ca.tanh(t[0])),
    "atan2 on the right": lambda t: ca.atan2(t[1], 3 + t[0] ** 2),
}
KINKED = {
    "fabs": lambda t: ca.fabs(t[0]),
    "abs": lambda t: abs(t[0]),
    "numpy.abs": lambda t: np.abs(t[0]),
    "small and far": lambda t: 1e-6 * ca.fabs(t[0] - 300),
    "very far": lambda t: ca.fabs(t[0] - 3e5),
    "deep inside": lambda t: ca.exp(ca.sin(ca.fabs(t[0] - t[1]))),
    "root of a square": lambda t: ca.sqrt(2 * (t[0] - 1) ** 2),
    "exp of half a log": lambda t: ca.exp(0.5 * ca.log(t[0] ** 2)),
    "power of a square": lambda t: (t[0] ** 2) ** 0.75,
    "norm": lambda t: ca.norm_2(t - ca.DM([1, 2])),
    "power of a norm": lambda t: ca.sumsqr(t) ** 0.75,
    "hypot(x, 0)": lambda t: ca.hypot(t[0], 0),
    "hypot(x, x)": lambda t: ca.hypot(t[0], t[0]),
    "hypot(x, y)": lambda t: ca.hypot(t[0] - 1, t[1] + 2),
    "x|x|": lambda t: t[0] * ca.fabs(t[0]),
    "cubic root": lambda t: ca.sign(t[0]) * ca.fabs(t[0]) ** (1 / 3),
    "|x|^1.5": lambda t: ca.fabs(t[0]) ** 1.5,
    "fmax": lambda t: ca.fmax(t[0], 0) ** 2,
    "numpy.maximum": lambda t: np.maximum(t[0], 0),
    "clip": lambda t: ca.fmin(ca.fmax(t[0], -1), 1),
    "leaky": lambda t: ca.fmax(t[0], 0.1 * t[0]),
    "copysign of one": lambda t: ca.copysign(1, t[0]) * t[0],
    "copysign": lambda t: ca.copysign(t[0], t[1]),
    "copysign to plus": lambda t: ca.copysign(t[0], 1),
    "remainder": lambda t: ca.remainder(t[0], 2) ** 2,
    "fmod": lambda t: ca.fmod(t[0], 2) ** 2,
    "%": lambda t: t[0] % 1,
    "//": lambda t: t[0] // 1,
    "ceil": lambda t: ca.ceil(t[0]),
    "round": lambda t: round(t[0]),
    "sign": lambda t: ca.sign(t[0]),
    "==": lambda t: t[0] == 0,
    "== elsewhere": lambda t: (t[0] == 1) * 5,
    "!=": lambda t: t[0] != 0,
    "<": lambda t: t[0] < t[1],
    "<= times x": lambda t: (t[0] <= 0) * t[0],
    "and": lambda t: ca.logic_and(t[0] > 0, t[1] > 0),
    "or": lambda t: ca.logic_or(t[0] > 0, t[1] > 0),
    "not": lambda t: ca.logic_not(t[0] > 0),
    "not of a number": lambda t: ca.logic_not(t[0]),
    "a number as truth value": lambda t: ca.if_else(t[0], 1, 2),
    "if_else": lambda t: ca.if_else(t[0] > 0, t[0] ** 2, 0),
    "huber": lambda t: ca.if_else(ca.fabs(t[0]) < 1, 0.5 * t[0] ** 2, ca.fabs(t[0]) - 0.5),
    "a small disc": lambda t: ca.if_else(ca.sumsqr(t - 0.3) < 1e-6, 1, 0),
    "conditional": lambda t: ca.conditional(t[0], [t[0], t[1]], t[0]),
    "piecewise linear": lambda t: ca.pw_lin(t[0], ca.DM([0, 1, 2]), ca.DM([0, 1, 0])),
    "mmax": ca.mmax,
    "norm_1": ca.norm_1,
    "norm_inf": ca.norm_inf,
    "the cut of atan2": lambda t: ca.atan2(t[1], t[0] - 9),
    "acos of cos": lambda t: ca.acos(ca.cos(t[0])),
    "asin of sin": lambda t: ca.asin(ca.sin(t[0])),
    "atan of tan": lambda t: ca.atan(ca.tan(t[0])),
    "one relu": lambda t: (ca.fmax(2 * t[0] - 1, 0) * t[1] - 1) ** 2,
}


def found(expression):
    theta = ca.SX.sym("theta", 2)
    return kinks_of(
        ca.Function("f", [theta], [ca.SX(expression(theta)) + theta[1] ** 2 + 0.3 * theta[0] ** 2])
    )


@pytest.mark.parametrize("name", SMOOTH)
def test_what_is_smooth_is_accepted_whatever_it_is_written_with(name):
    assert found(SMOOTH[name]) == []


@pytest.mark.parametrize("name", KINKED)
def test_kinks_are_found_in_every_spelling(name):
    assert found(KINKED[name])


def test_one_relu_among_softplus_units_is_found():
    weights = ca.DM(np.random.default_rng(3).standard_normal((12, 2)))
    assert found(lambda t: ca.sum1(softplus(weights @ t))) == []
    assert "fmax" in found(lambda t: ca.sum1(softplus(weights @ t)) + ca.fmax(t[0] - t[1], 0))


def problem(*, allow_kinks=False, terminal=None, **learner):
    landscape = lc.Landscape.from_expression(
        lambda t: ca.sumsqr(t) + t[0] ** 4, dimension=2, allow_kinks=allow_kinks
    )
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(**learner),
        start=[0.5, 0.5],
        objective=lc.Objective(horizon=2.0, terminal=terminal),
    )


def hidden_problem(sees, *, allow_kinks=False):
    landscape = lc.Landscape.from_expression(
        lambda t, h: ca.sumsqr(t - h),
        dimension=2,
        hidden=lc.GaussianPrior([0.0, 0.0], np.eye(2)),
        allow_kinks=allow_kinks,
    )
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=sees),
        start=[0.5, 0.5],
        objective=lc.Objective(horizon=2.0),
    )


OTHER_FUNCTIONS = {
    "drift f": lambda part, **how: problem(drift=lambda t: -t * part(t), **how),
    "metric G": lambda part, **how: problem(metric=lambda t: (2 + part(t)) * ca.SX.eye(2), **how),
    "actuation B": lambda part, **how: problem(
        actuation=lambda t: (2 + part(t)) * ca.SX.eye(2), **how
    ),
    "terminal cost Φ": lambda part, **how: problem(terminal=part, **how),
    "observation": lambda part, **how: hidden_problem(
        lc.Observe(lambda t, h: h * part(t), 0.3), **how
    ),
    "noise": lambda part, **how: hidden_problem(lc.NoisyGradient(lambda t: 1 + part(t)), **how),
}


@pytest.mark.parametrize("what", OTHER_FUNCTIONS)
def test_kinks_of_all_functions_of_a_problem_are_refused_unless_the_landscape_allows_them(what):
    make = OTHER_FUNCTIONS[what]
    with pytest.raises(
        lc.ProblemError,
        match=f"{what}: expected a twice .* uses hypot.*allow_kinks=True to the landscape",
    ):
        make(lambda t: ca.hypot(t[0], 0))
    make(lambda t: ca.hypot(t[0], 1))
    make(lambda t: ca.hypot(t[0], 0), allow_kinks=True)
