"""Problems and landscapes as text for pickle: their record form, so that functions travel as lists
of operations.
"""

import json
from typing import Any

from ..model.landscape import Landscape
from ..support.pointwise import LOCK
from .parts import sizes_of, to_tree
from .trees import TreeReader


def to_text(value: object) -> str:
    """The record form of a Landscape, or of a ControlProblem, as JSON."""
    with LOCK:
        sizes = (1, 1) if isinstance(value, Landscape) else sizes_of(value)
        return json.dumps(to_tree(value, sizes), ensure_ascii=False)


def from_text(text: str) -> Any:
    """The object that :func:`to_text` was given."""
    with LOCK:
        return TreeReader().value(json.loads(text), "pickled problem")
