"""Every evaluation of every run as a point: violation of a symmetry against test accuracy. Does a threshold tell solved
states from unsolved ones, and which symmetry does so best?"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from . import facts, settings, statistics

if TYPE_CHECKING:
    from .results import Results

LEVELS = (0.99, 1.0)


@dataclasses.dataclass(frozen=True)
class States:
    """One entry a state, in the order of runs and evaluations.

    position  of the run in the results
    value, accuracy  violation and test accuracy
    memorized  the run had reached phase.accuracy on its train set by then
    prompted  the symmetry is in the run's objective: that it is small there is no finding"""

    position: np.ndarray
    step: np.ndarray
    value: np.ndarray
    accuracy: np.ndarray
    seed: np.ndarray
    memorized: np.ndarray
    prompted: np.ndarray

    def __len__(self) -> int:
        return len(self.position)

    def solved(self, level: float) -> np.ndarray:
        return self.accuracy >= np.float32(level)

    def select(self, mask: Any) -> States:
        return States(**{field.name: getattr(self, field.name)[mask] for field in dataclasses.fields(self)})

    def separate(self, level: float, memorized: bool = False) -> statistics.ThresholdTest:
        """The threshold that tells states with test accuracy `level` or more from others, calibrated on half of the
        seeds, and its error on the other half (statistics.separate_states). `memorized`: of states after memorization
        alone; before it a model that gives one answer to all violates nothing."""
        chosen = self.select(~self.prompted & (self.memorized | (not memorized)))
        return statistics.separate_states(chosen.value, chosen.solved(level), chosen.seed)


def of(results: Results, family: str, part: str = "max", positions: Any = None) -> States:
    """States of the runs at `positions` (all), those of one run in order; `part` is "max" or "mean". Evaluations
    without a violation or a test accuracy are none."""
    positions = np.arange(len(results)) if positions is None else np.asarray(positions, dtype=int)
    name = "%s_%s" % (family, part)
    if len(positions) == 0 or any(needed not in results.curves for needed in (name, "step", "test_accuracy")):
        return States(*[np.array([], dtype=t) for t in (int, int, float, np.float32, int, bool, bool)])
    step = results.curves["step"].values[positions]
    value = results.curves[name].values[positions]
    accuracy = results.curves["test_accuracy"].values[positions]
    runs = results.runs.iloc[positions]
    t_mem = [math.inf if statistics.is_missing(t) else t for t in runs["t_mem"]] if "t_mem" in runs else [0] * len(runs)
    column = "%s.prompted" % family
    prompted = [statistics.is_one(x) for x in runs[column]] if column in runs else [False] * len(runs)
    row, evaluation = np.nonzero((step >= 0) & np.isfinite(value) & np.isfinite(accuracy))
    at = (row, evaluation)
    return States(positions[row], step[at], value[at].astype(float), accuracy[at].astype(np.float32),
                  runs["seed"].fillna(0).to_numpy(dtype=int)[row], step[at] >= np.array(t_mem)[row],
                  np.array(prompted, dtype=bool)[row])


def auc(value: Any, solved: Any) -> float:
    """Probability that a solved state violates less than an unsolved one, equal ones counted half: the area under the
    curve of hits against false alarms. 1 = some threshold separates, 0.5 = it tells nothing; NaN for one kind only."""
    solved = np.asarray(solved, dtype=bool)
    yes, no = int(solved.sum()), int((~solved).sum())
    if yes == 0 or no == 0:
        return math.nan
    ranks = stats.rankdata(-np.asarray(value, dtype=float))
    return float((ranks[solved].sum() - yes * (yes + 1) / 2) / (yes * no))


def families(results: Results, level: float = 0.99, part: str = "max", memorized: bool = False, all: bool = False) -> pd.DataFrame:
    """Which family separates best? A table with a row for each task and family, the best of each task first: states,
    how many of them are solved, AUC over all states, and the threshold of half of the seeds with its error on the
    others. Runs that have ended, without the family in their objective; `memorized`: states after memorization alone."""
    results = results.counted(all)
    rows = []
    ended = results.runs["status"].isin(facts.ENDED).to_numpy()
    names = np.array(settings.task_names(results), dtype=object)
    for task in dict.fromkeys(names[ended]):
        positions = np.nonzero(ended & (names == task))[0]
        for family in results.families:
            states = of(results, family, part, positions)
            states = states.select(~states.prompted & (states.memorized | (not memorized)))
            if len(states) == 0:
                continue
            test = states.separate(level)
            solved = states.solved(level)
            rows.append({"task": task, "family": family, "states": len(states), "solved": int(solved.sum()),
                         "auc": auc(states.value, solved), "threshold": test.threshold, "wrong": test.test[0],
                         "of": test.test[1], "error": test.error_rate, "lower": test.lower, "upper": test.upper})
    table = pd.DataFrame(rows, columns=["task", "family", "states", "solved", "auc", "threshold", "wrong", "of", "error",
                                        "lower", "upper"])
    place = {task: i for i, task in enumerate(dict.fromkeys(table["task"]))}
    order = sorted(range(len(table)), key=lambda i: (place[table["task"][i]], -np.nan_to_num(table["auc"][i], nan=-1),
                                                     np.nan_to_num(table["error"][i], nan=2)))
    return table.iloc[order].reset_index(drop=True)
