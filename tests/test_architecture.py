"""The house rules, held against the source text: import direction, who may call what, sizes,
documentation.
"""

import ast
import itertools
import re
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path
from statistics import quantiles

import pytest

import landscape_control

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "landscape_control"
# Parts from the lowest to the highest: a module may import from its own layer and those before it.
# A module belongs to the longest of these names that its own begins with.
LAYERS = (
    ("support.errors",),
    ("support.arrays",),
    ("support",),
    ("model.landscape",),
    ("model.observation",),
    ("model.learner", "model.objective"),
    ("model.problem",),
    ("model.belief",),
    ("model",),
    ("reference",),
    ("planning.linear_quadratic", "planning.transcription", "planning.status"),
    ("planning.solution",),
    ("planning.certificate",),
    ("planning.solver",),
    ("planning.batched",),
    ("planning.dynamic_programming",),
    ("planning.beliefs",),
    ("planning",),
    ("rules",),
    ("simulation",),
    ("verification",),
    ("optimisation",),
    ("identification.maps",),
    ("identification",),
    ("exports",),
    ("records",),
    ("training",),
    ("sweeps.measures",),
    ("sweeps",),
    ("trajectories",),
    ("claims",),
    ("grid", "policies", "stochastic"),  # names of version 0.1, which nothing in here uses
    ("display.plotting",),
    ("display.description",),
    ("display.notebook",),
    ("problems",),
    ("display.report",),
    ("display.cli", "display"),
)
LEVEL = {part: level for level, layer in enumerate(LAYERS) for part in layer}
MAY_IMPORT_ROOT = {
    "problems",
    "display.report",
    "display.cli",
}  # they use the library as its users do

# import_module("...") is an import like any other: it counts in the tests of layers and of cycles,
# but for these, which go against the layers, each for its reason: module -> {what it imports: why}
ALLOWED_LATE = {
    f"{PACKAGE}.support.recordable": {
        f"{PACKAGE}.records": "every result has save(), and records know every kind of result",
        f"{PACKAGE}.records.pickling": "landscapes pickle as records, which know landscapes",
    },
    f"{PACKAGE}.support.drawable": {
        f"{PACKAGE}.display.plotting.one_line": "results have plot(), which only display can draw",
        f"{PACKAGE}.display.notebook": "results show themselves in a notebook, as display says how",
    },
    f"{PACKAGE}.support.results": {
        f"{PACKAGE}.records": "results hand over their numbers, and records know every kind of them",
        f"{PACKAGE}.display.description": "results say in words what they are, as display puts it",
    },
    f"{PACKAGE}.records.files": {
        f"{PACKAGE}.sweeps": "load() opens the folder of a sweep too, and sweeps are made of records",
        PACKAGE: "files say which version of the library wrote them",
    },
    f"{PACKAGE}.display.plotting.figures": {
        f"{PACKAGE}.problems.pictures": "older names of the claims' pictures, which plotting draws",
    },
    f"{PACKAGE}.claims.discovery": {
        f"{PACKAGE}.problems": "claims are found in the folder of problems, which are made of claims",
    },
}
# Imports for type checkers alone (under TYPE_CHECKING) run nothing and make no circle; these go
# against the layers: module -> why.
ALLOWED_TYPES = {
    f"{PACKAGE}.planning": "names of version 0.1 that moved to identification",
}
# Names that are computed when they are asked for: module -> why.
COMPUTED_IMPORTS = {
    PACKAGE: "start-up time: public names are loaded at first use",
    f"{PACKAGE}.support.late_names": "start-up time: public names are loaded at first use",
    f"{PACKAGE}.support.older_paths": "import paths of version 0.1",
    f"{PACKAGE}.problems.pictures": "the pictures in the folder, as many as there are",
    f"{PACKAGE}.records.kinds": "a table from names in files to classes, loaded where one is met",
    f"{PACKAGE}.sweeps.measures.measure": "the user's own function, given as 'module:function'",
    f"{PACKAGE}.claims.discovery": "the modules of problems, as many as there are",
    f"{PACKAGE}.claims.own": "the user's own files",
}


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


@cache
def nodes(module: str) -> list[ast.AST]:
    """Everything in the text of a module."""
    return list(ast.walk(tree(module)))


@cache
def imported(module: str) -> list[str]:
    """Absolute names of everything a module imports anywhere in its text, one per imported name:
    by statements that run, and by import_module but for what ``ALLOWED_LATE`` lists.
    """
    allowed = ALLOWED_LATE.get(module, {})
    late = [name for name in late_imports(module) if name and name not in allowed]
    typed = for_type_checkers(module)
    running = [node for node in nodes(module) if node not in typed]
    return names_of_imports(module, running) + late


@cache
def for_type_checkers(module: str) -> set[ast.AST]:
    """What stands under ``if TYPE_CHECKING``, which never runs."""
    return {
        node
        for guard in nodes(module)
        if isinstance(guard, ast.If) and ast.unparse(guard.test) == "TYPE_CHECKING"
        for statement in guard.body
        for node in ast.walk(statement)
    }


def names_of_imports(module: str, nodes: Iterable[ast.AST]) -> list[str]:
    """Absolute names of what import statements among ``nodes`` import."""
    is_package = sources()[module].name == "__init__.py"
    names = []
    for node in nodes:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = module.split(".")
            base = base[: len(base) + is_package - node.level] if node.level else []
            base = [*base, *(node.module.split(".") if node.module else [])]
            names += [".".join([*base, alias.name]) for alias in node.names]
    return names


@cache
def late_imports(module: str) -> list[str | None]:
    """Absolute names that import_module and __import__ are called with, None where the name is
    computed when it is asked for.
    """
    known = constants(module)
    names = []
    for node in nodes(module):
        if isinstance(node, ast.Call) and node.args:
            called = getattr(node.func, "attr", getattr(node.func, "id", None))
            if called in {"import_module", "__import__"}:
                name, package = (value_of(part, known) for part in (*node.args, None)[:2])
                names.append(resolve_name(name, package) if name else None)
    return names


def constants(module: str) -> dict[str, str]:
    """The texts that a module names at its top level, and what Python says of the module."""
    is_package = sources()[module].name == "__init__.py"
    known = {
        "__name__": module,
        "__package__": module if is_package else module.rpartition(".")[0],
    }
    for node in tree(module).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = value_of(node.value, known)
            if isinstance(value, str):
                known[node.targets[0].id] = value
    return known


def value_of(node: ast.expr | None, known: dict[str, str]) -> object:
    """What an expression of constants gives; None where it needs anything else."""
    if node is None:
        return None
    expression = ast.fix_missing_locations(ast.Expression(node))
    try:
        return eval(compile(expression, "constant", "eval"), {"__builtins__": {}}, known)
    except Exception:
        return None


def home(name: str) -> str | None:
    """The module of this project that an imported name lives in, or None."""
    while name and name not in sources():
        name = name.rpartition(".")[0]
    return name or None


@cache
def part_of(module: str) -> str:
    """The part of the package that a module belongs to, "" for the package root and strangers."""
    names = module.split(".")[1:]
    prefixes = (".".join(names[:count]) for count in range(len(names), 0, -1))
    return next((prefix for prefix in prefixes if prefix in LEVEL), "")


@cache
def calls(module: str) -> set[str]:
    """Names of everything a module calls or refers to: print, nlpsol, ..."""
    found = set()
    for node in nodes(module):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.name for alias in node.names}
    return found


def test_every_module_has_its_place_in_the_layers():
    assert {part_of(module) for module in sources()} - {""} == set(LEVEL)
    assert [module for module in sources() if not part_of(module)] == [PACKAGE]


def test_top_level_packages_stand_one_above_the_other():
    """All layers of one package come together; only claims stand between what display draws with
    and what it makes of them.
    """
    order = [layer[0].split(".")[0] for layer in LAYERS]
    runs = [name for name, _ in itertools.groupby(order)]
    assert {name for name in runs if runs.count(name) > 1} == {"display"}


@pytest.mark.parametrize("module", [name for name in sources() if part_of(name)])
def test_imports_go_one_way(module):
    own = part_of(module)
    for name in imported(module):
        target = home(name)
        if target is None:
            continue
        if target == PACKAGE:
            assert own in MAY_IMPORT_ROOT, f"{module} imports the package root ({name})"
        else:
            assert LEVEL[part_of(target)] <= LEVEL[own], (
                f"{module} imports {name}, which comes later"
            )


def test_types_that_go_against_the_layers_are_listed():
    against = set()
    for module in sources():
        for name in names_of_imports(module, for_type_checkers(module)):
            target = home(name)
            if part_of(module) and target and LEVEL[part_of(target)] > LEVEL[part_of(module)]:
                against.add(module)
    assert against == set(ALLOWED_TYPES)


def test_reference_stands_on_its_own():
    """Exact answers share no code with what they check: they import only how input is refused."""
    names = [
        name for module in sources() if part_of(module) == "reference" for name in imported(module)
    ]
    homes = {home(name) for name in names if home(name)}
    assert {part_of(name) for name in homes} <= {
        "support.errors",
        "support.arrays",
        "support",
        "reference",
    }
    own_or_arguments = {name for name in homes if part_of(name) == "support"}
    assert all(name.startswith(f"{PACKAGE}.support.arguments") for name in own_or_arguments)


def test_nothing_that_is_checked_uses_the_reference():
    """Only problems (claims and their derivations) and tests hold anything against it."""
    users = {
        part_of(module)
        for module in sources()
        for name in [*imported(module), *filter(None, late_imports(module))]
        if (home(name) or "").startswith(f"{PACKAGE}.reference")
    }
    assert users <= {"reference", "problems"}


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


def test_late_imports_are_few_and_listed():
    computed = {module for module in sources() if None in late_imports(module)}
    assert computed == set(COMPUTED_IMPORTS)
    for module, allowed in ALLOWED_LATE.items():
        assert set(allowed) <= set(late_imports(module)), f"{module} has no such import any more"


def test_late_imports_are_read(monkeypatch):
    """A circle through strings, as it once was, is one."""
    made = {
        "a": "from importlib import import_module\nHERE = __package__\nimport_module('.b', HERE)",
        "b": "import importlib\nimportlib.import_module(f'{__package__}.a')",
        "c": "from importlib import import_module\nname = len('b')\nimport_module(f'x.{name}')",
    }
    places = {f"{PACKAGE}.{name}": Path(f"{name}.py") for name in made}
    trees = {f"{PACKAGE}.{name}": ast.parse(text) for name, text in made.items()}
    of_texts = nodes, for_type_checkers, imported, late_imports
    for function in of_texts:
        function.cache_clear()
    monkeypatch.setitem(globals(), "sources", lambda: places)
    monkeypatch.setitem(globals(), "tree", trees.__getitem__)
    try:
        assert imported(f"{PACKAGE}.a")[1:] == [f"{PACKAGE}.b"]
        assert imported(f"{PACKAGE}.b")[1:] == [f"{PACKAGE}.a"]
        assert late_imports(f"{PACKAGE}.c") == [None]
        with pytest.raises(CycleError):
            test_no_import_cycle()
    finally:
        for function in of_texts:
            function.cache_clear()


@pytest.mark.parametrize(
    ("names", "allowed"),
    [
        ({"nlpsol", "qpsol", "conic", "Opti"}, {"planning.solver"}),
        ({"print", "pprint", "stdout", "stderr"}, {"display.cli"}),
    ],
)
def test_only_one_part_calls(names, allowed):
    assert {part_of(module) for module in sources() if calls(module) & names} <= allowed


def test_only_plotting_imports_matplotlib():
    users = {
        part_of(module)
        for module in sources()
        if any(name.split(".")[0] == "matplotlib" for name in imported(module))
    }
    assert users <= {"display.plotting"}


def test_only_exports_and_training_import_torch_and_jax():
    """Exports make optimizers of them, training measures and trains networks; inside functions."""
    users = {
        part_of(module)
        for module in sources()
        if any(name.split(".")[0] in {"torch", "jax", "optax"} for name in imported(module))
    }
    assert users == {"exports", "training"}


def test_results_and_claims_hold_no_casadi():
    users = {
        part_of(module)
        for module in sources()
        if any(name.split(".")[0] == "casadi" for name in imported(module))
    }
    assert not users & {
        "planning.solution",
        "planning.linear_quadratic",
        "reference",
        "identification.maps",
        "claims",
        "display.plotting",
        "display.report",
        "display.cli",
    }


@pytest.mark.parametrize("module", sources())
def test_files_stay_short(module):
    assert len(sources()[module].read_text(encoding="utf-8").splitlines()) <= 350


def test_functions_stay_short():
    lengths = [
        node.end_lineno - node.lineno + 1
        for module in sources()
        for node in nodes(module)
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
    optional = {"skfmm", "pandas", "torch", "jax", "optax"}
    assert not {"matplotlib", "tqdm", "multiprocessing.pool", *optional} & set(loaded)
