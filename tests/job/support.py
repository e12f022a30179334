"""What the tests of the whole job share: sweeps, launching, processes of a job, comparison of results files."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from facts import STATE  # noqa: E402

SYMSWEEP = os.environ["SYMSWEEP_BINARY"]
MPIRUN = os.environ.get("SYMSWEEP_MPIRUN", "mpirun")  # of the MPI that the binary was built with
LONG = os.environ.get("SYMSWEEP_LONG") == "1"

# Where and how fast a run was trained: the only things that may differ.
PROVENANCE = {"/runs/host", "/runs/rank", "/runs/wall_seconds", "/runs/steps_per_second", "/runs/measure_share",
              "/runs/shared_with", "/runs/shared_steps"}

# Tests beside one another do not share the session folder of Open MPI 4: one that ends may remove it while another
# makes it, which then cannot start.
SESSIONS = tempfile.TemporaryDirectory(prefix="symsweep-mpi-")

ENVIRONMENT = dict(
    os.environ,
    OMPI_MCA_orte_tmpdir_base=SESSIONS.name,
    OMPI_ALLOW_RUN_AS_ROOT="1",
    OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
    OMPI_MCA_rmaps_base_oversubscribe="1",
    OMPI_MCA_hwloc_base_binding_policy="none",
    OMPI_MCA_pml="ob1",
    OMPI_MCA_btl="self,vader",
    OMPI_MCA_btl_vader_single_copy_mechanism="none",
    OMPI_MCA_orte_execute_quiet="1",
)


def sweep(steps=300, seeds=3, p=11, d_model=16, every=20, checkpoint=0, weights=(0, 0.5), **run):
    """A sweep of minute models that has something of everything in its file."""
    return {
        "name": "small",
        "run": dict({
            "task": {"kind": "modular", "operation": "add", "p": p},
            "train_fraction": 0.5,
            "model": {"kind": "transformer", "layers": 1, "d_model": d_model, "heads": 2, "d_mlp": 2 * d_model},
            "steps": steps,
            "evaluate": {"every": every, "snapshots": 4, "tuples": 200},
            "save": {"parameters": True, "embedding": True, "split": True},
            "checkpoint": {"every_seconds": checkpoint},
        }, **run),
        "grid": {"seed": {"range": [0, seeds]}, "symmetry.commutativity.weight": list(weights)},
    }


class Folder:
    """A fresh folder with a sweep in it."""

    def __init__(self, content):
        self.path = Path(tempfile.mkdtemp(prefix="symsweep-test-"))
        self.sweep = self.path / "sweep.json"
        self.sweep.write_text(content if isinstance(content, str) else json.dumps(content))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        shutil.rmtree(self.path, ignore_errors=True)

    def __truediv__(self, name):
        return self.path / name


def command(ranks, *arguments):
    """ranks = 0: no launcher."""
    launcher = [MPIRUN, "-n", str(ranks)] if ranks else []
    return launcher + [SYMSWEEP] + [str(argument) for argument in arguments]


# Seconds for a job that was told to end, and for one from its beginning; a program with sanitizers takes ten times as
# long.
PATIENCE, WHOLE_JOB = (900, 3600) if b"__asan_init" in Path(SYMSWEEP).read_bytes() else (120, 900)


def run(ranks, *arguments, timeout=WHOLE_JOB, **environment):
    """Runs a job to its end; a job that hangs fails the test."""
    process = start(ranks, *arguments, **environment)
    try:
        output, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        end(process)
        raise AssertionError("the job hangs: %s" % " ".join(process.args))
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


class Referenced(unittest.TestCase):
    """A sweep in a folder, and its results file from a job that nothing disturbed, which lasted `span` seconds."""
    content, ranks = None, 0

    @classmethod
    def setUpClass(cls):
        cls.folder = Folder(cls.content)
        cls.addClassCleanup(cls.folder.__exit__)
        cls.reference = cls.folder / "reference.h5"
        begun = time.monotonic()
        assert run(cls.ranks, "-o", cls.reference, cls.folder.sweep).returncode == 0
        cls.span = time.monotonic() - begun


def start(ranks, *arguments, **environment):
    return subprocess.Popen(command(ranks, *arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env=dict(ENVIRONMENT, **environment),
                            start_new_session=True)


def finish(process, timeout=PATIENCE):
    """Output of a job that was started and must end now."""
    try:
        output, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        end(process)
        raise AssertionError("the job does not end")
    return process.returncode, output + errors


def end(process):
    """Kills a job and all that belongs to it."""
    for pid in tree(process.pid):
        kill(pid, signal.SIGKILL)
    process.kill()
    process.communicate()


def kill(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


# ---- processes, from /proc ----

def stat_of(pid):
    """(parent, state), None when the process is gone."""
    try:
        fields = Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(fields[1]), fields[0]


def tree(root):
    """The process and its descendants, parents first."""
    children = {}
    for entry in os.listdir("/proc"):
        stat = stat_of(int(entry)) if entry.isdigit() else None
        if stat:
            children.setdefault(stat[0], []).append(int(entry))
    found = [root]
    for pid in found:
        found.extend(children.get(pid, []))
    return found


def arguments_of(pid):
    try:
        return Path("/proc/%d/cmdline" % pid).read_bytes().decode(errors="replace").split("\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []


def is_trainer(pid):
    return "--trainer" in arguments_of(pid)


def trainers(process):
    return [pid for pid in tree(process.pid) if is_trainer(pid) and alive(pid)]


def ranks_of(process):
    """Processes of symsweep that are no trainers, rank 0 first."""
    found = []
    for pid in tree(process.pid):
        arguments = arguments_of(pid)
        if arguments and arguments[0].endswith("symsweep") and not is_trainer(pid) and alive(pid):
            found.append((rank_of(pid), pid))
    return [pid for _, pid in sorted(found)]


def rank_of(pid):
    try:
        variables = Path("/proc/%d/environ" % pid).read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return -1
    for variable in variables:
        if variable.startswith((b"OMPI_COMM_WORLD_RANK=", b"PMI_RANK=")):
            return int(variable.split(b"=")[1])
    return 0


def alive(pid):
    stat = stat_of(pid)
    return stat is not None and stat[1] not in "ZX"


def cpu_seconds(pid):
    try:
        fields = Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def threads_of(pid):
    """CPU seconds of every thread of a process."""
    seconds = []
    for task in os.listdir("/proc/%d/task" % pid):
        fields = Path("/proc/%d/task/%s/stat" % (pid, task)).read_text().rsplit(")", 1)[1].split()
        seconds.append((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
    return seconds


def wait_for(condition, what, timeout=PATIENCE):
    """Polls until the condition holds and returns its value."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("waited in vain for %s" % what)


# ---- results ----

def leftovers(output):
    """What lies beside a results file (lock, checkpoints, unfinished builds), but for the status file, which stays."""
    return [path.name for path in output.parent.glob(output.name + "?*") if not path.name.endswith(".status.json")]


def written(path):
    """Evaluations acknowledged in a file that may be live, crashed or not there yet."""
    try:
        with h5py.File(path, "r", swmr=True) as file:
            return int(np.maximum(file["/runs/written"][()], 0).sum())
    except (OSError, KeyError):
        return 0


def running(path):
    """Is a run in training, as far as the file says?"""
    try:
        with h5py.File(path, "r", swmr=True) as file:
            return bool((file["/runs/status"][()] == STATE["running"]).any())
    except (OSError, KeyError):
        return False


def load(path):
    """Every dataset by path, rows in order of run id."""
    datasets = {}
    with h5py.File(path, "r") as file:
        ids = [text.decode() for text in file["/runs/id"][()]]
        order = np.argsort(ids)

        def visit(name, item):
            if not isinstance(item, h5py.Dataset):
                return
            value = item[()]
            if item.shape and item.shape[0] == len(ids) and item.attrs.get("CLASS") != b"DIMENSION_SCALE":
                value = value[order]
            datasets["/" + name] = value

        file.visititems(visit)
    return datasets


def same_bits(a, b):
    if isinstance(a, bytes) or a.dtype.kind == "O":
        return np.array_equal(a, b)
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def different_datasets(one, other):
    """Paths in which what load() gave of two files differs, provenance apart."""
    different = sorted(set(one) ^ set(other))
    return different + [path for path in sorted(set(one) & set(other))
                        if path not in PROVENANCE and not same_bits(one[path], other[path])]


def differences(a, b, besides=()):
    """Paths in which two files differ, provenance and `besides` apart."""
    return [path for path in different_datasets(load(a), load(b)) if path not in besides]


def check_same(a, b, besides=()):
    different = differences(a, b, besides)
    if different:
        raise AssertionError("%s and %s differ in %s" % (a, b, ", ".join(different[:10])))
    return len(load(a))
