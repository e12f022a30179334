"""Statistics against published worked examples, independent code and exhaustive enumeration."""

import itertools
import math
import sys
import unittest
import unittest.mock
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "analysis"))
from symsweep import statistics  # noqa: E402

# Remission of acute leukaemia in weeks, 6-mercaptopurine against placebo (Freireich et al. 1963; Gehan 1965), the worked
# example of most textbooks. True: relapsed.
TREATED = [(6, 1), (6, 1), (6, 1), (6, 0), (7, 1), (9, 0), (10, 1), (10, 0), (11, 0), (13, 1), (16, 1), (17, 0), (19, 0),
           (20, 0), (22, 1), (23, 1), (25, 0), (32, 0), (32, 0), (34, 0), (35, 0)]
PLACEBO = [(t, 1) for t in (1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)]


def split(pairs):
    return [t for t, _ in pairs], [bool(o) for _, o in pairs]


def random_sample(generator, size):
    time = generator.integers(1, 12, size)
    return time.astype(float), generator.random(size) < 0.65


class KaplanMeier(unittest.TestCase):
    def test_published_example(self):
        """Survival and standard errors as printed for these data (Cox and Oakes 1984; Kleinbaum and Klein 2012)."""
        estimate = statistics.kaplan_meier(*split(TREATED))
        np.testing.assert_array_equal(estimate.times, [6, 7, 10, 13, 16, 22, 23])
        np.testing.assert_array_equal(estimate.at_risk, [21, 17, 15, 12, 11, 7, 6])
        np.testing.assert_allclose(estimate.survival, [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482], atol=5e-5)
        error = [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346]
        z = stats.norm.ppf(0.975)
        for s, e, low, high in zip(estimate.survival, error, estimate.lower, estimate.upper):
            spread = z * e / (s * abs(math.log(s)))
            self.assertAlmostEqual(low, s ** math.exp(spread), delta=5e-4)
            self.assertAlmostEqual(high, s ** math.exp(-spread), delta=5e-4)
        self.assertEqual(estimate.median, 23)
        self.assertEqual((estimate.count, estimate.reached), (21, 9))
        placebo = statistics.kaplan_meier(*split(PLACEBO))
        self.assertEqual(placebo.median, 8)
        self.assertEqual(placebo.survival[-1], 0)

    def test_redistribution_to_the_right(self):
        """Efron (1967): each censored run hands its mass to those after it in equal parts; another road to the same."""
        generator = np.random.default_rng(1)
        for _ in range(200):
            time, observed = random_sample(generator, generator.integers(1, 15))
            order = np.lexsort((~observed, time))
            mass = np.full(len(time), 1 / len(time))
            for i, run in enumerate(order):
                if not observed[run] and i + 1 < len(order):
                    mass[order[i + 1:]] += mass[run] / (len(order) - i - 1)
                    mass[run] = 0
            lost = 0 if not observed[order[-1]] else None
            estimate = statistics.kaplan_meier(time, observed)
            for t, s in zip(estimate.times, estimate.survival):
                self.assertAlmostEqual(s, 1 - mass[(time <= t) & observed].sum(), places=12)
            if lost == 0 and len(estimate.survival):
                self.assertGreater(estimate.survival[-1], 0)

    def test_without_censoring_it_is_the_plain_median(self):
        generator = np.random.default_rng(2)
        for size in range(1, 30):
            time = generator.integers(1, 20, size).astype(float)
            self.assertEqual(statistics.kaplan_meier(time, np.ones(size, bool)).median, np.median(time))

    def test_median_not_reached_is_infinite(self):
        self.assertEqual(statistics.kaplan_meier([5, 6, 7], [True, False, False]).median, math.inf)
        self.assertEqual(statistics.kaplan_meier([5, 6, 7, 8], [True, True, False, False]).median, math.inf)
        self.assertEqual(statistics.kaplan_meier([], []).median, math.inf)
        self.assertEqual(statistics.kaplan_meier([4, 4], [False, False]).median, math.inf)

    def test_refuses_missing_times(self):
        with self.assertRaises(ValueError):
            statistics.kaplan_meier([1, math.nan], [True, True])


class LogRank(unittest.TestCase):
    def test_published_example(self):
        """Chi-square 16.79 on 1 degree, observed and expected relapses 9/19.25 and 21/10.75 (Kleinbaum and Klein)."""
        time, observed = split(TREATED + PLACEBO)
        result = statistics.log_rank(time, observed, ["6-MP"] * 21 + ["placebo"] * 21)
        self.assertAlmostEqual(result.statistic, 16.793, delta=5e-4)
        self.assertEqual(result.degrees, 1)
        self.assertAlmostEqual(result.p_value, 4.17e-5, delta=5e-8)
        np.testing.assert_array_equal(result.observed, [9, 21])
        np.testing.assert_allclose(result.expected, [19.2505, 10.7495], atol=5e-4)

    def test_hypergeometric_tables(self):
        """Mantel and Haenszel: at each time the events fall on the groups at random. SciPy knows mean and covariance."""
        generator = np.random.default_rng(3)
        for groups in (2, 3, 5):
            for _ in range(20):
                time, observed = random_sample(generator, 30)
                group = generator.integers(0, groups, 30)
                difference, covariance = np.zeros(groups), np.zeros((groups, groups))
                for t in np.unique(time[observed]):
                    at_risk = np.array([((time >= t) & (group == g)).sum() for g in range(groups)])
                    events = np.array([((time == t) & observed & (group == g)).sum() for g in range(groups)])
                    table = stats.multivariate_hypergeom(at_risk, events.sum())
                    difference += events - table.mean()
                    if at_risk.sum() > 1:
                        covariance += table.cov()
                expected = difference[:-1] @ np.linalg.solve(covariance[:-1, :-1], difference[:-1])
                result = statistics.log_rank(time, observed, group)
                self.assertAlmostEqual(result.statistic, expected, places=8)
                self.assertAlmostEqual(result.p_value, 1 - stats.chi2.cdf(expected, groups - 1), places=10)

    def test_nothing_to_compare(self):
        self.assertTrue(math.isnan(statistics.log_rank([1, 2], [True, True], ["a", "a"]).p_value))
        self.assertTrue(math.isnan(statistics.log_rank([1, 2], [False, False], ["a", "b"]).p_value))

    def test_holm(self):
        np.testing.assert_allclose(statistics.holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
        np.testing.assert_allclose(statistics.holm([0.5, math.nan, 0.9]), [1.0, math.nan, 1.0])


class SignedRank(unittest.TestCase):
    def test_all_sooner_is_the_smallest_p_value(self):
        for n in (1, 5, 20):
            found = statistics.signed_rank(np.arange(n), np.ones(n), np.arange(n) + 10 + np.arange(n), np.ones(n))
            self.assertEqual((found.p_value, found.pairs), (2.0 ** -n, n))

    def test_against_all_signs_and_scipy(self):
        random = np.random.default_rng(5)
        for n in (3, 6, 9):
            time, time_of = random.integers(0, 12, n), random.integers(4, 16, n)
            found = statistics.signed_rank(time, np.ones(n), time_of, np.ones(n))
            gain = (time_of - time)[time_of != time]
            ranks = stats.rankdata(np.abs(gain))
            sums = [ranks[list(signs)].sum() for signs in itertools.product([False, True], repeat=len(gain))]
            self.assertEqual(found.statistic, ranks[gain > 0].sum())
            self.assertAlmostEqual(found.p_value, np.mean(np.array(sums) >= found.statistic - 1e-9))
        x, y = random.normal(size=8), random.normal(0.5, 1, 8)
        theirs = stats.wilcoxon(y, x, alternative="greater", method="exact")
        found = statistics.signed_rank(x, np.ones(8), y, np.ones(8))
        self.assertAlmostEqual(found.p_value, theirs.pvalue)
        self.assertEqual(found.statistic, theirs.statistic)

    def test_many_pairs(self):
        """The normal distribution beside the exact one, with ties; it tells of any number of pairs."""
        random = np.random.default_rng(6)
        for shift in (-2, 0, 1, 4):
            n = statistics.MOST_EXACT + 50
            time, time_of = random.integers(0, 60, n), random.integers(0, 60, n) + shift
            found = statistics.signed_rank(time, np.ones(n), time_of, np.ones(n))
            self.assertGreater(found.pairs, statistics.MOST_EXACT)
            with unittest.mock.patch.object(statistics, "MOST_EXACT", n):
                exact = statistics.signed_rank(time, np.ones(n), time_of, np.ones(n))
            self.assertEqual(found.statistic, exact.statistic)
            self.assertNotEqual(found.p_value, exact.p_value)
            self.assertAlmostEqual(found.p_value, exact.p_value, delta=1e-3)
        n = 2000
        self.assertLess(statistics.signed_rank(np.zeros(n), np.ones(n), np.arange(n) + 1, np.ones(n)).p_value, 1e-100)

    def test_what_is_not_reached(self):
        """Sooner than a baseline that never was; unknown where it ended before; no difference where neither was."""
        one, none = [True], [False]
        cases = [((100, one, 900, none), (0.5, 1)), ((900, none, 100, one), (1.0, 1)), ((900, one, 500, none), None),
                 ((900, none, 900, none), None), ((500, none, 900, none), None), ((700, one, 700, one), None)]
        for (a, a_reached, b, b_reached), expected in cases:
            found = statistics.signed_rank([a], a_reached, [b], b_reached)
            if expected is None:
                self.assertEqual(found.pairs, 0)
                self.assertTrue(math.isnan(found.p_value))
            else:
                self.assertEqual((found.p_value, found.pairs), expected)
        with self.assertRaises(ValueError):
            statistics.signed_rank([1, 2], [True, True], [1], [True])


class Bootstrap(unittest.TestCase):
    def test_random_numbers_are_mulberry32(self):
        """The sequence of the published generator, state after state, in plain integers."""
        def mulberry32(state, count):
            mask, values = 0xFFFFFFFF, []
            for _ in range(count):
                state = (state + 0x6D2B79F5) & mask
                t = (state ^ (state >> 15)) * (state | 1) & mask
                t = (t ^ ((t + ((t ^ (t >> 7)) * (t | 61) & mask)) & mask)) & mask
                values.append(t ^ (t >> 14))
            return values

        for seed in (0, 1, 4294967295):
            self.assertEqual(statistics.uniform32(np.arange(500), seed).tolist(), mulberry32(seed, 500))

    def test_positions_are_even(self):
        drawn = statistics.resample(7, 4000)
        self.assertEqual((drawn.min(), drawn.max()), (0, 6))
        self.assertGreater(stats.chisquare(np.bincount(drawn.ravel())).pvalue, 1e-3)

    def test_against_all_samples(self):
        """Every one of the n^n samples of five runs, each median by the estimate itself."""
        time, observed = np.array([3.0, 8.0, 8.0, 12.0, 20.0]), np.array([True, True, False, True, False])
        medians = [statistics.kaplan_meier(time[list(s)], observed[list(s)]).median
                   for s in itertools.product(range(5), repeat=5)]
        drawn = statistics._median_of_samples(time, observed, statistics.resample(5, 20000))
        for value in sorted(set(medians)):
            exact = np.mean([m <= value for m in medians])
            self.assertAlmostEqual(np.mean(drawn <= value), exact, delta=5 * math.sqrt(0.25 / 20000))
        interval = statistics.bootstrap_median(time, observed)
        self.assertEqual(interval.estimate, 12)
        self.assertEqual((interval.lower, interval.upper), (3, math.inf))

    def test_samples_one_by_one(self):
        generator = np.random.default_rng(4)
        for _ in range(20):
            time, observed = random_sample(generator, 9)
            drawn = statistics.resample(9, 200)
            one_by_one = [statistics.kaplan_meier(time[d], observed[d]).median for d in drawn]
            np.testing.assert_array_equal(statistics._median_of_samples(time, observed, drawn), one_by_one)

    def test_coverage_of_the_median(self):
        """Exponential times, a fifth censored: the interval of 95 % holds the median nearly as often as it says."""
        generator, held = np.random.default_rng(5), 0
        for _ in range(300):
            time, limit = generator.exponential(1.0, 40), generator.exponential(4.0, 40)
            interval = statistics.bootstrap_median(np.minimum(time, limit), time <= limit, samples=400)
            held += interval.lower <= math.log(2) <= interval.upper
        self.assertGreater(held / 300, 0.90)
        self.assertLess(held / 300, 0.99)

    def test_three_seeds_give_their_range(self):
        interval = statistics.bootstrap_median([100, 300, 900], [True] * 3)
        self.assertEqual((interval.estimate, interval.lower, interval.upper), (300, 100, 900))

    def test_nothing_reached(self):
        interval = statistics.bootstrap_median([10, 10], [False, False])
        self.assertEqual((interval.estimate, interval.lower, interval.upper), (math.inf,) * 3)

    def test_ratio(self):
        fast, slow = [100, 110, 120, 130], [1000, 1100, 1200, 1300]
        ratio = statistics.bootstrap_ratio(fast, [True] * 4, slow, [True] * 4)
        self.assertAlmostEqual(ratio.estimate, 10)
        self.assertTrue(1000 / 130 <= ratio.lower <= 10 <= ratio.upper <= 13)
        never = statistics.bootstrap_ratio(fast, [True] * 4, slow, [False] * 4)
        self.assertEqual((never.estimate, never.lower, never.upper), (math.inf,) * 3)

    def test_bounds_of_a_median(self):
        self.assertEqual(statistics.median_bounds([1, 2, 3], [1, 2, 3]), (2, 2))
        self.assertEqual(statistics.median_bounds([1, 2, 3], [1, math.inf, math.inf]), (2, math.inf))
        self.assertEqual(statistics.median_bounds([-math.inf, -math.inf, 3], [0, 1, 3]), (-math.inf, 1))


class Arms(unittest.TestCase):
    BASELINE = ([100, 110, 120, 130, 140, 150], [True] * 6, [0, 1, 2, 3, 4, 5])

    def test_six_seeds(self):
        """All six pairs sooner: 2^-6, and Holm's step down over three arms; an arm that does nothing keeps its p."""
        sooner = ([50, 60, 60, 70, 80, 90], [True] * 6, [5, 4, 3, 2, 1, 0])
        censored = ([90, 90, 90, 90, 90, 300], [True] * 5 + [False], [0, 1, 2, 3, 4, 5])
        later = ([200] * 6, [True] * 6, [0, 1, 2, 3, 4, 5])
        arms = statistics.compare_arms({"baseline": self.BASELINE, "a": sooner, "b": censored, "c": later}, "baseline")
        self.assertEqual([arm.name for arm in arms], ["a", "b", "c"])
        self.assertEqual([arm.pairs for arm in arms], [6, 6, 6])
        self.assertEqual(arms[0].paired, 1 / 64)
        self.assertEqual(arms[1].paired, 14 / 64)  # the one that is later has rank 6: rank sums of 0 to 6 of the others
        self.assertEqual(arms[2].paired, 1)
        self.assertEqual([arm.paired_holm for arm in arms], [3 / 64, 28 / 64, 1])
        self.assertEqual([arm.reached for arm in arms], [6, 5, 6])
        for arm, (time, observed, _) in zip(arms, (sooner, censored, later)):
            group = ["x"] * 6 + ["y"] * 6
            expected = statistics.log_rank([*time, *self.BASELINE[0]], [*observed, *self.BASELINE[1]], group).p_value
            self.assertEqual(arm.log_rank, expected)
        np.testing.assert_array_equal([arm.log_rank_holm for arm in arms], statistics.holm([arm.log_rank for arm in arms]))

    def test_pairs_need_their_seed(self):
        self.assertEqual(statistics.seed_pairs([3, 1, 7], [1, 2, 3]), [(0, 2), (1, 0)])
        self.assertEqual(statistics.seed_pairs([3, 3], [1, 3]), [])
        arm, = statistics.compare_arms({"baseline": self.BASELINE, "a": ([1, 2], [True, True], [9, 10])}, "baseline")
        self.assertTrue(math.isnan(arm.paired) and math.isnan(arm.paired_holm))
        self.assertEqual(arm.pairs, 0)


class Threshold(unittest.TestCase):
    def test_every_other_way_to_cut_is_no_better(self):
        generator = np.random.default_rng(6)
        for _ in range(100):
            value = np.exp(generator.normal(size=20)).round(1) + 0.1
            solved = generator.random(20) < 1 / (1 + value**2)
            threshold = statistics.best_threshold(value, solved)
            if solved.all() or not solved.any():
                self.assertTrue(math.isnan(threshold))
                continue
            inside = [c for c in np.sort(value) if c < value.max()]
            least = min(((value <= c) != solved).sum() for c in inside)
            self.assertEqual(((value <= threshold) != solved).sum(), least)

    def test_clean_separation(self):
        value = np.array([0.01, 0.02, 0.01, 0.02, 5, 8, 5, 8])
        solved, seed = value < 1, np.array([0, 1, 2, 3] * 2)
        result = statistics.separate(value, solved, seed)
        self.assertAlmostEqual(result.threshold, math.sqrt(0.01 * 5))
        self.assertEqual((result.calibration, result.test, result.error_rate), ((0, 4), (0, 4), 0))
        self.assertEqual(result.reason, "")
        self.assertAlmostEqual(result.upper, 0.4899, delta=5e-4)

    def test_states(self):
        """Every threshold and every draw of seeds by brute force."""
        generator = np.random.default_rng(12)
        for _ in range(20):
            seed = generator.integers(0, 9, 200)
            value = np.exp(generator.normal(size=200)).round(2)
            solved = generator.random(200) < 1 / (1 + value**3)
            value[generator.integers(0, 200, 5)] = math.nan
            result = statistics.separate_states(value, solved, seed)
            known = ~np.isnan(value)
            v, s, g = value[known], solved[known], seed[known]
            first = np.isin(g, np.unique(g)[::2])
            cuts = np.unique(v[first])[:-1]
            wrong = [((v <= c) != s)[first].sum() for c in cuts]
            low = cuts[int(np.argmin(wrong))]
            self.assertTrue(low < result.threshold < np.unique(v[first])[np.unique(v[first]) > low][0])
            self.assertEqual(result.calibration, (min(wrong), first.sum()))
            errors = ((v <= result.threshold) != s)[~first]
            self.assertEqual(result.test, (errors.sum(), (~first).sum()))
            self.assertEqual(result.error_rate, errors.mean())
            held = np.unique(g[~first])
            rates = []
            for row in statistics.resample(len(held), statistics.RESAMPLES):
                drawn = np.concatenate([np.nonzero(g[~first] == held[k])[0] for k in row])
                rates.append(errors[drawn].mean())
            rates.sort()
            self.assertAlmostEqual(result.lower, rates[49], places=12)
            self.assertAlmostEqual(result.upper, rates[1949], places=12)
        self.assertIn("states of the calibration half are solved", statistics.separate_states([1, 2], [True, True], [0, 1]).reason)

    def test_seeds_stay_together(self):
        seed = np.array([3, 1, 3, 2, 1, 2, 9])
        half = statistics.halves(seed)
        np.testing.assert_array_equal(half, [True, True, True, False, True, False, False])

    def test_one_kind_only(self):
        result = statistics.separate([0.1, 0.2], [True, True], [0, 1])
        self.assertTrue(math.isnan(result.threshold) and "solved" in result.reason)
        self.assertIn("one seed", statistics.separate([0.1, 2], [True, False], [4, 4]).reason)
        self.assertIn("no run", statistics.separate([math.nan], [True], [4]).reason)

    def test_wilson(self):
        """The four cases of Newcombe 1998, score method without correction."""
        for wrong, count, expected in ((81, 263, (0.2553, 0.3662)), (15, 148, (0.0624, 0.1605)), (0, 20, (0, 0.1611)),
                                       (1, 29, (0.0061, 0.1718))):
            np.testing.assert_allclose(statistics.wilson(wrong, count), expected, atol=5e-5)
        self.assertTrue(math.isnan(statistics.wilson(0, 0)[0]))


if __name__ == "__main__":
    unittest.main()
