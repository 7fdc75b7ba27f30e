"""From stored fields to working objects: what their constructors do not take, or what they computed at first use."""

from dataclasses import replace

from .kinds import COMPUTED, own


def rebuild(kind: type, values: dict):
    """An instance of a recorded class from its stored fields."""
    computed = {name: values.pop(name, None) for name in own(COMPUTED, kind)}
    made = _SPECIAL.get(kind.__name__, _plain)(kind, values)
    for name, value in computed.items():
        if value is not None or name == "end_basin":
            made.__dict__[name] = value  # as if it had just been looked up
    return made


def _plain(kind, values):
    return kind(**values)


def _exact_lqg(kind, values):
    """The numbers of the record on the equations of its problem, which two Riccati equations give again."""
    from ..planning.lqg import solve_lqg

    return replace(solve_lqg(values["problem"]), **values)


def _replanning(kind, values):
    """A live solver cannot be stored: it is built again from the problem, with the same settings."""
    from ..planning.replanning import solve_replanning

    return replace(solve_replanning(values["problem"], throw=False, **values["settings"]), **values)


_SPECIAL = {"LQGSolution": _exact_lqg, "ReplanningSolution": _replanning}
