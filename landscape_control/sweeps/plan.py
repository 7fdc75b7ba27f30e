"""Plan: everything that decides the numbers of a sweep, as JSON that any process can carry out."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..records import fingerprint, from_specification, specification
from ..records.plain_text import mapping, parsed
from ..support.arrays import whole
from ..support.errors import ProblemError
from .axes import Axis, Problem
from .identity import code_of, code_of_parts
from .layout import Layout
from .measures import Measure
from .paths import SEED, read, with_values
from .plan_text import check_cells, plan_entries
from .problem_kinds import ProblemKind
from .versions import versions

FORMAT = "landscape_control sweep"
VERSION = 1
MOST_PLAN_BYTES = 2**27  # of the lists that a plan becomes
_SEAL, _END = ',\n "sha256": "', '"\n}'


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """What to compute, in plain data.

    Attributes
    ----------
    specification : text of the base problem
    axes : of the grid; objects on named axes are read from the texts in ``variants``
    variants : for each axis the texts of the problems of its points, () where all values are plain
    measures : for each its name, address, code, units, description, dims and coords; "" is the
    address of one that has none,
        and the code of one of this library (see identity.py)
    kind : what a cell is: "trajectory", "belief", "policy" or "closed form"
    options : of the solver
    starts : cold starts per cell, None for the solver's own choice
    seed : of the multi-start and of measures, unless an axis "seed" says otherwise
    structural : names of the axes that need another solver at each point
    most : cells per chunk at most
    versions : of the packages that decide the numbers
    code : digests of the classes of the user's own that the problems use, by their names (see
    identity.py)
    """

    specification: str
    axes: tuple[Axis, ...]
    variants: tuple[tuple[str, ...], ...]
    measures: tuple[dict, ...]
    kind: str
    options: dict
    starts: int | None
    seed: int
    structural: tuple[str, ...]
    most: int
    versions: dict
    code: dict = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return tuple(axis.size for axis in self.axes)

    @property
    def cells(self) -> int:
        """Number of cells."""
        return math.prod(self.shape)

    @cached_property
    def layout(self) -> Layout:
        """Order and chunks."""
        return Layout(
            shape=self.shape,
            structural=tuple(axis.name in self.structural for axis in self.axes),
            most=self.most,
        )

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the base problem's specification."""
        return fingerprint(self.specification)

    @cached_property
    def problem(self) -> Problem:
        """The base problem, made anew from its text: the same object in every process."""
        return from_specification(self.specification)

    @cached_property
    def _points(self) -> tuple[Axis, ...]:
        """The axes with the objects of their variants in place."""
        return tuple(
            _with_objects(axis, texts) for axis, texts in zip(self.axes, self.variants, strict=True)
        )

    def code_now(self) -> dict:
        """What ``code`` is in this process, for the problems as they are read from their texts."""
        return code_of_parts(
            self.problem, *(column for axis in self._points for column in axis.columns)
        )

    def values(self, cell: int) -> tuple[dict, int]:
        """({path: value}, seed) of a cell by its flat index."""
        values = {}
        for axis, place in zip(self._points, np.unravel_index(cell, self.shape), strict=True):
            values.update(axis.row(int(place)))
        return values, values.pop(SEED, self.seed)

    def arrays(self, cells: np.ndarray) -> dict:
        """{path: (N,)} of many cells, for closed forms."""
        places = np.unravel_index(cells, self.shape)
        return {
            path: column[place]
            for axis, place in zip(self.axes, places, strict=True)
            for path, column in zip(axis.paths, axis.columns, strict=True)
            if isinstance(column, np.ndarray)
        }

    @cached_property
    def text(self) -> str:
        """The plan as JSON; its last entry is the SHA-256 of all that stands before it."""
        document = {
            "format": FORMAT,
            "version": VERSION,
            "specification": self.specification,
            "axes": [
                _axis_document(axis, texts)
                for axis, texts in zip(self.axes, self.variants, strict=True)
            ],
        }
        for name in (
            "measures",
            "kind",
            "options",
            "starts",
            "seed",
            "structural",
            "most",
            "versions",
        ):
            document[name] = getattr(self, name)
        if self.code:
            document["code"] = self.code
        text = json.dumps(document, ensure_ascii=False, indent=1, default=_plain)
        body = text.removesuffix("\n}")  # the seal stands inside the last brace
        return f"{body}{_SEAL}{_sha256(body)}{_END}"

    @cached_property
    def digest(self) -> str:
        """The SHA-256 at the end of ``text``: by it chunks know their plan."""
        return _sealed(self.text)[1]

    @classmethod
    def from_text(cls, text: str) -> "Plan":
        """The plan of a JSON text; raises ProblemError if it is damaged or of another version."""
        document = mapping(parsed(text, "plan", MOST_PLAN_BYTES), "plan", "format", "version")
        kind, version = document.pop("format"), document.pop("version")
        if (kind, version) != (FORMAT, VERSION):
            raise ProblemError(
                "plan",
                expected=f"{FORMAT}, version {VERSION}",
                received=f"{kind!r:.60}, version {version!r:.20}",
                advice="use the landscape_control that made it, or another folder",
            )
        body, digest = _sealed(text)
        if document.pop("sha256", None) != digest or _sha256(body) != digest:
            raise ProblemError(
                "plan",
                expected="contents that were not changed",
                received="some that do not agree with their checksum",
                advice="plan.json is damaged or was edited; sweep again into another folder",
            )
        plan = cls(**plan_entries(document))
        vars(plan)["text"] = text  # to the letter: chunks name its digest
        return plan


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _sealed(text: str) -> tuple[str, str]:
    """(what is sealed, the SHA-256 that the text says it has)."""
    body, _, digest = text.rpartition(_SEAL)
    return body, digest.removesuffix(_END)


def about(measure: Measure, address: str) -> dict:
    """What a plan says of a measure."""
    meaning = {
        name: _without_tuples(getattr(measure, name, ""))
        for name in ("units", "description", "dims", "coords")
    }
    return {"name": measure.name, "address": address, "code": code_of(measure)} | meaning


def _without_tuples(value: Any) -> Any:
    """As JSON gives it back."""
    if isinstance(value, Mapping):
        return {key: _without_tuples(part) for key, part in value.items()}
    return list(value) if isinstance(value, tuple) else value


def make_plan(
    problem: Problem,
    axes: tuple[Axis, ...],
    measures: tuple[dict, ...],
    *,
    kind: ProblemKind,
    options: Mapping,
    starts: int | None,
    seed: int,
    most: int | None = None,
) -> Plan:
    """The plan of a sweep over checked axes; ``kind`` says what is structural."""

    def is_structural(axis: Axis) -> bool:
        """Whether another point of the axis needs another solver."""
        pairs = zip(axis.paths, axis.columns, strict=True)
        numbers = (path == SEED or kind.is_number(problem, path, column) for path, column in pairs)
        return not axis.is_plain or not all(numbers)

    structural = tuple(axis.name for axis in axes if is_structural(axis))
    json.dumps(dict(options), default=_plain)  # refuses what is no plain data
    cells = check_cells(axes)
    group = math.prod(axis.size for axis in axes if axis.name not in structural)
    most = kind.chunk(problem, cells, group) if most is None else whole("chunk", most)
    return Plan(
        specification=specification(problem),
        axes=axes,
        variants=tuple(_variants(problem, axis) for axis in axes),
        measures=measures,
        kind=kind.name,
        options=dict(options),
        seed=whole("seed", seed, low=0),
        starts=None if starts is None else whole("starts", starts),
        structural=structural,
        most=most,
        versions=versions(),
        code=code_of_parts(problem, *(column for axis in axes for column in axis.columns)),
    )


def _variants(problem: Problem, axis: Axis) -> tuple[str, ...]:
    """One text per point where an axis has objects: the base problem with the whole row in place."""
    if axis.is_plain:
        return ()
    rows = (axis.row(i) for i in range(axis.size))
    return tuple(
        specification(with_values(problem, {p: v for p, v in row.items() if p != SEED}))
        for row in rows
    )


def _with_objects(axis: Axis, texts: tuple[str, ...]) -> Axis:
    if axis.is_plain or not texts:
        return axis
    problems = [from_specification(text) for text in texts]
    columns = tuple(
        column
        if isinstance(column, np.ndarray)
        else tuple(read(problem, path) for problem in problems)
        for path, column in zip(axis.paths, axis.columns, strict=True)
    )
    return Axis(name=axis.name, paths=axis.paths, columns=columns, labels=axis.labels)


def _axis_document(axis: Axis, texts: tuple[str, ...]) -> dict:
    columns: list[dict] = []
    for column in axis.columns:
        if isinstance(column, np.ndarray):
            values = [_plain(value) for value in column.tolist()]
            columns.append({"type": column.dtype.kind, "values": values})
        else:  # objects: their texts stand under "variants"
            columns.append({"type": "variants"})
    document = {"name": axis.name, "paths": axis.paths, "labels": axis.labels, "columns": columns}
    return {**document, "variants": texts} if texts else document


def _plain(value: Any) -> Any:
    """Numbers that JSON has no word for, as words; NumPy's as Python's."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    if isinstance(value, bool | int | float | str | None):
        return value
    raise ProblemError(
        "options",
        expected="numbers, words and truth values",
        received=type(value).__name__,
        advice=(
            "name the method, e.g. options={'method': 'collocation'}; plans are stored as plain"
            " data"
        ),
    )
