/* survival.js: time to an onset with censoring: Kaplan-Meier curves, medians, log-rank tests. */
"use strict";

(() => {
    const element = page.element, chart = page.chart;
    let state;

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
        const shown = all.filter((s) => !page.state.hidden.has(s.group.level));
        area.append(page.legend() || "");
        if (shown.length) curves(area, width, shown);
        else area.append(element("p", { class: "nothing" }, "No group is chosen above."));
        const tests = compare(all.slice(0, MOST_TESTS));
        area.append(comparison(tests));
        return { note: verdict(all) + (all.length > MOST_TESTS ? ` The first ${MOST_TESTS} of ${all.length} groups are compared.` : ""), summary: tests.slice(0, 20).map((t) => `${t.group.name}: median ${page.interval(t.median)}`).join("; ") };
    }

    function curves(area, width, shown) {
        const names = [...new Set(shown.map((s) => s.group.panel))], columns = names.length > 1 ? Math.max(1, Math.min(names.length, Math.floor(width / (width < 500 ? 160 : 240)))) : 1;
        const rows = Math.ceil(names.length / columns), at = (panel) => [names.indexOf(panel) % columns, Math.floor(names.indexOf(panel) / columns)];
        const times = shown.flatMap((s) => s.times), inner = (width - 70) / columns;
        const axis = chart.steps([0, (d3.min(times.filter((t) => t > 0)) || 1) / 1.3, (d3.max(times) || 1) * 1.06], inner * 0.94, state.logarithmic, undefined, columns > 1 ? inner * 0.06 - 4 : undefined);
        const y = { ...chart.share("share of runs that got there"), tickFormat: page.percent };
        const place = axis.place, facet = (data) => (names.length > 1 ? { fx: (d) => at(d.s.group.panel)[0], fy: (d) => at(d.s.group.panel)[1] } : {}), thin = shown.length / names.length > 12;
        const corner = (s) => [{ time: 0, survival: 1, lower: 1, upper: 1 }, ...s.estimate.points, { ...(s.estimate.points[s.estimate.points.length - 1] || { survival: 1, lower: 1, upper: 1 }), time: Math.max(...s.times) }]
            .map((p, i, all) => ({ ...p, s, until: i + 1 < all.length ? all[i + 1].time : p.time }));
        const all = shown.flatMap(corner), level = (s, t) => 1 - [...corner(s)].reverse().find((p) => p.time <= t).survival;
        const ended = shown.flatMap((s) => s.estimate.censored.map((time) => ({ s, time, share: level(s, time) })));
        const medians = shown.filter((s) => Number.isFinite(s.estimate.median)).map((s) => ({ s, time: s.estimate.median }));
        const bands = state.bands && !thin ? all.filter((p) => p.s.times.length > 1 && Number.isFinite(p.lower) && p.until > p.time) : [];
        const lines = [...d3.group(all, (p) => p.s.group.dash)].map(([dash, data]) => Plot.line(data, { ...facet(data), x: (p) => place(p.time), y: (p) => 1 - p.survival, z: (p) => p.s.group.index, curve: "step-after",
            stroke: (p) => p.s.group.color, strokeWidth: thin ? 1 : 2, strokeDasharray: dash || undefined, className: "line" }));
        const words = chart.panelWords(names.length > 1 ? names : [], inner * 0.94, at), size = (names.length > 1 ? 150 : 250) + words.more;
        chart.plot(area, {
            width, height: size * rows + 76 + words.more, marginTop: (names.length > 1 ? 48 : 34) + words.more, ...(names.length > 1 ? { fx: { axis: null, padding: 0.06 }, fy: { axis: null, padding: words.padding(size) } } : {}),
            x: axis.scale, y,
            marks: [chart.grid(y), Plot.rect(bands, { ...facet(bands), x1: (p) => place(p.time), x2: (p) => place(p.until), y1: (p) => 1 - p.upper, y2: (p) => 1 - p.lower, fill: (p) => p.s.group.color, fillOpacity: Math.min(0.18, 0.5 * names.length / shown.length), className: "band" }),
                ...lines, Plot.vector(ended, { ...facet(ended), x: (p) => place(p.time), y: "share", length: 10, rotate: 0, shape: { draw(context, l) { context.moveTo(0, 0); context.lineTo(0, -l); } }, anchor: "middle", stroke: (p) => p.s.group.color, strokeWidth: 1.5 }),
                thin ? null : Plot.dot(medians, { ...facet(medians), x: (p) => place(p.time), y: () => 0.5, r: 4.2, symbol: (p) => p.s.group.symbol, fill: (p) => p.s.group.color, stroke: "var(--surface)" }),
                words.mark,
                Plot.dot(all, Plot.pointer({ ...facet(all), x: (p) => place(p.time), y: (p) => 1 - p.survival, r: 5, stroke: "var(--ink)" }))],
            tip: (p) => [p.s.group.name, `${page.percent(1 - p.survival)} by step ${page.number(p.time)}`, `median ${page.interval(p.s.interval)}`],
        });
    }

    const MOST_TESTS = 60;

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
        state = page.choices("survival", { onset: "t_gen", logarithmic: true, bands: true });
        page.addFigure(section, {
            id: "survival", title: "Time to generalization",
            about: "Share of runs that got there by each step (Kaplan-Meier): runs that did not are censored, not averaged.",
            controls: (refresh) => {
                const groups = page.selection().groups, choices = onsets();
                if (!choices.length) return [];
                return [page.pick("Onset", choices, state, "onset", refresh), page.pick("Reference", groups.slice(0, 400).map((g) => ({ id: g.index, name: g.name })), page.state, "reference", refresh),
                    page.tick("log steps", state, "logarithmic", refresh), page.tick("bands", state, "bands", refresh)];
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
