"""PolicySolver: the best coefficients by exact moments."""

from typing import Literal

from ..planning.solver import SECONDS, SolveClock
from ..support.arguments import Count, Duration, Positive, checked
from .compiled_moments import MomentPrograms
from .limits import UNLIMITED, CourseLimits, check_limits
from .moment_judgement import judged
from .moment_search import MomentSearch
from .program import PolicyProgram
from .program_solver import ProgramSolver, solved_beside
from .programs import (
    MomentLayout,
    check_linear,
    check_paid,
    follows_loss,
    layout_of,
    moment_program_of,
    plain_noise,
)
from .quadrature import first_nodes
from .result import PolicyResult
from .search_options import SearchOptions
from .stages import StagePrograms, StageSearch
from .stagewise import is_stagewise, is_varied


@checked
def has_moments(program: PolicyProgram) -> bool:
    """Whether second moments propagate in closed form.

    A linear family on random quadratics, with noise that does not depend on the state.
    """
    return program.family.linear and program.task.is_quadratic and plain_noise(program.sees)


@checked
class PolicySolver(ProgramSolver):
    """Optimises one family for one horizon by exact moments.

    Noise, prices, discount, spectrum and task are numbers of each solve. Linear families on random
    quadratics only (exact moments); :func:`optimize_policy` turns to scenarios for the rest.

    Parameters
    ----------
    program : PolicyProgram
    tolerance : float, allowed quadrature error of J over J
    most_nodes : int, where refining the quadrature stops
    hessian : "exact" or "limited-memory"
    most_iterations : int, of one start
    time_limit : float, seconds of one solve, building not included; what is found by then is
        returned with status TIME_LIMIT
    limits : CourseLimits at every step, for tasks whose minimum rests; with them Hessians are
        approximated, whatever ``hessian`` says. A hidden minimum is refused

    Attributes
    ----------
    build_seconds : float, time spent building so far
    """

    def __init__(
        self,
        program: PolicyProgram,
        *,
        tolerance: Positive = 1e-6,
        most_nodes: Count = 640,
        hessian: Literal["exact", "limited-memory"] = "exact",
        most_iterations: Count = 500,
        time_limit: Duration = SECONDS,
        limits: CourseLimits = UNLIMITED,
    ):
        check_linear(program)
        check_limits(program, limits)
        super().__init__(program, tolerance=tolerance, time_limit=time_limit)
        self.limits = limits
        self._quick = False  # True for a program that helps with another
        self.most_nodes, self.most_iterations, self.hessian = most_nodes, most_iterations, hessian
        self._programs: dict[tuple[MomentLayout, bool, bool], MomentPrograms] = {}
        self._programs_of(program).prepare(first_nodes(program))

    @property
    def build_seconds(self) -> float:
        """Time spent building so far."""
        return sum(programs.build_seconds for programs in self._programs.values())

    def _search(
        self, program: PolicyProgram, options: SearchOptions, clock: SolveClock
    ) -> PolicyResult:
        check_linear(program)
        check_paid(program)

        def solve_other(
            program: PolicyProgram, options: SearchOptions, *, quick: bool = False
        ) -> PolicyResult | None:
            return self._solved_beside(program, options, clock, quick=quick)

        programs = self._programs_of(program)
        kind = StageSearch if _is_searched_by_stages(program, programs) else MomentSearch
        search = kind(
            program,
            programs,
            options,
            clock,
            tolerance=self.tolerance,
            solve_other=solve_other,
            quick=self._quick,
        )
        try:
            search.run()
            return judged(search, most_nodes=self.most_nodes)
        except KeyboardInterrupt:  # between two runs of the optimiser
            clock.interrupt()
            if not search.optima:
                raise
            return judged(search, most_nodes=self.most_nodes)

    def _programs_of(self, program: PolicyProgram) -> MomentPrograms:
        by_stages = is_stagewise(program) and not self.limits.limited
        structure = layout_of(program), follows_loss(program), by_stages
        if structure not in self._programs:
            self._programs[structure] = self._compiled(program, by_stages)
        return self._programs[structure]

    def _compiled(self, program: PolicyProgram, by_stages: bool) -> MomentPrograms:
        moments = moment_program_of(program)
        if by_stages and self.hessian == "exact":
            stages = StagePrograms(moments, most_iterations=self.most_iterations)
            if stages.is_numpy:
                return stages
        return MomentPrograms(
            moments,
            hessian=self.hessian,
            options={"max_iter": self.most_iterations},
            limits=self.limits,
        )

    def _solved_beside(
        self, program: PolicyProgram, options: SearchOptions, clock: SolveClock, *, quick: bool
    ) -> PolicyResult | None:
        """The result for a program that helps with this one, in half the time left; None if none."""
        solver = PolicySolver(
            program,
            tolerance=self.tolerance,
            most_nodes=self.most_nodes,
            hessian=self.hessian,
            most_iterations=self.most_iterations,
            time_limit=clock.seconds_for_part(0.5),
            limits=self.limits,
        )
        solver._quick = quick
        return solved_beside(solver, options, clock)


def _is_searched_by_stages(program: PolicyProgram, programs: MomentPrograms) -> bool:
    """Whether there are coefficients of their own at every step, and programs by stages."""
    return is_varied(program) and isinstance(programs, StagePrograms)
