"""Known answers about first-order rules on quadratics with curvatures in [a, b]: Polyak, Chebyshev,
silver steps, limits.

"Factor" is |θ_T/θ_0| of the worst curvature. Polyak's constants, and Chebyshev's steps, are
statements about quadratics; the silver steps are for functions whose curvature may differ at every
point.
"""

import math

import numpy as np

from ..support.arguments import Numbers, Positive, Steps, checked
from ..support.arrays import number, whole
from ..support.errors import ProblemError


@checked
def polyak(low: float, high: float) -> tuple[float, float]:
    """α = (2/(√a + √b))², β = ((√b - √a)/(√b + √a))²: the constant heavy ball of fastest worst
    decay, √β per step.

    Theory: equation :eq:`polyak`.

    On quadratics only: with these constants the rule can cycle on smooth strongly convex functions
    (Lessard, Recht & Packard 2016). Source: B. T. Polyak 1964.
    """
    low, high = _range(low, high)
    total = math.sqrt(low) + math.sqrt(high)
    return 4 / total**2, ((math.sqrt(high) - math.sqrt(low)) / total) ** 2


@checked
def polyak_factor(low: float, high: float, horizon: Steps) -> float:
    """β^{T/2}(1 + T(1 + √β)): the factor of Polyak's rule from rest after T steps, attained at h =
    b.

    With x = (1 + β - αh)/2√β the polynomials are β^{T/2}[U_T(x) - √β U_{T-1}(x)], x = -1 at h = b.
    Greater than the best factor by a multiple of T: the constants are best for ever, not for any
    finite horizon.
    """
    root = math.sqrt(polyak(low, high)[1])
    return root ** whole("horizon T", horizon) * (1 + horizon * (1 + root))


@checked
def endless_loss(curvatures: Numbers, learning_rate: float, momentum: float) -> np.ndarray:
    """Σ_{t=0..∞} h P_t(h)² of a constant heavy ball from rest: [(1+β)(1-β)²/α + 2βh]/[(1-β)(2(1+β)
    - αh)], shape as given.

    For small h it is (1-β)/2α, whatever h: over an endless way a flat mode loses slowly but little,
    no more in sum than a steep one. So the constants that are best on average for running loss do
    not tend to Polyak's, which serve the flattest mode. Derivation: the sums of P_t² and P_t
    P_{t+1} from the recurrence. Infinite unless |β| < 1, 0 < αh < 2(1 + β).
    """
    h, alpha, beta = (
        np.asarray(curvatures, dtype=float),
        number("α", learning_rate),
        number("β", momentum),
    )
    stable = (abs(beta) < 1) & (alpha * h > 0) & (alpha * h < 2 * (1 + beta))
    if not np.any(stable):
        return np.full(h.shape, np.inf)
    total = ((1 + beta) * (1 - beta) ** 2 / alpha + 2 * beta * h) / (
        (1 - beta) * (2 * (1 + beta) - alpha * h)
    )
    return np.where(stable, total, np.inf)


@checked
def polyak_approach(
    low: float,
    high: float,
    at_low: float = 0.0,
    at_high: float = 0.0,
) -> tuple[float, float]:
    """A, B in α_t = α(1 + A/t² + O(1/t³)), β_t = β(1 + B/t² + O(1/t³)): how the best rule for a
    spectrum nears Polyak's.

    For densities (h - a)^{at_low} (b - h)^{at_high} times an analytic positive function on [a, b];
    that function does not matter at this order. Uniform and log-uniform: exponents 0, A = β/4(1 -
    β) and B = (1 + β)/4(1 - β), from above. For exponents ½, ½ both vanish: then the approach is
    exponential, see :func:`marchenko_pastur_rule`.

    Derivation: the recurrence coefficients of such weights are a_t = (a + b)/2 + ℓ(at_low² -
    at_high²)/4t² and
    b_t = ℓ²/4 + ℓ²(1 - 2 at_low² - 2 at_high²)/16t², ℓ = (b - a)/2 (Kuijlaars, McLaughlin, Van
    Assche & Vanlessen 2004), inserted into 1/α_t = a_t - b_t α_{t-1} and β_t = b_t α_t α_{t-1}.
    """
    (alpha, beta), half = polyak(low, high), (high - low) / 2
    diagonal = half * (at_low**2 - at_high**2) / 4
    off = half**2 * (1 - 2 * at_low**2 - 2 * at_high**2) / 16
    rate = alpha * (off * alpha - diagonal) / (1 - beta)
    return rate, 4 * off / half**2 + 2 * rate


@checked
def marchenko_pastur_rule(
    ratio: Positive,
    scale: Positive,
    horizon: Steps,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """α_t (T,), β_t (T,) and E L(θ_t) (T+1,) at E θ_0² = 1, of the best rule for Marchenko-Pastur
    curvatures, closed form.

    h·w is a semicircle, so the best P_t is the kernel polynomial of Chebyshev polynomials of the
    second kind:

        S_t = Σ_{k=0..t} c^{-k}(1 - c^{k+1})²/(1 - c)²,  E L(θ_t) = scale/2S_t,
        α_t = S_t/(c·scale·S_{t+1}) · (1 - c^{t+2})/(1 - c^{t+1}),  β_t = b_t α_t α_{t-1},
        b_t = scale²·c(1 - c^t)(1 - c^{t+2})/(1 - c^{t+1})².

    Polyak's values are α = 1/scale and β = ratio; α_t/α - 1 = -2c(1-c)² t cᵗ + O(cᵗ): exponentially
    near, from below.
    """
    c, t = number("ratio", ratio, low=0, low_open=True), np.arange(whole("horizon T", horizon) + 1)
    if c >= 1:
        raise ProblemError(
            "ratio",
            expected="a number below 1",
            received=f"{c:g}",
            advice="at 1 the spectrum touches zero",
        )
    powers = (1 - c ** (t + 1)) / (1 - c)  # 1 + c + … + cᵗ
    # Σ over k of c^{t-k}(…)², so that nothing overflows: S_t = c^{-t} · scaled
    scaled = np.empty(len(t))
    scaled[0] = 1.0
    for k in range(1, len(t)):
        scaled[k] = c * scaled[k - 1] + powers[k] ** 2
    alpha = scaled[:-1] / scaled[1:] * powers[1:] / powers[:-1] / scale
    beta = np.zeros(horizon)
    beta[1:] = scale**2 * c * powers[:-2] * powers[2:] / powers[1:-1] ** 2 * alpha[1:] * alpha[:-1]
    return alpha, beta, scale / 2 * c**t / scaled


@checked
def chebyshev_factor(low: float, high: float, horizon: Steps) -> float:
    """1/T_T((b + a)/(b - a)): the least worst factor that any first-order rule can have after T
    steps.

    Source: D. M. Young 1953; G. H. Golub & R. S. Varga 1961.
    """
    low, high = _range(low, high)
    return 1 / math.cosh(whole("horizon T", horizon) * math.acosh((high + low) / (high - low)))


@checked
def chebyshev_steps(low: float, high: float, horizon: Steps) -> np.ndarray:
    """(T,), ascending learning rates of gradient descent with the least worst factor, in any order;
    T = 1: 2/(a + b).

    One over the roots of the Chebyshev polynomial on [a, b].
    """
    low, high = _range(low, high)
    angles = (2 * np.arange(1, whole("horizon T", horizon) + 1) - 1) * math.pi / (2 * horizon)
    return 1 / ((high + low) / 2 + (high - low) / 2 * np.cos(angles))


@checked
def chebyshev_heavy_ball(low: float, high: float, horizon: Steps) -> tuple[np.ndarray, np.ndarray]:
    """α_t, β_t (T,), β_0 = 0, of the heavy ball with the least worst factor at every t = 1 … T at
    once.

    α_t = 4/(b - a) · T_t(x)/T_{t+1}(x) (half of that at t = 0), β_t = T_{t-1}(x)/T_{t+1}(x), x = (b
    + a)/(b - a). Nears Polyak's constants like βᵗ. Source: G. H. Golub & R. S. Varga 1961.
    """
    low, high = _range(low, high)
    growth = math.acosh((high + low) / (high - low))
    t = np.arange(whole("horizon T", horizon))
    even = 1 + np.exp(-2 * growth * np.arange(horizon + 1))  # T_t(x) = ½e^{growth·t}·even
    alpha = 4 / (high - low) * math.exp(-growth) * even[t] / even[t + 1]
    alpha[0] /= 2
    beta = np.exp(-2 * growth) * even[np.maximum(t - 1, 0)] / even[t + 1]
    beta[0] = 0.0
    return alpha, beta


@checked
def constant_descent(low: float, high: float) -> tuple[float, float]:
    """2/(a + b) and (b - a)/(b + a): the constant learning rate of least worst factor, and that
    factor per step.

    Best at every horizon among constant ones, on quadratics and on all smooth strongly convex
    functions.
    """
    low, high = _range(low, high)
    return 2 / (low + high), (high - low) / (high + low)


@checked
def silver_steps(low: float, high: float, horizon: Steps) -> tuple[np.ndarray, float]:
    """Silver step sizes (T,), T a power of two, and their factor on functions with curvatures in
    [a, b] at every point.

    z_0 = a/b, then η = 1 - z, y = z/(η + √(1+η²)), z ← z(η + √(1+η²)); steps s ← (s without its
    last, ψ(y), s without its last, ψ(z)), ψ(x) = (1 + xb/a)/(1 + x), over b; factor (1 - z)/(1 +
    z). Iterations grow like (b/a)^{log_{1+√2} 2} = (b/a)^{0.786}, between gradient descent's b/a
    and √(b/a) of Chebyshev's steps on quadratics. Proven for b-smooth, a-strongly convex functions,
    where the factor is tight; on quadratics Chebyshev's steps are better.
    Source: J. M. Altschuler, P. A. Parrilo, *Acceleration by stepsize hedging I*, 2023.
    """
    low, high = _range(low, high)
    if whole("horizon T", horizon) & (horizon - 1):
        raise ProblemError(
            "horizon T",
            expected="a power of two",
            received=f"{horizon}",
            advice="silver steps double; take 1, 2, 4, 8, …",
        )
    z, steps = low / high, [_silver(low / high, low, high)]
    while len(steps) < horizon:
        grown = 1 - z + math.sqrt(1 + (1 - z) ** 2)
        y, z = z / grown, z * grown
        steps = [*steps[:-1], _silver(y, low, high), *steps[:-1], _silver(z, low, high)]
    return np.array(steps) / high, (1 - z) / (1 + z)


@checked
def silver_steps_convex(horizon: Steps, smoothness: Positive = 1.0) -> tuple[np.ndarray, float]:
    """Silver step sizes (T,), T = 2ᵏ - 1, for convex functions with gradients of Lipschitz constant
    L, and a bound.

    Step t = 1 … T is (1 + ρ^{ν-1})/L, ρ = 1 + √2, ν how often 2 divides t; f(θ_T) - f* ≤ L|θ_0 -
    θ*|²/(1 + √(4ρ^{2k} - 3)), an upper bound, not tight. Source: J. M. Altschuler, P. A. Parrilo,
    *Acceleration by stepsize hedging II*, 2023.
    """
    if (whole("horizon T", horizon) + 1) & horizon:
        raise ProblemError(
            "horizon T",
            expected="one less than a power of two",
            received=f"{horizon}",
            advice="take 1, 3, 7, 15, …",
        )
    smoothness, silver = number("smoothness L", smoothness, low=0, low_open=True), 1 + math.sqrt(2)
    steps = [1 + silver ** ((t & -t).bit_length() - 2) for t in range(1, horizon + 1)]
    return np.array(steps) / smoothness, smoothness / (
        1 + math.sqrt(4 * silver ** (2 * horizon.bit_length()) - 3)
    )


def _silver(x: float, low: float, high: float) -> float:
    return (1 + x * high / low) / (1 + x)


def _range(low: float, high: float) -> tuple[float, float]:
    low = number("lowest curvature", low, low=0, low_open=True)
    high = number("highest curvature", high)
    if low >= high:
        raise ProblemError(
            "curvatures",
            expected="0 < low < high",
            received=f"{low:g}, {high:g}",
            advice="with one curvature h the step 1/h ends it",
        )
    return low, high
