"""Finite-size scaling of a sweep over sizes and train fractions: what finite_size and divergence find, as tables and as
one figure a setting."""

import argparse
import dataclasses
import math
import os
import sys

import matplotlib.ticker
import numpy as np

from . import command, divergence, drawing, finite_size, words
from .drawing import plt

REFUTED = 0.05  # p-value below which one critical fraction for all sizes is given up


@dataclasses.dataclass(frozen=True)
class Study:
    """One setting. `common` is the scaling with one r_c for all sizes, `drifting` with one that is a power of the size;
    `law` is None where t_gen cannot be fitted, for the reason given."""

    name: str
    ensemble: finite_size.Ensemble
    found: finite_size.Points
    times: divergence.Times
    common: finite_size.Scaling
    drifting: finite_size.Scaling
    law: divergence.Divergence
    reason: str

    @property
    def scaling(self):
        return self.drifting if self.common.p_value < REFUTED else self.common

    def collapse(self, scaling):
        return finite_size.collapse(self.found, scaling.scaled)


def studies(results, step=None, size="task.p", all=False):
    """A Study for each setting of the results."""
    times = divergence.by_setting(results, size, all=all)
    made = []
    for name, ensemble in finite_size.ensembles(results, step, size, all).items():
        if len(ensemble.order) == 0:
            raise command.Refusal("%s: no run was trained up to step %d" % (name, ensemble.step))
        found = finite_size.points(ensemble)
        law, reason = None, ""
        try:
            law = divergence.fit(times[name])
        except command.Refusal as error:
            reason = str(error)
        made.append(Study(name, ensemble, found, times[name], finite_size.scaling(found), finite_size.scaling(found, True), law, reason))
    return made


# ---- tables ----

def number(value, digits=3):
    if math.isnan(value):
        return "–"
    return ("−" if value < 0 else "") + ("∞" if math.isinf(value) else "%.*g" % (digits, abs(value)))


def shown(interval, digits=3):
    """Estimate and interval; a dash where there is no estimate."""
    if math.isnan(interval.estimate):
        return "–"
    return "%s (%s to %s)" % tuple(number(value, digits) for value in (interval.estimate, interval.lower, interval.upper))


def table(head, rows):
    return "\n".join(["| %s |" % " | ".join(row) for row in [head, ["---"] * len(head), *rows]])


def size_table(study):
    critical, peaks = finite_size.critical_fractions(study.found), finite_size.peaks(study.found)
    rows = []
    for size in study.found.sizes:
        of_law = shown(study.law.critical[size]) if study.law and size in study.law.critical else "–"
        rows.append([number(size, 6), "%d" % (study.ensemble.size == size).sum(), shown(critical[size]), shown(peaks[size][0]),
                     shown(peaks[size][1]), of_law])
    return table(["size", "runs", "r_c: half of the runs are ordered", "N Var(m) is largest at", "its height there",
                  "r_c of the law of t_gen"], rows)


def crossing_table(study):
    rows = [[" and ".join(number(size, 6) for size in c.sizes), shown(c.fraction), shown(c.binder)]
            for c in finite_size.crossings(study.found)]
    return table(["sizes", "Binder cumulants cross at", "value there"], rows)


def scaling_table(study):
    rows = []
    for name, fit in (("one r_c", study.common), ("r_c ~ L^−ω", study.drifting)):
        against = "%.3g on %d, p = %.2g" % (fit.deviance, fit.degrees, fit.p_value) if fit.degrees else "as many parameters"
        rows.append([name, shown(fit.critical), shown(fit.rate), shown(fit.nu), shown(fit.drift) if fit is study.drifting else "0",
                     against, number(study.collapse(fit).quality)])
    return table(["scaling", "r_c at L = %.3g" % study.common.reference, "1/ν", "ν", "ω", "deviance from a curve a size",
                  "collapse S"], rows)


def law_table(study):
    law = study.law
    if law is None:
        return "No law of t_gen: %s." % study.reason
    rows = [[shown(law.gamma), "%.2g" % law.sigma, "%d of %d" % (law.reached, law.runs),
             "%.3g on %d, p = %.2g" % (law.law, law.law_degrees, law.law_p),
             "%.3g on %d, p = %.2g" % (law.common, law.common_degrees, law.common_p) if law.common_degrees else "–",
             ", ".join(number(size, 6) for size in law.left_out) or "none"]]
    return table(["γ", "σ of log t_gen", "reached", "deviance from free medians", "deviance from a γ and σ a size",
                  "sizes left out"], rows)


def tables(study):
    """Markdown: sizes, crossings, scaling, the law of t_gen."""
    what = "" if study.name == "all runs" else "**%s.** " % words.visible(study.name)
    seeds = len(set(study.ensemble.seed.tolist()))
    about = "%sm at step %d, %d runs, %d seed%s." % (what, study.ensemble.step, len(study.ensemble.order), seeds, "" if seeds == 1 else "s")
    return "\n\n".join([about, size_table(study), crossing_table(study), scaling_table(study), law_table(study)])


# ---- figure ----

def draw(study):
    """Order parameter, susceptibility and Binder cumulant against the train fraction; the collapse; t_gen above r_c;
    critical fractions against the size."""
    figure, panels = plt.subplots(2, 3, figsize=(9.6, 5.6))
    _series(panels[0, 0], study, "mean", "order parameter m")
    _series(panels[0, 1], study, "susceptibility", "N Var(m)")
    _series(panels[0, 2], study, "binder", "Binder cumulant")
    _curves(panels[0, 0], study)
    _crossings(panels[0, 2], study)
    _collapse(panels[1, 0], study)
    _law(panels[1, 1], study)
    _critical(panels[1, 2], study)
    figure.tight_layout(rect=(0, 0.05, 1, 1 if study.name == "all runs" else 0.95))
    handles = [plt.Line2D([], [], color=color, marker=marker, markersize=4, label=number(size, 6)) for size, color, marker in _styles(study)]
    figure.legend(handles=handles, loc="lower center", ncol=min(len(handles), 10))
    if study.name != "all runs":
        figure.suptitle(drawing.letters(study.name, 110), fontsize=8.5)
    return figure


def _styles(study):
    return [(size, drawing.COLORS[k % 8], drawing.MARKERS[k % 8]) for k, size in enumerate(study.found.sizes)]


def _bars(panel, x, intervals, color, marker, style="-", label=None):
    """Estimates with their intervals; no bar where a bound is not finite."""
    y = np.array([i.estimate for i in intervals])
    bars = np.abs([[i.estimate - i.lower if i.lower <= i.estimate else 0 for i in intervals],
                   [i.upper - i.estimate if i.upper >= i.estimate else 0 for i in intervals]])
    known = np.isfinite(y)
    panel.errorbar(np.asarray(x)[known], y[known], np.where(np.isfinite(bars), bars, 0)[:, known], fmt=marker + style, color=color,
                   markersize=3.5, linewidth=0.8, elinewidth=0.6, label=label)


def _series(panel, study, name, title):
    found = study.found
    for size, color, marker in _styles(study):
        rows = np.flatnonzero(found.size == size)
        _bars(panel, found.fraction[rows], [found.interval(name, row) for row in rows], color, marker, "" if name == "mean" else "-")
    panel.set_title(title)
    panel.set_xlabel("train fraction r")


def _curves(panel, study):
    x = np.linspace(study.found.fraction.min(), study.found.fraction.max(), 200)
    if math.isfinite(study.scaling.rate.estimate):
        for size, color, _ in _styles(study):
            panel.plot(x, study.scaling.probability(size, x), color=color, linewidth=0.8, alpha=0.6)


def _bounded(study):
    """Crossings whose place the seeds bound."""
    return [c for c in finite_size.crossings(study.found) if math.isfinite(c.fraction.upper - c.fraction.lower)]


def _crossings(panel, study):
    for c in _bounded(study):
        panel.plot([c.fraction.estimate], [c.binder.estimate], "x", color="#14181d", markersize=6)
    values = study.found.binder[0][np.isfinite(study.found.binder[0])]
    panel.set_ylim(max(values.min(), -3) - 0.15 if len(values) else -3, 0.8)
    panel.axhline(2 / 3, color="#858d96", linewidth=0.6, linestyle=":")


def _collapse(panel, study):
    scaling = study.scaling
    found = study.collapse(scaling)
    if not math.isfinite(scaling.rate.estimate):
        _say(panel, "transitions sharper than the spacing of fractions:\nν is not known")
    else:
        for size, color, marker in _styles(study):
            mine = found.size == size
            panel.errorbar(found.x[mine], found.y[mine], found.error[mine], fmt=marker, color=color, markersize=3.5, elinewidth=0.6)
    drift = "" if scaling is study.common else ", ω = " + number(scaling.drift.estimate, 2)
    panel.set_title("ν = %s%s: S = %s" % (number(scaling.nu.estimate, 2), drift, number(found.quality, 2)))
    panel.set_xlabel("(r − r$_c$) (L / L$_0$)$^{1/ν}$")
    panel.set_ylabel("m")


def _law(panel, study):
    law, times = study.law, study.times
    panel.set_xlabel("r − r$_c$")
    panel.set_ylabel("steps to generalization")
    if law is None:
        _say(panel, study.reason)
        return
    for size, color, marker in _styles(study):
        if size not in law.critical:
            continue
        x = times.fraction - law.critical[size].estimate
        mine = (times.size == size) & (x > 0)
        panel.plot(x[mine & times.observed], times.upper[mine & times.observed], marker, color=color, markersize=2.5, alpha=0.5)
        panel.plot(x[mine & ~times.observed], times.lower[mine & ~times.observed], "^", color=color, markersize=3.5, markerfacecolor="none")
        line = np.geomspace(x[mine].min(), x[mine].max(), 100)
        panel.plot(line, law.median(size, line + law.critical[size].estimate), color=color, linewidth=0.9)
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.xaxis.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 2, 5)))
    panel.xaxis.set_major_formatter(lambda distance, _: "%g" % distance)
    panel.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    top = max(times.lower.max(), times.upper[times.observed].max())
    panel.set_ylim(times.upper[times.observed].min() / 1.5, top * 1.5)
    drawing.plain_steps(panel.yaxis)
    panel.set_title("γ = %s" % shown(law.gamma, 2))


def _critical(panel, study):
    critical, sizes = finite_size.critical_fractions(study.found), study.found.sizes
    apart = 0.02 * (sizes.max() - sizes.min())
    _bars(panel, sizes, [critical[size] for size in sizes], drawing.COLORS[0], "o", "", "half of the runs")
    pairs = _bounded(study)
    _bars(panel, [math.sqrt(a * b) for a, b in (c.sizes for c in pairs)], [c.fraction for c in pairs], drawing.COLORS[1], "x", "", "Binder crossing")
    if study.law is not None:
        _bars(panel, [size + apart for size in study.law.critical], list(study.law.critical.values()), drawing.COLORS[2], "s", "", "law of t_gen")
    line = np.linspace(sizes.min(), sizes.max(), 100)
    fit = study.scaling
    panel.plot(line, fit.critical.estimate * (line / fit.reference) ** -fit.drift.estimate, color="#858d96", linewidth=0.8)
    panel.xaxis.set_major_locator(matplotlib.ticker.FixedLocator(sizes))
    panel.xaxis.set_major_formatter(lambda size, _: number(size, 6))
    panel.set_title("critical fraction r$_c$")
    panel.set_xlabel("size L")
    panel.margins(y=0.35)
    panel.legend()


def _say(panel, text):
    panel.text(0.5, 0.5, drawing.letters(text, 36), transform=panel.transAxes, ha="center", va="center", fontsize=6.5, color="#4d565f")


# ---- command ----

def main(arguments=None):
    parser = argparse.ArgumentParser(prog="scaling", description="Finite-size scaling of a sweep over sizes, train "
                                     "fractions and seeds: tables in Markdown on stdout, a figure a setting as PDF and PNG. "
                                     "docs/phase-transitions.md says what they are.")
    command.add_results(parser)
    parser.add_argument("-o", "--output", metavar="PREFIX", help="figures are PREFIX-scaling.pdf and .png, further settings "
                        "PREFIX-scaling-2 and so on (default: the first results file without .h5)")
    parser.add_argument("--size", default="task.p", metavar="KEY", help="the key that is the size (task.p)")
    parser.add_argument("--step", type=int, metavar="S", help="the step at which m is taken (the fewest steps a run was given)")
    return command.run(parser, arguments, tell)


def tell(options):
    prefix = options.output or os.path.splitext(options.results[0])[0]
    drawing.be_quiet()
    with plt.rc_context(drawing.STYLE):
        for k, study in enumerate(studies(command.load(options), options.step, options.size, options.all)):
            print(("\n" if k else "") + tables(study))
            for path in drawing.save(draw(study), "%s-scaling%s" % (prefix, "-%d" % (k + 1) if k else ""), options.results):
                print(words.visible(path), file=sys.stderr)


def entry() -> int:
    """The command line of an installed package."""
    return command.guarded(main)
