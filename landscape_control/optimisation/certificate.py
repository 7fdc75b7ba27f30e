"""Checks of optimised coefficients by NumPy alone: without the optimiser and its derivatives."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..support.arguments import AnyNumber, Index, checked
from .courses.stationarity import residual_under_limits
from .program import PolicyProgram, spectrum_of
from .programs import ROUND_OFF, follows_loss
from .quadrature import largest_curvature
from .replays import exact_cost, growth, is_steady, mode_costs, replay
from .result import PolicyResult
from .starting import coefficient_scales

STEP = 1e-30  # of complex-step derivatives: exact to round-off (Squire & Trapp 1998)


@checked
@dataclass(frozen=True, kw_only=True)
class PolicyCertificate:
    """What a second calculation says of a result, in numbers relative to its cost.

    Relative to the cost of standing still where everything is learnt and the cost is zero.

    Attributes
    ----------
    cost : the cost that was checked, as the result states it
    moments : gap between the cost and that of NumPy's own propagation of mean and covariance
    quadrature : gap between that and the same with twice the nodes
    stationarity : largest |s ∂J/∂c|/J over coefficients that were free and inside their ranges, by
        complex steps; s is the scale of the coefficient, as for the identifiability. Under limits,
        what multipliers ≥ 0 of those that bind leave of ∇ log J, by differences, on scales of the
        coefficients; ∞ where a limit is missed
    growth : factor per step by which root mean squares of the closed loop grow at worst over the
        spectrum (its spectral radius, where the noise has no part that grows with the gradient),
        for rules that do the same at every step; None for others, and where the noise follows the
        loss of all modes
    replayed, replay_error : mean cost of episodes stepped with the policy and its standard error,
        in units of cost; None if none were run
    tolerance : asked for of the cost; the stationarity may be three times its square root, because
        the cost is second order there
    learnt : whether the cost is zero to round-off by this calculation too
    """

    cost: AnyNumber
    moments: AnyNumber
    quadrature: AnyNumber
    stationarity: AnyNumber
    growth: AnyNumber | None
    replayed: AnyNumber | None
    replay_error: AnyNumber | None
    tolerance: AnyNumber
    learnt: bool = False

    @property
    def passed(self) -> bool:
        """Costs agree within the tolerance, the slope is small, the replay is near.

        Near is within four standard errors. Where everything is learnt the cost is zero to
        round-off, and nothing can be better.
        """
        if self.learnt:
            return True
        stationary = self.stationarity <= 3 * math.sqrt(self.tolerance)
        exact = max(self.moments, self.quadrature) <= self.tolerance
        return exact and stationary and self._replay_agrees()

    def _replay_agrees(self) -> bool:
        if self.replayed is None or self.replay_error is None:
            return True
        allowed = 4 * self.replay_error + self.tolerance * self.cost
        return abs(self.replayed - self.cost) <= allowed

    def __str__(self) -> str:
        rows = [
            f"{name:13s} {getattr(self, name):9.2e}"
            for name in ("moments", "quadrature", "stationarity")
        ]
        if self.growth is not None:
            verdict = "stable" if self.growth < 1 else "unstable"
            rows.append(f"{'growth':13s} {self.growth:9.6f}   per step, {verdict}")
        if self.replayed is not None:
            rows.append(
                f"{'replay':13s} {self.replayed:.6g} ± {self.replay_error:.1g}   (J of episodes, ± one"
                f" standard error; planned {self.cost:.6g})"
            )
        if self.learnt:
            rows.append("everything is learnt, to round-off")
        verdict = "passed" if self.passed else "NOT passed"
        base = "standing still" if self.learnt else "J"
        return "\n".join([f"certificate {verdict} (numbers relative to {base})", *rows])


@checked
def certify_policy(
    result: PolicyResult, *, episodes: Index = 0, seed: Index = 0
) -> PolicyCertificate:
    """Check a result with exact moments; ``episodes`` > 1 also replays its policy that often.

    Raises ProblemError for programs without closed moments.
    """
    program, policy = result.program, result.policy
    cost = exact_cost(policy, program, nodes=result.nodes)
    finer = exact_cost(policy, program, nodes=2 * result.nodes)
    replayed = error = None
    if episodes:
        replayed, error = replay(policy, program, episodes=episodes, seed=seed)
    learnt = bool(result.learnt and cost <= 100 * ROUND_OFF * result.standing_still)
    scale = result.standing_still if learnt else max(cost, np.finfo(float).tiny)
    rule = policy.family, policy.coefficients, program
    separate = not follows_loss(program)  # each mode has a growth of its own
    return PolicyCertificate(
        cost=result.cost,
        moments=abs(cost - result.cost) / scale,
        quadrature=abs(finer - cost) / scale,
        stationarity=_stationarity(result, scale),
        growth=growth(*rule)[0] if separate and is_steady(*rule) else None,
        replayed=replayed,
        replay_error=error,
        tolerance=result.tolerance,
        learnt=learnt,
    )


def cost_gradient(program: PolicyProgram, coefficients: Mapping, *, nodes: int) -> np.ndarray:
    """∂J/∂c (n,) by complex steps through the NumPy propagation."""
    layout = program.family.layout(program.steps)
    curvatures, weights = spectrum_of(program).nodes(nodes)
    entries = layout.join(dict(coefficients))
    # one program per column, each with one coefficient moved along the imaginary axis
    stepped = (entries[:, None] + 1j * STEP * np.eye(len(entries)))[..., None]
    costs = mode_costs(program.family, layout, stepped, program, curvatures, weights) @ weights
    return np.broadcast_to(costs.imag / STEP, entries.shape)


def _stationarity(result: PolicyResult, scale: float) -> float:
    program = result.program
    if result.limits.limited:
        return residual_under_limits(program, result.coefficients, result.limits)
    layout = program.family.layout(program.steps)
    entries = layout.join(dict(result.coefficients))
    slope = np.array(cost_gradient(program, result.coefficients, nodes=result.nodes))
    held = {*result.fixed, *result.at_bound}
    slope[[label in held for label in layout.labels]] = 0.0
    scales = coefficient_scales(layout, entries, 1 / largest_curvature(program))
    return float((np.abs(slope) * scales).max(initial=0.0) / scale)
