"""save and load: whole files, written atomically, refused when they are damaged or not ours."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from os import SEEK_END
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

from ..model.problem import ControlProblem
from ..optimisation.program import PolicyProgram
from ..support.arguments import Path as PathName
from ..support.arguments import Whole, checked
from ..support.errors import ProblemError
from ..support.versions import package_version
from .checksum import is_sealed, seal, unseal
from .coded_texts import KIND, decode
from .groups import Group
from .hdf5 import read_groups
from .kinds import is_recorded
from .limits import Budget, most_bytes_of
from .netcdf import to_bytes
from .packing import pack, unpack
from .reading import open_file
from .tables import from_table, is_table, to_table
from .writing import write_atomically

if TYPE_CHECKING:
    import xarray

FORMAT = "landscape_control record"
VERSION = 1
Bytes = Annotated[int, Whole(low=1)]
_PACKAGES = ("python", "casadi", "numpy", "scipy", "xarray", "h5netcdf")
_END = 1024  # bytes, more than the seal
_PACKAGE = __package__.rpartition(".")[0]


@checked
def save(value: object, path: PathName) -> Path:
    """Write a problem, a result or a labelled data set to ``path`` as NetCDF; returns the path.

    The file appears complete or not at all: it is written beside ``path`` and moved there. A record
    that is already there, known by its seal, is replaced; any other file is left alone, a NetCDF
    file of another program too.

    Parameters
    ----------
    value : ControlProblem or PolicyProgram, any result, {name: result}, or xarray.Dataset
    path : str or path, customarily ending in .nc

    Raises
    ------
    ProblemError
        Another kind of value, a folder that is missing or cannot be written, a file at ``path``
        that is no record.
    """
    path = _checked_target(path)
    group = _group_of(value)
    group.attributes |= {f"record_{name}": said for name, said in _header().items()}
    group.separate()
    _write(group, path)
    return path


def _group_of(value: object) -> Group:
    if is_table(value):
        return to_table(cast("xarray.Dataset", value))
    if isinstance(value, ControlProblem | PolicyProgram):
        return pack({"value": value})
    if isinstance(value, Mapping) and _are_results(value):
        return pack(value)
    if isinstance(value, Mapping | tuple | list):
        raise ProblemError(
            "record",
            expected="one result, or a mapping from names (without '/') to several",
            received=f"a {type(value).__name__} of {_kinds_in(value)}",
            advice="save them one by one, or as {name: result}",
        )
    return pack(value)


def _are_results(members: Mapping) -> bool:
    """Whether a mapping is one from names to results, as ``nearest_rules`` returns it."""
    named = all(isinstance(name, str) and name and "/" not in name for name in members)
    return named and bool(members) and all(map(is_recorded, members.values()))


def _kinds_in(members: Mapping | tuple | list) -> str:
    parts = members.values() if isinstance(members, Mapping) else members
    return ", ".join(sorted({type(part).__name__ for part in parts})) or "nothing"


@checked
def load(path: PathName, *, most_bytes: Bytes | None = None) -> Any:
    """The object that :func:`save` wrote to a file, working as before; for the folder of a sweep,
    its data set.

    The seal at the file's end is checked before anything is read. Reading runs no code from the
    file, solves nothing, opens no other file, and refuses whatever breaks the rules that results
    obey.

    Parameters
    ----------
    path : str or path
    most_bytes : int, what the arrays and texts in the file, or the cells of the sweep, may take in
        memory, in bytes; by default 64 MB, or twenty times the size of the file if that is more

    Raises
    ------
    ProblemError
        No path; nothing to read there; a file of another program or of a later version; a damaged
        file, or one that no ``save`` wrote. The message names the file and the place in it.
    """
    path = _as_path(path)
    if path.is_dir():
        return import_module(f"{_PACKAGE}.sweeps").load_store(path, most_bytes=most_bytes)
    data = unseal(_bytes(path), str(path))
    try:
        return _unpacked(data, most_bytes)
    except ProblemError as error:
        raise _refusal(path, error.expected, error.received, error.advice, error.what) from error
    # a file can be wrong in a way that nobody thought of: it is still the file that is wrong
    except Exception as error:
        raise _refusal(
            path,
            "a complete record",
            f"{type(error).__name__}: {error}",
            "the file is damaged, or a later version of landscape_control wrote it: upgrade",
        ) from error


def _unpacked(data: bytes, most_bytes: int | None) -> Any:
    """What the bytes of a file hold."""
    budget = Budget(most_bytes_of(len(data)) if most_bytes is None else most_bytes)
    group = read_groups(data, budget)
    _check_version(group.attributes)
    for name in _header():
        group.attributes.pop(f"record_{name}", None)
    if group.attributes.get("record_kind", KIND) == KIND:
        if group.attributes.pop("record_kind", None) is not None:
            decode(group, budget)
        return from_table(group)
    result = unpack(group, budget)
    if isinstance(result, dict) and result.keys() == {"value"}:
        result = result["value"]
    if isinstance(result, ControlProblem | PolicyProgram) or is_recorded(result):
        return result
    if isinstance(result, dict) and _are_results(result):
        return result
    raise ProblemError(
        "top group",
        expected="one result or one problem",
        received="several things, or none of these",
        advice="save results one by one",
    )


def _check_version(attributes: dict[str, Any]) -> None:
    written = attributes.get("record_format_version")
    library = attributes.get("record_library", "another program")
    known = isinstance(written, int) and 1 <= written <= VERSION
    if attributes.get("record_format") != FORMAT or not known:
        raise ProblemError(
            "top group",
            expected=f"a {FORMAT} of version {VERSION} or earlier",
            received=f"version {written!r:.40}",
            advice=f"upgrade: {library!s:.60} wrote it",
        )


def _header() -> dict[str, str | int]:
    """What is said of every file's making."""
    versions = {name: package_version(name) for name in _PACKAGES}
    return {
        "format": FORMAT,
        "format_version": VERSION,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "library": f"landscape_control {import_module(_PACKAGE).__version__}",
        "versions": json.dumps(versions, sort_keys=True),
    }


def _as_path(path: Any) -> Path:
    try:
        return Path(path)
    except TypeError:
        raise ProblemError(
            "path", expected="a path", received=repr(path), advice="pass text, as in 'run.nc'"
        ) from None


def _checked_target(path: object) -> Path:
    path = _as_path(path)
    if path.is_dir():
        raise _refusal(path, "a path for one file", "a folder", "add a name, as in 'run.nc'")
    if not path.parent.is_dir():
        raise _refusal(
            path, "an existing folder", f"{path.parent}, which does not exist", "make it first"
        )
    if path.exists() and not is_sealed(_bytes(path, ends_only=True)):
        raise _refusal(
            path,
            "a new file or an earlier record",
            "a file without the seal of one: of another kind, of another program, or cut off",
            "choose another name, or remove the file if nobody needs it",
        )
    return path


def _write(group: Group, path: Path) -> None:
    data = seal(to_bytes(group))
    try:
        write_atomically(path, data)
    except OSError as error:
        raise _refusal(
            path,
            "a folder that can be written, with room for the file",
            str(error),
            "free some space, check the permissions, or choose another folder",
        ) from error


def _bytes(path: Path, *, ends_only: bool = False) -> bytes:
    """What stands in a file, or its two ends: large ones need not be read to see whose they are."""
    try:
        with open_file(path) as file:
            if not ends_only:
                return file.read()
            head = file.read(_END)
            file.seek(max(len(head), file.seek(0, SEEK_END) - _END))
            return head + file.read()
    except OSError as error:
        raise _refusal(
            path, "a file that can be read", str(error), "check the name and the permissions"
        ) from error


def _refusal(
    path: Path, expected: str, received: str, advice: str, place: str = ""
) -> ProblemError:
    what = f"record {str(path)!r}"
    if place:
        what += f", {place}"
    return ProblemError(what, expected=expected, received=received, advice=advice)
