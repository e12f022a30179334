"""Results as pandas frames: every evaluation a row, and onsets by group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from . import axes, statistics

if TYPE_CHECKING:
    from .results import Results


def about(results: Results) -> dict[str, list[Any]]:
    """What tells runs apart, a column each: label, seed, task, the axes, the setting in words."""
    names = [name for name in ("label", "task", "seed") if name in results.runs]
    names += [axis for axis in results.axes if axis not in ("run.seed", *names)]
    return {**{name: results.runs[name].tolist() for name in names}, "setting": list(results.settings)}


def tidy(results: Results, curves: Sequence[str] | None = None, carry: bool = False, all: bool = False) -> pd.DataFrame:
    """One row an evaluation of each run that counts (Results.counted): run, label, task, seed, the axes, setting, status, step,
    then a column for each of the `curves` (all of them).

    `carry`: a run that `stop` ended goes on at its last values, to the steps of the longest run, in rows with `carried`
    true. Without it a mean over runs at a late step is one over those that have not got there."""
    counted = results.counted(all)
    data = counted.read_curves(None if curves is None else [*curves, "step"])
    names = [str(name) for name in data.data_vars] if curves is None else list(curves)
    step = data["step"].values if "step" in data.coords else np.full((len(counted), 0), -1)
    row, evaluation = np.nonzero(step >= 0)
    carried = np.zeros(len(row), dtype=bool)
    steps = step[row, evaluation]
    if carry and len(row):
        row, evaluation, steps, carried = _carried(counted, step, row, evaluation, steps)
    known = {**about(counted), "status": counted.runs["status"].tolist()}
    frame = {"run": counted.runs.index.to_numpy()[row]}
    frame.update((name, pd.Series(values).to_numpy()[row]) for name, values in known.items())
    frame["step"] = steps
    frame.update((name, data[name].values[row, evaluation]) for name in names if data[name].dims == ("run", "evaluation"))
    if carry:
        frame["carried"] = carried
    return pd.DataFrame(frame)


def _carried(results: Results, step: np.ndarray, row: np.ndarray, evaluation: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, ...]:
    """The same with rows behind the end of runs that `stop` ended."""
    grid, flags = np.unique(steps), results.runs.get("stopped_early")
    parts = [(row, evaluation, steps, np.zeros(len(row), dtype=bool))]
    for run in range(len(results)):
        if flags is None or not statistics.is_one(flags.iloc[run]) or not (step[run] >= 0).any():
            continue
        last = int(np.nonzero(step[run] >= 0)[0][-1])
        later = grid[grid > step[run, last]]
        parts.append((np.full(len(later), run), np.full(len(later), last), later, np.ones(len(later), dtype=bool)))
    found = tuple(np.concatenate(column) for column in zip(*parts))
    order = np.lexsort((found[2], found[0]))
    return tuple(column[order] for column in found)


def onsets(results: Results, onset: str = "t_gen", by: str | Sequence[str] | None = None, all: bool = False) -> pd.DataFrame:
    """When runs reach an onset, one row a group: `runs` that ended, how many `reached` it, the Kaplan-Meier `median` step with its
    bootstrap interval `lower`, `upper` (statistics.bootstrap_median). A run that ended without it is censored, not left out:
    a median that is not reached is infinite. `settings` says how many settings a group pools.

    `by`: a column of `runs` or a key of the configurations, by its path or the end of it, or several; None: the setting, that
    is everything in which runs differ but the seed."""
    counted = results.counted(all)
    names = ["setting"] if by is None else [by] if isinstance(by, str) else list(by)
    columns = dict(axes.column(counted, name) for name in names)
    runs, time, observed = statistics.onset_times(counted, onset, all=True)
    frame = pd.DataFrame({name: pd.Series(values, index=counted.runs.index, dtype=object) for name, values in columns.items()})
    groups = list(frame.itertuples(index=False, name=None))
    place = {number: k for k, number in enumerate(counted.runs.index)}
    setting, rows = list(counted.settings), []
    for group in dict.fromkeys(groups):
        mine = np.array([groups[place[run]] == group for run in runs], dtype=bool)
        median = statistics.bootstrap_median(time[mine], observed[mine])
        pooled = {setting[place[run]] for run in runs[mine]}
        rows.append([*group, int(mine.sum()), int(observed[mine].sum()), median.estimate, median.lower, median.upper, len(pooled)])
    found = pd.DataFrame(rows, columns=[*columns, "runs", "reached", "median", "lower", "upper", "settings"])
    found = found.sort_values(list(columns), kind="stable") if by is not None and _is_ordered(frame) else found
    return found.set_index(list(columns))


def _is_ordered(frame: pd.DataFrame) -> bool:
    return all(isinstance(value, (int, float, np.number)) and value == value for column in frame for value in frame[column])
