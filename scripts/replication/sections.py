"""What the sections of docs/paper.md share: claims, the evidence as they look at it, cells of their tables."""

import dataclasses
import functools

import numpy as np
import pages
from pages import NOTHING
from symsweep import statistics

from . import pictures, plan, verdicts
from .verdicts import Verdict

OWN = {"modular": "consistency", "graph": "triangle", "comparison": "transitivity"}  # the paper's symmetry losses
PRIMARY = {"modular": (*plan.TIES, *plan.PRIORS), "graph": plan.GRAPH_ARMS, "comparison": plan.COMPARISON_ARMS}


@dataclasses.dataclass(frozen=True)
class Claim:
    """where in the paper, what it says, what came out here, the verdict."""

    where: str
    says: str
    here: str
    verdict: Verdict


@dataclasses.dataclass(frozen=True)
class Section:
    title: str
    text: str
    claims: tuple


class Page:
    """Evidence with what several sections look at."""

    def __init__(self, evidence, folder, queue):
        self.evidence, self.folder, self.queue = evidence, folder, queue
        self.groups = [group for group in evidence.main_groups() if group.counts]
        self.compared = {group: self.comparisons(group) for group in self.groups}

    @functools.cached_property
    def perfect(self):
        """As `compared`, by the first evaluation with every test answer right."""
        return {group: self.comparisons(group, "test_accuracy_first_1.0") for group in self.groups}

    def comparisons(self, group, onset="t_gen"):
        """intervention -> Comparison: one family of tests of the interventions that were chosen before, one of the others."""
        samples = self.evidence.arms(group, onset)
        first = PRIMARY.get(group.domain, ())
        rest = [name for name in samples if name not in first and name != "baseline"]
        return {**verdicts.compare(samples, first), **verdicts.compare(samples, rest)}

    def sample(self, group, name):
        return self.evidence.arms(group).get(name)

    def chosen(self, group):
        """intervention -> Sample of those that were chosen before."""
        samples = self.evidence.arms(group)
        return {name: samples[name] for name in PRIMARY[group.domain] if name in samples}

    def steps(self, group):
        """The steps that these are given."""
        return max(map(self.evidence.limits, self.chosen(group).values()), default=0)

    def picture(self, name, text, figure, marks=""):
        """The Markdown of a figure that is saved beside the page, what its marks mean below it; empty where there is none."""
        if not pictures.save(figure, self.folder / "pictures" / ("paper-%s.png" % name)):
            return ""
        return "![%s](pictures/paper-%s.png)\n\n%s" % (text, name, "*%s.* %s\n\n" % (text, marks) if marks else "")

    def by_arm(self, name, compared=None):
        """task -> Comparison (None: not trained) of the intervention that `name(group)` names."""
        return {g.title: (compared or self.compared)[g].get(name(g)) for g in self.groups if len(self.evidence.arms(g)) > 1}


def own(inputs):
    return lambda group: "%s %s" % (OWN.get(group.domain, "associativity"), inputs)


def middle(values):
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    return NOTHING if not len(values) else "%.3g" % np.median(values)


def reached(part, times):
    """Cell of the median of times, NaN where a run never got there."""
    observed = np.isfinite(times)
    return pages.median_cell(np.where(observed, times, column(part, "steps")), observed) if len(part) else NOTHING


def onset(part, name):
    """Cell of the median of an onset."""
    if name not in part.runs:
        return NOTHING
    _, time, observed = statistics.onset_times(part, name)
    return pages.median_cell(time, observed) if len(time) else NOTHING


def column(part, name):
    return part.runs[name].to_numpy(dtype=float, na_value=np.nan) if name in part.runs else np.full(len(part), np.nan)


def solved(part):
    return column(part, "final.test_accuracy") >= np.float32(0.99)


def with_baselines(page, domain=None):
    return [(g, part) for g in page.evidence.main_groups(domain) for part in [page.evidence.baselines(g)] if part is not None]
