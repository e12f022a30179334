/* measures.js: what is measured beside accuracy and symmetry, one kind at a time: norms of the weights, the landscape of the
 * loss, the tangent kernel, circuits. There only where a file has a costly one. */
"use strict";

(() => {
    const element = page.element, chart = page.chart;
    let state;

    const KINDS = [
        { id: "landscape", name: "landscape of the loss", costly: true, has: (metric) => metric.group === "landscape" },
        { id: "kernel", name: "tangent kernel", costly: true, has: (metric) => metric.group === "kernel" },
        { id: "circuits", name: "circuits", costly: true, has: (metric) => metric.group === "circuits" },
        { id: "interpretability", name: "frequencies", has: (metric) => metric.group === "interpretability" },
        { id: "weights", name: "norms of the weights", has: (metric) => metric.name.startsWith("weight_norm") },
    ];
    const metricsOf = (kind) => page.data.curves.metrics.filter((metric) => kind.has(metric) && !metric.name.endsWith("_error"));
    const kinds = () => KINDS.filter((kind) => metricsOf(kind).length);

    /* Of each group the curve of a metric over the steps at which it was measured. */
    function linesOf(metric) {
        return page.selection().shown.map((group) => {
            const curves = group.runs.filter(page.evaluated).map((run) => page.curve(metric.name, run)).filter(Boolean).map((curve) => {
                const at = d3.range(curve.steps.length).filter((i) => !Number.isNaN(curve.values[i]));
                return { steps: at.map((i) => curve.steps[i]), values: at.map((i) => curve.values[i]), stopped: false };
            }).filter((curve) => curve.steps.length);
            const steps = [...new Set(curves.flatMap((curve) => curve.steps))].sort((a, b) => a - b);
            return { ...group, dots: steps.length <= 60, points: page.pooled(curves, steps, metric.scale === "log"), row: [group.name, metric.name] };
        }).filter((line) => line.points.length);
    }

    const shown = () => metricsOf(kinds().find((kind) => kind.id === state.kind) || kinds()[0]).map((metric) => ({ metric, lines: linesOf(metric) })).filter(({ lines }) => lines.length);

    /* Where the runs of a group generalize, in the median. */
    const onsets = () => page.selection().shown.map((group) => ({ ...group, at: page.onsetMedian("t_gen", group.runs).interval.estimate })).filter((group) => Number.isFinite(group.at));

    function draw(area, width) {
        area.append(page.legend() || "");
        const all = shown();
        if (!all.length) return { empty: "No run of this choice has been measured so." };
        const accuracy = page.metrics.get("test_accuracy"), generalized = onsets();
        chart.panels(area, width, [...(accuracy ? [{ title: "test accuracy", lines: linesOf(accuracy).map((line) => ({ ...line, dots: false })), extent: [0, 1] }] : []),
            ...all.map(({ metric, lines }) => ({ title: metric.label + page.units(metric), lines, logarithmic: metric.scale === "log" }))],
        { logarithmic: state.logarithmic, tall: 110, tops: (place) => [Plot.ruleX(generalized, { x: (group) => place(group.at), stroke: (group) => group.color, strokeDasharray: "1 3" })] });
        area.append(element("details", {}, element("summary", {}, "What these are"),
            element("dl", {}, all.flatMap(({ metric }) => [element("dt", {}, metric.label), element("dd", {}, metric.definition)]))));
        const last = all.slice(0, 6).map(({ metric, lines }) => `${metric.label}: ${lines.slice(0, 6).map((line) => `${line.name} from ${page.number(line.points[0].median)} to ${page.number(line.points[line.points.length - 1].median)}`).join(", ")}`);
        return { summary: last.join("; "), note: page.pooledNote() + "Lines are medians over the runs of a group, bands quartiles, at the steps of the measure’s own cadence; dotted upright lines: the median t_gen of a group." };
    }

    page.addMeasures = (section) => {
        if (!kinds().some((kind) => kind.costly)) return;
        state = page.choices("measures", { kind: kinds()[0].id, logarithmic: true });
        page.addFigure(section, {
            id: "measures", title: "Landscape, kernel and circuits", about: "What changes in the network while it begins to generalize?",
            controls: (refresh) => [page.pick("Measures", kinds(), state, "kind", refresh), page.tick("log steps", state, "logarithmic", refresh)],
            draw,
            table: () => ({ columns: ["group", "metric", "step", "median", "low", "high", "runs"],
                rows: shown().flatMap(({ lines }) => lines.flatMap((line) => line.points.map((p) => [...line.row, p.step, p.median, p.low, p.high, p.n]))) }),
        });
    };
})();
