"""Entries of param groups as plain numbers; what is none is refused in words."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from ..support.errors import ProblemError, shown


def check_group(group: object) -> None:
    """Refuse what is no param group."""
    if isinstance(group, dict) and "params" in group and all(isinstance(key, str) for key in group):
        return
    raise ProblemError(
        "param group",
        expected="a dictionary with an entry 'params'",
        received=shown(group),
        advice="[{'params': first.parameters()}, {'params': second.parameters(), 'lr': 0.1}]",
    )


def plain(value: Any) -> Any:
    """A coefficient as a number or lists of numbers, which torch.save takes without pickling."""
    return np.asarray(value, dtype=float).tolist()


def numbers(value: Any) -> Any:
    """The numbers of a tensor; anything else as it is."""
    return value.detach().tolist() if isinstance(value, torch.Tensor) else value


def multiplier(group: Mapping[str, Any]) -> float:
    """The group's lr as a number: schedulers set it, as a number or a tensor of one."""
    lr = group["lr"]
    try:
        number = float(lr)
    except (TypeError, ValueError, RuntimeError):
        number = math.nan
    if not 0 <= number < math.inf:
        raise ProblemError(
            "lr",
            expected="a finite number ≥ 0, which multiplies all that the rule does",
            received=shown(lr),
            advice="1.0 runs the rule as planned; its own rate is the coefficient learning_rate",
        )
    return number
