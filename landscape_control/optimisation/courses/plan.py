"""plan_course: the best course of a rule for measured quadratics, in a fraction of a second."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...model.landscape import LandscapeDistribution
from ...model.objective import Objective
from ...model.observation import Sees
from ...rules.families import Family
from ...support.arguments import Count, Index, Numbers, checked
from ...support.call_settings import settings_kept
from ...support.errors import ProblemError, SolveError
from ..limits import UNLIMITED, CourseLimits
from ..program import PolicyProgram
from ..status import PolicyStatus
from .checks import check_program, families_of, start_of, tasks_of, with_floor
from .course import Course
from .modes import modes_of
from .planner import Planned, planned

SAME = 1e-4  # relative: costs that differ by less are equal, and the first one named is taken


@settings_kept
@checked
def plan_course(
    task: LandscapeDistribution | Mapping,
    family: Family | Sequence[Family],
    *,
    steps: Count,
    sees: Sees | None = None,
    limits: CourseLimits = UNLIMITED,
    guess: object = None,
    start: Numbers | None = None,
    searches: Count | None = None,
    within: object = None,
    seed: Index = 0,
) -> Course:
    """The coefficients of a linear rule that minimise the predicted loss after T steps.

        minimise E L_T  subject to  h_max ≤ cap·h*_t  and  E L_t ≤ rise·L_0  at every step

    over random quadratics, movement free, by exact second moments. Few numbers only: constant
    rates, or courses in time by knots (``Scheduled(family=..., shape=LogLinear(pieces=5))``).
    Sequential quadratic programs, whose stencils and trial steps are evaluated together.

    Parameters
    ----------
    task : LandscapeDistribution.quadratic(...), such as ``Measurement.task()``, without a hidden
        minimum; or {metric exponent: (task, sees)} or {...: (task, sees, limits)}, the same network
        measured in several metrics, of which the least predicted final loss is taken
    family : a linear family with at most 16 coefficients, or several, of which the least is taken
    steps : T
    sees : None (exact gradients), NoisyGradient(σ), CurvatureNoise(...) or ModeNoise(...)
    limits : CourseLimits; its floor is that of the noise too, where that follows the loss
    guess : a Course, or coefficients by name, to begin from as well
    start : (M, d, d), E x xᵀ of every mode at the start with x = (θ, state of the family…); at rest
        when None
    searches : how many of the best starting points are improved side by side at first, before the
        best of them goes on. None: 3 over long horizons and 8 over up to 250 steps, or more where
        coefficients are few; 1 is fastest, 20 better where noise is small and optima are many
    within : {name: (low, high)}, narrower ranges of coefficients, e.g. {"momentum": (0.0, 0.9)}
    seed : of the starting points

    Raises
    ------
    ProblemError
        A family that is not linear or has too many coefficients, a task that is no spectrum of
        quadratics or hides its minimum, metrics without noise of their own, and limits that no
        course satisfies, with what comes nearest.
    SolveError
        No course of any family has a finite cost.
    """
    began = time.perf_counter()
    ends = []
    for exponent, (one_task, one_sees, one_limits) in tasks_of(task, sees, limits).items():
        for one in families_of(family):
            program = PolicyProgram(
                task=one_task,
                family=one,
                objective=Objective(horizon=float(steps), learning_rate=math.inf),
                sees=with_floor(one_sees, one_limits.floor),
            )
            check_program(program)
            modes = modes_of(program, one_limits.floor, start_of(start, program))
            options: dict = {"searches": searches, "within": within, "seed": seed}
            end = planned(program, modes, one_limits, guess=guess, **options)
            ends.append(_Candidate(exponent, one_limits, program, end))
    return _course(ends, time.perf_counter() - began)


@dataclass(frozen=True, eq=False)
class _Candidate:
    """One family in one metric."""

    exponent: float
    limits: CourseLimits
    program: PolicyProgram
    end: Planned

    @property
    def name(self) -> str:
        if math.isnan(self.exponent):
            return self.program.family.name
        return f"{self.program.family.name}, exponent {self.exponent:g}"

    @property
    def loss(self) -> float:
        """Predicted final loss, ∞ where limits are missed."""
        return self.limits.floor + self.end.cost if self.end.satisfied else math.inf


def _course(candidates: list[_Candidate], seconds: float) -> Course:
    least = min(candidate.loss for candidate in candidates)
    if not math.isfinite(least):
        raise _refusal(candidates)
    margin = SAME * (least - min(candidate.limits.floor for candidate in candidates))
    best = next(candidate for candidate in candidates if candidate.loss <= least + margin)
    end = best.end
    return Course(
        program=best.program,
        limits=best.limits,
        exponent=best.exponent,
        coefficients=end.coefficients,
        cost=end.cost,
        start_loss=end.start_loss,
        losses=end.losses,
        rates=end.rates,
        shares=end.shares,
        binding=end.binding,
        costs={each.name: each.loss - each.limits.floor for each in candidates},
        search_error=end.search_error,
        evaluations=sum(each.end.evaluations for each in candidates),
        seconds=seconds,
        status=end.status,
    )


def _refusal(candidates: list[_Candidate]) -> Exception:
    """Why none of the candidates can be returned."""
    nearest = min(candidates, key=lambda each: each.end.excess)
    if not math.isfinite(nearest.end.excess) or nearest.end.missed == "":
        return SolveError(PolicyStatus.DIVERGES.value)
    limit = getattr(nearest.limits, nearest.end.missed)
    return ProblemError(
        nearest.end.missed,
        expected="a limit that some course satisfies",
        received=f"{limit:g}, where the nearest course has {limit * math.exp(nearest.end.excess):.6g}",
        advice="raise the limit, or plan from a start without momentum",
    )
