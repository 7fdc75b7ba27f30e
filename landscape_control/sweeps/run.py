"""sweep and resume: a grid of problems solved on all cores, kept on disk, as one dataset."""

import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Annotated, Protocol, runtime_checkable

from ..model.problem import ControlProblem
from ..optimisation.program import PolicyProgram
from ..support.arguments import Count, Index, Words, checked
from ..support.arguments import Path as PathName
from ..support.errors import ProblemError
from ..support.recorded_settings import check_given, refuse_withheld, withheld
from .axes import read_axes
from .chosen_measures import chosen_measures
from .columns import NOTES
from .compute import compute
from .measures import ALL
from .plan import Plan, about, make_plan
from .problem_kinds import kind_of
from .progress import Progress
from .store_reading import read_plan
from .worker import check_code

if TYPE_CHECKING:
    import xarray


@runtime_checkable
class HasExecutor(Protocol):
    """What lends an executor, as dask.distributed's Client does."""

    def get_executor(self) -> Executor:
        """The executor."""


_EXECUTOR = Annotated[
    Executor | HasExecutor | None,
    Words(
        expected="a concurrent.futures.Executor, or a Client of dask.distributed",
        advice="e.g. concurrent.futures.ProcessPoolExecutor()",
    ),
]
_PROGRESS = Annotated[
    Callable[[Progress], None] | None,
    Words(
        expected="a function of a Progress, or None", advice="use landscape_control.sweeps.bar()"
    ),
]


@checked
def sweep(
    problem: ControlProblem | PolicyProgram,
    axes: Mapping,
    *,
    measure: object,
    store: PathName | None = None,
    workers: Count | None = None,
    seed: Index = 0,
    executor: _EXECUTOR = None,
    progress: _PROGRESS = None,
    options: Mapping[str, object] | None = None,
    starts: Index | None = None,
    chunk: Count | None = None,
) -> "xarray.Dataset":
    """Solve a problem on a grid of its parameters and measure every solution.

    Parameters
    ----------
    problem : ControlProblem or PolicyProgram, the base
    axes : {name: values}
        A name is a dotted path ("objective.horizon", "learner.sees.noise", "start.0",
        "task.curvatures.low") or its last part where that is unique; a tuple of names moves them
        together, {("horizon", "discount"): [(1, 0.1), ...]}. Values are numbers, or named variants
        {"calm": object, ...}. "seed" is an axis too.
    measure : one or several measures: by name ("cost"), a Measure, "module:function", or a function
        of a solution
    store : folder, new or empty; what is finished survives there, and the same call (or
        :func:`resume`) goes on from it. A sweep is another one too if a measure of the same name
        has other code.
    workers : processes; None is one per core, 1 stays in this process. The numbers do not depend on
        it.
    seed : of the multi-start and of measures that draw
    executor : any concurrent.futures.Executor in place of ``workers``, or dask.distributed's Client
    progress : called with a :class:`Progress` after every chunk; see :func:`bar` and :func:`lines`
    options : of the solver, e.g. {"tolerance": 1e-8, "method": "collocation"}
    starts : cold starts per cell; None leaves the choice to the solver
    chunk : cells that are handed out together at most; None chooses. Cells also try the plans of
        their neighbours in the chunk: of rules with numbers per step, whose optima lie close
        together, another chunk may give costs that differ by a tenth of a per cent

    Returns
    -------
    xarray.Dataset
        A dimension per axis, a variable per measure, and in every cell ``status``, ``message``,
        ``traceback`` and ``found_from``. A cell that fails says so there; the sweep goes on.
        Measures of a solution have a value (not NaN, not "") only where it converged, or stopped at
        a cap with its discretisation the only doubt.

    Raises
    ------
    ProblemError
        Unknown axes and measures, values out of a parameter's domain, a store of another sweep, one
        in use, one that cannot be written to.
    """
    measures, addresses = chosen_measures(measure)
    kind = kind_of(
        problem,
        closed_form=all(chosen.batch is not None for chosen in measures),
        any_path=not any(ALL.get(chosen.name) is chosen for chosen in measures),
    )
    taken = {*NOTES, *(chosen.name for chosen in measures)}
    read = read_axes(problem, axes, taken)
    plan = make_plan(
        problem,
        read,
        tuple(map(about, measures, addresses)),
        kind=kind,
        options=options or {},
        starts=starts,
        seed=seed,
        most=chunk,
    )
    kind.check(problem, plan.options, starts)
    lent = _lent(executor)
    return compute(plan, measures, store, workers=workers, executor=lent, progress=progress)


@checked
def resume(
    store: PathName,
    *,
    measure: object = None,
    workers: Count | None = None,
    executor: _EXECUTOR = None,
    retry_failed: bool = False,
    progress: _PROGRESS = None,
    options: Mapping[str, object] | None = None,
) -> "xarray.Dataset":
    """Finish a sweep from its folder.

    Damaged chunks are computed again, and with ``retry_failed`` those with failed cells.
    ``measure`` is needed only for functions that cannot be found by their address, in the order
    they were given; ``options`` for options of the solver that are never taken from a file, such as
    those of an optimiser: give them as to :func:`sweep`. Returns the dataset that an uninterrupted
    run gives. Raises ProblemError as :func:`sweep` does.
    """
    plan = read_plan(store)
    _check_settings(plan, options)
    names = [planned["name"] for planned in plan.measures]
    if measure is None:
        _check_addresses(plan)
    measures = None if measure is None else chosen_measures(measure)[0]
    given = names if measures is None else [chosen.name for chosen in measures]
    if given != names:
        raise ProblemError(
            "measure",
            expected=f"the measures of the store: {', '.join(names)}",
            received=", ".join(given),
            advice="pass the same functions again",
        )
    for planned, chosen in zip(plan.measures, measures or (), strict=False):
        check_code(planned, chosen, vouched=True)
    return compute(
        plan,
        measures,
        store,
        workers=workers,
        executor=_lent(executor),
        progress=progress,
        retry_failed=retry_failed,
        resumed=True,
    )


def _check_settings(plan: Plan, given: Mapping[str, object] | None) -> None:
    """Refuse to solve with settings that only a file asks for."""
    if given is not None and not isinstance(given, Mapping):
        raise ProblemError(
            "options",
            expected="the options of the sweep, {name: value}",
            received=type(given).__name__,
            advice='e.g. options={"options": {"max_iter": 500}}',
        )
    check_given("options of the store", plan.options, given or {})
    refuse_withheld(
        "resume",
        [name for name in withheld(plan.options) if name not in (given or {})],
        "resume(store, options={{{}}})",
    )


def _check_addresses(plan: Plan) -> None:
    """Refuse functions of Python itself, named by a file, as measures: they may do anything."""
    of_python = {*sys.stdlib_module_names, *sys.builtin_module_names}
    for planned in plan.measures:
        module, sign, _ = planned["address"].partition(":")
        if sign and module.partition(".")[0] in of_python:
            raise ProblemError(
                f"measure {planned['name']!r}",
                expected="a function of your own",
                received=f"{planned['address']!r}, of Python's library, in a file",
                advice="if you want it, pass it: resume(store, measure=[...])",
            )


def _lent(executor: Executor | HasExecutor | None) -> Executor | None:
    """The executor itself."""
    return executor.get_executor() if isinstance(executor, HasExecutor) else executor
