"""A whole problem as one text: JSON that any process turns back into it, bit for bit."""

import hashlib
import json
from collections.abc import Iterator
from typing import Annotated, Any

from ..model.problem import ControlProblem
from ..optimisation.program import PolicyProgram
from ..support.arguments import Words, checked
from ..support.errors import ProblemError
from ..support.pointwise import LOCK
from .limits import MOST_BYTES, Budget
from .parts import sizes_of, to_tree
from .plain_text import mapping, parsed, refuse
from .trees import TreeReader

FORMAT = "landscape_control problem"
VERSION = 1


@checked
def specification(
    problem: Annotated[
        ControlProblem | PolicyProgram, Words(advice="of a solution pass solution.problem")
    ],
) -> str:
    """The JSON text of a ControlProblem or PolicyProgram, complete: numbers, functions, names.

    Functions are traced and written as lists of operations, see ``records/FORMAT.md``. The same
    problem gives the same text in every process. Raises ProblemError for anything else.
    """
    if not isinstance(problem, ControlProblem | PolicyProgram):
        raise ProblemError(
            "problem",
            expected="a ControlProblem or a PolicyProgram",
            received=type(problem).__name__,
            advice="pass solution.problem, or result.program",
        )
    with LOCK:  # functions are traced, and CasADi is for one thread at a time
        tree = {
            "format": FORMAT,
            "version": VERSION,
            "problem": to_tree(problem, sizes_of(problem)),
        }
    return json.dumps(
        tree, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


@checked
def from_specification(text: str) -> ControlProblem | PolicyProgram:
    """The problem of a text made by :func:`specification`; it solves to the same numbers.

    Raises ProblemError, which names the place, if the text is damaged, of another kind, or of a
    later version.
    """
    if not isinstance(text, str):
        refuse("specification", "a text", type(text).__name__)
    return read_problem(text, "specification")


def read_problem(
    text: str, what: str, budget: Budget | None = None
) -> ControlProblem | PolicyProgram:
    """As :func:`from_specification`; refusals begin with ``what``, ``budget`` counts the size."""
    tree = _read(text, what, MOST_BYTES if budget is None else budget.most_bytes)["problem"]
    with LOCK:
        problem = TreeReader(budget).value(tree, what)
    if not isinstance(problem, ControlProblem | PolicyProgram):
        refuse(what, "a ControlProblem or a PolicyProgram", type(problem).__name__)
    return problem


@checked
def fingerprint(problem: ControlProblem | PolicyProgram | str) -> str:
    """SHA-256 (64 hexadecimal digits) of the specification of a problem, or of a text that is one."""
    text = problem if isinstance(problem, str) else specification(problem)
    return hashlib.sha256(text.encode()).hexdigest()


@checked
def differences(
    one: ControlProblem | PolicyProgram | str,
    other: ControlProblem | PolicyProgram | str,
) -> list[str]:
    """Dotted names of the fields in which two problems (or their texts) differ."""
    texts = [given if isinstance(given, str) else specification(given) for given in (one, other)]
    first, second = (_read(text)["problem"] for text in texts)
    return list(_differing(first, second, ""))


def _read(text: str, what: str = "specification", most_bytes: int = MOST_BYTES) -> dict:
    tree = mapping(parsed(text, what, most_bytes), what, "format", "version", "problem")
    if tree["format"] != FORMAT:
        raise ProblemError(
            what,
            expected=FORMAT,
            received=f"{tree['format']!r:.60}",
            advice="this text holds something else",
        )
    if tree["version"] != VERSION:
        raise ProblemError(
            what,
            expected=f"version {VERSION}",
            received=f"version {tree['version']!r:.20}",
            advice="a later landscape_control wrote it: upgrade",
        )
    return tree


def _differing(one: Any, other: Any, path: str) -> Iterator[str]:
    if one == other and type(one) is type(other):
        return
    parts = (
        isinstance(one, dict)
        and isinstance(other, dict)
        and one.get("kind") == other.get("kind") is not None
    )
    if not parts:
        mappings = _mappings(one, other)
        if mappings is None:
            yield path or "kind"
            return
        one, other = mappings
    for name in sorted({*one, *other}):
        yield from _differing(one.get(name), other.get(name), f"{path}.{name}" if path else name)


def _mappings(one: Any, other: Any) -> tuple[dict, dict] | None:
    if all(isinstance(tree, dict) and "mapping" in tree for tree in (one, other)):
        return dict(one["mapping"]), dict(other["mapping"])
    return None
