"""Where an expression is not twice continuously differentiable: found at the switching points of
its operations.

An operation that switches (fabs, fmax, if_else, a comparison, …) makes no kink where what it joins
meets with value, slope and curvature: log Σ exp(x - m) + m with m = max x, or max(x, 0) + log(1 +
e^{-|x|}), are smooth. So switching points are looked for, and the function is compared on both
sides of them.
"""

from dataclasses import dataclass

import casadi as ca
import numpy as np

from .domain import ranges
from .errors import ProblemError
from .pointwise import Pointwise

SWITCHES = {
    ca.OP_FABS: "fabs", ca.OP_SIGN: "sign", ca.OP_FMIN: "fmin", ca.OP_FMAX: "fmax", ca.OP_FLOOR: "floor",
    ca.OP_CEIL: "ceil", ca.OP_FMOD: "fmod", ca.OP_REMAINDER: "remainder", ca.OP_COPYSIGN: "copysign",
    ca.OP_IF_ELSE_ZERO: "if_else", ca.OP_LT: "<", ca.OP_LE: "<=", ca.OP_EQ: "==", ca.OP_NE: "!=",
    ca.OP_NOT: "logic_not", ca.OP_AND: "logic_and", ca.OP_OR: "logic_or",
}  # fmt: skip
# smooth inside their domains; at a point inside that only touches the edge, as √(x² + y²) at 0,
# they are not
_SINGULAR = {
    ca.OP_SQRT: "sqrt", ca.OP_POW: "power", ca.OP_CONSTPOW: "power", ca.OP_LOG: "log", ca.OP_HYPOT: "hypot",
    ca.OP_ASIN: "asin", ca.OP_ACOS: "acos", ca.OP_ATAN2: "atan2", ca.OP_TAN: "tan",
}  # fmt: skip
_STEPS_ONLY = {
    ca.OP_SIGN, ca.OP_FLOOR, ca.OP_CEIL, ca.OP_LT, ca.OP_LE, ca.OP_EQ, ca.OP_NE, ca.OP_NOT, ca.OP_AND, ca.OP_OR,
}  # fmt: skip
_COMPARISONS = {ca.OP_FMIN, ca.OP_FMAX, ca.OP_LT, ca.OP_LE, ca.OP_EQ, ca.OP_NE}
_MOST_SWITCHES, _LEAST_SWITCHES = (
    40,
    4,
)  # looked at; of more, these many by chance, fewer where the function is long
_MOST_WORK = 800_000  # switches times instructions
_POINTS = 4  # of a switch, at which both sides are compared
_MOST_INSTRUCTIONS = (
    50_000  # beyond, all operations that switch count as kinks, and roots as smooth
)
_SCALES = (
    1.0,
    0.1,
    1.0,
    10.0,
    1.0,
    0.01,
    100.0,
    1e-3,
    1e4,
    1e6,
)  # of the points from which switching points are sought
_SINGULAR_STARTS = 5  # of these, for operations that need not be singular anywhere
_STEPS, _PATIENCE = 80, 8  # of Newton's method, at most and without getting closer
_DISTANCES = 10.0 ** -np.arange(3, 9)  # from a switching point, where both sides are compared
_JUMP = 1e-9  # of the largest entry: smaller jumps count as round-off


@dataclass(frozen=True, kw_only=True, eq=False)
class _Switch:
    """An operation and its ``operands``, which vanish together where it switches, up to whole
    numbers of ``period``.
    """

    name: str
    operands: ca.SX
    # whether it switches somewhere, so that it must be found; singular points need not exist
    certain: bool
    period: float = 0.0
    offset: float = 0.0
    at_zero: bool = True
    single: bool = False  # whether the value at the very point is another one: == and !=


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
    if not certain and not used & set(_SINGULAR):
        return []
    x, value, switches = _read(function)
    switches = [one for one in switches if certain or not one.certain]
    if not switches:
        return []
    rng = np.random.default_rng(0)
    most = int(np.clip(_MOST_WORK / function.n_instructions(), _LEAST_SWITCHES, _MOST_SWITCHES))
    if len(switches) > most:
        switches = [switches[i] for i in rng.permutation(len(switches))[:most]]
    sides = _local(x, value)
    with np.errstate(all="ignore"):  # what is not finite is seen in the results
        found = {one.name for one in switches if _is_kink(one, x, sides, rng)}
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


def _read(function):
    """(all inputs as one column, one number made of all outputs, the switches)."""
    inputs = [
        ca.SX.sym(f"x{i}", function.size1_in(i) * function.size2_in(i))
        for i in range(function.n_in())
    ]
    shaped = [ca.reshape(one, *function.size_in(i)) for i, one in enumerate(inputs)]
    x = ca.vertcat(*inputs)
    rng = np.random.default_rng(1)
    bounds = {k: operands for k, operands, _ in ranges(function)}
    work, outputs, switches = [None] * function.sz_w(), [], []
    steps = (
        [False] * function.sz_w()
    )  # which entries are constant between jumps: where they feed a switch, it adds none
    for k in range(function.n_instructions()):
        kind, to, given = (
            function.instruction_id(k),
            function.instruction_output(k),
            function.instruction_input(k),
        )
        if kind == ca.OP_CONST:
            work[to[0]], steps[to[0]] = ca.SX(function.instruction_constant(k)), True
        elif kind == ca.OP_INPUT:
            work[to[0]], steps[to[0]] = shaped[given[0]].nz[given[1]], False
        elif kind == ca.OP_OUTPUT:
            outputs.append(work[given[0]])
        else:
            operands, flat = [work[i] for i in given], [steps[i] for i in given]
            if not _never_switches(kind, bounds[k]):
                switches += _switches(kind, flat, *operands)
            work[to[0]] = (
                ca.SX.binary(kind, *operands)
                if len(operands) == 2
                else ca.SX.unary(kind, *operands)
            )
            steps[to[0]] = kind in _STEPS_ONLY or all(flat)
    weights = [1.0, *rng.uniform(0.5, 1.5, len(outputs))][: len(outputs)]
    value = sum((weight * one for weight, one in zip(weights, outputs, strict=True)), ca.SX(0))
    return x, value, switches


def _never_switches(kind, bounds):
    """Whether the ranges of the operands show that the operation always takes the same side."""
    away = [low > 0 or high < 0 for low, high in bounds]
    if kind in _COMPARISONS:
        (low, high), (other_low, other_high) = bounds
        return high < other_low or other_high < low
    if kind == ca.OP_HYPOT:
        return any(away)
    if kind in (ca.OP_ASIN, ca.OP_ACOS):
        return bounds[0][0] > -1 and bounds[0][1] < 1
    if kind in (
        ca.OP_FABS,
        ca.OP_SIGN,
        ca.OP_SQRT,
        ca.OP_POW,
        ca.OP_CONSTPOW,
        ca.OP_LOG,
        ca.OP_ATAN2,
    ):
        return away[0]
    return False


def _switches(kind, flat, first, second=None):
    """The switches of one operation; ``flat`` says which of its operands are constant but for
    jumps, made elsewhere.
    """
    name, certain = SWITCHES.get(kind) or _SINGULAR.get(kind), kind in SWITCHES
    if name is None or all(flat) or (kind in (ca.OP_POW, ca.OP_CONSTPOW) and _is_whole(second)):
        return
    if kind in _COMPARISONS:
        single = kind in (ca.OP_EQ, ca.OP_NE)
        yield _Switch(name=name, operands=first - second, certain=certain, single=single)
    elif kind in (ca.OP_FLOOR, ca.OP_CEIL):
        yield _Switch(name=name, operands=first, certain=certain, period=1.0)
    elif kind == ca.OP_FMOD:
        yield _Switch(
            name=name, operands=first / second, certain=certain, period=1.0, at_zero=False
        )
    elif kind == ca.OP_REMAINDER:
        yield _Switch(name=name, operands=first / second, certain=certain, period=1.0, offset=0.5)
    elif kind == ca.OP_TAN:
        yield _Switch(name=name, operands=first / np.pi, certain=certain, period=1.0, offset=0.5)
    elif kind == ca.OP_HYPOT:
        yield _Switch(name=name, operands=ca.vertcat(first, second), certain=certain)
    elif kind == ca.OP_ATAN2:  # cot φ/2 vanishes where the angle φ jumps from π to -π
        yield _Switch(
            name=name, operands=first / (ca.sqrt(first**2 + second**2) - second), certain=certain
        )
    elif kind in (ca.OP_ASIN, ca.OP_ACOS):
        yield _Switch(name=name, operands=1 - first**2, certain=certain)
    elif kind in (ca.OP_COPYSIGN, ca.OP_AND, ca.OP_OR):
        for operand, still in zip((first, second), flat, strict=True):
            if not still:
                yield _Switch(
                    name=name, operands=operand, certain=certain, single=kind != ca.OP_COPYSIGN
                )
    elif kind == ca.OP_NOT or kind == ca.OP_IF_ELSE_ZERO:
        if not flat[
            0
        ]:  # a number taken for a truth value: zero is another case than all the others
            yield _Switch(name=name, operands=first, certain=certain, single=True)
    elif not flat[0]:
        yield _Switch(name=name, operands=first, certain=certain)


def _is_whole(exponent):
    return exponent.is_constant() and float(exponent).is_integer() and float(exponent) >= 0


def _local(x, value):
    """The function (x, w) -> [value; slope; curvature along w]."""
    direction = ca.SX.sym("w", x.numel())
    slope = ca.gradient(value, x)
    return ca.Function(
        "sides",
        [x, direction],
        [ca.densify(value), ca.densify(slope), ca.densify(ca.jtimes(slope, x, direction))],
    )


def _is_kink(switch, x, sides, rng) -> bool:
    slope = ca.densify(ca.jacobian(switch.operands, x))
    evaluated = Pointwise(ca.Function("residual", [x], [ca.densify(switch.operands), slope]))

    def residual(point):
        values, slopes = evaluated(point)
        return values.reshape(slope.size1()), slopes.reshape(slope.shape)

    located = 0
    scales = _SCALES if switch.certain else _SCALES[:_SINGULAR_STARTS]
    for attempt, scale in enumerate(scales):
        start = scale * rng.standard_normal(x.numel())
        point = _located(switch, residual, np.abs(start) if attempt % 3 == 2 else start)
        if point is None:
            continue
        located += 1
        if switch.single or _differs(sides, point, residual, rng):
            return True
        if located == _POINTS:
            break
    return switch.certain and not located


def _located(switch, residual, point):
    """A point where the operation switches, by Newton's method from ``point``; None where it does
    not get to one.
    """
    target, last, factor = None, np.inf, 1.0
    closest, since = np.inf, 0
    for _ in range(_STEPS):
        value, slope = residual(point)
        if target is None:
            target = _nearest(switch, value)
        value = value - target
        if not (np.isfinite(value).all() and np.isfinite(slope).all()):
            return None
        size = np.abs(value).max()
        closest, since = (size, 0) if size < 0.9 * closest else (closest, since + 1)
        if since > _PATIENCE:
            return None
        step = (
            np.linalg.lstsq(slope, value, rcond=1e-12)[0] if value.any() else np.zeros_like(point)
        )
        length = np.linalg.norm(step)
        if length <= 4e-16 * np.abs(point).max() or not value.any():
            return point
        factor = (
            2.0 if 0.4 < length / last < 0.6 and factor == 1.0 else 1.0
        )  # a double zero: half of the way each time
        last = length
        point = point - factor * step
        if not np.isfinite(point).all() or np.abs(point).max() > 1e12:
            return None
    return point if length <= 1e-11 * max(np.abs(point).max(), 1e-3) else None


def _nearest(switch, value):
    """The value of the operands at the switching point next to one where they have this ``value``."""
    if not switch.period or not np.isfinite(value).all():
        return np.zeros_like(value)
    count = np.round((value - switch.offset) / switch.period)
    if not switch.at_zero:
        count = np.where(count == 0, np.where(value < 0, -1.0, 1.0), count)
    return switch.offset + switch.period * count


def _differs(sides, point, residual, rng) -> bool:
    """Whether value, slope or curvature jump at a point, or the latter two have no limit there."""
    normal = residual(point)[1][0]
    across = rng.standard_normal(len(point))
    across /= np.linalg.norm(across)
    size = np.linalg.norm(normal)
    if np.isfinite(size) and size > 0:
        across = normal / size + 0.5 * across
    along = rng.standard_normal(len(point))
    distances = _DISTANCES * max(1.0, 1e-6 * np.abs(point).max())
    places = point[:, None] + across[:, None] * np.concatenate([distances, -distances])
    parts = [np.array(one) for one in sides(places, np.tile(along[:, None], places.shape[1]))]
    values, slopes, curvatures = (
        np.stack(np.split(one.T, 2)) for one in parts
    )  # (2 sides, distances, entries)
    if not np.isfinite(values).all() or not np.isfinite(slopes).all() or not _has_limits(values):
        return False  # the edge of the domain, or a pole
    return _jumps(values) or any(
        _jumps(one) or not _has_limits(one) for one in (slopes, curvatures)
    )


def _jumps(parts) -> bool:
    """Whether both sides keep apart as the distances shrink: differences extrapolated to distance
    zero do not vanish.
    """
    gaps = parts[0] - parts[1]
    extrapolated = np.abs((10 * gaps[1::2] - gaps[0::2]) / 9).max(axis=1)
    size = max(np.abs(parts).max(), 1e-300)
    return bool(extrapolated[2] > _JUMP * size and extrapolated[2] > 0.5 * extrapolated[1])


def _has_limits(parts) -> bool:
    """Whether both sides settle as the distances shrink."""
    if not np.isfinite(parts).all():
        return False
    changes = np.abs(np.diff(parts, axis=1)).max(axis=2)[:, -2:]
    size = max(np.abs(parts[:, :2]).max(), 1e-300)
    return bool(((changes[:, 1] < 0.5 * changes[:, 0]) | (changes[:, 1] < _JUMP * size)).all())


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
