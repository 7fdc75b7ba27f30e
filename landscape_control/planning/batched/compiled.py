"""What is compiled for batches, kept for all models of this process with the same functions."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

import casadi as ca

from ...model.problem import Model

_MOST = 8  # models whose functions are kept
KNOWN: OrderedDict[Hashable, dict[Hashable, Any]] = OrderedDict()
_PLACE = "batched"  # in a model's cache


def compiled(model: Model) -> dict[Hashable, Any]:
    """Where the functions of a model are kept, shared with models of the same expressions."""
    if _PLACE not in model.cache:
        model.cache[_PLACE] = _shared(model)
    return model.cache[_PLACE]


def _shared(model: Model) -> dict[Hashable, Any]:
    key = _expressions(model)
    if key not in KNOWN:
        KNOWN[key] = {}
        if len(KNOWN) > _MOST:
            KNOWN.popitem(last=False)
    KNOWN.move_to_end(key)
    return KNOWN[key]


def _expressions(model: Model) -> Hashable:
    """L, G, B, f and Φ of a model as text: the same for the same operations on the same numbers."""
    theta = ca.SX.sym("theta", model.dimension)
    values = [model.loss_at(theta), model.metric_at(theta), model.actuation_at(theta)]
    values += [model.drift_at(theta), model.terminal_at(theta)]
    function = ca.Function("model", [theta], values)
    return function.serialize(), model.terminal is None, model.has_drift
