"""Files that the tools write: what is written destroys nothing that was read."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable

from .hdf5 import ResultsError

_HDF5 = b"\x89HDF\r\n\x1a\n"


def _refusal(path: str, info: os.stat_result, inputs: Iterable[str]) -> str | None:
    for name in inputs:
        if os.path.exists(name) and os.path.samestat(info, os.stat(name)):
            return "is the results file %s itself" % name
    if not stat.S_ISREG(info.st_mode):
        return "is not a regular file"
    with open(path, "rb") as file:
        return "is an HDF5 file, which is never replaced" if file.read(len(_HDF5)) == _HDF5 else None


def write(path: str, data: bytes | str, inputs: Iterable[str] = ()) -> None:
    """Puts `data` (bytes or text) under its name when it is complete, in place of a file that is there; a link is followed. Never
    over one of `inputs` under whatever name, nor over another HDF5 file. A device or FIFO is written to as it stands."""
    data = data.encode("utf-8") if isinstance(data, str) else data
    if os.path.exists(path):
        info = os.stat(path)
        if stat.S_ISFIFO(info.st_mode) or stat.S_ISCHR(info.st_mode):
            with open(path, "wb") as file:
                file.write(data)
            return
        refusal = _refusal(path, info, inputs)
        if refusal:
            raise ResultsError("%s %s; give another output" % (path, refusal))
    place = os.path.realpath(path)
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(place), prefix=".symsweep-", suffix=".new")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, place)
    except BaseException:
        os.unlink(temporary)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
