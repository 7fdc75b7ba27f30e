"""Time grids of a rollout: horizon, step, and exact weights of the discount."""

import math

import casadi as ca
import numpy as np

from ..model.problem import ControlProblem, Model
from ..model.problem.mobility import mobility
from ..support.arrays import number
from ..support.errors import ProblemError

FRACTION = 1 / 50  # of the shortest time constant
LEAST, MOST = 50, 1_000_000  # steps
_SAMPLES = 64  # hidden landscapes looked at


def rollout_horizon(problem: ControlProblem, horizon: float | None) -> float:
    """The simulated time: T, or the explicit ``horizon`` that a problem with T = ∞ needs."""
    own = problem.objective.horizon
    if math.isfinite(own):
        if horizon is not None and horizon != own:
            raise ProblemError(
                "horizon",
                expected=f"the problem's own T = {own:g}, or None",
                received=repr(horizon),
                advice=(
                    "simulate problem.changed(horizon=...): policy and terminal cost depend on T"
                ),
            )
        return own
    if horizon is None or problem.objective.discount == 0:
        raise ProblemError(
            "horizon",
            expected="an explicit horizon and a discount γ > 0 when T = ∞",
            received=f"horizon {horizon}, discount {problem.objective.discount:g}",
            advice=(
                "pass horizon=... of a few 1/γ (what comes later is reported as rollout.remainder);"
                " without discount choose problem.changed(horizon=...)"
            ),
        )
    return number("horizon", horizon, low=0, low_open=True)


def rollout_step(
    problem: ControlProblem, horizon: float, step: float | None, own: float | None = None
) -> tuple[float, int]:
    """(Δt, number of steps).

    By default Δt = 1/(50·fastest rate), at most horizon/50, see :func:`fastest_rate`.

    ``own`` is the step that the policy is made for: the only one that it can be simulated with.
    """
    if own is not None:
        _check_own_step(horizon, step, own)
        step = own
    if step is None:
        step = min(horizon / LEAST, FRACTION / max(fastest_rate(problem), 1e-300))
    step = number("step", step, low=0, low_open=True)
    wanted = horizon / step
    count = round(wanted)
    if abs(wanted - count) >= 1e-6:  # no whole number: the step becomes a little shorter
        count = math.ceil(wanted)
    if not 1 <= count <= MOST:
        raise ProblemError(
            "step",
            expected=f"between 1 and {MOST} steps over {horizon:g}",
            received=f"{count} steps",
            advice="pass a larger step: a very fast rate may not matter to the policy you simulate",
        )
    return horizon / count, count


def _check_own_step(horizon: float, step: float | None, own: float) -> None:
    """Refuse to run a rule with other steps than it was made for.

    Or for a time that is no whole number of them.
    """
    if step is not None and abs(step - own) > 1e-9 * own:
        raise ProblemError(
            "step",
            expected=f"{own:g}, the policy's own step, or None",
            received=f"{step:g}",
            advice=(
                "a rule planned for other steps is another rule: plan for these, or say that you"
                f" mean it with simulation.PolicyLearner(policy=..., step={step:g})"
            ),
        )
    if abs(horizon / own - round(horizon / own)) > 1e-6 or round(horizon / own) < 1:
        raise ProblemError(
            "horizon",
            expected=f"a whole number of the policy's own steps of {own:g}",
            received=f"{horizon:g}",
            advice=(
                "simulate problem.changed(horizon=...), or choose the step with"
                " simulation.PolicyLearner(policy=..., step=...)"
            ),
        )


def fastest_rate(problem: ControlProblem) -> float:
    """The fastest rate, per unit time, of the optimal learner or the hidden variables.

    The largest of: relaxation √(γ²/4 + ηk|h|) - γ/2 (with ηκ|h_Φ| for a terminal cost), γ, |∂f/∂θ|,
    the rates of the hidden variables, and the bandwidth (|∂h/∂φ|²|Q|/|R|)^{1/2} of a Kalman-Bucy
    filter, at the start and over 64 hidden landscapes. A policy that is faster than the optimal one
    needs a step of its own.
    """
    objective, model = problem.objective, problem.model
    start, discount = problem.start, objective.discount
    moved = mobility(model.actuation(start)[0], model.metric(start)[0])
    price = objective.learning_rate * spectral_norm(moved)
    curvature, information = rates_seen(problem)
    pull = price * objective.loss_weight * curvature
    relaxation = math.sqrt(discount**2 / 4 + pull) - discount / 2
    rates = [relaxation, discount, _drift_rate(model, start)]
    if objective.terminal == "loss":
        rates.append(price * objective.terminal_weight * curvature)
    elif objective.terminal is not None:
        _, hessian = model.terminal_derivatives(start)
        rates.append(price * objective.terminal_weight * spectral_norm(hessian))
    hidden = problem.landscape.hidden
    if hidden is not None:
        rates += hidden.fastest_rates(information)
    return max(rates)


def discount_weights(discount: float, step: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """(node weights (N+1,), step weights (N,)) of discounted integrals.

    ∫e^{-γt}·(linear between nodes) dt, and ∫e^{-γt} dt over each step.
    """
    x = discount * step
    if x < 1e-4:  # series of the exact integrals below
        whole, right = step * (1 - x / 2 + x * x / 6), step * (0.5 - x / 3 + x * x / 8)
    else:
        whole = -math.expm1(-x) / discount
        right = (-math.expm1(-x) / x - math.exp(-x)) / discount
    # over one step: ∫e^{-γt}dt, of which ``right`` goes to the node at its end
    fade = np.exp(-x * np.arange(count))
    nodes = np.zeros(count + 1)
    nodes[:-1] += (whole - right) * fade
    nodes[1:] += right * fade
    return nodes, whole * fade


def rates_seen(problem: ControlProblem) -> tuple[float, float]:
    """(largest |∇²L|, largest information |∂h/∂φ|²/|R|) at the start.

    Over hidden landscapes; the information is that of noisy observations.
    """
    n, hidden, sees = problem.dimension, problem.landscape.hidden, problem.learner.sees
    if hidden is None or sees is None:  # what is hidden is seen somehow: a problem checks that
        return spectral_norm(problem.landscape.hessian(problem.start)), 0.0
    theta, phi = ca.SX.sym("theta", n), ca.SX.sym("hidden", hidden.dimension)
    seen = ca.SX(sees.expression(problem.landscape, theta, phi))
    outputs = [
        ca.hessian(problem.landscape.symbolic(theta, phi), theta)[0],
        ca.jacobian(seen, phi),
        sees.root(theta, seen.numel()),
    ]
    local = ca.Function("local", [theta, phi], [ca.densify(ca.SX(output)) for output in outputs])
    curvature = information = 0.0
    for values in hidden.sample(np.random.default_rng(0), _SAMPLES, np.zeros(1))[:, 0]:
        hessian, slope, root = (np.array(value) for value in local(problem.start, values))
        noise = np.linalg.svd(root, compute_uv=False).min()
        curvature = max(curvature, spectral_norm(hessian))
        information = max(information, (spectral_norm(slope) / noise) ** 2 if noise > 0 else 0.0)
    return curvature, information


def _drift_rate(model: Model, point: np.ndarray) -> float:
    """|∂f/∂θ| at a point."""
    theta = ca.SX.sym("theta", model.dimension)
    jacobian = ca.densify(ca.jacobian(model.drift_at(theta), theta))
    slope = ca.Function("slope", [theta], [jacobian])
    return spectral_norm(np.array(slope(point)))


def spectral_norm(matrix: np.ndarray) -> float:
    """The spectral norm of a matrix, or of the only one in a stack.

    One that is not finite counts as 0.
    """
    matrix = np.asarray(matrix).reshape(np.shape(matrix)[-2:])
    return float(np.linalg.norm(matrix, 2)) if np.isfinite(matrix).all() else 0.0
