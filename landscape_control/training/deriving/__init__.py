"""Optimizers derived from what is measured of a network."""

from .derive import derive_optimizer

__all__ = ["derive_optimizer"]
