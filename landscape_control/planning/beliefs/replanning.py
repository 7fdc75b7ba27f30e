"""Replanning (model predictive control).

At every observation the plan is solved again, warm, from the present belief.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from ...model.belief import belief_model
from ...model.problem import ControlProblem
from ...support.arguments import Count, Index, Positive, checked
from ...support.arrays import whole
from ...support.errors import check_choice
from ...support.recorded_settings import check_given, refuse_withheld, withheld
from ..solution import Plan
from ..solver import Solver
from .advice import CARRIED_OUT
from .belief_space import BeliefSpace, belief_space
from .confirmation import CostKind
from .coordinates import BeliefLayout
from .episode_plans import EpisodePath, EpisodePlans
from .later_plans import shifted, truncated
from .solution import BeliefSolution, delivered
from .transcribed import check_hidden
from .transcriber import Transcriber, belief_solver, with_optimiser

INNER = ("certainty equivalent", "belief")
ASSUMES = {
    "certainty equivalent": (
        "each plan takes the mean of the belief for the truth and its forecast for what will be: "
        "uncertainty does not matter to it, and nothing is paid for information. Exact where "
        "certainty equivalence holds"
    ),
    "belief": (
        "each plan minimises the loss expected under the belief as if no innovation came after it;"
        " the next observation starts another plan. Information is valued through the covariance in"
        " the expected loss alone; for task chains not at all"
    ),
}
_OWN_SETTINGS = ("inner", "covariance", "tolerance", "aims", "seed")
_FEW = 4  # episodes, for which compiling what plans them together does not pay


@dataclass(kw_only=True, eq=False)
class _Episodes:
    """The plan of every episode and the time it was made.

    Forgotten when time runs backwards or the count changes.
    """

    plans: list[Plan | EpisodePath | None] = field(default_factory=list)
    time: float = math.inf
    solves: int = 0
    failures: int = 0

    def begin(self, count: int, time: float) -> None:
        """Before the plans of ``count`` episodes at a time are asked for."""
        if time < self.time or count != len(self.plans):
            self.plans = [None] * count
        self.time = time


@checked
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ReplanningSolution(BeliefSolution):
    """A policy that solves the plan anew at every call, from each episode's (θ, belief).

    Warm from the episode's last plan.

    Costs one solve per episode and call, E·N for E episodes of N steps: 0.2 to 0.4 milliseconds each
    where the belief moves by itself (linear observations with constant noise, tasks, certainty
    equivalence; up to three parameters), all episodes being planned together then, else 2 to 15,
    one after the other. ``simulate`` therefore takes 100 episodes unless it is told otherwise, and
    gives up, with an estimate, what would take more than 600 s.

    Plans are remembered per episode, in the order of the batch; a call with an earlier time, or with
    another number of episodes, starts afresh from ``plan``. Where an inner solve fails, the last plan
    is carried on and counted.

    Attributes
    ----------
    inner : "certainty equivalent" or "belief"
    plan : Plan over z = (θ, belief coordinates) from the start and the prior
    settings : {option: value} of the solve, from which the policy can be built again

    A loaded one solves nothing until it is asked for a control. It then builds its solver from the
    problem and the settings, of which a record supplies those that cannot do harm (see
    ``recorded_settings``); others, the optimiser's options above all, must be given again to
    :meth:`given`.
    """

    default_episodes: ClassVar[int] = 100
    default_time_limit: ClassVar[float] = 600.0  # seconds of a simulation

    inner: str
    plan: Plan
    layout: BeliefLayout
    settings: Mapping = field(repr=False)
    _space: BeliefSpace = field(repr=False)
    _solver: Solver = field(repr=False)
    _episodes: _Episodes = field(repr=False, default_factory=_Episodes)

    @classmethod
    def from_record(cls, values: Mapping[str, Any]) -> "ReplanningSolution":
        """A solution from its stored fields, without a solver."""
        made = object.__new__(cls)
        settings = MappingProxyType(dict(values["settings"]))
        made.__dict__.update(values, settings=settings, _episodes=_Episodes())
        made.__dict__["_withheld"] = withheld(settings)
        return made

    @checked
    def given(self, **options: object) -> "ReplanningSolution":
        """The same solution with settings that its record could not supply.

        For example ``given(options={"max_iter": 500})``.

        Raises ProblemError for values other than those in ``settings``, with which its plan was
        made.
        """
        check_given("settings of the record", self.settings, options)
        stored = [own.name for own in fields(self) if not own.name.startswith("_")]
        made = type(self).from_record({name: getattr(self, name) for name in stored})
        still_withheld = [name for name in made.__dict__["_withheld"] if name not in options]
        made.__dict__["_withheld"] = tuple(still_withheld)
        return made

    def __getattr__(self, name):
        """``_space`` and ``_solver`` of a loaded solution, built at first use."""
        if name not in ("_space", "_solver") or self.__dict__.get("problem") is None:
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        refuse_withheld("this record's policy", self.__dict__["_withheld"], "solution.given({})")
        settings = dict(self.settings)
        space, transcriber, options = _space_and_transcriber(self.problem, settings)
        solver = _solver_of_later_plans(
            space, transcriber, self.plan, settings["tolerance"], options
        )
        self.__dict__.update(_space=space, _solver=solver)
        return self.__dict__[name]

    @property
    def solves(self) -> int:
        """How many inner plans have been solved."""
        return self._episodes.solves

    @property
    def failures(self) -> int:
        """How many of them failed: the last plan was carried on."""
        return self._episodes.failures

    @property
    def trouble(self) -> str:
        """How many inner plans failed, in words; "" if none did."""
        if not self.failures:
            return ""
        return (
            f"{self.failures} of {self.solves} inner plans failed, the last plan being carried on"
        )

    def _control(
        self,
        theta: np.ndarray,
        estimate: np.ndarray,
        covariance: np.ndarray | None,
        time: float,
    ) -> np.ndarray:
        states = self._space.join(theta, self.layout.read(estimate, covariance), 0.0)
        elapsed = time - self._episodes.time
        self._episodes.begin(len(states), time)
        horizon = self._remaining(time)
        together = self._together
        if together is None or len(states) < _FEW:
            return np.array(
                [self._replan(k, state, elapsed, horizon) for k, state in enumerate(states)]
            )
        return self._replan_all(together, states, elapsed, horizon)

    @cached_property
    def _together(self) -> EpisodePlans | None:
        """What plans all episodes at once; None where each is planned by itself."""
        if any(name not in _OWN_SETTINGS for name in self.settings):
            return None  # options of a solver that would not be used
        plans = EpisodePlans(self._space, self._solver.problem, self.settings["tolerance"])
        return None if plans.obstacle else plans

    def _replan_all(self, together, states, elapsed, horizon):
        """u of all episodes, those that cannot be planned together one by one."""
        plans = self._episodes.plans
        afresh = plans[0] is None
        before = [self.plan if plan is None else plan for plan in plans]
        controls, paths = together.made(states, horizon, 0.0 if afresh else elapsed, before)
        for episode, path in enumerate(paths):
            if path is None:
                controls[episode] = self._replan(episode, states[episode], elapsed, horizon)
            else:
                plans[episode] = path
                self._episodes.solves += 1
        return controls

    def _replan(self, episode, state, elapsed, horizon):
        """u of one episode at its (θ, belief), ``elapsed`` after its last plan was made."""
        plans = self._episodes.plans
        previous = plans[episode]
        if previous is None:
            previous, elapsed = self.plan, 0.0
        guess = shifted(self._space, previous, elapsed, horizon, state)
        solution = self._solver.solve(start=state, horizon=horizon, guess=guess, throw=False)
        self._episodes.solves += 1
        if solution.status in CARRIED_OUT:
            plans[episode] = solution.best
            return solution.controls[0]
        self._episodes.failures += 1
        return previous.at(min(elapsed, previous.times[-1]))[1]

    def _remaining(self, time: float) -> float:
        """Horizon of the next plan: what is left of T, or the whole computational horizon of T = ∞."""
        horizon = self.problem.objective.horizon
        if math.isinf(horizon):
            return self._solver.problem.objective.horizon
        return max(horizon - time, 1e-6 * horizon)  # no solver takes a horizon of zero

    def __getstate__(self):
        raise TypeError(
            "a replanning policy holds a live solver and cannot be pickled: use its save(path) and "
            "landscape_control.load(path), or rebuild it with solve_replanning where it is needed"
        )


@checked
def solve_replanning(
    problem: ControlProblem,
    *,
    inner: str = "belief",
    covariance: str = "state",
    tolerance: Positive = 1e-06,
    aims: Count = 3,
    seed: Index = 0,
    throw: bool = True,
    **options: object,
) -> ReplanningSolution:
    """The replanning policy, with its first plan.

    For T = ∞ the first plan is solved to rest; later ones run over the same computational horizon,
    with the quadratic cost to go at that rest as terminal cost, which is what makes them as cheap
    as finite-horizon plans.

    Parameters
    ----------
    inner : "belief" (expected loss, see ``solve_transcribed``) or "certainty equivalent" (loss at
        the mean)
    covariance, tolerance, aims, seed, options : as for ``solve_transcribed``

    Raises
    ------
    ProblemError
        For a problem without hidden variables, with a fixed end, or one that the filters or the
        solver refuse.
    SolveError
        If the first plan has not converged and ``throw`` is true.
    """
    check_hidden(problem)
    settings = {
        "inner": inner,
        "covariance": covariance,
        "tolerance": tolerance,
        "aims": aims,
        "seed": seed,
        **options,
    }
    space, transcriber, options = _space_and_transcriber(problem, settings)
    plan = transcriber.plans(whole("aims", aims), seed)[0]
    solver = _solver_of_later_plans(space, transcriber, plan, tolerance, options)
    solution = ReplanningSolution(
        cost=math.nan,
        cost_kind=CostKind.NONE,
        status=plan.status,
        message=plan.message,
        method="replanning",
        plan=plan,
        inner=inner,
        assumes=ASSUMES[inner],
        problem=problem,
        layout=space.coordinates.layout,
        settings=settings,
        _space=space,
        _solver=solver,
    )
    return delivered(solution, throw)


def _space_and_transcriber(problem, settings):
    """(space, transcriber, options of its solver) for the settings of a solve."""
    of_solver = {name: value for name, value in settings.items() if name not in _OWN_SETTINGS}
    options = with_optimiser(problem, of_solver)
    check_choice("inner", settings["inner"], INNER)
    check_choice("covariance", settings["covariance"], ("state", "steady"))
    model = belief_model(problem) if settings["inner"] == "belief" else None
    space = belief_space(problem, model, settings["covariance"])
    solver = belief_solver(space.expanded, settings["tolerance"], options)
    return space, Transcriber(space=space, solver=solver), options


def _solver_of_later_plans(space, transcriber, plan, tolerance, options):
    """The solver that replans once the first plan is there."""
    if plan.tail is None:
        return transcriber.solver
    return _recurring(space, plan, tolerance, options)


def _recurring(space, plan, tolerance, options):
    """A Solver over half the computational horizon of an infinite-horizon plan.

    Over all of it, where half does not give the same first control.
    """
    last = float(plan.times[-1])
    for horizon in (last / 2, last):
        solver = belief_solver(truncated(space.expanded, plan, horizon), tolerance, options)
        guess = shifted(space, plan, 0.0, horizon, space.start)
        solution = solver.solve(guess=guess, throw=False)
        change = np.abs(solution.controls[0] - plan.controls[0]).max()
        # ``tolerance`` is of the cost, which an error of the control enters by its square
        largest = 1e-2 * tolerance**0.5 * np.abs(plan.controls).max()
        if solution.status.ok and change <= largest:
            break
    return solver
