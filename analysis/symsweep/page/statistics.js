/* statistics.js: the statistics of symsweep/statistics.py, formula by formula; its comments hold here. */
"use strict";

(() => {
    const NEAR = 1e-9, Z = 1.959963984540054; /* normal quantile of 0.975 */
    const statistics = (page.statistics = {});

    /* ---- survival ---- */

    function distinctTimes(times, observed) {
        return [...new Set(times.filter((_, i) => observed[i]))].sort((a, b) => a - b);
    }

    statistics.kaplanMeier = (times, observed) => {
        const at = distinctTimes(times, observed);
        const points = [];
        let survival = 1, variance = 0;
        for (const t of at) {
            const atRisk = times.filter((x) => x >= t).length;
            const events = times.filter((x, i) => x === t && observed[i]).length;
            survival *= 1 - events / atRisk;
            variance += events / (atRisk * (atRisk - events));
            const spread = (Z * Math.sqrt(variance)) / Math.abs(Math.log(survival));
            points.push({ time: t, atRisk, events, survival, lower: survival ** Math.exp(spread), upper: survival ** Math.exp(-spread) });
        }
        const censored = times.filter((_, i) => !observed[i]).sort((a, b) => a - b);
        return { points, censored, count: times.length, reached: times.length - censored.length,
                 median: quantile(at, points.map((p) => p.survival), 0.5) };
    };

    function quantile(times, survival, q) {
        const target = 1 - q, later = (i) => (i < times.length ? times[i] : Infinity);
        let first = survival.findIndex((s) => s <= target + NEAR);
        if (first < 0) return Infinity;
        if (Math.abs(survival[first] - target) > NEAR) return times[first];
        const below = survival.findIndex((s) => s < target - NEAR);
        return (times[first] + later(below < 0 ? times.length : below)) / 2;
    }

    statistics.logRank = (times, observed, groups) => {
        const names = [...new Set(groups)], k = names.length;
        const seen = new Array(k).fill(0), expected = new Array(k).fill(0);
        const variance = names.map(() => new Array(k).fill(0));
        for (const t of distinctTimes(times, observed)) {
            const atRisk = new Array(k).fill(0), events = new Array(k).fill(0);
            times.forEach((x, i) => {
                const g = names.indexOf(groups[i]);
                if (x >= t) atRisk[g]++;
                if (x === t && observed[i]) events[g]++;
            });
            const n = d3.sum(atRisk), d = d3.sum(events);
            for (let a = 0; a < k; a++) {
                seen[a] += events[a];
                expected[a] += (d * atRisk[a]) / n;
                for (let b = 0; b < k && n > 1; b++) {
                    const share = (a === b ? atRisk[a] / n : 0) - (atRisk[a] * atRisk[b]) / (n * n);
                    variance[a][b] += ((d * (n - d)) / (n - 1)) * share;
                }
            }
        }
        const { value, rank } = quadraticForm(variance, seen.map((s, i) => s - expected[i]));
        if (k < 2 || rank === 0) return { statistic: NaN, degrees: 0, pValue: NaN, names, seen, expected };
        return { statistic: value, degrees: rank, pValue: statistics.chiSquareTail(value, rank), names, seen, expected };
    };

    /* x' V^- x and the rank of V, symmetric and not negative, by elimination with the largest pivot; what has no pivot
     * left is a combination of the rest and drops out. */
    function quadraticForm(matrix, vector) {
        const V = matrix.map((row) => row.slice()), x = vector.slice();
        const left = new Set(V.keys()), scale = Math.max(...V.map((row, i) => row[i]), 0);
        let value = 0, rank = 0;
        while (left.size) {
            const p = [...left].reduce((best, i) => (V[i][i] > V[best][best] ? i : best));
            if (!(V[p][p] > 1e-10 * scale)) break;
            left.delete(p);
            rank++;
            value += (x[p] * x[p]) / V[p][p];
            for (const i of left) {
                const factor = V[i][p] / V[p][p];
                x[i] -= factor * x[p];
                for (const j of left) V[i][j] -= factor * V[p][j];
            }
        }
        return { value, rank };
    }

    /* Upper tail of chi-square: the regularized incomplete gamma function Q(degrees/2, x/2), in closed form. */
    statistics.chiSquareTail = (x, degrees) => {
        const h = x / 2;
        let term, sum, start;
        if (degrees % 2 === 0) {
            term = sum = Math.exp(-h);
            start = 1;
        } else {
            sum = erfc(Math.sqrt(h));
            term = degrees > 1 ? (2 * Math.sqrt(h) * Math.exp(-h)) / Math.sqrt(Math.PI) : 0;
            sum += term;
            start = 1.5;
        }
        for (let a = start; a < degrees / 2 - 1e-9; a++) {
            term *= h / a;
            sum += term;
        }
        return Math.min(1, sum);
    };

    /* Complementary error function: its series near 0, the continued fraction beyond. */
    function erfc(x) {
        if (x < 2.5) {
            let term = x, sum = x;
            for (let n = 1; n < 60; n++) {
                term *= (-x * x) / n;
                sum += term / (2 * n + 1);
            }
            return 1 - (2 / Math.sqrt(Math.PI)) * sum;
        }
        let fraction = 0;
        for (let n = 60; n > 0; n--) fraction = n / 2 / (x + fraction);
        return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
    }

    statistics.holm = (pValues) => {
        const order = d3.range(pValues.length).filter((i) => !Number.isNaN(pValues[i])).sort((a, b) => pValues[a] - pValues[b]);
        const adjusted = pValues.map(() => NaN);
        let last = 0;
        order.forEach((i, rank) => {
            last = Math.max(last, Math.min(1, (order.length - rank) * pValues[i]));
            adjusted[i] = last;
        });
        return adjusted;
    };

    /* ---- pairs ---- */

    /* Mean ranks of |values|, from 1. */
    function ranksOf(values) {
        const order = d3.range(values.length).sort((a, b) => values[a] - values[b]), ranks = new Array(values.length);
        for (let i = 0; i < order.length; ) {
            let j = i;
            while (j < order.length && values[order[j]] === values[order[i]]) j++;
            for (let k = i; k < j; k++) ranks[order[k]] = (i + 1 + j) / 2;
            i = j;
        }
        return ranks;
    }

    statistics.signedRank = (times, observed, timesOf, observedOf) => {
        const gains = times.map((t, i) => timesOf[i] - t)
            .filter((gain, i) => gain !== 0 && ((observed[i] && observedOf[i]) || (observed[i] && gain > 0) || (observedOf[i] && gain < 0)));
        if (!gains.length) return { statistic: NaN, pValue: NaN, pairs: 0 };
        const halves = ranksOf(gains.map(Math.abs)).map((rank) => Math.round(2 * rank));
        const all = d3.sum(halves), reached = d3.sum(halves.filter((_, i) => gains[i] > 0)), result = { statistic: reached / 2, pairs: gains.length };
        if (gains.length > statistics.MOST_EXACT) return { ...result, pValue: normalTail((reached - 1 - all / 2) / (Math.sqrt(d3.sum(halves, (rank) => rank * rank)) / 2)) };
        const ways = new Float64Array(all + 1);
        let most = 0;
        ways[0] = 1;
        for (const rank of halves) {
            most += rank;
            for (let s = most; s >= rank; s--) ways[s] += ways[s - rank];
        }
        return { ...result, pValue: d3.sum(ways.subarray(reached)) / d3.sum(ways) };
    };
    statistics.MOST_EXACT = 400;
    const normalTail = (z) => (z < 0 ? 1 - erfc(-z / Math.SQRT2) / 2 : erfc(z / Math.SQRT2) / 2);

    statistics.seedPairs = (seeds, seedsOf) => {
        const [first, second] = [seeds, seedsOf].map((list) => new Map(list.map((seed, i) => [seed, i])));
        if (first.size < seeds.length || second.size < seedsOf.length) return [];
        return [...first].filter(([seed]) => second.has(seed)).map(([seed, i]) => [i, second.get(seed)]);
    };

    /* ---- resampling ---- */

    statistics.RESAMPLES = 2000;

    statistics.uniform32 = (index, seed) => {
        let t = (seed + Math.imul(index + 1, 0x6d2b79f5)) >>> 0;
        t = Math.imul(t ^ (t >>> 15), t | 1) >>> 0;
        t = (t ^ (t + Math.imul(t ^ (t >>> 7), t | 61))) >>> 0;
        return (t ^ (t >>> 14)) >>> 0;
    };

    const draws = new Map();

    /* Bootstrap: `samples` times `n` positions below n, one after the other; kept, since groups are often of one size. */
    function resample(n, samples, seed) {
        const id = [n, samples, seed].join();
        if (draws.has(id)) return draws.get(id);
        const drawn = new Uint32Array(samples * n);
        for (let i = 0; i < drawn.length; i++) drawn[i] = Math.floor((statistics.uniform32(i, seed) / 4294967296) * n);
        draws.set(id, drawn);
        return drawn;
    }

    /* Kaplan-Meier medians of bootstrap samples. */
    function medians(times, observed, samples, seed) {
        const n = times.length, at = distinctTimes(times, observed);
        /* Of each run: how many of the event times it outlives, and whether it ends at the last of these. */
        const outlived = Uint32Array.from(times, (t) => d3.bisector((x) => x).right(at, t));
        const found = new Float64Array(samples), atRisk = new Float64Array(at.length + 1), events = new Float64Array(at.length);
        const curve = new Float64Array(at.length), drawn = resample(n, samples, seed);
        for (let s = 0; s < samples; s++) {
            atRisk.fill(0);
            events.fill(0);
            for (let i = 0; i < n; i++) {
                const run = drawn[s * n + i];
                atRisk[outlived[run]]++;
                if (observed[run]) events[outlived[run] - 1]++;
            }
            let risk = n - atRisk[0], survival = 1;
            for (let k = 0; k < at.length; k++) {
                if (risk > 0) survival *= 1 - events[k] / risk;
                risk -= atRisk[k + 1];
                curve[k] = survival;
            }
            found[s] = quantile(at, curve, 0.5);
        }
        return found;
    }

    function percentiles(values) {
        const ordered = Float64Array.from(values).sort(), n = ordered.length, tail = (1 - 0.95) / 2;
        return { lower: ordered[Math.max(Math.ceil(tail * n), 1) - 1], upper: ordered[Math.max(Math.ceil((1 - tail) * n), 1) - 1] };
    }

    const NOTHING = { estimate: NaN, lower: NaN, upper: NaN };

    statistics.bootstrapMedian = (times, observed, samples = statistics.RESAMPLES, seed = 0) => {
        if (!times.length) return NOTHING;
        return { estimate: statistics.kaplanMeier(times, observed).median, ...percentiles(medians(times, observed, samples, seed)) };
    };

    /* Median of the reference over median of the group. */
    statistics.bootstrapRatio = (group, reference, samples = statistics.RESAMPLES, seed = 0) => {
        if (!group.times.length || !reference.times.length) return NOTHING;
        const of = medians(group.times, group.observed, samples, seed);
        const over = medians(reference.times, reference.observed, samples, seed + 1);
        const ratios = of.map((value, i) => over[i] / value);
        const estimate = statistics.kaplanMeier(reference.times, reference.observed).median / statistics.kaplanMeier(group.times, group.observed).median;
        return ratios.some(Number.isNaN) ? { estimate, lower: NaN, upper: NaN } : { estimate, ...percentiles(ratios) };
    };

    function plainMedian(values) {
        const ordered = values.slice().sort((a, b) => a - b), n = ordered.length;
        if (!n) return NaN;
        const a = ordered[(n - 1) >> 1], b = ordered[n >> 1];
        return a === b ? a : (a + b) / 2;
    }
    statistics.median = plainMedian;
    statistics.medianBounds = (lower, upper) => [plainMedian(lower), plainMedian(upper)];

    /* ---- the threshold ---- */

    statistics.halves = (seeds) => {
        const order = [...new Set(seeds)].sort((a, b) => a - b);
        const place = new Map(order.map((seed, i) => [seed, i]));
        return seeds.map((seed) => place.get(seed) % 2 === 0);
    };

    statistics.bestThreshold = (values, solved) => {
        if (!values.length || solved.every(Boolean) || !solved.some(Boolean)) return NaN;
        const order = d3.range(values.length).sort((a, b) => values[a] - values[b]);
        let below = 0, unsolvedBelow = 0, least = Infinity, best = NaN;
        const total = solved.filter(Boolean).length;
        for (let i = 0; i + 1 < order.length; i++) {
            if (solved[order[i]]) below++;
            else unsolvedBelow++;
            const low = values[order[i]], high = values[order[i + 1]];
            const wrong = unsolvedBelow + total - below;
            if (high > low && wrong < least) {
                least = wrong;
                best = low > 0 ? Math.sqrt(low * high) : high / 2;
            }
        }
        return best;
    };

    statistics.wilson = (wrong, count) => {
        if (!count) return [NaN, NaN];
        const p = wrong / count, z2 = Z * Z;
        const centre = p + z2 / (2 * count), spread = Z * Math.sqrt((p * (1 - p)) / count + z2 / (4 * count * count));
        const scale = 1 + z2 / count;
        /* At the ends the formula gives exactly 0 and 1; rounding would not. */
        return [wrong === 0 ? 0 : Math.max(0, (centre - spread) / scale), wrong === count ? 1 : Math.min(1, (centre + spread) / scale)];
    };

    statistics.separate = (values, solved, seeds, of = "run") => {
        const known = d3.range(values.length).filter((i) => Number.isFinite(values[i]));
        const v = known.map((i) => values[i]), s = known.map((i) => solved[i]), seed = known.map((i) => seeds[i]);
        const calibrate = statistics.halves(seed), where = (half) => d3.range(v.length).filter((i) => calibrate[i] === half);
        const kept = where(true), held = where(false);
        const threshold = statistics.bestThreshold(kept.map((i) => v[i]), kept.map((i) => s[i]));
        let reason = "";
        if (!v.length) reason = `no ${of} has a value`;
        else if (new Set(seed).size < 2) reason = "one seed only: there is no half to test on";
        else if (Number.isNaN(threshold)) {
            const solvedHere = kept.filter((i) => s[i]).length;
            const kind = solvedHere === kept.length ? "solved" : solvedHere === 0 ? "unsolved" : "alike";
            reason = `all ${of}s of the calibration half are ${kind}: nothing to separate`;
        }
        if (reason) return { threshold: NaN, calibration: [0, kept.length], test: [0, held.length], errorRate: NaN, lower: NaN, upper: NaN, reason };
        const wrong = (part) => part.filter((i) => v[i] <= threshold !== s[i]).length;
        const test = [wrong(held), held.length], [lower, upper] = statistics.wilson(...test);
        return { threshold, calibration: [wrong(kept), kept.length], test, errorRate: test[0] / test[1], lower, upper, reason: "" };
    };

    statistics.separateStates = (values, solved, seeds) => {
        const test = statistics.separate(values, solved, seeds, "state");
        if (test.reason) return test;
        const known = d3.range(values.length).filter((i) => Number.isFinite(values[i])), first = statistics.halves(known.map((i) => seeds[i]));
        const tested = known.filter((_, k) => !first[k]), held = [...new Set(tested.map((i) => seeds[i]))].sort((a, b) => a - b);
        const place = new Map(held.map((seed, k) => [seed, k])), wrong = held.map(() => 0), count = held.map(() => 0);
        for (const i of tested) {
            count[place.get(seeds[i])]++;
            if (values[i] <= test.threshold !== solved[i]) wrong[place.get(seeds[i])]++;
        }
        const n = held.length, drawn = resample(n, statistics.RESAMPLES, 0);
        const rates = Float64Array.from({ length: statistics.RESAMPLES }, (_, s) => {
            const row = drawn.subarray(s * n, (s + 1) * n);
            return d3.sum(row, (k) => wrong[k]) / d3.sum(row, (k) => count[k]);
        });
        return { ...test, ...percentiles(rates) };
    };

    /* ---- onsets ---- */

    /* A final dimension is known of a complete run only: without one t_geo says nothing. */
    const untold = (onset, run) => onset.startsWith("t_geo") && (page.value("stopped_early", run) === 1 || page.value("status", run) !== "done");
    page.untold = untold;

    /* Times of an onset over the runs that ended: see onset_times in statistics.py. */
    page.onsetTimes = (onset, runs) => {
        const found = { runs: [], times: [], observed: [] };
        for (const run of runs) {
            if (!page.ended(run)) continue;
            const reached = page.value(onset, run), observed = reached !== null;
            const planned = page.data.planned[run];
            const end = observed ? reached : page.value("status", run) === "diverged" && planned ? planned : page.value("steps", run);
            if (end === null || (!observed && untold(onset, run))) continue;
            found.runs.push(run);
            found.times.push(end);
            found.observed.push(observed);
        }
        return found;
    };

    const known = new Map();
    page.onData(() => known.clear());

    /* Times, median and interval of an onset over a group's runs; computed once for each set of runs. */
    page.onsetMedian = (onset, runs) => {
        const id = onset + ":" + runs.join();
        if (!known.has(id)) {
            const data = page.onsetTimes(onset, runs);
            known.set(id, { ...data, interval: statistics.bootstrapMedian(data.times, data.observed), reached: data.observed.filter(Boolean).length });
        }
        return known.get(id);
    };
})();
