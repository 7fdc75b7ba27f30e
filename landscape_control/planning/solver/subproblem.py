"""What one plan is solved for, and the compiled programs that plans share."""

import math
import time
from dataclasses import dataclass

from ...model.problem import ControlProblem
from ...support.pointwise import Pointwise
from ..transcription import NumberLayout, Transcription, build_program
from .infinite import Rest
from .optimiser import Optimiser
from .options import Options


@dataclass(kw_only=True, eq=False)
class CompiledPrograms:
    """Compiled programs of one problem structure, shared by all plans of a Solver.

    ``layouts`` keeps them by (elements, fixed end, tail, growing unit).
    """

    transcription: Transcription
    plugin: str
    options: Options
    keep_log: bool
    layouts: dict[tuple[int, bool, bool, bool], tuple[Optimiser, Pointwise]]
    rescue: bool = False  # whether IPOPT takes over where Fatrop fails
    build_seconds: float = 0.0

    def optimiser(
        self, problem: ControlProblem, elements: int, tail: bool, growing: bool
    ) -> tuple[Optimiser, Pointwise]:
        """The compiled optimiser, and its element function for evaluation outside it."""
        key = (elements, problem.end is not None, tail, growing)
        if key not in self.layouts:
            began = time.perf_counter()
            layout = NumberLayout(
                dimension=problem.dimension,
                fixed_end=problem.end is not None,
                tail=tail,
                growing=growing,
            )
            program = build_program(
                problem.model,
                self.transcription.refined(elements),
                layout,
                staged=self.plugin == "fatrop",
            )
            optimiser = Optimiser(
                program=program,
                plugin=self.plugin,
                options=self.options,
                keep_log=self.keep_log,
                rescue=self.rescue,
            )
            self.layouts[key] = optimiser, Pointwise(program.stage.function)
            self.build_seconds += time.perf_counter() - began
        return self.layouts[key]


@dataclass(frozen=True, kw_only=True, eq=False)
class Subproblem:
    """A problem on a computational horizon, with a tail if the true horizon is infinite."""

    problem: ControlProblem
    horizon: float
    rest: Rest | None
    tolerance: float
    max_elements: int
    fastest_rate: float
    negligible: float = 0.0  # cost errors below this are good enough whatever the tolerance
    # size of the cost, where a plan over a shorter horizon has shown it
    known_cost: float = math.inf
    # whether this is the problem asked for, not one window or horizon on the way to it
    is_whole: bool = True
