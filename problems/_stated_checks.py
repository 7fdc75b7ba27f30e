"""Checks that say where their reference comes from, in a line each."""

from functools import partial

from ..claims import Check

equal = partial(Check, relation="equal", bound="before")
limit = partial(Check, relation="limit", bound="before", tolerance=0.05)


def same(
    quantity: str,
    theory: float,
    computed: float,
    tolerance: float,
    reference: str = "closed form",
    **more,
) -> Check:
    """An equality whose tolerance was set before a first look."""
    return equal(
        quantity=quantity,
        theory=theory,
        computed=computed,
        tolerance=tolerance,
        reference=reference,
        **more,
    )


def bounded(
    quantity: str, relation: str, bound: float, computed: float, when: str = "after"
) -> Check:
    """An inequality "at most" or "at least" against a stated bound, set before or after a first
    look.
    """
    return Check(
        quantity=quantity,
        theory=bound,
        computed=computed,
        relation=relation,
        tolerance=0,
        reference="stated bound",
        bound=when,
    )
