"""How a claim is judged: outcomes of statements about one task each, by rules that stand here as data, and a verdict on all of
them. Nothing here knows of files."""

import dataclasses
import math

import numpy as np
import pages  # noqa: F401  (finds the package symsweep)
from symsweep import statistics

HOLDS, IN_PART, NOT_HERE, UNDECIDED = "holds", "holds in part", "does not hold here", "undecided"
SOONER, LATER, NO_DIFFERENCE, NEVER = "sooner", "later", "no difference shown", "not reached"
ORDERED = (SOONER, LATER, NEVER)

RULES = {
    "level": 0.05,  # of p-values, after Holm
    "share": 0.9,  # of runs that show an order of onsets, for it to hold on a task
    "error": 0.05,  # of a threshold on the seeds that did not calibrate it; and half of what guessing the commoner kind gets
    "top5": 0.75,  # of an embedding's power on five characters, for it to be a few circles
    "fit": 0.9,  # R² of a coordinate's linear fit to the leading components, for an embedding to have the shape of a lattice
    "orders": 100,  # times sooner: two orders of magnitude
}
# Seeds that a statement about one task takes at least; the page names them wherever fewer than six decide.
SEEDS = {"order": 6, "threshold": 4, "sooner": 5, "geometry": 1, "mlp": 2, "scales": 2, "suppression": 3, "wrong": 3}


@dataclasses.dataclass(frozen=True)
class Outcome:
    """holds: True, False, or None = undecided; `reason` says why not."""

    holds: object
    reason: str = ""


@dataclasses.dataclass(frozen=True)
class Verdict:
    word: str
    text: str

    def __str__(self):
        return "**%s**%s" % (self.word, self.text and ": " + self.text)


def verdict(outcomes, of="task", planned=0):
    """Of outcomes by task: holds where all that are decided do, in part where some do. The other tasks are named, with
    the reasons that they have; `planned` is how many there should be."""
    decided = {name: outcome for name, outcome in outcomes.items() if outcome.holds is not None}
    if not decided:
        return Verdict(UNDECIDED, "; ".join(_by_reason(outcomes)) or "nothing trained")
    yes = [name for name, outcome in decided.items() if outcome.holds]
    word = HOLDS if len(yes) == len(decided) else IN_PART if yes else NOT_HERE
    told = ["%d of %s" % (len(yes), plural(len(decided), of))]
    no = {name: outcome for name, outcome in decided.items() if not outcome.holds}
    if word == IN_PART or any(outcome.reason for outcome in no.values()):
        told += ["not " + text for text in _by_reason(no)]
    told += ["undecided " + text for text in _by_reason({name: o for name, o in outcomes.items() if o.holds is None})]
    if len(outcomes) < planned:
        told.append("%d of the paper's %d not trained" % (planned - len(outcomes), planned))
    return Verdict(word, "; ".join(told))


def _by_reason(outcomes):
    """["task, task: reason"]"""
    found = {}
    for name, outcome in outcomes.items():
        found.setdefault(outcome.reason, []).append(name)
    return [", ".join(names) + (": " + reason if reason else "") for reason, names in found.items()]


def plural(count, noun):
    return "%d %s%s" % (count, noun, "" if count == 1 else "s")


def shown(count, of, seeds=SEEDS["order"]):
    """An order of onsets that `count` of `of` runs show."""
    if of < seeds:
        return Outcome(None, "%s got there" % plural(of, "run"))
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
    """Can the paired test of so many arms get below the level after Holm? n pairs that tell an order have 2^n signs."""
    return arms * 0.5**pairs <= RULES["level"]


def compare(samples, names, base="baseline", seeds=SEEDS["sooner"]):
    """{name: Comparison} of those of the samples `names` that there are against `base`, on the seeds that both have; p-values
    are after Holm over all of `names`, trained or not, so that no verdict depends on what is trained yet. Exact signed-rank
    test over seeds; where seeds are too few for it with so many interventions, the log-rank test, and only where every pair
    that tells an order tells the same. Where every pair does, and still nothing is significant: undecided, for want of
    seeds."""
    known = [name for name in names if name in samples]
    if base not in samples:
        return {name: _undecided(name, "no baseline") for name in known}
    shared = {name: samples[name].shared(samples[base]) for name in known}
    tests = {name: (signed(a, b), signed(b, a), _unpaired(a, b)) for name, (a, b) in shared.items()}
    adjusted = [_holm([found[k].p_value for found in tests.values()], len(names)) for k in range(3)]
    return {name: _comparison(name, *shared[name], tests[name], [p[k] for p in adjusted], len(names), seeds) for k, name in enumerate(known)}


def _unpaired(a, b):
    return statistics.log_rank([*a.time, *b.time], [*a.observed, *b.observed], ["a"] * len(a) + ["b"] * len(b))


def signed(a, b):
    """The signed-rank test that the first of two samples on the same seeds is sooner."""
    return statistics.signed_rank(a.time, a.observed, b.time, b.observed)


def _holm(p_values, count):
    """Over `count` tests: those that say nothing (NaN, which stays) or are not made count as p = 1."""
    found = np.ones(count)
    found[:len(p_values)] = np.where(np.isnan(p_values), 1.0, p_values)
    return np.where(np.isnan(p_values), math.nan, statistics.holm(found)[:len(p_values)])


def _undecided(name, reason, ratio=None, pairs=0):
    return Comparison(name, UNDECIDED, math.nan, "", ratio or statistics.Interval(math.nan, math.nan, math.nan), pairs, reason)


def _comparison(name, a, b, tests, adjusted, arms, seeds):
    forward, backward, _ = tests
    pairs, telling = len(a), max(forward.pairs, backward.pairs)
    sooner, later, unpaired = adjusted
    ratio = statistics.bootstrap_ratio(a.time, a.observed, b.time, b.observed)
    if pairs < seeds:
        return _undecided(name, plural(pairs, "seed"), ratio, pairs)
    if a.reached == b.reached == 0:
        return _undecided(name, "neither gets there", ratio, pairs)
    if a.reached == 0 and b.reached > 0 and later <= RULES["level"]:
        return Comparison(name, NEVER, later, "signed-rank", ratio, pairs)
    if can_decide(telling, arms):
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
    if any(same) and telling == pairs:
        return _undecided(name, "%d seeds are few for %d interventions" % (pairs, arms), ratio, pairs)
    return Comparison(name, NO_DIFFERENCE, unpaired, "log-rank", ratio, pairs, "pairs disagree" if unpaired <= RULES["level"] else "")


def one_way(test):
    """Does every pair that tells an order tell the one that a signed-rank test asks for?"""
    return test.pairs > 0 and test.p_value <= 0.5**test.pairs * (1 + 1e-9)


def is_sooner(comparison):
    """The outcome of "sooner than the baseline"; None of `compare` = not trained."""
    if comparison is None:
        return Outcome(None, "not trained")
    if comparison.word == UNDECIDED:
        return Outcome(None, comparison.reason)
    return Outcome(comparison.word == SOONER, "" if comparison.word == SOONER else comparison.word)


def duel(a, b, least=SEEDS["sooner"]):
    """Is the first of two samples sooner, seed by seed? Where `least` allows of fewer seeds than a test takes, it has to be
    with every one of them."""
    if a is None or b is None:
        return Outcome(None, "not trained")
    a, b = a.shared(b)
    if len(a) < least:
        return Outcome(None, plural(len(a), "seed"))
    if a.reached == b.reached == 0:
        return Outcome(None, "neither gets there")
    forward, backward = signed(a, b), signed(b, a)
    if len(a) < SEEDS["sooner"]:
        return Outcome(forward.pairs == len(a) and one_way(forward))
    if forward.p_value <= RULES["level"]:  # NaN, where no pair tells an order, is no difference
        return Outcome(True)
    return Outcome(False, LATER if backward.p_value <= RULES["level"] else NO_DIFFERENCE)


def sooner_than_all(a, others):
    """Is a sample sooner than each of some others, name -> Sample? It takes every single test, so none has to be adjusted."""
    duels = {name: duel(a, other) for name, other in others.items()}
    decided = {name: outcome for name, outcome in duels.items() if outcome.holds is not None}
    if a is None or not decided:
        return next(iter(duels.values()), Outcome(None, "not trained"))
    worse = [(name, outcome.reason) for name, outcome in decided.items() if not outcome.holds]
    if not worse:
        return Outcome(True)
    beaten = [name for name, reason in worse if reason == LATER]
    return Outcome(False, "%s sooner" % ", ".join(beaten) if beaten else "no difference shown to %s" % ", ".join(name for name, _ in worse))


def dependence(words):
    """Task-dependent: sooner on some tasks, later or never on others. `words`: task -> word of a Comparison."""
    decided = {task: word for task, word in words.items() if word not in (UNDECIDED, None)}
    good = [task for task, word in decided.items() if word == SOONER]
    bad = [task for task, word in decided.items() if word in (LATER, NEVER)]
    text = "sooner on %d, later on %d of %s" % (len(good), len(bad), plural(len(decided), "task"))
    if len(decided) < 2:
        return Verdict(UNDECIDED, "%s compared" % plural(len(decided), "task"))
    if good and bad:
        return Verdict(HOLDS, text)
    return Verdict(IN_PART if good or bad else NOT_HERE, text)


# ---- thresholds and geometry ----

def separates(test, solved, states, seeds):
    """A threshold that is right on seeds that did not calibrate it, better than calling all states what most of them are."""
    if seeds < SEEDS["threshold"]:
        return Outcome(None, plural(seeds, "seed"))
    if math.isnan(test.threshold):
        return Outcome(None, "never solved" if solved == 0 else test.reason)
    guess = min(solved, states - solved) / states
    return Outcome(test.error_rate <= RULES["error"] and test.error_rate <= guess / 2)


def reaches(values, level, solved):
    """Does the median over solved runs of a measure between 0 and 1 reach a level?"""
    values = np.asarray(values, dtype=float)[np.asarray(solved, dtype=bool)]
    values = values[np.isfinite(values)]
    if len(values) < SEEDS["geometry"]:
        return Outcome(None, "no run generalized")
    return Outcome(bool(np.median(values) >= level))
