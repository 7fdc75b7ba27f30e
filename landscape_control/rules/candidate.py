"""What closed-form and causal rules share as candidates of a fit: coefficients and richness."""

from collections.abc import Mapping

import numpy as np

from ..support.arguments import checked
from .families.coefficient import Coefficient, vector_of
from .information import Information


class Candidate:
    """A rule with a name, coefficients, what it sees, and the keys of the rules it contains."""

    key: str
    name: str
    formula: str
    coefficients: tuple[Coefficient, ...]
    sees: frozenset[Information]
    contains: frozenset[str]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.key}: {self.formula})"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients, in their order."""
        return tuple(each.name for each in self.coefficients)

    @property
    def admissible(self) -> dict[str, tuple[float, float]]:
        """Allowed range of each coefficient."""
        return {each.name: (each.low, each.high) for each in self.coefficients}

    @property
    def memory(self) -> int:
        """How many numbers it remembers of each weight from step to step."""
        return 0

    @property
    def richness(self) -> tuple[int, int, int, int]:
        """(coefficients, memory, rules contained, kinds of information), counted: the parsimony order."""
        return len(self.coefficients), self.memory, len(self.contains), len(self.sees)

    @checked
    def vector(self, coefficients: Mapping[str, object]) -> np.ndarray:
        """Coefficients by name as (c,); unknown, missing and inadmissible ones are refused."""
        return vector_of(self.coefficients, coefficients, rule=self.name)
