/* curves.js: accuracy, violation and one more metric against the step, for groups with bands over seeds. */
"use strict";

(() => {
    const element = page.element, chart = page.chart;
    let state;

    /* ---- metrics ---- */

    /* Stands for the family that each run's phase.family names: in a file of several tasks no one family is of all. */
    const OWN = "phase.family";
    const ofOwn = (name) => name.startsWith(OWN + "_");
    const ownFamilies = () => page.distinct(page.data.phase.family).filter((family) => page.data.families.includes(family));

    /* A metric by its name, `phase.family_<part>` among them, or null. */
    function metricOf(name) {
        if (!ofOwn(name)) return page.metrics.get(name) || null;
        const all = ownFamilies().map((family) => page.metrics.get(family + name.slice(OWN.length))).filter(Boolean);
        if (!all.length) return null;
        return { ...all[0], name, family: OWN, scale: all.some((metric) => metric.scale === "log") ? "log" : "linear" };
    }

    const curveOf = (name, run) => page.curve(ofOwn(name) ? page.data.phase.family[run] + name.slice(OWN.length) : name, run);

    /* ---- groups ---- */

    /* Value at a step by interpolation between evaluations. Beyond the last one: the last value where `stop` ended the
     * run (it had solved the task and is taken to stay so), else nothing. */
    function at(curve, step, stopped, logarithmic) {
        const { steps, values } = curve, n = steps.length;
        if (step > steps[n - 1]) return stopped ? values[n - 1] : NaN;
        const i = d3.bisectLeft(steps, step);
        if (steps[i] === step) return values[i];
        if (i === 0) return NaN;
        const a = values[i - 1], b = values[i], t = (step - steps[i - 1]) / (steps[i] - steps[i - 1]);
        return logarithmic && a > 0 && b > 0 ? Math.exp(Math.log(a) * (1 - t) + Math.log(b) * t) : a * (1 - t) + b * t;
    }

    const MOST_STEPS = 220;

    function grid(runs) {
        const all = new Set();
        for (const run of runs) for (let i = page.offsets[run]; i < page.offsets[run + 1]; i++) all.add(page.steps[i]);
        const sorted = [...all].sort((a, b) => a - b);
        if (sorted.length <= MOST_STEPS) return sorted;
        const last = sorted.length - 1;
        return [...new Set([...d3.range(MOST_STEPS / 2).map((i) => Math.round((i * last) / (MOST_STEPS / 2 - 1))),
            ...d3.range(MOST_STEPS / 2).map((i) => Math.round((last + 1) ** (i / (MOST_STEPS / 2 - 1))) - 1)])].sort((a, b) => a - b).map((i) => sorted[i]);
    }

    /* Median and quartiles (or the range) over curves {steps, values, stopped} at each of some steps; where none has a
     * value, a gap: [{step, median, low, high, n}]. */
    function pooled(curves, steps, logarithmic, range = false) {
        return steps.map((step) => {
            const values = curves.map((c) => at(c, step, c.stopped, logarithmic)).filter((v) => !Number.isNaN(v)).sort((a, b) => a - b), n = values.length;
            if (!n) return { step, n, median: NaN, low: NaN, high: NaN };
            return { step, n, median: page.statistics.median(values), low: range ? values[0] : d3.quantile(values, 0.25), high: range ? values[n - 1] : d3.quantile(values, 0.75) };
        });
    }

    const stopped = (run) => page.value("stopped_early", run) === 1;

    /* Curves of runs, to be pooled. */
    const curvesOf = (metric, runs) => runs.map((run) => ({ ...curveOf(metric, run), stopped: stopped(run) })).filter((c) => c.steps);

    /* The same of one run as points. */
    const pointsOf = (metric, run) => {
        const curve = curveOf(metric, run);
        return curve ? Array.from(curve.steps, (step, k) => ({ step, median: curve.values[k], low: NaN, high: NaN, n: 1 })).filter((p) => !Number.isNaN(p.median)) : [];
    };

    Object.assign(page, { stepGrid: grid, pooled, curvesOf, pointsOf, metricOf });

    const cache = new Map();
    page.onData(() => cache.clear());

    function band(metric, runs) {
        const id = [metric, state.band, ...runs].join();
        if (!cache.has(id)) {
            if (cache.size > 400) cache.clear();
            cache.set(id, pooled(curvesOf(metric, runs), grid(runs.filter(page.evaluated)), metricOf(metric).scale === "log", state.band === "range").filter((p) => p.n));
        }
        return cache.get(id);
    }

    /* ---- which symmetry ---- */

    const PARTS = { max: "largest", mean: "mean", disagreement: "disagreeing answers", ratio_max: "largest over random pairs’" };

    /* Choices of a symmetry and of a measure of its violation, and of a metric below; kept in `into`. */
    page.violationPicks = (into, refresh) => {
        const families = [...(ownFamilies().length > 1 ? [{ id: OWN, name: "phase.family of each run" }] : []), ...page.named(page.data.families, page.words)];
        const parts = Object.keys(PARTS).filter((part) => metricOf(`${into.family}_${part}`));
        return page.data.families.length ? [page.pick("Symmetry", families, into, "family", refresh), page.pick("Violation", page.named(parts, (id) => PARTS[id]), into, "part", refresh)] : [];
    };
    page.belowPick = (into, refresh) => page.pick("Below", [...page.metricChoices(), { id: "", name: "nothing" }], into, "extra", refresh);
    page.firstPicks = () => ({
        family: ownFamilies().length > 1 ? OWN : page.data.families[0] || "", part: "max", logarithmic: true,
        extra: ["effective_dimension", "test_loss", ""].find((name) => !name || page.metrics.has(name)),
    });

    page.commonTau = (runs) => {
        const taus = new Set(runs.map((run) => page.data.phase.tau[run]));
        return taus.size === 1 ? [...taus][0] : null;
    };
    page.tauRule = (runs) => { const tau = page.commonTau(runs); return tau ? [[tau, `phase.tau ${page.number(tau)}`]] : []; };

    /* ---- what is drawn ---- */

    const MOST_LINES = 240;

    function panels() {
        const shown = page.selection().shown, some = shown.filter((_, i) => i % Math.ceil(shown.length / MOST_LINES) === 0);
        const lines = (metric, extra) => some.map((group) => ({ ...group, name: group.name, group: group.name, metric, points: band(metric, group.runs), ...extra })).filter((line) => line.points.length);
        const train = shown.length <= 12 && page.metrics.has("train_accuracy") ? lines("train_accuracy", { dash: "2 3", thin: true }).map((line) => ({ ...line, name: line.name + ", train", points: line.points.map((p) => ({ ...p, low: NaN })) })) : [];
        const found = page.metrics.has("test_accuracy") ? [{ title: "test accuracy" + (train.length ? ", dotted: train" : ""), lines: [...lines("test_accuracy"), ...train], extent: [0, 1] }] : [];
        const violation = metricOf(`${state.family}_${state.part}`);
        if (violation) found.push({ title: page.metricName(violation) + page.units(violation), lines: lines(violation.name), logarithmic: violation.scale === "log", rules: ["max", "mean"].includes(state.part) ? page.tauRule(page.selection().runs) : [] });
        const extra = page.metrics.get(state.extra);
        if (extra) found.push({ title: page.metricName(extra) + page.units(extra), lines: lines(extra.name), logarithmic: extra.scale === "log" });
        return found;
    }

    function draw(area, width) {
        if (!page.metrics.size) return { empty: page.count ? "No run has been evaluated yet." : "This file holds no runs." };
        const { shown, groups, runs } = page.selection();
        if (!runs.some(page.evaluated)) return { empty: "No run of this choice has been evaluated." };
        area.append(page.legend() || "");
        if (!shown.length) {
            area.append(element("p", { class: "nothing" }, groups.length ? "No group is chosen above." : "No run passes the filters."));
            return {};
        }
        const all = panels().filter((panel) => panel.lines.length);
        if (!all.length) return { empty: "No run of this choice has been evaluated." };
        const about = `${all.map((panel) => panel.title).join(", ")} against the step, for ${shown.slice(0, 12).map((g) => g.name).join("; ")}.`;
        chart.panels(area, width, all, { logarithmic: state.logarithmic });
        const notes = [page.pooledNote().trim(), `Lines are medians over the runs of a group, bands their ${state.band}. A run that its rule to stop ended is carried on at its last value.`,
            shown.length > MOST_LINES ? `One group in ${Math.ceil(shown.length / MOST_LINES)} is drawn; the data have all that is drawn.` : "",
            page.data.curves.thinned ? `The page keeps up to ${page.data.curves.points} evaluations of each run; the results file has all.` : ""];
        const last = all[0].lines.filter((line) => line.metric === "test_accuracy").slice(0, 12).map((line) => `${line.name} ends at test accuracy ${page.number(line.points[line.points.length - 1].median)}`);
        return { summary: `${about} ${last.join("; ")}.`, note: notes.filter(Boolean).join(" ") };
    }

    page.addCurves = (section) => {
        state = page.choices("curves", { ...page.firstPicks(), band: "quartiles" });
        const figure = page.addFigure(section, {
            id: "curves", title: "Curves",
            about: "Accuracy, the violation of a symmetry and one more metric, step by step.",
            controls: (refresh) => (!page.metrics.size ? [] : [
                ...page.violationPicks(state, () => figure.rebuild()), page.belowPick(state, refresh),
                page.pick("Bands", page.named(["quartiles", "range"], (id) => id), state, "band", refresh), page.tick("log steps", state, "logarithmic", refresh),
            ]),
            draw,
            table: () => ({ columns: ["group", "metric", "step", "median", "low", "high", "runs"],
                rows: panels().flatMap((panel) => panel.lines.flatMap((line) => line.points.map((p) => [line.group, line.metric, p.step, p.median, p.low, p.high, p.n]))) }),
        });
    };
})();
