/* survival.js: time to an onset with censoring: Kaplan-Meier curves, medians, log-rank tests. */
"use strict";

(() => {
    const element = page.element, chart = page.chart;
    const state = { onset: "t_gen", logarithmic: true, bands: true };

    function onsets() {
        const named = page.onsets.filter((o) => page.column(o.id)).map((o) => ({ id: o.id, name: `${o.name} (${o.id})` }));
        const crossings = Object.keys(page.data.columns).filter((name) => /^(train|test)_accuracy_first_[\d.]+$/.test(name))
            .map((name) => ({ id: name, name: name.replace(/_accuracy_first_/, " accuracy ") }));
        const families = Object.keys(page.data.columns).filter((name) => /^t_sym_(mean|max)\./.test(name))
            .map((name) => ({ id: name, name: page.words(name.replace(/^t_sym_(mean|max)\./, "")) + (name.startsWith("t_sym_mean") ? ", mean violation" : ", largest violation") }));
        return [...named, { group: "accuracy", choices: crossings }, { group: "symmetry", choices: families }].filter((o) => !o.choices || o.choices.length);
    }

    function survivals() {
        return page.selection().groups.map((group) => ({ group, ...page.onsetMedian(state.onset, group.runs) })).filter((s) => s.times.length)
            .map((s) => ({ ...s, estimate: page.statistics.kaplanMeier(s.times, s.observed) }));
    }

    function reference(all) {
        return all.find((s) => s.group.index === page.state.reference) || all[0];
    }

    function draw(area, width) {
        const all = survivals();
        if (!all.length) return { empty: page.column(state.onset) || !page.count ? "No run of this choice has ended." : "No run reached this onset." };
        const shown = all.filter((s) => !page.state.hidden.has(s.group.name));
        const legend = page.legend();
        if (legend) area.append(legend);
        if (shown.length) curves(area, width, shown);
        else area.append(element("p", { class: "nothing" }, "No group is chosen above."));
        const tests = compare(all);
        area.append(comparison(tests));
        return { note: verdict(all), summary: tests.map((t) => `${t.group.name}: median ${page.interval(t.median)}`).join("; ") };
    }

    function curves(area, width, shown) {
        const left = 54, right = 16, top = 34, height = 324;
        const svg = chart.svg(area, width, height);
        const box = { left, top, width: width - left - right, height: height - top - 44 };
        const times = shown.flatMap((s) => s.times).filter((t) => t > 0);
        const last = d3.max(times) || 1;
        const x = chart.steps((d3.min(times) || 1) / 1.3, last * 1.06, [left, left + box.width], state.logarithmic);
        const y = chart.values([0, 1], [top + box.height, top], false);
        chart.valueAxis(svg, box, y, "share of runs that got there", { format: (v) => page.percent(v).replace(" ", " ") });
        chart.stepAxis(svg, box, x);
        const start = x(0) || left;
        for (const s of shown) {
            const steps = [{ time: 0, survival: 1, lower: 1, upper: 1 }, ...s.estimate.points];
            const end = Math.max(...s.times);
            const corner = (value) => steps.map((p, i) => {
                const until = i + 1 < steps.length ? steps[i + 1].time : end;
                return { from: i ? x(p.time) : start, to: x(until), value: value(p), low: 1 - p.upper, high: 1 - p.lower };
            });
            const path = corner((p) => 1 - p.survival);
            if (state.bands && s.times.length > 1) {
                for (const part of path.filter((p) => Number.isFinite(p.low) && Number.isFinite(p.high) && p.to > p.from)) {
                    svg.append("rect").attr("class", "band").attr("fill", s.group.color).attr("opacity", Math.min(0.18, 0.5 / shown.length)).attr("x", part.from).attr("width", part.to - part.from).attr("y", y(part.high)).attr("height", Math.max(0, y(part.low) - y(part.high)));
                }
            }
            const d = path.map((p, i) => `${i ? "V" + y(p.value) : `M${p.from},${y(p.value)}`}H${p.to}`).join("");
            svg.append("path").attr("class", "line").attr("stroke", s.group.color).attr("stroke-dasharray", s.group.dash || null).attr("d", d);
            const level = (t) => 1 - [...steps].reverse().find((p) => p.time <= t).survival;
            for (const t of s.estimate.censored) svg.append("path").attr("stroke", s.group.color).attr("stroke-width", 1.5).attr("d", `M${x(t)},${y(level(t)) - 5}v10`);
            if (Number.isFinite(s.estimate.median)) chart.mark(svg, s.group.symbol, x(s.estimate.median), y(0.5), 46, s.group.color);
        }
    }

    /* Every group against the reference. */
    function compare(all) {
        const base = reference(all);
        const tests = all.map((s) => {
            const median = s.interval;
            if (s === base) return { ...s, median, ratio: null, p: NaN, paired: NaN };
            const seeds = [s, base].map((group) => group.runs.map((run) => page.value("seed", run)));
            const pairs = page.statistics.seedPairs(...seeds), of = (group, name, k) => pairs.map((pair) => group[name][pair[k]]);
            const paired = page.statistics.signedRank(of(s, "times", 0), of(s, "observed", 0), of(base, "times", 1), of(base, "observed", 1));
            const times = [...base.times, ...s.times], observed = [...base.observed, ...s.observed];
            const labels = [...base.times.map(() => "reference"), ...s.times.map(() => "group")];
            return { ...s, median, ratio: page.statistics.bootstrapRatio(s, base), p: page.statistics.logRank(times, observed, labels).pValue, paired: paired.pValue };
        });
        const adjusted = page.statistics.holm(tests.map((t) => t.p)), pairedHolm = page.statistics.holm(tests.map((t) => t.paired));
        return tests.map((t, i) => ({ ...t, adjusted: adjusted[i], pairedHolm: pairedHolm[i], isReference: t.group === base.group }));
    }

    const pText = (p) => (Number.isNaN(p) ? "–" : p < 1e-4 ? "< 0.0001" : d3.format(".2~g")(p));

    function ratioText(ratio) {
        if (!ratio || Number.isNaN(ratio.estimate)) return "–";
        const end = (v) => (Number.isNaN(v) ? "?" : v === Infinity ? "∞" : v === 0 ? "0" : page.number(v));
        if (ratio.estimate === Infinity) return "reference not reached" + (Number.isFinite(ratio.lower) ? `, at least ${end(ratio.lower)}×` : "");
        if (ratio.estimate === 0) return "not reached";
        return `${end(ratio.estimate)}× [${end(ratio.lower)}–${end(ratio.upper)}]`;
    }

    function comparison(tests) {
        const head = ["group", "got there", "median [95 %]", "speed-up over reference [95 %]", "log-rank p", "p, Holm", "sooner, seed by seed: p", "p, Holm"];
        const table = element("table", { class: "groups" },
            element("thead", {}, element("tr", {}, head.map((name) => element("th", { scope: "col" }, name)))),
            element("tbody", {}, tests.map((t) => element("tr", { class: t.isReference ? "reference" : null },
                element("th", { scope: "row" }, page.swatch(t.group), t.group.name, t.isReference && tests.length > 1 ? element("span", { class: "tag" }, "reference") : null),
                element("td", { class: "number" }, `${t.estimate.reached} of ${t.estimate.count}`), element("td", { class: "number" }, page.interval(t.median)),
                element("td", { class: "number" }, t.isReference ? "" : ratioText(t.ratio)), element("td", { class: "number" }, t.isReference ? "" : pText(t.p)),
                element("td", { class: "number" }, t.isReference ? "" : pText(t.adjusted)),
                element("td", { class: "number" }, t.isReference ? "" : pText(t.paired)),
                element("td", { class: "number" }, t.isReference ? "" : pText(t.pairedHolm))))));
        return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Comparison of groups" }, table);
    }

    function verdict(all) {
        const diverged = d3.sum(all, (s) => s.runs.filter((run) => page.value("status", run) === "diverged").length);
        const parts = [];
        if (all.length > 1) {
            const test = page.statistics.logRank(all.flatMap((s) => s.times), all.flatMap((s) => s.observed), all.flatMap((s) => s.times.map(() => s.group.name)));
            parts.push(Number.isNaN(test.pValue) ? "No test over all groups: too few runs got there." : `All groups alike? Log-rank χ² = ${page.number(test.statistic)} on ${page.plural(test.degrees, "degree")} of freedom, p ${test.pValue < 1e-4 ? "< 0.0001" : "= " + pText(test.pValue)}.`);
        }
        parts.push("Small bars mark censored runs. Bands: pointwise 95 %. Runs count as if independent; runs of one seed share initialization and split, which the test seed by seed uses (exact Wilcoxon signed-rank, one-sided: sooner than the reference). Corrected for the number of groups after Holm.");
        if (diverged) parts.push(`${page.plural(diverged, "diverged run")} stay${diverged === 1 ? "s" : ""} among those that did not get there.`);
        const least = d3.min(all, (s) => s.times.length);
        if (least < 6) parts.push(`With ${least} runs an interval of a median can be no wider than their range, which holds it with probability ${page.percent(Math.max(0, 1 - 2 ** (1 - least)))} at most.`);
        return parts.join(" ");
    }

    page.addSurvival = (section) => {
        if (!page.column(state.onset)) state.onset = "t_gen";
        page.addFigure(section, {
            id: "survival", title: "Time to generalization",
            about: "Share of runs that got there by each step (Kaplan-Meier): runs that did not are censored, not averaged.",
            controls: (refresh) => {
                const { groups } = page.selection();
                const choices = onsets();
                if (!choices.length) return [];
                return [
                    page.select("Onset", choices, state.onset, (v) => { state.onset = v; refresh(); }),
                    groups.length > 1 ? page.select("Reference", groups.map((g) => ({ id: String(g.index), name: g.name })), String(page.state.reference), (v) => { page.state.reference = +v; refresh(); }) : null,
                    page.check("log steps", state.logarithmic, (v) => { state.logarithmic = v; refresh(); }),
                    page.check("bands", state.bands, (v) => { state.bands = v; refresh(); }),
                ];
            },
            draw,
            table: () => ({
                columns: ["group", "step", "at_risk", "events", "not_yet", "lower", "upper"],
                rows: survivals().flatMap((s) => s.estimate.points.map((p) => [s.group.name, p.time, p.atRisk, p.events, p.survival, p.lower, p.upper])),
            }),
        });
    };
    page.survivalTests = () => compare(survivals());
})();
