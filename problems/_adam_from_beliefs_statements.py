"""The inequalities of adam_from_beliefs_regret, stated once and checked on two instances."""

from dataclasses import dataclass

from ..claims import Check
from ._adam_from_beliefs_learners import RULES
from ._adam_from_beliefs_sets import Estimate

STANDARD_ERRORS, NEAR = 4.0, 0.05
FAR = 0.5  # regret that no rule is below, long sight and little noise
OURS, ADAM, RMSPROP, SGD = "belief_adam", "adam", "rmsprop", "sgd"
NAMES = {OURS: "Adam from beliefs", ADAM: "Adam", RMSPROP: "RMSProp", SGD: "SGD"}


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One inequality about some cells: the value nearest to the bound must keep it.

    Attributes
    ----------
    words : what is bounded
    relation : "at most" or "at least"
    bound : in units of J*
    of : a rule, for its regret; two of them, for how much more the first one costs
    cells : the (σ, γ) that are meant, of those that an instance has; None is all
    """

    words: str
    relation: str
    bound: float
    of: str | tuple[str, str]
    cells: tuple[tuple[float, float], ...] | None = None

    def estimates(self, table) -> list[Estimate]:
        """What the statement is about, in every cell that is meant."""
        rows = [row for place, row in table.items() if self.cells is None or place in self.cells]
        if isinstance(self.of, str):
            return [row.regrets[self.of] for row in rows]
        return [row.gaps[self.of] for row in rows]

    def check(self, table, instance: str, bound: str) -> Check:
        """The estimate nearest to the bound, moved by 4 standard errors towards it."""
        sign = 1 if self.relation == "at most" else -1
        values = self.estimates(table)
        nearest = max(values, key=lambda e: sign * e.mean + STANDARD_ERRORS * e.error)
        return Check(
            quantity=(
                f"{instance}: {self.words}; {'plus' if sign > 0 else 'less'} 4 standard errors"
            ),
            theory=self.bound,
            computed=nearest.mean + sign * STANDARD_ERRORS * nearest.error,
            relation=self.relation,
            tolerance=0,
            reference="stated bound",
            bound=bound,
            standard_error=nearest.error,
        )


NOISY = ((1.0, 0.2), (1.0, 0.8), (1.0, 3.2), (3.0, 0.2), (3.0, 0.8), (3.0, 3.2))
STATEMENTS = (
    Statement(
        words="regret of Adam from beliefs, σ = 3, γ = 3.2",
        relation="at most",
        bound=NEAR,
        of=OURS,
        cells=((3.0, 3.2),),
    ),
    Statement(
        words="regret of SGD, σ = 0.3, γ = 3.2 (exact)",
        relation="at most",
        bound=NEAR,
        of=SGD,
        cells=((0.3, 3.2),),
    ),
    Statement(words="least regret of Adam", relation="at least", bound=NEAR, of=ADAM),
    Statement(words="least regret of RMSProp", relation="at least", bound=NEAR, of=RMSPROP),
    Statement(
        words="Adam over Adam from beliefs, least of all σ and γ",
        relation="at least",
        bound=0.0,
        of=(ADAM, OURS),
    ),
    Statement(
        words="RMSProp over Adam, least of all σ and γ",
        relation="at least",
        bound=0.0,
        of=(RMSPROP, ADAM),
    ),
    *(
        Statement(
            words=f"Adam from beliefs over SGD, σ = 0.3, γ = {discount:g}",
            relation="at least",
            bound=0.0,
            of=(OURS, SGD),
            cells=((0.3, discount),),
        )
        for discount in (0.8, 3.2)
    ),
    Statement(
        words="SGD over Adam from beliefs, least of all γ at σ ≥ 1",
        relation="at least",
        bound=0.0,
        of=(SGD, OURS),
        cells=NOISY,
    ),
    Statement(
        words="SGD over Adam, σ = 3, γ = 0.2",
        relation="at least",
        bound=0.0,
        of=(SGD, ADAM),
        cells=((3.0, 0.2),),
    ),
    *(
        Statement(
            words=f"regret of {NAMES[rule]}, σ = 0.3, γ = 0.2",
            relation="at least",
            bound=FAR,
            of=rule,
            cells=((0.3, 0.2),),
        )
        for rule in RULES
    ),
)
