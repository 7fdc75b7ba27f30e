"""Recognising linear-quadratic problems with a linear hidden state.

From their expressions, not from samples.
"""

from dataclasses import dataclass
from typing import NoReturn

import casadi as ca
import numpy as np

from ...model.observation import ExactGradient
from ...model.problem import ControlProblem
from ...support.arguments import Entries, checked
from ...support.arrays import freeze
from ...support.errors import ProblemError
from .hidden_moments import Moments, hidden_moments, nothing_hidden

_LETTERS = {"theta": "θ", "phi": "φ", "z": "z"}
_DIGITS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


class NotLinearQuadratic(ProblemError):
    """The problem is not linear-quadratic in the parameters and the hidden state.

    Says where it fails to be.
    """


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class LinearModel:
    """Numbers of a problem that is linear-quadratic in (θ, z).

    z are the hidden variables, or the task indicators:

        L = ½θᵀHθ + θᵀ(Xz + g) + ½zᵀWz + wᵀz + w₀,
        θ̇ = Aθ + c + Bu,   E dz = (ν - Λz) dt,   h = Fθ + Cz + e

    A task chain of K tasks has z = its first K - 1 indicators, whose belief is the first K - 1
    probabilities: L and h need not be polynomials of φ then, only share their dependence on θ.

    Attributes
    ----------
    hessian : (n, n), H
    cross : (n, d), X
    slope : (n,), g
    own : (W (d, d), w (d,), w₀), the part of the loss that no control changes
    drift : (A (n, n), c (n,))
    actuation : (n, m), B
    metric : (m, m), G
    terminal : None, "loss", or (P, p, p₀) of Φ = ½θᵀPθ + pᵀθ + p₀
    hidden : Moments, Λ, ν, prior moments and noise intensity of z
    sight : (F (q, n), C (q, d), e (q,))
    noise : (q, q), R, positive definite; None for exact observations
    """

    hessian: Entries
    cross: Entries
    slope: Entries
    own: tuple
    drift: tuple
    actuation: Entries
    metric: Entries
    terminal: object
    hidden: Moments
    sight: tuple
    noise: Entries | None

    @property
    def pull(self) -> tuple[np.ndarray, np.ndarray]:
        """H⁺X (n, d) and H⁺g (n,): the believed minimum is τ(z) = -H⁺(Xz + g)."""
        inverse = np.linalg.pinv(self.hessian, rcond=1e-12, hermitian=True)
        return inverse @ self.cross, inverse @ self.slope

    def minimum(self, estimate: np.ndarray) -> np.ndarray:
        """Where the expected loss is least, for estimates of z (E, d): (E, n)."""
        pull, shift = self.pull
        return -estimate @ pull.T - shift


@checked
def read_linear_model(problem: ControlProblem) -> LinearModel:
    """The numbers of a linear-quadratic problem.

    Raises NotLinearQuadratic, naming what is not linear or quadratic.
    """
    if problem.is_known:
        _refuse("a landscape with hidden variables", "a known landscape", "use solve(problem)")
    return read_quadratic_model(problem)


@checked
def read_quadratic_model(problem: ControlProblem) -> LinearModel:
    """As :func:`read_linear_model`, for known landscapes too: z then has no entries (d = 0)."""
    model, start = problem.model, problem.start
    if problem.end is not None:
        _refuse(
            "a free end",
            "a fixed end",
            "free the end and let a terminal cost pull the parameters to it",
        )
    for name in ("metric", "actuation"):
        if not model.constant[name]:
            _refuse(f"a constant {name}", f"a {name} that depends on θ", _OTHER)
    if model.drift_matrix is None:
        _refuse("a drift f = Aθ + c", "a drift that is not affine in θ", _OTHER)
    hidden = problem.landscape.hidden
    is_chain = hidden is not None and hidden.is_finite
    loss, sight = _tasks(problem) if is_chain else _joint(problem)
    return LinearModel(
        **loss,
        sight=sight,
        noise=_noise(problem, len(sight[0])),
        drift=tuple(map(freeze, model.drift_matrix)),
        actuation=freeze(model.actuation(start)[0]),
        metric=freeze(model.metric(start)[0]),
        terminal=_terminal(problem),
        hidden=nothing_hidden() if hidden is None else hidden_moments(hidden),
    )


_OTHER = "use method='transcription', method='replanning' or method='dynamic programming'"


def _refuse(expected: str, received: str, advice: str) -> NoReturn:
    raise NotLinearQuadratic("exact LQG", expected=expected, received=received, advice=advice)


def _joint(problem):
    """The loss and the observation as polynomials of (θ, φ)."""
    n, hidden = problem.dimension, problem.landscape.hidden
    theta, phi = ca.SX.sym("theta", n), ca.SX.sym("phi", 0 if hidden is None else hidden.dimension)
    both = ca.vertcat(theta, phi)
    given = None if hidden is None else phi
    hessian, gradient, constant = _second_order(
        problem.landscape.symbolic(theta, given),
        both,
        "a loss jointly quadratic in θ and the hidden variables",
    )
    seen = problem.learner.sees.expression(problem.landscape, theta, given)
    slopes, offset = _first_order(seen, both)
    loss = {
        "hessian": hessian[:n, :n],
        "cross": hessian[:n, n:],
        "slope": gradient[:n],
        "own": (hessian[n:, n:], gradient[n:], constant),
    }
    return loss, (slopes[:, :n], slopes[:, n:], offset)


def _tasks(problem):
    """The loss and the observation of every task as polynomials of θ.

    The tasks differ in their affine parts only.
    """
    if len(problem.landscape.hidden.tasks) < 2:
        _refuse("two tasks or more", "one task: nothing is hidden", "use problem.known(task)")
    theta = ca.SX.sym("theta", problem.dimension)
    values = [ca.DM(task) for task in problem.landscape.hidden.tasks]
    landscape, sees = problem.landscape, problem.learner.sees
    quadratic = "a loss quadratic in θ for every task"
    losses = [_second_order(landscape.symbolic(theta, task), theta, quadratic) for task in values]
    sights = [_first_order(sees.expression(landscape, theta, task), theta) for task in values]
    _refuse_different("a loss", [hessian for hessian, _, _ in losses])
    _refuse_different("an observation", [slope for slope, _ in sights])
    slopes = np.array([gradient for _, gradient, _ in losses])
    constants = np.array([constant for *_, constant in losses])
    offsets = np.array([offset for _, offset in sights])
    size = len(values) - 1
    # Σ pᵢLᵢ = L_K + Σ_{i<K} pᵢ(Lᵢ - L_K): the differences to the last task go with z
    loss = {
        "hessian": losses[-1][0],
        "cross": (slopes[:-1] - slopes[-1]).T,
        "slope": slopes[-1],
        "own": (np.zeros((size, size)), constants[:-1] - constants[-1], constants[-1]),
    }
    return loss, (sights[-1][0], (offsets[:-1] - offsets[-1]).T, offsets[-1])


def _refuse_different(what, derivatives):
    """Refuse tasks whose constant derivatives in θ differ: z would multiply more than θ."""
    gaps = [np.abs(derivative - derivatives[-1]).max() for derivative in derivatives]
    if max(gaps) > 1e-12 * np.abs(derivatives[-1]).max():
        _refuse(
            f"{what} whose dependence on θ is the same in every task, up to affine terms",
            f"task {int(np.argmax(gaps))} differs from the last one in curvature",
            _OTHER,
        )


def _second_order(expression, variables, expected):
    """(Hessian, gradient and value at zero) of an expression whose Hessian is constant."""
    hessian, gradient = ca.hessian(expression, variables)
    if ca.symvar(hessian):
        entries = [
            f"∂²/∂{_sign(variables[i])}∂{_sign(variables[j])}"
            for i in range(hessian.size1())
            for j in range(i + 1)
            if ca.symvar(hessian[i, j])
        ]
        _refuse(expected, f"a second derivative that is not constant: {', '.join(entries)}", _OTHER)
    function = ca.Function("at_zero", [variables], [hessian, gradient, expression])
    at_zero = function(np.zeros(variables.numel()))
    hessian, gradient, value = (np.array(ca.DM(part)) for part in at_zero)
    return hessian, gradient[:, 0], float(value[0, 0])


def _sign(symbol):
    """θ₂ for the symbol theta_1: CasADi counts from 0, and not at all where there is but one."""
    name, _, index = str(symbol).partition("_")
    digits = str(int(index) + 1).translate(_DIGITS) if index else ""
    return _LETTERS.get(name, name) + digits


def _first_order(expression, variables):
    """(Jacobian, value at zero) of an expression whose Jacobian is constant."""
    jacobian = ca.jacobian(expression, variables)
    if ca.symvar(jacobian):
        _refuse(
            "an observation affine in θ and the hidden variables",
            "an observation whose slope is not constant",
            _OTHER,
        )
    function = ca.Function("at_zero", [variables], [jacobian, expression])
    jacobian, value = function(np.zeros(variables.numel()))
    return np.array(ca.DM(jacobian)), np.array(ca.DM(value))[:, 0]


def _noise(problem, size):
    """R (q, q), or None for exact observations."""
    sees = problem.learner.sees
    if isinstance(sees, ExactGradient):
        return None
    root = ca.SX(sees.root(ca.SX.sym("theta", problem.dimension), size))
    if ca.symvar(root):
        _refuse(
            "observation noise that does not depend on θ", "noise that is a function of θ", _OTHER
        )
    root = np.array(ca.DM(root))
    return root @ root.T


def _terminal(problem):
    objective = problem.objective
    if objective.terminal in (None, "loss"):
        return objective.terminal
    theta = ca.SX.sym("theta", problem.dimension)
    hessian, slope, constant = _second_order(
        problem.model.terminal_at(theta), theta, "a terminal cost quadratic in θ"
    )
    return hessian, slope, constant
