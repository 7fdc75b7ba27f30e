"""The command solve."""

import json
import math
import sys

import numpy as np

from .common import OK, SHORT, check_output, print_json, read_problem


def solve_target(options) -> int:
    """Solve the problem of a file or a claim: a plan, a policy on beliefs, or the best rule of a
    family.
    """
    from ...optimisation.program import PolicyProgram

    if options.output:
        check_output("--output", options.output)
    problem = read_problem(options.target)
    if isinstance(problem, PolicyProgram):
        return _solve_program(problem, options)
    return _solve_known(problem, options) if problem.is_known else _solve_hidden(problem, options)


def _solve_known(problem, options):
    from ...planning.solver import solve
    from ..report import describe_solution

    solution = solve(problem, tolerance=options.tolerance, throw=False)
    document = describe_solution(problem, solution) if options.json or options.output else None
    _hand_out(options, document, lambda: f"{problem.describe()}\n\n{_plans(solution)}")
    return _judge(solution)


def _solve_hidden(problem, options):
    """Plan with beliefs: the policy's expected cost, and what the method takes for granted."""
    from ...verification import solve

    solution = solve(problem, throw=False)
    document = _fields(solution, "method", "cost", "cost_kind", "status", "assumes", "message")
    if solution.confirmation is not None:
        document["simulated"] = _fields(solution.confirmation, "simulated", "error", "episodes")
    _hand_out(
        options,
        document,
        lambda: f"{problem.describe()}\n\n{solution.summary()}\nassumes     {solution.assumes}",
    )
    return _judge(solution, certified=False)


def _solve_program(program, options):
    """The best coefficients of the family, how far to trust them, and what the cost does not feel."""
    from ...optimisation import solve_program

    result = solve_program(program, tolerance=options.tolerance, throw=False)
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
    document["coefficients"] = {
        name: np.asarray(value).tolist() for name, value in result.coefficients.items()
    }
    _hand_out(
        options,
        document,
        lambda: "\n".join([program.describe(), "", result.summary(), *_trust(result)]),
    )
    return _judge(result)


def _trust(result):
    return [str(result.certificate), str(result.identifiability)] if result.status.ok else []


def _fields(solution, *names):
    return {name: _plain(getattr(solution, name)) for name in names}


def _plain(value):
    """A value that JSON knows: statuses by name, numbers that are none as null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, int | float) else str(value)


def _hand_out(options, document, text):
    """The document to the file and to standard output as asked, or the text."""
    from ..report.reproduction import write_whole

    if options.output:
        write_whole(options.output, json.dumps(document, ensure_ascii=False, allow_nan=False))
    if options.json:
        print_json(document)
    else:
        print(text())


def _judge(solution, certified=True):
    """Exit status of a solve, with one line saying what is wrong unless it converged and its
    certificate passes.
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


def _plans(solution):
    from ..report.table import align

    rows = [("plan", "cost J", "± error", "status", "end θ(T)", "found from")]
    for number, plan in enumerate(solution.plans, start=1):
        end = [f"{value:.5g}" for value in plan.parameters[-1][:6]] + ["…"] * (
            plan.parameters.shape[1] > 6
        )
        rows.append(
            (
                str(number),
                f"{plan.cost:.9g}",
                f"{plan.cost_error:.1g}",
                str(plan.status),
                ", ".join(end),
                ", ".join(plan.found_from[:3]),
            )
        )
    certificate = [str(solution.certificate)] if solution.status.ok else []
    return "\n".join([*align(rows), "", solution.summary(), *certificate])
