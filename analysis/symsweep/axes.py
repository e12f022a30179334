"""Choosing runs by what they are: `.sel` on arrays of runs and on results, and the names by which a key is meant."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from xarray import Variable
from xarray.core.indexes import Index
from xarray.core.indexing import IndexSelResult

from . import settings

if TYPE_CHECKING:
    from .results import Results


def matches(values: Any, wanted: Any) -> np.ndarray:
    """Which values a label means: one equal to it, any of a list, or those of a slice, ends included."""
    listed = list(values)
    known = [not settings.is_missing(value) for value in listed]
    if isinstance(wanted, slice):
        def inside(value: Any) -> bool:
            return (wanted.start is None or value >= wanted.start) and (wanted.stop is None or value <= wanted.stop)
        return np.array([k and inside(value) for k, value in zip(known, listed)], dtype=bool)
    chosen = list(wanted) if isinstance(wanted, (list, tuple, set, np.ndarray)) else [wanted]
    return np.array([k and any(value == one for one in chosen) for k, value in zip(known, listed)], dtype=bool)


def none_matches(name: str, values: Iterable[Any], wanted: Any) -> KeyError:
    there = list(dict.fromkeys(settings.text(value) for value in values))
    return KeyError("no run has %s %s; there are: %s" % (name, wanted, ", ".join(there[:20]) + (", ..." if len(there) > 20 else "")))


class RunIndex(Index):
    """`run` and the coordinates along it as one index: `.sel` takes any of them, several at once. What is chosen keeps the
    dimension, but for a single run by its number. Two arrays are aligned by the numbers of their runs."""

    def __init__(self, values: Mapping[Hashable, np.ndarray]) -> None:
        self.values = dict(values)

    def _at(self, positions: Any) -> RunIndex:
        return RunIndex({name: values[positions] for name, values in self.values.items()})

    @classmethod
    def from_variables(cls, variables: Mapping[Any, Any], *, options: Mapping[str, Any] | None = None) -> RunIndex:
        return cls({name: variable.values for name, variable in variables.items()})

    def create_variables(self, variables: Mapping[Any, Variable] | None = None) -> dict[Any, Any]:
        return {name: Variable(("run",), values) for name, values in self.values.items()}

    def to_pandas_index(self) -> pd.Index:
        return pd.Index(self.values["run"], name="run")

    def isel(self, indexers: Mapping[Any, Any]) -> RunIndex | None:
        at = indexers.get("run", slice(None))
        at = getattr(at, "values", at)
        return None if np.ndim(at) == 0 and not isinstance(at, slice) else self._at(at)

    def sel(self, labels: dict[Any, Any], **options: Any) -> IndexSelResult:
        if any(option is not None for option in options.values()):
            raise ValueError("runs are chosen by exact values; a slice takes a range")
        mask = np.ones(len(self.values["run"]), dtype=bool)
        for name, wanted in labels.items():
            wanted = getattr(wanted, "values", wanted)
            found = matches(self.values[name], wanted)
            if not found.any():
                raise none_matches(str(name), self.values[name], wanted)
            mask &= found
        positions = np.nonzero(mask)[0]
        alone = np.ndim(labels.get("run", ())) == 0 and not isinstance(labels.get("run"), slice) and len(positions) == 1
        return IndexSelResult({"run": int(positions[0]) if alone else positions})

    def equals(self, other: Index) -> bool:
        return isinstance(other, RunIndex) and np.array_equal(self.values["run"], other.values["run"])

    def join(self, other: RunIndex, how: str = "inner") -> RunIndex:
        if how != "inner":
            raise ValueError("arrays of different runs: choose the runs that both have")
        return self._at(np.isin(self.values["run"], other.values["run"]))

    def reindex_like(self, other: RunIndex) -> dict[Hashable, Any]:
        return {"run": self.to_pandas_index().get_indexer(other.to_pandas_index())}

    @classmethod
    def concat(cls, indexes: Sequence[RunIndex], dim: Hashable, positions: Any = None) -> RunIndex:
        return cls({name: np.concatenate([index.values[name] for index in indexes]) for name in indexes[0].values})


def column(results: Results, name: str) -> tuple[str, list[Any]]:
    """(full name, a value a run) of what a name means: `setting`, a column of `runs`, any key of the configurations, by its
    dotted path or by the end of it where only one ends so."""
    if name == "setting":
        return name, list(results.settings)
    if name in results.runs:
        return name, results.runs[name].tolist()
    configs = [settings.flat(config) for config in results.configs]
    paths = dict.fromkeys(path for config in configs for path in config)
    found = [path for path in paths if path == name] or [path for path in paths if path.endswith("." + name)]
    varying = [path for path in found if len({settings.text(config.get(path)) for config in configs}) > 1]
    found = varying if len(varying) == 1 else found
    if len(found) != 1:
        raise KeyError("%s: %s" % (name, "it may be %s" % ", ".join(found) if found else "no column of runs and no key of the configurations"))
    return found[0], [config.get(found[0]) for config in configs]


def select(results: Results, wanted: Mapping[str, Any]) -> Results:
    """The runs that meet all of `wanted`, name -> value, list or slice."""
    mask = np.ones(len(results), dtype=bool)
    for name, value in wanted.items():
        full, values = column(results, name)
        found = matches(values, value)
        if not found.any():
            raise none_matches(full, values, value)
        mask &= found
    return results.select(mask)
