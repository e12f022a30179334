"""Tasks as the program builds them: dump_task run with a configuration, its JSON read back."""

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from facts import FAMILIES, GRAPHS, GROUPS, KINDS, OPERATIONS  # noqa: E402

CODES = {"kind": KINDS, "operation": OPERATIONS + ["expression"], "graph": GRAPHS, "group": GROUPS, "form": ["relation", "three_way"],
         "component": ["all", "largest"], "scramble": ["none", "cells", "isotope"]}


def dump(**options):
    """The task of a configuration, names in place of enum numbers, lists as lists."""
    words = []
    for key, value in options.items():
        if key in CODES and isinstance(value, str):
            value = CODES[key].index(value)
        elif isinstance(value, (list, tuple)):
            value = ",".join(str(v) for v in value)
        elif isinstance(value, bool):
            value = int(value)
        words.append(f"{key}={value}")
    return run(tuple(words))


@functools.lru_cache(maxsize=None)
def run(words):
    """A configuration is dumped once; what comes back is read only."""
    done = subprocess.run([os.environ["SYMSWEEP_DUMP_TASK"], *words], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def bits(*names):
    """Families as the bit set that dump_task takes."""
    return sum(1 << FAMILIES.index(name) for name in names)


def tuples_of(task, family):
    """Of a family that was dumped with its tuples: their inputs and class maps, as the reference lists them."""
    inputs, classes, maps = task["inputs"], task["classes"], family["maps"]
    return [tuple(inputs[i] for i in row[:-1]) +
            (None if row[-1] < 0 else tuple(maps[row[-1] * classes:(row[-1] + 1) * classes]),) for row in family["tuples"]]
