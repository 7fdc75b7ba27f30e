"""Import paths of earlier versions: what stood at ``landscape_control.solver`` is the module
``landscape_control.planning.solver`` of today, not a copy of it.

One module has one object: ``import landscape_control.solver.finite`` and ``import
landscape_control.planning.solver.finite`` give the same classes, so that objects made under one path
are instances under the other, and pickles of earlier versions open.
"""

import sys
from importlib import import_module
from importlib.abc import InspectLoader, Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import CodeType, ModuleType

PACKAGE: str = __package__.partition(".")[0]
# path of version 0.1 -> path of today, both relative to the package
MOVED = {
    "action_variation": "planning.certificate.action_variation",
    "arguments": "support.arguments",
    "arrays": "support.arrays",
    "belief": "model.belief",
    "certificate": "planning.certificate.certificate",
    "cli": "display.cli",
    "comparison": "identification.maps",
    "controlled_variation": "planning.certificate.controlled_variation",
    "curvature": "planning.certificate.curvature",
    "domain": "support.domain",
    "dynamic_programming": "planning.dynamic_programming",
    "emergence": "optimisation",
    "errors": "support.errors",
    "examination": "planning.certificate.examination",
    "expressions": "support.expressions",
    "inside": "planning.certificate.inside",
    "inspection": "planning.certificate.inspection",
    "interpolation": "support.interpolation",
    "kinks": "support.kinks",
    "landscape": "model.landscape",
    "learner": "model.learner",
    "linear_quadratic": "planning.linear_quadratic",
    "measures": "sweeps.measures",
    "objective": "model.objective",
    "penalised_variation": "planning.certificate.penalised_variation",
    "plotting": "display.plotting",
    "pointwise": "support.pointwise",
    "policies.elementwise": "rules.families.elementwise",
    "problem": "model.problem",
    "processes": "support.processes",
    "recordable": "support.recordable",
    "recorded_settings": "support.recorded_settings",
    "report": "display.report",
    "returned": "support.returned",
    "sees": "model.observation",
    "shared": "support.shared",
    "solution": "planning.solution",
    "solver": "planning.solver",
    "status": "planning.status",
    "transcription": "planning.transcription",
    "vectorised": "support.vectorised",
}


def todays_path(name: str) -> str | None:
    """Where the module of that dotted name stands today; None where it did not move."""
    parts = name.split(".")
    if parts[0] != PACKAGE:
        return None
    for count in range(len(parts), 1, -1):
        place = MOVED.get(".".join(parts[1:count]))
        if place is not None:
            return ".".join([PACKAGE, place, *parts[count:]])
    return None


class _TodaysModule(Loader):
    """Hands out the module of today under an older path."""

    def __init__(self, path: str):
        self._path = path
        self._spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(self._path)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec  # the import system has put that of the older path there

    def get_code(self, fullname: str) -> CodeType | None:
        """The code of the module, for ``python -m`` with an older path."""
        spec = find_spec(self._path)
        if spec is None or not isinstance(spec.loader, InspectLoader):
            return None
        return spec.loader.get_code(self._path)


class _OlderPaths(MetaPathFinder):
    """Stands before the finder of files, which would load the file of a submodule once more."""

    def find_spec(
        self, fullname: str, path: object = None, target: object = None
    ) -> ModuleSpec | None:
        place = todays_path(fullname)
        if place is None:
            return None
        today = find_spec(place)
        if today is None:
            return None
        is_package = today.submodule_search_locations is not None
        return ModuleSpec(fullname, _TodaysModule(place), is_package=is_package)


def install() -> None:
    """Make older paths importable; a second call changes nothing."""
    if not any(isinstance(finder, _OlderPaths) for finder in sys.meta_path):
        sys.meta_path.insert(0, _OlderPaths())
