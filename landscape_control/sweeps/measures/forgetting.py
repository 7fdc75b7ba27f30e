"""What a plan on one task forgets of another."""

from typing import TYPE_CHECKING

import numpy as np

from ...model.landscape import Landscape
from ...support.arguments import checked
from ...support.errors import ProblemError
from .library import plan_of
from .measure import Cell, Measure

if TYPE_CHECKING:
    from ...planning.solution import Plan


class Forgetting:
    """Cell -> L_old(θ(T)) - L_old(θ(0)); see :func:`forgetting_of`."""

    def __init__(self, old: Landscape) -> None:
        self.old = old

    def __call__(self, cell: Cell) -> float:
        plan = plan_of(cell, "forgetting")
        start, end = np.asarray(plan.parameters[0]), _end(plan)
        if len(start) != self.old.dimension:
            raise ProblemError(
                "measure 'forgetting'",
                expected=f"an old task with the {len(start)} parameters of the plan",
                received=f"a landscape of {self.old.dimension} parameters",
                advice="pass the landscape of the task that was learned before",
            )
        before, after = self.old.loss(np.array([start, end]))
        return float(after - before)


def _end(plan: "Plan") -> np.ndarray:
    """θ(T), or where a plan without end comes to rest."""
    if plan.tail is not None and plan.tail.reliable:
        return np.asarray(plan.tail.steady_state)
    return np.asarray(plan.parameters[-1])


@checked
def forgetting_of(old: Landscape, *, name: str = "forgetting") -> Measure:
    """How much of an earlier task a plan on a later one undoes: L_old(θ(T)) - L_old(θ(0)).

    Zero where nothing is lost, negative where learning the later task helps the earlier one
    (backward transfer). θ(0) is the start of the problem, the weights after the earlier task; at T
    = ∞, θ(T) is where the plan comes to rest. In the units of the loss.

    Parameters
    ----------
    old : the landscape of the earlier task, known, with as many parameters as the plan
    name : what the variable of a sweep's dataset is called

    Raises
    ------
    ProblemError
        A landscape that is hidden; when measured, another number of parameters, or a solution
        without plans.

    Source: D. Lopez-Paz, M. Ranzato, *Gradient episodic memory for continual learning*, NeurIPS
    2017 (backward transfer, with the loss in place of the accuracy).
    """
    if old.hidden is not None:
        raise ProblemError(
            "old task of measure 'forgetting'",
            expected="a known landscape",
            received="a landscape with hidden variables",
            advice="say which task it was: problem.known(values).landscape",
        )
    return Measure(
        name=name,
        function=Forgetting(old),
        description="loss of an earlier task at the plan's end less that at its start",
    )
