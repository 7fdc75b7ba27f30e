"""What must hold between the fields of simulations, paths, verdicts and kernels.

That axes of one name have one length is checked for every kind, see ``contents``.
"""

from collections.abc import Mapping

import numpy as np

from .relation_checks import check_counted, check_positive, refuse


def check_settings(values: Mapping) -> None:
    for name, value in (values.get("made_with") or {}).items():
        if not _is_setting(value):
            refuse(f"made_with/{name}", "a number, a word, or several", f"{value!r:.60}")


def _is_setting(value: object) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_setting, value))
    return isinstance(value, bool | int | float | str)


def check_paths(values: Mapping) -> None:
    steps, nodes = values["controls"].shape[1], len(values["times"])
    if nodes != steps + 1:
        refuse("times", f"{steps + 1}, one more than there are steps", f"{nodes}")


def check_rollout(values: Mapping) -> None:
    if len(values["costs"]) != values["episodes"] or not values["episodes"] >= 1:
        refuse("costs", f"one for each of {values['episodes']} episodes", f"{len(values['costs'])}")
    check_positive("step", values["step"])
    check_positive("horizon", values["horizon"])
    diverged = values["diverged"]
    if not np.isin(diverged, np.arange(values["episodes"])).all():
        refuse("diverged", "numbers of episodes", f"{diverged!r:.60}")


def check_trajectory(values: Mapping) -> None:
    times, problem = values["times"], values["problem"]
    if not (len(times) and (np.diff(times) >= 0).all()):
        refuse("times", "in order", "others")
    sizes = values["parameters"].shape[1], values["controls"].shape[1]
    if sizes != (problem.dimension, problem.controls):
        wanted = f"{problem.dimension} and {problem.controls}, as the problem has"
        refuse("parameters and controls", wanted, f"{sizes[0]} and {sizes[1]}")


def check_verdict(values: Mapping) -> None:
    if not values["rows"]:
        refuse("rows", "at least one rule", "none")
    keys = [row.key for row in values["rows"]]
    strangers = set(values["equivalent"]) - set(keys)
    if strangers:
        refuse("equivalent", f"some of {', '.join(keys)}", min(strangers))


def check_rule_fit(values: Mapping) -> None:
    names = set(values["rule"].names)
    for field in ("coefficients", "intervals", "predicted"):
        if set(values[field]) != names:
            wanted = ", ".join(sorted(names)) or "no coefficients"
            refuse(field, wanted, ", ".join(sorted(values[field])) or "none")
    check_counted(values, "undefined")


def check_scheduled_rule(values: Mapping) -> None:
    strangers = set(values["coefficients"]) - set(values["rule"].names)
    if strangers:
        refuse("coefficients", "those of the rule", min(strangers))


def check_rule_of_state(values: Mapping) -> None:
    """x = (θ, belief) of a rule on raw observations."""
    size = len(values["shift"])
    if not 1 <= values["parameters"] <= size or values["dynamics"].shape != (size, size):
        refuse("dynamics", f"a matrix of {size} rows and columns", f"{values['dynamics'].shape}")


def check_linearised(values: Mapping) -> None:
    if len(values["rules"]) != len(values["times"]):
        refuse("rules", f"one for each of {len(values['times'])} times", f"{len(values['rules'])}")


def check_tuned(values: Mapping) -> None:
    strangers = set(values["coefficients"]) - set(values["learner"].coefficients)
    if strangers:
        refuse("coefficients", "those of the learner", min(strangers))
    check_counted(values, "evaluations")


def check_global_certificate(values: Mapping) -> None:
    shape = tuple(len(axis) for axis in values["axes"])
    if values["value"].shape != shape:
        refuse(
            "value", f"a number at each node of a grid of shape {shape}", f"{values['value'].shape}"
        )
    if len(values["box"]) != len(shape):
        refuse("box", f"{len(shape)} axes", f"{len(values['box'])}")
