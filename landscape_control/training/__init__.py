"""Networks in training: what is measured on them, and the recipes of the paper's Fig. 2 e, f.

Data sets, networks and resumable runs stand in modules of their own. PyTorch is imported when
something is measured or trained, not before; the readers of data files need NumPy only.
"""

from .measuring import Measurement, measure
from .record import record_training

__all__ = ["Measurement", "measure", "record_training"]
