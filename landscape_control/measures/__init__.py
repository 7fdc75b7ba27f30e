"""What a sweep measures in each cell: functions of a solution, with units."""

from .library import cost
from .measure import ALL, Cell, Measure, as_measure, by_name, plain_value

__all__ = ["ALL", "Cell", "Measure", "as_measure", "by_name", "cost", "plain_value"]
