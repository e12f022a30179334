"""Static figures, PDF and PNG, in the form of the paper's Fig. 6 to 9 (Hwang and Park, arXiv 2603.01968), and the phase
diagram."""

import argparse
import math
import os
import re
import sys
import textwrap

import matplotlib.collections
import matplotlib.ticker
import numpy as np

from . import command, settings, states, statistics, words
from .drawing import (COLORS, MARKERS, ONSETS, STYLE, FigureError, band, be_quiet, decades, draw_band, letters, need_curves,
                      plain_steps, plot_band, plt, positions_by, save, step_axis, step_places)
from .phase_diagram import phase_diagram

# ---- groups ----

def interventions(results):
    """One name a run: its label, else what of its setting the task does not tell."""
    if "label" in results.runs and (results.runs["label"] != "").any():
        return [label or "unlabelled" for label in results.runs["label"]]
    return settings.names(results, told=[settings.task_names(results)])


def family_of(results, positions):
    families = [results.configs[p].get("phase", {}).get("family") for p in positions]
    known = [f for f in families if f]
    return max(set(known), key=known.count) if known else (results.families[0] if results.families else None)


def is_prompted(results, position, family):
    column = "%s.prompted" % family
    return column in results.runs and statistics.is_one(results.runs[column].iloc[position])


# ---- figures ----

def fig6(results, all=False):
    """Three stages: accuracy, violation, dimension against the step, a column for each task and setting."""
    results = results.counted(all)
    need_curves(results, ["train_accuracy", "test_accuracy", "effective_dimension"])
    described = settings.task_names(results)
    groups = positions_by(settings.names(results, [described] if len(set(described)) > 1 else []))
    evaluated = results.curves["step"].values[:, 0] >= 0
    groups = {name: [p for p in positions if evaluated[p]] for name, positions in groups.items()}
    groups = {name: positions for name, positions in groups.items() if positions}
    if not groups:
        raise FigureError("no run has been evaluated")
    columns = columns_of(len(groups), 7)
    blocks = math.ceil(len(groups) / columns)
    titles = [letters(name, 22) for name in groups]
    more = 0.15 * max(title.count("\n") for title in titles)
    tall = 3.5 if blocks < 3 else 2.4  # inches of a block
    width, height = max(1.6 * columns + 0.9, 4.6), (tall + more) * blocks + 0.6
    figure = plt.figure(figsize=(width, height))
    outer = figure.add_gridspec(blocks, columns, wspace=0.12, hspace=(0.4 + more) / (tall - 0.4), left=0.62 / width, right=1 - 0.1 / width,
                                top=1 - (0.32 + more) / height, bottom=0.95 / height)
    rows = [[], [], []]
    for k, (title, positions) in enumerate(zip(titles, groups.values())):
        inner = outer[k // columns, k % columns].subgridspec(3, 1, hspace=0.24)
        panels = [figure.add_subplot(inner[row], sharey=rows[row][0] if rows[row] else None) for row in range(3)]
        for row, panel in zip(rows, panels):
            row.append(panel)
        _stages(panels, results, title, positions, k % columns == 0, k + columns >= len(groups))
    for row in rows[1:]:
        row[0].yaxis.set_minor_formatter(matplotlib.ticker.NullFormatter())
    rows[2][0].set_ylim(bottom=0)
    handles = [plt.Line2D([], [], color=COLORS[0], label="test"), plt.Line2D([], [], color=COLORS[4], linestyle="--", label="train"),
               plt.Line2D([], [], color=COLORS[3], label="largest violation"), plt.Line2D([], [], color=COLORS[3], linestyle=":", label="mean violation"),
               plt.Line2D([], [], color=COLORS[2], label="effective dimension")]
    handles += [plt.Line2D([], [], color=color, marker=marker, linestyle=":", markersize=4, label=onset) for onset, color, marker in ONSETS]
    figure.legend(handles=handles, loc="lower center", ncol=9 if columns > 4 else 5 if columns > 2 else 4)
    return figure


def columns_of(panels, most):
    """So many in a row that the last row is as full as can be."""
    rows = math.ceil(panels / most)
    return math.ceil(panels / rows)


def _stages(panels, results, name, positions, first, last):
    accuracy, violation, dimension = panels
    family = family_of(results, positions)
    plot_band(accuracy, results, "train_accuracy", positions, COLORS[4], "--", width=1)
    plot_band(accuracy, results, "test_accuracy", positions, COLORS[0])
    accuracy.set_ylim(-0.03, 1.05)
    accuracy.set_title(name, fontsize=7.5)
    drawn = [plot_band(violation, results, "%s_mean" % family, positions, COLORS[3], ":", width=1),
             plot_band(violation, results, "%s_max" % family, positions, COLORS[3])]
    if any(drawn):
        violation.set_yscale("log")
    violation.set_title(letters(str(family).replace("_", " ")), loc="left", fontsize=6.5, fontweight="normal", color="#4d565f", pad=2)
    plot_band(dimension, results, "effective_dimension", positions, COLORS[2])
    for panel in panels:
        step_axis(panel, results, letters=panel is dimension and last)
        panel.tick_params(labelleft=first)
        for onset, color, marker in ONSETS:
            median = _median(results, onset, positions)
            if math.isfinite(median) and median > 0:
                panel.axvline(median, color=color, linestyle=":", linewidth=0.9)
                if panel is accuracy:
                    panel.plot([median], [1.05], marker, color=color, markersize=4, clip_on=False)
    if last:
        dimension.set_xlabel("step")
    if first:
        for panel, text in zip(panels, ("accuracy", "violation (nat)", "dimensions")):
            panel.set_ylabel(text, fontsize=6.5)


def _median(results, onset, positions):
    if onset not in results.runs:
        return math.inf
    runs, time, observed = statistics.onset_times(results, onset, all=True)
    mine = np.isin(runs, results.runs.index[positions])
    return statistics.kaplan_meier(time[mine], observed[mine]).median


def fig7(results, all=False):
    """Largest violation against test accuracy at every evaluation of every run, with the calibrated thresholds, task by
    task."""
    results = results.counted(all)
    need_curves(results, ["test_accuracy"])
    groups = positions_by(settings.task_names(results), results.runs["status"].isin(statistics.ENDED).tolist())
    legend = [plt.Line2D([], [], marker="o", linestyle="", color=COLORS[0], markersize=3, label="an evaluation of a run"),
              plt.Line2D([], [], marker="o", linestyle="", color=COLORS[1], markersize=3, label="before the run memorized"),
              plt.Line2D([], [], marker="x", linestyle="", color="#858d96", markersize=4, label="not counted (prompted)")]
    legend += [plt.Line2D([], [], color="#14181d", linewidth=1, linestyle=style, label="%g: threshold for that accuracy; e: errors, other seeds" % level) for level, style in zip(states.LEVELS, ("-", "--"))]
    return _panels(results, groups, _state_separation, "test accuracy", legend)


def fig7_end(results, all=False):
    """Largest violation against test accuracy at the end of each run, with the calibrated threshold, task by task."""
    results = results.counted(all)
    if "final.test_accuracy" not in results.runs:
        raise FigureError("the file has no final test accuracy")
    groups = positions_by(settings.task_names(results), (results.runs["status"].isin(statistics.ENDED)).tolist())
    legend = [plt.Line2D([], [], marker="o", linestyle="", color=COLORS[0], markersize=4, label="solved"),
              plt.Line2D([], [], marker="o", linestyle="", color=COLORS[1], markerfacecolor="none", markersize=4, label="not solved"),
              plt.Line2D([], [], marker="x", linestyle="", color="#858d96", markersize=4, label="not counted (prompted, or never memorized)"),
              plt.Line2D([], [], color="#14181d", linewidth=1, label="threshold of half of the seeds; e: error rate on the other half")]
    return _panels(results, groups, _separation, "test accuracy at the end", legend)


def _panels(results, groups, draw_panel, name, legend):
    """A panel for each task, drawn by draw_panel(panel, results, task, positions)."""
    if not groups:
        raise FigureError("no run has ended")
    columns = min(len(groups), 4)
    rows = math.ceil(len(groups) / columns)
    figure, panels = plt.subplots(rows, columns, figsize=(max(2.1 * columns + 0.4, 4.6), 2.3 * rows + 0.8), squeeze=False, sharey=True)
    for panel, (task, positions) in zip(panels.flat, groups.items()):
        draw_panel(panel, results, task, positions)
    for panel in panels.flat[len(groups):]:
        panel.set_visible(False)
    for row in panels:
        row[0].set_ylabel(name)
    lines = math.ceil(len(legend) / (1 if columns < 3 else 2))
    figure.legend(handles=legend, loc="lower center", ncol=1 if columns < 3 else 2)
    figure.tight_layout(rect=(0, (0.02 + 0.15 * lines if columns < 3 else 0.06 + 0.15 * lines) / (2.3 * rows + 0.8), 1, 1))
    return figure


def _state_separation(panel, results, name, positions):
    family = family_of(results, positions)
    found = states.of(results, family, "max", positions)
    drawn = found.value > 0
    for mask, options in ((~found.prompted & found.memorized, {"marker": "o", "color": COLORS[0], "s": 5, "alpha": 0.5}),
                          (~found.prompted & ~found.memorized, {"marker": "o", "color": COLORS[1], "s": 5, "alpha": 0.5}),
                          (found.prompted, {"marker": "x", "color": "#858d96", "s": 6, "linewidths": 0.6})):
        panel.scatter(found.value[mask & drawn], found.accuracy[mask & drawn], linewidth=options.pop("linewidths", 0), **options)
    panel.set_xscale("log")
    decades(panel, found.value[drawn])
    panel.set_ylim(-0.03, 1.06)
    panel.set_xlabel("%s, largest (nat)" % letters(str(family).replace("_", " ")))
    said = [letters(name, 28)]
    for level, style in zip(states.LEVELS, ("-", "--")):
        test = found.separate(level)
        if math.isfinite(test.threshold):
            panel.axvline(test.threshold, color="#14181d", linewidth=1, linestyle=style)
            said.append("%g: τ = %.2g, e = %d/%d" % (level, test.threshold, *test.test))
        else:
            said.append("%g: %s" % (level, test.reason.split(":")[0]))
    below = "\n".join(textwrap.fill(line, 44) for line in said[1:])
    panel.set_title(said[0], pad=8 + 7 * len(below.splitlines()))
    panel.text(0.5, 1.02, below, transform=panel.transAxes, ha="center", va="bottom", fontsize=5.5)


def separation(results, positions, family):
    """Violation, accuracy, solved, counted for each position, and the threshold test over those that count."""
    runs = results.runs.iloc[positions]
    column = "final.%s_max" % family
    value = runs[column].to_numpy(dtype=float) if column in runs else np.full(len(positions), np.nan)
    accuracy = runs["final.test_accuracy"].to_numpy(dtype=float)
    wanted = np.array([results.configs[p].get("phase", {}).get("accuracy", 0.99) for p in positions], dtype=float)
    solved = accuracy >= wanted
    memorized = runs["t_mem"].notna().to_numpy() if "t_mem" in runs else np.ones(len(positions), dtype=bool)
    counted = memorized & ~np.array([is_prompted(results, p, family) for p in positions], dtype=bool) & np.isfinite(value)
    seed = runs["seed"].fillna(0).to_numpy(dtype=int)
    return value, accuracy, solved, counted, statistics.separate(value[counted], solved[counted], seed[counted])


def _separation(panel, results, name, positions):
    family = family_of(results, positions)
    value, accuracy, solved, counted, test = separation(results, positions, family)
    drawn = np.isfinite(value) & (value > 0)
    for mask, options in ((counted & solved, {"marker": "o", "color": COLORS[0]}),
                          (counted & ~solved, {"marker": "o", "edgecolors": COLORS[1], "facecolors": "none"}),
                          (~counted, {"marker": "x", "color": "#858d96", "linewidths": 0.8})):
        panel.scatter(value[mask & drawn], accuracy[mask & drawn], s=14, **options)
    panel.set_xscale("log")
    decades(panel, value[drawn])
    panel.set_ylim(-0.03, 1.06)
    panel.set_xlabel("%s, largest (nat)" % letters(str(family).replace("_", " ")))
    if math.isfinite(test.threshold):
        panel.axvline(test.threshold, color="#14181d", linewidth=1)
        panel.set_title("%s\nτ = %.2g, e = %d/%d" % (letters(name, 28), test.threshold, *test.test))
    else:
        panel.set_title("%s\n%s" % (letters(name, 34), "\n".join(textwrap.wrap("no threshold: " + test.reason.split(":")[0], 34))), fontsize=6.5)


MOST_LINES = 8  # that one panel can tell apart


def fig8(results, all=False):
    """Test accuracy of every setting against the step, and the time to generalization beside it. Many settings have a
    panel each, all others grey behind."""
    results = results.counted(all)
    need_curves(results, ["test_accuracy"])
    names = settings.names(results)
    evaluated = (results.curves["step"].values[:, 0] >= 0).tolist()
    groups = positions_by(names, evaluated)
    if not groups:
        raise FigureError("no run has been evaluated")
    rows = [(name, positions, COLORS[k % 8], MARKERS[k % 8]) for k, (name, positions) in enumerate(groups.items())]
    if len(groups) > MOST_LINES:
        return _multiples(results, rows)
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, max(2.6, _row_height(groups) * len(groups) + 1.4)))
    for _, positions, color, _ in rows:
        plot_band(left, results, "test_accuracy", positions, color)
    step_axis(left, results)
    left.set_ylim(-0.03, 1.05)
    left.set_xlabel("step")
    left.set_ylabel("test accuracy")
    _times(right, results, rows)
    figure.tight_layout()
    return figure


def _multiples(results, rows):
    columns = columns_of(len(rows), 6)
    blocks = math.ceil(len(rows) / columns)
    titles = [letters(name, 24) for name, *_ in rows]
    lines = 1 + max(title.count("\n") for title in titles)
    tall, below = 0.9 + 0.14 * lines, _row_height([name for name, *_ in rows]) * len(rows) + 0.4
    width, height = 1.35 * columns + 0.8, tall * blocks + below + 1.3
    figure = plt.figure(figsize=(width, height))
    grid = figure.add_gridspec(blocks, columns, wspace=0.1, hspace=0.2 + 0.2 * lines, left=0.6 / width, right=1 - 0.1 / width,
                               top=1 - (0.1 + 0.14 * lines) / height, bottom=(below + 1.3) / height)
    bands = [band(results, "test_accuracy", positions) for _, positions, *_ in rows]
    others = [np.column_stack((step_places(results, found[0]), found[1])) for found in bands if found is not None]
    for k, (title, found, (_, _, color, _)) in enumerate(zip(titles, bands, rows)):
        panel = figure.add_subplot(grid[k // columns, k % columns])
        panel.add_collection(matplotlib.collections.LineCollection(others, colors="#d5dad6", linewidths=0.6))
        if found is not None:
            draw_band(panel, results, found, color)
        step_axis(panel, results, letters=k + columns >= len(rows))
        panel.set_ylim(-0.03, 1.05)
        panel.tick_params(labelleft=k % columns == 0)
        panel.set_title(title, fontsize=6.5, pad=2)
        if k % columns == 0:
            panel.set_ylabel("test accuracy", fontsize=6.5)
        if k + columns >= len(rows):
            panel.set_xlabel("step")
    times = figure.add_axes((2.6 / width, 0.75 / height, 1 - 3.6 / width, below / height))
    _times(times, results, rows)
    return figure


def tuned(results, names, tune_from):
    """Of each intervention (its label without the number at the end) the label whose median time to generalization is
    shortest over the tuning seeds, fewest runs unsolved among equals, and its runs on the other seeds. Without tuning
    seeds, every label. Runs without a name are passed over."""
    seeds = results.runs["seed"].fillna(0).to_numpy(dtype=int) if "seed" in results.runs else np.zeros(len(names), dtype=int)
    tuning = seeds >= tune_from
    by_label = positions_by(names, [name is not None for name in names])
    if not tuning.any() or tuning.all():
        return [(name, positions) for name, positions in by_label.items()], False
    families = {}
    for name in by_label:
        families.setdefault(re.sub(r"\s+[-+.\deE]+$", "", name), []).append(name)
    chosen = []
    for family, labels in families.items():
        def rank(label):
            mine = [p for p in by_label[label] if tuning[p]]
            time, observed = _survival(results, mine)
            median = statistics.kaplan_meier(time, observed).median if len(time) else math.inf
            return (median, int((~observed).sum()) if len(time) else 0, labels.index(label))
        best = min(labels, key=rank)
        chosen.append((best, [p for p in by_label[best] if not tuning[p]]))
    return [(name, positions) for name, positions in chosen if positions], True


def _survival(results, positions):
    if not positions or "t_gen" not in results.runs:
        return np.array([]), np.array([], dtype=bool)
    runs, time, observed = statistics.onset_times(results, "t_gen", all=True)
    mine = np.isin(runs, results.runs.index[positions])
    return time[mine], observed[mine]


def paired_tests(results, rows):
    """name -> statistics.Arm of each group of `rows` against the one called baseline. Empty without a baseline."""
    names = [name for name, *_ in rows]
    if "baseline" not in names or len(names) < 2 or "t_gen" not in results.runs:
        return {}
    index, time, observed = statistics.onset_times(results, "t_gen", all=True)
    seeds = results.runs["seed"].fillna(0).astype(int)
    arms = {}
    for name, positions, *_ in rows:
        mine = np.isin(index, results.runs.index[positions])
        arms[name] = time[mine], observed[mine], seeds.loc[index[mine]].to_numpy()
    return {arm.name: arm for arm in statistics.compare_arms(arms, "baseline")}


def _row_height(names):
    """Inches; with p-values names have a line more."""
    return 0.36 if "baseline" in names else 0.24


def _p_text(arm):
    p = math.nan if arm is None else arm.paired_holm
    return "" if math.isnan(p) else "\np < 0.0001" if p < 1e-4 else "\np = %.2g" % p


def _p_note(tests):
    """What the p-values are, and what they can be: n pairs have 2^n signs."""
    seeds, arms = max((arm.pairs for arm in tests.values()), default=0), sum(not math.isnan(arm.paired) for arm in tests.values())
    if arms == 0:
        return ""
    least = "" if arms * 0.5**seeds <= 0.05 else "\n(%d groups and %d seeds: never below %.2g)" % (arms, seeds, min(1, arms * 0.5**seeds))
    return "\np: signed-rank test against baseline, seed by seed, after Holm" + least


def _times(panel, results, rows):
    """Time to generalization, a row for each group: single runs, median with interval, arrows where not reached; with
    the corrected p-value of each against the baseline."""
    ends = [t for _, positions, _, _ in rows for t in _survival(results, positions)[0]]
    edge = max(ends, default=1) * 1.25
    for y, (name, positions, color, marker) in enumerate(rows):
        time, observed = _survival(results, positions)
        panel.plot(time[observed], np.full(observed.sum(), y) + 0.16, marker, color=color, markersize=3, alpha=0.5, linestyle="")
        panel.plot(time[~observed], np.full((~observed).sum(), y) + 0.16, ">", color=color, markersize=3.5, markerfacecolor="none", linestyle="")
        interval = statistics.bootstrap_median(time, observed) if len(time) else None
        if interval is None or not math.isfinite(interval.lower):
            panel.text(1.02, y, "not reached" if len(time) else "no run ended", transform=panel.get_yaxis_transform(), va="center",
                       fontsize=6.5, color="#4d565f")
            continue
        open_ended = not math.isfinite(interval.upper)
        panel.plot([interval.lower, edge if open_ended else interval.upper], [y, y], ":" if open_ended else "-", color=color, linewidth=1.2)
        if math.isfinite(interval.estimate):
            panel.plot([interval.estimate], [y], marker, color=color, markersize=6)
    tests = paired_tests(results, rows)
    panel.set_yticks(range(len(rows)), [letters(name) + _p_text(tests.get(name)) for name, *_ in rows])
    panel.set_ylim(len(rows) - 0.5, -0.6)
    panel.set_xscale("log")
    low = min((t for _, positions, _, _ in rows for t in _survival(results, positions)[0]), default=edge / 10)
    panel.set_xlim(min(max(low, 1) / 1.25, edge / 4), edge)  # room for two ticks
    plain_steps(panel.xaxis)
    panel.grid(axis="x", which="both", color="#e6e9e5", linewidth=0.6)
    panel.set_axisbelow(True)
    panel.set_xlabel("steps to generalization" + _p_note(tests))


def fig9(results, tune_from=100, all=False):
    """Time to generalization under every intervention, a panel for each task and setting. Where the file has tuning seeds
    (from `tune_from` on), each intervention's weight is picked on those and shown on the others."""
    results = results.counted(all)
    names = interventions(results)
    ended = results.runs["status"].isin(statistics.ENDED).tolist()
    if not any(ended):
        raise FigureError("no run has ended")
    panels = positions_by(settings.names(results, [settings.task_names(results)], told=[names]), ended)
    found = {}
    for setting, positions in panels.items():
        inside = set(positions)
        rows, is_tuned = tuned(results, [name if p in inside else None for p, name in enumerate(names)], tune_from)
        found[setting] = rows, is_tuned
    columns = columns_of(len(found), 3)
    blocks = [list(found.items())[k:k + columns] for k in range(0, len(found), columns)]
    tall = [_row_height([name for _, (rows, _) in block for name, *_ in rows]) * max(len(rows) for _, (rows, _) in block) + 1.5 for block in blocks]
    figure, axes = plt.subplots(len(blocks), columns, figsize=(3.1 * columns + 1.6, sum(tall)), squeeze=False, gridspec_kw={"height_ratios": tall})
    for line, block in zip(axes, blocks):
        for panel, (setting, (rows, is_tuned)) in zip(line, block):
            _times(panel, results, [(name, positions, COLORS[k % 8], MARKERS[k % 8]) for k, (name, positions) in enumerate(rows)])
            panel.set_title(letters(setting, 40) + ("\nweights picked on seeds from %d on" % tune_from if is_tuned else ""))
        for panel in line[len(block):]:
            panel.set_visible(False)
    figure.tight_layout(w_pad=5)
    return figure


FIGURES = {"phase-diagram": phase_diagram, "fig6": fig6, "fig7": fig7, "fig7-end": fig7_end, "fig8": fig8, "fig9": fig9}


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="figures", description="Figures of a sweep's results as PDF and PNG, in the form "
                                     "of the paper's: " + "; ".join("%s: %s" % (n, f.__doc__.split(":")[0].split(".")[0].strip().lower()) for n, f in FIGURES.items()))
    command.add_results(parser)
    parser.add_argument("--figure", required=True, choices=[*FIGURES, "all"])
    parser.add_argument("-o", "--output", metavar="PREFIX", help="files are PREFIX-FIGURE.pdf and .png (default: the first results file without .h5)")
    parser.add_argument("--tune-from", type=int, default=100, metavar="SEED", help="fig9: seeds from this one on pick the weights (100)")
    return command.run(parser, arguments, draw)


def draw(options):
    prefix = options.output or os.path.splitext(options.results[0])[0]
    names = list(FIGURES) if options.figure == "all" else [options.figure]
    results = command.load(options)
    be_quiet()
    cannot = []
    with plt.rc_context(STYLE):
        for name in names:
            try:
                figure = FIGURES[name](results, all=options.all, **({"tune_from": options.tune_from} if name == "fig9" else {}))
            except FigureError as error:
                cannot.append("%s: %s" % (name, error))
                continue
            for path in save(figure, "%s-%s" % (prefix, name), options.results):
                print(words.visible(path))
    if len(cannot) == len(names):
        raise FigureError("; ".join(dict.fromkeys(cannot)))
    for reason in cannot:
        print("note: not drawn: %s" % words.visible(reason), file=sys.stderr)


def entry() -> int:
    """The command line of an installed package."""
    return command.guarded(main)
