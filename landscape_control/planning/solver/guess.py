"""A path to start from: its form, and whatever the user hands over in its place."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from scipy.integrate import solve_ivp

from ...model.problem import ControlProblem
from ...support.arguments import Numbers, Words
from ...support.arrays import real_array
from ...support.errors import ProblemError, check_choice
from ...support.interpolation import broken_line, node_index
from ..solution import Plan, Solution
from ..transcription.base import node_times
from .targets import known_minima

_NEARLY = 0.95  # of a way: who has covered it has all but arrived

Curve = Callable[[np.ndarray], np.ndarray]  # fractions or times (S,) -> parameters (S, n)


@dataclass(frozen=True, kw_only=True, eq=False)
class Guess:
    """A path to start from.

    Attributes
    ----------
    name : str
    path : maps fractions of the horizon (S,) to parameters (S, n)
    timed : maps times (S,) to parameters (S, n), for guesses that keep their own clock whatever the
        computed horizon
    cost : float, J of the guess where it is known from its timing, else NaN
    basin : int, label of the basin it aims at, -1 for none known
    made_for : float, the horizon that the timing of ``path`` is good for, NaN where it is any
    arrival : float, the fraction of it after which next to nothing happens
    is_asked_for : whether a user handed it over: it is refused aloud where it cannot be followed
    """

    name: str
    path: Curve
    timed: Curve | None = None
    cost: float = np.nan
    basin: int = -1
    made_for: float = np.nan
    arrival: float = 1.0
    is_asked_for: bool = False

    def states(self, fractions: np.ndarray, horizon: float | np.ndarray) -> np.ndarray:
        """θ (S, n) at fractions (S,) of a computed horizon, or of one for each of them (S,).

        What was made for another horizon happens at its own pace, followed by rest; faster only as
        far as it would not arrive.
        """
        if self.timed is not None:
            return self.timed(fractions * horizon)
        if np.isnan(self.made_for):
            return self.path(fractions)
        pace = np.maximum(horizon / self.made_for, self.arrival)
        return self.path(np.minimum(pace * fractions, 1.0))


AnyGuess = Annotated[
    Guess | Plan | Solution | Callable | str | Numbers | None,
    Words(
        expected=(
            "a solution, a function of t, the name of a rule, or finite numbers (n,) or (N+1, n)"
        )
    ),
]


def straight(problem: ControlProblem, target: np.ndarray, name: str) -> Guess:
    """The straight line to ``target`` at constant speed."""
    start = problem.start
    return Guess(name=name, path=lambda s: start + s[:, None] * (target - start))


def sheared(guess: Guess, shift: np.ndarray, end_shift: np.ndarray) -> Guess:
    """A guess whose start and end are moved, and what is near them in proportion: where it rests on
    the way it still rests, as a well may be narrower than the shift.
    """
    begin, end = guess.path(np.array([0.0, 1.0]))
    way = np.linalg.norm(end - begin)

    def path(s: np.ndarray) -> np.ndarray:
        states = guess.path(s)
        left, arrived = 1 - s, s
        if way > 0:
            left = np.maximum(1 - np.linalg.norm(states - begin, axis=1) / way, 0.0)
            arrived = np.maximum(1 - np.linalg.norm(states - end, axis=1) / way, 0.0)
        return states + left[:, None] * shift + arrived[:, None] * end_shift

    return replace(guess, path=path)


def in_time(
    problem: ControlProblem,
    name: str,
    at: Curve,
    last: float,
    *,
    path: Curve | None = None,
    cost: float = np.nan,
) -> Guess:
    """A path given as a function ``at`` of time up to ``last``.

    It keeps its own clock where the horizon is infinite; ``path`` is then what it is in fractions
    of a computed horizon, by default stretched over all of it.
    """
    stretched = Guess(name=name, path=lambda s: at(s * last), cost=cost)
    if np.isfinite(problem.objective.horizon):
        return stretched
    return replace(stretched, path=stretched.path if path is None else path, timed=at)


def at_its_pace(
    problem: ControlProblem, guess: Guess, times: np.ndarray, positions: np.ndarray
) -> Guess:
    """A guess that is at ``positions`` (K+1, n) at ``times`` (K+1,), to be kept at that pace over
    other horizons; to meet a fixed end it is stretched instead.
    """
    horizon = problem.objective.horizon
    if not np.isfinite(horizon) or problem.end is not None:
        return guess
    steps = np.linalg.norm(np.diff(positions, axis=0), axis=1)
    covered = np.append(0.0, np.cumsum(steps))
    arrived = times[np.argmax(covered >= _NEARLY * covered[-1])]
    return replace(guess, made_for=horizon, arrival=float(arrived) / horizon)


def read_guess(problem: ControlProblem, guess: AnyGuess, horizon: float) -> Guess:
    """What a user hands over, as a guess.

    A Plan or Solution, a callable t -> θ, a constant (n,), an array (N+1, n) equally spaced in
    time, or the name of a rule to follow.
    """
    if isinstance(guess, Guess):
        return guess
    if isinstance(guess, str):
        return _followed_rule(problem, guess, horizon)
    if isinstance(guess, Solution):
        guess = guess.best
    if isinstance(guess, Plan):
        _check_plan(problem, guess)
        return _previous(problem, guess)
    n = problem.dimension
    if callable(guess):
        function = guess
        return Guess(name="function", path=lambda s: _called(function, s * horizon, n))
    array = real_array("guess", guess, "numbers")
    if n == 1 and array.ndim <= 1:  # one parameter: a number is a constant, a list is a path
        array = array.reshape(1) if array.size == 1 else array.reshape(-1, 1)
    if array.ndim == 1 and array.size == n:
        _check_loss(problem, array)
        return Guess(name="constant", path=lambda s: np.tile(array, (len(s), 1)))
    if array.ndim != 2 or array.shape[1] != n or len(array) < 2 or not np.isfinite(array).all():
        raise ProblemError(
            "guess",
            expected=(
                f"a solution, a function of t, a rule's name, ({n},) or (N+1, {n}) finite numbers"
            ),
            received=f"{type(guess).__name__} of shape {array.shape}",
            advice="pass one row of parameters per time, equally spaced over the horizon",
        )
    _check_loss(problem, array)
    grid = np.linspace(0, 1, len(array))
    return Guess(name="array", path=broken_line(grid, array))


Rule = Callable[[ControlProblem, np.ndarray], np.ndarray]  # the velocity at θ, beside the drift


def _check_plan(problem: ControlProblem, plan: Plan) -> None:
    given = plan.parameters.shape[1]
    if given != problem.dimension:
        raise ProblemError(
            "guess",
            expected=f"a plan of {problem.dimension} parameters",
            received=f"one of {given}",
            advice="guess with a solution of this landscape, or leave the guess out",
        )


def _check_loss(problem: ControlProblem, points: np.ndarray) -> None:
    """Refuse a guess so far away that the loss overflows: no optimiser can start there.

    Beside a pole the loss is finite; guesses are moved off those later.
    """
    beside = points + 1e-3 * (np.abs(points) + np.abs(problem.start).max())
    with np.errstate(all="ignore"):
        loss = problem.landscape.loss(points)
        overflows = np.isinf(loss) & np.isinf(problem.landscape.loss(beside))
    if overflows.any():
        raise ProblemError(
            "guess",
            expected="parameters at which the loss is finite",
            received=f"|θ| up to {np.abs(points).max():g}, where it is {loss[overflows][0]:g}",
            advice="guess nearer to the start",
        )


def _called(function: Callable, times: np.ndarray, dimension: int) -> np.ndarray:
    """A user's function of time at these times; (S, n), or a clear refusal."""
    try:
        rows = [np.asarray(function(t), dtype=float).ravel() for t in times]
    except Exception as error:
        raise ProblemError(
            "guess",
            expected=f"a function of one time that returns {dimension} numbers",
            received=f"{type(error).__name__}: {error}",
            advice="call it yourself at t = 0 to see what it does",
        ) from error
    sizes = {row.size for row in rows}
    if sizes != {dimension}:
        raise ProblemError(
            "guess",
            expected=f"a function of one time that returns {dimension} numbers",
            received=f"one that returns {sorted(sizes)} numbers",
            advice="return θ at that time",
        )
    return np.array(rows)


def _previous(problem: ControlProblem, plan: Plan) -> Guess:
    """The earlier plan on stretched time, sheared so that it meets the new start (and end)."""
    last = plan.times[-1]
    shift = problem.start - plan.parameters[0]
    end_shift = np.zeros_like(shift) if problem.end is None else problem.end - plan.parameters[-1]

    def path(s: np.ndarray) -> np.ndarray:
        nodes = node_times(plan.vertices, plan.positions).ravel()
        # the plan's own mesh, stretched
        if s.size == nodes.size and np.abs(s * last - nodes).max() <= 1e-12 * last:
            index = node_index(len(plan.vertices) - 1, plan.degree)
            states = plan.parameters[index].reshape(s.size, -1)
        else:
            states = plan.parameters_at(np.minimum(s, 1.0) * last)
        return states + (1 - s)[:, None] * shift + s[:, None] * end_shift

    return Guess(name="previous plan", path=path)


def _followed_rule(problem: ControlProblem, name: str, horizon: float) -> Guess:
    """Where the rule of this name leads from the start."""
    name = name.replace("_", " ").lower().removesuffix(" rule")
    check_choice("guess", name, ("straight line", *_RULES))
    if name == "straight line":
        target = problem.end if problem.end is not None else _nearest_minimum(problem)
        return straight(problem, target, name)
    rule = _RULES[name]
    flow = solve_ivp(
        lambda _, theta: problem.model.drift(theta)[0] + rule(problem, theta),
        (0, horizon),
        problem.start,
        method="LSODA",
        dense_output=True,
        rtol=1e-5,
        atol=1e-8,
    )
    if not flow.success or not np.isfinite(flow.y).all():
        raise ProblemError(
            "guess",
            expected=f"a rule that can be followed over the horizon {horizon:g}",
            received=f"'{name}', which fails at t = {flow.t[-1]:g}",
            advice="use another guess",
        )
    return Guess(name=name, path=lambda s: flow.sol(s * horizon).T)


def _preconditioned(power: float, metric: bool) -> Rule:
    """θ̇ = -ρ M⁻¹∇L with M = |∇²L|^power (power > 0) or the metric; ρ the rate of VGR25's limits."""

    def velocity(problem: ControlProblem, theta: np.ndarray) -> np.ndarray:
        objective = problem.objective
        _, gradient, hessian = problem.landscape.derivatives(theta)
        weight = objective.learning_rate * max(objective.loss_weight, objective.terminal_weight)
        descent_rate = -weight / max(objective.discount, 1.0)
        if metric:
            actuation = problem.model.actuation(theta)[0]
            pull = np.linalg.solve(problem.model.metric(theta)[0], actuation.T @ gradient[0])
            return descent_rate * actuation @ pull
        if not power:
            return descent_rate * gradient[0]
        values, vectors = np.linalg.eigh(hessian[0])
        size = np.maximum(np.abs(values), 1e-8 * np.abs(values).max() + 1e-300) ** power
        rate = weight**0.5 if power < 1 else 1.0  # of the ballistic limit, and of Newton's step
        return -rate * vectors @ (vectors.T @ gradient[0] / size)

    return velocity


_RULES: dict[str, Rule] = {
    "stay": lambda problem, theta: -problem.model.drift(theta)[0],
    "gradient descent": _preconditioned(0.0, False),
    "natural gradient": _preconditioned(0.0, True),
    "ballistic": _preconditioned(0.5, False),
    "newton": _preconditioned(1.0, False),
}


def _nearest_minimum(problem: ControlProblem) -> np.ndarray:
    minima = known_minima(problem, 0)
    if not len(minima):
        raise ProblemError(
            "guess",
            expected="a landscape with a local minimum to aim at",
            received="none found near the start",
            advice="give the landscape minima=..., or another guess",
        )
    return minima[np.argmin(np.linalg.norm(minima - problem.start, axis=1))]
