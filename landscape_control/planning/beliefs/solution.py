"""What planning with beliefs returns: an expected cost and a policy of (θ, belief).

And what both rest on.
"""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NoReturn, TypeVar

import numpy as np

from ...support.arguments import AnyNumber, Points, checked
from ...support.arrays import real_array
from ...support.drawable import drawn_by
from ...support.errors import ProblemError, SolveError
from ...support.results import Result
from .advice import explained
from .confirmation import Confirmation, CostKind, cost_in_words

if TYPE_CHECKING:
    from ...model.landscape import Hidden
    from ...model.problem import ControlProblem
    from ..dynamic_programming.diffusive.result import GridStatus
    from ..solution import Status

    AnyStatus = Status | GridStatus
else:
    # what a solution is made with is kept as it is, without a check
    AnyStatus = ControlProblem = object


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class BeliefSolution(Result):
    """A policy that maps (θ, belief) to a control. Methods return subclasses with their own extras.

    A subclass implements ``_control(theta (E, n), estimate (E, d), covariance (E, p, p) or None,
    time) -> (E, m)``, where the estimate is the belief mean (d = p), or the task probabilities of a
    task chain (d = K).

    Attributes
    ----------
    cost : float
        Expected cost from the problem's start and prior, as the method knows it; see ``cost_kind``
        and ``assumes``. NaN when it has none.
    cost_kind : str
        "exact" (of the policy with its filter), "approximate", "upper bound", "simulated" (the plan
        states none, or one that the simulation did not confirm), or "none"
    confirmation : Confirmation or None, the short simulation that the cost was held against
    tried : tuple of Confirmation, other policies that were simulated because the first one was not
        confirmed
    status : Status
    method : "exact LQG", "belief-space transcription", "replanning" or "dynamic programming"
    assumes : str, what the method takes for granted and what its cost therefore means
    message : str, what happened, in words
    problem : ControlProblem; None in a solution read from a pickle
    """

    cost: AnyNumber
    status: AnyStatus
    method: str
    assumes: str
    message: str = ""
    cost_kind: str = CostKind.APPROXIMATE
    confirmation: Confirmation | None = None
    tried: tuple[Confirmation, ...] = ()
    # None only in a solution from a pickle, whose functions stayed behind: nothing else asks for it
    problem: ControlProblem = field(repr=False, default=None)  # type: ignore[assignment]

    plot = drawn_by("plot_belief_solution")

    @checked
    def policy(self, theta: Points, belief: object, time: AnyNumber = 0.0) -> np.ndarray:
        """u at θ (n,) or (E, n) and a belief: (m,) or (E, m).

        Episodes of one argument are shared with the other.

        ``belief`` is a GaussianBelief, a TaskBelief, the bare mean (p,) or (E, p), (mean,
        covariance), or, for a task chain, the probabilities (K,) or (E, K). Raises ProblemError
        when it does not fit the hidden variables, and for a time outside [0, T], where the problem
        has no policy.
        """
        self._check_time(time)
        estimate, covariance = self._read(belief)
        single = theta.ndim < 2 and estimate.ndim < 2
        theta, estimate = np.atleast_2d(theta), np.atleast_2d(estimate)
        count = max(len(theta), len(estimate))
        if len(theta) not in (1, count) or len(estimate) not in (1, count):
            raise ProblemError(
                "belief",
                expected=f"one for each of {len(theta)} points θ, or one for all",
                received=f"{len(estimate)}",
                advice="give both the same number of rows",
            )
        theta, estimate = _shared(theta, count), _shared(estimate, count)
        if covariance is not None:
            covariance = np.broadcast_to(covariance, (count, *covariance.shape[-2:]))
        controls = self._control(theta, estimate, covariance, time)
        return controls[0] if single else controls

    def _control(
        self,
        theta: np.ndarray,
        estimate: np.ndarray,
        covariance: np.ndarray | None,
        time: float,
    ) -> np.ndarray:
        raise NotImplementedError

    def _read(self, belief: object) -> tuple[np.ndarray, np.ndarray | None]:
        return read_belief(belief, self._hidden)

    def _check_time(self, time: float) -> None:
        horizon = self._horizon
        inside = 0 <= time <= horizon * (1 + 1e-9)
        if not inside:
            raise ProblemError(
                "time",
                expected=f"a time in [0, {horizon:g}]",
                received=repr(time),
                advice="ask inside the horizon of the problem; a policy ends with it",
            )

    @property
    def _hidden(self):
        if self.problem is None:
            return self._kept_hidden
        return self.problem.landscape.hidden

    @property
    def _horizon(self):
        if self.problem is None:
            return self._kept_horizon
        return self.problem.objective.horizon

    def __getstate__(self):
        """Plain arrays only: the problem's functions stay behind."""
        return {
            **self.__dict__,
            "problem": None,
            "_kept_hidden": self._hidden,
            "_kept_horizon": self._horizon,
        }

    @property
    def explanation(self) -> str:
        """What the status means and what to try next.

        With options that a solve with hidden variables accepts.
        """
        return explained(self.status)

    @property
    def trouble(self) -> str:
        """What went wrong while the policy was carried out, in words; "" if nothing did."""
        return ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.summary()})"

    @checked
    def summary(self) -> str:
        """One line: expected cost and what it rests on, status, method."""
        cost = cost_in_words(self.cost, self.cost_kind, self.confirmation)
        return f"{cost}, {self.status}; {self.policy_name}"

    @property
    def policy_name(self) -> str:
        """The method, and what else there is to say of its policy."""
        return self.method


AnySolution = TypeVar("AnySolution", bound=BeliefSolution)


def delivered(solution: AnySolution, throw: bool) -> AnySolution:
    """The solution; raises SolveError where it has not converged and ``throw`` is true."""
    if throw and not solution.status.ok:
        raise SolveError(f"{solution.explanation}. {solution.message}".rstrip(), solution)
    return solution


def with_message(solution: AnySolution, more: str) -> AnySolution:
    """The solution with more in its message."""
    message = f"{solution.message}; {more}" if solution.message else more
    return replace(solution, message=message)


def read_belief(belief: object, hidden: "Hidden") -> tuple[np.ndarray, np.ndarray | None]:
    """(estimate, covariance or None) of a belief in any of its forms.

    The estimate is its mean, or the probabilities of a task chain.

    Shapes are (d,) or (E, d) and (p, p) or (E, p, p), as given. Raises ProblemError for a belief of
    another kind or size.
    """
    tasks = hidden.is_finite
    if hasattr(belief, "probabilities"):
        estimate, covariance, given_tasks = belief.probabilities, None, True
    elif hasattr(belief, "mean") and hasattr(belief, "covariance"):
        estimate, covariance, given_tasks = belief.mean, belief.covariance, False
    elif isinstance(belief, tuple) and len(belief) == 2 and np.ndim(belief[0]) > 0:
        (estimate, covariance), given_tasks = belief, False
    else:
        estimate, covariance, given_tasks = belief, None, tasks
    estimate = real_array("belief", estimate, "numbers")
    size = hidden.estimate_size
    if given_tasks != tasks or estimate.ndim not in (1, 2) or estimate.shape[-1] != size:
        _refuse(belief, estimate, tasks, size)
    if covariance is not None:
        covariance = real_array("covariance of the belief", covariance, "a matrix of numbers")
    # belief objects were checked when they were made
    if not hasattr(belief, "probabilities") and not hasattr(belief, "mean"):
        _check_numbers(estimate, covariance, tasks)
    return estimate, covariance


def _check_numbers(estimate: np.ndarray, covariance: np.ndarray | None, tasks: bool) -> None:
    """Refuse bare arrays that are no belief.

    NaN, probabilities that do not sum to one, a covariance that is none.
    """
    if tasks and not _is_distribution(estimate):
        raise ProblemError(
            "belief",
            expected="probabilities >= 0 that sum to 1",
            received=np.array2string(estimate, threshold=8),
            advice="divide them by their sum",
        )
    if not np.isfinite(estimate).all():
        raise ProblemError(
            "belief",
            expected="a finite mean",
            received=np.array2string(estimate, threshold=8),
            advice="check the filter that made it",
        )
    if covariance is not None and not _is_covariance(covariance):
        raise ProblemError(
            "belief",
            expected="a symmetric positive semidefinite covariance",
            received=np.array2string(covariance, threshold=8),
            advice="check the filter that made it",
        )


def _is_distribution(estimate: np.ndarray) -> bool:
    """Whether the rows of (..., K) are probabilities that sum to one."""
    return bool((estimate >= 0).all() and np.abs(estimate.sum(-1) - 1).max() <= 1e-6)


def _is_covariance(covariance: np.ndarray) -> bool:
    """Whether arrays (..., p, p) are finite, symmetric and positive semidefinite, up to rounding."""
    if covariance.ndim < 2 or not np.isfinite(covariance).all():
        return False
    size = np.abs(covariance).max()
    skew = np.abs(covariance - np.swapaxes(covariance, -1, -2)).max()
    if skew > 1e-8 * (1 + size):
        return False
    return bool(np.linalg.eigvalsh(covariance).min() >= -1e-10 * size)


def _refuse(belief: object, estimate: np.ndarray, tasks: bool, size: int) -> NoReturn:
    if tasks:
        expected = f"probabilities of {size} tasks"
        advice = "pass a TaskBelief or probabilities"
    else:
        expected = f"a mean of {size} hidden variables (and its covariance)"
        advice = "pass a GaussianBelief, a mean, or (mean, covariance)"
    raise ProblemError(
        "belief",
        expected=f"{expected}, with or without an axis of episodes in front",
        received=f"{type(belief).__name__} with entries of shape {estimate.shape}",
        advice=advice,
    )


def _shared(array: np.ndarray, count: int) -> np.ndarray:
    """The rows of an array, or its only row for all of ``count`` episodes."""
    return array if len(array) == count else np.broadcast_to(array, (count, array.shape[-1]))
