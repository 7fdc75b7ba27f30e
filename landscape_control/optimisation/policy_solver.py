"""PolicySolver: the best coefficients by exact moments."""

from typing import Literal

from ..planning.solver import SECONDS, SolveClock
from ..rules.families import Family
from ..support.arguments import Count, Duration, Positive, checked
from ..support.side_by_side import Asking
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
        self.most_nodes, self.most_iterations, self.hessian = most_nodes, most_iterations, hessian
        self._programs: dict[tuple[MomentLayout, bool, bool], MomentPrograms] = {}
        self._helpers: dict[tuple[Family, int], PolicySolver] = {}
        self.programs_of(program).prepare(first_nodes(program))

    @property
    def build_seconds(self) -> float:
        """Time spent building so far."""
        return sum(programs.build_seconds for programs in self._programs.values())

    def _searching(
        self, program: PolicyProgram, options: SearchOptions, clock: SolveClock
    ) -> Asking[PolicyResult]:
        check_linear(program)
        check_paid(program)

        def solve_other(
            program: PolicyProgram, options: SearchOptions
        ) -> Asking[PolicyResult | None]:
            return solved_beside(self._helper(program), program, options, clock)

        programs = self.programs_of(program)
        kind = StageSearch if _is_searched_by_stages(program, programs) else MomentSearch
        search = kind(
            program,
            programs,
            options,
            clock,
            tolerance=self.tolerance,
            solve_other=solve_other,
        )
        try:
            yield from search.searching()
            return judged(search, most_nodes=self.most_nodes)
        except KeyboardInterrupt:  # between two runs of the optimiser
            clock.interrupt()
            if not search.optima:
                raise
            return judged(search, most_nodes=self.most_nodes)

    def _is_by_stages(self, program: PolicyProgram) -> bool:
        """Whether a program is solved in NumPy, by passes over its steps, if that has all it needs."""
        return is_stagewise(program) and not self.limits.limited

    @checked
    def programs_of(self, program: PolicyProgram) -> MomentPrograms:
        """What is compiled for a program; kept for others of its structure."""
        by_stages = self._is_by_stages(program)
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

    def _helper(self, program: PolicyProgram) -> "PolicySolver":
        """A solver for programs like one that helps; kept, as the next numbers need it too."""
        key = program.family, program.steps
        try:
            known = self._helpers.get(key)
        except TypeError:  # a family that holds arrays, say, has no hash
            return self._made_alike(program)
        if known is None:
            known = self._helpers[key] = self._made_alike(program)
        return known

    def _made_alike(self, program: PolicyProgram) -> "PolicySolver":
        return type(self)(
            program,
            tolerance=self.tolerance,
            most_nodes=self.most_nodes,
            hessian=self.hessian,
            most_iterations=self.most_iterations,
            limits=self.limits,
        )


def _is_searched_by_stages(program: PolicyProgram, programs: MomentPrograms) -> bool:
    """Whether there are coefficients of their own at every step, and programs by stages."""
    return is_varied(program) and isinstance(programs, StagePrograms)
