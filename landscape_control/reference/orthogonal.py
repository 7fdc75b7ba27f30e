"""The best causal rule for random quadratics without noise: orthogonal polynomials, and with them
momentum.

After t steps of any rule that adds up past gradients, θ_t = P_t(h) θ_0 on a mode of curvature h,
with a polynomial P_t of degree t, P_t(0) = 1. The expected loss ½ E[h P_t(h)²] E θ_0² is least
where P_t is orthogonal to all polynomials of lower degree in the weight h²w(h). Such polynomials
obey a three-term recurrence: one heavy-ball rule, with its own learning rate and momentum at every
step, is best at all times at once, whatever the discount, for running and terminal loss alike.

Source: F. Pedregosa, D. Scieur, *Acceleration through spectral density estimation*, 2020 (weight
h·w for distances; here
h²·w for losses); W. Gautschi, *Orthogonal polynomials*, 2004.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigvalsh_tridiagonal

from ..support.arguments import Entries, NonNegative, Numbers, Steps, Vector, checked
from ..support.arrays import freeze, number, vector, whole
from ..support.errors import ProblemError


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class OrthogonalRule:
    """The best heavy ball for T steps, Δθ_t = β_t Δθ_{t-1} - α_t g_t. All arrays are read-only.

    Attributes
    ----------
    learning_rates : (T,), α_t
    momenta : (T,), β_t; the first is 0, without effect because the learner starts at rest
    losses : (T+1,), E L(θ_t), t = 0 … T
    steps : (T,), ascending learning rates of gradient descent that reach the same θ_T, in any
    order: one over the roots
        of P_T, which are the nodes of the Gauss quadrature for the weight h²w
    """

    learning_rates: Entries
    momenta: Entries
    losses: Entries
    steps: Entries

    def __post_init__(self):
        for name in ("learning_rates", "momenta", "losses", "steps"):
            object.__setattr__(self, name, freeze(getattr(self, name)))


@checked
def orthogonal_rule(
    curvatures: Vector,
    weights: Vector,
    horizon: Steps,
    *,
    second_moment: NonNegative = 1.0,
) -> OrthogonalRule:
    """The best rule of any memory for curvatures (N,) with weights (N,), Σ = 1, no noise, free
    movement, E θ_0² given.

    Theory: equation :eq:`polyak`.

    For a continuous spectrum give nodes and weights of a quadrature that is exact to degree 2T + 2.

    Raises ProblemError for curvatures or weights that are not positive, and a horizon beyond the
    number of curvatures: after that many steps all of them are learnt, and nothing is left to
    decide.
    """
    h, w = vector("curvatures", curvatures), vector("weights", weights, len(curvatures))
    whole("horizon T", horizon), number("second_moment", second_moment, low=0)
    if len(h) == 0 or not ((h > 0).all() and (w > 0).all()):
        raise ProblemError(
            "curvatures",
            expected="positive curvatures with positive weights",
            received=(
                f"{np.count_nonzero(h <= 0)} flat or concave, {np.count_nonzero(w <= 0)} without"
                " weight"
            ),
            advice="leave those out: no gradient tells of them, or nothing is lost on them",
        )
    if horizon > len(np.unique(h)):
        raise ProblemError(
            "horizon T",
            expected=f"at most the {len(np.unique(h))} distinct curvatures",
            received=f"{horizon}",
            advice="after that many steps the loss is zero; shorten the horizon",
        )
    diagonal, off = recurrence(h, w * h**2, horizon)
    learning_rates, momenta = heavy_ball_coefficients(diagonal, off)
    losses = second_moment / 2 * (polynomials(learning_rates, momenta, h) ** 2 @ (w * h))
    return OrthogonalRule(
        learning_rates=learning_rates,
        momenta=momenta,
        losses=losses,
        steps=1 / eigvalsh_tridiagonal(diagonal, np.sqrt(off))[::-1],
    )


def recurrence(
    points: np.ndarray, weights: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """a (count,), b (count - 1,) of the monic orthogonal polynomials p_{t+1} = (h - a_t) p_t -
    b_{t-1} p_{t-1}.

    The Stieltjes procedure, a_t = Σw h p_t²/Σw p_t² and b_{t-1} = Σw p_t²/Σw p_{t-1}², on
    polynomials scaled to norm one and made orthogonal to all earlier ones a second time, so that it
    also holds up to as many steps as there are points.
    """
    diagonal, norms, kept = np.empty(count), np.empty(count), np.empty((count + 1, len(points)))
    kept[0] = np.sqrt(weights / weights.sum())
    for t in range(count):
        product = points * kept[t]
        diagonal[t] = product @ kept[t]
        for _ in range(2):
            product = product - kept[: t + 1].T @ (kept[: t + 1] @ product)
        norms[t] = product @ product
        kept[t + 1] = product / np.sqrt(norms[t]) if norms[t] > 0 else 0.0
    return diagonal, norms[:-1]


def heavy_ball_coefficients(diagonal: np.ndarray, off: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """α_t, β_t (T,) that generate the polynomials of a recurrence, scaled to P_t(0) = 1.

    1/α_t = -p_{t+1}(0)/p_t(0) = a_t - b_{t-1} α_{t-1} and β_t = b_{t-1} α_t α_{t-1}, β_0 = 0, so
    that a_t α_t = 1 + β_t.
    """
    learning_rates, momenta = np.empty(len(diagonal)), np.zeros(len(diagonal))
    learning_rates[0] = 1 / diagonal[0]
    for t in range(1, len(diagonal)):
        learning_rates[t] = 1 / (diagonal[t] - off[t - 1] * learning_rates[t - 1])
        momenta[t] = off[t - 1] * learning_rates[t] * learning_rates[t - 1]
    return learning_rates, momenta


@checked
def polynomials(learning_rates: Vector, momenta: Vector, curvatures: Numbers) -> np.ndarray:
    """P_t(h) = θ_t/θ_0, t = 0 … T, of a heavy ball started at rest: (T+1,) + shape of the
    curvatures.

    P_{t+1} = P_t - α_t h P_t + β_t (P_t - P_{t-1}). Gradient descent has momenta 0.
    """
    h = np.asarray(curvatures, dtype=float)
    now, move, course = np.ones_like(h), np.zeros_like(h), [np.ones_like(h)]
    for alpha, beta in zip(
        learning_rates, np.broadcast_to(momenta, np.shape(learning_rates)), strict=True
    ):
        move = beta * move - alpha * h * now
        now = now + move
        course.append(now)
    return np.array(course)
