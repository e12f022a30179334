/* story.js: what the page opens with: one run through its phases, its symmetry and its geometry beneath. */
"use strict";

(() => {
    const element = page.element, chart = page.chart;
    let state;

    /* ---- which run ---- */

    const snapshots = (run) => page.data.geometry.runs.find((e) => e.run === run) || null;

    let typical = -1;
    page.onData((now) => { typical = typical < 0 ? -1 : now(typical); });

    /* A run that shows the phases: it memorized, then generalized, nothing prompted it, its t_gen is the median of such. Once
     * found it stays as data are added, unless another one shows more. */
    page.representative = () => {
        const evaluated = page.all.filter((run) => page.evaluated(run) && page.value("status", run) !== "damaged");
        const solved = evaluated.filter((run) => page.value("t_gen", run) !== null && page.value("t_mem", run) !== null);
        const apart = solved.filter((run) => page.value("t_gen", run) > page.value("t_mem", run));
        const free = apart.filter((run) => !page.data.families.some((family) => page.value(`${family}.prompted`, run) === 1));
        const pictures = new Set(page.data.geometry.runs.map((e) => e.run));
        const pictured = [free, apart, solved].map((runs) => runs.filter((run) => pictures.has(run))).find((runs) => runs.length);
        const found = (pictured || [free, apart, solved, evaluated].find((runs) => runs.length) || []).slice();
        found.sort((a, b) => (page.value("t_gen", a) ?? Infinity) - (page.value("t_gen", b) ?? Infinity));
        if (!found.includes(typical)) typical = found.length ? found[(found.length - 1) >> 1] : -1;
        return typical;
    };

    /* Its phases: where each begins and ends, as far as the run came. */
    function phases(run) {
        const end = page.lastStep(run), mem = page.value("t_mem", run), gen = page.value("t_gen", run);
        const cuts = [["memorization", 0, mem ?? end], ["symmetry", mem, gen ?? end], ["generalization", gen, end]];
        return cuts.map(([name, from, to], i) => ({ name, from, to, i })).filter((p) => p.from !== null && p.to > p.from);
    }

    /* Share of the test inputs whose mirror is in train: the accuracy of whoever knows that one symmetry alone. */
    function mirrorShare(run) {
        const of = page.value("test_inputs", run), without = page.value("unmirrored_inputs", run);
        return of > 0 && without !== null && without >= 0 ? 1 - without / of : null;
    }

    /* ---- panels ---- */

    function panels(run, narrow = false) {
        const line = (metric, name, look, extra = {}) => ({ name, metric, ...page.style(look), dash: "", symbol: null, points: page.pointsOf(metric, run), ...extra });
        const filled = (lines) => lines.filter((l) => l.points.length), mirror = mirrorShare(run);
        const accuracy = { title: "accuracy", extent: [0, 1], rules: mirror ? [[mirror, `${narrow ? "mirror" : "share of test inputs whose mirror is"} in train: ${page.percent(+mirror.toPrecision(2))}`, true]] : [],
            lines: filled([line("train_accuracy", "train accuracy", 4, { dash: "4 3", thin: true }), line("test_accuracy", "test accuracy", 0)]) };
        const violation = page.metricOf(`${state.family}_${state.part}`);
        const found = [accuracy];
        if (violation) {
            const random = ["mean", "max"].includes(state.part) ? [line(`${state.family}_null_${state.part}`, "the same of random pairs", 6, { dash: "4 3", thin: true })] : [];
            found.push({ title: page.metricName(violation) + page.units(violation), logarithmic: violation.scale === "log", rules: page.tauRule([run]), lines: filled([line(violation.name, "violation", 3), ...random]) });
        }
        const extra = page.metrics.get(state.extra);
        if (extra) found.push({ title: page.metricName(extra) + page.units(extra), logarithmic: extra.scale === "log", lines: filled([line(extra.name, page.metricName(extra), 2)]) });
        return found.filter((panel) => panel.lines.length);
    }

    function draw(area, width) {
        if (state.run < 0) return { empty: page.count ? "No run has been evaluated yet." : "This file holds no runs." };
        const run = state.run, all = panels(run, width < 500), parts = phases(run);
        if (!all.length) return { empty: "This run has no curves." };
        const onsets = page.onsets.filter((o) => page.value(o.id, run) !== null).map((o) => ({ ...o, step: page.value(o.id, run) }));
        chart.panels(area, width, all, { logarithmic: state.logarithmic, tall: width < 500 ? 130 : 150,
            bands: parts.map((p) => ({ ...p, color: `var(--phase-${p.i + 1})` })),
            tops: (place, i) => [
                Plot.ruleX(onsets, { x: (o) => place(o.step), stroke: (o) => o.color, strokeDasharray: "1 3", strokeWidth: 1.5 }),
                i ? null : Plot.dot(onsets, { x: (o) => place(o.step), frameAnchor: "top", dy: -5, r: 4, symbol: (o) => o.symbol, fill: (o) => o.color })] });
        area.append(page.keysOf(all.flatMap((panel) => panel.lines)),
            element("ul", { class: "keys row" }, onsets.map((o) => element("li", {}, page.symbolKey(o), `${o.id}: ${o.name} at ${page.number(o.step)}`))));
        pictures(area, width, run, parts);
        const told = tell(run, parts);
        return { summary: told, note: told };
    }
    page.symbolKey = (onset) => {
        const svg = d3.create("svg").attr("class", "swatch").attr("width", 14).attr("height", 14).attr("aria-hidden", "true");
        svg.append("path").attr("transform", "translate(7,7)").attr("d", d3.symbol(onset.symbol, 60)()).attr("fill", onset.color);
        return svg.node();
    };

    /* ---- the embedding in each phase ---- */

    function pictures(area, width, run, parts) {
        const entry = snapshots(run);
        if (!entry || !parts.length) return;
        const middle = (p) => (p.i === 2 ? p.to : p.i === 0 ? Math.min(p.to, Math.max(1, p.to / 2)) : Math.sqrt(p.from * p.to));
        const shots = [{ s: 0, name: "before training" }, ...parts.map((p) => ({ name: p.i === 2 ? "at the end" : p.name, i: p.i,
            s: entry.steps.reduce((best, step, s) => (Math.abs(Math.log((step + 1) / (middle(p) + 1))) < Math.abs(Math.log((entry.steps[best] + 1) / (middle(p) + 1))) ? s : best), 0) }))];
        const within = ({ s, i }) => i === undefined || parts.some((p) => p.i === i && entry.steps[s] >= p.from && entry.steps[s] <= p.to);
        const distinct = shots.filter(within).filter((shot, k, all) => all.findIndex((other) => other.s === shot.s) === k);
        const side = Math.min(262, Math.floor(width < 500 ? (width - 12) / 2 : (width - 12 * (distinct.length - 1)) / distinct.length));
        area.append(element("div", { class: "shots" }, distinct.map((shot) => element("div", { class: "shot" },
            element("p", { class: "shot-name" }, element("b", {}, shot.name), ` step ${page.number(entry.steps[shot.s])}`), page.embeddingShot(entry, shot.s, side)))));
        area.append(element("p", { class: "small-text" }, "The token embedding in two of its principal components, the same two in every picture."));
    }

    /* ---- in words ---- */

    function tell(run, parts) {
        const mem = page.value("t_mem", run), gen = page.value("t_gen", run), sym = page.value("t_sym", run), parts2 = [];
        const violation = page.pointsOf(`${state.family}_${state.part}`, run), metric = page.metricOf(`${state.family}_${state.part}`);
        const near = (step) => violation.reduce((best, p) => (Math.abs(p.step - step) < Math.abs(best.step - step) ? p : best), violation[0]);
        const name = page.runName(run);
        parts2.push(mem === null ? `${name[0].toUpperCase() + name.slice(1)} did not learn its train set.` : `${name[0].toUpperCase() + name.slice(1)} knows its train set from step ${page.number(mem)} on.`);
        if (gen !== null) parts2.push(gen > mem ? `Answers to inputs that it never saw are right ${page.number(gen - mem)} steps later, at step ${page.number(gen)}.` : `Answers to inputs that it never saw are right by step ${page.number(gen)}.`);
        else if (mem !== null) parts2.push("It does not generalize.");
        if (violation.length && metric && mem !== null) {
            const end = gen ?? page.lastStep(run);
            parts2.push(`From memorization to ${gen === null ? "the end" : "there"}, ${page.metricName(metric)} goes from ${page.number(near(mem).median)} to ${page.number(near(end).median)}${metric.units && metric.units !== "1" ? " " + metric.units : ""}.`);
        }
        if (sym !== null) parts2.push(`The largest violation of ${page.words(page.data.phase.family[run] || "phase.family")} stays at or below phase.tau from step ${page.number(sym)} on.`);
        return parts2.join(" ");
    }

    page.addStory = (section) => {
        state = page.choices("story", { run: page.representative(), ...page.firstPicks(), part: "mean" });
        const figure = page.addFigure(section, {
            id: "story", title: "One run, phase by phase",
            about: "Memorization first, then the symmetry, then the answers: a typical run of this file, or any other.",
            controls: (refresh) => {
                const evaluated = page.selection().runs.filter(page.evaluated);
                if (!evaluated.length || state.run < 0) return [];
                const rebuild = () => figure.rebuild();
                return [page.runPick(evaluated, state, rebuild), ...page.violationPicks(state, rebuild), page.belowPick(state, refresh), page.tick("log steps", state, "logarithmic", refresh)];
            },
            draw,
            table: () => ({ columns: ["run", "metric", "step", "value"], rows: panels(state.run).flatMap((panel) => panel.lines.flatMap((line) => line.points.map((p) => [page.data.runs[state.run], line.metric, p.step, p.median]))) }),
        });
    };

    /* A list of runs; of many those around the chosen one. */
    const MOST_RUNS = 400;
    page.runPick = (runs, into, then) => {
        const all = runs.includes(into.run) || into.run < 0 ? runs : [into.run, ...runs], at = Math.max(0, all.indexOf(into.run) - MOST_RUNS / 2);
        const some = all.length > MOST_RUNS ? all.slice(at, at + MOST_RUNS) : all;
        return page.pick("Run", some.map((run) => ({ id: run, name: page.runName(run) })), into, "run", then);
    };

    page.showRun = (run) => {
        state.run = run;
        page.figures.find((f) => f.id === "story").rebuild();
        page.goTo("story");
    };
})();
