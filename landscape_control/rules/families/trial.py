"""A family that a user wrote, tried on one step of numbers and one of symbols before anything is
built on it.
"""

import casadi as ca
import numpy as np

from ...support.errors import ProblemError
from ...support.expressions import located
from .family import Clock, Family

_PACKAGE = __package__.partition(".")[0]
_EPISODES, _WEIGHTS = 3, 2


def check_steps(family: Family, horizon: int) -> None:
    """Refuse a family whose ``step`` raises, or does not return (Δθ, next state) of the right kind
    and shape.

    Families of this library are not tried.
    """
    if type(family).__module__.partition(".")[0] == _PACKAGE:
        return
    layout = family.layout(horizon)
    middle = {
        each.name: each.draw(np.full(each.shape_over(horizon), 0.5)) for each in layout.coefficients
    }
    numbers = layout.join(middle)
    symbols = ca.SX.sym("coefficient", max(layout.size, 1))
    gradient = np.array([[0.3, -0.2], [0.1, 0.4], [-0.5, 0.2]])
    state = tuple(np.zeros((_EPISODES, _WEIGHTS)) for _ in range(family.state_size))
    for step in range(min(2, horizon)):
        clock = Clock(step=step, horizon=horizon)
        state = _tried(
            family,
            layout.at_step(numbers, step),
            state,
            gradient,
            1 + gradient,
            clock,
            _why_no_numbers,
        )
    carried = tuple(ca.SX.sym("state") for _ in range(family.state_size))
    clock = Clock(step=min(1, horizon - 1), horizon=horizon)
    _tried(
        family,
        layout.at_step(symbols, clock.step),
        carried,
        ca.SX.sym("y"),
        ca.SX.sym("theta"),
        clock,
        _why_no_symbol,
    )


def _tried(family, coefficients, state, gradient, parameters, clock, why):
    """The next state of one step."""
    kind = "arrays" if isinstance(gradient, np.ndarray) else "CasADi symbols"
    try:
        with np.errstate(all="ignore"):
            given = family.step(coefficients, state, gradient, parameters, clock)
    except ProblemError:
        raise
    except Exception as error:
        said = (str(error).strip().splitlines() or [""])[0][:200]
        raise _refusal(family, f"{type(error).__name__}: {said}, on {kind}") from error
    if not isinstance(given, tuple) or len(given) != 2:
        raise _refusal(family, _named("a tuple of {}", given))
    update, following = given
    if not isinstance(following, tuple) or len(following) != family.state_size:
        raise _refusal(
            family,
            (
                _named("a next state of {} entries", following)
                if isinstance(following, tuple)
                else f"a next state that is no tuple: {type(following).__name__}"
            ),
        )
    for what, part in (
        ("Δθ", update),
        *((f"entry {i} of the next state", part) for i, part in enumerate(following)),
    ):
        wrong = why(part, what == "Δθ")
        if wrong:
            raise _refusal(family, f"{what} as {wrong}, on {kind}")
    return following


def _named(words, value):
    return words.format(len(value)) if isinstance(value, tuple) else type(value).__name__


def _why_no_numbers(value, is_update):
    try:
        array = np.asarray(value)
    except Exception:
        return type(value).__name__
    if array.dtype.kind not in "iuf":
        return {"c": "complex numbers", "b": "truth values"}.get(
            array.dtype.kind, type(value).__name__
        )
    if is_update and array.shape != (_EPISODES, _WEIGHTS):
        return f"an array of shape {array.shape} for gradients of shape {(_EPISODES, _WEIGHTS)}"
    return ""


def _why_no_symbol(value, is_update):
    if isinstance(value, int | float | ca.DM | ca.SX) and not isinstance(value, bool):
        expression = ca.SX(value)
        if expression.numel() != 1:
            return f"an expression of shape {expression.shape} for one weight"
        flow = ca.Function("flow", [ca.vertcat(*ca.symvar(expression))], [expression])
        kinds = map(flow.instruction_id, range(flow.n_instructions()))
        if any(
            np.isnan(flow.instruction_constant(k))
            for k, kind in enumerate(kinds)
            if kind == ca.OP_CONST
        ):
            return "an expression with NaN among its numbers"
        return ""
    return type(value).__name__


def _refusal(family, received):
    size = family.state_size
    return ProblemError(
        f"step of {type(family).__name__}",
        expected=f"(Δθ, next state), the latter a tuple of {size} (its state_size)",
        received=f"{received}, from {located(type(family).step)}",
        advice=(
            "use operations that NumPy arrays and CasADi symbols share, + - * / ** and those of "
            "landscape_control.policies.elementwise, without branches"
        ),
    )
