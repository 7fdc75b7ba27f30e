"""What must hold between the fields of policies and of the results of their optimisation."""

from collections.abc import Mapping

import numpy as np

from ..rules.families import Family, Policy
from .limits import MOST_POLICY_STEPS
from .relation_checks import refuse


def check_policy(values: Mapping) -> None:
    if not 1 <= values["horizon"] <= MOST_POLICY_STEPS:
        refuse("horizon", f"1 to {MOST_POLICY_STEPS} steps", f"{values['horizon']}")
    _full_coefficients(values["family"], values["coefficients"], values["horizon"])


def check_policy_result(values: Mapping) -> None:
    program, status = values["program"], values["status"]
    if not program.steps <= MOST_POLICY_STEPS:
        refuse("program", f"at most {MOST_POLICY_STEPS} steps", f"{program.steps}")
    _full_coefficients(program.family, values["coefficients"], program.steps)
    if status.ok:  # the constructor refuses names, shapes and numbers that do not fit
        Policy(family=program.family, coefficients=values["coefficients"], horizon=program.steps)
    for i, optimum in enumerate(values.get("optima", ())):
        if not _is_optimum(optimum):
            refuse(f"optima/{i}", "a cost, coefficients, and how many starts", f"{optimum!r:.60}")


def _is_optimum(value: object) -> bool:
    """Whether a value is (cost, coefficients, how many starts led there)."""
    if not isinstance(value, tuple) or len(value) != 3:
        return False
    cost, coefficients, starts = value
    return (
        isinstance(cost, float | int)
        and isinstance(coefficients, Mapping)
        and isinstance(starts, int)
    )


def _full_coefficients(family: Family, coefficients: Mapping, steps: int) -> None:
    """Refuse a number in the place of many: it would be repeated for every step of the horizon."""
    for coefficient in family.coefficients:
        name = coefficient.name
        if name not in coefficients:
            continue
        wanted = (steps,) * coefficient.varies + (coefficient.size,) * (coefficient.size > 1)
        shape = np.shape(coefficients[name])
        if shape != wanted:
            refuse(f"coefficients/{name}", f"numbers of shape {wanted}", f"shape {shape}")


def check_scenario_result(values: Mapping) -> None:
    for name, ends in values["intervals"].items():
        if not (isinstance(ends, tuple) and len(ends) == 2):
            refuse(f"intervals/{name}", "a lower and an upper end", f"{ends!r:.60}")
