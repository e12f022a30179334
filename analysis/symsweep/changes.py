"""What `changes` make of runs: their entries as a table, and a configuration as it is after a step."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from .results import Results


def table(results: Results) -> pd.DataFrame:
    """DataFrame, a row for each value that a run's key gets: `run`, `at` (the step after which it has it), `key`,
    `before` and `value`; of `freeze` the lists of names. Empty where no run has changes."""
    rows = []
    for run, config in zip(results.runs.index, results.configs):
        for entry in config.get("changes", []):
            for key in sorted(set(entry) - {"at"}):
                rows.append((run, entry["at"], key, get(at(config, entry["at"] - 1), key), entry[key]))
    return pd.DataFrame(rows, columns=["run", "at", "key", "before", "value"])


def at(config: dict[str, Any], step: int) -> dict[str, Any]:
    """The configuration as it is after `step`, with a list `freeze` of the tensors that are frozen then; what `steps`
    beyond train with."""
    found = copy.deepcopy(config)
    found["freeze"] = []
    for entry in config.get("changes", []):
        for key, value in entry.items():
            if key != "at" and entry["at"] <= step:
                *groups, name = key.split(".")
                place = get(found, ".".join(groups))
                if isinstance(place, dict):
                    place[name] = copy.deepcopy(value)
    return found


def branches(results: Results, columns: Sequence[str]) -> pd.DataFrame:
    """Results.branches."""
    places = {place: run for place, run in zip(results._places, results.runs.index)}
    configs = dict(zip(results.runs.index, results.configs))
    rows = []
    for place, run in zip(results._places, results.runs.index):
        shared = results.runs["shared_with"].get(run) if "shared_with" in results.runs else pd.NA
        trunk = None if pd.isna(shared) else places.get((place[0], int(shared)))
        if trunk is None:
            continue
        one, other = results.runs.loc[run], results.runs.loc[trunk]
        row = {"run": run, "trunk": trunk, "label": one["label"], "trunk_label": other["label"], "seed": one["seed"],
               "steps": one["shared_steps"], "changed": difference(configs[run], configs[trunk])}
        for name in columns:
            missing = name not in one or pd.isna(one[name]) or pd.isna(other[name])
            row[name] = pd.NA if missing else one[name] - other[name]
        rows.append(row)
    return pd.DataFrame(rows, columns=["run", "trunk", "label", "trunk_label", "seed", "steps", "changed", *columns])


def difference(one: dict[str, Any], other: dict[str, Any]) -> str:
    """In words, how two configurations that begin alike part: changes of the one, what else it has of its own."""
    parts = [words([entry for entry in one.get("changes", []) if entry not in other.get("changes", [])])]
    for path in ("steps", *sorted(_windows(one))):
        if get(one, path) != get(other, path):
            parts.append("%s %s" % (path, get(one, path)))
    return "; ".join(part for part in parts if part)


def _windows(config: dict[str, Any]) -> list[str]:
    return ["%s.%s.%s" % (group, name, key) for group in ("symmetry", "geometry") for name in config.get(group, {})
            for key in ("from_step", "until_step")]


def get(config: Any, path: str) -> Any:
    """The value at a dotted path, "" = the whole; None where the run has no such key."""
    for name in path.split(".") if path else []:
        config = config.get(name) if isinstance(config, dict) else None
    return config


def words(entries: list[dict[str, Any]]) -> str:
    """"after 500: optimizer.weight_decay 0; after 800: freeze token_embedding"."""
    def value(given: Any) -> str:
        return " ".join(map(str, given)) or "nothing" if isinstance(given, list) else "%g" % given

    return "; ".join("after %d: %s" % (entry["at"], ", ".join("%s %s" % (key, value(entry[key]))
                                                               for key in sorted(set(entry) - {"at"}))) for entry in entries)
