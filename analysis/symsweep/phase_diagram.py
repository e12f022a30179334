"""The phase diagram as a static figure: where, and after how many steps, runs generalize."""

import math

import matplotlib.colors
import numpy as np
import pandas as pd

from . import lattice, settings, statistics
from .drawing import COLORS, FigureError, letters, plain_step, plain_steps, plt, positions_by

MEMORIZED, NEITHER = "#e3c27d", "#c9ced3"  # not generalized: memorized, or not even that
MOST_PANELS, MOST_LEVELS, MOST_CELLS_WITH_LETTERS = 24, 200, 12 * 12


def phase_diagram(results, all=False):
    """Phase diagram: median steps to generalization over two swept axes, a panel for each setting of the others."""
    results = results.counted(all)
    if len(results) == 0:
        raise FigureError("the file holds no runs")
    if "t_gen" not in results.runs:
        raise FigureError("the file has no onset t_gen")
    x, y = _axes(results)
    told = [values for _, values in (x, y) if values is not None]
    panels = positions_by(settings.names(results, told=told))
    if len(panels) > MOST_PANELS:
        raise FigureError("%d settings of other keys, which would be a panel each: choose some of them with results.sel" % len(panels))
    cells = {name: _cells(results, positions, x, y) for name, positions in panels.items()}
    times = [cell.time for found in cells.values() for cell in found.values() if math.isfinite(cell.time)]
    if not any(cell.runs for found in cells.values() for cell in found.values()):
        raise FigureError("no run has ended")
    return _draw(cells, _Levels(x), _Levels(y), times)


def _axes(results):
    """(key, a value a run) of the two axes, (None, None) where there is none: those that `refine` refined, else the two
    swept numbers with most values, else such a number and the label or another key in which runs differ. What a label
    decides is no axis."""
    keys = settings.columns(results)
    if "label" in results.runs and results.runs["label"].nunique() > 1:
        keys["label"] = results.runs["label"].tolist()
    distinct = {key: len({settings.text(value) for value in values}) for key, values in keys.items()}
    numbers = sorted((key for key in results.axes if key in keys and distinct[key] > 1 and _is_numeric(keys[key]) and _is_free(keys, key)),
                     key=lambda key: -distinct[key])
    chosen = [key for key in lattice.refine_of(results).get("axes", []) if key in keys][:2]
    if not chosen and len(numbers) > 1 and (distinct[numbers[1]] > 2 or "label" not in keys):
        chosen = numbers[:2]
    if not chosen:
        others = ["label"] if "label" in keys else [key for key in keys if key not in numbers[:1] and distinct[key] > 1]
        chosen = numbers[:1] + others[:1]
    if not chosen:
        raise FigureError("no axis: the runs differ in their seeds alone")
    return [*((key, keys[key]) for key in chosen), (None, None)][:2]


def _is_free(keys, key):
    """Does a key differ among the runs of one label?"""
    labels = keys.get("label", [""] * len(keys[key]))
    return len({(label, settings.text(value)) for label, value in zip(labels, keys[key])}) > len(set(labels))


def _is_numeric(values):
    return all(settings.is_missing(value) or (isinstance(value, (int, float, np.number)) and not isinstance(value, bool)) for value in values)


class _Levels:
    """The places along an axis: numbers in their order, other values as they come."""

    def __init__(self, axis):
        key, values = axis
        self.name = "" if key is None else settings.short([key])[key]
        found = list({settings.text(value): value for value in values}.items()) if values is not None else [("", None)]
        if values is not None and _is_numeric(values):
            found.sort(key=lambda item: (True, 0) if settings.is_missing(item[1]) else (False, item[1]))
        if len(found) > MOST_LEVELS:
            raise FigureError("%s has %d values, more than %d: the page puts them in bins" % (self.name, len(found), MOST_LEVELS))
        self.texts = [text for text, _ in found]


class _Cell:
    """The runs of one place: `time` their median time to generalization, infinite where not reached, with how many `runs`
    and how many of them generalized; `memorized` by half of them; `holds` 1, 0 or -1, what `refine` says of it."""

    def __init__(self, time, observed, memorized, holds):
        self.runs, self.reached, self.holds = len(time), int(observed.sum()), holds
        self.time = statistics.kaplan_meier(time, observed).median if len(time) else math.inf
        self.memorized = memorized


def _cells(results, positions, x, y):
    """(text of x, text of y) -> cell."""
    runs, time, observed = statistics.onset_times(results, "t_gen", all=True)
    memorized = results.runs["t_mem"].notna() if "t_mem" in results.runs else pd.Series(False, results.runs.index)
    known = results.runs["refine.class"].fillna(-1) if "refine.class" in results.runs else pd.Series(-1, results.runs.index)
    places = positions_by([tuple("" if values is None else settings.text(values[p]) for _, values in (x, y)) for p in positions])
    found = {}
    for place, mine in places.items():
        rows = results.runs.index[[positions[k] for k in mine]]
        at = np.isin(runs, rows)
        ended = runs[at]
        found[place] = _Cell(time[at], observed[at], len(ended) > 0 and memorized.loc[ended].mean() >= 0.5, int(known.loc[rows].max()))
    return found


def _draw(cells, x, y, times):
    columns = min(len(cells), 4)
    rows = math.ceil(len(cells) / columns)
    letter = len(x.texts) * len(y.texts) <= MOST_CELLS_WITH_LETTERS
    cell = (0.42, 0.3) if letter else (0.16, 0.16)
    wide, tall = max(1.6, cell[0] * len(x.texts)), max(0.7, cell[1] * len(y.texts))
    name = 0.062 * max(map(len, y.texts)) + 0.45
    figure, panels = plt.subplots(rows, columns, figsize=((wide + name) * columns + 0.9, (tall + 0.85) * rows + 0.45), squeeze=False,
                                  layout="constrained")
    low = max(1, min(times, default=1))
    scale = matplotlib.colors.LogNorm(low, max(times + [low * 1.01]), clip=True)  # at step 0: as at 1
    shades = plt.get_cmap("viridis_r")
    for panel, (title, found) in zip(panels.flat, cells.items()):
        for (i, j), one in ((_place(place, x, y), one) for place, one in found.items()):
            if one.runs == 0:
                if one.holds >= 0:  # not trained: it follows from its neighbours
                    panel.plot([i], [j], "o", color=COLORS[0] if one.holds else COLORS[1], markersize=2, markerfacecolor="none" if one.holds == 0 else None)
                continue
            color = shades(scale(one.time)) if math.isfinite(one.time) else MEMORIZED if one.memorized else NEITHER
            panel.add_patch(plt.Rectangle((i - 0.48, j - 0.46), 0.96, 0.92, color=color, linewidth=0))
            if letter:
                text = plain_step(float("%.2g" % one.time)) if math.isfinite(one.time) else "%d/%d" % (one.reached, one.runs)
                panel.text(i, j, text, ha="center", va="center", fontsize=6, color=_ink(color))
        _frame(panel, title, x, y, letter)
    for panel in panels.flat[len(cells):]:
        panel.set_visible(False)
    if times:
        bar = figure.colorbar(plt.cm.ScalarMappable(scale, shades), ax=panels, label="steps to generalization (median)", aspect=30)
        plain_steps(bar.ax.yaxis)
    handles = [plt.Rectangle((0, 0), 1, 1, color=MEMORIZED, label="memorized; fewer than half generalized"),
               plt.Rectangle((0, 0), 1, 1, color=NEITHER, label="not memorized")]
    if any(one.runs == 0 and one.holds >= 0 for found in cells.values() for one in found.values()):
        handles += [plt.Line2D([], [], marker="o", linestyle="", color=COLORS[0], markersize=3, label="not trained: above the boundary"),
                    plt.Line2D([], [], marker="o", linestyle="", color=COLORS[1], markerfacecolor="none", markersize=3, label="below it")]
    below = 0.2 * (1 + len(handles) // 3) / figure.get_figheight()
    figure.get_layout_engine().set(rect=(0, below, 1, 1 - below))
    figure.legend(handles=handles, loc="lower center", ncol=2)
    return figure


def _place(place, x, y):
    return x.texts.index(place[0]), y.texts.index(place[1])


def _ink(color):
    """Black or white, whichever has more contrast on a colour."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in matplotlib.colors.to_rgb(color))
    return "white" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.179 else "black"


def _frame(panel, title, x, y, letter):
    panel.set_xlim(-0.5, len(x.texts) - 0.5)
    panel.set_ylim(-0.5, len(y.texts) - 0.5)
    for axis, levels in ((panel.xaxis, x), (panel.yaxis, y)):
        every = 1 if letter else math.ceil(len(levels.texts) / 12)
        axis.set_ticks(range(0, len(levels.texts), every), [letters(text, 22) for text in levels.texts[::every]])
    if max(map(len, x.texts)) > 5:
        panel.tick_params(axis="x", rotation=90)
    panel.tick_params(length=0)
    panel.set_xlabel(letters(x.name))
    panel.set_ylabel(letters(y.name))
    panel.set_title(letters(title, 44) if title != "all runs" else "")
