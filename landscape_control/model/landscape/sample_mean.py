"""The mean of a function over samples: one node in an expression, whatever their number.

Every scalar operation of the function of one sample becomes one CasADi operation on the column of
all samples. What is made of that, a CasADi function of θ alone, is called from expressions and not
copied into them: a graph holds one call where it would hold ten thousand times the operations, and
its derivatives hold calls of the derivatives.
"""

import itertools
from collections import deque
from collections.abc import Sequence
from typing import Any
from weakref import WeakValueDictionary

import casadi as ca
import numpy as np

from ...support.arrays import freeze
from ...support.columns import over_columns
from ...support.errors import ProblemError
from ...support.instructions import callee, callees, operations
from ...support.kinks import SWITCHES

_NAME = "mean_over_samples"
EXTERNAL = "external_loss"  # the function that a loss of another program calls
# samples at which a function is examined for kinks, more where its operations may have some
_FEWEST_LOOKED_AT, _MOST_LOOKED_AT = 5, 40


class SampleMean:
    """θ -> (1/N) Σᵢ f(θ, …, dᵢ), called with CasADi vectors or numbers.

    Attributes
    ----------
    per_sample : CasADi function of scalars (SX): the arguments of the mean first, then a column of
        each kind of data
    data : arrays (N, size), read-only, one for each of the last inputs of ``per_sample``
    function : CasADi function of the first inputs, columns
    """

    def __init__(self, per_sample: ca.Function, data: Sequence[np.ndarray]) -> None:
        self.per_sample = per_sample
        self.data = tuple(freeze(array) for array in data)
        self.shared = per_sample.n_in() - len(self.data)
        self.function = self._mean()
        _KNOWN[self.function.name()] = self
        _LATEST.append(self)

    @property
    def count(self) -> int:
        """N, the number of samples."""
        return len(self.data[0])

    def __call__(self, *vectors: Any) -> Any:
        return self.function(*vectors)

    def _mean(self) -> ca.Function:
        symbols = self._symbols()
        values = self.of_samples(self.per_sample)(*symbols)
        mean = (ca.DM.ones(1, self.count) @ values).T / self.count
        name = f"{_NAME}_{next(_NUMBERS)}"
        return ca.Function(name, symbols, [mean], {"never_inline": True, "cse": True})

    def _symbols(self) -> list[ca.MX]:
        function = self.per_sample
        return [ca.MX.sym(function.name_in(i), function.size1_in(i)) for i in range(self.shared)]

    def of_samples(self, function: ca.Function) -> ca.Function:
        """The values (N, rows) of a function with the inputs of ``per_sample``, for all samples."""
        given = range(self.shared)
        columns = range(self.shared, function.n_in())
        mapped = over_columns(function, self.count, columns=columns, differentiable=given)
        symbols = self._symbols()
        return ca.Function("of_samples", symbols, [mapped(*symbols, *map(ca.DM, self.data))])

    def of_few(self) -> ca.Function:
        """The function summed over a few samples, as scalar operations (SX), to be examined."""
        symbols = [ca.SX.sym("x", self.per_sample.size1_in(i)) for i in range(self.shared)]
        may_switch = operations(self.per_sample) & set(SWITCHES)
        most = _MOST_LOOKED_AT if may_switch else _FEWEST_LOOKED_AT
        some = np.unique(np.linspace(0, self.count - 1, most).astype(int))
        terms = (self.per_sample(*symbols, *(ca.DM(array[i]) for array in self.data)) for i in some)
        return ca.Function("few_samples", symbols, [ca.densify(sum(terms, start=ca.SX(0)))])


_NUMBERS = itertools.count()
# the means that expressions call, by the names of their functions; whoever keeps such an expression
# keeps the means too, see Landscape
_KNOWN: WeakValueDictionary[str, SampleMean] = WeakValueDictionary()
# kept until an expression that calls them is: a function may make a landscape and drop it
_LATEST: deque[SampleMean] = deque(maxlen=8)


def called_means(function: ca.Function) -> tuple[SampleMean, ...]:
    """The means over samples that an SX function calls, each once."""
    return tuple(_KNOWN[name] for name in callees(function) if name in _KNOWN)


def called_mean(function: ca.Function, number: int, what: str) -> SampleMean:
    """The mean over samples that instruction ``number`` of an SX function calls.

    Raises ProblemError, which begins with ``what``, for a call of anything else.
    """
    name = callee(function, number).name()
    if name == EXTERNAL:
        raise ProblemError(
            "record of a landscape",
            expected="a loss whose operations are known: files and other processes get numbers alone",
            received="one of another program, by landscape_control.external_loss",
            advice=(
                "keep the numbers, by to_dict(), to_xarray() or to_dataframe() of a result; for a"
                " sweep solve problem.changed(…) in a loop, or write the loss with NumPy's operations"
            ),
        )
    if name not in _KNOWN:
        raise ProblemError(
            what,
            expected="elementary operations and means over samples",
            received=f"a call of the function {name!r}, whose operations are not known",
            advice=(
                "write it with casadi.SX operations, or samples with landscape_control.data_loss;"
                " a function of another program cannot be recorded"
            ),
        )
    return _KNOWN[name]
