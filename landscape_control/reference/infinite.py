"""The exact infinite-horizon policy, from the stable subspace of Pontryagin's linear system."""

from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import expm

from ..support.arguments import AnyNumber, Entries, Numbers, Vector, checked
from ..support.arrays import freeze, vector
from ..support.errors import ProblemError
from .hamiltonian import LinearSystem
from .riccati import Quadratic
from .seen import seen_directions
from .stable_subspace import stabilising_hessian


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class InfinitePolicy:
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
        nothing rests: the drift pushes along a direction the loss does not see.
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
    _system: LinearSystem = field(repr=False)

    @property
    def steady_costate(self) -> np.ndarray | None:
        """λ at the steady state (n,)."""
        return None if self.steady_state is None else self.costate(self.steady_state)

    @property
    def attracts(self) -> bool:
        """Whether every start flows to the steady state. With γ > 0 the optimum may let a direction
        go: then False.
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
        return -self.costate(theta) @ self._system.push.T

    @checked
    def value(self, theta: Numbers) -> float | np.ndarray:
        """The optimal cost from θ on: a float for (n,), an array (N,) for (N, n)."""
        quadratic = Quadratic(
            hessian=self.value_hessian, gradient=self.value_gradient, constant=self.value_constant
        )
        return quadratic.at(np.asarray(theta, dtype=float) - self.minimum)

    @checked
    def path(self, start: Vector, times: Vector) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(θ, u, λ) of shapes (N, n), (N, m), (N, n) at times ≥ 0, in any order, from θ(0) = start."""
        start, times = vector("start", start, len(self.minimum)), vector("times", times)
        if times.size and times.min() < 0:
            raise ProblemError(
                "times",
                expected="times >= 0",
                received=f"{times.min():g}",
                advice="the policy starts at time 0",
            )
        n = len(start)
        affine = np.zeros((n + 1, n + 1))  # of (δ, 1)
        affine[:n, :n] = self.closed_loop
        affine[:n, n] = self._system.offset - self._system.spread @ self.value_gradient
        begin = np.append(start - self.minimum, 1.0)
        deviations = [(expm(affine * time) @ begin)[:n] for time in times]
        theta = self.minimum + np.reshape(deviations, (len(times), n))
        return theta, self.control(theta), self.costate(theta)


def infinite_policy(system: LinearSystem) -> InfinitePolicy:
    """Solve at T = ∞. Raises UnstabilisableError or ProblemError when the optimal cost is infinite
    in either sense.
    """
    seen = seen_directions(system)
    spread = seen.T @ system.spread @ seen
    offset = seen.T @ system.offset
    small = stabilising_hessian(system, seen)
    closed = seen.T @ system.drift @ seen - spread @ small
    # the terms of the Hamilton-Jacobi equation that are linear in δ: (γ - closed)ᵀg = Sc
    fading = system.discount * np.eye(len(small)) - closed.T
    slope = np.linalg.solve(fading, small @ offset)
    constant = _constant(system, Quadratic(hessian=small, gradient=slope, constant=0.0), seen)
    value = Quadratic(hessian=seen @ small @ seen.T, gradient=seen @ slope, constant=constant)
    return _policy(system, value)


def _constant(system, value, seen):
    """V(μ), from the terms of the Hamilton-Jacobi equation without δ: γv = q + gᵀc - ½gᵀMg."""
    spread, offset = seen.T @ system.spread @ seen, seen.T @ system.offset
    gained, spent = value.gradient @ offset, 0.5 * value.gradient @ spread @ value.gradient
    rate = system.loss_rate + gained - spent
    if system.discount > 0:
        return float(rate / system.discount)
    if abs(rate) > 1e-10 * (abs(system.loss_rate) + abs(gained) + spent):
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
    if not len(offset):
        return 0.0
    # nothing is paid at the rest that the policy leads to: there V = 0
    closed = seen.T @ system.drift @ seen - spread @ value.hessian
    rest = np.linalg.solve(closed, spread @ value.gradient - offset)
    return float(-value.at(rest))


def _policy(system, value):
    gain = system.push @ value.hessian
    closed = system.drift - system.actuation @ gain
    velocity = system.offset - system.spread @ value.gradient
    rest = _rest(closed, velocity)
    steady_state, steady_control = None, None
    if rest is not None:
        steady_state = freeze(system.centre + rest)
        steady_control = freeze(-system.push @ (value.hessian @ rest + value.gradient))
    return InfinitePolicy(
        minimum=system.centre,
        value_hessian=freeze(value.hessian),
        value_gradient=freeze(value.gradient),
        value_constant=value.constant,
        gain=freeze(gain),
        closed_loop=freeze(closed),
        steady_state=steady_state,
        steady_control=steady_control,
        _system=system,
    )


def _rest(closed: np.ndarray, velocity: np.ndarray) -> np.ndarray | None:
    """The solution of closed·δ + velocity = 0 nearest to zero, None if there is none."""
    rest = -np.linalg.pinv(closed, rcond=1e-12) @ velocity
    size = np.abs(closed).max() * np.abs(rest).max() + np.abs(velocity).max()
    return rest if np.abs(closed @ rest + velocity).max() <= 1e-9 * size else None
