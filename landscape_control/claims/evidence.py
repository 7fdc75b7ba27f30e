"""What evaluating a claim gives: its checks, and the arrays its picture is drawn from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Annotated, Any

import numpy as np

from ..support.arguments import Filled, Words, checked
from ..support.errors import ProblemError, check_choice
from .check import BOUNDS, REFERENCES, Check

# evidence outlives the process that made it, and is drawn elsewhere
_FOREIGN = ("casadi", "matplotlib")


_AT_LEAST_ONE = Words(
    expected="at least one Check",
    advice="a claim without a check claims nothing: compare a number with theory",
)


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """What evaluating a claim gives: its checks, and the arrays its picture is drawn from.

    Attributes
    ----------
    checks : tuple of Check, at least one, with distinct quantities
    reference, bound : of REFERENCES and BOUNDS, or None: what holds for those of the checks that do
        not say it themselves
    data : mapping from str to arrays, numbers, strings, NumPy-only results such as Solution, or
    containers of them;
        arrays are copied read-only. Nothing of CasADi (a Landscape, a ControlProblem) or
        matplotlib: sample the loss on a grid instead.

    Raises
    ------
    ProblemError
        No checks, two checks with one name, an unknown reference or bound, or data that cannot leave the process.
    """

    checks: Annotated[tuple[Check, ...], Filled(), _AT_LEAST_ONE]
    data: Mapping[str, Any] = field(default_factory=dict)
    reference: str | None = None
    bound: str | None = None

    def __post_init__(self) -> None:
        checks = tuple(self.checks)
        if not checks or not all(isinstance(check, Check) for check in checks):
            raise ProblemError(
                "evidence",
                expected="at least one Check",
                received=repr(checks)[:80],
                advice="a claim without a check claims nothing: compare a number with theory",
            )
        names = [check.quantity for check in checks]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ProblemError(
                "evidence",
                expected="distinct quantities",
                received=f"{twice[0]!r} more than once",
                advice="name what differs, e.g. the discount or the curvature",
            )
        if self.reference is not None:
            check_choice("reference of the evidence", self.reference, REFERENCES)
        if self.bound is not None:
            check_choice("bound of the evidence", self.bound, BOUNDS)
        object.__setattr__(self, "checks", tuple(map(self._with_origin, checks)))
        object.__setattr__(
            self,
            "data",
            MappingProxyType({key: _portable(key, value) for key, value in self.data.items()}),
        )

    def _with_origin(self, check: Check) -> Check:
        """The check with the reference and bound that it does not say itself."""
        reference, bound = check.reference or self.reference, check.bound or self.bound
        if (reference, bound) == (check.reference, check.bound):
            return check
        return replace(check, reference=reference, bound=bound)

    @property
    def passed(self) -> bool:
        """Whether every check passes."""
        return all(check.passed for check in self.checks)

    def __reduce__(self) -> tuple:
        return _evidence, (self.checks, dict(self.data), self.reference, self.bound)


def _evidence(
    checks: tuple[Check, ...], data: dict, reference: str | None, bound: str | None
) -> Evidence:
    return Evidence(checks=checks, data=data, reference=reference, bound=bound)


def _portable(path: str, value: Any) -> Any:
    """The value with arrays copied read-only; refuses what belongs to CasADi or matplotlib."""
    if isinstance(value, np.ndarray):
        value = value.copy()
        value.setflags(write=False)
        return value
    if isinstance(value, Mapping):
        return {key: _portable(f"{path}[{key!r}]", item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_portable(f"{path}[{index}]", item) for index, item in enumerate(value))
    if type(value).__module__.split(".")[0] in _FOREIGN or hasattr(value, "symbolic"):
        raise ProblemError(
            f"evidence data {path}",
            expected="arrays, numbers or NumPy-only results",
            received=type(value).__name__,
            advice="sample it into NumPy arrays first",
        )
    return value
