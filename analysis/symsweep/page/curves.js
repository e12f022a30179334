/* curves.js: accuracy, violation and one more metric against the step, for groups with bands over seeds or one run. */
"use strict";

(() => {
    const element = page.element, chart = page.chart;
    const state = { what: "groups", run: 0, family: null, part: "max", extra: "effective_dimension", band: "quartiles", logarithmic: true };

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

    Object.assign(page, { valueAt: at, stepGrid: grid });

    function ends(values) {
        if (state.band === "range") return [values[0], values[values.length - 1]];
        return [d3.quantile(values, 0.25), d3.quantile(values, 0.75)];
    }

    const cache = new Map();

    /* Median and band over the runs of a group: [{step, median, low, high, n}]. */
    function band(metric, runs) {
        const id = [metric, state.band, ...runs].join();
        if (cache.has(id)) return cache.get(id);
        const logarithmic = metricOf(metric).scale === "log";
        const curves = runs.map((run) => ({ curve: curveOf(metric, run), stopped: page.value("stopped_early", run) === 1 })).filter((c) => c.curve);
        const found = [];
        for (const step of grid(runs.filter(page.evaluated))) {
            const values = curves.map((c) => at(c.curve, step, c.stopped, logarithmic)).filter((v) => !Number.isNaN(v)).sort((a, b) => a - b);
            if (!values.length) continue;
            const [low, high] = ends(values);
            found.push({ step, median: page.statistics.median(values), low, high, n: values.length });
        }
        if (cache.size > 400) cache.clear();
        cache.set(id, found);
        return found;
    }

    /* ---- what is drawn ---- */

    const violation = () => metricOf(`${state.family}_${state.part}`);

    /* Lines of a panel: {name, style, points: [{step, median, low, high}]}. */
    function lines(metrics) {
        if (state.what === "groups") {
            return page.selection().shown.flatMap((group) => metrics.map((metric) => ({
                name: group.name + (metrics.length > 1 ? `, ${metric.short}` : ""), style: { ...group, thin: metric.thin }, points: band(metric.name, group.runs), group: group.name, metric: metric.name,
            }))).filter((line) => line.points.length);
        }
        return metrics.map((metric, i) => {
            const curve = curveOf(metric.name, state.run);
            const points = curve ? Array.from(curve.steps, (step, k) => ({ step, median: curve.values[k], low: NaN, high: NaN, n: 1 })).filter((p) => !Number.isNaN(p.median)) : [];
            return { name: metric.short, style: { ...page.style(metric.style !== undefined ? metric.style : i), dash: metric.thin ? "4 3" : "" }, points, group: "", metric: metric.name };
        }).filter((line) => line.points.length);
    }

    function panels() {
        const accuracy = [{ name: "test_accuracy", short: "test", style: 0 }];
        if (page.metrics.has("train_accuracy")) accuracy.push({ name: "train_accuracy", short: "train", thin: true, style: 4 });
        const single = state.what === "run";
        const known = (name) => metricOf(name) && (!single || hasValues(name));
        if (single && known("test_accuracy_unmirrored")) accuracy.push({ name: "test_accuracy_unmirrored", short: "test, mirror not in train", style: 1 });
        const found = [{ title: "accuracy", metrics: accuracy.filter((m) => page.metrics.has(m.name)), extent: [0, 1] }];
        const v = violation();
        if (v) {
            const others = single ? [{ name: `${state.family}_null_${state.part === "mean" ? "mean" : "max"}`, short: "random pairs", thin: true, style: 6 }].filter((m) => known(m.name)) : [];
            found.push({ title: page.metricName(v) + page.units(v), metrics: [{ name: v.name, short: "violation", style: 3 }, ...others], tau: state.part === "max" || state.part === "mean" });
        }
        const extra = page.metrics.get(state.extra);
        if (extra) found.push({ title: page.metricName(extra) + page.units(extra), metrics: [{ name: extra.name, short: page.metricName(extra), style: 2 }] });
        return found.filter((panel) => panel.metrics.length);
    }
    const hasValues = (name) => { const c = curveOf(name, state.run); return c && c.values.some((v) => !Number.isNaN(v)); };

    /* ---- drawing ---- */

    function draw(area, width) {
        if (!page.metrics.size) return { empty: page.count ? "No run has been evaluated yet." : "This file holds no runs." };
        const drawn = panels().map((panel) => ({ ...panel, lines: lines(panel.metrics) }));
        if (state.what === "groups" && !page.selection().shown.length) {
            const legend = page.legend();
            if (legend) area.append(legend);
            area.append(element("p", { class: "nothing" }, page.selection().groups.length ? "No group is chosen above." : "No run passes the filters."));
            return {};
        }
        if (!drawn.some((panel) => panel.lines.length)) return { empty: "No run of this choice has been evaluated." };
        if (state.what === "groups") {
            const legend = page.legend();
            if (legend) area.append(legend);
        }
        const left = 54, right = 14, top = 34, gap = 44;
        const heights = drawn.map((_, i) => (i === 0 ? 170 : 150));
        const height = top + d3.sum(heights) + gap * (drawn.length - 1) + 44;
        const svg = chart.svg(area, width, height);
        const steps = drawn.flatMap((panel) => panel.lines.flatMap((line) => line.points.map((p) => p.step)));
        const x = chart.steps(d3.min(steps.filter((s) => s > 0)) || 1, d3.max(steps) || 1, [left, width - right], state.logarithmic);
        let y0 = top;
        drawn.forEach((panel, i) => {
            panel.box = { left, top: y0, width: width - left - right, height: heights[i] };
            drawPanel(svg, panel, x);
            y0 += heights[i] + gap;
        });
        chart.stepAxis(svg, drawn[drawn.length - 1].box, x);
        for (const panel of drawn.slice(0, -1)) chart.stepAxis(svg, panel.box, x, "", false);
        if (state.what === "run") markOnsets(svg, drawn, x);
        crosshair(svg, drawn, x, width, height);
        if (state.what === "run") area.append(runKeys(drawn));
        return { summary: summary(drawn), note: notes() };
    }

    function extentOf(panel) {
        if (panel.extent) return panel.extent;
        const values = panel.lines.flatMap((line) => line.points.flatMap((p) => [p.median, p.low, p.high])).filter(Number.isFinite);
        return d3.extent(values);
    }

    function drawPanel(svg, panel, x) {
        const { box } = panel;
        const [low, high] = extentOf(panel);
        const positive = panel.lines.flatMap((line) => line.points.map((p) => p.median)).filter((v) => v > 0);
        const metric = metricOf(panel.metrics[0].name);
        const logarithmic = !panel.extent && metric.scale === "log" && positive.length > 0;
        const y = logarithmic ? chart.values([d3.min(positive), high], [box.top + box.height, box.top], true) : chart.values([low, high], [box.top + box.height, box.top], false);
        panel.y = y;
        chart.valueAxis(svg, box, y, panel.title);
        const tau = panel.tau && commonTau(), ruled = tau && logarithmic && tau > d3.min(positive) && tau < high;
        if (ruled) {
            svg.append("line").attr("class", "rule").attr("x1", box.left).attr("x2", box.left + box.width).attr("y1", y(tau)).attr("y2", y(tau));
        }
        const clip = page.unique("clip");
        svg.append("clipPath").attr("id", clip).append("rect").attr("x", box.left - 2).attr("y", box.top - 5).attr("width", box.width + 9).attr("height", box.height + 10);
        const g = svg.append("g").attr("clip-path", `url(#${clip})`).attr("class", "curves");
        const fits = (p) => Number.isFinite(p.median);
        for (const line of panel.lines) {
            if (state.what === "groups" && state.band !== "none" && !line.style.thin) {
                g.append("path").attr("class", "band").attr("fill", line.style.color).attr("opacity", Math.min(0.18, 0.5 / page.selection().shown.length))
                    .attr("d", d3.area().defined((p) => fits(p) && p.n > 1).x((p) => x(p.step)).y0((p) => y(p.low)).y1((p) => y(p.high))(line.points));
            }
            g.append("path").attr("class", "line").attr("stroke", line.style.color).attr("stroke-width", line.style.thin ? 1.2 : 2)
                .attr("stroke-dasharray", line.style.thin && state.what === "groups" ? "2 3" : line.style.dash || null)
                .attr("opacity", line.style.thin && state.what === "groups" ? 0.7 : null)
                .attr("d", d3.line().defined(fits).x((p) => x(p.step)).y((p) => y(p.median))(line.points));
            const last = line.points[line.points.length - 1];
            if (state.what === "groups" && !line.style.thin && fits(last)) chart.mark(g, line.style.symbol, x(last.step), y(last.median), 42, line.style.color);
        }
        if (ruled) svg.append("text").attr("class", "rule-text").attr("x", box.left + box.width).attr("y", y(tau) - 4).attr("text-anchor", "end").text(`phase.tau ${page.number(tau)}`);
    }

    function commonTau() {
        const runs = state.what === "run" ? [state.run] : page.selection().runs;
        const taus = new Set(runs.map((run) => page.data.phase.tau[run]));
        return taus.size === 1 ? [...taus][0] : null;
    }

    /* Onsets of one run: upright lines through all panels, names on top, apart from each other. */
    function markOnsets(svg, drawn, x) {
        const bottom = drawn[drawn.length - 1].box.top + drawn[drawn.length - 1].box.height, top = drawn[0].box.top;
        const marks = page.onsets.map((o) => ({ ...o, step: page.value(o.id, state.run) })).filter((o) => o.step !== null).sort((a, b) => a.step - b.step);
        const g = svg.append("g").attr("class", "onsets"), titleEnd = drawn[0].box.left - 44 + drawn[0].title.length * 7 + 8;
        for (const [i, mark] of marks.entries()) {
            const at = x(mark.step), next = i + 1 < marks.length ? x(marks[i + 1].step) : drawn[0].box.left + drawn[0].box.width + 14;
            g.append("line").attr("x1", at).attr("x2", at).attr("y1", top - 6).attr("y2", bottom).attr("stroke", mark.color).attr("stroke-dasharray", "1 3").attr("stroke-width", 1.5);
            chart.mark(g, mark.symbol, at, top - 9, 50, mark.color);
            if (at + 7 > titleEnd && next - at > mark.id.length * 7 + 13) g.append("text").attr("x", at + 7).attr("y", top - 6).text(mark.id);
        }
    }

    function runKeys(drawn) {
        const items = drawn.flatMap((panel) => panel.lines.map((line) => element("li", {}, page.swatch({ ...line.style, symbol: null }), line.name)));
        const marks = page.onsets.filter((o) => page.value(o.id, state.run) !== null).map((o) => element("li", {}, symbolKey(o), `${o.id}: ${o.name} at ${page.number(page.value(o.id, state.run))}`));
        return element("ul", { class: "keys row" }, items, marks);
    }
    const symbolKey = (onset) => {
        const svg = d3.create("svg").attr("class", "swatch").attr("width", 14).attr("height", 14).attr("aria-hidden", "true");
        chart.mark(svg, onset.symbol, 7, 7, 60, onset.color);
        return svg.node();
    };
    page.symbolKey = symbolKey;

    function crosshair(svg, drawn, x, width, height) {
        const rule = svg.append("line").attr("class", "crosshair").attr("y1", drawn[0].box.top).attr("y2", height - 44).attr("visibility", "hidden");
        const box = drawn[0].box;
        const catcher = svg.append("rect").attr("class", "catch").attr("x", box.left).attr("y", box.top).attr("width", box.width).attr("height", height - box.top - 44).node();
        const value = (line, step) => {
            const points = line.points, i = Math.min(d3.bisector((p) => p.step).left(points, step), points.length - 1);
            const p = i > 0 && step - points[i - 1].step < points[i].step - step ? points[i - 1] : points[i];
            return `${line.name}: ${page.number(p.median)}` + (p.n > 1 && state.band !== "none" ? ` (${page.number(p.low)} to ${page.number(p.high)})` : "");
        };
        catcher.addEventListener("pointermove", (event) => {
            const px = event.clientX - svg.node().getBoundingClientRect().left;
            const step = x.zero !== null && px < x.gap ? 0 : x.invert(px);
            rule.attr("x1", px).attr("x2", px).attr("visibility", "visible");
            const rows = drawn.flatMap((panel) => panel.lines.slice(0, 8).map((line, k) => (k === 0 ? `${panel.title} · ` : "") + value(line, step)));
            page.showTip(event, [`step ${page.number(Math.round(step))}`, ...rows]);
        });
        catcher.addEventListener("pointerleave", () => { rule.attr("visibility", "hidden"); page.hideTip(); });
    }

    function notes() {
        const parts = [];
        if (state.what === "groups") {
            if (page.pooledNote()) parts.push(page.pooledNote().trim());
            if (state.band !== "none") parts.push(`Lines are medians over the runs of a group, bands their ${state.band === "range" ? "range" : "quartiles"}.`);
            parts.push("Dotted: train accuracy. A run that `stop` ended is carried on at its last value.");
        }
        if (page.data.curves.thinned) parts.push(`The page keeps up to ${page.data.curves.points} evaluations of each run; the results file has all.`);
        return parts.join(" ");
    }

    function summary(drawn) {
        const who = state.what === "run" ? runName(state.run) : page.selection().shown.map((g) => g.name).join("; ");
        const last = (drawn[0].lines || []).filter((line) => line.metric === "test_accuracy").map((line) => `${line.name} ends at test accuracy ${page.number(line.points[line.points.length - 1].median)}`);
        return `${drawn.map((panel) => panel.title).join(", ")} against the step, for ${who}. ${last.join("; ")}.`;
    }

    const runName = (run) => {
        const parts = [`run ${page.data.runs[run]}`];
        if (page.column("label") && page.value("label", run)) parts.push(page.value("label", run));
        if (page.value("seed", run) !== null) parts.push(`seed ${page.value("seed", run)}`);
        return parts.join(", ");
    };
    page.runName = runName;

    function table() {
        const rows = [];
        for (const panel of panels()) {
            for (const line of lines(panel.metrics)) {
                for (const p of line.points) rows.push([state.what === "run" ? runName(state.run) : line.group, line.metric, p.step, p.median, ...(state.what === "run" ? [] : [p.low, p.high, p.n])]);
            }
        }
        return { columns: state.what === "run" ? ["run", "metric", "step", "value"] : ["group", "metric", "step", "median", "low", "high", "runs"], rows };
    }

    page.addCurves = (section) => {
        state.family = ownFamilies().length > 1 ? OWN : page.data.families[0] || null;
        if (!page.metrics.has(state.extra)) state.extra = page.metrics.has("test_loss") ? "test_loss" : "";
        state.run = page.all.find(page.evaluated) ?? 0;
        page.addFigure(section, {
            id: "curves", title: "Curves",
            about: "Accuracy, the violation of a symmetry and one more metric, step by step.",
            controls: (refresh) => {
                if (!page.metrics.size) return [];
                const set = (name, then) => (value) => { state[name] = value; (then || refresh)(); };
                const figure = page.figures.find((f) => f.id === "curves");
                const evaluated = page.selection().runs.filter(page.evaluated);
                if (!evaluated.includes(state.run) && evaluated.length) state.run = evaluated[0];
                const rebuild = () => figure.rebuild();
                const parts = ["max", "mean", "disagreement", "ratio_max"].filter((part) => metricOf(`${state.family}_${part}`));
                const families = [...(ownFamilies().length > 1 ? [{ id: OWN, name: "phase.family of each run" }] : []), ...page.data.families.map((f) => ({ id: f, name: page.words(f) }))];
                const words = { max: "largest", mean: "mean", disagreement: "disagreeing answers", ratio_max: "largest over random pairs’" };
                return [
                    page.select("Show", [{ id: "groups", name: "groups" }, { id: "run", name: "one run" }], state.what, set("what", rebuild)),
                    state.what === "run" ? page.select("Run", evaluated.map((run) => ({ id: String(run), name: runName(run) })), String(state.run), (id) => { state.run = +id; refresh(); }) : null,
                    page.data.families.length ? page.select("Symmetry", families, state.family, set("family", rebuild)) : null,
                    parts.length ? page.select("Violation", parts.map((id) => ({ id, name: words[id] })), state.part, set("part")) : null,
                    page.select("Below", [{ id: "", name: "nothing" }, ...page.metricChoices()], state.extra, set("extra")),
                    state.what === "groups" ? page.select("Bands", [{ id: "quartiles", name: "quartiles" }, { id: "range", name: "range" }, { id: "none", name: "none" }], state.band, set("band")) : null,
                    page.check("log steps", state.logarithmic, set("logarithmic")),
                ];
            },
            draw, table,
        });
    };
    page.showRun = (run) => {
        Object.assign(state, { what: "run", run });
        page.figures.find((f) => f.id === "curves").rebuild();
        document.getElementById("curves").scrollIntoView();
    };
})();
