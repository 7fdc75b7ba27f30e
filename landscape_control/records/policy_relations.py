"""What must hold between the fields of policies and of the results of their optimisation."""

from collections.abc import Mapping

import numpy as np

from ..rules.families import Policy
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
    for i, one in enumerate(values.get("optima", ())):
        sound = (
            isinstance(one, tuple)
            and len(one) == 3
            and isinstance(one[0], float | int)
            and isinstance(one[1], Mapping)
        )
        if not (sound and isinstance(one[2], int)):
            refuse(f"optima/{i}", "a cost, coefficients, and how many starts", f"{one!r:.60}")


def _full_coefficients(family, coefficients, steps):
    """Refuse a number in the place of many: it would become as many as the horizon or the family is
    long.
    """
    for one in family.coefficients:
        if one.name in coefficients:
            shape = (steps,) * one.varies + (one.size,) * (one.size > 1)
            if np.shape(coefficients[one.name]) != shape:
                refuse(
                    f"coefficients/{one.name}",
                    f"numbers of shape {shape}",
                    f"shape {np.shape(coefficients[one.name])}",
                )


def check_scenario_result(values: Mapping) -> None:
    for name, one in values["intervals"].items():
        if not (isinstance(one, tuple) and len(one) == 2):
            refuse(f"intervals/{name}", "a lower and an upper end", f"{one!r:.60}")
