"""A cell of a sweep on its way to a row: its values, solution and time; what its neighbours can do
for it.
"""

from dataclasses import dataclass, field

from ..support.errors import ProblemError
from .failures import RAISED, REFUSED, failure


@dataclass(kw_only=True, eq=False)
class Job:
    """A cell on its way to a row."""

    cell: int
    structure: int
    values: dict = field(default_factory=dict)
    numbers: dict = field(default_factory=dict)
    seed: int = 0
    runner: object = None
    solution: object = None
    known: object = None  # the last usable solution up to here, which the next cell may start from
    row: dict | None = None
    seconds: float = 0.0

    @property
    def usable(self) -> bool:
        """Whether neighbours may start from its solution."""
        return self.solution is not None and self.solution.status.ok

    def failed(self, error):
        """Note what stopped it; the other cells go on."""
        self.row = failure(error, REFUSED if isinstance(error, ProblemError) else RAISED)
        self.solution = None

    def replaced(self, solution) -> bool:
        """Take another solution, which then has to be measured; False if it is the one there was."""
        if solution is self.solution:
            return False
        self.solution, self.row = solution, None
        return True


def improved(job: Job, neighbour: object) -> object:
    """The solution of a cell, or the better one that its neighbour's leads to."""
    if not hasattr(job.runner, "improved"):
        return job.solution
    try:
        return job.runner.improved(job.numbers, job.seed, job.solution, neighbour)
    except (Exception, SystemExit):  # what there was stays
        return job.solution
