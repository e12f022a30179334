"""What the Python tests of the results file share: the program, the fixture writer, fresh folders."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from facts import STATES  # noqa: E402

BINARY = pathlib.Path(os.environ["SYMSWEEP_BINARY"])
WRITER = BINARY.parent / "tests" / "test_store_writer"
ROOT = pathlib.Path(__file__).resolve().parents[2]
LONG = os.environ.get("SYMSWEEP_LONG") == "1"


def states(file):
    """The state of every run by its name."""
    return [STATES[code] for code in file["runs/status"][:]]


class Folder:
    """A fresh folder that is removed at the end."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="symsweep-"))
        return self.path

    def __exit__(self, *error):
        shutil.rmtree(self.path)


def make_file(path, runs, evaluations):
    """A file with every dataset there is; run 3 has failed."""
    subprocess.run([WRITER, "--make", path, str(runs), str(evaluations)], check=True)


def datasets(file):
    """Paths of all datasets of an open h5py file, with a leading slash, but the scales at the root."""
    import h5py

    found = []
    file.visititems(lambda name, item: found.append("/" + name) if isinstance(item, h5py.Dataset) and "/" in name else None)
    return found
