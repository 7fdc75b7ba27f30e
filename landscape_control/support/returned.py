"""What a user's policy or rule returns while it runs: real numbers of the right shape, or refused."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .errors import ProblemError, SolveError

# inputs beyond are those of an episode that diverges: what follows from them is no fault of the
# rule
_FAR = 1e100
_ADVICE = "return one row per episode, e.g. -gain * theta, without reductions over episodes"


def called(
    what: str, function: Callable, *arguments: Any, where: str, expected: str = "a rule that runs"
) -> Any:
    """What a user's function returns; an error that it raises becomes a refusal that says where."""
    try:
        return function(*arguments)
    except (ProblemError, SolveError, MemoryError):
        raise
    except Exception as error:
        raise ProblemError(
            what,
            expected=expected,
            received=f"{type(error).__name__}: {error}, at {where}",
            advice="mend the function; the traceback above shows where it was raised",
        ) from error


def rows(
    what: str,
    given: Any,
    shape: tuple[int, int],
    *,
    where: str,
    expected: str = "controls of shape",
) -> np.ndarray:
    """The array (E, n) of floats that a rule returned; other kinds and shapes are refused."""
    if type(given) is np.ndarray and given.dtype == np.float64 and given.shape == shape:
        return given
    fault = _fault(given)
    if not fault:
        array = np.asarray(given, dtype=float)
        if array.shape == shape:
            return array
        fault = f"shape {array.shape}"
    raise ProblemError(
        what, expected=f"{expected} {shape}", received=f"{fault}, at {where}", advice=_ADVICE
    )


def _fault(given: Any) -> str:
    """What is wrong with the kind of a value; "" if it holds real numbers."""
    if given is None:
        return "None: end the function with 'return …'"
    try:
        array = np.asarray(given)
    except Exception:
        return type(given).__name__
    if np.ma.isMaskedArray(given):
        return "a masked array"
    if array.dtype.kind not in "iuf":
        names = {
            "c": "complex numbers",
            "b": "truth values",
            "O": f"objects ({type(given).__name__})",
        }
        return names.get(array.dtype.kind, f"an array of {array.dtype}")
    return ""


def refuse_nan(
    what: str, given: np.ndarray, inputs: Sequence[np.ndarray], *, where: str, inputs_are: str
) -> None:
    """Refuse NaN in rows (E, n) that were computed from finite ``inputs`` (E, …)."""
    if not np.isnan(given.sum()):  # one sum, for this is asked at every step
        return
    bad = np.isnan(given).any(axis=1)
    for values in inputs:
        bad &= (np.abs(values) < _FAR).all(axis=1)
    if not bad.any():
        return
    episode = int(np.argmax(bad))
    shown = [np.array2string(values[episode], precision=4, threshold=6) for values in inputs]
    raise ProblemError(
        what,
        expected="numbers",
        received=f"NaN at {where}, episode {episode}, for {inputs_are} {', '.join(shown)}",
        advice="mend the function where it divides by zero, or leaves the domain of a root or log",
    )
