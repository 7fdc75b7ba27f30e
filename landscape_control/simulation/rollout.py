"""What a simulation returns, and the difference of two of them on the same random numbers."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..model.objective import Objective
from ..support.arguments import AnyNumber, Entries, checked
from ..support.drawable import drawn_by
from ..support.errors import ProblemError
from ..support.results import Result
from ..support.short_repr import short_repr

if TYPE_CHECKING:
    from ..model.problem import ControlProblem as _ControlProblem

    ControlProblem = _ControlProblem | None
else:
    ControlProblem = object  # what a rollout is made with is kept as it is


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Paths:
    """Paths of the first S episodes; N steps.

    Attributes
    ----------
    times : (N+1,)
    parameters : (S, N+1, n), θ
    controls : (S, N, m), u held from times[k] to times[k+1]
    hidden : (S, N+1, p), φ; p = 0 where nothing is hidden
    observations : (S, N, q), y seen at times[k], before u; q = 0 where nothing is seen
    belief_means, belief_variances : (S, N, p), the belief that u was chosen on, or None
    """

    times: Entries
    parameters: Entries
    controls: Entries
    hidden: Entries
    observations: Entries
    belief_means: Entries | None = None
    belief_variances: Entries | None = None

    __repr__ = short_repr


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Rollout(Result):
    """Costs of E episodes of one policy on the true hidden landscape.

    Attributes
    ----------
    losses, efforts, terminals : (E,), ∫e^{-γt}kL dt, ∫e^{-γt}uᵀGu/2η dt and e^{-γT}κΦ of each
        episode
    costs : (E,), their sum; infinite in diverged episodes
    final : (E, n), θ at the end, or what a rule answers with that averages its iterates
    diverged : (D,), numbers of the episodes in which θ or the cost became infinite or undefined
    diverged_by : float or None, the time at which the first divergence was noticed
    remainder : float, discounted cost after the horizon of a T = ∞ problem: e^{-γH}/γ times the
        largest mean running cost in the last tenth of [0, H], a bound if the mean running cost does
        not rise after H; 0 at finite T
    step, horizon : Δt and the end of the simulated time
    seed, episodes, draws_per_step : what fixes the random numbers
    policy : name of what was simulated
    assumes : str, what the filter assumes, "" without a filter
    paths : Paths or None
    """

    losses: Entries
    efforts: Entries
    terminals: Entries
    costs: Entries
    final: Entries
    diverged: Entries
    diverged_by: AnyNumber | None
    remainder: AnyNumber
    step: AnyNumber
    horizon: AnyNumber
    seed: int
    episodes: int
    draws_per_step: int
    policy: str
    assumes: str = ""
    paths: Paths | None = None
    problem: ControlProblem = field(repr=False, default=None)

    plot = drawn_by("plot_rollout")

    @property
    def cost(self) -> float:
        """Mean cost over the episodes; infinite if one of them diverged."""
        return float(self.costs.mean())

    @property
    def standard_error(self) -> float:
        """Standard deviation of the costs over √E.

        Infinite if an episode diverged, NaN for one episode.
        """
        return _standard_error(self.costs)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.summary()})"

    @property
    def cost_words(self) -> str:
        """J in words: the mean with its standard error, that of one episode, or why it is ∞."""
        if len(self.diverged):
            return (
                f"J = ∞ ({len(self.diverged)} of {self.episodes} diverged by"
                f" t = {self.diverged_by:.4g})"
            )
        if self.episodes == 1:
            return f"J = {self.cost:.6g} (one episode)"
        error = f"standard error of {self.episodes} episodes"
        return f"mean J = {self.cost:.6g} ± {self.standard_error:.2g} ({error})"

    @checked
    def summary(self) -> str:
        """One line: cost with standard error, its parts, and how it was obtained."""
        late = f", after the horizon up to {self.remainder:.3g}" if self.remainder else ""
        parts = ""
        if not len(self.diverged):
            parts = (
                f" = loss {self.losses.mean():.4g} + effort {self.efforts.mean():.4g} + terminal"
                f" {self.terminals.mean():.4g}{late}"
            )
        return f"{self.policy}: {self.cost_words}{parts}; step {self.step:.4g}, seed {self.seed}"

    def __getstate__(self):
        """Plain arrays only: the problem's functions stay behind.

        A rollout from a pickle cannot be paired.
        """
        return {**self.__dict__, "problem": None}


@checked
def paired_difference(a: Rollout, b: Rollout) -> tuple[float, float]:
    """(mean, standard error) of a.costs - b.costs, episode by episode on common random numbers.

    Rollouts may differ in the policy, in what the learner can do and see, and in the step if the
    random draws are on the same grid (step / draws_per_step). They must agree in seed, episodes,
    horizon, hidden variables and objective.

    Raises
    ------
    ProblemError
        Rollouts that do not share their random numbers or are not costs of the same objective.
    """
    for what, first, second in _must_agree(a, b):
        if first != second:
            raise ProblemError(
                f"paired difference: {what}",
                expected="the same in both",
                received=f"{first} and {second}",
                advice=(
                    "simulate both policies on the same problem with the same seed, episodes and"
                    " step"
                ),
            )
    if len(a.diverged) or len(b.diverged):
        raise ProblemError(
            "paired difference",
            expected="rollouts that stayed finite",
            received=f"{len(a.diverged)} and {len(b.diverged)} diverged episodes",
            advice=(
                "a policy that diverges has no finite regret; use a smaller step or calmer"
                " coefficients"
            ),
        )
    difference = a.costs - b.costs
    return float(difference.mean()), _standard_error(difference)


def _must_agree(a: Rollout, b: Rollout) -> Iterator[tuple[str, object, object]]:
    """(what it is, its value in a, in b) of all that common random numbers rest on."""
    yield "seed", a.seed, b.seed
    yield "episodes", a.episodes, b.episodes
    yield "horizon", a.horizon, b.horizon
    yield "grid of random draws", _draw_step(a), _draw_step(b)
    if a.problem is None or b.problem is None:
        # two forgotten problems may be different ones, so that they never agree
        both = a.problem is None and b.problem is None
        yield "problem", "forgotten in a pickle", "forgotten there too" if both else "known"
        return
    yield "hidden variables", _Law(a.problem.landscape.hidden), _Law(b.problem.landscape.hidden)
    first, second = a.problem.objective, b.problem.objective
    for own in fields(Objective):
        if own.name != "horizon":
            yield f"objective.{own.name}", getattr(first, own.name), getattr(second, own.name)


class _Law:
    """A hidden process, equal to another of the same kind with the same numbers: that of a rollout
    from a file is another object.
    """

    def __init__(self, hidden: object):
        self.hidden = hidden

    def __eq__(self, other: object) -> bool:
        assert isinstance(other, _Law)
        one, two = self.hidden, other.hidden
        if one is two or type(one) is not type(two) or not is_dataclass(one):
            return one is two
        pairs = [(getattr(one, each.name), getattr(two, each.name)) for each in fields(one)]
        return all(_alike(first, second) for first, second in pairs)

    def __repr__(self) -> str:
        return repr(self.hidden)


def _alike(first: object, second: object) -> bool:
    """Whether two fields of hidden processes hold the same numbers, or the very same function."""
    numbers = all(isinstance(value, np.ndarray | float | int) for value in (first, second))
    return np.array_equal(np.asarray(first), np.asarray(second)) if numbers else first is second


def _draw_step(rollout: Rollout) -> float:
    """Time between two random draws, without the last digits, which rounding may change."""
    return float(f"{rollout.step / rollout.draws_per_step:.9g}")


def _standard_error(values: np.ndarray) -> float:
    if len(values) < 2:
        return math.nan
    if not np.isfinite(values).all():
        return math.inf
    return float(values.std(ddof=1) / math.sqrt(len(values)))
