"""The commands sweep, resume and show."""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...support.errors import ProblemError
from .axis_texts import read_axis, variants
from .common import (
    INTERRUPTED,
    OK,
    SHORT,
    check_output,
    is_ours,
    print_json,
    read_problem,
    read_subject,
    users_code,
)

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from .parsing import Parser

    Commands = _SubParsersAction[Parser]
else:
    Commands = Any


def add_sweeping(commands: Commands, epilog: str) -> list[ArgumentParser]:
    """Put the three commands into a parser; returns them."""
    sweeping = _add_sweep(commands, epilog)
    resuming = commands.add_parser("resume", help="finish a sweep from its folder", epilog=epilog)
    resuming.add_argument("store", type=Path, metavar="FOLDER")
    resuming.add_argument("--retry-failed", action="store_true", help="compute failed cells again")
    resuming.set_defaults(command=resume)
    for command in (sweeping, resuming):
        command.add_argument(
            "--workers", type=int, metavar="N", help="processes (default: one per available core)"
        )
        command.add_argument(
            "--scheduler",
            metavar="ADDRESS",
            help="a Dask scheduler, tcp://host:port, in place of those",
        )
    return [sweeping, resuming, _add_show(commands, epilog)]


def _add_sweep(commands: Commands, epilog: str) -> ArgumentParser:
    sweeping = commands.add_parser(
        "sweep", help="solve a problem on a grid of its parameters", epilog=epilog
    )
    sweeping.add_argument(
        "target", metavar="FILE-OR-NAME", help="a Python file defining 'problem', or a claim"
    )
    sweeping.add_argument(
        "--axis",
        action="append",
        default=[],
        metavar="NAME=VALUES",
        help=(
            "horizon=0.1:30:40log, horizon=1:10:10 (evenly), horizon=1,2,5,"
            " family=heavy-ball,nesterov; the name may be a dotted path;"
            " horizon/discount=1/0.1,2/0.3 moves both together; repeat for a grid"
        ),
    )
    sweeping.add_argument(
        "--measure",
        action="extend",
        nargs="+",
        metavar="NAME",
        help="measures, with spaces or commas between, or module:function (default: cost)",
    )
    sweeping.add_argument(
        "--store",
        type=Path,
        metavar="FOLDER",
        help="keep results here; the same command goes on from it",
    )
    sweeping.add_argument(
        "--output", type=Path, metavar="FILE.nc", help="write the dataset as NetCDF"
    )
    sweeping.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    sweeping.add_argument(
        "--starts",
        type=int,
        metavar="N",
        help="cold starts per cell (default: the solver's choice)",
    )
    sweeping.add_argument("--tolerance", type=float, help="relative error of the cost")
    sweeping.add_argument("--method", help="of the solver")
    sweeping.set_defaults(command=sweep)
    return sweeping


def _add_show(commands: Commands, epilog: str) -> ArgumentParser:
    showing = commands.add_parser(
        "show", help="say what is in a sweep's folder or a result's file", epilog=epilog
    )
    showing.add_argument("store", type=Path, metavar="FOLDER-OR-FILE")
    showing.add_argument(
        "--html",
        type=Path,
        metavar="FILE.html",
        help="write one page where every cell shows its numbers",
    )
    showing.add_argument(
        "--picture",
        type=Path,
        metavar="FILE",
        help="draw maps (curves over one axis): FILE.png, FILE.pdf",
    )
    showing.add_argument(
        "--variable",
        action="append",
        metavar="NAME",
        help="draw this one; repeat for more (default: all)",
    )
    showing.add_argument(
        "--at",
        action="append",
        default=[],
        metavar="AXIS=VALUE",
        help="fix an axis that is not drawn",
    )
    showing.set_defaults(command=show)
    return showing


def sweep(options: Namespace) -> int:
    """Run ``landscape-control sweep``."""
    from ...records import save
    from ...sweeps import sweep as run

    axes = {name: variants(name, values) for name, values in map(read_axis, options.axis)}
    if len(axes) < len(options.axis):
        raise ProblemError(
            "--axis",
            expected="different names",
            received=", ".join(options.axis),
            advice="drop one of them",
        )
    given = {"tolerance": options.tolerance, "method": options.method}
    solver = {name: value for name, value in given.items() if value is not None}
    problem = read_problem(options.target)
    if options.output:
        check_output("--output", options.output, endings=(".nc",), replaces=is_ours)
    with _running(options) as common:
        dataset = run(
            problem,
            axes,
            measure=[name for words in options.measure or ["cost"] for name in words.split(",")],
            store=options.store,
            seed=options.seed,
            starts=options.starts,
            options=solver,
            **common,
        )
    if options.output:
        save(dataset, options.output)
    kept = options.store or options.output
    return _report(dataset, options, cells=not kept)


def resume(options: Namespace) -> int:
    """Run ``landscape-control resume``."""
    from ...sweeps import resume as run

    with _running(options) as common:
        dataset = run(options.store, retry_failed=options.retry_failed, **common)
    return _report(dataset, options)


def show(options: Namespace) -> int:
    """Run ``landscape-control show``: a sweep, or a result in all its numbers."""
    from ...model.problem import ControlProblem
    from ...support.results import Result
    from ...sweeps import load_store
    from ..report.problem_files import is_saved
    from .drawing import written

    if is_saved(str(options.store)) and not options.store.is_dir():
        subject = read_subject(str(options.store))
        print(subject.describe() if isinstance(subject, Result | ControlProblem) else subject)
        return OK
    if options.store.is_file():
        raise ProblemError(
            "FOLDER-OR-FILE",
            expected="the folder of a sweep, or a file that landscape_control.save wrote",
            received=str(options.store),
            advice="a problem's file is solved by 'landscape-control solve', with --output x.nc",
        )
    dataset = load_store(options.store)
    _report(dataset, options, written(dataset, options))
    return OK


@contextmanager
def _running(options: Namespace) -> Iterator[dict[str, Any]]:
    """Arguments that sweep and resume share; an interrupt says how to go on."""
    sys.path.insert(0, "")  # measures in the working folder
    client = _client(options.scheduler)
    try:
        executor = None if client is None else client.get_executor()
        with users_code():
            yield {"workers": options.workers, "progress": _progress(), "executor": executor}
    except KeyboardInterrupt:
        if not options.store:
            raise
        print(
            f"\ninterrupted; what was finished is kept: landscape-control resume {options.store}",
            file=sys.stderr,
        )
        raise SystemExit(INTERRUPTED) from None
    finally:
        sys.path.remove("")
        if client is not None:
            client.close()


def _progress() -> Any:
    from ...sweeps import bar, lines

    if sys.stderr.isatty():
        return bar(desc="sweep")
    return lines(lambda line: print(line, file=sys.stderr, flush=True))


def _client(address: str | None) -> Any:
    """A client of the Dask scheduler at the address, None without one."""
    if address is None:
        return None
    try:
        from dask.distributed import Client
    except ImportError as error:
        raise ProblemError(
            "--scheduler",
            expected="Dask",
            received=str(error),
            advice="pip install 'landscape-control[cluster]'",
        ) from error
    try:
        return Client(address, timeout=10)
    except (OSError, ValueError) as error:
        raise ProblemError(
            "--scheduler",
            expected="the address of a running Dask scheduler",
            received=f"{address} ({type(error).__name__}: {error})",
            advice="start one with 'dask scheduler' and workers with 'dask worker ADDRESS'",
        ) from error


def _report(
    dataset: Any, options: Namespace, files: Sequence[Path] = (), *, cells: bool = False
) -> int:
    """Print what a sweep holds, as JSON or in words; the exit status.

    With ``cells`` every cell is printed too: nothing else keeps them.
    """
    from ...sweeps import describe

    failed = int(dataset.attrs["failed"])
    if options.json:
        statuses, counts = np.unique(dataset["status"].values, return_counts=True)
        document = {
            "cells": int(dataset.attrs["cells"]),
            "failed": failed,
            "store": str(options.store) if options.store else None,
            "status": dict(zip(statuses.tolist(), counts.tolist(), strict=True)),
            "written": list(map(str, files)),
        }
        attributes = dataset.attrs.items()
        simple = {
            name: _unpacked(each)
            for name, each in attributes
            if isinstance(each, str | int | float)
        }
        numbers = {"numbers": _cells(dataset)} if cells else {}
        print_json(document | simple | numbers)
    else:
        print("\n".join([describe(dataset), *(f"written   {file}" for file in files)]))
        if cells:
            print(f"\n{_table(_cells(dataset))}")
    return SHORT if failed else OK


def _unpacked(value: Any) -> Any:
    """What a text of JSON holds; any other value as it is."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        with suppress(ValueError):
            return json.loads(value)
    return value


def _cells(dataset: Any) -> list[dict]:
    """Every cell with its axes and whatever is one number or word of it, unless all are empty."""
    from ..report.documents import plain

    axes = tuple(dataset["status"].dims)
    names = [name for name, values in dataset.data_vars.items() if tuple(values.dims) == axes]
    names = [name for name in names if not np.all(dataset[name].values == "")]
    frame = dataset[names].to_dataframe().reset_index()
    return [plain(row) for row in frame[[*axes, *names]].to_dict("records")]


def _table(cells: list[dict]) -> str:
    from ..report.table import align

    rows = [tuple(cells[0]), *(tuple(map(_word, cell.values())) for cell in cells)]
    return "\n".join(align(rows))


def _word(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.8g}"
    return "" if value is None else str(value)
