"""Generators of the symmetry group of each run's task: what they do, how far the model is from each over training, and
when each is acquired.

Acquired is what `symsweep show` means (sw_phases_acquired in src/measure/phases.c): the step from which a generator's
mean violation stays <= phase.tau, never before train accuracy first reaches phase.accuracy. Thresholds are compared in
float32, as the curves are stored. First in a run is what it acquires at its earliest such step; several may share it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from . import hdf5, statistics

if TYPE_CHECKING:
    from .results import Results

FOLDER = "symmetry/automorphism/"
# More values than this are not put into one array.
MOST_VALUES = 1 << 28


# ---- reading ----

def _listed(text: str, place: str) -> list[dict[str, Any]]:
    """The generators of a run: dicts of positions, tokens, classes and text."""
    try:
        found = json.loads(text or "[]")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in found):
        raise hdf5.ResultsError("%s: expected a JSON list of generators, each with a text" % place)
    return found


def apart(names: Iterable[str]) -> list[str]:
    """Names of one run, each once: a sentence that is cut may stand for several generators."""
    found, seen = [], dict[str, int]()
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else "%s (%d)" % (name, seen[name]))
    return found


def listed(results: Results) -> list[list[dict[str, Any]]]:
    """One list of dicts a run; empty where the task has no symmetry, and of damaged rows."""
    known: dict[str, list[dict[str, Any]]] = {"": []}
    texts = [(place, "" if damaged else text) for (place, text), damaged in zip(results.read_texts(FOLDER + "generators"), results.runs["damaged"])]
    for run, (place, text) in zip(results.runs.index, texts):
        if text not in known:
            known[text] = _listed(text, "%s: /%sgenerators of run %d" % (place, FOLDER, run))
    return [known[text] for _, text in texts]


class Measured:
    """Curves of the generators of each run.

    names     a list of texts a run, of those that are measured
    values    [run, evaluation, generator] mean violation, NaN where there is none; steps, [run, evaluation], -1 likewise
    acquired  [run, generator] step; -1 = not reached"""

    def __init__(self, results: Results) -> None:
        curves = results.read_generator_curves()
        runs = len(results)
        evaluations = next((array.shape[1] for array in curves.values()), 0)
        self.steps = curves["step"].values if "step" in curves else np.full((runs, evaluations), -1)
        self.values = curves["by_generator"].values if "by_generator" in curves else np.full(self.steps.shape + (0,), np.nan)
        self.listed = listed(results)
        self.names = [apart(part["text"] for part in found[:self.values.shape[2]]) for found in self.listed]
        accuracy = curves["train_accuracy"].values if "train_accuracy" in curves else np.full(self.steps.shape, np.nan)
        self.acquired = np.full((runs, self.values.shape[2]), -1, dtype=np.int64)
        for run, config in enumerate(results.configs):
            phase = (config or {}).get("phase") or {}
            if results.runs["damaged"].iloc[run] or phase.get("tau") is None or phase.get("accuracy") is None:
                continue
            for g in range(len(self.names[run])):
                self.acquired[run, g] = acquired(self.steps[run], self.values[run, :, g], accuracy[run], **{k: phase[k] for k in ("tau", "accuracy")})


def acquired(steps: np.ndarray, violation: np.ndarray, train_accuracy: np.ndarray, tau: Any, accuracy: Any) -> int:
    """When one generator of one run is acquired; -1 = not reached."""
    known = steps >= 0
    steps, violation, train_accuracy = steps[known], violation[known], train_accuracy[known]
    with np.errstate(over="ignore"):
        tau, accuracy = np.float32(tau), np.float32(accuracy)
    memorized = np.nonzero(train_accuracy >= accuracy)[0]
    above = np.nonzero(~(violation <= tau))[0]
    first = above[-1] + 1 if len(above) else 0
    if not len(memorized) or first >= len(steps):
        return -1
    return int(max(steps[first], steps[memorized[0]]))


# ---- what users ask for ----

def table(results: Results, run: int) -> pd.DataFrame:
    """The generators of a run in the order in which it acquires them, as `symsweep show` lists them, numbered alike."""
    part = results.select(results.runs.index == run)
    if len(part) == 0:
        raise ValueError("no run %s here" % run)
    measured = Measured(part)
    found, names = measured.listed[0], measured.names[0]
    last = np.nonzero(measured.steps[0] >= 0)[0][-1:]
    steps = [int(step) for step in measured.acquired[0][:len(names)]] + [-1] * (len(found) - len(names))
    final = [float(measured.values[0, last[0], g]) if g < len(names) and len(last) else np.nan for g in range(len(found))]
    frame = pd.DataFrame({
        "text": [part["text"] for part in found],
        "acquired": pd.array([None if step < 0 else step for step in steps], dtype="Int64"),
        "violation": np.array(final, dtype=float),
        **{name: pd.Series([part.get(name) for part in found], dtype=object) for name in ("positions", "tokens", "classes")},
    })
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="generator")
    return frame.iloc[sorted(range(len(frame)), key=lambda g: (steps[g] < 0, steps[g]))]


def curves(results: Results) -> xr.DataArray:
    """Mean violation of every generator, (run, evaluation, generator), with the steps of each run as a coordinate. The
    generators are told by their texts: where tasks differ, those that a run does not have are NaN."""
    measured = Measured(results)
    texts = list(dict.fromkeys(name for names in measured.names for name in names))
    shape = measured.steps.shape + (len(texts),)
    if np.prod(shape, dtype=object) > MOST_VALUES:
        raise ValueError("%d runs have %d different generators, too many for one array: choose runs, results.select(mask).by_generator"
                         % (len(results), len(texts)))
    place = {name: k for k, name in enumerate(texts)}
    whole = np.full(shape, np.nan, dtype=np.float32)
    for run, names in enumerate(measured.names):
        whole[run][:, [place[name] for name in names]] = measured.values[run][:, :len(names)]
    coordinates = {"run": results.runs.index.tolist(), "generator": np.array(texts, dtype=object),
                   "step": (("run", "evaluation"), measured.steps)}
    return xr.DataArray(whole, coordinates, ("run", "evaluation", "generator"), "by_generator",
                        {"units": "nat", "long_name": "mean violation of each generator"})


def acquisition(results: Results, all: bool = False) -> pd.DataFrame:
    """Pooled by setting: for each generator of its runs that ended how many there are, how many acquired it (reached),
    in how many it is the first, and the Kaplan-Meier median of the step with its bootstrap interval; in the order of
    the medians. Runs that did not acquire it are censored, as everywhere (statistics.onset_times)."""
    results = results.counted(all)
    measured, rows = Measured(results), []
    ended = results.runs["status"].isin(statistics.ENDED).to_numpy()
    for setting in dict.fromkeys(results.settings):
        mine = [run for run, name in enumerate(results.settings) if name == setting and ended[run]]
        found = []
        for name in dict.fromkeys(name for run in mine for name in measured.names[run]):
            chosen = [run for run in mine if name in measured.names[run]]
            steps = [int(measured.acquired[run, measured.names[run].index(name)]) for run in chosen]
            part = copy.copy(results.select(np.isin(np.arange(len(results)), chosen)))
            part.runs = part.runs.assign(acquired=pd.array([None if step < 0 else step for step in steps], dtype="Int64"))
            _, time, observed = statistics.onset_times(part, "acquired", all=True)
            median = statistics.bootstrap_median(time, observed)
            found.append({"setting": setting, "generator": name, "runs": len(time), "reached": int(observed.sum()),
                          "first": sum(is_first(measured.acquired[run], step) for run, step in zip(chosen, steps)),
                          "median": median.estimate, "lower": median.lower, "upper": median.upper})
        rows += sorted(found, key=lambda row: (np.isnan(row["median"]), row["median"]))
    return pd.DataFrame(rows, columns=["setting", "generator", "runs", "reached", "first", "median", "lower", "upper"])


def is_first(steps: np.ndarray, step: int) -> bool:
    """Is this the earliest of the steps (-1 = not reached) at which a run acquires a generator?"""
    return bool(step >= 0 and step == min(s for s in steps if s >= 0))
