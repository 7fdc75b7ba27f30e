"""How problems and results show themselves in a notebook: a compact table, formulas in LaTeX.

Nothing is drawn: pictures take longer than a table and come with ``plot()``.
"""

from .tables import html_of

__all__ = ["html_of"]
