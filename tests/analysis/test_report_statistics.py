"""The statistics of the page in headless Chromium, against those of the package."""

import json
import math
import random
import sys
import unittest

import h5py
import numpy as np
from scipy import stats

import browser
import fixtures
import pages
import symsweep
from symsweep import states, statistics


def setUpModule():
    pages.start()


def tearDownModule():
    pages.stop()


class Statistics(pages.Case):
    """statistics.js against statistics.py, which is tested against published examples."""

    def setUp(self):
        pages.open_page(pages.FINISHED)
        self.random = random.Random(11)

    def call(self, expression, *arguments):
        text = "(() => { const f = page.statistics; return %s; })()" % (expression % tuple(json.dumps(a) for a in arguments))
        return pages.CHROMIUM.evaluate("JSON.parse(JSON.stringify(%s, (k, v) => typeof v === 'number' && !Number.isFinite(v) ? String(v) : v))" % text)

    def sample(self, size):
        return [float(self.random.randrange(1, 15) * 50) for _ in range(size)], [self.random.random() < 0.6 for _ in range(size)]

    def same(self, ours, theirs, places=10):
        theirs = float(theirs)
        if math.isnan(ours) or math.isinf(ours):
            self.assertEqual(repr(ours), repr(theirs))
        else:
            self.assertAlmostEqual(ours, theirs, places=places)

    def test_kaplan_meier_and_bootstrap(self):
        for size in (1, 2, 3, 5, 8, 21, 21):
            time, observed = self.sample(size)
            ours, theirs = statistics.kaplan_meier(time, observed), self.call("f.kaplanMeier(%s, %s)", time, observed)
            self.same(ours.median, theirs["median"])
            self.assertEqual(len(ours.times), len(theirs["points"]))
            for i, point in enumerate(theirs["points"]):
                self.assertEqual([ours.times[i], ours.at_risk[i], ours.events[i]], [point["time"], point["atRisk"], point["events"]])
                for name, values in (("survival", ours.survival), ("lower", ours.lower), ("upper", ours.upper)):
                    self.same(values[i], "nan" if point[name] is None else point[name])
            other_time, other_observed = self.sample(7)
            pairs = ((statistics.bootstrap_median(time, observed), self.call("f.bootstrapMedian(%s, %s)", time, observed)),
                     (statistics.bootstrap_ratio(time, observed, other_time, other_observed),
                      self.call("f.bootstrapRatio({times: %s, observed: %s}, {times: %s, observed: %s})", time, observed, other_time, other_observed)))
            for ours, theirs in pairs:
                for name in ("estimate", "lower", "upper"):
                    self.same(getattr(ours, name), theirs[name])

    def test_log_rank(self):
        for groups, size in ((2, 12), (3, 30), (6, 40), (4, 5)):
            time, observed = self.sample(size)
            group = ["g%d" % self.random.randrange(groups) for _ in time]
            ours, theirs = statistics.log_rank(time, observed, group), self.call("f.logRank(%s, %s, %s)", time, observed, group)
            self.same(ours.statistic, theirs["statistic"], places=8)
            self.assertEqual(ours.degrees, theirs["degrees"])
            self.same(ours.p_value, theirs["pValue"])

    def test_chi_square_tail_and_holm(self):
        for degrees in (1, 2, 3, 4, 7, 12, 39):
            for x in (0.01, 0.5, 2, 9, 40, 120):
                theirs = float(self.call("f.chiSquareTail(%s, %s)", x, degrees))
                self.assertLess(abs(theirs - stats.chi2.sf(x, degrees)), 1e-12 + 1e-8 * theirs)
        p = [0.2, 0.001, 0.03, 0.9, 0.03]
        for ours, theirs in zip(statistics.holm(p), self.call("f.holm(%s)", p)):
            self.same(ours, theirs)

    def test_threshold(self):
        for size in (6, 20, 60):
            value = [math.exp(self.random.gauss(0, 2)) for _ in range(size)]
            solved = [v < 1 or self.random.random() < 0.1 for v in value]
            seed = [self.random.randrange(8) for _ in value]
            ours, theirs = statistics.separate(value, solved, seed), self.call("f.separate(%s, %s, %s)", value, solved, seed)
            self.assertEqual(ours.reason, theirs["reason"])
            self.assertEqual([list(ours.calibration), list(ours.test)], [theirs["calibration"], theirs["test"]])
            for a, b in (("threshold", "threshold"), ("error_rate", "errorRate"), ("lower", "lower"), ("upper", "upper")):
                self.same(getattr(ours, a), theirs[b])

    def test_threshold_over_states(self):
        for size in (20, 300):
            seed = [self.random.randrange(8) for _ in range(size)]
            value = [math.exp(self.random.gauss(0, 2)) for _ in seed]
            solved = [v < 1 or self.random.random() < 0.1 for v in value]
            ours, theirs = statistics.separate_states(value, solved, seed), self.call("f.separateStates(%s, %s, %s)", value, solved, seed)
            self.assertEqual([ours.reason, list(ours.calibration), list(ours.test)], [theirs["reason"], theirs["calibration"], theirs["test"]])
            for a, b in (("threshold", "threshold"), ("error_rate", "errorRate"), ("lower", "lower"), ("upper", "upper")):
                self.same(getattr(ours, a), theirs[b])

    def test_threshold_of_the_file(self):
        """The points and tests of the figure are those of the package over all evaluations."""
        target = fixtures.copy(pages.FINISHED, "solved.h5")
        with h5py.File(target, "r+") as file:
            known = file["curves/step"][:] >= 0
            drawn = np.random.default_rng(2).choice([0.5, 0.97, 0.99, 0.995, 1.0], known.shape).astype(np.float32)
            file["curves/test_accuracy"][:] = np.where(known, drawn, np.nan)
            fixtures.renew(file)
        pages.open_page(target)
        results = symsweep.load(target)
        family = pages.CHROMIUM.evaluate("page.data.families[0]")
        found = states.of(results, family)
        self.assertFalse(pages.CHROMIUM.evaluate("page.data.curves.thinned"))
        tests = self.call("page.thresholdTests()")
        self.assertEqual(len(tests), 2)
        for level, theirs in zip(states.LEVELS, tests):
            ours = found.separate(level)
            self.assertEqual(level, theirs["level"])
            self.assertEqual([ours.reason, list(ours.calibration), list(ours.test)], [theirs["reason"], theirs["calibration"], theirs["test"]])
            self.assertEqual(ours.reason, "")
            self.assertAlmostEqual(math.log(ours.threshold), math.log(float(theirs["threshold"])), delta=1e-2)

    def test_pairs(self):
        for size in (1, 3, 6, 6, 12, 3 * statistics.MOST_EXACT):
            (time, observed), (time_of, observed_of) = self.sample(size), self.sample(size)
            ours = statistics.signed_rank(time, observed, time_of, observed_of)
            theirs = self.call("f.signedRank(%s, %s, %s, %s)", time, observed, time_of, observed_of)
            self.same(ours.p_value, theirs["pValue"])
            self.same(ours.statistic, theirs["statistic"])
            self.assertEqual(ours.pairs, theirs["pairs"])
            seeds, others = self.random.sample(range(9), 6), self.random.sample(range(9), 5)
            self.assertEqual([list(pair) for pair in statistics.seed_pairs(seeds, others)], self.call("f.seedPairs(%s, %s)", seeds, others))
        self.assertEqual(self.call("f.seedPairs(%s, %s)", [1, 1], [1]), [])

    def test_groups_against_the_reference(self):
        """Each group of the page against the first: both tests, as the package has them."""
        theirs = self.call("page.survivalTests().map((t) => ({name: t.group.name, reference: t.isReference, runs: t.runs,"
                           " p: t.p, adjusted: t.adjusted, paired: t.paired, pairedHolm: t.pairedHolm}))")
        results = symsweep.load(pages.FINISHED)
        runs, time, observed = statistics.onset_times(results, "t_gen")
        seeds = results.runs["seed"].to_numpy(dtype=int)
        arms = {t["name"]: [x[np.isin(runs, t["runs"])] for x in (time, observed, seeds[runs])] for t in theirs}
        base, = [t["name"] for t in theirs if t["reference"]]
        ours = {arm.name: arm for arm in statistics.compare_arms(arms, base)}
        self.assertGreater(len(ours), 1)
        for t in theirs:
            if not t["reference"]:
                arm = ours[t["name"]]
                for a, b in ((arm.log_rank, "p"), (arm.log_rank_holm, "adjusted"), (arm.paired, "paired"), (arm.paired_holm, "pairedHolm")):
                    self.same(a, t[b], places=8)

    def test_times_of_the_file(self):
        results = symsweep.load(pages.FINISHED)
        for onset in ("t_mem", "t_gen", "t_sym", "t_geo", "t_geo_participation"):
            runs, time, observed = statistics.onset_times(results, onset)
            theirs = pages.CHROMIUM.evaluate("page.onsetTimes('%s', page.all)" % onset)
            self.assertEqual([runs.tolist(), time.tolist(), observed.tolist()], [theirs["runs"], theirs["times"], theirs["observed"]])


if __name__ == "__main__":
    if browser.find() is None:
        print("chromium is not installed: skipped")
        sys.exit(77)
    unittest.main()
