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
from .crossing import both_sides, is_kink
from .switches import SINGULAR, SWITCHES, read_switches

# switches that are looked at; of more, these many by chance, fewer where the function is long
_MOST_SWITCHES, _LEAST_SWITCHES = 40, 4
_MOST_WORK = 800_000  # switches times instructions
# beyond, all operations that switch count as kinks, and roots as smooth
_MOST_INSTRUCTIONS = 50_000


def kinks_of(function: ca.Function) -> list[str]:
    """Names of the operations that keep an SX function from being twice continuously
    differentiable, [] where none does.

    Operations whose switching points are not found count as kinks; so do points where a root or
    norm of what only touches zero has no derivatives, √(x² + y²). The edge of a domain, as of √x at
    0, and poles do not. Of functions with very many such operations a part is looked at.
    """
    used = {function.instruction_id(k) for k in range(function.n_instructions())}
    certain = bool(used & set(SWITCHES)) and not _outcomes_cancel(function)
    if function.n_instructions() > _MOST_INSTRUCTIONS:
        return sorted(SWITCHES[kind] for kind in used if certain and kind in SWITCHES)
    if not certain and not used & set(SINGULAR):
        return []
    x, value, switches = read_switches(function)
    switches = [one for one in switches if certain or not one.certain]
    if not switches:
        return []
    rng = np.random.default_rng(0)
    most = int(np.clip(_MOST_WORK / function.n_instructions(), _LEAST_SWITCHES, _MOST_SWITCHES))
    if len(switches) > most:
        switches = [switches[i] for i in rng.permutation(len(switches))[:most]]
    sides = both_sides(x, value)
    with np.errstate(all="ignore"):  # what is not finite is seen in the results
        found = {one.name for one in switches if is_kink(one, x, sides, rng)}
    if found & set(SWITCHES.values()) and ca.OP_IF_ELSE_ZERO in used:
        found.add("if_else")  # it switches where its condition does
    return sorted(found)


def refuse_kinks(what: str, function: ca.Function) -> None:
    """Refuse operations that keep an SX function from being twice continuously differentiable."""
    used = kinks_of(function)
    if used:
        flag = "allow_kinks=True"
        if not what.startswith("loss"):
            flag += (
                " to the landscape (dataclasses.replace(landscape, allow_kinks=True) where it is"
                " built already)"
            )
        raise ProblemError(
            what,
            expected="a twice continuously differentiable function",
            received=f"an expression that uses {', '.join(used)}",
            advice=(
                f"smooth it, e.g. sqrt(x**2 + eps**2) for |x|, or pass {flag} if the pieces join"
                " smoothly"
            ),
        )


def _outcomes_cancel(function):
    """Whether the function is the same whatever its switching operations return, as in log Σ exp(x
    - m) + m with m = max x.

    Every such operation's outcome is made an input of its own; the slopes in these, at arbitrary
    values, must vanish.
    """
    inputs = [ca.SX.sym(function.name_in(i), *function.size_in(i)) for i in range(function.n_in())]
    work, outcomes, outputs = [None] * function.sz_w(), [], []
    for k in range(function.n_instructions()):
        kind, to, given = (
            function.instruction_id(k),
            function.instruction_output(k),
            function.instruction_input(k),
        )
        if kind == ca.OP_CONST:
            work[to[0]] = ca.SX(function.instruction_constant(k))
        elif kind == ca.OP_INPUT:
            work[to[0]] = inputs[given[0]].nz[given[1]]
        elif kind == ca.OP_OUTPUT:
            outputs.append(work[given[0]])
        elif kind in SWITCHES:
            outcomes.append(ca.SX.sym(f"outcome{k}"))
            work[to[0]] = outcomes[-1]
        elif len(given) == 2:
            work[to[0]] = ca.SX.binary(kind, work[given[0]], work[given[1]])
        else:
            work[to[0]] = ca.SX.unary(kind, work[given[0]])
    value, free = ca.vertcat(*outputs), ca.vertcat(*outcomes)
    symbols = [*inputs, free]
    slope = ca.Function("outcome_slope", symbols, [ca.jacobian(value, free), value])
    rng = np.random.default_rng(0)
    checked = 0
    for _ in range(20):
        slopes, at = map(
            np.array, slope(*(rng.standard_normal(symbol.shape) for symbol in symbols))
        )
        if np.isfinite(slopes).all() and np.isfinite(at).all():
            checked += 1
            if np.abs(slopes).max(initial=0.0) > 1e-11 * (1 + np.abs(at).max()):
                return False
    return checked >= 5
