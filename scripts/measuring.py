"""Timing side by side, fresh processes, and the table of results."""

import json
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line: what was measured, for us and for the reference, and whether the target is met.

    ``limit`` bounds the ratio ours/reference if there is a reference, else ``ours``. Without a
    limit it only informs.
    """

    what: str
    ours: float | None = None
    reference: float | None = None
    ratio: float | None = None
    unit: str = "ms"
    limit: float | None = None

    @property
    def met(self) -> bool | None:
        if self.limit is None:
            return None
        return (self.ours if self.ratio is None else self.ratio) <= self.limit

    def cells(self):
        """The row as texts: what, ours, reference, ratio, target, met."""
        ratio, unit = _as_ratio(self.ratio), "" if self.ratio is not None else self.unit
        limit = _as_ratio(self.limit) if self.ratio is not None else _with_unit(self.limit, unit)
        met = {None: "", True: "yes", False: "NO"}[self.met]
        return [
            self.what,
            _with_unit(self.ours, self.unit),
            _with_unit(self.reference, self.unit),
            ratio,
            f"<= {limit}" if limit else "",
            met,
        ]

    def record(self):
        """The row as plain data, for JSON."""
        return asdict(self) | {"met": self.met}


def _with_unit(value, unit):
    if value is None:
        return ""
    return f"{value:.0f} {unit}".rstrip() if value >= 100 else f"{value:.3g} {unit}".rstrip()


def _as_ratio(value):
    if value is None:
        return ""
    return f"1/{1 / value:.0f}" if value < 0.01 else f"{value:.3g}"


HEADINGS = ["what", "ours", "reference", "ratio", "target", "met"]


def interleave(contestants, rounds):
    """Seconds of every call, {name.

    List}; each round runs all contestants, in alternating order.
    """
    seconds = {name: [] for name in contestants}
    for run in contestants.values():
        run()
    for i in range(rounds):
        for name in list(contestants)[:: 1 if i % 2 == 0 else -1]:
            began = time.perf_counter()
            contestants[name]()
            seconds[name].append(time.perf_counter() - began)
    return seconds


def compared(what, samples, against, limit=None):
    """Row in milliseconds from the interleaved samples of "ours" and of the contestant ``against``,
    one dict per variant.

    Times are medians over everything; the ratio is the median of the ratios within one round.
    """
    ours, reference = ([t for one in samples for t in one[name]] for name in ("ours", against))
    ratio = statistics.median(a / b for a, b in zip(ours, reference, strict=True))
    return Row(
        what=what,
        ours=1e3 * statistics.median(ours),
        reference=1e3 * statistics.median(reference),
        ratio=ratio,
        limit=limit,
    )


def fresh_process(code):
    """What ``code`` prints as JSON, run by a new interpreter that, as this one, ignores the current
    folder (-P).
    """
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"a fresh process failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def aligned(headings, rows):
    """Lines of a table, first column to the left, the others to the right."""
    table = [headings, *rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(headings))]
    lines = [
        row[0].ljust(widths[0])
        + "".join(f"  {cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in table
    ]
    return [lines[0], "-" * len(lines[0]), *lines[1:]]
