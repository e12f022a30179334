"""The figures of docs/paper.md, from evidence. Each gives a matplotlib figure, or None where there is nothing to draw."""

import io
import math

import matplotlib.ticker
import numpy as np
import pages
from symsweep import drawing, figures, statistics
from symsweep.drawing import COLORS, MARKERS, plt

from . import verdicts

DPI = 110
EDGE = 1e-3  # beyond every picture: where an interval of a ratio ends that has no end


def save(figure, path):
    """PNG, the same bytes for the same figure; True where there is one."""
    if figure is None:
        return False
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI)
    plt.close(figure)
    path.write_bytes(drawn.getvalue())
    return True


def together(evidence):
    """Results of the baselines of all settings that count."""
    parts = [evidence.baselines(group) for group in evidence.main_groups() if group.counts]
    parts = [part for part in parts if part is not None]
    if not parts:
        return None
    runs = set().union(*(part.runs.index.tolist() for part in parts))
    return evidence.exact.select([run in runs for run in evidence.exact.runs.index])


def stages(evidence):
    """Accuracy, violation and dimension over training, a column for each task."""
    found = together(evidence)
    return None if found is None else figures.fig6(found)


def threshold(evidence):
    """Largest violation against test accuracy, every evaluation of every run."""
    found = together(evidence)
    return None if found is None else figures.fig7(found)


def speed_ups(panels):
    """panels: [(title, [intervention], {task: {intervention: (ratio, word)}})]. Times sooner than the baseline, with
    intervals; an open mark where no difference is shown, at the left edge where half of the runs did not get there, at the
    right where those of the baseline did not."""
    panels = [panel for panel in panels if panel[1]]
    if not panels:
        return None
    height = max(len(names) for _, names, _ in panels)
    figure, axes = plt.subplots(1, len(panels), figsize=(3.6 * len(panels) + 0.6, 0.3 * height + 1.5), squeeze=False)
    for axis, (title, names, tasks) in zip(axes[0], panels):
        for k, (task, found) in enumerate(tasks.items()):
            _ratios(axis, names, found, (k + 0.5) / len(tasks) - 0.5, COLORS[k % 8], MARKERS[k % 8], task)
        axis.axvline(1, color="#4d565f", linewidth=0.7)
        axis.set_xscale("log")
        axis.set_xlim(*_range([ratio for found in tasks.values() for ratio, _ in found.values()]))
        axis.xaxis.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 2, 5), numticks=12))
        axis.xaxis.set_major_formatter(matplotlib.ticker.FormatStrFormatter("%g"))
        axis.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
        axis.set_yticks(range(len(names)), names)
        axis.set_ylim(len(names) - 0.4, -0.6)
        axis.grid(axis="y", color="#e6e9e5", linewidth=0.6)
        axis.set_title(title)
        axis.set_xlabel("times sooner than the baseline")
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.45 / (0.03 * height + 0.15) * 0.1 - 0.08), ncol=2)
    figure.tight_layout()
    return figure


def _range(ratios):
    """Of an axis of ratios: what is finite, and room at both ends."""
    ends = [end for ratio in ratios for end in (ratio.estimate, ratio.lower, ratio.upper) if 0 < end < math.inf]
    return min([0.5, *ends]) / 1.4, max([2, *ends]) * 1.4


def _ratios(axis, names, found, shift, color, marker, label):
    axis.plot([], [], marker, color=color, markersize=4, label=label)
    for y, name in enumerate(names):
        if name not in found:
            continue
        ratio, word = found[name]
        if math.isnan(ratio.estimate):
            continue
        place, face = y + 0.7 * shift, color if word in verdicts.ORDERED else "white"
        if 0 < ratio.estimate < math.inf:
            if not math.isnan(ratio.lower):
                axis.errorbar([ratio.estimate], [place], xerr=[[ratio.estimate - max(ratio.lower, EDGE)], [min(ratio.upper, 1 / EDGE) - ratio.estimate]],
                              color=color, linewidth=0.9)
            axis.plot([ratio.estimate], [place], marker, color=color, markersize=4, markerfacecolor=face)
        else:
            axis.plot([0.99 if ratio.estimate else 0.01], [place], marker, color=color, markersize=4, markerfacecolor=face,
                      transform=axis.get_yaxis_transform(), clip_on=False)


def times(rows, arms):
    """rows: [(name, {intervention: Sample})]. Steps to generalization run by run, medians large; arrows where not reached."""
    if not rows:
        return None
    figure, axis = plt.subplots(figsize=(5.6, 0.36 * len(rows) + 1.3))
    for k, arm in enumerate(arms):
        axis.plot([], [], MARKERS[k], color=COLORS[k], markersize=4, label=arm)
        for y, (_, samples) in enumerate(rows):
            sample = samples.get(arm)
            if sample is None:
                continue
            place = y + 0.22 * (k - (len(arms) - 1) / 2)
            for mask, marker in ((sample.observed, MARKERS[k]), (~sample.observed, ">")):
                axis.plot(sample.time[mask], np.full(mask.sum(), place), marker, color=COLORS[k], markersize=3, markerfacecolor="none")
            median = statistics.kaplan_meier(sample.time, sample.observed).median
            if math.isfinite(median):
                axis.plot([median], [place], MARKERS[k], color=COLORS[k], markersize=5)
    axis.set_yticks(range(len(rows)), [name for name, _ in rows])
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_xscale("log")
    drawing.plain_steps(axis.xaxis)
    axis.set_xlabel("steps to 99 % test accuracy")
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    figure.tight_layout()
    return figure


def curves(evidence, groups, names):
    """Median test accuracy of interventions over training, a panel for each setting."""
    groups = [group for group in groups if any(name in evidence.places[group] for name in names)]
    if not groups:
        return None
    figure, axes = plt.subplots(1, len(groups), figsize=(3.4 * len(groups) + 1.4, 2.5), squeeze=False, sharey=True)
    for axis, group in zip(axes[0], groups):
        arms = {name: evidence.places[group][name] for name in names if name in evidence.places[group]}
        wanted = [position for positions in arms.values() for position in positions]
        part = evidence.results.select(np.isin(np.arange(len(evidence.results)), wanted))
        for k, (name, positions) in enumerate(arms.items()):
            mine = [sorted(wanted).index(position) for position in positions]
            drawing.plot_band(axis, part, "test_accuracy", mine, COLORS[k % 8], label=name)
        axis.set_xscale("log")
        axis.set_ylim(-0.03, 1.05)
        axis.set_xlabel("step")
        axis.set_title(group.title)
    axes[0, 0].set_ylabel("test accuracy")
    axes[0, -1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
    figure.tight_layout()
    return figure


def wrong_answers(evidence, groups, families):
    """Test accuracy and agreement of wrong answers beyond chance, medians over runs."""
    panels = [(group, pages.Wrong(part)) for group, part in ((g, evidence.baselines(g)) for g in groups) if part is not None]
    panels = [(group, wrong) for group, wrong in panels if any(family in wrong.excess for family in families)]
    if not panels:
        return None
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(2.7 * columns + 1.2, 2.4 * rows), squeeze=False, sharey=True)
    for axis in axes.flat[len(panels):]:
        axis.set_visible(False)
    for axis, (group, wrong) in zip(axes.flat, panels):
        steps, middle = wrong.middle()
        for k, name in enumerate(["test accuracy", *families]):
            if name in middle:
                known = np.isfinite(middle[name])
                axis.plot(steps[known], np.array(middle[name])[known], color="#41454d" if k == 0 else COLORS[k - 1],
                          linewidth=1.6 if k == 0 else 1.1, label=name)
        axis.set_title(group.title)
        axis.set_xlabel("step")
    for axis in axes[:, 0]:
        axis.set_ylabel("s − c, and test accuracy")
    axes[0, -1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
    figure.tight_layout()
    return figure


def pairs(evidence):
    """Principal components 1 against 2 and 3 against 4 at the end of one run that generalized, a column for each task."""
    found = []
    for group in evidence.main_groups():
        part = evidence.baselines(group)
        if part is None or "pca" not in part.snapshots:
            continue
        accuracy = part.runs["final.test_accuracy"].to_numpy(dtype=float, na_value=0)
        solved = np.nonzero(accuracy >= np.float32(0.99))[0]
        if len(solved):
            first = min(solved, key=lambda k: part.runs["seed"].iloc[k])
            found.append((group, part, int(first)))
    if not found:
        return None
    blocks = -(-len(found) // 7)
    columns = -(-len(found) // blocks)
    figure, axes = plt.subplots(2 * blocks, columns, figsize=(1.45 * columns, 3.1 * blocks), squeeze=False)
    for k, (group, part, row) in enumerate(found):
        _scatter(axes[2 * (k // columns):, k % columns], group, part, row)
    for k in range(len(found), blocks * columns):
        for axis in axes[2 * (k // columns):2 * (k // columns) + 2, k % columns]:
            axis.set_visible(False)
    figure.tight_layout(pad=0.4)
    return figure


def round_colors(task, component, ring):
    """[entities] places round the circle of colours of entities that stand in a ring, by the frequency that is strongest in a
    principal component; residues of a product stand by discrete logarithm. Of other tasks their places in the list."""
    if task["kind"] != "modular" and task.get("graph") != "cycle":
        return np.arange(len(component))
    if task.get("operation") == "mul":
        p = task["p"]
        ring = next(row for row in ([pow(root, k, p) for k in range(p - 1)] for root in range(1, p)) if len(set(row)) == p - 1)
    places = np.zeros(len(component), dtype=int)
    places[ring] = np.arange(len(ring)) * (1 + np.abs(np.fft.rfft(component[ring]))[1:].argmax()) % len(ring)
    return places


def _scatter(axes, group, part, row):
    pca = part.snapshots["pca"].values[row]
    last = np.nonzero(part.snapshots["step"].values[row] >= 0)[0][-1]
    known = np.isfinite(pca[last][:, :4]).all(axis=1)
    points = pca[last]
    for axis, (i, j) in zip(axes, ((0, 1), (2, 3))):
        colors = round_colors(part.configs[row]["task"], points[:, i], np.flatnonzero(known))
        axis.scatter(points[known, i], points[known, j], c=colors[known], cmap="twilight_shifted", s=6, linewidth=0.2, edgecolor="#41454d")
        axis.set_xticks([])
        axis.set_yticks([])
        axis.set_aspect("equal", adjustable="datalim")
        axis.set_xlabel("PC %d, %d" % (i + 1, j + 1), fontsize=6)
    axes[0].set_title(group.title, fontsize=7)
