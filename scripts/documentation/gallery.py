"""Pages of the gallery: every claim with its picture, statement, problem and file, by theme."""

import ast
import inspect
import pkgutil
from functools import cache
from importlib import import_module
from itertools import groupby
from pathlib import Path
from types import ModuleType

from landscape_control import problems
from landscape_control.claims import Claim, all_claims

IMPORTS = (ast.Import, ast.ImportFrom)


def write_gallery(folder: Path, figures: Path) -> None:
    """index.md, figures.md (by figure of the paper), a page for each claim, and the pictures.

    ``figures`` holds NAME.png of ``make reproduce``; a claim without picture there has none here.
    """
    (folder / "pictures").mkdir(parents=True)
    claims = sorted(all_claims(), key=lambda claim: (claim.theme_order, claim.name))
    pictured = {
        claim.name for claim in claims if _copy_picture(claim, figures, folder / "pictures")
    }
    for claim in claims:
        (folder / f"{claim.name}.md").write_text(_page(claim, pictured), encoding="utf-8")
    themes = [list(part) for _, part in groupby(claims, key=lambda claim: claim.theme_order)]
    for number, part in enumerate(themes):
        page = f"# {_heading(part)}\n\n{_cards(part, pictured)}\n{_tree([c.name for c in part])}"
        (folder / f"theme-{number}.md").write_text(page, encoding="utf-8")
    (folder / "index.md").write_text(_index(themes, pictured), encoding="utf-8")
    (folder / "figures.md").write_text(_by_figure(claims), encoding="utf-8")


def _copy_picture(claim: Claim, figures: Path, folder: Path) -> bool:
    from landscape_control.display.plotting.saving import compact

    source = figures / f"{claim.name}.png"
    if claim.picture is None or not source.is_file():
        return False
    (folder / f"{claim.name}.webp").write_bytes(compact(source))
    return True


def _index(themes: list[list[Claim]], pictured: set[str]) -> str:
    parts = [
        "# Gallery\n",
        "Every claim of the project: a statement of the theory, the problem it is about, and the"
        " numbers it is held against. `make reproduce` evaluates and draws all of them."
        " [By figure of the paper](figures.md).\n",
    ]
    for part in themes:
        parts += [f"## {_heading(part)}\n", _cards(part, pictured)]
    parts.append(_tree([*(f"theme-{number}" for number in range(len(themes))), "figures"]))
    return "\n".join(parts)


def _heading(claims: list[Claim]) -> str:
    """The theme that these claims share."""
    theme = claims[0].theme_order[1]
    return theme[0].upper() + theme[1:]


def _tree(pages: list[str]) -> str:
    names = "\n".join(pages)
    return f"```{{toctree}}\n:hidden:\n\n{names}\n```\n"


def _cards(claims: list[Claim], pictured: set[str]) -> str:
    """A grid of cards with the pictures."""
    cards = []
    for claim in claims:
        image = f":img-top: pictures/{claim.name}.webp\n" if claim.name in pictured else ""
        alt = f":img-alt: {plain(claim.title)}\n" if image else ""
        head = f":::{{grid-item-card}} {plain(claim.title)}\n:link: {claim.name}\n:link-type: doc\n"
        cards.append(f"{head}{image}{alt}{claim.figure or ''}\n:::\n")
    return f"::::{{grid}} 1 2 2 3\n:gutter: 3\n\n{''.join(cards)}::::\n"


def _by_figure(claims: list[Claim]) -> str:
    rows = sorted((claim.figure, claim) for claim in claims if claim.figure is not None)
    lines = [f"| {figure} | [{plain(claim.title)}]({claim.name}.md) |" for figure, claim in rows]
    return "\n".join(["# By figure of the paper\n", "| figure | claim |", "|---|---|", *lines, ""])


def _page(claim: Claim, pictured: set[str]) -> str:
    module = homes()[claim.name]
    file = Path(module.__file__)
    parts = [f"# {plain(claim.title)}\n"]
    if claim.name in pictured:
        parts.append(f"![{plain(claim.title)}](pictures/{claim.name}.webp)\n")
    parts += [plain(claim.statement) + "\n", f"Source: {plain(claim.source)}\n"]
    parts += ["## The problem in code\n", f"```python\n{setting(module)}\n```\n"]
    parts += ["## Problem, formula, relation and tolerance\n"]
    parts += [f"```text\n{inspect.getdoc(module)}\n```\n"]
    parts += [
        "## Check and draw it\n",
        f"```sh\nlandscape-control reproduce --only {claim.name}\n```\n",
        f"File: `problems/{file.name}`\n",
    ]
    return "\n".join(parts)


@cache
def homes() -> dict[str, ModuleType]:
    """The module in problems/ of each claim."""
    found = {}
    for entry in pkgutil.iter_modules(problems.__path__):
        if entry.ispkg or entry.name.startswith("_"):
            continue
        module = import_module(f"{problems.__name__}.{entry.name}")
        for claim in getattr(module, "CLAIMS", None) or (module.CLAIM,):
            found[claim.name] = module
    return found


def setting(module: ModuleType) -> str:
    """The function ``problem`` of a claim's file, after whatever of its file it needs."""
    home = inspect.getmodule(module.problem)
    text = inspect.getsource(home)
    statements = [node for node in ast.parse(text).body if defined(node)]
    wanted, taken = {"problem"}, set()
    while True:
        more = {node for node in statements if node not in taken and defined(node) & wanted}
        if not more:
            break
        taken |= more
        wanted |= {
            each.id for node in more for each in ast.walk(node) if isinstance(each, ast.Name)
        }
    ordered = [node for node in statements if node in taken]
    imports = [_absolute(node, home) for node in ordered if isinstance(node, IMPORTS)]
    rest = [ast.get_source_segment(text, node) for node in ordered if not isinstance(node, IMPORTS)]
    return "\n\n".join(["\n".join(imports), *rest])


def defined(node: ast.stmt) -> set[str]:
    """The names that a statement of a module gives a meaning to."""
    if isinstance(node, IMPORTS):
        return {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        parts = [part for target in targets for part in ast.walk(target)]
        return {part.id for part in parts if isinstance(part, ast.Name)}
    return set()


def _absolute(node: ast.Import | ast.ImportFrom, home: ModuleType) -> str:
    """An import as a reader can write it."""
    if isinstance(node, ast.ImportFrom) and node.level:
        package = home.__name__.split(".")[: -node.level]
        module = ".".join([*package, *([node.module] if node.module else [])])
        node = ast.ImportFrom(module=module, names=node.names, level=0)
    return ast.unparse(node)


def plain(text: str) -> str:
    """Text whose signs Markdown would read as markup."""
    for sign in "\\*_`|[]<>$":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", " ")
