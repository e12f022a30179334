"""How a claim is judged: outcomes of statements about one task each, by rules that stand here as data, and a verdict on all of
them. Nothing here knows of files."""

import dataclasses
import math

import numpy as np
import pages  # noqa: F401  (finds the package symsweep)
from symsweep import statistics

HOLDS, IN_PART, NOT_HERE, UNDECIDED = "holds", "holds in part", "does not hold here", "undecided"
SOONER, LATER, NO_DIFFERENCE, NEVER = "sooner", "later", "no difference shown", "never"

RULES = {
    "level": 0.05,  # of p-values, after Holm
    "share": 0.9,  # of runs that show an order of onsets, for it to hold on a task
    "error": 0.05,  # of a threshold on the seeds that did not calibrate it; and half of what guessing the commoner kind gets
    "correlation": 0.9,  # of distances or order with the embedding
    "top5": 0.75,  # of an embedding's power on five characters, for it to be a few circles
    "orders": 100,  # times sooner: two orders of magnitude
}
# Seeds that a statement about one task takes at least; the page names them wherever fewer than six decide.
SEEDS = {"order": 6, "threshold": 4, "sooner": 5, "geometry": 1, "mlp": 2, "scales": 2, "suppression": 3, "wrong": 3}


@dataclasses.dataclass(frozen=True)
class Outcome:
    """holds: True, False, or None = undecided for the reason given."""

    holds: object
    reason: str = ""


@dataclasses.dataclass(frozen=True)
class Verdict:
    word: str
    text: str

    def __str__(self):
        return "**%s**%s" % (self.word, self.text and ": " + self.text)


def verdict(outcomes, of="tasks"):
    """Of outcomes by task: holds where all that are decided do, in part where some do. Undecided tasks are named."""
    decided = {name: outcome.holds for name, outcome in outcomes.items() if outcome.holds is not None}
    open_ones = {}
    for name, outcome in outcomes.items():
        if outcome.holds is None:
            open_ones.setdefault(outcome.reason, []).append(name)
    told = ["%s: %s" % (", ".join(names), reason) for reason, names in open_ones.items()]
    if not decided:
        return Verdict(UNDECIDED, "; ".join(told) or "nothing trained")
    yes = [name for name, holds in decided.items() if holds]
    word = HOLDS if len(yes) == len(decided) else IN_PART if yes else NOT_HERE
    text = "%d of %d %s" % (len(yes), len(decided), of)
    if word == IN_PART:
        no = [name for name in decided if name not in yes]
        text += "; not %s" % ", ".join(no) if len(no) <= len(yes) else "; only %s" % ", ".join(yes)
    return Verdict(word, "; ".join([text] + ["undecided " + t for t in told]))


def shown(count, of, seeds=SEEDS["order"]):
    """An order of onsets that `count` of `of` runs show."""
    if of < seeds:
        return Outcome(None, "%d run%s" % (of, "" if of == 1 else "s"))
    return Outcome(count >= RULES["share"] * of)


# ---- interventions ----

@dataclasses.dataclass(frozen=True)
class Comparison:
    """An intervention against the baseline. word: SOONER, LATER, NO_DIFFERENCE, NEVER or UNDECIDED; p: after Holm, of the
    test named by `test`; pairs: seeds that both have."""

    name: str
    word: str
    p: float
    test: str
    ratio: statistics.Interval
    pairs: int
    reason: str = ""


def can_decide(pairs, arms):
    """Can the paired test of so many arms get below the level after Holm? n pairs have 2^n signs."""
    return arms * 0.5**pairs <= RULES["level"]


def compare(samples, names, base="baseline", seeds=SEEDS["sooner"]):
    """{name: Comparison} of the samples `names` against `base`; p-values are after Holm over these. Exact signed-rank test
    over seeds; where seeds are too few for it with so many interventions, the log-rank test, and only where every pair
    that tells an order tells the same. Where every pair does, and still nothing is significant: undecided, for want of
    seeds."""
    if base not in samples:
        return {name: _undecided(name, "no baseline") for name in names if name in samples}
    names = [name for name in names if name in samples]
    b = samples[base]
    raw = {}
    for name in names:
        a = samples[name]
        pairs = np.array(statistics.seed_pairs(a.seed.tolist(), b.seed.tolist()), dtype=int).reshape(-1, 2)
        mine, theirs = (a.time[pairs[:, 0]], a.observed[pairs[:, 0]]), (b.time[pairs[:, 1]], b.observed[pairs[:, 1]])
        unpaired = statistics.log_rank([*a.time, *b.time], [*a.observed, *b.observed], ["a"] * len(a) + ["b"] * len(b))
        raw[name] = (len(pairs), statistics.signed_rank(*mine, *theirs), statistics.signed_rank(*theirs, *mine), unpaired.p_value)
    adjusted = [statistics.holm([value(raw[name]) for name in names])
                for value in (lambda r: r[1].p_value, lambda r: r[2].p_value, lambda r: r[3])]
    return {name: _comparison(name, samples[name], b, raw[name], [p[k] for p in adjusted], len(names), seeds)
            for k, name in enumerate(names)}


def _undecided(name, reason, ratio=None, pairs=0):
    return Comparison(name, UNDECIDED, math.nan, "", ratio or statistics.Interval(math.nan, math.nan, math.nan), pairs, reason)


def _comparison(name, a, b, raw, adjusted, arms, seeds):
    pairs, forward, backward, _ = raw
    sooner, later, unpaired = adjusted
    ratio = statistics.bootstrap_ratio(a.time, a.observed, b.time, b.observed)
    if pairs < seeds:
        return _undecided(name, "%d seeds" % pairs, ratio, pairs)
    if a.reached == 0 and b.reached > 0 and later <= RULES["level"]:
        return Comparison(name, NEVER, later, "signed-rank", ratio, pairs)
    if can_decide(pairs, arms):
        if sooner <= RULES["level"]:
            return Comparison(name, SOONER, sooner, "signed-rank", ratio, pairs)
        if later <= RULES["level"]:
            return Comparison(name, LATER, later, "signed-rank", ratio, pairs)
        p = np.nanmin([sooner, later]) if not (math.isnan(sooner) and math.isnan(later)) else math.nan
        return Comparison(name, NO_DIFFERENCE, float(p), "signed-rank", ratio, pairs)
    same = [one_way(test) for test in (forward, backward)]
    if unpaired <= RULES["level"] and any(same):
        word = SOONER if same[0] else NEVER if a.reached == 0 else LATER
        return Comparison(name, word, unpaired, "log-rank", ratio, pairs)
    if any(same) and max(forward.pairs, backward.pairs) == pairs:
        return _undecided(name, "%d seeds are few for %d interventions" % (pairs, arms), ratio, pairs)
    return Comparison(name, NO_DIFFERENCE, unpaired, "log-rank", ratio, pairs)


def one_way(test):
    """Does every pair that tells an order tell the one that a signed-rank test asks for?"""
    return test.pairs > 0 and test.p_value <= 0.5**test.pairs * (1 + 1e-9)


def is_sooner(comparison):
    """The outcome of "sooner than the baseline"; None of `compare` = not trained."""
    if comparison is None:
        return Outcome(None, "not trained")
    if comparison.word == UNDECIDED:
        return Outcome(None, comparison.reason)
    return Outcome(comparison.word == SOONER)


def duel(a, b, seeds=SEEDS["sooner"]):
    """Is the first of two samples sooner, seed by seed?"""
    if a is None or b is None:
        return Outcome(None, "not trained")
    pairs = np.array(statistics.seed_pairs(a.seed.tolist(), b.seed.tolist()), dtype=int).reshape(-1, 2)
    if len(pairs) < seeds:
        return Outcome(None, "%d seeds" % len(pairs))
    x, y = pairs[:, 0], pairs[:, 1]
    test = statistics.signed_rank(a.time[x], a.observed[x], b.time[y], b.observed[y])
    return Outcome(bool(test.p_value <= RULES["level"]))  # NaN, where no pair tells an order, is no difference


def dependence(words):
    """Task-dependent: sooner on some tasks, later or never on others. `words`: task -> word of a Comparison."""
    decided = {task: word for task, word in words.items() if word not in (UNDECIDED, None)}
    good = [task for task, word in decided.items() if word == SOONER]
    bad = [task for task, word in decided.items() if word in (LATER, NEVER)]
    text = "sooner on %d, later on %d of %d tasks" % (len(good), len(bad), len(decided))
    if len(decided) < 2:
        return Verdict(UNDECIDED, "%d task%s compared" % (len(decided), "" if len(decided) == 1 else "s"))
    if good and bad:
        return Verdict(HOLDS, text)
    return Verdict(IN_PART if good or bad else NOT_HERE, text)


# ---- thresholds and geometry ----

def separates(test, solved, states, seeds):
    """A threshold that is right on seeds that did not calibrate it, better than calling all states what most of them are."""
    if seeds < SEEDS["threshold"]:
        return Outcome(None, "%d seeds" % seeds)
    if math.isnan(test.threshold):
        return Outcome(None, test.reason)
    guess = min(solved, states - solved) / states
    return Outcome(test.error_rate <= RULES["error"] and test.error_rate <= guess / 2)


def reaches(values, level, solved):
    """Does the median over solved runs of a measure between 0 and 1 reach a level?"""
    values = np.asarray(values, dtype=float)[np.asarray(solved, dtype=bool)]
    values = values[np.isfinite(values)]
    if len(values) < SEEDS["geometry"]:
        return Outcome(None, "no run generalized")
    return Outcome(bool(np.median(values) >= level))
