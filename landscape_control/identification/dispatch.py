"""identify: policies of every kind, each sent to the function that identifies its kind."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ..model.problem import ControlProblem
from ..optimisation.optimise import solve_program
from ..optimisation.program import PolicyProgram
from ..planning.beliefs.solution import BeliefSolution
from ..planning.solution import Solution
from ..rules import CausalRule, Rule
from ..support.arguments import Count, Filled, Index, Positive, Words, checked
from ..support.call_settings import settings_kept
from ..support.errors import ProblemError, check_options
from ..verification import solve
from .causal_subjects import identify_beliefs, identify_histories, identify_policy
from .excitation import Excitation
from .histories import Histories
from .identification import Identification
from .map_subjects import identify_problems, identify_samples, identify_solution
from .maps import Criteria, PolicySample, compare, fit_maps
from .maps.policy_fit import read_rules
from .recorded_subjects import identify_recording
from .recording import Recording


@settings_kept
@checked
def identify(
    subject: object,
    rules: Annotated[
        Sequence[Rule | CausalRule | str] | None,
        Filled(),
        Words(expected="at least one rule, or its key"),
    ] = None,
    *,
    problem: ControlProblem | Sequence[ControlProblem] | None = None,
    excitation: Excitation | None = None,
    step: Positive | None = None,
    histories: Count | None = None,
    seed: Index = 0,
    resamples: Count = 200,
    criteria: Criteria | None = None,
    **options: object,
) -> Identification:
    """Which rule of the library a policy is, with what numbers; or why none can be named.

    A policy that maps θ to u is compared with the closed forms of a learner that knows the
    landscape; a policy with memory with causal rules, which are run on the very gradients that
    it saw (so that its own previous updates explain nothing), with coefficients shared by all
    histories, inside their admissible ranges, scored on histories held out.

    Where no causal rule fits, the verdict says what the updates are if it can: linear in past
    gradients with this ``kernel``, a rule on this schedule (``scheduled``), or one with noise beside
    it (``random``).

    Parameters
    ----------
    subject :
        ControlProblem, several of them, or a Solution: the optimal policy u(θ), see
        :func:`landscape_control.compare`; a ControlProblem with hidden variables or a PolicyProgram
        is solved, and its solution identified;
        BeliefSolution: a policy of beliefs, watched with its filter in its own problem as a rule of
        raw observations;
        Policy, PolicyResult, a raw learner, an (init, update) pair, or a function of the history of
        gradients (E, t+1, n) -> Δθ (E, n): a causal rule, watched on an excitation; what
        :func:`rollout` returns, Histories, or PolicySamples: the samples themselves;
        Recording, or several with the same settings: an optimizer of a network in training, held
        against the rules of :func:`landscape_control.rules.of_networks` too, at the resolution of
        the recording's rounding, or the noise of its weights; (weights, gradients), arrays over
        time, is :meth:`Recording.from_arrays` of them
    rules : Rule and CausalRule objects or their keys, those of the other kind being refused by
        name; None is :func:`landscape_control.rules.full_information` for maps and
        :func:`landscape_control.rules.causal` for the others
    problem : of a Solution, instead of its own, where it was read without one; of a Recording of
        weights alone, the one in whose landscape they moved
    excitation : the landscapes, starts and noise that a causal policy is shown. None: those of a
        PolicyResult's own program, its noise as a root mean square, or where gradients are exact
        as large beside them as that of ``Excitation()``, which it is else
    step : Δt between observations, for policies of beliefs (None: 1/25 of their fastest time
        constant) and raw learners (None: 1)
    histories : how many episodes of a policy of beliefs are watched (None: 36); an excitation says
        it for the others
    seed : of everything drawn
    resamples : of the bootstrap over histories, or over the starts of samples
    criteria : Criteria, the thresholds
    options : for the optimal policy of problems and solutions those of ``compare`` (starts, spread,
        points_per_plan, hold, run, solver, sees, progress), for PolicySamples sees and folds, for recordings
        progress, a callable that wraps the rules while they are fitted, such as tqdm

    Raises
    ------
    ProblemError
        A subject that is no policy, options of another kind of subject, a policy that does not move
        or runs away.
    """
    policy = _solved(subject, seed)
    kind = kind_of(policy)
    given: dict[str, object] = {
        "problem": problem,
        "excitation": excitation,
        "step": step,
        "histories": histories,
    }
    return kind.identify(
        policy,
        None if rules is None else read_rules(rules),
        seed=seed,
        resamples=resamples,
        criteria=criteria,
        **_own_options(kind, given, options),
    )


def _solved(subject: object, seed: int) -> object:
    """The solution of a question whose answer is a policy with memory; anything else as it is."""
    if isinstance(subject, PolicyProgram):
        return solve_program(subject, seed=seed)
    if isinstance(subject, ControlProblem) and not subject.is_known:
        return solve(subject, seed=seed)
    if _is_weights_and_gradients(subject):
        return Recording.from_arrays(*subject)  # type: ignore[misc]  # a pair
    return subject


def _is_weights_and_gradients(subject: object) -> bool:
    """Whether it is (weights, gradients): two arrays, or two lists of arrays."""
    if not isinstance(subject, tuple) or len(subject) != 2:
        return False
    return all(isinstance(part, np.ndarray | list) and np.size(part[0]) for part in subject)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of subject.

    Attributes
    ----------
    holds : the type of its subjects
    several : whether a list of them is one subject, too
    words : what the subject is, for refusals
    identify : (subject, rules or None, *, its own options) -> Identification
    passed_on_to : function that takes the options which ``identify`` does not name, or None
    """

    holds: type
    several: bool = False
    words: str
    identify: Callable[..., Identification]
    passed_on_to: Callable | None = None

    def is_of(self, subject: object) -> bool:
        """Whether a subject is of this kind."""
        if self.several and isinstance(subject, list | tuple) and subject:
            return all(isinstance(part, self.holds) for part in subject)
        return isinstance(subject, self.holds)

    @property
    def options(self) -> tuple[str, ...]:
        """The options that mean something for this kind, read off the signatures."""
        further = () if self.passed_on_to is None else _keywords(self.passed_on_to)
        return (*_keywords(self.identify), *further)


def _keywords(function: Callable) -> tuple[str, ...]:
    """Names of the keyword-only parameters of a function."""
    parameters = inspect.signature(inspect.unwrap(function)).parameters.values()
    return tuple(
        parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY
    )


_MAP = "a map u(θ)"
_KINDS = (  # the first that holds
    Kind(
        holds=ControlProblem,
        several=True,
        words=_MAP,
        identify=identify_problems,
        passed_on_to=compare,
    ),
    Kind(holds=Solution, words=_MAP, identify=identify_solution, passed_on_to=compare),
    Kind(
        holds=PolicySample,
        several=True,
        words="samples of a map u(θ)",
        identify=identify_samples,
        passed_on_to=fit_maps,
    ),
    Kind(holds=Histories, words="histories", identify=identify_histories),
    Kind(holds=Recording, several=True, words="recorded training", identify=identify_recording),
    Kind(
        holds=BeliefSolution,
        words="a policy of beliefs, which is watched in its own problem",
        identify=identify_beliefs,
    ),
    Kind(
        holds=object,
        words="a causal rule, which is watched on an excitation that says how often",
        identify=identify_policy,
    ),
)


def kind_of(subject: object) -> Kind:
    """What kind of subject it is; whatever nothing else is may be a policy."""
    return next(kind for kind in _KINDS if kind.is_of(subject))


def _own_options(
    kind: Kind, given: dict[str, object], options: dict[str, object]
) -> dict[str, object]:
    """The options of this kind; those that belong to another kind are refused."""
    allowed = kind.options
    asked = {name: value for name, value in given.items() if value is not None}
    for name, value in asked.items():
        if name not in allowed:
            raise ProblemError(
                name,
                expected=f"none for {kind.words}",
                received=type(value).__name__,
                advice="see the docstring of identify for what goes with what",
            )
    check_options("identify", options, dict.fromkeys((*_keywords(identify), "rules", *allowed)))
    return asked | options
