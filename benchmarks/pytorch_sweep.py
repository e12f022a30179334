"""A whole sweep, start to end, against the same runs in PyTorch under GNU parallel.

Both train the twelve seeds of benchmarks/sweep.json with one layer, then with two. Ours is one job of a master and a
worker a core, with all measures and the results file. PyTorch's is a process a run, as many at a time as there are cores,
with test loss and accuracy at the same evaluations (benchmarks/pytorch_peer.py). Wall time, in turn; starting Python and
MPI is in it.
"""

import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
SWEEP = TOP / "benchmarks" / "sweep.json"
CASES = {1: "p59-wide", 2: "p59-wide-two-layers"}
FORMS = ("eager", "last")
CORES = 2
ENVIRONMENT = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")


def seconds(*command):
    begun = time.monotonic()
    subprocess.run([str(word) for word in command], env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begun


def ours(options, sweep, layers):
    sweep = {**sweep, "grid": {**sweep["grid"], "model.layers": [layers]}}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sweep.json")
        path.write_text(json.dumps(sweep))
        return seconds(TOP / "scripts" / "launch", CORES + 1, options.build / "symsweep", "--quiet", "-o", Path(folder, "out.h5"), path)


def peer(sweep, layers, form):
    run = sweep["run"]
    return seconds("parallel", "-j", CORES, "/usr/bin/python3", TOP / "benchmarks" / "pytorch_peer.py", "--case", CASES[layers], "--form", form,
                   "--steps", run["steps"], "--every", run["evaluate"]["every"], "--seed", "{}", ":::", *range(*sweep["grid"]["seed"]["range"]))


def shown(ratios):
    spread = " (%.1f to %.1f)" % (min(ratios), max(ratios)) if len(ratios) > 1 else ""
    return "%.1f%s" % (statistics.median(ratios), spread)


def rows(options):
    """A row for each number of layers, for measure.table."""
    sweep = json.loads(SWEEP.read_text())
    for layers in CASES:
        own, ratios = [], {form: [] for form in FORMS}
        for _ in range(options.pairs):
            own.append(ours(options, sweep, layers))
            for form in FORMS:
                ratios[form].append(peer(sweep, layers, form) / own[-1])
        yield [layers, "%.0f" % statistics.median(own), *(shown(found) for found in ratios.values())]
