"""Learners for tasks that change.

Decay towards the initial weights, shrinking with noise, full resets, and none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..rules.families.coefficient import Coefficient
from ..rules.families.decay import coupled, decoupled
from ..support.arguments import Duration, checked
from ..support.arrays import number
from ..support.errors import ProblemError
from .raw_learner import Bound, RawLearner, check_learner

DURATION = Bound(least=1e-2, most=1e1, unit="t")
THRESHOLD = Bound(least=1e-2, most=1e1)


@checked
@dataclass(frozen=True, kw_only=True)
class NoReset(RawLearner):
    """The wrapped learner as it is: the baseline that never lets go of what it has learned."""

    learner: RawLearner

    formula: ClassVar[str] = "u = u_learner"
    source: ClassVar[str] = "baseline"

    def __post_init__(self):
        check_learner("NoReset learner", self.learner)

    def init(self, episodes: int, dimension: int) -> Any:
        return self.learner.init(episodes, dimension)

    def update(
        self, state: Any, observation: np.ndarray, theta: np.ndarray, step: float
    ) -> tuple[np.ndarray, Any]:
        return self.learner.update(state, observation, theta, step)


@checked
@dataclass(frozen=True, kw_only=True)
class WeightDecay(RawLearner):
    """Pull towards the weights θ₀ at the first update: L2 regularisation, or decoupled decay.

    Coupled (L2): the wrapped learner gets y + w(θ-θ₀), so that momentum averages the pull too.
    ``decoupled``: u = u_learner - w(θ-θ₀), as in AdamW. ``centre`` (n,) replaces θ₀.

    Source: A. Krogh, J. Hertz, *A simple weight decay can improve generalization*, NeurIPS 1991;
    towards initialisation: S. Kumar et al., *Maintaining plasticity in continual learning via
    regenerative regularization*, 2023; decoupled: I. Loshchilov, F. Hutter, ICLR 2019.
    """

    learner: RawLearner
    decay: float
    decoupled: bool = False
    centre: tuple[float, ...] | None = None

    formula: ClassVar[str] = "y → y + w(θ-θ₀), or u = u_learner - w(θ-θ₀)"
    source: ClassVar[str] = "Krogh & Hertz 1991; Kumar et al. 2023; Loshchilov & Hutter 2019"
    bounds: ClassVar[dict] = {"decay": Bound(least=1e-4, most=1e2, unit="1/t")}

    def __post_init__(self):
        super().__post_init__()
        check_learner("WeightDecay learner", self.learner)

    def init(self, episodes: int, dimension: int) -> tuple[Any, np.ndarray | None]:
        centre = None
        if self.centre is not None:
            centre = np.array(self.centre, dtype=float).reshape(1, dimension)
        return self.learner.init(episodes, dimension), centre

    def update(
        self, state: tuple, observation: np.ndarray, theta: np.ndarray, step: float
    ) -> tuple[np.ndarray, tuple]:
        inner, centre = state
        centre = theta.copy() if centre is None else centre
        displacement = theta - centre
        if self.decoupled:
            u, inner = self.learner.update(inner, observation, theta, step)
            return decoupled(u, self.decay, displacement), (inner, centre)
        pulled = coupled(observation, self.decay, displacement)
        u, inner = self.learner.update(inner, pulled, theta, step)
        return u, (inner, centre)


@checked
@dataclass(frozen=True, kw_only=True)
class SwitchLearner(RawLearner):
    """Base of learners that act when the task switches.

    Told of it, or inferring it from surprising gradients.

    A jump of the weights within a step has an effort that grows as 1/step. Here a jump D is spread
    evenly over ``duration`` (effort |D|²/2η·duration), during which the wrapped learner, started
    afresh, watches but does not move.

    Inference, with ``threshold`` instead of ``told``: a switch is called where the averaged
    gradient has grown beyond its noise, Σm² - Σm̄² > threshold·Σv, with averages m over ``window``
    steps and m̄ over three windows, and v the mean square of y - m over up to 20 windows. The
    averages m start afresh after a jump and are used after three windows. Noise alone gives Σm²/Σv
    ≈ 1/(2·window), so that thresholds far above that give no false alarms.
    """

    learner: RawLearner
    duration: Duration
    told: bool = True
    threshold: float | None = None
    window: float = 10.0

    def __post_init__(self):
        check_learner(f"{type(self).__name__} learner", self.learner)
        if self.told != (self.threshold is None):
            raise ProblemError(
                f"{type(self).__name__}",
                expected="told=True, or told=False with a threshold",
                received=f"told={self.told}, threshold={self.threshold}",
                advice=(
                    "a learner is either told of switches or infers them from surprising gradients"
                ),
            )
        super().__post_init__()
        object.__setattr__(self, "window", number("window", self.window, low=1))

    @property
    def own_bounds(self) -> Mapping[str, Coefficient]:
        return self.bounds if self.told else {**self.bounds, "threshold": THRESHOLD}

    @property
    def told_of_switches(self) -> bool:
        return self.told

    def init(
        self, episodes: int, dimension: int, rng: np.random.Generator | None = None
    ) -> dict[str, Any]:
        zero, none = np.zeros((episodes, dimension)), np.zeros(episodes)
        fresh = _per_episode(self.learner.init(episodes, dimension), episodes)
        return {
            # of the wrapped learner: its state now, and the one it starts afresh with
            "inner": fresh,
            "fresh": fresh,
            "centre": None,
            # of a jump: its velocity, and the time that is left of it
            "jump": zero,
            "left": none,
            "rng": rng,
            # of the inference: averages, steps since they began, steps that the noise was seen
            "fast": zero,
            "medium": zero,
            "noise": zero,
            "count": none,
            "seen": none,
        }

    def displacement(
        self, theta: np.ndarray, centre: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """The jump D (E, n) from θ that follows a switch."""
        raise NotImplementedError

    def update(
        self,
        state: dict[str, Any],
        observation: np.ndarray,
        theta: np.ndarray,
        step: float,
        switched: np.ndarray | None = None,
    ) -> tuple[np.ndarray, dict[str, Any]]:
        state = dict(state)
        state["centre"] = theta.copy() if state["centre"] is None else state["centre"]
        switched = self._infer(state, observation) if switched is None else switched
        u, inner = self.learner.update(state["inner"], observation, theta, step)
        duration = max(self.duration, step)
        if switched.any():
            jump = self.displacement(theta, state["centre"], state["rng"]) / duration
            state["jump"] = np.where(switched[:, None], jump, state["jump"])
        left = np.where(switched, duration, state["left"])
        # the last step of a jump may be a part of one
        share = np.minimum(left / step, 1.0)[:, None]
        moving = left > 0
        # what rounding leaves of the last step is no step
        state["left"] = np.where(left > (1 + 1e-9) * step, left - step, 0.0)
        state["count"] = np.where(moving, 0.0, state["count"])
        state["inner"] = _where(moving, state["fresh"], inner)
        return np.where(moving[:, None], share * state["jump"], u), state

    def _infer(self, state: dict[str, Any], observation: np.ndarray) -> np.ndarray:
        """Which episodes look as if their task has switched; moves the averages in ``state``."""
        # after a jump the averages begin with the first observation
        first = state["count"][:, None] == 0
        fast = np.where(first, observation, state["fast"])
        medium = np.where(first, observation, state["medium"])
        surprise = observation - fast
        seen = state["seen"] + ~first[:, 0]
        share = np.where(first, 0.0, 1 / np.clip(seen, 1.0, 20 * self.window)[:, None])
        state["noise"] = noise = state["noise"] + share * (surprise**2 - state["noise"])
        state["fast"] = fast = fast + surprise / self.window
        state["medium"] = medium = medium + (observation - medium) / (3 * self.window)
        state["seen"], state["count"] = seen, state["count"] + 1
        growth = (fast**2).sum(1) - (medium**2).sum(1)
        grown = growth > self.threshold * noise.sum(1)
        return grown & (state["count"] > 3 * self.window) & (state["left"] <= 0)


@checked
@dataclass(frozen=True, kw_only=True)
class FullResetAtSwitches(SwitchLearner):
    """After each switch the weights go back to θ₀, those of the first update.

    The wrapped learner starts afresh.
    """

    formula: ClassVar[str] = "at a switch θ → θ₀, learner state → fresh"
    source: ClassVar[str] = (
        "restart; compare Nikishin et al., The primacy bias in deep reinforcement learning, ICML"
        " 2022"
    )
    bounds: ClassVar[dict] = {"duration": DURATION}

    def displacement(
        self, theta: np.ndarray, centre: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        return centre - theta


@checked
@dataclass(frozen=True, kw_only=True)
class ShrinkAndPerturb(SwitchLearner):
    """After each switch θ → λθ + p·N(0, I), and the learner starts afresh.

    λ = ``shrink`` in [0, 1] and p = ``perturb``.

    Source: J. T. Ash, R. P. Adams, *On warm-starting neural network training*, NeurIPS 2020, where
    it is applied when new data arrive.
    """

    shrink: float
    perturb: float = 0.0

    formula: ClassVar[str] = "at a switch θ → λθ + p ξ"
    source: ClassVar[str] = "Ash & Adams 2020"
    bounds: ClassVar[dict] = {
        "duration": DURATION,
        "shrink": Bound(least=0.0, most=1.0, scale="linear", high=1.0),
        "perturb": Bound(least=0.0, most=2.0, scale="linear", unit="θ"),
    }
    draws: ClassVar[bool] = True

    def displacement(
        self, theta: np.ndarray, centre: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        return (self.shrink - 1.0) * theta + self.perturb * rng.standard_normal(theta.shape)


def _per_episode(state: Any, episodes: int) -> Any:
    """The state of a wrapped learner, so that each episode can restart.

    Its counters and shared gains become arrays (E, 1).
    """
    if isinstance(state, dict):
        return {name: _per_episode(value, episodes) for name, value in state.items()}
    if isinstance(state, tuple):
        return tuple(_per_episode(value, episodes) for value in state)
    if isinstance(state, (int, float)):
        return np.full((episodes, 1), float(state))
    return state


def _where(mask: np.ndarray, fresh: Any, state: Any) -> Any:
    """The state of a wrapped learner, made fresh in the episodes of the mask.

    What is fresh only at first use stays.
    """
    if fresh is None:
        return state
    if isinstance(state, dict):
        return {name: _where(mask, fresh[name], value) for name, value in state.items()}
    if isinstance(state, tuple):
        return tuple(_where(mask, a, b) for a, b in zip(fresh, state, strict=True))
    if not isinstance(state, np.ndarray) or state.shape[:1] != mask.shape:
        return state  # shared by all episodes
    mask = mask.reshape(-1, *[1] * (state.ndim - 1))
    return np.where(mask, fresh, state)
