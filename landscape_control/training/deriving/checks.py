"""What a derived optimizer is given while it runs, checked."""

from collections.abc import Mapping
from typing import Any

import torch

from ...support.errors import ProblemError, shown

_MISSING = "nothing of the kind"


def batch_loss(loss: Any) -> float:
    """The mean loss of a batch as a float; refuses what is not one real number."""
    is_tensor = torch.is_tensor(loss)
    is_number = isinstance(loss, int | float) and not isinstance(loss, bool)
    if is_number or (is_tensor and loss.numel() == 1 and not loss.is_complex()):
        return float(loss.detach()) if is_tensor else float(loss)
    shape = f"a tensor of shape {tuple(loss.shape)}, {loss.dtype}" if is_tensor else shown(loss)
    raise ProblemError(
        "loss",
        expected="one real number, the mean loss of the batch, or a closure that returns it",
        received=shape,
        advice="average over the batch, as losses of torch.nn do by default",
    )


def check_same(own: Mapping[str, Any], state: Any) -> None:
    """Refuse a state that disagrees with this optimizer in one of the entries of ``own``."""
    if not isinstance(state, Mapping):
        _refuse("state to load", "what state_dict() gave", shown(state))
    for key, wanted in own.items():
        given = state.get(key)
        if isinstance(wanted, Mapping) and isinstance(given, Mapping):
            _check_entries(key, wanted, given)
        elif given != wanted:
            _refuse(f"{key} of the state to load", shown(wanted), shown(given))


def _check_entries(key: str, own: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """The same for entries of an entry: the first that differs is named."""
    for name in [*own, *given]:
        wanted, received = own.get(name, _MISSING), given.get(name, _MISSING)
        if wanted != received:
            _refuse(f"{key} of the state to load, {name!r}", shown(wanted), shown(received))


def _refuse(what: str, expected: str, received: str) -> None:
    raise ProblemError(
        what,
        expected=expected,
        received=received,
        advice="load the state of an optimizer that was derived for the same network, loader and"
        " number of steps with the same options",
    )
