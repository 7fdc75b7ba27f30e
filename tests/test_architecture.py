"""The house rules, held against the source text: import direction, who may call what, sizes,
documentation.
"""

import ast
import re
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import quantiles

import pytest

import landscape_control

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "landscape_control"
LAYERS = (  # a module may import from its own layer and those above it in this list
    ("errors",),
    ("arrays",),
    (
        "arguments",
        "domain",
        "expressions",
        "interpolation",
        "kinks",
        "pointwise",
        "recordable",
        "recorded_settings",
        "returned",
        "shared",
        "threads",
        "vectorised",
    ),
    ("landscape",),
    ("sees",),
    ("learner", "objective"),
    ("problem",),
    ("belief",),
    ("reference",),
    ("linear_quadratic",),
    ("policies",),
    ("transcription",),
    ("status",),
    ("solution",),
    ("inside",),
    ("action_variation", "controlled_variation"),
    ("inspection", "penalised_variation"),
    ("curvature",),
    ("examination",),
    ("certificate",),
    ("solver",),
    ("grid",),
    ("rules",),
    ("comparison",),
    ("stochastic",),
    ("planning",),
    ("simulation",),
    ("verification",),
    ("emergence",),
    ("identification",),
    ("records",),
    ("measures",),
    ("sweeps",),
    ("claims",),
    ("plotting",),
    ("problems",),
    ("report",),
    ("cli",),
)
LEVEL = {room: level for level, layer in enumerate(LAYERS) for room in layer}
MAY_IMPORT_ROOT = {"problems", "report", "cli"}  # they use the library as its users do


@cache
def sources() -> dict[str, Path]:
    """Dotted module name -> file, for the package and for problems/, which is mapped into it."""
    found = {}
    for folder, prefix in ((ROOT / PACKAGE, PACKAGE), (ROOT / "problems", f"{PACKAGE}.problems")):
        for path in sorted(folder.rglob("*.py")):
            parts = [prefix, *path.relative_to(folder).with_suffix("").parts]
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(sources()[module].read_text(encoding="utf-8"))


def imported(module: str) -> list[str]:
    """Absolute names of everything a module imports anywhere in its text, one per imported name."""
    is_package = sources()[module].name == "__init__.py"
    names = []
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = module.split(".")
            base = base[: len(base) + is_package - node.level] if node.level else []
            base = [*base, *(node.module.split(".") if node.module else [])]
            names += [".".join([*base, alias.name]) for alias in node.names]
    return names


def strings_of(module: str) -> list[str]:
    """What a module imports by name at run time: the constant arguments of import_module."""
    return [
        argument.value
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call)
        and (getattr(node.func, "id", None) or getattr(node.func, "attr", None)) == "import_module"
        for argument in node.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]


def home(name: str) -> str | None:
    """The module of this project that an imported name lives in, or None."""
    while name and name not in sources():
        name = name.rpartition(".")[0]
    return name or None


def room(module: str) -> str:
    """The part of the package a module belongs to, "" for the package root."""
    return (module.split(".") + [""])[1]


def calls(module: str) -> set[str]:
    """Names of everything a module calls or refers to: print, nlpsol, ..."""
    nodes = list(ast.walk(tree(module)))
    return (
        {node.id for node in nodes if isinstance(node, ast.Name)}
        | {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        | {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
    )


def test_every_module_has_its_place_in_the_layers():
    assert {room(module) for module in sources()} - {""} == set(LEVEL)


@pytest.mark.parametrize("module", [name for name in sources() if room(name)])
def test_imports_go_one_way(module):
    own = room(module)
    for name in imported(module):
        target = home(name)
        if target is None:
            continue
        if target == PACKAGE:
            assert own in MAY_IMPORT_ROOT, f"{module} imports the package root ({name})"
        else:
            assert LEVEL[room(target)] <= LEVEL[own], f"{module} imports {name}, which comes later"


def test_reference_stands_on_its_own():
    """Exact answers share no code with what they check: they import only how input is refused."""
    names = [
        name for module in sources() if room(module) == "reference" for name in imported(module)
    ]
    assert {room(home(name)) for name in names if home(name)} <= {
        "errors",
        "arrays",
        "arguments",
        "reference",
    }


def test_nothing_that_is_checked_uses_the_reference():
    """Only problems (claims and their derivations) and tests hold anything against it."""
    users = {
        room(module)
        for module in sources()
        for name in [*imported(module), *strings_of(module)]
        if (home(name) or "").startswith(f"{PACKAGE}.reference")
        or re.fullmatch(r"\.*reference(\.\w+)*|lc\.reference(\.\w+)*", name)
    }
    assert users <= {"reference", "problems", ""}
    root = [name for name in imported(PACKAGE) if "reference" in name]
    assert not root, "the package root gives the reference away only when it is asked for"


def test_no_import_cycle():
    graph = {
        module: {home(name) for name in imported(module)} - {None, module} for module in sources()
    }
    for (
        module,
        targets,
    ) in graph.items():  # a package's own __init__ gathers its modules; they do not depend on it
        targets.difference_update(
            {target for target in targets if module.startswith(f"{target}.")} - {PACKAGE}
        )
    assert len(list(TopologicalSorter(graph).static_order())) == len(graph)


@pytest.mark.parametrize(
    ("names", "allowed"),
    [
        ({"nlpsol", "qpsol", "conic", "Opti"}, {"solver"}),
        ({"print", "pprint", "stdout", "stderr"}, {"cli"}),
    ],
)
def test_only_one_room_calls(names, allowed):
    assert {room(module) for module in sources() if calls(module) & names} <= allowed


def test_only_plotting_imports_matplotlib():
    users = {
        room(module)
        for module in sources()
        if any(name.split(".")[0] == "matplotlib" for name in imported(module))
    }
    assert users <= {"plotting"}


def test_results_and_claims_hold_no_casadi():
    users = {
        room(module)
        for module in sources()
        if any(name.split(".")[0] == "casadi" for name in imported(module))
    }
    assert not users & {
        "solution",
        "interpolation",
        "linear_quadratic",
        "reference",
        "comparison",
        "claims",
        "plotting",
        "report",
        "cli",
    }


@pytest.mark.parametrize("module", sources())
def test_files_stay_short(module):
    assert len(sources()[module].read_text(encoding="utf-8").splitlines()) <= 500


def test_functions_stay_short():
    lengths = [
        node.end_lineno - node.lineno + 1
        for module in sources()
        for node in ast.walk(tree(module))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    assert quantiles(lengths, n=10)[-1] < 40
    assert quantiles(lengths, n=2)[0] < 20


def test_project_names_no_path_of_one_machine():
    places = "|".join(("work", "tmp", "home", "root", "Users", "opt", "mnt"))
    pattern = re.compile(rf"(?<![\w.:/-])/(?:{places})/\w")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    files = [ROOT / name for name in listed.split("\0") if name] or list(sources().values())
    for path in files:
        if path.suffix in {".py", ".md", ".toml", ".csv", ".json", ""} and path.is_file():
            found = pattern.search(path.read_text(encoding="utf-8", errors="replace"))
            assert not found, f"{path.relative_to(ROOT)}: {found.group()}"


@pytest.mark.parametrize("name", getattr(landscape_control, "__all__", ()))
def test_public_name_is_documented(name):
    value = getattr(landscape_control, name)
    if callable(value) or hasattr(value, "__path__") or hasattr(value, "__file__"):
        assert value.__doc__, f"landscape_control.{name} has no docstring"
        assert value.__doc__.strip() != f"{name}()"


def test_package_says_what_is_public():
    assert {"ControlProblem", "Learner", "Objective", "Landscape", "ProblemError"} <= set(
        landscape_control.__all__
    )


@pytest.mark.parametrize("module", sources())
def test_module_says_what_it_is_for(module):
    assert ast.get_docstring(tree(module)), f"{module} has no docstring"


def test_import_loads_no_optional_or_drawing_package():
    code = "import sys, landscape_control; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"matplotlib", "tqdm", "skfmm", "pandas", "multiprocessing.pool"} & set(loaded)
