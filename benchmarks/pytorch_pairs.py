"""Training steps against PyTorch, on one thread each: pairs in turn, medians of their ratios.

`symsweep bench` and benchmarks/pytorch_peer.py run one after the other, some times a case. Both sides count processor
time and see the same environment (OPENBLAS_CORETYPE, if set).
"""

import json
import os
import statistics
import subprocess
from pathlib import Path

import pytorch_peer

TOP = Path(__file__).resolve().parents[1]
SECONDS = 1.5  # of a peer's measurement, after its warm-up
ENVIRONMENT = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")


def output(*command):
    return subprocess.run([str(word) for word in command], env=ENVIRONMENT, check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def ours(options, case):
    report = json.loads(output(options.build / "symsweep", "bench", "--json", "--only", case, "--seconds", 2 * SECONDS))
    return report, report["cases"][0]


def peer(options, case, form):
    line = output("/usr/bin/python3", TOP / "benchmarks" / "pytorch_peer.py", "--case", case, "--form", form, "--seconds",
                  SECONDS)
    return json.loads(line)["steps_per_second"]


def library_of_torch():
    """What PyTorch's BLAS calls end in: the file behind the alternative."""
    listing = subprocess.run(["update-alternatives", "--query", "libblas.so.3-x86_64-linux-gnu"], stdout=subprocess.PIPE,
                             text=True).stdout
    values = [line.split(":", 1)[1].strip() for line in listing.splitlines() if line.startswith("Value:")]
    return values[0] if values else "unknown"


def measure(options, case):
    forms = pytorch_peer.forms_of(case)
    rates, ratios, gemm = [], {form: [] for form in forms}, []
    for _ in range(options.pairs):
        report, result = ours(options, case)
        rates.append(result["steps_per_second"])
        gemm.append(result["ratio"])
        for form in forms:
            ratios[form].append(result["steps_per_second"] / peer(options, case, form))
    return report, statistics.median(rates), statistics.median(gemm), ratios


def table(options):
    lines, report = [], None
    for case in pytorch_peer.STEPS:
        report, rate, gemm, ratios = measure(options, case)
        cells = ["%.1f (%.1f to %.1f)" % (statistics.median(ratios[form]), min(ratios[form]), max(ratios[form]))
                 if form in ratios else "-" for form in ("eager", "last", "jit")]
        lines.append("| `%s` | %.0f | %s | %.2f |" % (case, rate, " | ".join(cells), gemm))
        print(lines[-1], flush=True)
    head = ["%s; OpenBLAS core %s for both, our kernels %s; PyTorch %s with %s; one thread each; medians (and range) of "
            "%d pairs." % (report["cpu"], report["blas_core"], report["isa"], pytorch_peer.torch.__version__,
                           library_of_torch(), options.pairs), "",
            "| case | our steps/s | x eager | x last position | x jit | step / three GEMMs by OpenBLAS |",
            "|---|---|---|---|---|---|"]
    return "\n".join(head + lines)
