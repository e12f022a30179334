/* symmetries.js: the symmetries of a task's table one by one, when each is acquired, and wrong answers that agree as a
 * symmetry says. Figures of this file are there only where the file of results has something to show in them. */
"use strict";

(() => {
    const element = page.element, chart = page.chart;

    /* ---- lines over the steps ---- */

    /* Median and quartiles of curves {steps, values, stopped} at each step; where none has a value, a gap. */
    function pooled(curves, steps, logarithmic) {
        return steps.map((step) => {
            const values = curves.map((c) => page.valueAt(c, step, c.stopped, logarithmic)).filter((v) => !Number.isNaN(v)).sort((a, b) => a - b);
            const n = values.length;
            return { step, n, median: n ? page.statistics.median(values) : NaN, low: n ? d3.quantile(values, 0.25) : NaN, high: n ? d3.quantile(values, 0.75) : NaN };
        });
    }
    const known = (p) => Number.isFinite(p.median);
    const stopped = (run) => page.value("stopped_early", run) === 1;
    const curvesOf = (metric, runs) => runs.map((run) => ({ ...page.curve(metric, run), stopped: stopped(run) })).filter((c) => c.steps);

    /* Panels {title, lines: [{name, style, points}], extent, logarithmic, rule: {value, text}, dots} one below the other. */
    function drawPanels(area, width, panels, logSteps) {
        const left = 54, right = 14, top = 34, gap = 44, tall = panels.length > 1 ? 150 : 220;
        const svg = chart.svg(area, width, top + tall * panels.length + gap * (panels.length - 1) + 44);
        const steps = panels.flatMap((panel) => panel.lines.flatMap((line) => line.points.filter(known).map((p) => p.step)));
        const x = chart.steps(d3.min(steps.filter((s) => s > 0)) || 1, d3.max(steps) || 1, [left, width - right], logSteps);
        panels.forEach((panel, i) => {
            const box = { left, top: top + i * (tall + gap), width: width - left - right, height: tall };
            drawPanel(svg, panel, box, x);
            if (i + 1 < panels.length) chart.stepAxis(svg, box, x, "", false);
            else chart.stepAxis(svg, box, x);
        });
    }

    function drawPanel(svg, panel, box, x) {
        const points = panel.lines.flatMap((line) => line.points.filter(known));
        const positive = points.map((p) => p.median).filter((v) => v > 0);
        const logarithmic = panel.logarithmic && positive.length > 0;
        const all = points.flatMap((p) => [p.median, p.low, p.high]);
        const [low, high] = panel.extent || d3.extent(panel.rule && !logarithmic ? [...all, panel.rule.value] : all);
        const y = chart.values(logarithmic ? [d3.min(positive), high] : [low, high], [box.top + box.height, box.top], logarithmic);
        chart.valueAxis(svg, box, y, panel.title);
        const ruled = panel.rule && panel.rule.value >= (logarithmic ? d3.min(positive) : low) && panel.rule.value <= high;
        if (ruled) svg.append("line").attr("class", "rule").attr("x1", box.left).attr("x2", box.left + box.width).attr("y1", y(panel.rule.value)).attr("y2", y(panel.rule.value));
        const g = svg.append("g").attr("class", "curves");
        for (const line of panel.lines) {
            if (line.points.some((p) => p.n > 1)) {
                g.append("path").attr("class", "band").attr("fill", line.style.color).attr("opacity", Math.min(0.18, 0.5 / panel.lines.length))
                    .attr("d", d3.area().defined((p) => known(p) && p.n > 1).x((p) => x(p.step)).y0((p) => y(p.low)).y1((p) => y(p.high))(line.points));
            }
            g.append("path").attr("class", "line").attr("stroke", line.style.color).attr("stroke-dasharray", line.style.dash || null)
                .attr("d", d3.line().defined(known).x((p) => x(p.step)).y((p) => y(p.median))(line.points));
            const last = line.points.filter(known).pop();
            for (const p of line.points.filter(known)) {
                if (panel.dots || p === last) {
                    const mark = chart.mark(g, line.style.symbol, x(p.step), y(p.median), p === last ? 42 : 20, line.style.color);
                    page.tipOn(mark.datum(p), (d) => [line.name, `step ${page.number(d.step)}: ${page.number(d.median)}`, d.n > 1 ? `${d.n} runs, quartiles ${page.number(d.low)} to ${page.number(d.high)}` : ""]);
                }
            }
        }
        if (ruled && panel.marks) {
            for (const line of panel.lines.filter((l) => Number.isFinite(l.acquired))) {
                page.tipOn(chart.mark(g, line.style.symbol, x(line.acquired), y(panel.rule.value), 60, line.style.color).datum(line), (l) => [l.name, `acquired at step ${page.number(l.acquired)}`]);
            }
        }
        if (ruled && panel.rule.text) svg.append("text").attr("class", "rule-text").attr("x", box.left + box.width).attr("y", y(panel.rule.value) - 4).attr("text-anchor", "end").text(panel.rule.text);
    }

    const rows = (lines) => lines.flatMap((line) => line.points.filter(known).map((p) => [...line.row, p.step, p.median, p.low, p.high, p.n]));

    /* ---- consistent but wrong ---- */

    const wrong = { family: null, logarithmic: true };
    const wrongFamilies = () => page.data.families.filter((family) => page.metrics.has(family + "_agreement_wrong") && page.metrics.has(family + "_agreement_chance"));

    /* Agreement less chance where it was measured; NaN where there was no tuple to measure it on. */
    function excess(run) {
        const [agree, chance, tuples] = ["agreement_wrong", "agreement_chance", "wrong_tuples"].map((part) => page.curve(`${wrong.family}_${part}`, run));
        if (!agree || !chance) return null;
        const at = d3.range(agree.steps.length).filter((i) => !Number.isNaN(tuples ? tuples.values[i] : agree.values[i]));
        return { steps: at.map((i) => agree.steps[i]), values: at.map((i) => agree.values[i] - chance.values[i]), stopped: false };
    }

    function wrongLines() {
        return page.selection().shown.map((group) => {
            const curves = group.runs.filter(page.evaluated).map(excess).filter(Boolean);
            const steps = [...new Set(curves.flatMap((c) => c.steps))].sort((a, b) => a - b);
            return { name: group.name, style: group, points: pooled(curves, steps, false), row: [group.name, wrong.family] };
        }).filter((line) => line.points.some(known));
    }

    function drawWrong(area, width) {
        const legend = page.legend();
        if (legend) area.append(legend);
        const lines = wrongLines();
        if (!lines.length) return { empty: "No run of this choice has answers to this symmetry that are wrong." };
        const accuracy = page.selection().shown.map((group) => ({ name: group.name, style: group,
            points: pooled(curvesOf("test_accuracy", group.runs), page.stepGrid(group.runs.filter(page.evaluated)), false) })).filter((line) => line.points.some(known));
        drawPanels(area, width, [...(accuracy.length ? [{ title: "test accuracy", lines: accuracy, extent: [0, 1] }] : []),
            { title: "wrong answers that agree, less chance", lines, rule: { value: 0 }, dots: true }], wrong.logarithmic);
        const most = lines.map((line) => { const top = line.points.filter(known).reduce((a, b) => (b.median > a.median ? b : a)); return `${line.name}: at most ${page.number(top.median)}, at step ${page.number(top.step)}`; });
        return { summary: `Share of wrong answers that agree beyond chance. ${most.join("; ")}.`,
            note: page.pooledNote() + "Of pairs of test inputs that the symmetry ties, without a mirror in train, and that are both answered wrongly: the share whose answers agree as the symmetry says, less the share " +
                "that agrees by chance. Above 0 while accuracy stands still, the symmetry is there before the answers are right. Lines are medians over the runs of a group, bands quartiles; where no such pair is left, the line has a gap." };
    }

    page.addConsistent = (section) => {
        if (!wrongFamilies().length) return section.remove();
        const own = page.data.phase.family.find((family) => wrongFamilies().includes(family));
        wrong.family = own || wrongFamilies()[0];
        page.addFigure(section, {
            id: "consistent", title: "Consistent but wrong",
            about: "Do wrong answers already obey a symmetry, before accuracy rises?",
            controls: (refresh) => [
                page.select("Symmetry", wrongFamilies().map((f) => ({ id: f, name: page.words(f) })), wrong.family, (v) => { wrong.family = v; refresh(); }),
                page.check("log steps", wrong.logarithmic, (v) => { wrong.logarithmic = v; refresh(); }),
            ],
            draw: drawWrong,
            table: () => ({ columns: ["group", "symmetry", "step", "median", "low", "high", "runs"], rows: rows(wrongLines()) }),
        });
    };

    /* ---- generators ---- */

    const one = { of: "", logarithmic: true };
    const metrics = () => page.data.generators.metrics;
    const having = (metric, runs) => runs.filter((run) => metric.runs.includes(run));
    /* Groups and single runs that have a generator: {id, name, runs}. */
    const some = (runs) => metrics().some((metric) => having(metric, runs).length);
    const choices = () => page.selection().groups.filter((group) => some(group.runs)).map((group) => ({ ...group, id: "group " + group.name }));
    const singles = () => page.selection().runs.filter((run) => some([run])).map((run) => ({ id: `run ${run}`, name: page.runName(run), runs: [run] }));
    const chosen = () => [...choices(), ...singles()].find((choice) => choice.id === one.of) || choices()[0];

    function generatorLines(group) {
        return metrics().map((metric, k) => {
            const runs = having(metric, group.runs).filter(page.evaluated);
            return { name: metric.text, style: page.style(k), points: pooled(curvesOf(metric.name, runs), page.stepGrid(runs), metric.scale === "log"), row: [group.name, metric.text], acquired: page.onsetMedian(metric.onset, runs).interval.estimate };
        }).filter((line) => line.points.some(known));
    }

    function drawGenerators(area, width) {
        const group = chosen();
        if (!group) return { empty: "No run of this choice has a symmetry to show." };
        const lines = generatorLines(group);
        if (!lines.length) return { empty: "No run of this choice has been evaluated." };
        const taus = new Set(group.runs.map((run) => page.data.phase.tau[run])), tau = [...taus][0];
        drawPanels(area, width, [{ title: "mean violation (nat)", lines, logarithmic: true, marks: true, rule: taus.size === 1 && tau ? { value: tau, text: `phase.tau ${page.number(tau)}` } : null }], one.logarithmic);
        area.append(element("ul", { class: "keys row" }, lines.map((line) => element("li", {}, page.swatch(line.style), line.name))));
        const missing = page.data.generators.left_out;
        return { summary: `Mean violation of ${page.plural(lines.length, "generator")} of the symmetry group, for ${group.name}: ${lines.map((line) => line.name).join("; ")}.`,
            note: page.pooledNote() + "Each line is a generator of the symmetry group of the task’s table, as the program found it or read it from a file: the mean violation over inputs, median over the runs of the group, bands quartiles. " +
                "All other symmetries are products of these. Marks on the dashed line: acquired, as the table below says." + (missing ? ` ${page.plural(missing, "generator")} had no room on the page; the results file has all.` : "") };
    }

    /* Of each group and generator: when it is acquired, and how often as the first of the run's. */
    function acquisitions() {
        return page.selection().groups.flatMap((group) => metrics().map((metric) => {
            const median = page.onsetMedian(metric.onset, having(metric, group.runs));
            const first = median.runs.filter((run) => page.value(metric.onset, run) !== null && page.value(metric.onset, run) === earliest(run)).length;
            return { group, metric, ...median, first };
        }).filter((row) => row.times.length)
            .sort((a, b) => (a.interval.estimate === b.interval.estimate ? 0 : a.interval.estimate < b.interval.estimate ? -1 : 1)));
    }
    const earliest = (run) => d3.min(metrics().map((metric) => page.value(metric.onset, run)).filter((step) => step !== null));
    page.acquisitions = acquisitions;

    function drawAcquisitions(area) {
        const all = acquisitions();
        if (!all.length) return { empty: "No run of this choice has ended." };
        const head = ["group", "symmetry", "acquired at step", "runs that did", "as their first"];
        const table = element("table", { class: "groups" },
            element("thead", {}, element("tr", {}, head.map((name) => element("th", { scope: "col" }, name)))),
            element("tbody", {}, all.map((row, i) => element("tr", {},
                element("th", { scope: "row" }, ...(i && all[i - 1].group === row.group ? [] : [page.swatch(row.group), row.group.name])),
                element("td", {}, row.metric.text),
                element("td", { class: "number" }, page.interval(row.interval)),
                element("td", { class: "number" }, `${row.reached} of ${row.times.length}`),
                element("td", { class: "number" }, page.number(row.first))))));
        area.append(element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "When each symmetry is acquired" }, table));
        return { note: page.pooledNote() + "A symmetry is acquired at the step from which its mean violation stays at or below phase.tau, never before train accuracy first reaches phase.accuracy. Median [95 % bootstrap interval " +
            "over the group’s runs]; runs that did not acquire it are censored at their last step. First is what a run acquires at its earliest such step; several may share it." };
    }

    page.addGenerators = (section) => {
        if (!metrics().length) return section.remove();
        page.addFigure(section, {
            id: "generators", title: "Symmetries found, one by one",
            about: "Which symmetry of the table does the model acquire first?",
            controls: (refresh) => {
                const names = (found) => found.map(({ id, name }) => ({ id, name }));
                return [
                    chosen() ? page.select("Of", [{ group: "groups", choices: names(choices()) }, { group: "runs", choices: names(singles()) }], chosen().id, (v) => { one.of = v; refresh(); }) : null,
                    page.check("log steps", one.logarithmic, (v) => { one.logarithmic = v; refresh(); }),
                ];
            },
            draw: drawGenerators,
            table: () => ({ columns: ["group", "symmetry", "step", "median", "low", "high", "runs"], rows: choices().flatMap((group) => rows(generatorLines(group))) }),
        });
        page.addFigure(section, {
            id: "acquisition", title: "When each symmetry is acquired", draw: drawAcquisitions,
            table: () => ({ columns: ["group", "symmetry", "median", "lower", "upper", "reached", "runs", "first"],
                rows: acquisitions().map((row) => [row.group.name, row.metric.text, row.interval.estimate, row.interval.lower, row.interval.upper, row.reached, row.times.length, row.first]) }),
        });
    };
})();
