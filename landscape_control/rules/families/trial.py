"""A family that a user wrote, tried on numbers and on symbols before anything is built on it."""

from collections.abc import Callable

import casadi as ca
import numpy as np

from ...support.errors import ProblemError
from ...support.expressions import located
from ...support.instructions import instructions
from .coefficient import Layout
from .elementwise import Value
from .family import Clock, Family, State, Values

_PACKAGE = __package__.partition(".")[0]
_EPISODES, _WEIGHTS = 3, 2  # two different numbers, so that a shape turned round shows
_NUMBERS = {"c": "complex numbers", "b": "truth values"}  # kinds of arrays that are none of ours


def check_steps(family: Family, horizon: int) -> None:
    """Refuse a family whose ``step`` raises, or returns something else than (Δθ, next state).

    Kind and shape of both are looked at. Families of this library are not tried.
    """
    if type(family).__module__.partition(".")[0] == _PACKAGE:
        return
    layout = family.layout(horizon)
    _try_numbers(family, layout)
    _try_symbols(family, layout)
    if family.linear:
        _try_linearity(family, layout)
    _try_readout(family, layout)


def _try_readout(family: Family, layout: Layout) -> None:
    """Refuse a readout that nobody would ask, or that is of another shape, or bends where it may not.

    Exact moments read a linear one off its answers to unit inputs.
    """
    own = type(family).readout
    is_users = own.__module__.partition(".")[0] != _PACKAGE
    if is_users and not family.has_readout:
        raise _readout_refused(family, "has_readout = True beside it", "False")
    if not family.has_readout:
        return
    generator = np.random.default_rng(1)
    first, second = generator.standard_normal((2, 1 + family.state_size, _EPISODES, _WEIGHTS))
    values = layout.at_step(layout.join(_middle(layout)), 0)
    clock = Clock(step=0, horizon=layout.horizon)

    def answer(given: np.ndarray) -> np.ndarray:
        theta, *state = given
        return np.asarray(family.readout(values, tuple(state), theta, clock))

    found = answer(first)
    if found.shape != (_EPISODES, _WEIGHTS):
        raise _readout_refused(family, "an array like θ", f"one of shape {found.shape}")
    bent = np.abs(answer(first - second) - (found - answer(second))).max()
    if family.linear and not bent <= 1e-9 * (1 + np.abs(found).max()):
        raise _readout_refused(family, "an answer linear in θ and the state", "one that is not")


def _readout_refused(family: Family, expected: str, received: str) -> ProblemError:
    return ProblemError(
        f"readout of {type(family).__name__}",
        expected=expected,
        received=received,
        advice="copy lc.policies.ScheduleFree: parameters plus what the state carries",
    )


def _try_linearity(family: Family, layout: Layout) -> None:
    """Refuse a step that is not linear in (θ, y, state) although its family says so.

    Exact moments read a linear rule off its answers to unit inputs; of a step that bends, they would
    be those of another rule. Tried is f(a - b) = f(a) - f(b) at random a and b of both signs.
    """
    generator = np.random.default_rng(0)
    first, second = generator.standard_normal((2, 2 + family.state_size, 20, _WEIGHTS))
    entries = layout.join(_middle(layout))
    for step in range(min(2, layout.horizon)):
        values, clock = layout.at_step(entries, step), Clock(step=step, horizon=layout.horizon)

        def answers(given: np.ndarray, values: Values = values, clock: Clock = clock) -> np.ndarray:
            theta, gradient, *state = given
            update, following = family.step(values, tuple(state), gradient, theta, clock)
            return np.array([np.broadcast_to(part, theta.shape) for part in (update, *following)])

        bent = answers(first - second) - (answers(first) - answers(second))
        scale = np.abs(answers(first)) + np.abs(answers(second)) + 1e-300
        if not np.abs(bent).max() <= 1e-9 * scale.max():
            raise ProblemError(
                f"linear of {type(family).__name__}",
                expected="Δθ and a next state that are linear in θ, y and the state",
                received=f"a step that is not, from {located(type(family).step)}",
                advice="write linear = False: its costs are then averaged over scenarios",
            )


def _middle(layout: Layout) -> dict[str, np.ndarray]:
    """A value inside the range of every coefficient."""
    return {
        each.name: each.draw(np.full(each.shape_over(layout.horizon), 0.5))
        for each in layout.coefficients
    }


def _try_numbers(family: Family, layout: Layout) -> None:
    """Two steps, because the second is the first that sees a state other than rest."""
    entries = layout.join(_middle(layout))
    gradient = np.array([[0.3, -0.2], [0.1, 0.4], [-0.5, 0.2]])
    state: State = tuple(np.zeros((_EPISODES, _WEIGHTS)) for _ in range(family.state_size))
    for step in range(min(2, layout.horizon)):
        values, clock = layout.at_step(entries, step), Clock(step=step, horizon=layout.horizon)
        state = _tried(family, values, state, gradient, 1 + gradient, clock, _why_no_numbers)


def _try_symbols(family: Family, layout: Layout) -> None:
    clock = Clock(step=min(1, layout.horizon - 1), horizon=layout.horizon)
    values = layout.at_step(ca.SX.sym("coefficient", max(layout.size, 1)), clock.step)
    state: State = tuple(ca.SX.sym("state") for _ in range(family.state_size))
    gradient, theta = ca.SX.sym("y"), ca.SX.sym("theta")
    _tried(family, values, state, gradient, theta, clock, _why_no_symbol)


def _tried(
    family: Family,
    coefficients: Values,
    state: State,
    gradient: Value,
    parameters: Value,
    clock: Clock,
    why_not: Callable[[object, bool], str],
) -> State:
    """The next state of one step."""
    kind = "arrays" if isinstance(gradient, np.ndarray) else "CasADi symbols"
    try:
        with np.errstate(all="ignore"):
            result = family.step(coefficients, state, gradient, parameters, clock)
    except ProblemError:
        raise
    except Exception as error:
        first_line = (str(error).strip().splitlines() or [""])[0][:200]
        raise _refusal(family, f"{type(error).__name__}: {first_line}, on {kind}") from error
    if not isinstance(result, tuple):
        raise _refusal(family, type(result).__name__)
    if len(result) != 2:
        raise _refusal(family, f"a tuple of {len(result)}")
    update, following = result
    if not isinstance(following, tuple):
        raise _refusal(family, f"a next state that is no tuple: {type(following).__name__}")
    if len(following) != family.state_size:
        raise _refusal(family, f"a next state of {len(following)} entries")
    parts = {"Δθ": update}
    parts |= {f"entry {i} of the next state": part for i, part in enumerate(following)}
    for what, part in parts.items():
        wrong = why_not(part, what == "Δθ")
        if wrong:
            raise _refusal(family, f"{what} as {wrong}, on {kind}")
    return following


def _why_no_numbers(value: object, is_update: bool) -> str:
    """What is wrong with a part of a step's result on arrays; "" where nothing is."""
    try:
        array = np.asarray(value)
    except Exception:
        return type(value).__name__
    if array.dtype.kind not in "iuf":
        return _NUMBERS.get(array.dtype.kind, type(value).__name__)
    if is_update and array.shape != (_EPISODES, _WEIGHTS):
        return f"an array of shape {array.shape} for gradients of shape {(_EPISODES, _WEIGHTS)}"
    return ""


def _why_no_symbol(value: object, is_update: bool) -> str:
    """The same on CasADi symbols."""
    if isinstance(value, bool) or not isinstance(value, int | float | ca.DM | ca.SX):
        return type(value).__name__
    expression = ca.SX(value)
    if expression.numel() != 1:
        return f"an expression of shape {expression.shape} for one weight"
    if _has_nan(expression):
        return "an expression with NaN among its numbers"
    return ""


def _has_nan(expression: ca.SX) -> bool:
    """Whether one of the numbers in an expression is NaN, as NumPy makes of what it cannot do."""
    flow = ca.Function("flow", [ca.vertcat(*ca.symvar(expression))], [expression])
    constants = [
        flow.instruction_constant(instruction.number)
        for instruction in instructions(flow)
        if instruction.operation == ca.OP_CONST
    ]
    return bool(np.isnan(constants).any())


def _refusal(family: Family, received: str) -> ProblemError:
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
