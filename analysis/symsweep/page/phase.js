/* phase.js: the phase diagram: a plane of cells over any two axes for each setting of the others; a cell is a small
 * multiple, its colour the phase of its runs or a number, and leads to them. */
"use strict";

(() => {
    const element = page.element, chart = page.chart, lattice = page.lattice;
    let state;

    const TIMES = new Set(["t_gen", "t_mem", "t_sym", "t_geo", "t_geo_participation"]);

    function choices() {
        const finals = page.data.curves.metrics.filter((metric) => page.column("final." + metric.name));
        const own = finals.filter((metric) => !metric.family);
        return [
            ...(lattice.exists() ? [{ id: "refined", name: `refined: ${lattice.statement()}` }] : []),
            { id: "phase", name: "phase" },
            { group: "time to", choices: page.onsets.filter((o) => page.column(o.id)).map((o) => ({ id: o.id, name: `${o.name} (${o.id}, steps)` })) },
            { group: "at the end", choices: own.map((m) => ({ id: "final." + m.name, name: page.metricName(m) + page.units(m) })) },
            ...page.data.families.map((family) => ({
                group: page.words(family),
                choices: finals.filter((m) => m.family === family).map((m) => ({ id: "final." + m.name, name: page.metricName(m) + page.units(m) })),
            })),
        ].filter((item) => !item.choices || item.choices.length);
    }

    /* Does the axis vary among the runs of one label? What a label decides is no axis of its own. */
    function isFree(key) {
        const label = page.key("label");
        if (!label) return true;
        const of = new Map();
        return page.all.some((run) => {
            const name = label.values[run];
            if (!of.has(name)) of.set(name, key.values[run]);
            return of.get(name) !== key.values[run];
        });
    }

    function firstAxes() {
        if (lattice.exists() && lattice.axes().length) return [...lattice.axes(), ""].slice(0, 2);
        const keys = page.keys.slice().sort((a, b) => page.isSeed(a.id) - page.isSeed(b.id));
        const many = keys.filter((key) => !page.isSeed(key.id) && key.isAxis && key.numeric && isFree(key)).sort((a, b) => b.distinct.length - a.distinct.length);
        if (many.length >= 2 && many[1].distinct.length >= 3) return [many[0].id, many[1].id];
        const first = keys.find((key) => key.id === "label") || many[0] || keys[0];
        const second = many.find((key) => key !== first) || keys.find((key) => page.isSeed(key.id) && key !== first) || keys.find((key) => key !== first);
        return [second ? second.id : "", first ? first.id : ""];
    }

    /* Numbers that a random search drew are put in bins, so that cells have neighbours. */
    const MOST_LEVELS = 32, BINS = 10;

    function binned(key) {
        if (!key || !key.numeric || key.distinct.length <= MOST_LEVELS || page.isSeed(key.id) || lattice.exists()) return key;
        const [low, high] = d3.extent(key.distinct), log = low > 0 && high / low > 30, forth = log ? Math.log : (v) => v, back = log ? Math.exp : (v) => v;
        const edge = (k) => +back(forth(low) + ((forth(high) - forth(low)) * k) / BINS).toPrecision(2), at = (v) => Math.max(0, Math.min(BINS - 1, Math.floor(((forth(v) - forth(low)) / (forth(high) - forth(low))) * BINS)));
        const of = (run) => (key.values[run] === null ? null : at(key.values[run]));
        return { ...key, values: key.values.map((_, run) => (of(run) === null ? null : edge(of(run)))), text: (run) => (of(run) === null ? "–" : `${page.number(edge(of(run)))}–${page.number(edge(of(run) + 1))}`) };
    }

    function levels(key, runs) {
        const texts = new Map();
        for (const run of runs) {
            if (!texts.has(key.text(run))) texts.set(key.text(run), key.values[run]);
        }
        const found = [...texts].map(([text, value]) => ({ text, value }));
        return key.numeric ? found.sort((a, b) => (a.value === null) - (b.value === null) || a.value - b.value) : found;
    }

    const MOST_PLANES = 12;
    const nowhere = { text: "all runs", value: null };

    /* The cells that have rows, each in a plane of its own setting of the other keys, unless there are too many. */
    function cells() {
        const { runs, rows } = page.selection(), refined = state.value === "refined", used = refined ? rows : runs;
        const kx = binned(page.key(state.x)), ky = binned(page.key(state.y)), xs = kx ? levels(kx, rows) : [nowhere], ys = ky ? levels(ky, rows) : [nowhere];
        if (ky && ky.numeric && !page.isSeed(ky.id)) ys.reverse();
        const place = (run) => [kx ? kx.text(run) : nowhere.text, ky ? ky.text(run) : nowhere.text];
        const at = d3.group(used, (run) => place(run).join("\u0000"));
        const others = page.data.settings.map(page.key).filter((key) => key && ![state.x, state.y].includes(key.id) && [...at.values()].some((mine) => mine.some((run) => key.text(run) !== key.text(mine[0]))));
        const planeOf = (run) => page.groupOf({ keys: others }, run), names = [...new Set(used.map(planeOf))], apart = others.length > 0 && names.length <= MOST_PLANES;
        const found = new Map();
        for (const run of used) {
            const [x, y] = place(run), plane = apart ? planeOf(run) : "", id = [plane, x, y].join("\u0000");
            if (!found.has(id)) found.set(id, { plane, x, y, i: xs.findIndex((l) => l.text === x), j: ys.findIndex((l) => l.text === y), runs: [] });
            found.get(id).runs.push(run);
        }
        for (const cell of found.values()) {
            cell.phases = page.phases.map((phase) => ({ ...phase, n: cell.runs.filter((run) => page.phase(run) === phase.id).length })).filter((p) => p.n);
            if (refined) {
                Object.assign(cell, lattice.read(cell.runs));
            } else if (TIMES.has(state.value)) {
                const data = page.onsetTimes(state.value, cell.runs);
                cell.of = data.times.length;
                cell.reached = data.observed.filter(Boolean).length;
                cell.value = cell.of ? page.statistics.kaplanMeier(data.times, data.observed).median : NaN;
            } else if (state.value !== "phase") {
                const values = cell.runs.map((run) => page.value(state.value, run)).filter((v) => v !== null);
                cell.of = values.length;
                cell.value = page.statistics.median(values);
            }
        }
        const all = [...found.values()];
        return { xs, ys, kx, ky, cells: all, planes: apart ? names : [""], others };
    }

    /* What else varies within the cells. */
    function pooled({ kx, ky, cells: all }) {
        const mixed = (key) => all.some((cell) => new Set(cell.runs.map((run) => key.values[run])).size > 1);
        const parts = page.keys.filter((key) => (!kx || key.id !== kx.id || key.values !== kx.values) && (!ky || key.id !== ky.id || key.values !== ky.values) && key.id !== "task" && mixed(key)).map((key) => key.name);
        return parts.length ? ` Each cell pools the runs that differ in ${parts.join(", ")}.` : "";
    }

    function draw(area, width) {
        const { runs, rows } = page.selection();
        if (!rows.length) return { empty: page.count ? "No run passes the filters." : "This file holds no runs." };
        if (state.value !== "refined" && !runs.some(page.evaluated) && !runs.some((run) => page.value("error", run))) return { empty: "No run has been evaluated yet." };
        const grid = cells(), { xs, ys, kx, ky, cells: all, planes } = grid;
        const left = Math.min(Math.max(46, d3.max(ys, (y) => Math.min(y.text.length, 22)) * 6.6 + 16), width * 0.38);
        const beside = d3.range(planes.length, 0, -1).find((n) => (width / n - left - 12) / xs.length >= 62) || 1;
        const room = Math.floor((width - 20 * (beside - 1)) / beside), cw = Math.min((room - left - 12) / xs.length, xs.length < 4 ? 190 : 140);
        const ch = ys.length <= 8 ? Math.max(38, Math.min(64, cw * 0.7)) : Math.max(18, Math.min(40, 620 / ys.length));
        const plain = state.value === "phase" || state.value === "refined", scale = plain ? null : colors(all), last = Math.log1p(d3.max(all, (cell) => d3.max(cell.runs, page.lastStep)) || 1);
        const box = element("div", { class: "planes" });
        area.append(box);
        for (const [p, plane] of planes.entries()) {
            const mine = all.filter((cell) => cell.plane === plane), name = plane || "Phase diagram";
            const crowded = d3.max(xs, (x) => x.text.length) * 6.4 + 6 > cw, bottom = (crowded ? Math.min(d3.max(xs, (x) => Math.min(x.text.length, 18)) * 5 + 22, 110) : 24) + 26, top = 24;
            const svg = d3.create("svg").attr("width", left + cw * xs.length + 12).attr("height", top + ch * ys.length + bottom).attr("role", "group").attr("class", "drawn")
                .attr("aria-label", `${name}, ${over(kx, ky)}: ${mine.length} cells. Arrow keys move, Enter leads to the runs of a cell, Shift with arrows draws a rectangle.`);
            const view = { svg, xs, ys, kx, ky, left, top, cw, ch, crowded, mine, p, plane, stripes: stripesOf(svg) };
            axes(svg, view);
            const g = svg.append("g").attr("class", "cells");
            for (const cell of mine) {
                const at = g.append("g").datum(cell).attr("class", "cell").attr("role", "button").attr("tabindex", -1).attr("transform", `translate(${left + cell.i * cw},${top + cell.j * ch})`);
                drawCell(at, cell, cw - 2, ch - 2, scale, view.stripes, last);
                at.attr("aria-label", [at.node().textContent, ...tipLines(cell, kx, ky)].filter(Boolean).join(". "));
                page.tipOn(at, (c) => [...tipLines(c, kx, ky), "Press for its runs, drag for a rectangle."]);
            }
            if (state.value === "refined") {
                const found = new Map(mine.map((cell) => [cell.x + "\u0000" + cell.y, cell]));
                lattice.drawBoundary(svg, { ...view, at: (x, y) => found.get(x.text + "\u0000" + y.text) });
            }
            page.region.listen(view, { grid, state, toRuns: (cell) => page.showRuns(cell.runs, [plane, kx && `${kx.name} ${cell.x}`, ky && `${ky.name} ${cell.y}`].filter(Boolean).join(", ")) });
            box.append(element("div", { class: "plane" }, plane ? element("p", { class: "plane-name" }, plane) : null, svg.node()));
        }
        area.append(state.value === "refined" ? lattice.keys(all) : plain ? phaseKeys(all) : colorKey(scale, all));
        area.append(page.region.panel(grid, state) || "");
        const lines = cw > 42 && ch >= 36 ? " The line in a cell is test accuracy over the steps of each of its runs, from 0 to 1, on logarithmic steps." : "";
        const many = grid.others.length && planes.length === 1 && !planes[0] ? ` There are too many settings for a plane each; filter by ${grid.others.map((key) => key.name).join(", ")} to see one.` : "";
        const refined = state.value === "refined";
        return { note: (refined ? lattice.note(all) : pooled(grid)) + many + lines + " Press a cell for its runs.", summary: refined ? `Refined, over ${over(kx, ky)}: ${lattice.summary(all)}` : summary(all, kx, ky) };
    }

    /* Stripes for what is not reached. */
    function stripesOf(svg) {
        const id = page.unique("not-reached"), pattern = svg.append("defs").append("pattern").attr("id", id).attr("width", 6).attr("height", 6).attr("patternUnits", "userSpaceOnUse").attr("patternTransform", "rotate(45)");
        pattern.append("rect").attr("width", 6).attr("height", 6).attr("fill", "var(--surface)");
        pattern.append("line").attr("y2", 6).attr("stroke", "var(--line)").attr("stroke-width", 3);
        return `url(#${id})`;
    }

    const longest = (texts, width) => texts.find((text) => text.length * 6.5 + 4 < width) || "";

    /* The colour of most of its runs, how many they are, a strip with the shares where they differ, and their curves. */
    function drawCell(at, cell, w, h, scale, stripes, last) {
        const write = (text, look) => text && h >= 14 && look(at.append("text").attr("x", w / 2).attr("y", h >= 34 ? 13 : h / 2).attr("dy", h >= 34 ? 0 : "0.35em").attr("text-anchor", "middle").text(text));
        let ink;
        if (state.value === "refined") {
            ink = lattice.drawCell(at, cell, w, h, write);
        } else if (state.value === "phase") {
            const total = cell.runs.length, most = cell.phases.reduce((a, b) => (b.n > a.n ? b : a));
            at.append("rect").attr("width", w).attr("height", h).attr("class", "fill-" + most.id);
            write(longest(total > 1 ? [`${most.word} ${most.n}/${total}`, `${most.short} ${most.n}/${total}`, `${most.n}/${total}`] : [most.word, most.short], w), (text) => text.attr("class", "on-" + most.id));
            let x = 0;
            if (cell.phases.length > 1) for (const phase of cell.phases) { at.append("rect").attr("x", x).attr("y", h - 4).attr("width", (phase.n / total) * w).attr("height", 4).attr("class", "strip fill-" + phase.id); x += (phase.n / total) * w; }
            ink = `var(--on-${most.id})`;
        } else {
            const known = Number.isFinite(cell.value), color = known ? scale.color(cell.value) : null;
            at.append("rect").attr("width", w).attr("height", h).attr("fill", known ? color : cell.value === Infinity ? stripes : "var(--raised)");
            ink = known ? chart.inkOn(color) : "var(--ink)";
            write(longest(known ? [page.number(cell.value), page.short(cell.value)] : cell.value === Infinity ? ["not reached", "–"] : [""], w), (text) => (known ? text.style("fill", ink) : text.attr("class", "on-stripes")));
        }
        if (ink && h >= 34 && w > 40) sparks(at, cell, w, h, ink, last);
        at.append("rect").attr("class", "edge").attr("width", w).attr("height", h);
    }

    const MOST_SPARKS = 6, SPARK_POINTS = 40;

    function sparks(at, cell, w, h, ink, last) {
        const runs = cell.runs.filter(page.evaluated), some = runs.filter((_, i) => i % Math.ceil(runs.length / MOST_SPARKS) === 0), low = h - 8, high = 19;
        const d = some.map((run) => {
            const curve = page.curve("test_accuracy", run);
            if (!curve) return "";
            const n = curve.steps.length, each = Math.max(1, Math.floor(n / SPARK_POINTS)), points = d3.range(n).filter((i) => i % each === 0 || i === n - 1).filter((i) => !Number.isNaN(curve.values[i]));
            return points.length > 1 ? "M" + points.map((i) => `${(4 + (Math.log1p(curve.steps[i]) / last) * (w - 8)).toFixed(1)},${(low - curve.values[i] * (low - high)).toFixed(1)}`).join("L") : "";
        }).join("");
        if (d) at.append("path").attr("class", "spark").attr("d", d).attr("stroke", ink);
    }

    function colors(all) {
        const values = all.map((cell) => cell.value).filter(Number.isFinite);
        const low = d3.min(values), high = d3.max(values);
        const logarithmic = low > 0 && high / low > 30 && state.value !== "final.test_accuracy";
        const domain = high > low ? [low, high] : [low - 1, high + 1];
        const scale = (logarithmic && high > low ? d3.scaleLog(domain) : d3.scaleLinear(domain)).range([0, 1]);
        const turned = TIMES.has(state.value);
        return { color: (value) => d3.interpolateCividis(turned ? 1 - scale(value) : scale(value)), low, high, logarithmic, position: scale };
    }

    function axes(svg, { xs, ys, kx, ky, left, top, cw, ch, crowded }) {
        const base = top + ch * ys.length;
        const axis = svg.append("g").attr("class", "axis");
        const cutX = chart.cutter(xs.map((x) => x.text), 18);
        const every = crowded ? Math.ceil(20 / cw) : 1; // slanted lines of text stay apart
        for (const [i, x] of xs.entries()) {
            if (i % every) continue;
            const at = left + i * cw + cw / 2 - 1;
            const text = axis.append("text").attr("text-anchor", crowded ? "end" : "middle").text(cutX(x.text));
            text.attr("transform", crowded ? `translate(${at + 4},${base + 12}) rotate(-35)` : `translate(${at},${base + 16})`);
        }
        const cutY = chart.cutter(ys.map((y) => y.text), Math.floor((left - 14) / 6.4));
        for (const [i, y] of ys.entries()) {
            axis.append("text").attr("text-anchor", "end").attr("x", left - 8).attr("y", top + i * ch + ch / 2 - 1).attr("dy", "0.35em")
                .text(cutY(y.text)).append("title").text(y.text);
        }
        if (kx) axis.append("text").attr("class", "label").attr("x", left + (cw * xs.length) / 2).attr("y", svg.attr("height") - 6).attr("text-anchor", "middle").text(kx.name);
        if (ky) axis.append("text").attr("class", "label").attr("x", 2).attr("y", 14).text(ky.name);
    }

    function tipLines(cell, kx, ky) {
        const where = [kx && `${kx.name} ${cell.x}`, ky && `${ky.name} ${cell.y}`].filter(Boolean).join(", ");
        if (state.value === "refined") return [where, ...lattice.tip(cell)];
        const value = state.value === "phase" ? "" : TIMES.has(state.value)
            ? `median ${state.value}: ${page.number(cell.value)}${cell.value === Infinity ? " (not reached)" : ""}, ${cell.reached} of ${cell.of} runs reached it`
            : `median: ${page.number(cell.value)} of ${page.plural(cell.of, "run")}`;
        return [where, ...cell.phases.map((p) => `${p.n} of ${cell.runs.length} ${p.word}`), value];
    }

    function phaseKeys(all) {
        const present = page.phases.filter((phase) => all.some((cell) => cell.phases.some((p) => p.id === phase.id)));
        return element("ul", { class: "keys row" }, present.map((phase) =>
            element("li", {}, element("span", { class: "key phase-" + phase.id }), `${phase.word} (${phase.short})`)));
    }

    function colorKey(scale, all) {
        const finite = all.some((cell) => Number.isFinite(cell.value));
        const never = all.some((cell) => cell.value === Infinity);
        return element("div", { class: "color-key" },
            finite ? [element("span", {}, page.number(scale.low)), page.ramp(d3.range(24).map((i) => scale.color(scale.position.invert(i / 23)))),
                element("span", {}, page.number(scale.high)), element("span", { class: "meaning" }, valueName() + (scale.logarithmic ? ", logarithmic" : ""))] : null,
            never ? [element("span", { class: "key striped" }), element("span", {}, "median not reached")] : null);
    }

    function valueName() {
        const flat = choices().flatMap((item) => item.choices || [item]);
        const name = (flat.find((item) => item.id === state.value) || { name: state.value }).name;
        return TIMES.has(state.value) ? `median time to ${name}` : `median ${name}`;
    }

    const over = (kx, ky) => [kx && kx.name, ky && ky.name].filter(Boolean).join(" and ") || "all runs";

    function summary(all, kx, ky) {
        const counts = page.phases.map((phase) => [phase.word, d3.sum(all, (c) => (c.phases.find((p) => p.id === phase.id) || { n: 0 }).n)]).filter((c) => c[1]);
        return `${state.value === "phase" ? "Phase" : valueName()} over ${over(kx, ky)}: ${all.length} cells. ${counts.map(([word, n]) => `${n} runs ${word}`).join(", ")}.`;
    }

    function table() {
        const { kx, ky, cells: all, planes } = cells(), lead = (cell) => [cell.x, cell.y, ...(planes.length > 1 ? [cell.plane] : [])];
        const names = [kx ? kx.name : "x", ky ? ky.name : "y", ...(planes.length > 1 ? ["plane"] : [])], times = TIMES.has(state.value);
        if (state.value === "refined") return { columns: [...names, ...lattice.columns], rows: all.map((cell) => [...lead(cell), ...lattice.row(cell)]) };
        const extra = state.value === "phase" ? [] : [`median_${state.value}`, "runs_with_value", ...(times ? ["runs_reached"] : [])];
        return {
            columns: [...names, "runs", ...page.phases.map((p) => p.id), ...extra],
            rows: all.map((cell) => [...lead(cell), cell.runs.length, ...page.phases.map((p) => (cell.phases.find((q) => q.id === p.id) || { n: 0 }).n),
                ...(extra.length ? [cell.value, cell.of, ...(times ? [cell.reached] : [])] : [])]),
        };
    }

    page.addPhaseDiagram = (section) => {
        const [x, y] = firstAxes();
        state = page.choices("phases", { x, y, value: lattice.exists() ? "refined" : "phase", region: "", points: 9 });
        page.addFigure(section, {
            id: "phase-diagram", title: "Phase diagram",
            about: "Where do runs memorize, grok or comprehend? Each cell holds the runs of one setting and leads to them.",
            controls: (refresh) => {
                if (!page.keys.length) return [];
                const axes = [...page.keys.map(({ id, name }) => ({ id, name })), { id: "", name: "nothing" }], anew = () => { state.region = ""; refresh(); };
                return [page.pick("Across", axes, state, "x", anew), page.pick("Up", axes, state, "y", anew), page.pick("Cells show", choices(), state, "value", refresh)];
            },
            draw, table,
        });
    };
})();
