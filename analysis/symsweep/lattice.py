"""Lattices of refined sweeps: which points have the class "reached", as `refine` found or as a full grid shows."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from . import command, settings, words
from .facts import ENDED
from .hdf5 import ResultsError

if TYPE_CHECKING:
    from .results import Results


def refine_of(results: Results) -> dict[str, Any]:
    """The `refine` member of the (first) sweep of the results; {} when it has none."""
    try:
        sweep = json.loads(results.sweeps[0]["config"] or "{}")
    except (ValueError, RecursionError) as error:
        raise ResultsError("%s: its sweep is not readable: %s" % (results.paths[0], error)) from None
    rule = sweep.get("refine", {}) if isinstance(sweep, dict) else {}
    axes = rule.get("axes", []) if isinstance(rule, dict) else None
    if not isinstance(axes, list) or not all(isinstance(name, str) for name in axes):
        raise ResultsError("%s: `refine` of its sweep: expected an object with a list of axes" % results.paths[0])
    return rule


def lattice(results: Results, axes: Sequence[str] | None = None, reached: str = "t_gen", share: float = 0.5, all: bool = False) -> list[xr.Dataset]:
    """One Dataset a plane, in the order of the file: over the values of one or two axes, `holds` (1 the statement holds
    at the point, 0 not, -1 unknown), `runs` (with a result), `reached` (of those), `low` and `high` (Wilson interval,
    NaN where the class is inferred or `axes` is given). attrs["setting"]: values of the other axes.

    axes None: what refine wrote into the file. Else the classes follow from the runs alone: reached is an onset, and the
    statement holds where at least `share` of a point's runs with a result reach it. Damaged rows do not count, those of
    former plans with `all` only."""
    results = results.counted(all)
    from_file = axes is None
    named: Sequence[str] = axes or refine_of(results).get("axes") or ()
    axes = list(named)
    missing = [name for name in [*axes, *(FROM_FILE if from_file else [reached])] if name not in results.runs]
    if not axes:
        raise ResultsError("%s: no lattice: the sweep does not refine" % results.paths[0])
    if missing:
        raise ResultsError("%s: no lattice: %s" % (results.paths[0], ", ".join(missing)))
    points = results.runs[axes].copy()
    telling = settings.telling(results, [points[name].tolist() for name in axes])
    for name, values in telling.items():
        points[name] = values
    others = list(telling)
    table = _from_file(results.runs) if from_file else _from_runs(results.runs, points, reached, share)
    table = pd.concat([points, table], axis=1).drop_duplicates(axes + others)
    planes = []
    for setting, part in (table.groupby(others if len(others) > 1 else others[0], sort=False, dropna=False) if others else [((), table)]):
        plane = part.set_index(axes)[list(COLUMNS)].sort_index().to_xarray()
        for name, none in COLUMNS.items():  # a point without a row
            plane[name] = plane[name].fillna(none).astype(float if none is np.nan else int)
        setting = setting if isinstance(setting, tuple) else (setting,)
        plane.attrs["setting"] = dict(zip(others, setting))
        planes.append(plane)
    return planes


FROM_FILE = ("refine.class", "refine.decided", "refine.reached", "refine.low", "refine.high")
COLUMNS = {"holds": -1, "runs": 0, "reached": 0, "low": np.nan, "high": np.nan}


def _from_file(runs: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({
        "holds": runs["refine.class"].fillna(-1).astype(int), "runs": runs["refine.decided"].fillna(0).astype(int),
        "reached": runs["refine.reached"].fillna(0).astype(int), "low": runs["refine.low"], "high": runs["refine.high"]})


def _from_runs(runs: pd.DataFrame, points: pd.DataFrame, onset: str, share: float) -> pd.DataFrame:
    ended = runs["status"].isin(ENDED)
    counts = pd.DataFrame({"runs": ended.astype(int), "reached": (ended & runs[onset].notna()).astype(int)})
    sums = counts.groupby([points[name] for name in points], dropna=False).transform("sum")
    holds = np.where(sums["runs"] == 0, -1, (sums["reached"] >= share * sums["runs"]).astype(int))
    return pd.DataFrame({"holds": holds, "runs": sums["runs"], "reached": sums["reached"], "low": np.nan, "high": np.nan},
                        index=runs.index)


# ---- a refined sweep against the full grid ----

def compare(grid: Results, refined: Results, all: bool = False) -> Any:
    """Both classifications of the refined sweep's lattice, plane by plane: `grid`, `refined` and `runs` of either."""
    rule = refine_of(refined)
    mine = lattice(refined, all=all)
    full = lattice(grid, rule["axes"], rule.get("reached", "t_gen"), rule.get("share", 0.5), all=all)
    if len(mine) != len(full) or any(a["holds"].shape != b["holds"].shape or
                                     any(not np.array_equal(a[name], b[name]) for name in a["holds"].dims)
                                     for a, b in zip(mine, full)):
        raise ResultsError("the two files have different lattices")
    return [xr.Dataset({"grid": b["holds"], "refined": a["holds"], "runs": a["runs"], "grid_runs": b["runs"]},
                       attrs=a.attrs) for a, b in zip(mine, full)]


def draw(plane: xr.Dataset) -> list[str]:
    """Rows of text, the second axis upwards: # both reached, . both not, + only the grid, - only the refined one;
    behind each point the runs that refine gave it."""
    if plane["grid"].ndim == 1:
        plane = plane.expand_dims("", axis=1)
    across, up = plane["grid"].dims
    lines = []
    for j in reversed(range(plane.sizes[up])):
        cells = []
        for i in range(plane.sizes[across]):
            at = plane.isel({across: i, up: j})
            full, mine, runs = int(at["grid"]), int(at["refined"]), int(at["runs"])
            sign = "#." [full == 0] if full == mine else "+" if full == 1 else "-"
            cells.append("%s%s" % (sign, runs or " "))
        lines.append("%12s  %s" % ("%.4g" % plane[up][j] if up in plane.coords else "", " ".join(cells)))
    return lines + ["%12s  %s from %.4g to %.4g" % ("", across, plane[across][0], plane[across][-1])]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="refinement", description="How well does a refined sweep classify the points of its lattice, compared with "
        "the full grid, and with how many runs?")
    parser.add_argument("grid", help="results of the sweep without `refine`")
    parser.add_argument("refined", help="results of the sweep with `refine`")
    command.add_reading(parser)
    return command.run(parser, arguments, tell)


def tell(options: argparse.Namespace) -> None:
    grid, refined = (command.load(options, path) for path in (options.grid, options.refined))
    planes = compare(grid, refined, options.all)
    rule = refine_of(refined)
    grid, refined = grid.counted(options.all), refined.counted(options.all)
    cells = sum(plane["grid"].size for plane in planes)
    same = sum(int((plane["grid"] == plane["refined"]).sum()) for plane in planes)
    trained = int((refined.runs["refine.round"] >= 0).sum())
    of_grid = int(grid.runs["status"].isin(ENDED).sum())
    if of_grid == 0 or trained == 0:
        raise ResultsError("%s: no run has ended" % (grid if of_grid == 0 else refined).paths[0])
    print("statement   %s is reached, over %s" % (rule.get("reached", "t_gen"), " x ".join(rule["axes"])))
    print("grid        %d runs" % of_grid)
    print("refined     %d runs (%.1f %%) in %d rounds" % (
        trained, 100 * trained / of_grid, int(refined.runs["refine.round"].max()) + 1))
    print("points      %d of %d classified as the grid does (%.1f %%)" % (same, cells, 100 * same / cells))
    for plane in planes:
        print()
        for name, value in plane.attrs["setting"].items():
            print(words.visible("%s = %s" % (name, value)))
        print("\n".join(draw(plane)))


def entry() -> int:
    """The command line of an installed package."""
    return command.guarded(main)
