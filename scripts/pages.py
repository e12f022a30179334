"""What the scripts have in common that make a page of docs/ from results files: training, tables, times that may not have
been reached, wrong answers that agree."""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "analysis"))

import numpy as np  # noqa: E402
from symsweep import statistics  # noqa: E402

NOTHING = "–"
PROGRAM = os.environ.get("SYMSWEEP_BINARY", TOP / "build" / "symsweep")
# Exit codes of symsweep: some run failed; stopped before its time limit, with work left.
FAILED, STOPPED = 1, 75


def train(sweep, results, *options, allowed=(0,)):
    """Trains a sweep on all cores, or what its results file lacks of it; the exit code, one of `allowed`."""
    ranks = (os.cpu_count() or 1) + 1
    command = [TOP / "scripts" / "launch", str(ranks), PROGRAM, "--quiet", *options, "--output", results, sweep]
    code = subprocess.run(command).returncode
    status = pathlib.Path("%s.status.json" % results)
    # mpirun says so of every job that it was told to stop; the job itself knows better.
    if code == FAILED and status.exists() and json.loads(status.read_text())["exit_code"] == STOPPED:
        code = STOPPED
    if code not in allowed:
        sys.exit("%s: %s ended with %d" % (pathlib.Path(sys.argv[0]).name, sweep.name, code))
    return code


# ---- text ----

def table(head, rows):
    """A table in Markdown."""
    lines = ["| %s |" % " | ".join(head), "|%s" % ("---|" * len(head))]
    return "\n".join(lines + ["| %s |" % " | ".join(row) for row in rows])


def fill(page, script, tables):
    """Writes tables between the marks that the page has for them."""
    text = page.read_text()
    for name, content in tables.items():
        begin, end = "<!-- %s: %s writes what follows -->" % (name, script), "<!-- end of %s -->" % name
        head, rest = text.split(begin)
        text = head + begin + "\n\n" + content + "\n\n" + end + rest.split(end)[1]
    page.write_text(text)


def spread(values, form="%g"):
    """Median (smallest–largest) of the finite ones."""
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    if not len(values):
        return NOTHING
    return "%s (%s–%s)" % tuple(form % x for x in (np.median(values), values.min(), values.max()))


# ---- times ----

def times_of(results, onset="t_gen"):
    """run -> (time, reached) of the runs that say something of it."""
    return {run: (t, o) for run, t, o in zip(*statistics.onset_times(results, onset))}


def survival(times, runs):
    """Arrays (time, reached) of those of the runs that are in `times`."""
    known = [times[run] for run in runs if run in times]
    return np.array([t for t, _ in known]), np.array([reached for _, reached in known], dtype=bool)


def median_text(time, observed):
    """Kaplan-Meier median; > the longest time where half did not get there."""
    median = statistics.kaplan_meier(time, observed).median
    return "%g" % median if np.isfinite(median) else "> %g" % time.max()


def median_cell(time, observed):
    return "%s (%d of %d)" % (median_text(time, observed), observed.sum(), len(observed))


def ratio_text(mine, base):
    """Ratio of the medians, of base over mine, with its bootstrap interval where there is one; a lower bound where base has
    no median."""
    ratio = statistics.bootstrap_ratio(*mine, *base)
    middle = statistics.kaplan_meier(*mine).median
    if not np.isfinite(middle):
        return NOTHING
    if not np.isfinite(ratio.estimate):
        return "≥ %.2g" % (base[0].max() / middle)
    if np.isnan(ratio.lower):
        return "%.2g" % ratio.estimate
    upper = "%.2g" % ratio.upper if np.isfinite(ratio.upper) else "∞"
    return "%.2g (%.2g–%s)" % (ratio.estimate, ratio.lower, upper)


# ---- consistent but wrong ----

@dataclasses.dataclass(frozen=True)
class Lead:
    """By how much agreement of wrong answers comes before generalization. A value for each run that generalized and has it:
    step, test accuracy at t_mem and there, steps before t_gen. runs: how many generalized."""

    step: np.ndarray
    at_memory: np.ndarray
    accuracy: np.ndarray
    before: np.ndarray
    runs: int


class Wrong:
    """Agreement of wrong answers beyond chance over training, a row for each run."""

    APART = 0.05  # agreement beyond chance that counts as such
    LEAST = 100  # tuples that a share is told of, for Lead
    LASTS = 3  # evaluations in a row, for Lead

    def __init__(self, results):
        self.step = results.curves["step"].values
        self.accuracy = results.curves["test_accuracy"].values
        self.t_gen = results.runs["t_gen"].to_numpy(float, na_value=np.nan)
        self.excess, self.tuples = {}, {}
        for family in results.families:
            agreement = family + "_agreement_wrong"
            if agreement in results.curves:
                self.excess[family] = results.curves[agreement].values - results.curves[family + "_agreement_chance"].values
                self.tuples[family] = results.curves[family + "_wrong_tuples"].values

    def knows(self, family):
        return family in self.excess and bool(np.isfinite(self.excess[family]).any())

    def lead(self, family, t_mem):
        """From the first of LASTS evaluations in a row, among those that measure it, from t_mem on, with agreement beyond
        chance over LEAST tuples or more: a Lead."""
        found = []
        for row in np.flatnonzero(np.isfinite(self.t_gen) & np.isfinite(t_mem)):
            at = np.flatnonzero((self.step[row] >= t_mem[row]) & np.isfinite(self.tuples[family][row]))
            beyond = (self.excess[family][row, at] > self.APART) & (self.tuples[family][row, at] >= self.LEAST)
            lasting = np.flatnonzero(np.convolve(beyond, np.ones(self.LASTS), "valid") == self.LASTS) if len(at) >= self.LASTS else []
            if len(lasting):
                first, memory = at[lasting[0]], np.flatnonzero(self.step[row] == t_mem[row])[0]
                found.append((self.step[row, first], self.accuracy[row, memory], self.accuracy[row, first], self.t_gen[row] - self.step[row, first]))
        return Lead(*np.array(found, dtype=float).reshape(-1, 4).T, int(np.isfinite(self.t_gen).sum()))

    def first(self, family):
        """Per run: the evaluation from which agreement is first beyond chance; -1 = never."""
        beyond = self.excess[family] > self.APART
        return np.where(beyond.any(axis=1), beyond.argmax(axis=1), -1)

    def row(self, family):
        """Its step, test accuracy there, steps before t_gen, runs: of the runs that generalized later or then."""
        at = self.first(family)
        rows = np.flatnonzero((at >= 0) & np.isfinite(self.t_gen))
        cells = [NOTHING] * 3
        if len(rows):
            steps = self.step[rows, at[rows]]
            cells = [spread(steps), "%.2f" % np.median(self.accuracy[rows, at[rows]]), spread(self.t_gen[rows] - steps)]
        return [*cells, "%d of %d" % (len(rows), len(at))]

    def middle(self):
        """(steps as long as all runs go on, {name: median over runs}), test accuracy first; of shares of LEAST tuples or more."""
        steps = self.step[0, :(self.step >= 0).all(axis=0).sum()]
        firm = {name: np.where(self.tuples[name] >= self.LEAST, values, np.nan) for name, values in self.excess.items()}
        return steps, {name: [np.median(column[np.isfinite(column)]) if np.isfinite(column).any() else np.nan
                              for column in values[:, :len(steps)].T]
                       for name, values in [("test accuracy", self.accuracy), *firm.items()]}
