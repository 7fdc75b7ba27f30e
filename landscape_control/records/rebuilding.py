"""From stored fields to working objects: checked, and nothing solved."""

from typing import Any

from .contents import check_contents
from .kinds import COMPUTED, own


def rebuild(kind: type, values: dict) -> Any:
    """An instance of a recorded class from its stored fields; raises ProblemError, which names the
    field, if they are wrong.

    What was computed at first use is put back. What is left out of records (the equations of an
    exact policy, a solver) the object makes from its problem when it is asked to act, see
    LQGSolution and ReplanningSolution.
    """
    check_contents(kind, values)
    computed = {name: values.pop(name, None) for name in own(COMPUTED, kind)}
    made = kind.from_record(values) if hasattr(kind, "from_record") else kind(**values)
    for name, value in computed.items():
        if value is not None or name == "end_basin":
            made.__dict__[name] = value  # as if it had just been looked up
    return made
