"""Where an expression is not twice continuously differentiable: found at the switching points of
its operations.

An operation that switches (fabs, fmax, if_else, a comparison, …) makes no kink where what it joins
meets with value, slope and curvature: log Σ exp(x - m) + m with m = max x, or max(x, 0) + log(1 +
e^{-|x|}), are smooth. So switching points are looked for, and the function is compared on both
sides of them.
"""

import casadi as ca
import numpy as np

from ..errors import ProblemError
from ..instructions import applied, called, instructions, operations
from .crossing import both_sides, is_kink
from .switches import SINGULAR, SWITCHES, read_switches

# switches that are looked at; of more, these many by chance, fewer where the function is long
_MOST_SWITCHES, _LEAST_SWITCHES = 40, 4
_MOST_WORK = 800_000  # switches times instructions
# beyond, all operations that switch count as kinks, and roots as smooth
_MOST_INSTRUCTIONS = 50_000
# points at which outcomes are changed, and how many of them must lie in the domain
_TRIALS, _LEAST_COMPARED = 20, 5
_ROUND_OFF = 1e-11  # of the value


def kinks_of(function: ca.Function) -> list[str]:
    """Names of the operations that keep an SX function from being C²; [] where none does.

    Operations whose switching points are not found count as kinks; so do points where a root or
    norm of what only touches zero has no derivatives, √(x² + y²). The edge of a domain, as of √x at
    0, and poles do not. Of functions with very many such operations a part is looked at.
    """
    used = operations(function)
    certain = bool(used & set(SWITCHES)) and not _outcomes_cancel(function)
    if function.n_instructions() > _MOST_INSTRUCTIONS:
        return sorted(SWITCHES[operation] for operation in used & set(SWITCHES)) if certain else []
    if not certain and not used & set(SINGULAR):
        return []

    x, value, switches = read_switches(function)
    if not certain:  # what switches cancels: only singular points are left to look at
        switches = [switch for switch in switches if not switch.certain]
    if not switches:
        return []

    rng = np.random.default_rng(0)
    most = int(np.clip(_MOST_WORK / function.n_instructions(), _LEAST_SWITCHES, _MOST_SWITCHES))
    if len(switches) > most:
        switches = [switches[i] for i in rng.permutation(len(switches))[:most]]

    sides = both_sides(x, value)
    with np.errstate(all="ignore"):  # what is not finite is seen in the results
        kinks = {switch.name for switch in switches if is_kink(switch, x, sides, rng)}
    if kinks & set(SWITCHES.values()) and ca.OP_IF_ELSE_ZERO in used:
        kinks.add("if_else")  # it switches where its condition does
    return sorted(kinks)


def refuse_kinks(what: str, function: ca.Function) -> None:
    """Refuse operations that keep an SX function from being twice continuously differentiable."""
    kinks = kinks_of(function)
    if not kinks:
        return
    flag = "allow_kinks=True"
    if not what.startswith("loss"):
        flag += (
            " to the landscape (dataclasses.replace(landscape, allow_kinks=True) where it is"
            " built already)"
        )
    raise ProblemError(
        what,
        expected="a twice continuously differentiable function",
        received=f"an expression that uses {', '.join(kinks)}",
        advice=(
            f"smooth it, e.g. sqrt(x**2 + eps**2) for |x|, or pass {flag} if the pieces join"
            " smoothly"
        ),
    )


def _outcomes_cancel(function: ca.Function) -> bool:
    """Whether the function is the same whatever its switching operations return.

    So it is for log Σ exp(x - m) + m with m = max x. Every such operation's outcome is made an
    input of its own; the slopes in these, at arbitrary values, must vanish.
    """
    arguments = [
        ca.SX.sym(function.name_in(i), *function.size_in(i)) for i in range(function.n_in())
    ]
    work = [ca.SX(0)] * function.sz_w()
    outcomes: list[ca.SX] = []
    outputs: list[ca.SX] = []
    for step in instructions(function):
        k, operation, inputs, (place, *_) = step
        if operation == ca.OP_CONST:
            work[place] = ca.SX(function.instruction_constant(k))
        elif operation == ca.OP_INPUT:
            work[place] = arguments[inputs[0]].nz[inputs[1]]
        elif operation == ca.OP_OUTPUT:
            outputs.append(work[inputs[0]])
        elif operation in SWITCHES:
            work[place] = ca.SX.sym(f"outcome{k}")
            outcomes.append(work[place])
        elif operation == ca.OP_CALL:
            for target, result in called(function, step, [work[i] for i in inputs]):
                work[target] = result
        else:
            work[place] = applied(operation, [work[i] for i in inputs])

    value, free = ca.vertcat(*outputs), ca.vertcat(*outcomes)
    symbols = [*arguments, free]
    slope = ca.Function("outcome_slope", symbols, [ca.jacobian(value, free), value])
    return _vanishes(slope, [symbol.shape for symbol in symbols])


def _vanishes(slope: ca.Function, shapes: list[tuple[int, int]]) -> bool:
    """Whether slopes are round-off of the values, at the points of chance where both are finite."""
    rng = np.random.default_rng(0)
    compared = 0
    for _ in range(_TRIALS):
        point = [rng.standard_normal(shape) for shape in shapes]
        slopes, values = (np.array(part) for part in slope(*point))
        if np.isfinite(slopes).all() and np.isfinite(values).all():
            compared += 1
            if np.abs(slopes).max(initial=0.0) > _ROUND_OFF * (1 + np.abs(values).max()):
                return False
    return compared >= _LEAST_COMPARED
