"""The commands sweep, resume and show."""

import math
import re
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ...support.errors import ProblemError
from .common import INTERRUPTED, OK, SHORT, check_output, print_json, read_problem, users_code


def add_commands(commands, epilog) -> list:
    """Put the three commands into a parser; returns them."""
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
        action="append",
        metavar="NAME",
        help="measure, or module:function (default: cost)",
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
    showing = commands.add_parser("show", help="say what is in a sweep's folder", epilog=epilog)
    showing.add_argument("store", type=Path, metavar="FOLDER")
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
    return [sweeping, resuming, showing]


def sweep(options):
    """Run ``landscape-control sweep``."""
    from ...records import save
    from ...sweeps import sweep as run

    axes = {name: _variants(name, values) for name, values in map(read_axis, options.axis)}
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
        check_output("--output", options.output, replaces=_is_ours)
    with _running(options) as common:
        dataset = run(
            problem,
            axes,
            measure=options.measure or ["cost"],
            store=options.store,
            seed=options.seed,
            starts=options.starts,
            options=solver,
            **common,
        )
    if options.output:
        save(dataset, options.output)
    return _report(dataset, options)


def resume(options):
    """Run ``landscape-control resume``."""
    from ...sweeps import resume as run

    with _running(options) as common:
        dataset = run(options.store, retry_failed=options.retry_failed, **common)
    return _report(dataset, options)


def show(options):
    """Run ``landscape-control show``."""
    from ...sweeps import load_store
    from .drawing import written

    dataset = load_store(options.store)
    _report(dataset, options, written(dataset, options))
    return OK


def read_axis(text: str) -> tuple:
    """(name, values) of NAME=LOW:HIGH:COUNT[log|lin] or NAME=VALUE,VALUE,…; (names, rows) of
    NAME/NAME=VALUE/VALUE,…
    """
    name, sign, values = text.partition("=")
    if not (name and sign and values):
        _refuse(text, "NAME=VALUES")
    if "/" in name:
        return _zipped(text, name, values)
    span = re.fullmatch(r"([^:,]+):([^:,]+):([0-9]+)(log|lin)?", values)
    if span is None:
        if ":" in values:
            _refuse(text, "LOW:HIGH:COUNT, LOW:HIGH:COUNTlog, or values with commas between them")
        return name.strip(), _alike(
            [_value(part.strip()) for part in values.split(",") if part.strip()]
        )
    low, high, count = _value(span[1]), _value(span[2]), _count(span[3])
    logarithmic = span[4] == "log"
    if (
        not all(isinstance(end, int | float) and math.isfinite(end) for end in (low, high))
        or count < 1
        or (logarithmic and min(low, high) <= 0)
    ):
        _refuse(
            text,
            "finite numbers LOW:HIGH and a COUNT >= 1; both > 0 where they are spaced"
            " logarithmically",
        )
    points = (np.geomspace if logarithmic else np.linspace)(low, high, count).tolist()
    whole = (
        not logarithmic
        and isinstance(low, int)
        and isinstance(high, int)
        and all(p == int(p) for p in points)
    )
    return name.strip(), [int(p) for p in points] if whole else points


def _count(digits):
    from ...sweeps.axes import check_size

    count = int(digits[:400])  # longer ones are refused all the same
    check_size("--axis", count)
    return count


def _zipped(text, name, values):
    """Parameters that move together: a value for each at every point."""
    names = tuple(part.strip() for part in name.split("/"))
    rows = [
        tuple(_value(part.strip()) for part in point.split("/"))
        for point in values.split(",")
        if point.strip()
    ]
    if any(len(row) != len(names) for row in rows):
        _refuse(
            text, f"{len(names)} values at each point, as in {name}={'/'.join('1' * len(names))},…"
        )
    return names, rows


def _variants(name, values):
    """Families of rules go by their names."""
    if (
        isinstance(name, tuple)
        or name.rpartition(".")[2] != "family"
        or not all(isinstance(value, str) for value in values)
    ):
        return values
    from ...rules.catalogue import family_by_name as by_name

    return {value: by_name(value) for value in values}


def _value(text):
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        if abs(number) > sys.float_info.max and "inf" not in text.lower():
            _refuse(text[:40], "numbers up to 1.8e308, or inf")
        return number
    return {"true": True, "false": False}.get(text.lower(), text)


def _alike(values):
    return [str(v) for v in values] if any(isinstance(v, str) for v in values) else values


def _refuse(text, expected):
    raise ProblemError(
        "--axis", expected=expected, received=repr(text), advice="e.g. --axis horizon=0.1:30:40log"
    )


@contextmanager
def _running(options):
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


def _progress():
    from ...sweeps import bar, lines

    if sys.stderr.isatty():
        return bar(desc="sweep")
    return lines(lambda line: print(line, file=sys.stderr, flush=True))


def _client(address):
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


def _is_ours(path):
    from ...records.checksum import is_sealed

    return is_sealed(path.read_bytes())


def _report(dataset, options, files=()):
    from ...sweeps import describe

    cells, failed = int(dataset.attrs["cells"]), int(dataset.attrs["failed"])
    if options.json:
        words, counts = np.unique(dataset["status"].values, return_counts=True)
        document = {
            "cells": cells,
            "failed": failed,
            "store": str(options.store) if options.store else None,
            "status": dict(zip(words.tolist(), counts.tolist(), strict=True)),
            "written": list(map(str, files)),
            **{
                name: value
                for name, value in dataset.attrs.items()
                if isinstance(value, str | int | float)
            },
        }
        print_json(document)
    else:
        print("\n".join([describe(dataset), *(f"written   {file}" for file in files)]))
    return SHORT if failed else OK
