"""Permutation tests of what a rule leaves: whether it is white, and what it goes with."""

from collections.abc import Sequence

import numpy as np

COUNT = 999  # permutations of a test
_LAGS = 5


def p_value(observed: np.ndarray, permuted: np.ndarray) -> float:
    """p of the largest of several statistics, each in units of its own spread under permutation.

    ``observed`` (f,), ``permuted`` (P, f). (1 + how many are as large)/(P + 1): at level a the test
    rejects what is true in at most a share a of all data sets (B. Phipson, G. Smyth, *Permutation
    p-values should never be zero*, 2010).
    """
    every = np.vstack([observed, permuted])
    spread = every.std(axis=0)
    size = np.abs(every - every.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    largest = size.max(axis=1)
    return float((largest >= largest[0] * (1 - 1e-12)).mean())


def orders(steps: int, rng: np.random.Generator) -> np.ndarray:
    """(P, T) permutations of the steps."""
    return np.argsort(rng.random((COUNT, steps)), axis=1)


def _sums(products: np.ndarray, order: np.ndarray) -> np.ndarray:
    """(…,) Σ_t M[order_t, t] for orders (…, T)."""
    return products[order, np.arange(products.shape[0])].sum(axis=-1)


def white_in_time(left: np.ndarray, rng: np.random.Generator) -> float:
    """p of no correlation between what is left (T, C) at steps up to five apart.

    Steps are exchanged as a whole, so that it may be correlated between the columns.
    """
    products = left @ left.T
    order = orders(len(left), rng)
    steps = np.arange(len(left))[None]

    def correlations(placed: np.ndarray) -> np.ndarray:
        lags = range(1, min(_LAGS, len(left) - 1) + 1)
        return np.column_stack(
            [products[placed[:, lag:], placed[:, :-lag]].sum(axis=1) for lag in lags]
        )

    return p_value(correlations(steps)[0], correlations(order))


def goes_with(left: np.ndarray, inputs: Sequence[np.ndarray], rng: np.random.Generator) -> float:
    """p of no correlation of what is left (T, C) with any of the inputs (T, C) at the same step."""
    order = orders(len(left), rng)
    steps = np.arange(len(left))
    products = [left @ each.T for each in inputs]
    observed = np.array([_sums(each, steps) for each in products])
    permuted = np.column_stack([_sums(each, order) for each in products])
    return p_value(observed, permuted)


def common_to_columns(left: np.ndarray, rng: np.random.Generator) -> float:
    """p of independent columns: Σ_t (Σ_c e_tc)², each column put in an order of its own."""
    observed = float((left.sum(axis=1) ** 2).sum())
    permuted = [float((rng.permuted(left, axis=0).sum(axis=1) ** 2).sum()) for _ in range(COUNT)]
    return p_value(np.array([observed]), np.array(permuted)[:, None])


def lag_one(left: np.ndarray) -> float:
    """Correlation of what is left at neighbouring steps."""
    return float((left[1:] * left[:-1]).sum() / max(float((left**2).sum()), 1e-300))
