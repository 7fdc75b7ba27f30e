"""How the tests of the command line run it, and problems that they hand to it."""

import csv
from dataclasses import dataclass, replace
from types import SimpleNamespace

from landscape_control import ControlProblem, Objective, quadratic, solve
from landscape_control.display import cli
from landscape_control.planning.solution import Status

PROBLEM = """
    import numpy as np
    import landscape_control as lc
    problem = lc.ControlProblem(landscape=lc.quadratic(hessian=np.eye(1)), start=[1.0], objective=lc.Objective(horizon=1.0))
"""


def run(capsys, *arguments):
    status = cli.main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return SimpleNamespace(status=status, out=captured.out, err=captured.err)


def table_rows(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


@dataclass(frozen=True)
class MadeCertificate:
    passed: bool
    dynamics: float = 1e-9

    def __str__(self):
        return "certificate made by hand"


def made_solution(status=Status.CONVERGED, *, certified=True):
    """The solved quadratic mode h = 1, T = 1, γ = 0 (J = ½ tanh 1), relabelled."""
    problem = ControlProblem(
        landscape=quadratic(hessian=[[1.0]]), start=[1.0], objective=Objective(horizon=1.0)
    )
    solution = solve(problem, tolerance=1e-8)
    plans = (replace(solution.plans[0], status=status, certificate=MadeCertificate(certified)),)
    return replace(solution, plans=plans)
