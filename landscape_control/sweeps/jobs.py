"""A cell of a sweep on its way to a row: its values, solution and time, and its neighbours' help."""

from dataclasses import dataclass, field
from typing import Any

from ..support.errors import ProblemError
from .failures import RAISED, REFUSED, failure


@dataclass(kw_only=True, eq=False)
class Job:
    """A cell on its way to a row."""

    cell: int
    structure: tuple[int, ...]
    values: dict = field(default_factory=dict)
    numbers: dict = field(default_factory=dict)
    seed: int = 0
    runner: Any = None
    together: Any = None  # what it was solved as together with others, where that succeeded
    solution: Any = None
    known: Any = None  # the last usable solution up to here, which the next cell may start from
    row: dict | None = None
    seconds: float = 0.0

    @property
    def usable(self) -> bool:
        """Whether neighbours may start from its solution."""
        return self.solution is not None and self.solution.status.ok

    @property
    def measured(self) -> dict:
        """Its row, which it has once it was measured or stopped."""
        assert self.row is not None, "measured before"
        return self.row

    def failed(self, error: Exception | SystemExit) -> None:
        """Note what stopped it; the other cells go on."""
        status = REFUSED if isinstance(error, ProblemError) else RAISED
        self.row = failure(error, status)
        self.solution = None

    def replaced(self, solution: Any) -> bool:
        """Take another solution, which then has to be measured; False if it is the one there was."""
        if solution is self.solution:
            return False
        self.solution, self.row = solution, None
        return True


def improved(job: Job, neighbour: Any) -> Any:
    """The solution of a cell, or the better one that its neighbour's leads to."""
    if not hasattr(job.runner, "improved"):
        return job.solution
    try:
        return job.runner.improved(job.numbers, job.seed, job.solution, neighbour)
    except (Exception, SystemExit):  # what there was stays
        return job.solution
