"""Tasks as the program builds them: dump_task run with a configuration, its JSON read back."""

import functools
import json
import os
import re
import subprocess
from pathlib import Path

HEADERS = Path(__file__).resolve().parents[2] / "include" / "symsweep"


def names(table):
    """Names in the order of their numbers, which is that of the rows, from a table of the sources."""
    return re.findall(r"^[A-Z]+\(\w+,(?: \d+,)? (\w+),", (HEADERS / table).read_text(), re.M)


KINDS, FAMILIES = names("tasks.def"), names("families.def")
OPERATIONS, GRAPHS, GROUPS = names("operations.def"), names("graphs.def"), names("groups.def")
CODES = {"kind": KINDS, "operation": OPERATIONS, "graph": GRAPHS, "group": GROUPS, "form": ["relation", "three_way"]}


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
