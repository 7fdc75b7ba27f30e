"""describe(format="latex"): formulas that mean what the problem says, and every symbol defined."""

import re

import casadi as ca
import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser

import landscape_control as lc
from landscape_control.support import latex

THETA = ca.SX.sym("theta", 2)
NAMES = [["x", "y"]]


def evaluated(printed, x, y):
    """The value of printed LaTeX, by a reader of its own."""
    source = printed.replace(r"\left", "").replace(r"\right", "")
    while r"\frac{" in source:
        source = fraction(source)
    source = re.sub(r"\\(exp|log|sin|cos|tanh)\(", r"np.\1(", source)
    source = source.replace(r"\times", "*").replace(r"\,", "*")
    source = re.sub(r"\^\{([^{}]*)\}", r"**(\1)", source)
    source = re.sub(r"\\sqrt\{([^{}]*)\}", r"np.sqrt(\1)", source)
    return eval(source, {"np": np, "x": x, "y": y})


def fraction(source):
    """The first innermost fraction as a quotient."""
    start = source.rindex(r"\frac{")
    above, end = braced(source, start + 5)
    below, end = braced(source, end)
    return f"{source[:start]}(({above})/({below})){source[end:]}"


def braced(source, start):
    depth, i = 1, start + 1
    while depth:
        depth += {"{": 1, "}": -1}.get(source[i], 0)
        i += 1
    return source[start + 1 : i - 1], i


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y: (x**2 - 1) ** 2 + y**2 - 0.5 * x,
        lambda x, y: x - (y - x) - (x + y),
        lambda x, y: -(x - y) * (-2 - y),
        lambda x, y: x / (y / 3) / (1 + x * x),
        lambda x, y: (x + y) ** 3 - (-x) ** 2 - 1e-7 * y,
        lambda x, y: ca.exp(-x * y) * ca.sqrt(1 + x**2) - ca.log(2 + ca.cos(y)) * ca.tanh(x - y),
        lambda x, y: 2 * x - (-3 * y) + (-(x * y)),
        lambda x, y: 3e8 * x * y - (x - 2 * y) / 7,
        lambda x, y: 1 / x**2 + (1 / (x * y)) ** 2,
        lambda x, y: x ** (y + 2.5) - 2**y,
    ],
)
def test_an_expression_is_printed_with_its_meaning(function):
    made = ca.SX(function(THETA[0], THETA[1]))
    printed = latex.expression(made, [THETA], NAMES)
    exact = ca.Function("exact", [THETA], [made])
    MathTextParser("agg").parse(f"${printed}$")
    for x, y in ((0.7, 1.9), (2.3, 0.4)):
        assert evaluated(printed, x, y) == pytest.approx(float(exact([x, y])), rel=1e-5)


def test_what_is_too_long_or_has_no_sign_is_not_printed():
    long = sum(ca.sin(k * THETA[0] + k) * THETA[1] for k in range(1, 40))
    assert latex.expression(ca.SX(long), [THETA], NAMES) is None
    assert latex.expression(ca.if_else(THETA[0] > 0, 1, THETA[1]), [THETA], NAMES) is None


def test_numbers_and_words():
    assert latex.number(0.1) == "0.1"
    assert latex.number(-2.5e-9) == r"-2.5 \times 10^{-9}"
    assert latex.number(np.inf) == r"\infty"
    assert latex.array([1.0, -2.0]) == r"(1, -2)^{\top}"
    assert latex.array(np.eye(5)) is None
    assert latex.words("50% of θ₁² & $x_1$ \\ {}") == (
        r"50\% of $\theta_{1}^{2}$ \& \$x\_1\$ \textbackslash{} \{\}"
    )
    assert latex.words("θ̇ = 1 ± φ̇") == r"$\dot{\theta}$ = 1 $\pm$ $\dot{\varphi}$"
    assert latex.words("Δθ = β²ᵀ₁₂₊ᵢ²") == r"$\Delta\theta$ = $\beta^{2\top}_{12+i}{}^{2}$"


HIDDEN = lc.Landscape.from_expression(
    lambda theta, phi: (theta[0] - phi[0]) ** 2,
    dimension=1,
    hidden=lc.OrnsteinUhlenbeck(mean=[0.0], rate=0.4, covariance=[1.0]),
    name="50 % noise_1",
)
PROBLEMS = {
    "plain": lc.ControlProblem(
        landscape=lc.double_well(), start=[-0.6, 0.5], objective=lc.Objective(horizon=4.0)
    ),
    "everything": lc.ControlProblem(
        landscape=lc.rosenbrock(2),
        learner=lc.Learner(
            metric=lambda t: 1 + t[0] ** 2,
            actuation=[[1.0], [0.2]],
            drift=lc.linear_drift([[-0.1, 0.0], [0.3, -0.2]]),
        ),
        objective=lc.Objective(
            horizon=2.0, discount=0.3, terminal=lambda t: t[0] ** 2, terminal_weight=3.0
        ),
        start=[0.1, 0.2],
    ),
    "fixed end": lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.eye(20)),
        learner=lc.Learner(metric=np.eye(20)),
        start=np.ones(20),
        end=np.zeros(20),
        objective=lc.Objective(horizon=1.0),
    ),
    "hidden": lc.ControlProblem(
        landscape=HIDDEN,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=0.8)),
        start=[1.0],
        objective=lc.Objective(horizon=np.inf, discount=0.3),
    ),
    "terminal loss": lc.ControlProblem(
        landscape=lc.double_well(),
        learner=lc.Learner(drift=lambda t: -t, actuation=lambda t: ca.diag(1 + t**2)),
        start=[-0.6, 0.5],
        objective=lc.Objective(horizon=4.0, terminal="loss", terminal_weight=2.0),
    ),
}
# what a formula may use without a line of its own
KNOWN = {"dot", "frac", "int", "left", "right", "top", "infty", "qquad", "operatorname", "times"}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_description_is_balanced_and_can_be_typeset(name):
    text = PROBLEMS[name].describe(format="latex")
    bare = re.sub(r"\\[{}]", "", text)
    assert bare.count("{") == bare.count("}")
    assert text.count(r"\[") == text.count(r"\]") == 2
    assert text.count(r"\begin") == text.count(r"\end")
    unescaped = re.sub(r"\\[$%&#_]", "", text)
    assert unescaped.count("$") % 2 == 0
    formulas = re.findall(r"\\\[(.*?)\\\]", text, re.S) + re.findall(r"\$(.*?)\$", unescaped)
    assert len(formulas) > 6
    for formula in formulas:
        if "pmatrix" not in formula:  # which matplotlib does not know
            MathTextParser("agg").parse(f"${formula.strip()}$")


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_symbol_of_the_equations_is_defined(name):
    text = PROBLEMS[name].describe(format="latex")
    display = " ".join(re.findall(r"\\\[(.*?)\\\]", text, re.S))
    listed = text.partition(r"\begin{itemize}")[2]
    greek = set(re.findall(r"\\([A-Za-z]+)", display)) - KNOWN
    latin = set(re.findall(r"(?<![\\A-Za-z])([A-Za-z])(?![A-Za-z])", display)) - {
        "d",
        "e",
        "t",
        "J",
        "E",
    }
    for symbol in greek:
        assert f"$\\{symbol}" in listed or symbol == "theta", symbol
    for symbol in latin:
        assert re.search(rf"\${symbol}[\s$(]", listed), symbol


def test_the_text_has_the_numbers_of_the_problem():
    text = PROBLEMS["everything"].describe("latex")
    for words in (r"\gamma = 0.3", r"\kappa = 3", "T = 2", r"\begin{pmatrix} 1 \\ 0.2"):
        assert words in text
    assert r"G(\theta) = 1 + \theta_{1}^{2}" in text
    assert r"\Phi(\theta) = \theta_{1}^{2}" in text


def test_an_unknown_format_is_refused():
    with pytest.raises(lc.ProblemError, match="latex"):
        PROBLEMS["plain"].describe(format="tex")


def test_hidden_variables_and_what_is_seen_have_the_names_of_the_field():
    text = PROBLEMS["hidden"].describe("latex")
    assert "Ornstein-Uhlenbeck process" in text
    assert r"the gradient $\nabla_{\theta} L$ with white noise of standard deviation $0.8$" in text


def test_a_loss_without_a_printed_expression_says_what_it_is():
    inputs = np.linspace(-1, 1, 30)[:, None]
    loss = lc.data_loss(lambda t, x, y: np.tanh(x @ t - y) ** 2, inputs, inputs[:, 0], dimension=1)
    posed = lc.ControlProblem(landscape=loss, start=[0.0], objective=lc.Objective(horizon=1.0))
    text = posed.describe("latex")
    assert "is the loss (data loss): mean over 30 samples, evaluated in code" in text
