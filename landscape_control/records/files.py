"""save and load: whole files, written atomically, refused when they are damaged or not ours."""

import json
import os
import platform
import uuid
from datetime import UTC, datetime
from importlib import import_module, metadata
from pathlib import Path

from ..errors import ProblemError
from ..policies import PolicyProgram
from ..problem import ControlProblem
from .groups import Group, encoding, from_datatree, to_datatree
from .packing import pack, unpack
from .tables import from_table, is_table, to_table

FORMAT = "landscape_control record"
VERSION = 1
_PACKAGE = __package__.rpartition(".")[0]
_HDF5 = b"\x89HDF\r\n\x1a\n"
_AGAIN = "save the result again, or copy the file again from where it came"


def save(value, path) -> Path:
    """Write a problem, a solution, a policy or a labelled data set to ``path`` as NetCDF; returns the path.

    The file appears complete or not at all: it is written beside ``path`` and moved there. A record that is already there is
    replaced; any other file is left alone.

    Parameters
    ----------
    value : ControlProblem, PolicyProgram, Solution, Plan, BeliefSolution, Policy, PolicyResult or xarray.Dataset
    path : str or path, customarily ending in .nc

    Raises
    ------
    ProblemError
        Another kind of value, a folder that is missing or cannot be written, a file at ``path`` that is no record.
    """
    path = _checked_target(path)
    if is_table(value):
        group = to_table(value)
    else:
        group = pack({"value": value} if isinstance(value, ControlProblem | PolicyProgram) else value)
    group.attributes |= _header()
    group.separate()
    group.attributes["digest"] = group.digest()
    _write(group, path)
    return path


def load(path):
    """The object that :func:`save` wrote to a file, working as before; for the folder of a sweep, its data set.

    Everything is checked against the digest in the file first; reading runs no code from it.

    Raises
    ------
    ProblemError
        Nothing at ``path``; a file of another program or of a later version; a damaged file.
    """
    path = Path(path)
    if path.is_dir():
        return import_module(f"{_PACKAGE}.sweep").load_store(path)  # a room that comes after this one
    group = _read(path)
    for name in ("digest", *_header()):
        group.attributes.pop(name)
    try:
        if group.attributes.get("record_kind") is None:
            return from_table(group)
        found = unpack(group)
    except (LookupError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise _refusal(path, "a complete record", f"{type(error).__name__}: {error}",
                       "a later version of landscape_control may have written it: upgrade") from error
    return found["value"] if isinstance(found, dict) else found


def _header():
    """What is said of every file's making."""
    versions = {name: metadata.version(name) for name in ("casadi", "numpy", "scipy", "xarray", "h5netcdf")}
    return {"format": FORMAT, "format_version": VERSION, "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "library": f"landscape_control {import_module(_PACKAGE).__version__}",
            "versions": json.dumps({"python": platform.python_version(), **versions}, sort_keys=True)}


def _checked_target(path) -> Path:
    try:
        path = Path(path)
    except TypeError:
        raise ProblemError("path", expected="a path", received=repr(path), advice="pass text, as in 'run.nc'") from None
    if path.is_dir():
        raise _refusal(path, "a path for one file", "a folder", "add a name, as in 'run.nc'")
    if not path.parent.is_dir():
        raise _refusal(path, "an existing folder", f"{path.parent}, which does not exist", "make it first")
    if path.exists() and not _is_hdf5(path):
        raise _refusal(path, "a new file or an earlier record", "a file of another kind", "choose another name")
    return path


def _is_hdf5(path):
    with open(path, "rb") as file:
        return file.read(len(_HDF5)) == _HDF5


def _write(group, path):
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        to_datatree(group).to_netcdf(beside, engine="h5netcdf", encoding=encoding(group))
        with open(beside, "rb") as file:
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        raise _refusal(path, "a folder that can be written, with room for the file", str(error),
                       "free some space, check the permissions, or choose another folder") from error
    finally:
        beside.unlink(missing_ok=True)


def _read(path) -> Group:
    if not path.exists():
        raise _refusal(path, "a record", "nothing there", "check the name")
    if not _is_hdf5(path):
        raise _refusal(path, "a NetCDF file", "a file of another kind, or one cut off at its beginning", _AGAIN)
    import xarray

    try:
        with xarray.open_datatree(path, engine="h5netcdf", decode_times=False, mask_and_scale=False) as tree:
            group = from_datatree(tree.load())
    except Exception as error:  # the HDF5 library has many ways to say that a file is damaged
        raise _refusal(path, "an undamaged file", f"{type(error).__name__}: {error}", _AGAIN) from error
    _check(path, group)
    return group


def _check(path, group):
    attributes = group.attributes
    if attributes.get("format") != FORMAT:
        raise _refusal(path, f"a {FORMAT}", f"format {attributes.get('format')!r}",
                       "another program wrote this file: open it with xarray.open_dataset")
    if attributes.get("format_version") not in range(1, VERSION + 1):
        raise _refusal(path, f"format version {VERSION} or earlier", f"version {attributes.get('format_version')}",
                       f"upgrade: {attributes.get('library')} wrote it")
    stored = attributes.pop("digest", None)
    if group.digest() != stored:
        raise _refusal(path, "contents that match their digest", "other contents", _AGAIN)
    attributes["digest"] = stored


def _refusal(path, expected, received, advice):
    return ProblemError(f"record {str(path)!r}", expected=expected, received=received, advice=advice)
