"""One family on one set of modes: from starting points by way of spans to single steps."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..program import PolicyProgram
from ..starting import guess_entries
from ..status import PolicyStatus
from .evaluation import Evaluation
from .limits import CourseLimits
from .modes import Modes
from .rule_rows import edges
from .search import SATISFIED, Found, again, best_of, improved
from .spans import spans_of
from .variables import Variables

STARTS, SPANS = 48, 24
SHORT = 64  # steps up to which spans save nothing
LONG = 1000  # steps from which stencils are made of spans alone
COARSE, FINE = 1e-3, 1e-5  # gains in log cost at which searches end


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
    program: PolicyProgram, modes: Modes, limits: CourseLimits, guess: object, seed: int
) -> Planned:
    """The best course of a program's family that was found."""
    family, steps = program.family, program.steps
    layout = family.layout(steps)
    variables = Variables(layout, modes.largest)
    exact = Evaluation(family, variables, modes, limits)
    quick = exact
    if steps > SHORT and not any(each.varies for each in layout.coefficients):
        quick = Evaluation(family, variables, modes, limits, spans_of(steps, SPANS))
    points = variables.starts(family, STARTS, seed)
    entries = guess_entries(layout, guess, STARTS)
    if entries is not None:
        points = np.vstack([variables.of(entries), points])
    points = np.clip(points, variables.bounds[:, 0], variables.bounds[:, 1])
    found = best_of(quick, points, 1)[0]
    found = improved(quick, found, most=12, enough=COARSE if quick is not exact else FINE)
    seen = found.cost
    if quick is not exact:
        found = again(exact, found)
        if steps <= LONG or found.excess > SATISFIED:
            found = improved(exact, found, most=3, enough=FINE)
    return _ended(exact, quick, found, seen)


def _ended(exact: Evaluation, quick: Evaluation, found: Found, seen: float) -> Planned:
    """What a course does, step by step."""
    rows, outcome = exact.outcome(found.x[None])
    modes, limits = exact.modes, exact.limits
    layout = exact.variables.layout
    cost, shares = float(outcome.costs[0]), edges(rows, modes.largest)[:, 0]
    losses = modes.floor + outcome.losses[:, 0]
    ratios = {"cap": shares / limits.cap, "rise": losses[1:] / losses[0] / limits.rise}
    parts = {name: np.log(np.maximum(ratio, 1e-300)) for name, ratio in ratios.items()}
    worst = {name: float(part.max()) for name, part in parts.items()}
    missed = max(worst, key=lambda name: worst[name])
    excess = max(worst[missed], 0.0)
    at_limit = {name: float(np.sum(part > -NEARLY)) for name, part in parts.items()}
    return Planned(
        coefficients=layout.split(exact.variables.coefficients(found.x)),
        cost=cost,
        start_loss=modes.start_loss,
        losses=losses,
        rates=-rows.gains[0][:, 0],
        shares=shares,
        binding={name: count for name, count in at_limit.items() if count},
        search_error=abs(float(np.expm1(seen - found.cost))) if quick is not exact else 0.0,
        evaluations=exact.count + (quick.count if quick is not exact else 0),
        status=PolicyStatus.CONVERGED if found.gain < COARSE else PolicyStatus.ITERATION_LIMIT,
        excess=excess,
        missed=missed if excess > MISSED else "",
    )


NEARLY = 1e-3  # logarithm within which a limit counts as binding
MISSED = 1e-9  # logarithm beyond which a limit counts as missed
