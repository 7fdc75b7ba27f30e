"""Losses written with NumPy: each means what it returns for an array of numbers, or is refused."""

import re

import casadi as ca
import numpy as np
import pytest
from scipy import special
from scipy.optimize import rosen

import landscape_control as lc

MATRIX = np.arange(9.0).reshape(3, 3) + 1
INPUTS = np.arange(12.0).reshape(4, 3) / 10
TARGETS = np.arange(4.0)
WEIGHTS = np.array([1.0, 2.0, 3.0])
POINTS = np.array([[0.3, 0.5, 0.7], [1.1, 0.2, 0.4]])


def unpacked(t):
    a, b, c = t
    return a**2 + b * c


def perceptron(t):
    hidden = np.tanh(np.outer(TARGETS, t[:2]) + t[2])
    return np.mean((hidden.sum(axis=1) - TARGETS) ** 2)


def filled(t):
    squares = np.zeros_like(t)
    squares[0] = t[0] ** 2
    return squares.sum()


def in_place(t):
    shifted = t.copy()
    shifted += 1
    return np.sum(shifted**2)


WAYS = {  # kinks are allowed: what is looked at is the value
    "sum of a function": lambda t: np.sum(np.tanh(t) ** 2),
    "elementary": lambda t: np.exp(t[0]) + np.log(t[1]) + np.sqrt(t[2]),
    "dot": lambda t: np.dot(t, t),
    "dot of a matrix": lambda t: np.dot(np.dot(MATRIX, t), t),
    "inner product": lambda t: t @ t,
    "quadratic form": lambda t: t @ MATRIX @ t,
    "transposed": lambda t: t.T @ MATRIX @ t,
    "weights": lambda t: WEIGHTS @ t,
    "least squares": lambda t: np.mean((INPUTS @ t - TARGETS) ** 2),
    "method sum": lambda t: ((INPUTS @ t - TARGETS) ** 2).sum(),
    "method mean": lambda t: (t**2).mean(),
    "method dot": lambda t: t.dot(t),
    "built-in sum": lambda t: sum(t**2),
    "generator": lambda t: sum(x**2 for x in t),
    "enumerate": lambda t: sum(i * x**2 for i, x in enumerate(t)),
    "range of len": lambda t: sum(t[i] ** 2 for i in range(len(t))),
    "size and shape": lambda t: t.size * t[0] + t.shape[0] * t[1] + t.ndim * t[2],
    "unpacked": unpacked,
    "where": lambda t: np.sum(np.where(t > 0.4, t, 0.1 * t)),
    "where with and": lambda t: np.sum(np.where((t > 0.1) & (t < 0.6), t, 0)),
    "maximum": lambda t: np.sum(np.maximum(t - 0.4, 0) ** 3),
    "hinge": lambda t: np.sum(np.maximum(0, 1 - TARGETS * (INPUTS @ t)) ** 2),
    "max": lambda t: np.max(t),
    "max of a matrix": lambda t: np.max(MATRIX * np.asanyarray(t)),
    "max along an axis": lambda t: np.sum(np.max(MATRIX * np.asanyarray(t), axis=0)),
    "norm": lambda t: np.linalg.norm(t),
    "norm of residuals": lambda t: np.linalg.norm(INPUTS @ t - TARGETS) ** 2,
    "1-norm": lambda t: np.linalg.norm(t - 0.4, ord=1),
    "abs": lambda t: np.sum(np.abs(t - 0.4)),
    "clip": lambda t: np.sum(np.clip(t, 0.4, 0.6) ** 2),
    "sign": lambda t: np.sum(np.sign(t - 0.4) * t),
    "logaddexp": lambda t: np.sum(np.logaddexp(0, -TARGETS * (INPUTS @ t))),
    "log of a sum": lambda t: np.logaddexp.reduce(t),
    "log1p": lambda t: np.mean(np.log1p(np.exp(-TARGETS * (INPUTS @ t)))),
    "softmax": lambda t: -np.log(np.exp(t[0]) / np.sum(np.exp(t))),
    "expit": lambda t: np.sum(special.expit(INPUTS @ t)),
    "erf": lambda t: np.sum(special.erf(t)),
    "roll": lambda t: np.sum((t - np.roll(t, 1)) ** 2),
    "diff": lambda t: np.sum(np.diff(t) ** 2),
    "slices": lambda t: np.sum((t[1:] - t[:-1] ** 2) ** 2),
    "rosen of SciPy": rosen,
    "prod": lambda t: np.prod(t),
    "outer": lambda t: np.sum(np.outer(t, t) * MATRIX),
    "einsum": lambda t: np.einsum("i,ij,j", t, MATRIX, t),
    "reshape": lambda t: np.sum(np.tanh(INPUTS[:, :1] @ t.reshape(1, 3))),
    "rows of a matrix": lambda t: np.sum(np.tanh(MATRIX * t), axis=1) @ WEIGHTS,
    "None as an index": lambda t: np.sum(np.cos(t[:, None] - t[None, :])),
    "concatenate": lambda t: np.sum(np.exp(np.concatenate([t, [1.0]]))),
    "stack": lambda t: np.sum(np.stack([t, t**2]) @ WEIGHTS),
    "array of entries": lambda t: np.sum(np.array([t[0], t[1] * t[2]]) ** 2),
    "asarray": lambda t: np.sum(np.asarray(t) ** 2),
    "list of indices": lambda t: np.sum(t[[0, 2]] ** 2),
    "zeros_like": filled,
    "in place": in_place,
    "var": lambda t: np.var(t),
    "std": lambda t: np.std(t),
    "average": lambda t: np.average(t, weights=WEIGHTS),
    "cumsum": lambda t: np.sum(np.cumsum(t) ** 2),
    "trace": lambda t: np.trace(np.outer(t, t)),
    "triu": lambda t: np.sum(np.triu(np.outer(t, t))),
    "solve": lambda t: t @ np.linalg.solve(MATRIX + 9 * np.eye(3), t),
    "solve for symbols": lambda t: np.sum(np.linalg.solve(np.outer(t, t) + np.eye(3), t)),
    "det": lambda t: np.linalg.det(np.outer(t, t) + np.eye(3)),
    "inv": lambda t: np.sum(np.linalg.inv(np.outer(t, t) + np.eye(3))),
    "polyval": lambda t: np.polyval([1.0, 2, 3], t[0]),
    "hypot and arctan2": lambda t: np.hypot(t[0], t[1]) + np.arctan2(t[0], t[1]),
    "heaviside": lambda t: np.sum(np.heaviside(t - 0.4, 0.5) * t),
    "sinc": lambda t: np.sinc(t[0]),
    "remainder": lambda t: np.sum(t % 0.2),
    "vectorize": lambda t: np.sum(np.vectorize(lambda x: x**2)(t)),
    "trapezoid": lambda t: np.trapezoid(t**2, dx=0.1) if hasattr(np, "trapezoid") else t @ t,
    "a small network": perceptron,
    "CasADi beside NumPy": lambda t: (
        ca.sumsqr(ca.SX(t)) + np.sum(t) if _symbolic(t) else t @ t + t.sum()
    ),
}


def _symbolic(t):
    return isinstance(t, ca.SX) or t.dtype == object


@pytest.mark.parametrize("way", WAYS)
def test_a_loss_means_what_it_returns_for_numbers(way):
    loss = lc.Landscape.from_expression(WAYS[way], dimension=3, allow_kinks=True)
    wanted = [WAYS[way](point) for point in POINTS]
    assert loss.loss(POINTS) == pytest.approx(wanted, rel=1e-12, abs=1e-14)


def test_functions_of_both_kinds_give_the_same_solution():
    def by_numpy(theta):
        return np.sum(np.tanh(theta - 1) ** 2) + 0.1 * theta @ theta

    def by_casadi(theta):
        return ca.sum1(ca.tanh(theta - 1) ** 2) + 0.1 * ca.sumsqr(theta)

    costs = [
        lc.solve(
            lc.ControlProblem(
                landscape=lc.Landscape.from_expression(loss, dimension=1),
                start=[2.0],
                objective=lc.Objective(horizon=1.0),
            )
        ).cost
        for loss in (by_numpy, by_casadi)
    ]
    assert costs[0] == pytest.approx(costs[1], rel=1e-12)


def test_every_other_function_of_a_problem_may_be_numpy_too(tmp_path):
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.eye(2)),
        learner=lc.Learner(
            drift=lambda theta: -0.1 * np.stack([theta @ theta, theta[0]]),
            metric=lambda theta: np.diag(1 + np.tanh(theta @ theta) * np.ones(2)),
        ),
        start=[1.0, 0.5],
        objective=lc.Objective(horizon=1.0, terminal=lambda theta: np.dot(theta, theta) ** 2),
    )
    again = lc.load(problem.save(tmp_path / "problem.nc"))
    assert lc.fingerprint(again) == lc.fingerprint(problem)


def test_parameters_have_the_shape_they_were_given_with():
    landscape = lc.Landscape.from_expression(
        lambda theta, mixing, offset, scale: scale * np.sum(np.cos(mixing @ theta - offset)),
        dimension=3,
        parameters={"mixing": MATRIX, "offset": WEIGHTS, "scale": 0.5},
    )
    wanted = 0.5 * np.sum(np.cos(MATRIX @ POINTS[0] - WEIGHTS))
    assert landscape.loss(POINTS[0]) == pytest.approx([wanted])


def test_the_loss_of_a_sample_may_be_numpy():
    landscape = lc.data_loss(
        lambda theta, x, y: np.logaddexp(0, -y * (x @ theta)), INPUTS, TARGETS, dimension=3
    )
    wanted = np.mean(np.logaddexp(0, -TARGETS * (INPUTS @ POINTS[0])))
    assert landscape.loss(POINTS[0]) == pytest.approx([wanted])


def test_numbers_of_a_sample_have_no_axes():
    landscape = lc.data_loss(
        lambda theta, x, y: (np.stack([1, x, x**2]) @ theta - y) ** 2, TARGETS, TARGETS, dimension=3
    )
    values = POINTS[0] @ np.stack([np.ones(4), TARGETS, TARGETS**2])
    assert landscape.loss(POINTS[0]) == pytest.approx([np.mean((values - TARGETS) ** 2)])


TWO_MEANINGS = {  # (function, the same in CasADi's meaning, in NumPy's)
    "a product with a matrix": (
        lambda t: np.sum((MATRIX * t)[:, 0]),
        lambda t: np.sum((ca.DM(MATRIX) * t)[:, 0]),
        lambda t: np.sum((MATRIX * np.asanyarray(t))[:, 0]),
    ),
    "the largest of a product": (lambda t: np.max(MATRIX * t), None, None),
    "a mask": (
        lambda t: np.sum(t[np.array([True, False, True])] ** 2),
        None,
        lambda t: np.sum(np.asanyarray(t)[np.array([True, False, True])] ** 2),
    ),
}


@pytest.mark.parametrize("case", TWO_MEANINGS)
def test_a_function_of_two_meanings_is_refused_and_told_how_to_say_which(case):
    function, by_casadi, by_numpy = TWO_MEANINGS[case]
    try:
        landscape = lc.Landscape.from_expression(function, dimension=3, allow_kinks=True)
    except lc.ProblemError as error:
        assert re.search("two meanings.*asanyarray.*casadi.DM", str(error))  # noqa: PT017
    else:  # a CasADi that refuses such products leaves NumPy's meaning alone
        assert landscape.loss(POINTS) == pytest.approx([function(point) for point in POINTS])
        return
    if by_numpy is None:
        return
    landscape = lc.Landscape.from_expression(by_numpy, dimension=3)
    assert landscape.loss(POINTS) == pytest.approx([function(point) for point in POINTS])
    if by_casadi is not None:
        column = lc.Landscape.from_expression(by_casadi, dimension=3)
        assert column.loss(POINTS) == pytest.approx([MATRIX[:, 0] @ point for point in POINTS])


@pytest.mark.parametrize("of_columns_too", [True, False])
def test_a_function_of_chance_is_refused(of_columns_too):
    rng = np.random.default_rng(0)

    def noisy(theta):
        square = np.sum(theta**2) if of_columns_too else theta @ theta
        return square + rng.normal()

    with pytest.raises(lc.ProblemError, match="two meanings.*on its arguments only"):
        lc.Landscape.from_expression(noisy, dimension=2)


def outer_product(theta):
    return ca.sumsqr(theta @ theta.T - ca.DM(MATRIX))


def test_functions_that_use_casadi_anywhere_have_its_meaning():
    """θ @ θ.T is a matrix for a column, and a number for an array."""
    wanted = np.sum((np.outer(POINTS[0], POINTS[0]) - MATRIX) ** 2)
    for function in (outer_product, lambda t: outer_product(t) + 0.0):
        landscape = lc.Landscape.from_expression(function, dimension=3)
        assert landscape.above(1.0).loss(POINTS[0]) == pytest.approx([wanted - 1])


def branches(theta):
    total = theta @ theta
    if total > 1:
        return total
    return total**2


REFUSED = {
    "if": (branches, "truth value .* in line .*'if total > 1:'.*numpy.where"),
    "max()": (lambda t: max(t[0], t[1]) + t @ t, "truth value.*numpy.maximum"),
    "a mask": (lambda t: (t @ t) * np.sum(t[t > 0]), "cannot choose entries.*numpy.where"),
    "float": (lambda t: float(t[0]) + t @ t, "no numbers yet.*numpy.sin"),
    "an array of numbers": (
        lambda t: t @ t + np.sum(np.array([1.0]).__setitem__(0, t[0])),
        "no numbers yet.*numpy.stack",
    ),
    "sort": (lambda t: np.sort(t)[0] + t @ t, "numpy.sort cannot be .* in line .*numpy"),
    "interp": (lambda t: t @ t + np.interp(t[0], [0, 1], [0, 1]), "numpy.interp cannot be"),
    "eigenvalues": (
        lambda t: np.linalg.eigvalsh(np.outer(t, t))[0] + t @ t,
        "numpy.linalg.eigvalsh cannot be",
    ),
    "fft": (lambda t: t @ t + np.sum(np.abs(np.fft.fft(t))), "numpy.fft.fft cannot be"),
    "a special function": (lambda t: t @ t + special.gamma(t[0]), "gamma cannot be computed"),
    "numbers of symbols": (lambda t: t @ t + np.sum(t.astype(float)), "NaN|no numbers"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_numpy_cannot_compute_of_symbols_names_the_call_and_the_line(case):
    function, message = REFUSED[case]
    with pytest.raises(lc.ProblemError, match=message):
        lc.Landscape.from_expression(function, dimension=3)


@pytest.mark.parametrize("write", [np.logaddexp, lambda a, b: np.logaddexp(b, a)])
def test_slopes_of_logaddexp_are_right_where_both_are_equal(write):
    """log(1 + e^x) has the slope ½ and the curvature ¼ at 0, and σ(x)σ(-x) elsewhere."""
    landscape = lc.Landscape.from_expression(lambda theta: write(0.0, theta[0]), dimension=1)
    points = np.array([0.0, 1e-9, -1e-9, 3.0, -3.0, 40.0, -40.0, 800.0, -800.0])
    value, slope, curvature = landscape.derivatives(points[:, None])
    rising, falling = special.expit(points), special.expit(-points)
    np.testing.assert_allclose(value, np.logaddexp(0, points), rtol=1e-15, atol=1e-16)
    np.testing.assert_allclose(slope[:, 0], rising, rtol=1e-12)
    np.testing.assert_allclose(curvature[:, 0, 0], rising * falling, rtol=1e-7, atol=1e-300)
