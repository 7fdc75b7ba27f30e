"""One family on one set of modes: from starting points by way of spans to single steps."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ...rules.families import Family
from ...support.errors import SolveError
from ..limits import CourseLimits
from ..program import PolicyProgram
from ..starting import guess_entries
from ..status import PolicyStatus
from .evaluation import MARGIN, NOTHING, Evaluation
from .modes import Modes, modes_of
from .search import Found, best_of, corrected, improved, raced
from .spans import spans_of
from .variables import Variables

STARTS, SPANS, MOST = 48, 24, 20
BESIDE = 6  # starts beside a guess from which alone is searched
FEW, MANY, STENCILS = 3, 8, 60  # searches side by side; at most so many n x n
RACE, LONG_RACE = 2, 6  # iterations before only the best goes on
SHORT = 250  # steps up to which spans save nothing
LONG = 250  # steps from which stencils are made of spans alone
UNLIKE = 0.1  # relative difference of costs by spans and by steps: then single steps search too
DEARER = 100.0  # times the price of missing a limit, where the search ended outside
BLIND = 100  # times NOTHING: a cost below it is not resolved to the percent
NARROW = 0.3  # the first box of single steps
COARSE, FINE = 2e-3, 5e-4  # gains in log cost at which searches end
MOST_EXACT, ROUNDS = 4, 3  # iterations by single steps; searches with limits moved
CAUTION, SLOWER = 1e3, 24  # by how much rates are lowered at most, where limits are missed
NEARLY = 1e-3  # logarithm within which a limit counts as binding
MISSED = 1e-9  # logarithm beyond which a limit counts as missed


@dataclass(frozen=True, kw_only=True, eq=False)
class Planned:
    """The end of the search for one family; see :class:`Course`.

    ``missed`` is the limit that is not satisfied, by the logarithm ``excess``, or "".
    """

    coefficients: Mapping[str, float | np.ndarray]
    cost: float
    start_loss: float
    losses: np.ndarray
    rates: np.ndarray
    shares: np.ndarray
    binding: Mapping[str, float]
    search_error: float
    evaluations: int
    status: PolicyStatus
    excess: float
    missed: str

    @property
    def satisfied(self) -> bool:
        """Whether it is a course that can be returned."""
        return bool(np.isfinite(self.cost)) and self.missed == ""


def planned(
    program: PolicyProgram,
    modes: Modes,
    limits: CourseLimits,
    *,
    guess: object,
    searches: int | None,
    within: object,
    seed: int,
) -> Planned:
    """The best course of a program's family that was found."""
    exact, quick = evaluations(program, limits, modes, within)
    short = quick is exact
    count = STARTS if short else STARTS // 2
    if guess is not None and searches == 1:
        count = BESIDE
    points = _points(program.family, exact.variables, guess, count, seed)
    if searches is None:
        searches = max(MANY if short else FEW, STENCILS // points.shape[1] ** 2)
    begun = best_of(quick, points, searches)
    if not begun:
        raise SolveError(PolicyStatus.DIVERGES.value)
    seen = raced(quick, begun, laps=LONG_RACE if short else RACE, most=MOST, enough=COARSE)
    if program.steps <= LONG:
        begin = replace(seen, box=min(seen.box, NARROW))
        found = corrected(exact, begin, most=MOST_EXACT, enough=FINE)
    else:
        found = _tightened(exact, quick, seen)
        if _search_error(exact, quick, found) > UNLIKE:  # spans are no guide here
            begin = replace(found, box=min(found.box, NARROW))
            found = corrected(exact, begin, most=MOST_EXACT, enough=FINE)
    if max(_missed(exact, found.x).values(), default=0.0) > 0:
        found = _dearer(exact, _slower(exact, found))
    return _ended(exact, quick, found)


def evaluations(
    program: PolicyProgram,
    limits: CourseLimits,
    modes: Modes | None = None,
    within: object = None,
) -> tuple[Evaluation, Evaluation]:
    """Courses of a program by single steps, and by spans; the same where these save nothing."""
    family, steps = program.family, program.steps
    layout = family.layout(steps)
    modes = modes_of(program, limits.floor) if modes is None else modes
    variables = Variables(layout, modes.largest, within)
    exact = Evaluation(family, variables, modes, limits)
    if steps <= SHORT or any(each.varies for each in layout.coefficients):
        return exact, exact
    return exact, Evaluation(family, variables, modes, limits, spans_of(steps, SPANS))


def _points(
    family: Family, variables: Variables, guess: object, count: int, seed: int
) -> np.ndarray:
    """Where the search may begin: a guess, fresh draws, and rates that hardly move."""
    points = variables.starts(family, count, seed)
    slow = points[0] - np.log(CAUTION) * variables.rates
    entries = guess_entries(variables.layout, guess, count)
    given = [] if entries is None else [variables.of(entries)]
    return np.clip(np.vstack([*given, points, slow]), *variables.bounds.T)


def _tightened(exact: Evaluation, quick: Evaluation, found: Found) -> Found:
    """Again by spans, with limits moved by what these do not see, while single steps miss them."""
    for _ in range(ROUNDS):
        by_steps, by_spans = _missed(exact, found.x), _missed(quick, found.x)
        if max(by_steps.values(), default=0.0) <= 0:
            break
        for name, missed in by_steps.items():
            unseen = missed - by_spans[name]
            quick.margin[name] = max(quick.margin[name], MARGIN + unseen)
        begin = replace(found, box=NARROW, excess=np.inf)
        found = improved(quick, begin, most=MOST, enough=COARSE)
    return found


def _slower(exact: Evaluation, found: Found) -> Found:
    """The same with smaller rates, the largest of some that satisfy the limits."""
    factors = np.geomspace(1e-4, np.log(CAUTION), SLOWER)
    slower = found.x - factors[:, None] * exact.variables.rates
    points = np.clip(slower, *exact.variables.bounds.T)
    values = exact(points)
    merits = np.where(values.excess > 0, np.inf, values.costs)
    k = int(np.argmin(merits))
    if not np.isfinite(merits[k]):
        return found
    return replace(found, x=points[k], cost=float(values.costs[k]), excess=0.0)


def _dearer(exact: Evaluation, found: Found) -> Found:
    """On from a course inside the limits, which cost too little to miss before."""
    begin = replace(found, price=DEARER * found.price, box=NARROW, gain=np.inf)
    again = corrected(exact, begin, most=MOST_EXACT, enough=FINE)
    is_inside = max(_missed(exact, again.x).values(), default=0.0) <= 0
    return again if is_inside and again.cost < found.cost else found


def _missed(evaluate: Evaluation, x: np.ndarray) -> dict[str, float]:
    """{limit: largest log of what it limits over it} of one course."""
    return {name: float(part.max()) for name, part in evaluate.over(evaluate.course(x)).items()}


def _ended(exact: Evaluation, quick: Evaluation, found: Found) -> Planned:
    """What a course does, step by step."""
    course, layout = exact.course(found.x), exact.variables.layout
    cost = float(course.outcome.costs[0])
    over = exact.over(course)
    at_limit = {name: float(np.sum(part > -NEARLY)) for name, part in over.items()}
    missed = {name: excess for name, excess in _missed(exact, found.x).items() if excess > MISSED}
    return Planned(
        coefficients=layout.split(exact.variables.coefficients(found.x)),
        cost=cost,
        start_loss=exact.modes.start_loss,
        losses=exact.modes.floor + course.outcome.losses[:, 0],
        rates=course.rates[:, 0],
        shares=course.shares[:, 0],
        binding={name: count for name, count in at_limit.items() if count},
        search_error=0.0 if quick is exact else _search_error(exact, quick, found),
        evaluations=exact.count + (quick.count if quick is not exact else 0),
        status=_status(exact, found, cost),
        excess=max(missed.values(), default=0.0),
        missed=max(missed, key=lambda name: missed[name], default=""),
    )


def _search_error(exact: Evaluation, quick: Evaluation, found: Found) -> float:
    """Relative difference between the costs of a course by spans and by single steps."""
    cost, by_spans = (float(one.course(found.x).outcome.costs[0]) for one in (exact, quick))
    return abs(by_spans / cost - 1) if cost > 0 else math.inf


def _status(exact: Evaluation, found: Found, cost: float) -> PolicyStatus:
    """How the search ended; below some times NOTHING it does not tell costs apart."""
    if found.gain >= COARSE:
        return PolicyStatus.ITERATION_LIMIT
    resolved = cost > BLIND * NOTHING * float(exact.course(found.x).outcome.losses[:, 0].max())
    return PolicyStatus.CONVERGED if resolved else PolicyStatus.ROUND_OFF
