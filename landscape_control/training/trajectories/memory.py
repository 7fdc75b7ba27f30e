"""How much memory a mesh takes, and how much there is."""

import os
from pathlib import Path

from .descent import PAIRS

_OF_DESCENT = (
    5 + 14
)  # SciPy's own vectors; iterates, gradients and offsets that are alive with them


def bytes_needed(weights: int, nodes: int) -> int:
    """Of the optimiser on this mesh, in double precision; Krylov vectors come after it and are fewer.

    nodes : those behind the start
    """
    return 8 * weights * nodes * (2 * PAIRS + _OF_DESCENT)


def bytes_free() -> float:
    """What the system can give without swapping; infinite where it does not say."""
    table = Path("/proc/meminfo")
    if table.exists():
        for line in table.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("MemAvailable:"):
                return 1024.0 * float(line.split()[1])
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (ValueError, AttributeError, OSError):
        return float("inf")
