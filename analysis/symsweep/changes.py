"""What `changes` make of runs: their entries as a table, and a configuration as it is after a step."""

import copy

import pandas as pd


def table(results):
    """DataFrame, a row for each value that a run's key gets: `run`, `at` (the step after which it has it), `key`,
    `before` and `value`; of `freeze` the lists of names. Empty where no run has changes."""
    rows = []
    for run, config in zip(results.runs.index, results.configs):
        for entry in config.get("changes", []):
            for key in sorted(set(entry) - {"at"}):
                rows.append((run, entry["at"], key, get(at(config, entry["at"] - 1), key), entry[key]))
    return pd.DataFrame(rows, columns=["run", "at", "key", "before", "value"])


def at(config, step):
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


def get(config, path):
    """The value at a dotted path, "" = the whole; None where the run has no such key."""
    for name in path.split(".") if path else []:
        config = config.get(name) if isinstance(config, dict) else None
    return config


def words(entries):
    """"after 500: optimizer.weight_decay 0; after 800: freeze token_embedding"."""
    def value(given):
        return " ".join(map(str, given)) or "nothing" if isinstance(given, list) else "%g" % given

    return "; ".join("after %d: %s" % (entry["at"], ", ".join("%s %s" % (key, value(entry[key]))
                                                               for key in sorted(set(entry) - {"at"}))) for entry in entries)
