"""Functions that users write: whatever they return or raise on symbols is one refusal that names
them.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import casadi as ca
import numpy as np
import pytest

import landscape_control as lc
from landscape_control.policies import Coefficient, Family

# CasADi says what numpy.abs of a symbol is
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")
OUTSIDE, OF_THE_SAME_NAME, MATRIX = ca.SX.sym("z"), ca.SX.sym("theta", 2), ca.MX.sym("m", 2)


def endless(t):
    return endless(t)


MISTAKES = {  # what the function returns -> part of the message
    "nothing": (lambda t: None, "received None.*end the function with 'return"),
    "a list": (lambda t: [t[0], t[1]], "a list of 2.*casadi.vertcat"),
    "a tuple": (lambda t: (t[0], t[1]), "a tuple of 2.*casadi.vertcat"),
    "an empty list": (lambda t: [], "a list of 0"),
    "text": (lambda t: "a", "the text 'a'"),
    "a truth value": (lambda t: True, "the truth value True"),
    "truth values": (lambda t: np.array([True, False]), "an array of bool"),
    "an array of text": (lambda t: np.array(["a", "b"]), "an array of <U1"),
    "dates": (lambda t: np.array(["2020-01-01"], dtype="datetime64[D]"), "an array of datetime64"),
    "a masked array": (lambda t: np.ma.masked_array([1.0, 2.0], [True, False]), "a masked array"),
    "a complex number": (lambda t: 1j, "the complex number 1j"),
    "complex numbers": (lambda t: np.array([1j, 1j]), "an array of complex128"),
    "complex times symbols": (lambda t: 1j * t, "complex.*real numbers only"),
    "a mapping": (lambda t: {"a": t}, "received a dict"),
    "a set": (lambda t: {1}, "received a set"),
    "a generator": (lambda t: (a for a in range(3)), "received a generator"),
    "a function": (lambda t: lambda: t, "received a function"),
    "a CasADi function": (lambda t: ca.Function("f", [t], [t]), "received a Function"),
    "a class": (lambda t: lc.Landscape, "received a class, Landscape"),
    "an empty matrix": (lambda t: ca.SX(0, 1), r"an empty matrix of shape \(0, 1\)"),
    "symbols of another kind": (lambda t: MATRIX, "a casadi.MX expression"),
    "a symbol from outside": (lambda t: t * OUTSIDE, "free symbols z"),
    "a symbol of the same name": (lambda t: t + OF_THE_SAME_NAME, "free symbols theta_0"),
    "the math module": (
        lambda t: math.sin(t[0]) * t,
        "no numbers yet in line .*math.sin.*numpy.sin .* in place of math.sin",
    ),
    "the math module beside CasADi": (
        lambda t: math.sin(t[0]) * ca.sin(t),
        "(NaN among its numbers|no numbers yet).*in place of math.sin",
    ),
    "float": (lambda t: float(t[0]) * t, "no numbers yet"),
    "float beside CasADi": (lambda t: float(t[0]) * ca.sin(t), "NaN among its|no numbers yet"),
    "a number that is NaN": (lambda t: math.nan * t, "NaN among its numbers"),
    "max": (lambda t: max(t[0], 0), "casadi.fmax"),
    "if": (lambda t: t if t[0] > 0 else -t, "casadi.if_else"),
    "and": (lambda t: t[0] > 0 and t[1] > 0, "casadi.logic_and"),
    "an array of numbers": (lambda t: np.array(ca.sin(t)), "casadi functions"),
    "a product of columns": (lambda t: ca.sin(t) @ t, "casadi.dot"),
    "an index beyond": (lambda t: t[7], "out of bounds.*count from 0"),
    "a key": (lambda t: t["a"], "NotImplementedError"),
    "two arguments": (lambda a, b: a, "missing 1 required positional argument"),
    "no argument": (lambda: 1, "takes 0 positional arguments"),
    "an error": (lambda t: 1 / 0, "ZeroDivisionError: division by zero"),
    "no end": (endless, "RecursionError"),
}


def landscape():
    return lc.Landscape.from_expression(lambda t: ca.sumsqr(t) + t[0] ** 4, dimension=2)


def problem(terminal=None, **learner):
    return lc.ControlProblem(
        landscape=landscape(),
        learner=lc.Learner(**learner),
        start=[0.5, 0.5],
        objective=lc.Objective(horizon=2.0, terminal=terminal),
    )


def hidden_problem(sees=None, loss=lambda t, h: ca.sumsqr(t - h)):
    hidden = lc.Landscape.from_expression(
        loss, dimension=2, hidden=lc.GaussianPrior([0.0, 0.0], np.eye(2))
    )
    return lc.ControlProblem(
        landscape=hidden,
        learner=lc.Learner(sees=sees or lc.NoisyGradient(0.3)),
        start=[0.5, 0.5],
        objective=lc.Objective(horizon=2.0),
    )


PLACES = {
    "loss expression": lambda given: lc.Landscape.from_expression(given, dimension=2),
    "drift f": lambda given: problem(drift=given),
    "metric G": lambda given: problem(metric=given),
    "actuation B": lambda given: problem(actuation=given),
    "terminal cost Φ": lambda given: problem(terminal=given),
    "noise": lambda given: hidden_problem(lc.NoisyGradient(given)),
}
OF_TWO = {
    "loss expression": lambda given: hidden_problem(loss=lambda t, h: given(t)),
    "observation": lambda given: hidden_problem(lc.Observe(lambda t, h: given(t), 0.3)),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_a_function_returns_is_checked_everywhere(mistake):
    given, message = MISTAKES[mistake]
    name = "endless" if given is endless else "<lambda>"
    for what, make in PLACES.items():
        with pytest.raises(lc.ProblemError, match=f"{what}: expected .*{message}") as caught:
            make(given)
        assert re.search(rf"{name}' \(test_user_functions.py, line \d+", str(caught.value))
    for what, make in OF_TWO.items():
        with pytest.raises(lc.ProblemError, match=f"{what}: expected .*{message}"):
            make(given)


def test_functions_of_the_wrong_shape_are_told_the_right_one():
    wrong = {
        "loss expression": (lambda t: t**2, "a scalar"),
        "drift f": (lambda t: ca.vertcat(t, t), "shape 2 x 1"),
        "metric G": (lambda t: ca.SX.eye(3), "shape 2 x 2"),
        "actuation B": (lambda t: ca.vertcat(t, t), "shape 2 x m"),
        "terminal cost Φ": (lambda t: t, "a scalar"),
        "noise": (lambda t: ca.vertcat(t, t), "2 numbers"),
    }
    for what, (given, expected) in wrong.items():
        with pytest.raises(lc.ProblemError, match=f"{what}: expected .*{expected}.*received shape"):
            PLACES[what](given)


def test_minima_that_raise_are_refused_with_the_function():
    with pytest.raises(
        lc.ProblemError,
        match=r"landscape minima: .*IndexError.*'<lambda>' \(test_user_functions.py",
    ):
        lc.Landscape.from_expression(
            lambda t, tilt: tilt * ca.sumsqr(t),
            dimension=2,
            parameters={"tilt": 1.0},
            minima=lambda tilt: np.zeros(2)[7],
        )


@dataclass(frozen=True, kw_only=True)
class Own(Family):
    """Heavy ball as a user would write it, with a step that may be replaced."""

    does: Callable

    name, formula, source = "own", "Δθ = βm - αy", "here"
    state_size = 1

    @property
    def coefficients(self):
        return (
            Coefficient(name="rate", symbol="α", low=0.0, least=0.01, most=1.0, scale="log"),
            Coefficient(
                name="momentum",
                symbol="β",
                low=0.0,
                high=0.99,
                least=0.1,
                most=0.9,
                varies=True,
                first=1,
            ),
        )

    def step(self, coefficients, state, gradient, parameters, clock):
        update = coefficients["momentum"] * state[0] - coefficients["rate"] * gradient
        return self.does(update, state)


STEPS = {
    "nothing": (lambda update, state: None, "received NoneType"),
    "the update alone": (lambda update, state: update, "received ndarray"),
    "a list": (lambda update, state: [update, (update,)], "received list"),
    "no state": (lambda update, state: (update, ()), "a next state of 0 entries"),
    "a bare state": (lambda update, state: (update, update), "a next state that is no tuple"),
    "complex numbers": (
        lambda update, state: (1j * update, (update,)),
        "Δθ as complex numbers, on arrays",
    ),
    "one row": (
        lambda update, state: (update[0], (update,)),
        r"Δθ as an array of shape \(2,\) for gradients of shape",
    ),
    "no update": (lambda update, state: (None, (update,)), "Δθ as NoneType"),
    "text": (lambda update, state: ("a", (update,)), "Δθ as str"),
    "an error": (lambda update, state: 1 / 0, "ZeroDivisionError: division by zero, on arrays"),
    "a mean over episodes": (
        lambda update, state: (update.mean(axis=0, keepdims=True), (update,)),
        r"shape \(1, 2\)",
    ),
    "what only arrays can": (
        lambda update, state: (np.tanh(update.copy()), (update,)),
        "AttributeError.*on CasADi symbols",
    ),
    "the math module": (
        lambda update, state: (
            update * (math.sin(update) if isinstance(update, ca.SX) else 1),
            (update,),
        ),
        "NaN among its numbers, on CasADi symbols",
    ),
}


def program(does, family=Own):
    task = lc.LandscapeDistribution.quadratic(curvatures=lc.Uniform(0.05, 1.0), start_variance=1.0)
    return lc.PolicyProgram(
        task=task,
        family=family(does=does),
        objective=lc.Objective(horizon=4, learning_rate=math.inf),
    )


@pytest.mark.parametrize("name", STEPS)
def test_the_step_of_a_users_family_is_tried_before_it_is_used(name):
    does, message = STEPS[name]
    with pytest.raises(
        lc.ProblemError, match=rf"step of Own: expected \(Δθ, next state\).*{message}.*Own.step"
    ):
        program(does)


BENT = {
    "a cube": lambda update, state: (update**3, (update,)),
    "a cube that is kept": lambda update, state: (update, (update + 0.1 * update**3,)),
    "a constant": lambda update, state: (update + 0.1, (update,)),
    "a size": lambda update, state: ((update**2) ** 0.5, (update,)),
}


@pytest.mark.parametrize("part", ["name", "coefficients", "state_size"])
def test_what_a_family_does_not_define_is_named(part):
    class Bare(Family):
        pass

    with pytest.raises(NotImplementedError, match=f"Bare does not define {part}: a family says"):
        getattr(Bare(), part)


class SaysLinear(Own):
    linear = True


@pytest.mark.parametrize("name", BENT)
def test_a_step_that_bends_is_no_linear_one(name):
    """Exact moments read a linear rule off unit inputs: they would be those of another rule."""
    with pytest.raises(
        lc.ProblemError, match=r"linear of SaysLinear: expected.*Own.step.*write linear = False"
    ):
        program(BENT[name], SaysLinear)


def test_a_step_that_is_linear_as_it_says_is_taken():
    assert program(lambda update, state: (update, (update,)), SaysLinear).family.linear


def test_a_step_that_says_it_bends_is_averaged_over_scenarios():
    task = lc.LandscapeDistribution.quadratic(curvatures=lc.Uniform(0.05, 1.0), start_variance=1.0)
    result = lc.optimize_policy(
        task,
        Own(does=BENT["a cube that is kept"]),
        lc.Objective(horizon=3, learning_rate=math.inf),
        scenarios=100,
        most_scenarios=100,
        starts=1,
        throw=False,
    )
    assert isinstance(result, lc.emergence.ScenarioResult)


def test_a_step_that_does_what_it_should_is_taken():
    assert program(lambda update, state: (update, (update,))).steps == 4
