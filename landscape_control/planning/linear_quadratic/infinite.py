"""The exact infinite-horizon policy: algebraic Riccati equation with affine feed-forward."""

from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np
from scipy.linalg import expm, solve_continuous_are, solve_continuous_lyapunov

from ...support.arguments import AnyNumber, Entries, Numbers, Vector, checked
from ...support.arrays import freeze, vector
from ...support.errors import ProblemError
from .centred import Centred, quadratic_form
from .modes import check_stabilisable, complement, is_convex, unseen_subspace


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class InfiniteHorizonPolicy:
    """The optimal policy and value at T = ∞; all values are current values, λ = ∂V/∂θ.

        V(θ) = ½(θ-μ)ᵀS(θ-μ) + gᵀ(θ-μ) + v,    u(θ) = steady_control - gain (θ - steady_state)

    Attributes
    ----------
    minimum : (n,), μ, the point the value is expanded about
    value_hessian : (n, n), S, the solution of  Q + AᵀS + SA - γS - S B(ηG⁻¹)Bᵀ S = 0
    value_gradient : (n,), g, ∂V/∂θ at μ (zero unless the drift moves the learner at μ)
    value_constant : float, v, V(μ)
    gain : (m, n), ηG⁻¹BᵀS
    closed_loop : (n, n), A - B·gain: dθ/dt along the policy is closed_loop (θ - steady_state)
    steady_state : (n,) or None
        Where the closed loop rests; the point nearest to μ when a whole subspace rests. None when
        nothing rests: the drift pushes along a direction the loss does not depend on.
    steady_control : (m,) or None, u at the steady state
    """

    minimum: Entries
    value_hessian: Entries
    value_gradient: Entries
    value_constant: AnyNumber
    gain: Entries
    closed_loop: Entries
    steady_state: Entries | None
    steady_control: Entries | None
    _centred: Centred = field(repr=False)

    @property
    def steady_costate(self) -> np.ndarray | None:
        """λ at the steady state (n,)."""
        return None if self.steady_state is None else self.costate(self.steady_state)

    @property
    def attracts(self) -> bool:
        """Whether every start flows to the steady state.

        With γ > 0 the optimum may let a direction go: then False.
        """
        return bool(np.linalg.eigvals(self.closed_loop).real.max() < 0)

    @checked
    def costate(self, theta: Numbers) -> np.ndarray:
        """λ = ∂V/∂θ at θ (n,) or (N, n)."""
        deviation = np.asarray(theta, dtype=float) - self.minimum
        return deviation @ self.value_hessian + self.value_gradient

    @checked
    def control(self, theta: Numbers) -> np.ndarray:
        """u = -ηG⁻¹Bᵀλ at θ (n,) or (N, n): shape (m,) or (N, m)."""
        return -self.costate(theta) @ self._centred.push.T

    @checked
    def value(self, theta: Numbers) -> float | np.ndarray:
        """The optimal cost from θ on: a float for (n,), an array (N,) for (N, n)."""
        deviation = np.asarray(theta, dtype=float) - self.minimum
        return quadratic_form(
            self.value_hessian, self.value_gradient, self.value_constant, deviation
        )

    @checked
    def path(self, start: Vector, times: Vector) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(θ, u, λ), (N, n), (N, m), (N, n), at times ≥ 0 in any order, with θ(0) = start."""
        start, times = vector("start", start, len(self.minimum)), vector("times", times)
        if times.size and times.min() < 0:
            raise ProblemError(
                "times",
                expected="times >= 0",
                received=f"{times.min():g}",
                advice="the policy starts at time 0",
            )
        n = len(start)
        # (δ, 1) obeys a linear equation: its constant coordinate carries what pushes at δ = 0
        generator = np.zeros((n + 1, n + 1))
        generator[:n, :n] = self.closed_loop
        generator[:n, n] = self._centred.offset - self._centred.spread @ self.value_gradient
        flows = expm(times[:, None, None] * generator)
        theta = self.minimum + flows[:, :n] @ np.append(start - self.minimum, 1.0)
        return theta, self.control(theta), self.costate(theta)


def infinite_horizon_policy(problem: Centred) -> InfiniteHorizonPolicy:
    """Solve at T = ∞.

    Raises UnstabilisableError or ProblemError when the optimal cost is infinite in either sense.
    """
    seen = complement(unseen_subspace(problem.loss, problem.dynamics))
    reduced = problem.restricted(seen)
    hessian = np.zeros((0, 0))
    if seen.shape[1]:
        check_stabilisable(reduced.discounted, reduced.actuation, problem.discount, seen)
        hessian = _stabilising(reduced)
    gradient = _feed_forward(reduced, hessian)
    constant = _constant(reduced, hessian, gradient)
    return _policy(problem, seen @ hessian @ seen.T, seen @ gradient, constant)


def _stabilising(problem: Centred) -> np.ndarray:
    """The solution S of the Riccati equation with a stable closed loop."""
    hessian, error = np.zeros_like(problem.loss), np.inf
    try:
        hessian = _by_schur_vectors(problem)
        # Newton-Kleinman: brings small solutions (large γ) to full relative accuracy
        for _ in range(2):
            hessian, error = _newton(problem, hessian)
        if np.linalg.eigvals(problem.discounted - problem.spread @ hessian).real.max() >= 0:
            error = np.inf
    except np.linalg.LinAlgError:
        error = np.inf
    # a stable closed loop is not enough where the loss is concave: finite horizons have to tend to S
    if error > 1e-8 or not (is_convex(problem.loss) or _is_bounded(problem, hessian)):
        _refuse_riccati(problem, error)
    return hessian


def _by_schur_vectors(problem: Centred) -> np.ndarray:
    """S by scipy, in units of time and cost in which Q and B(ηG⁻¹)Bᵀ are of order one.

    Its accuracy depends on the units.
    """
    # a factor C of B(ηG⁻¹)Bᵀ = CCᵀ
    root = np.linalg.solve(np.linalg.cholesky(problem.effort), problem.actuation.T).T
    strength, bend = float(np.linalg.norm(root, 2)), float(np.linalg.norm(problem.loss, 2))
    if strength == 0 or bend == 0:
        strength, bend = 1.0, 1.0
    rate, eye = strength * np.sqrt(bend), np.eye(root.shape[1])
    scaled = solve_continuous_are(
        problem.discounted / rate, root / strength, problem.loss / bend, eye
    )
    return scaled * (np.sqrt(bend) / strength)


def _newton(problem: Centred, hessian: np.ndarray) -> tuple[np.ndarray, float]:
    """The next iterate and the relative size of the step to it."""
    dynamics, spread = problem.discounted, problem.spread
    residual = problem.loss + dynamics.T @ hessian + hessian @ dynamics - hessian @ spread @ hessian
    step = solve_continuous_lyapunov((dynamics - spread @ hessian).T, -residual)
    improved = hessian + (step + step.T) / 2
    return improved, float(np.abs(step).max() / np.abs(improved).max())


def _is_bounded(problem: Centred, hessian: np.ndarray) -> bool:
    """Whether the finite-horizon values with Φ = 0 tend to S as T → ∞.

    A question only where the loss has a concave direction.
    S(s) - S = -e^{Fᵀs}[I - S W(s)]⁻¹ S e^{Fs} with the closed loop F and its Gramian W: bounded iff
    I - W½SW½ > 0.
    """
    closed = problem.discounted - problem.spread @ hessian
    values, vectors = np.linalg.eigh(solve_continuous_lyapunov(closed, -problem.spread))
    root = vectors * np.sqrt(np.maximum(values, 0))
    lowest = np.linalg.eigvalsh(np.eye(len(root)) - root.T @ hessian @ root)[0]
    return bool(lowest > 1e-10)


def _refuse_riccati(problem: Centred, error: float) -> NoReturn:
    lowest = np.linalg.eigvalsh(problem.loss)[0]
    if is_convex(problem.loss):
        raise ProblemError(
            "Riccati equation",
            expected="a solution known to eight digits",
            received=(
                f"relative error {error:.1g}: time scales too far apart, or a direction that B"
                " hardly reaches"
            ),
            advice="rescale the parameters, raise the discount, or strengthen the weak column of B",
        )
    raise ProblemError(
        "loss at infinite horizon",
        expected="a cost bounded below (for f = 0, G = I: γ²/4 + ηkh > 0 for every curvature h)",
        received=(
            f"a concave direction, smallest eigenvalue of kH = {lowest:.6g}, with discount γ ="
            f" {problem.discount:g}"
        ),
        advice="raise the discount, use a short finite horizon, or add weight decay or curvature",
    )


def _feed_forward(problem: Centred, hessian: np.ndarray) -> np.ndarray:
    """g of (A - MS - γI)ᵀg = -Sc, from the terms of the Hamilton-Jacobi equation linear in δ."""
    closed = problem.dynamics - problem.spread @ hessian - problem.discount * np.eye(len(hessian))
    return np.linalg.solve(closed.T, -hessian @ problem.offset)


def _constant(problem: Centred, hessian: np.ndarray, gradient: np.ndarray) -> float:
    """v of γv = gᵀc - ½gᵀMg, the constant terms; at γ = 0 V = 0 at rest decides."""
    push, brake = gradient @ problem.offset, 0.5 * gradient @ problem.spread @ gradient
    rate = push - brake
    if problem.discount > 0:
        return float(rate / problem.discount)
    if abs(rate) > 1e-10 * (abs(push) + brake):
        raise ProblemError(
            "infinite horizon without discount",
            expected=(
                "a running cost that vanishes at the steady state (loss zero there, no control"
                " needed to stay)"
            ),
            received=f"a cost rate of {rate:.6g} for ever, so that J = ±∞",
            advice=(
                "use discount > 0 (the policy of a tiny discount costs least per unit time) or a"
                " finite horizon, subtract the loss at the minimum, or remove the drift there"
            ),
        )
    if not len(gradient):
        return 0.0
    closed = problem.dynamics - problem.spread @ hessian
    rest = np.linalg.solve(closed, problem.spread @ gradient - problem.offset)
    return float(-quadratic_form(hessian, gradient, 0.0, rest))


def _policy(
    problem: Centred, hessian: np.ndarray, gradient: np.ndarray, constant: float
) -> InfiniteHorizonPolicy:
    gain = problem.push @ hessian
    closed = problem.dynamics - problem.actuation @ gain
    offset = problem.offset - problem.spread @ gradient
    rest = _rest(closed, offset)
    steady_state = steady_control = None
    if rest is not None:
        steady_state = freeze(problem.centre + rest)
        steady_control = freeze(-problem.push @ (hessian @ rest + gradient))
    return InfiniteHorizonPolicy(
        minimum=problem.centre,
        value_hessian=freeze(hessian),
        value_gradient=freeze(gradient),
        value_constant=constant,
        gain=freeze(gain),
        closed_loop=freeze(closed),
        steady_state=steady_state,
        steady_control=steady_control,
        _centred=problem,
    )


def _rest(closed: np.ndarray, offset: np.ndarray) -> np.ndarray | None:
    """The solution of closed·δ + offset = 0 nearest to zero, None if there is none."""
    rest = np.linalg.lstsq(closed, -offset, rcond=1e-12)[0]
    size = np.abs(closed).max() * np.abs(rest).max() + np.abs(offset).max()
    left = np.abs(closed @ rest + offset).max()
    return rest if left <= 1e-9 * size else None
