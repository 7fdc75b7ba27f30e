"""The least cost that a plan can have which leaves a box: an explicit bound, no grid and no solver."""

import math
from dataclasses import dataclass

import casadi as ca
import numpy as np

from ....model.objective import Objective
from ....model.problem import ControlProblem
from ....support.arguments import AnyNumber, Matrix, checked
from ..fields import largest_mobility
from .intervals import IntervalFunction

_SLICES, _ACROSS = {1: 512, 2: 64}, 32  # cells between start and wall, and along the other axis
_TIMES = 4001


@checked
@dataclass(frozen=True, kw_only=True)
class Leaving:
    """No plan that leaves the box costs less than ``cost``.

    The bound is least for leaving by ``wall`` at ``time``.
    """

    cost: AnyNumber
    time: AnyNumber
    wall: str


@checked
def least_cost_of_leaving(
    problem: ControlProblem,
    box: Matrix,
    *,
    inside: AnyNumber,
    anywhere: AnyNumber,
    terminal: AnyNumber,
) -> Leaving:
    """A lower bound of the cost of every plan that leaves ``box`` (n, 2).

    Given lower bounds of L and κΦ.

    A plan that first reaches the wall θ_i = c at time t has paid, with x = |θ_i - θ_i(0)| and w =
    (Bu)_i,

        ∫₀ᵗ e^{-γτ} uᵀGu/2η dτ  ≥  ∫₀ᵗ e^{-γτ} w²/(2ηm) dτ,      m ≥ (BG⁻¹Bᵀ)_ii,

    by the Cauchy-Schwarz inequality w² ≤ (BG⁻¹Bᵀ)_ii uᵀGu. In the length y = ∫dx/√m the wall is at
    y = Y, and ẏ ≤ |w|/√m + a + by, where a + by bounds the drift f_i/√m towards the wall: in the
    whole box, or with a ≥ 0 between start and wall only (then from the last time at y = 0 on, which
    leaves less time). Hence Y - a(e^{bt}-1)/b ≤ ∫₀ᵗ e^{b(t-τ)} |w|/√m dτ, and by the Cauchy-Schwarz
    inequality once more

        effort  ≥  (Y - a(e^{bt}-1)/b)₊² / (2η ∫₀ᵗ e^{γτ+2b(t-τ)} dτ),

    which without drift is Y²γ/(2η(e^{γt}-1)), and Y²/2ηt at γ = 0. The loss adds k·inside until t
    and k·anywhere from then on (the plan may come back), and the end e^{-γT}·terminal. The sum is
    minimised over 0 < t ≤ T: the loss and the integral under the fraction rise with t and the rest
    is monotone, so that their values at the ends of every interval of a fine mesh bound it. m, a
    and Y come from interval arithmetic over slices of the box.

    Parameters
    ----------
    inside, anywhere : lower bounds of L in the box and in all of Rⁿ
    terminal : lower bound of κΦ at the end

    Returns
    -------
    Leaving, with cost -∞ where nothing is known, ∞ where the box cannot be left in time
    """
    objective = problem.objective
    least = Leaving(cost=math.inf, time=math.nan, wall="none")
    for axis in range(problem.dimension):
        for side in (0, 1):
            walk = _Walk.to_wall(problem, box, axis, side)
            cost, time = _least(walk, objective, inside, min(anywhere, inside), terminal)
            if not cost >= least.cost:
                least = Leaving(cost=cost, time=time, wall=f"θ{axis + 1} = {box[axis, side]:.4g}")
    return least


@dataclass(frozen=True, kw_only=True)
class _Walk:
    """From the start to one wall: the length Y, and pairs (a, b) with ẏ ≤ |w|/√m + a + by."""

    length: float
    drifts: tuple[tuple[float, float], ...]

    @classmethod
    def to_wall(cls, problem: ControlProblem, box: np.ndarray, axis: int, side: int) -> "_Walk":
        """To the lower (side 0) or the upper (side 1) wall of an axis."""
        start, wall, sign = problem.start[axis], box[axis, side], 2 * side - 1
        count = _SLICES[problem.dimension]
        behind = np.linspace(box[axis, 1 - side], start, count + 1)
        edges = np.append(behind, np.linspace(start, wall, count + 1)[1:])
        mobility, drift = _bounds(problem, box, axis, sign, edges)
        # a direction that cannot be pushed still gets a finite length
        speeds = np.sqrt(np.maximum(mobility, 1e-12 * largest_mobility(problem)))
        length = np.append(0.0, np.cumsum(np.abs(np.diff(edges)) / speeds))
        length, flow = length - length[count], drift / speeds  # y = 0 at the start
        flow_ahead, length_ahead = flow[count:], length[count:]
        drifts = []
        for b in _slopes(flow_ahead, length_ahead):
            drifts.append((max(_offset(flow_ahead, length_ahead, b), 0.0), b))
            drifts.append((_offset(flow, length, b), b))
        return cls(length=float(length[-1]), drifts=tuple(drifts))

    def effort(self, early: np.ndarray, late: np.ndarray, objective: Objective) -> np.ndarray:
        """The least effort to reach the wall between ``early`` and ``late``, for every pair."""
        with np.errstate(all="ignore"):
            efforts = [self._effort(early, late, objective, *pair) for pair in self.drifts]
        return np.max(np.nan_to_num(efforts, nan=0.0, posinf=np.inf), axis=0)

    def _effort(
        self, early: np.ndarray, late: np.ndarray, objective: Objective, a: float, b: float
    ) -> np.ndarray:
        """What is left to push changes in one direction with time, the denominator grows."""
        carried: float | np.ndarray = 0.0  # by the drift: a(e^{bt} - 1)/b
        if a != 0:
            carried = np.maximum(a * _growth(b, early), a * _growth(b, late))
        pushed = np.maximum(self.length - carried, 0.0)
        # ∫₀ᵗ e^{γτ+2b(t-τ)} dτ
        stretch = np.exp(2 * b * late) * _growth(objective.discount - 2 * b, late)
        return pushed**2 / (2 * objective.learning_rate * stretch)


def _bounds(problem, box, axis, sign, edges):
    """Upper bounds of (BG⁻¹Bᵀ)_ii and of the drift towards the wall.

    On every slice of the box along one axis.
    """
    ends = np.sort([edges[:-1], edges[1:]], axis=0)
    if problem.dimension == 1:
        low, high = ends[0][:, None], ends[1][:, None]
    else:
        across = np.linspace(*box[1 - axis], _ACROSS + 1)
        low, high = (
            np.stack(np.meshgrid(along, other, indexing="ij"), axis=-1).reshape(-1, 2)
            for along, other in zip(ends, (across[:-1], across[1:]), strict=True)
        )
        if axis == 1:
            low, high = low[:, ::-1], high[:, ::-1]
    theta = ca.SX.sym("theta", problem.dimension)
    moved = _mobility(problem.model, theta)[axis, axis]
    drift = sign * problem.model.drift_at(theta)[axis]
    along = ca.Function("along", [theta], [ca.vertcat(moved, drift)])
    _, upper = IntervalFunction(along)(low, high)
    mobility, drift = upper.T.reshape(2, len(edges) - 1, -1).max(axis=2)
    return mobility, drift


def _mobility(model, theta):
    """BG⁻¹Bᵀ as an expression."""
    actuation = model.actuation_at(theta)
    return actuation @ ca.solve(model.metric_at(theta), actuation.T)


def _slopes(flow, length):
    """Candidates for b; every one gives a bound that holds."""
    if not np.isfinite(flow).all() or not flow.any():
        return (0.0,)
    whole = (flow[-1] - flow[0]) / length[-1]
    steps = np.zeros(1)
    if len(flow) > 1:
        steps = np.diff(flow) / np.diff((length[1:] + length[:-1]) / 2)
    return tuple({0.0, float(whole), float(steps.min()), float(steps.max())})


def _offset(flow, length, b):
    """The least a with flow ≤ a + b·y on every slice."""
    ends = length[:-1] if b > 0 else length[1:]
    return float(np.max(flow - b * ends))


def _growth(rate, times):
    """∫₀ᵗ e^{rate·τ} dτ."""
    exponent = rate * times
    nonzero = np.where(exponent == 0, 1.0, exponent)
    return times * np.where(exponent == 0, 1.0, np.expm1(exponent) / nonzero)


def _least(walk, objective, inside, afterwards, terminal):
    """(least bound, time) over the times of leaving."""
    times = _times(walk, objective)
    early, late = times[:-1], times[1:]
    effort = walk.effort(early, np.minimum(late, 1e300), objective)
    effort = np.where(np.isinf(late), 0.0, effort)
    loss = loss_until(objective, early, inside, afterwards)
    bound = effort + loss + end_cost(objective, terminal)
    bound = np.where(np.isnan(bound), -np.inf, bound)  # ∞ - ∞: nothing is known
    place = int(np.argmin(bound))
    return float(bound[place]), float(late[place])


def _times(walk, objective):
    """A mesh from 0 to T; an infinite horizon has an infinite last interval."""
    if math.isfinite(objective.horizon):
        return np.append(0.0, np.geomspace(1e-9 * objective.horizon, objective.horizon, _TIMES))
    unit = walk.length / math.sqrt(objective.learning_rate)
    if objective.discount > 0:
        unit = 1 / objective.discount
    return np.concatenate([[0.0], np.geomspace(1e-9 * unit, 1e9 * unit, _TIMES), [np.inf]])


def loss_until(
    objective: Objective, times: np.ndarray, inside: float, afterwards: float
) -> np.ndarray:
    """k[inside (1 - e^{-γt}) + afterwards (e^{-γt} - e^{-γT})]/γ.

    A lower bound of zero counts as zero for ever.
    """
    if objective.loss_weight == 0:
        return np.zeros(np.shape(times))
    early = discounted(objective, 0.0, times)
    late = discounted(objective, times, objective.horizon)
    with np.errstate(invalid="ignore"):
        parts = [
            np.where(level == 0, 0.0, level * span)
            for level, span in ((inside, early), (afterwards, late))
        ]
    return objective.loss_weight * (parts[0] + parts[1])


def discounted(
    objective: Objective, begin: float | np.ndarray, end: float | np.ndarray
) -> np.ndarray:
    """∫ e^{-γτ} dτ from ``begin`` to ``end``."""
    gamma = objective.discount
    with np.errstate(invalid="ignore"):
        span = np.subtract(end, begin)
        span = np.where(np.isnan(span), 0.0, span)
        if gamma == 0:
            return span
        return np.exp(-gamma * np.asarray(begin)) * -np.expm1(-gamma * span) / gamma


def end_cost(objective: Objective, terminal: float) -> float:
    """e^{-γT}·κΦ, zero for an infinite horizon."""
    if math.isinf(objective.horizon):
        return 0.0
    return math.exp(-objective.discount * objective.horizon) * terminal
