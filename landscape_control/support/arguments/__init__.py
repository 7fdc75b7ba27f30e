"""Arguments of the public callables: the signature is the declaration, and one decorator holds
calls against it.

    @checked
    def quadratic(*, hessian: Matrix, minimum: Vector | None = None) -> Landscape: ...

``checked`` reads the annotations of a function, a method or a class (those of its ``__init__``;
above ``@dataclass``) and refuses what does not fit with a ``ProblemError`` that names the
parameter, what was expected, what was received and what to do. What fits reaches the callable as
the declared type: numbers as floats, arrays as read-only float arrays. An annotation is one of

* ``float`` (finite), ``int``, ``bool``, ``str``, ``None``, or an alias of ``markers`` that carries
  a range or a shape, such as ``Positive``, ``Duration``, ``Count``, ``Vector``, ``Matrix``;
* ``Literal["a", "b"]`` and enumerations, refused with the near matches;
* a class (an object of it; the class itself in place of an object is refused with the call to
  write), ``Callable``;
* ``Sequence[X]``, ``Iterable[X]``, ``tuple[X, ...]``, ``frozenset[X]``, ``Mapping[str, X]``, entry
  by entry;
* ``X | Y``, the first that the kind of object fits; ``object`` for what the callable checks by
  itself.

Arguments that are missing, misspelt, given twice or by position where the callable takes keywords
are refused in the same way, with the near matches and the call to write. Checks between arguments
(a size that follows from the landscape, say) stay in the body. Defaults are not checked.

Annotations are read at the first call, so that they cost nothing at import and may refer to what is
defined later. After that a call costs about a microsecond and half a microsecond per argument.
``inspect.signature`` and ``help`` show the original.
"""

from .declaration import Declaration, Parameter, checked, declared, option_names, unchecked
from .kinds import Kind
from .markers import (
    AnyNumber,
    Anywhere,
    ArrayLike,
    Count,
    Discount,
    Duration,
    Entries,
    Filled,
    Horizon,
    Index,
    LearningRate,
    LossWeight,
    Matrix,
    NonNegative,
    Numbers,
    Path,
    Points,
    Positive,
    Range,
    Shape,
    Share,
    Steps,
    TerminalWeight,
    Vector,
    Whole,
    Words,
)

__all__ = [
    "AnyNumber",
    "Anywhere",
    "ArrayLike",
    "Count",
    "Declaration",
    "Discount",
    "Duration",
    "Entries",
    "Filled",
    "Horizon",
    "Index",
    "Kind",
    "LearningRate",
    "LossWeight",
    "Matrix",
    "NonNegative",
    "Numbers",
    "Parameter",
    "Path",
    "Points",
    "Positive",
    "Range",
    "Shape",
    "Share",
    "Steps",
    "TerminalWeight",
    "Vector",
    "Whole",
    "Words",
    "checked",
    "declared",
    "option_names",
    "unchecked",
]
