"""Files that appear complete or not at all."""

import os
import uuid
from contextlib import suppress
from pathlib import Path

PART = ".part"  # how the name of a file ends that is still being written


def write_atomically(path: Path, data: bytes) -> None:
    """Write beside ``path``, make sure that it is on the disk, and move it there; on OSError
    nothing is left behind.
    """
    path = Path(path)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}{PART}")
    try:
        with open(beside, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
