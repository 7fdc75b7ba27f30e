"""Adam's family on random quadratics by plain NumPy: the independent program of the exponent study.

It shares no code with the policy programs. Curvatures stand at the nodes of a Gauss-Legendre rule in
log h, so that only the noise is drawn; one draw is a path for every curvature. The same draws serve
every set of coefficients that is compared.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Batch = Callable[[np.ndarray], np.ndarray]  # coefficients (C, c) -> costs of every draw (C, N)
NAMES = ("log rate", "exponent", "lag", "schedule")  # lag = -log(1 - β₁)
SCALES = ("own", "noise alone", "expected", "known", "noise of others")
_STEPS = np.array([2e-3, 1e-3, 2e-3, 1e-3])  # of finite differences; the costs are smooth


@dataclass(frozen=True, kw_only=True)
class Task:
    """Quadratics L = ½hθ², h log-uniform on [low, high], noise of variance σ²h per gradient.

    Cost Σ_{t=1..T} e^{-γt} L(θ_t) + e^{-γT} L(θ_T) + Σ e^{-γ(t-1)} |Δθ_t|²/2η; without ``running``
    only the loss at the end. θ_0 = 1, or N(0, 1) with ``random_start``.
    """

    horizon: int
    noise: float
    discount: float = 0.0
    price: float = 0.05
    low: float = 0.01
    high: float = 1.0
    running: bool = True
    random_start: bool = False

    def spectrum(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """(curvatures, weights), both (count,)."""
        places, weights = np.polynomial.legendre.leggauss(count)
        middle, half = np.log(self.high * self.low) / 2, np.log(self.high / self.low) / 2
        return np.exp(middle + half * places), weights / 2


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Δθ_t = -α n_t^{-s} m̂_t/V_t^p with n_t = Σ_{i<t} β₂ⁱ, which is t for β₂ = 1.

    V = v̂ = Σβ₂^{t-i}y_i²/n_t where ``scale`` is "own". The others tell apart what v̂ is made of:
      noise alone  σ²h·v̂/E[v̂ | h]: its noise, without its bias
      expected     E[v̂ | h]: its bias, without its noise
      known        σ²h: neither
      noise of others  σ²h·ṽ/E[ṽ | h], ṽ from the noises of the next draw: as noisy, but not shared
                   with the gradients that are averaged
    Expectations are means over the draws of one curvature. ``corrected=False`` puts m in place of
    m̂. ``tied`` sets s = p: v̂ without bias correction is (1-β₂)n_t v̂, so that v^{-p} is
    n_t^{-p} v̂^{-p} times a constant.
    """

    scale: str = "own"
    corrected: bool = True
    tied: bool = False
    beta2: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """Best coefficients (c,) in the order of NAMES, their standard errors, cost and curvature.

    ``influence`` (N, c): what every draw contributes to them; means of it over the draws have the
    errors of the coefficients, so that differences of rules on common draws have theirs.
    """

    coefficients: np.ndarray
    errors: np.ndarray
    cost: float
    influence: np.ndarray
    settled: bool

    @property
    def exponent(self) -> float:
        return float(self.coefficients[1])

    @property
    def exponent_error(self) -> float:
        return float(self.errors[1])

    def interval(self, z: float = 1.96) -> tuple[float, float]:
        """Of the exponent."""
        return self.exponent - z * self.exponent_error, self.exponent + z * self.exponent_error


def difference(one: Found, other: Found, name: str = "exponent") -> tuple[float, float]:
    """(one less other, its standard error) of a coefficient, both on the same draws."""
    at = NAMES.index(name)
    apart = one.influence[:, at] - other.influence[:, at]
    error = apart.std(ddof=1) / math.sqrt(len(apart)) if len(apart) > 1 else 0.0
    return float(one.coefficients[at] - other.coefficients[at]), float(error)


@dataclass(frozen=True, kw_only=True, eq=False)
class Simulator:
    """A task with its draws: noises (T, K, N) and starts (K, N)."""

    task: Task
    curvatures: np.ndarray
    weights: np.ndarray
    noises: np.ndarray
    starts: np.ndarray

    @classmethod
    def drawn(cls, task: Task, *, draws: int, seed: int, curvatures: int = 16) -> "Simulator":
        """Noises from NumPy's default generator; without noise and random start draws = 1 is exact."""
        rng = np.random.default_rng(seed)
        h, weights = task.spectrum(curvatures)
        noises = rng.standard_normal((task.horizon, curvatures, draws))
        starts = np.ones((curvatures, draws))
        if task.random_start:
            starts = rng.standard_normal((curvatures, draws))
        return cls(task=task, curvatures=h, weights=weights, noises=noises, starts=starts)

    def costs(self, coefficients: np.ndarray, rule: Rule) -> np.ndarray:
        """Cost (C, N) of coefficients (C, 4) on every draw, averaged over the spectrum."""
        task, h = self.task, self.curvatures[None, :, None]
        log_rate, exponent, lag, schedule = (column[:, None, None] for column in coefficients.T)
        beta1, schedule = -np.expm1(-lag), exponent if rule.tied else schedule
        theta = np.repeat(self.starts[None], len(coefficients), axis=0)
        mean, squares, count = np.zeros_like(theta), np.zeros_like(theta), 0.0
        total = np.zeros_like(theta)
        for step in range(1, task.horizon + 1):
            seen = h * theta + task.noise * np.sqrt(h) * self.noises[step - 1]
            mean = beta1 * mean + (1 - beta1) * seen
            squared = self._squared(step, h * theta, seen, rule.scale)
            squares, count = rule.beta2 * squares + squared, rule.beta2 * count + 1
            scale = self._scale(squares / count, rule.scale)
            log_gain = log_rate - schedule * math.log(count) - exponent * np.log(scale)
            move = np.exp(log_gain) * mean
            if rule.corrected:
                move = move / (1 - beta1**step)
            theta = theta - move
            total += self._paid(step, theta, move)
        return np.einsum("ckn,k->cn", total, self.weights)

    def _squared(self, step: int, slope: np.ndarray, seen: np.ndarray, which: str) -> np.ndarray:
        """What v̂ averages at a step, (C, K, N)."""
        if which != "noise of others":
            return seen**2
        others = np.roll(self.noises[step - 1], 1, axis=1)
        return (slope + self.task.noise * np.sqrt(self.curvatures[None, :, None]) * others) ** 2

    def _scale(self, own: np.ndarray, which: str) -> np.ndarray:
        """V of the rule from v̂ (C, K, N)."""
        h = self.curvatures[None, :, None]
        unbiased = self.task.noise**2 * h if self.task.noise else h
        if which == "own":
            return own
        if which == "known":
            return np.broadcast_to(unbiased, own.shape)
        expected = own.mean(axis=2, keepdims=True)
        if which == "expected":
            return np.broadcast_to(expected, own.shape)
        return unbiased * own / expected

    def _paid(self, step: int, theta: np.ndarray, move: np.ndarray) -> np.ndarray:
        task, last = self.task, step == self.task.horizon
        loss = self.curvatures[None, :, None] * theta**2 / 2
        times = float(task.running) + float(last)
        fade = math.exp(-task.discount * step)
        effort = math.exp(-task.discount * (step - 1)) * move**2 / (2 * task.price)
        return fade * times * loss + effort

    def best(self, begin, rule: Rule | None = None, free=NAMES[:3]) -> Found:
        """The coefficients of least mean cost near ``begin`` (4,), those named in ``free`` free."""
        rule = rule or Rule()
        at = [NAMES.index(name) for name in free]
        return newton(lambda tried: self.costs(tried, rule), np.asarray(begin, dtype=float), at)


def newton(costs: Batch, begin: np.ndarray, at: list[int], rounds: int = 30) -> Found:
    """The least of log mean cost over the entries ``at``, by Newton's method in differences."""
    point, settled = begin.copy(), False
    for _ in range(rounds):
        slopes, hessian, per_draw = derivatives(costs, point, at)
        step = np.zeros_like(point)
        step[at] = -np.linalg.solve(_positive(hessian), slopes.mean(axis=1))
        step *= min(1.0, 0.4 / np.abs(step).max())
        settled = bool(np.abs(step).max() < 1e-4)  # errors of estimates are 1e-3
        if settled:
            break
        point = point + _shortened(costs, point, step, per_draw.mean())
    influence = np.zeros((per_draw.size, len(begin)))
    # of the estimate that solves "mean slope = 0": -H⁻¹ times the slope of one draw
    influence[:, at] = -np.linalg.solve(_positive(hessian), slopes).T
    errors = np.zeros(len(begin))
    if per_draw.size > 1:
        errors = influence.std(axis=0, ddof=1) / math.sqrt(per_draw.size)
    cost = float(per_draw.mean())
    return Found(coefficients=point, errors=errors, cost=cost, influence=influence, settled=settled)


def derivatives(costs: Batch, point: np.ndarray, at: list[int]):
    """(slopes (c, N) of every draw over the mean cost, Hessian (c, c) of log mean, costs (N,))."""
    size, width = len(at), _STEPS[at]
    moves = [sign * np.eye(size)[i] for i in range(size) for sign in (1, -1)]
    pairs = [(i, j) for i in range(size) for j in range(i)]
    moves += [sign * (np.eye(size)[i] + np.eye(size)[j]) for i, j in pairs for sign in (1, -1)]
    tried = np.tile(point, (len(moves) + 1, 1))
    tried[1:, at] += width * np.array(moves)
    found = costs(tried)
    centre, around = found[0], np.log(found[1:].mean(axis=1)) - math.log(found[0].mean())
    slopes = (found[1 : 2 * size : 2] - found[2 : 2 * size + 1 : 2]) / (2 * width[:, None])
    second = around[::2] + around[1::2]  # along each move, times the squared step
    hessian = np.diag(second[:size])
    for (i, j), along in zip(pairs, second[size:], strict=True):
        hessian[i, j] = hessian[j, i] = (along - second[i] - second[j]) / 2
    return slopes / centre.mean(), hessian / np.outer(width, width), centre


def _positive(hessian: np.ndarray) -> np.ndarray:
    """The same with eigenvalues made positive: a direction of descent away from the minimum."""
    values, vectors = np.linalg.eigh(hessian)
    return (vectors * np.maximum(np.abs(values), 1e-4)) @ vectors.T


def _shortened(costs: Batch, point: np.ndarray, step: np.ndarray, before: float) -> np.ndarray:
    """The step, or as much of it as lowers the cost."""
    sizes = 0.5 ** np.arange(6)
    with np.errstate(over="ignore", invalid="ignore"):
        after = np.nan_to_num(costs(point + sizes[:1, None] * step).mean(axis=1), nan=np.inf)
    if after[0] <= before * (1 + 1e-9):  # as far as differences know the slope
        return step
    with np.errstate(over="ignore", invalid="ignore"):
        after = costs(point + sizes[1:, None] * step).mean(axis=1)
    return sizes[1 + int(np.argmin(np.nan_to_num(after, nan=np.inf)))] * step
