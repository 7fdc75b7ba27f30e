"""Checks of a plan made without the optimiser, on points it was not computed at.

They are made from its θ, u and λ alone.
"""

from dataclasses import dataclass

from ...model.problem import ControlProblem
from ..solution import Plan, Status
from .curvature import curvature_along
from .examination import Examination, examine

ROUNDING = 1e-12  # of the cost scale: what sums of this many terms lose


def residual_limit(tolerance: float) -> float:
    """3√tolerance: the cost of a stationary path is second order in the path's error."""
    return 3 * tolerance**0.5


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """Residuals of Pontryagin's conditions, relative and dimensionless, and what else was checked.

    That is the cost's error, the cost along the path, and the sign of the second variation.
    The residuals are measured by what they cost: an amplitude a of a residual is worth about a² of
    the cost scale, because the cost of a stationary path is second order in the path's error. So a
    plan at rest, on a plateau or over a tiny horizon is judged by its cost like any other.
    Movements below 1e-9 of |θ| are rounding, and so is what they cost in effort and, at the
    curvature of the start, in loss: no residual is relative to less. In dynamics, costate and
    energy law a time t counts by e^{-γt/2}, in the sizes that they are relative to as well.

    Attributes
    ----------
    dynamics : largest |∫ (θ̇ - f - Bu) dt| over an element, with the plan's own u between the
        nodes, over the path's extent or, where that is more, over the displacement whose effort
        within the element is the cost scale
    stationarity : square root of ∫ e^{-γt} (w - u*)ᵀG(w - u*)/2η dt over the cost scale, where u* =
        -ηG⁻¹Bᵀλ, and w is the control that the path implies, B⁻¹(θ̇ - f), or the plan's own where B
        is not invertible
    costate : largest gap of λ(t₀) = e^{-γh} λ(t₁) + ∫ e^{-γ(t - t₀)} ∂H/∂θ dt over an element of
        length h, over the largest |λ|
    transversality : |λ(T) - κ∇Φ(θ(T))| over the largest |λ| for a free end (present value against
        the tail's for an infinite horizon); |θ(T) - end| over the path's extent for a fixed one
    energy_law : largest violation of H(t) - H(0) = γ∫λᵀθ̇ dt over the largest (effort + k·range of
        L), or over the geometric mean of that and the mean cost per unit time where that is more;
        without drift this is dE/dt = (γ/η)|θ̇|²_G for E = |θ̇|²_G/2η - kL (VGR25), conservation of
        E at γ = 0
    cost_error : dual-weighted estimate of the discretisation error of the cost (user units)
    cost_mismatch : |reported cost - the certificate's own integral along the whole path, with its
        end| (user units)
    cost_scale : ∫ e^{-γt}(effort + k|L|) dt + |terminal|, what the tolerance is relative to
    unseen : bound on what follows the last node and was not integrated (infinite horizons; user
        units)
    minimum : whether the second variation is positive (see ``curvature``), so that the plan is a
        local minimum
    second_variation : by which argument that was decided
    tolerance : the cost tolerance asked for; residuals must stay below three times its square root

    Mismatch and second variation are None in records written before they were looked at; they are
    then not judged.
    """

    dynamics: float
    stationarity: float
    costate: float
    transversality: float
    energy_law: float
    cost_error: float
    cost_scale: float
    tolerance: float
    cost_mismatch: float | None = None
    unseen: float | None = None
    minimum: bool | None = None
    second_variation: str = "not examined"

    @property
    def residuals(self) -> dict[str, float]:
        """The five residuals by name."""
        names = ("dynamics", "stationarity", "costate", "transversality", "energy_law")
        return {name: getattr(self, name) for name in names}

    @property
    def failures(self) -> tuple[str, ...]:
        """What does not pass, in words with numbers; empty where everything does."""
        # every comparison is written so that NaN fails it
        allowed, limit = self.tolerance * self.cost_scale, residual_limit(self.tolerance)
        failed = [
            f"{name.replace('_', ' ')} {value:.2g} > {limit:.2g}"
            for name, value in self.residuals.items()
            if not value <= limit
        ]
        if not self.cost_error <= allowed:
            failed.append(f"cost error {self.cost_error:.2g} > {allowed:.2g}")
        if self.cost_mismatch is not None:
            unknown = self.cost_error + (self.unseen or 0.0)
            matching = allowed + unknown + ROUNDING * self.cost_scale
            if not self.cost_mismatch <= matching:
                failed.append(
                    f"the cost along the path differs by {self.cost_mismatch:.2g} > {matching:.2g}"
                )
        if self.minimum is False:
            failed.append("the second variation is not positive: a neighbouring path is cheaper")
        return tuple(failed)

    @property
    def passed(self) -> bool:
        """Whether nothing failed: cost, residuals (below 3√tolerance) and second variation."""
        return not self.failures

    def __str__(self) -> str:
        allowed = self.tolerance * self.cost_scale
        rows = [
            f"{name.replace('_', ' '):15s} {value:9.2e}" for name, value in self.residuals.items()
        ]
        rows.append(f"{'cost error':15s} {self.cost_error:9.2e}   (of J, allowed {allowed:.2e})")
        if self.cost_mismatch is not None:
            rows.append(
                f"{'cost mismatch':15s} {self.cost_mismatch:9.2e}   (of J, against the integral"
                " along the path)"
            )
        verdicts = {True: "a minimum", False: "NOT a minimum", None: "unknown"}
        rows.append(f"second variation: {verdicts[self.minimum]} ({self.second_variation})")
        verdict = "passed" if self.passed else "NOT passed"
        limit = f"relative residuals, each allowed {residual_limit(self.tolerance):.2e}"
        return "\n".join([f"certificate {verdict} ({limit})", *rows])


def certify(
    problem: ControlProblem, plan: Plan, *, tolerance: float, examination: Examination | None = None
) -> Certificate:
    """Check a plan against the problem's own functions.

    ``examination`` where the plan has been examined already.
    """
    if examination is None:
        examination = examine(problem, plan, plan.tail)
    curvature = curvature_along(problem, plan, examination.inspection)
    return Certificate(
        **examination.residuals,
        cost_error=float(plan.cost_error),
        cost_mismatch=abs(examination.cost - float(plan.cost)),
        cost_scale=examination.cost_scale,
        unseen=examination.unseen,
        minimum=curvature.positive,
        second_variation=curvature.method,
        tolerance=tolerance,
    )


def certified(
    problem: ControlProblem, plan: Plan, *, tolerance: float, examination: Examination | None = None
) -> Plan:
    """The plan with its certificate, which decides about the status."""
    return judged(plan, certify(problem, plan, tolerance=tolerance, examination=examination))


def judged(plan: Plan, certificate: Certificate) -> Plan:
    """The plan with this certificate and the status that follows from it.

    One that converged but does not pass has a status that says so, and why; one that was refined up
    to the cap in parts, and passes as a whole, has converged.
    """
    if plan.status is Status.REFINEMENT_CAP and certificate.passed:
        return plan.revised(certificate=certificate, status=Status.CONVERGED, message="")
    if plan.status is not Status.CONVERGED or certificate.passed:
        return plan.revised(certificate=certificate)
    status = Status.NOT_CERTIFIED if certificate.minimum else Status.NOT_A_MINIMUM
    return plan.revised(
        certificate=certificate, status=status, message="; ".join(certificate.failures)
    )
