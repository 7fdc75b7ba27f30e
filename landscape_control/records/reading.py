"""Opening files that others made: ordinary files only, of a size that can be held."""

import os
import stat
from typing import BinaryIO

from .limits import MOST_BYTES


def open_file(path: str | os.PathLike[str], most: int = MOST_BYTES) -> BinaryIO:
    """A file opened for reading bytes. Raises OSError for a folder, a device or a pipe, and for
    more than ``most`` bytes.
    """
    # without O_NONBLOCK opening a pipe would wait for a writer for ever
    descriptor = os.open(
        path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(
                f"{path} is a {'folder' if stat.S_ISDIR(found.st_mode) else 'device or a pipe'},"
                " not a file"
            )
        if found.st_size > most:
            raise OSError(f"{path} has {found.st_size} bytes, more than {most}")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_file(path: str | os.PathLike[str], most: int = MOST_BYTES) -> bytes:
    """The bytes of a file, see :func:`open_file`."""
    with open_file(path, most) as file:
        return file.read()
