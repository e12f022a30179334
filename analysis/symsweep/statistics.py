"""Statistics of onsets that may not have been reached, and of the violation that separates solved runs from unsolved.

A run that has not generalized when it ends is censored: it says that the time is longer than the run, and no more.
Nothing here turns that into a number; a median that is not reached is infinite. The page of `report` computes the same
in page/statistics.js, bit for bit the same resamples; tests hold the two against each other."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from .facts import ENDED

if TYPE_CHECKING:
    from .results import Results

Values = Any  # whatever numpy.asarray makes an array of

CONFIDENCE = 0.95
RESAMPLES = 2000


# ---- survival ----

@dataclasses.dataclass(frozen=True)
class KaplanMeier:
    """Product-limit estimate. One entry for each distinct time at which something was reached.

    survival  share that has not reached it after that time; 1 before the first
    lower, upper  pointwise interval on the log(-log) scale with Greenwood's variance (Kalbfleisch and Prentice);
                  NaN where survival is 0"""

    times: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    survival: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    count: int
    reached: int

    def quantile(self, q: float) -> float:
        """Time by which a share q has reached it: where survival falls to 1 - q or below. Where it equals 1 - q over a
        stretch, the middle of the stretch, as for a median of uncensored numbers; infinite when the stretch is open."""
        return float(_quantiles(self.times, self.survival[None, :], q)[0])

    @property
    def median(self) -> float:
        return self.quantile(0.5)


def _arrays(time: Values, observed: Values) -> tuple[np.ndarray, np.ndarray]:
    time, observed = np.asarray(time, dtype=float), np.asarray(observed, dtype=bool)
    if time.shape != observed.shape or time.ndim != 1:
        raise ValueError("time and observed: one value each for every run")
    if np.isnan(time).any():
        raise ValueError("a time is missing")
    return time, observed


def kaplan_meier(time: Values, observed: Values, confidence: float = CONFIDENCE) -> KaplanMeier:
    """Survival of runs with the time of the event where `observed`, else the time up to which it had not come. At equal
    times events come before censorings."""
    time, observed = _arrays(time, observed)
    times = np.unique(time[observed])
    at_risk = np.array([(time >= t).sum() for t in times])
    events = np.array([((time == t) & observed).sum() for t in times])
    survival = np.cumprod(1 - events / at_risk) if len(times) else np.array([])
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(np.cumsum(events / (at_risk * (at_risk - events)))) / np.abs(np.log(survival))
        z = stats.norm.ppf(0.5 + confidence / 2)
        lower, upper = survival ** np.exp(z * spread), survival ** np.exp(-z * spread)
    return KaplanMeier(times, at_risk, events, survival, lower, upper, len(time), int(observed.sum()))


def _quantiles(times: np.ndarray, survival: np.ndarray, q: float) -> np.ndarray:
    """Quantile of each row of survival [S, T] over times [T]; infinite where not reached."""
    target, near = 1 - q, 1e-9
    padded = np.concatenate([survival, np.full((len(survival), 1), -1.0)], axis=1)
    later = np.concatenate([np.asarray(times, dtype=float), [np.inf]])
    first = (padded <= target + near).argmax(axis=1)
    rows = np.arange(len(survival))
    flat = np.abs(padded[rows, first] - target) <= near
    # The first time after which survival lies below the target; it ends the flat stretch.
    end = later[(padded < target - near).argmax(axis=1)]
    return np.where(flat, (later[first] + end) / 2, later[first])


@dataclasses.dataclass(frozen=True)
class LogRank:
    statistic: float
    degrees: int
    p_value: float
    groups: list
    observed: np.ndarray
    expected: np.ndarray


def log_rank(time: Values, observed: Values, group: Values) -> LogRank:
    """Log-rank (Mantel-Cox) test that all groups have one distribution of times. NaN for fewer than two groups or when
    nothing was reached."""
    time, observed = _arrays(time, observed)
    names, member = np.unique(np.asarray(group, dtype=object).astype(str), return_inverse=True)
    k = len(names)
    seen, expected, variance = np.zeros(k), np.zeros(k), np.zeros((k, k))
    for t in np.unique(time[observed]):
        at_risk = np.bincount(member[time >= t], minlength=k).astype(float)
        events = np.bincount(member[(time == t) & observed], minlength=k).astype(float)
        n, d = at_risk.sum(), events.sum()
        share = at_risk / n
        seen += events
        expected += d * share
        if n > 1:
            variance += d * (n - d) / (n - 1) * (np.diag(share) - np.outer(share, share))
    difference = (seen - expected)[:-1]
    degrees = int(np.linalg.matrix_rank(variance)) if k > 1 else 0
    if degrees == 0:
        return LogRank(math.nan, 0, math.nan, list(names), seen, expected)
    statistic = float(difference @ np.linalg.pinv(variance[:-1, :-1]) @ difference)
    return LogRank(statistic, degrees, float(stats.chi2.sf(statistic, degrees)), list(names), seen, expected)


def holm(p_values: Values) -> np.ndarray:
    """P-values adjusted for their number (Holm 1979); NaN stays NaN and does not count."""
    p = np.asarray(p_values, dtype=float)
    adjusted, last = np.full(p.shape, np.nan), 0.0
    order = [i for i in np.argsort(p, kind="stable") if not np.isnan(p[i])]
    for rank, i in enumerate(order):
        last = max(last, min(1.0, (len(order) - rank) * p[i]))
        adjusted[i] = last
    return adjusted


# ---- pairs ----

@dataclasses.dataclass(frozen=True)
class SignedRank:
    """statistic: sum of the ranks of the pairs that speak for the hypothesis; pairs: how many told an order."""

    statistic: float
    p_value: float
    pairs: int


MOST_EXACT = 400  # pairs


def signed_rank(time: Values, observed: Values, time_of: Values, observed_of: Values) -> SignedRank:
    """Exact one-sided Wilcoxon signed-rank test that the first of each pair is sooner: a setting and its baseline, seed
    by seed. A pair of which one was not reached has the order that is known and the smallest difference it can have; a
    pair whose order is not known, or without a difference, is left out. The smallest p-value of n pairs is 2^-n. NaN
    when no pair is left.

    The distribution is that of all 2^n signs of the ranks, ties sharing the mean of theirs (Wilcoxon 1945); of
    more than MOST_EXACT pairs it is the normal one of the same mean and variance, half a rank nearer the mean."""
    time, observed = _arrays(time, observed)
    time_of, observed_of = _arrays(time_of, observed_of)
    if len(time) != len(time_of):
        raise ValueError("pairs: as many of one as of the other")
    gain = time_of - time
    known = (observed & observed_of) | (observed & (gain > 0)) | (observed_of & (gain < 0))
    gain = gain[known & (gain != 0)]
    if len(gain) == 0:
        return SignedRank(math.nan, math.nan, 0)
    halves_of_ranks = np.rint(2 * stats.rankdata(np.abs(gain))).astype(int)
    reached = int(halves_of_ranks[gain > 0].sum())
    if len(gain) > MOST_EXACT:
        deviation = math.sqrt(float((halves_of_ranks ** 2).sum())) / 2
        tail = math.erfc((reached - 1 - halves_of_ranks.sum() / 2) / deviation / math.sqrt(2)) / 2
        return SignedRank(reached / 2, tail, len(gain))
    ways = np.zeros(halves_of_ranks.sum() + 1)
    ways[0] = 1
    for rank in halves_of_ranks:
        ways[rank:] = ways[rank:] + ways[:-rank]
    return SignedRank(reached / 2, float(ways[reached:].sum() / ways.sum()), len(gain))


@dataclasses.dataclass(frozen=True)
class Arm:
    """One of several groups against a baseline. p-values are NaN where there is nothing to test; `paired` is the exact
    signed-rank test, seed by seed, `log_rank` that of unpaired runs; the others are adjusted for the number of arms."""

    name: str
    count: int
    reached: int
    median: "Interval"
    ratio: "Interval"
    pairs: int
    paired: float
    paired_holm: float
    log_rank: float
    log_rank_holm: float


def seed_pairs(seed: Sequence[Any], seed_of: Sequence[Any]) -> list[tuple[int, int]]:
    """Positions of the runs of each seed in two groups, [(first, second)]; none where a seed comes twice in one, since
    it is not known then which belong together."""
    first, second = ({s: i for i, s in enumerate(seeds)} for seeds in (seed, seed_of))
    if len(first) < len(seed) or len(second) < len(seed_of):
        return []
    return [(i, second[s]) for s, i in first.items() if s in second]


def compare_arms(arms: Mapping[str, tuple[Values, Values, Values]], baseline: str) -> list[Arm]:
    """Each group of `arms`, name -> (time, observed, seed), against the one that `baseline` names: a list of Arm. Is it
    sooner? Both tests are adjusted after Holm for the number of arms."""
    time_of, observed_of, seed_of = (np.asarray(x) for x in arms[baseline])
    found = []
    for name, arm in arms.items():
        if name == baseline:
            continue
        time, observed, seed = (np.asarray(x) for x in arm)
        pairs = np.array(seed_pairs(seed.tolist(), seed_of.tolist()), dtype=int).reshape(-1, 2)
        a, b = pairs[:, 0], pairs[:, 1]
        paired = signed_rank(time[a], observed[a], time_of[b], observed_of[b])
        unpaired = log_rank([*time, *time_of], [*observed, *observed_of], ["arm"] * len(time) + ["baseline"] * len(time_of))
        found.append(Arm(name, len(time), int(observed.sum()), bootstrap_median(time, observed),
                         bootstrap_ratio(time, observed, time_of, observed_of), paired.pairs, paired.p_value, math.nan,
                         unpaired.p_value, math.nan))
    adjusted = zip(found, holm([arm.paired for arm in found]), holm([arm.log_rank for arm in found]))
    return [dataclasses.replace(arm, paired_holm=float(p), log_rank_holm=float(q)) for arm, p, q in adjusted]


# ---- resampling ----

def uniform32(index: Values, seed: int = 0) -> np.ndarray:
    """Counter-based 32-bit random numbers (mulberry32 at position `index`): the same in Python and in the page."""
    with np.errstate(over="ignore"):
        t = np.uint32(seed) + (np.asarray(index, dtype=np.uint32) + np.uint32(1)) * np.uint32(0x6D2B79F5)
        t = (t ^ (t >> np.uint32(15))) * (t | np.uint32(1))
        t = t ^ (t + (t ^ (t >> np.uint32(7))) * (t | np.uint32(61)))
    return t ^ (t >> np.uint32(14))


def resample(count: int, samples: int, seed: int = 0) -> np.ndarray:
    """Bootstrap: [samples, count] positions below count."""
    drawn = uniform32(np.arange(samples * count, dtype=np.uint64).astype(np.uint32), seed).astype(np.float64)
    return np.floor(drawn / 2.0**32 * count).astype(int).reshape(samples, count)


@dataclasses.dataclass(frozen=True)
class Interval:
    estimate: float
    lower: float
    upper: float


def _median_of_samples(time: np.ndarray, observed: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Kaplan-Meier median of each bootstrap sample."""
    times = np.unique(time[observed])
    if len(times) == 0:
        return np.full(len(drawn), np.inf)
    weights = np.zeros(drawn.shape)
    np.add.at(weights, (np.arange(len(drawn))[:, None], drawn), 1)
    at_risk = weights @ (time[:, None] >= times)
    events = weights @ ((time[:, None] == times) & observed[:, None])
    with np.errstate(divide="ignore", invalid="ignore"):
        factors = np.where(at_risk > 0, 1 - events / at_risk, 1.0)
    return _quantiles(times, np.cumprod(factors, axis=1), 0.5)


def percentiles(values: np.ndarray, confidence: float) -> tuple[float, float]:
    """Bounds as order statistics, which needs no arithmetic with infinite ones."""
    ordered = np.sort(values)
    tail = (1 - confidence) / 2
    n = len(ordered)
    low, high = max(math.ceil(tail * n), 1), max(math.ceil((1 - tail) * n), 1)
    return float(ordered[low - 1]), float(ordered[high - 1])


def bootstrap_median(time: Values, observed: Values, confidence: float = CONFIDENCE, samples: int = RESAMPLES, seed: int = 0) -> Interval:
    """Kaplan-Meier median with its percentile bootstrap interval over runs. Infinite: not reached.

    Of n uncensored runs the interval can be no wider than their range, which holds the median with probability
    1 - 2^(1-n): 75 % for three seeds, 94 % for five."""
    time, observed = _arrays(time, observed)
    if len(time) == 0:
        return Interval(math.nan, math.nan, math.nan)
    medians = _median_of_samples(time, observed, resample(len(time), samples, seed))
    return Interval(kaplan_meier(time, observed).median, *percentiles(medians, confidence))


def bootstrap_ratio(time: Values, observed: Values, time_of: Values, observed_of: Values, confidence: float = CONFIDENCE, samples: int = RESAMPLES, seed: int = 0) -> Interval:
    """Ratio of two medians, reference over group (above 1: the group is faster), with its bootstrap interval; both are
    resampled. NaN where neither median is reached, infinite or 0 where one is not."""
    time, observed = _arrays(time, observed)
    time_of, observed_of = _arrays(time_of, observed_of)
    if len(time) == 0 or len(time_of) == 0:
        return Interval(math.nan, math.nan, math.nan)
    group = _median_of_samples(time, observed, resample(len(time), samples, seed))
    reference = _median_of_samples(time_of, observed_of, resample(len(time_of), samples, seed + 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = reference / group
        estimate = np.float64(kaplan_meier(time_of, observed_of).median) / kaplan_meier(time, observed).median
    if np.isnan(ratios).any():  # both not reached in some sample: nothing bounds the ratio
        return Interval(float(estimate), math.nan, math.nan)
    return Interval(float(estimate), *percentiles(ratios, confidence))


def median_bounds(lower: Values, upper: Values) -> tuple[float, float]:
    """Bounds of the median of values known only to lie within [lower, upper] (infinite where open): the medians of the
    lower and of the upper ends. Nothing is assumed of where inside the values lie."""
    return _plain_median(lower), _plain_median(upper)


def _plain_median(values: Any) -> float:
    ordered = np.sort(np.asarray(values, dtype=float))
    n = len(ordered)
    if n == 0:
        return math.nan
    a, b = ordered[(n - 1) // 2], ordered[n // 2]
    return float(a) if a == b else float((a + b) / 2)


# ---- the threshold ----

@dataclasses.dataclass(frozen=True)
class ThresholdTest:
    """`threshold` from the calibration half of the seeds, and how often it is wrong on each half. NaN when the half
    holds runs of one kind only; `reason` says so."""

    threshold: float
    calibration: tuple  # (wrong, runs)
    test: tuple  # (wrong, runs)
    error_rate: float
    lower: float
    upper: float
    reason: str


def halves(seeds: Values) -> np.ndarray:
    """True where the run belongs to the calibration half: every other seed in ascending order. Runs of one seed stay
    together, since they share initialization and split."""
    seeds = np.asarray(seeds)
    known = {seed: i for i, seed in enumerate(sorted(set(seeds.tolist())))}
    return np.array([known[seed] % 2 == 0 for seed in seeds.tolist()], dtype=bool)


def best_threshold(value: Values, solved: Values) -> float:
    """The threshold that gets fewest runs wrong when a run at or below it is taken for solved; the geometric middle of
    the gap between neighbouring values, the lowest of equals. NaN when all runs are of one kind."""
    value, solved = np.asarray(value, dtype=float), np.asarray(solved, dtype=bool)
    if len(value) == 0 or solved.all() or not solved.any():
        return math.nan
    order = np.argsort(value, kind="stable")
    v, s = value[order], solved[order]
    # Cut after the i lowest values (i = 1..n-1), where the next value differs.
    wrong = np.cumsum(~s)[:-1] + (s.sum() - np.cumsum(s)[:-1])
    cuts = np.nonzero(v[1:] > v[:-1])[0]
    if len(cuts) == 0:
        return math.nan
    i = cuts[np.argmin(wrong[cuts])]
    low, high = v[i], v[i + 1]
    return float(math.sqrt(low * high)) if low > 0 else float(high / 2)


def wilson(wrong: int, count: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Interval of a proportion (Wilson 1927)."""
    if count == 0:
        return math.nan, math.nan
    z = stats.norm.ppf(0.5 + confidence / 2)
    p = wrong / count
    centre, spread = p + z * z / (2 * count), z * math.sqrt(p * (1 - p) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    # At the ends the formula gives exactly 0 and 1; rounding would not.
    return (0.0 if wrong == 0 else max(0.0, (centre - spread) / scale),
            1.0 if wrong == count else min(1.0, (centre + spread) / scale))


def separate(value: Values, solved: Values, seed: Values, of: str = "run") -> ThresholdTest:
    """Calibrates the threshold on half of the seeds and tests it on the other half. Runs (or what else `of` names)
    without a value do not count."""
    value, solved, seed = np.asarray(value, dtype=float), np.asarray(solved, dtype=bool), np.asarray(seed)
    known = np.isfinite(value)
    value, solved, seed = value[known], solved[known], seed[known]
    calibrate = halves(seed)
    threshold = best_threshold(value[calibrate], solved[calibrate])

    def wrong(mask: Any) -> tuple[int, int]:
        return int(((value[mask] <= threshold) != solved[mask]).sum()), int(mask.sum())

    reason = ""
    if len(value) == 0:
        reason = "no %s has a value" % of
    elif len(set(seed.tolist())) < 2:
        reason = "one seed only: there is no half to test on"
    elif math.isnan(threshold):
        kinds = "solved" if solved[calibrate].all() else "unsolved" if not solved[calibrate].any() else "alike"
        reason = "all %ss of the calibration half are %s: nothing to separate" % (of, kinds)
    if reason:
        nan = math.nan
        return ThresholdTest(nan, (0, int(calibrate.sum())), (0, int((~calibrate).sum())), nan, nan, nan, reason)
    test = wrong(~calibrate)
    return ThresholdTest(threshold, wrong(calibrate), test, test[0] / test[1], *wilson(*test), "")


def separate_states(value: Values, solved: Values, seed: Values) -> ThresholdTest:
    """The same of states of runs, many of which share a run and a seed: the interval is that of the error rate over
    the seeds of the test half, drawn with replacement."""
    value, solved, seed = np.asarray(value, dtype=float), np.asarray(solved, dtype=bool), np.asarray(seed)
    test = separate(value, solved, seed, of="state")
    if test.reason:
        return test
    known = np.isfinite(value)
    tested = ~halves(seed[known])
    wrong = ((value <= test.threshold) != solved)[known][tested]
    members = np.unique(seed[known][tested], return_inverse=True)[1]
    drawn = resample(members.max() + 1, RESAMPLES)
    wrong, count = np.bincount(members, weights=wrong)[drawn].sum(axis=1), np.bincount(members)[drawn].sum(axis=1)
    lower, upper = percentiles(wrong / count, CONFIDENCE)
    return dataclasses.replace(test, lower=lower, upper=upper)


# ---- onsets of results ----

def is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value != value


def is_one(value: Any) -> bool:
    """Is a flag set? What is missing is not."""
    return not is_missing(value) and bool(value == 1)


def _is_untold(onset: str, row: Any) -> bool:
    """A final dimension is known of a complete run only: without one t_geo says nothing."""
    return onset.startswith("t_geo") and (is_one(row.get("stopped_early")) or row["status"] != "done")


def onset_times(results: Results, onset: str = "t_gen", all: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(runs, time, observed) for an onset column of `results.runs`: the runs that ended, when they reached it, and
    whether they did. Not reached: censored at the last step taken. A diverged run will never reach it and stays among
    those at risk up to the steps it was given: the curve is the share that has got there, and divergence is a way not
    to. Runs that failed, wait or still train have no onsets and do not count; while a sweep runs, those that have
    ended are the fast ones. Damaged rows do not count, those of former plans with `all` only."""
    results = results.counted(all)
    if onset not in results.runs:
        raise KeyError("no onset %s" % onset)
    chosen, time, observed = [], [], []
    for position, (index, row) in enumerate(results.runs.iterrows()):
        if row["status"] not in ENDED:
            continue
        reached = not is_missing(row[onset])
        end = row[onset] if reached else row.get("steps")
        if not reached and row["status"] == "diverged":
            end = results.configs[position].get("steps", end)
        if is_missing(end) or (not reached and _is_untold(onset, row)):
            continue
        chosen.append(index)
        time.append(float(end))
        observed.append(reached)
    return np.array(chosen, dtype=int), np.array(time), np.array(observed, dtype=bool)
