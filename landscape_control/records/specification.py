"""A whole problem as one text: JSON that any process, on any machine, turns back into the same problem, bit for bit."""

import hashlib
import json
from typing import Annotated

from ..arguments import Words, checked
from ..errors import ProblemError
from ..pointwise import LOCK
from ..policies import PolicyProgram
from ..problem import ControlProblem
from .parts import from_tree, sizes_of, to_tree

FORMAT = "landscape_control problem"
VERSION = 1


@checked
def specification(
    problem: Annotated[ControlProblem | PolicyProgram, Words(advice="of a solution pass solution.problem")]
) -> str:
    """The JSON text of a ControlProblem or PolicyProgram, complete: numbers, functions, names.

    Functions are traced and written as lists of operations, see ``records/FORMAT.md``. The same problem gives the same text
    in every process. Raises ProblemError for anything else.
    """
    if not isinstance(problem, ControlProblem | PolicyProgram):
        raise ProblemError("problem", expected="a ControlProblem or a PolicyProgram", received=type(problem).__name__,
                           advice="pass solution.problem, or result.program")
    with LOCK:  # functions are traced, and CasADi is for one thread at a time
        tree = {"format": FORMAT, "version": VERSION, "problem": to_tree(problem, sizes_of(problem))}
    return json.dumps(tree, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


@checked
def from_specification(text: str) -> ControlProblem | PolicyProgram:
    """The problem of a text made by :func:`specification`; it solves to the same numbers.

    Raises ProblemError if the text is damaged, of another kind, or of a later version.
    """
    tree = _read(text)["problem"]
    try:
        with LOCK:
            return from_tree(tree)
    except (LookupError, TypeError, AttributeError) as error:
        raise _damaged(error) from error


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
    """Dotted names of the fields in which two problems (or their specifications) differ, e.g. ["objective.discount"]."""
    trees = [_read(p if isinstance(p, str) else specification(p))["problem"] for p in (one, other)]
    return list(_differing(*trees, ""))


def _read(text):
    try:
        tree = json.loads(text)
        kind, version = tree["format"], tree["version"]
    except (ValueError, TypeError, LookupError) as error:
        raise _damaged(error) from error
    if kind != FORMAT:
        raise ProblemError("specification", expected=FORMAT, received=str(kind), advice="this text holds something else")
    if version != VERSION:
        raise ProblemError("specification", expected=f"version {VERSION}", received=f"version {version}",
                           advice="a later landscape_control wrote it: upgrade")
    return tree


def _damaged(error):
    return ProblemError("specification", expected="the text of a problem", received=f"{type(error).__name__}: {error}",
                        advice="the text is damaged: write it again with specification(problem)")


def _differing(one, other, path):
    if one == other and type(one) is type(other):
        return
    parts = isinstance(one, dict) and isinstance(other, dict) and one.get("kind") == other.get("kind") is not None
    if not parts and not (mappings := _mappings(one, other)):
        yield path or "kind"
        return
    one, other = (one, other) if parts else mappings
    for name in sorted({*one, *other}):
        yield from _differing(one.get(name), other.get(name), f"{path}.{name}" if path else name)


def _mappings(one, other):
    if all(isinstance(tree, dict) and "mapping" in tree for tree in (one, other)):
        return dict(one["mapping"]), dict(other["mapping"])
    return None
