"""What the static figures share: colours, groups of runs, bands of curves, axes of steps, files."""

import io
import math
import textwrap
import warnings

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import matplotlib.ticker  # noqa: E402
import numpy as np  # noqa: E402

from . import command, output, statistics, words  # noqa: E402

# The page's colours; apart from each other for every kind of colour vision.
COLORS = ["#00409d", "#9d1a00", "#4b8557", "#b5458c", "#b78511", "#0d99e4", "#41454d", "#6f191a"]
MARKERS = ["o", "s", "^", "D", "P", "*", "v", "X"]
ONSETS = [("t_mem", "#b78511", "^"), ("t_sym", "#b5458c", "D"), ("t_gen", "#00409d", "o"), ("t_geo", "#4b8557", "s")]
STYLE = {
    "font.family": "sans-serif", "font.size": 8, "axes.titlesize": 8.5, "axes.titleweight": "bold", "axes.labelsize": 8,
    "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.7, "xtick.labelsize": 7,
    "ytick.labelsize": 7, "legend.fontsize": 7, "legend.frameon": False, "pdf.fonttype": 42, "savefig.dpi": 200,
}


class FigureError(command.Refusal):
    """The results do not hold what the figure shows; the message says what is missing."""


# ---- texts ----

def letters(text, width=48):
    """A text as it stands, in lines of some width: a name is no formula, whatever dollars are in it."""
    lines = textwrap.wrap(words.visible(text), width) or [""]
    return "\n".join(lines).replace("$", r"\$")


# ---- groups ----

def positions_by(names, among=None):
    """name -> positions, in order of appearance."""
    found = {}
    for position, name in enumerate(names):
        if among is None or among[position]:
            found.setdefault(name, []).append(position)
    return found


# ---- curves ----

def band(results, name, positions):
    """(steps, median, lower and upper quartile) over runs; a run that `stop` ended is carried on at its last value."""
    steps = results.curves["step"].values[positions]
    values = results.curves[name].values[positions].astype(float)
    grid = np.unique(steps[steps >= 0])
    rows = []
    for row, position in enumerate(positions):
        known = (steps[row] >= 0) & np.isfinite(values[row])
        if not known.any():
            continue
        stopped = "stopped_early" in results.runs and statistics.is_one(results.runs["stopped_early"].iloc[position])
        rows.append(np.interp(grid, steps[row][known], values[row][known], left=np.nan,
                              right=values[row][known][-1] if stopped else np.nan))
    if not rows:
        return None
    table = np.array(rows)
    kept = np.isfinite(table).any(axis=0)
    low, middle, high = np.nanpercentile(table[:, kept], [25, 50, 75], axis=0)
    return grid[kept], middle, low, high


def plot_band(axes, results, name, positions, color, style="-", label=None, width=1.3):
    if name not in results.curves:
        return False
    found = band(results, name, positions)
    if found is None:
        return False
    draw_band(axes, results, found, color, style, label, width)
    return True


def draw_band(axes, results, found, color, style="-", label=None, width=1.3):
    """What band() found."""
    steps, middle, low, high = found
    place = step_places(results, steps)
    axes.plot(place, middle, style, color=color, linewidth=width, label=label)
    axes.fill_between(place, low, high, color=color, alpha=0.15, linewidth=0)


def step_places(results, steps):
    """Where steps stand on a logarithmic axis (step_axis)."""
    return np.where(steps > 0, steps, first_step(results) / 2)


def first_step(results):
    """The first evaluation after step 0 of any run."""
    steps = results.curves["step"].values
    return steps[steps > 0].min() if (steps > 0).any() else 1


# ---- axes ----

def decades(panel, values):
    """A logarithmic axis of two decades at least, with letters at powers of ten only."""
    low, high = (values.min(), values.max()) if len(values) else (0.1, 10)
    widen = max(1.6, 10 / math.sqrt(high / low))
    panel.set_xlim(low / widen, high * widen)
    panel.xaxis.set_major_locator(matplotlib.ticker.LogLocator(numticks=5))
    panel.xaxis.set_minor_formatter(matplotlib.ticker.NullFormatter())


def plain_steps(axis):
    """Ticks as 500, 1k, 2k."""
    axis.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(plain_step)
    axis.set_minor_locator(matplotlib.ticker.NullLocator())


def plain_step(step, _=None):
    return "%gM" % (step / 1e6) if step >= 1e6 else "%gk" % (step / 1000) if step >= 1000 else "%g" % step


class _AfterBreak(matplotlib.ticker.LogLocator):
    """Powers of ten from the first evaluation on, or 1, 2, 5 of them where there are few, and the place of step 0."""

    def __init__(self, first, last):
        super().__init__(subs=(1,) if last > 50 * first else (1, 2, 5))
        self.first = first

    def tick_values(self, vmin, vmax):
        if vmax <= self.first:
            return np.array([self.first / 2])
        return np.array([self.first / 2, *(tick for tick in super().tick_values(self.first, vmax) if self.first <= tick <= vmax)])


def step_axis(panel, results, letters=True):
    """A logarithmic axis of steps, the same for every panel of a figure. Step 0 has no place on one: it stands half way
    below the first evaluation, behind a break."""
    steps, first = results.curves["step"].values, first_step(results)
    panel.set_xscale("log")
    panel.set_xlim(first / 2.4, max(steps.max(), first) * 1.1)
    panel.xaxis.set_major_locator(_AfterBreak(first, steps.max()))
    panel.xaxis.set_major_formatter(lambda step, _: "0" if step < first else plain_step(step))
    panel.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    panel.tick_params(labelbottom=letters)
    place, across = first / math.sqrt(2), panel.get_xaxis_transform()
    panel.plot([place / 1.12, place * 1.12], [0, 0], color="white", linewidth=2, transform=across, clip_on=False, zorder=3)
    for side in (1 / 1.12, 1.12):
        panel.plot([place * side / 1.06, place * side * 1.06], [-0.03, 0.03], color="#14181d", linewidth=0.7, transform=across,
                   clip_on=False, zorder=4)


# ---- files ----

def be_quiet():
    """Letters that the font lacks are boxes in the figure, names too long for it leave little room: no news."""
    for message in ("Glyph .* missing from current font", "Tight layout not applied"):
        warnings.filterwarnings("ignore", message=message)


def save(figure, stem, inputs):
    """Writes STEM.pdf and STEM.png, the same bytes from the same results, over none of `inputs`; their paths."""
    paths = []
    for kind in ("pdf", "png"):
        drawn = io.BytesIO()
        figure.savefig(drawn, format=kind, metadata={"CreationDate": None} if kind == "pdf" else None)
        paths.append("%s.%s" % (stem, kind))
        output.write(paths[-1], drawn.getvalue(), inputs)
    plt.close(figure)
    return paths


def need_curves(results, names):
    if len(results) == 0:
        raise FigureError("the file holds no runs")
    missing = [name for name in ["step"] + names if name not in results.curves]
    if missing:
        raise FigureError("the file has no curve %s" % ", ".join(missing))
