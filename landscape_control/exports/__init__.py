"""Rules of the library as optimizers of other libraries: PyTorch, optax, a plain NumPy pair.

PyTorch, JAX and optax are imported when an optimizer for them is asked for.
"""

from .export import export

__all__ = ["export"]
