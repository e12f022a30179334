"""What runs are grouped by: every key in which they differ but the seeds, which are what is averaged over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from . import changes, tasks

if TYPE_CHECKING:
    from .results import Results

# Keys that are averaged over where they are the seed itself.
FOLLOWING = ("data_seed", "task.table_seed")
SEEDS = ("seed", "run.seed", *FOLLOWING, *("run." + name for name in FOLLOWING))
# Last words of a path that say nothing without the word before.
VAGUE = ("weight", "inputs", "kind", "every")


def flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A configuration as dotted path -> value; lists as text."""
    found = {}
    for key, value in config.items():
        if isinstance(value, dict):
            found.update(flat(value, prefix + key + "."))
        else:
            found[prefix + key] = text(value) if isinstance(value, list) else value
    return found


def is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value != value


def text(value: Any) -> str:
    """A value in a name: as many digits as tell it from any other."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return changes.words(value)
    if isinstance(value, list):
        return "[%s]" % ", ".join(text(part) for part in value)
    if is_missing(value):
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def columns(results: Results) -> dict[str, list[Any]]:
    """path -> one value a run, of everything that may tell settings apart: axes first, then what configurations hold."""
    found = {axis: results.runs[axis].tolist() for axis in results.axes}
    known = {axis[len("run."):] if axis.startswith("run.") else axis for axis in results.axes}
    rows = [flat(config) for config in results.configs]
    first = rows[0] if rows else {}
    for path in dict.fromkeys(path for row in rows for path in row if row[path] != first.get(path)
                              or len(row) != len(first)):
        if path not in known:
            found[path] = [row.get(path) for row in rows]
    seed = found.get("run.seed", found.get("seed", [None] * len(rows)))
    seeds = {name: found.pop(name) for name in list(found) if name in SEEDS}
    groups = _groups(found.values(), len(rows))
    for name, values in seeds.items():
        if name.removeprefix("run.") in FOLLOWING:
            found[name] = _own_seeds(values, seed, groups)
    return found


def _groups(values: Iterable[Any], count: int) -> list[tuple[str, ...]]:
    """One tuple a run, the same for runs with the same values."""
    listed = list(values)
    return [tuple(text(column[run]) for column in listed) for run in range(count)]


def _own_seeds(values: Iterable[Any], seeds: Iterable[Any], groups: list[tuple[str, ...]]) -> list[Any]:
    """A key that may follow the seed, of runs in which it is a choice; None where it follows. A value that runs of
    another seed in the same setting have as well is a choice."""
    chosen = {(group, value) for group, value, seed in zip(groups, values, seeds) if not is_missing(value) and value != seed}
    return [value if (group, value) in chosen else None for group, value in zip(groups, values)]


def telling(results: Results, lead: Sequence[Sequence[Any]] = (), under: str = "") -> dict[str, list[Any]]:
    """path -> values of the keys that tell settings apart: the label and axes, then whatever else it takes. A key that
    `lead` (lists of one value a run) and the keys before it decide is left out, and so is what is not `under` a path."""
    candidates = {"label": results.runs["label"].tolist()} if "label" in results.runs and not under else {}
    candidates.update({path: values for path, values in columns(results).items() if path.startswith(under)})
    groups = _groups(lead, len(results))
    found = {}
    for path, values in candidates.items():
        seen: dict[tuple[str, ...], str] = {}
        words = [text(value) for value in values]
        if any(seen.setdefault(group, word) != word for group, word in zip(groups, words)):
            found[path] = values
            groups = [group + (word,) for group, word in zip(groups, words)]
    return found


def short(paths: Iterable[str], others: Iterable[str] = ()) -> dict[str, str]:
    """path -> its end, as far as it takes to tell it from the other paths."""
    found, known = {}, list(dict.fromkeys([*paths, *others]))
    for path in paths:
        words = path.split(".")
        for k in range(1, len(words) + 1):
            end = ".".join(words[-k:])
            if end not in VAGUE and not any(other != path and ("." + other).endswith("." + end) for other in known):
                break
        found[path] = end
    return found


def names(results: Results, lead: Sequence[Sequence[Any]] = (), under: str = "", told: Sequence[Sequence[Any]] = ()) -> list[str]:
    """One name a run, different for runs whose settings differ: the parts of `lead`, the label, keys with values.
    What `told` tells of them is not said again."""
    keys = telling(results, [*lead, *told], under)
    ends = short([path for path in keys if path != "label"], results.axes)
    found = []
    for run in range(len(results)):
        parts = [part[run] for part in lead]
        parts += [(values[run] or "unlabelled") if path == "label" else "%s %s" % (ends[path], text(values[run]))
                  for path, values in keys.items()]
        found.append(", ".join(part for part in parts if part) or "all runs")
    return found


def task_names(results: Results) -> list[str]:
    """One name a run, different for runs of different tasks."""
    return names(results, [[tasks.describe(config) for config in results.configs]], "task.")
