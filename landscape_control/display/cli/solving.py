"""The command solve."""

import math
import sys
from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ...support.errors import ProblemError
from .common import OK, SHORT, check_output, is_ours, print_json, read_problem, write_result

if TYPE_CHECKING:
    from ...model.problem import ControlProblem
    from ...optimisation.program import PolicyProgram
    from ...planning.beliefs.solution import BeliefSolution
    from ...planning.solution import Solution


def solve_target(options: Namespace) -> int:
    """Solve the problem of a file or a claim: a plan, a policy on beliefs, or the best rule."""
    from ...optimisation.program import PolicyProgram

    if options.output:
        replaces = is_ours if options.output.suffix == ".nc" else None
        check_output("--output", options.output, endings=(".nc", ".json"), replaces=replaces)
    problem = read_problem(options.target)
    if isinstance(problem, PolicyProgram):
        return _solve_program(problem, options)
    if problem.is_known:
        return _solve_known(problem, options)
    return _solve_hidden(problem, options)


def _solve_known(problem: "ControlProblem", options: Namespace) -> int:
    from ...planning.solver import solve
    from ..report import describe_solution

    chosen = {} if options.method is None else {"method": options.method}
    solution = solve(
        problem,
        tolerance=options.tolerance,
        seed=options.seed,
        starts=options.starts,
        throw=False,
        **chosen,
    )
    document = None
    if options.json or options.output:
        document = describe_solution(problem, solution)

    def text() -> str:
        return f"{problem.describe()}\n\n{_plans(solution)}"

    _hand_out(options, solution, document, text)
    return _judge(solution)


def _solve_hidden(problem: "ControlProblem", options: Namespace) -> int:
    """Plan with beliefs: the policy's expected cost, and what the method takes for granted."""
    from ...verification import solve

    # Known problems, whose solution is another one, went to _solve_known.
    if options.starts is not None:
        raise ProblemError(
            "--starts",
            expected="a known landscape or a policy program",
            received="a problem with hidden variables",
            advice="leave it out",
        )
    method = options.method or "auto"
    answer = solve(problem, method=method, seed=options.seed, throw=False)
    solution = cast("BeliefSolution", answer)
    document = _fields(solution, "method", "cost", "cost_kind", "status", "assumes", "message")
    if solution.confirmation is not None:
        document["simulated"] = _fields(solution.confirmation, "simulated", "error", "episodes")

    def text() -> str:
        return f"{problem.describe()}\n\n{solution.summary()}\nassumes     {solution.assumes}"

    _hand_out(options, solution, document, text)
    return _judge(solution, certified=False)


def _solve_program(program: "PolicyProgram", options: Namespace) -> int:
    """The best coefficients of the family, how far to trust them, and which are not determined."""
    from ...optimisation.optimise import solve_program

    given = {"starts": options.starts, "method": options.method}
    chosen = {name: value for name, value in given.items() if value is not None}
    result = solve_program(
        program, tolerance=options.tolerance, seed=options.seed, throw=False, **chosen
    )
    document = _fields(
        result,
        "method",
        "cost",
        "cost_error",
        "standard_error",
        "status",
        "starts",
        "agreed",
        "message",
    )
    coefficients = result.coefficients.items()
    document["coefficients"] = {name: np.asarray(value).tolist() for name, value in coefficients}
    trust = [str(result.certificate), str(result.identifiability)] if result.status.ok else []

    def text() -> str:
        return "\n".join([program.describe(), "", result.summary(), *trust])

    _hand_out(options, result, document, text)
    return _judge(result)


def _fields(solution: object, *names: str) -> dict[str, Any]:
    return {name: _plain(getattr(solution, name)) for name in names}


def _plain(value: object) -> str | float | int | None:
    """A value that JSON knows: statuses by name, numbers that are none as null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, int | float) else str(value)


def _hand_out(
    options: Namespace, solution: object, document: object, text: Callable[[], str]
) -> None:
    """The solution to the file and to standard output as asked, or the text."""
    if options.output:
        write_result(options.output, solution, document)
    if options.json:
        print_json(document)
    else:
        print(text())


def _judge(solution: Any, certified: bool = True) -> int:
    """Exit status of a solve, and one line on what is wrong.

    Nothing is wrong where it converged and, with ``certified``, its certificate passes.
    """
    if not solution.status.ok:
        said = getattr(solution, "explanation", solution.status.value)
        wrong = f"not solved: {said}. {solution.message}"
    elif certified and not solution.certificate.passed:
        wrong = (
            "not certified: converged, but a residual is above its limit; tighten --tolerance to"
            " refine"
        )
    else:
        return OK
    print(" ".join(wrong.split()), file=sys.stderr)
    return SHORT


def _plans(solution: "Solution") -> str:
    from ..report.table import align

    rows = [("plan", "cost J", "± discretisation", "status", "end θ(T)", "found from")]
    for number, plan in enumerate(solution.plans, start=1):
        rows.append(
            (
                str(number),
                f"{plan.cost:.9g}",
                f"{plan.cost_error:.1g}",
                str(plan.status),
                _end(plan.parameters[-1]),
                ", ".join(plan.found_from[:3]),
            )
        )
    certificate = [str(solution.certificate)] if solution.status.ok else []
    return "\n".join([*align(rows), "", solution.summary(), *certificate])


def _end(parameters: np.ndarray) -> str:
    """Up to six parameters in words."""
    numbers = [f"{value:.5g}" for value in parameters[:6]]
    if len(parameters) > 6:
        numbers.append("…")
    return ", ".join(numbers)
