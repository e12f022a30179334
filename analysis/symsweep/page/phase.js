/* phase.js: the phase diagram: any two axes, the cell's colour the phase of its runs or a number. */
"use strict";

(() => {
    const element = page.element, chart = page.chart, lattice = page.lattice;
    const state = { x: null, y: null, value: "phase" };

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
        if (lattice.exists() && lattice.axes().length) return [...lattice.axes(), null].slice(0, 2);
        const keys = page.keys.slice().sort((a, b) => page.isSeed(a.id) - page.isSeed(b.id));
        const many = keys.filter((key) => !page.isSeed(key.id) && key.isAxis && key.numeric && isFree(key)).sort((a, b) => b.distinct.length - a.distinct.length);
        if (many.length >= 2 && many[1].distinct.length >= 3) return [many[0].id, many[1].id];
        const first = keys.find((key) => key.id === "label") || many[0] || keys[0];
        const second = many.find((key) => key !== first) || keys.find((key) => page.isSeed(key.id) && key !== first) || keys.find((key) => key !== first);
        return [second ? second.id : null, first ? first.id : null];
    }

    function levels(key, runs) {
        const texts = new Map();
        for (const run of runs) {
            if (!texts.has(key.text(run))) texts.set(key.text(run), key.values[run]);
        }
        const found = [...texts].map(([text, value]) => ({ text, value }));
        return key.numeric ? found.sort((a, b) => (a.value === null) - (b.value === null) || a.value - b.value) : found;
    }

    function cells() {
        const { runs, rows } = page.selection();
        const kx = page.key(state.x), ky = page.key(state.y);
        const nowhere = { text: "all runs", value: null };
        const xs = kx ? levels(kx, rows) : [nowhere], ys = ky ? levels(ky, rows) : [nowhere];
        if (ky && ky.numeric && !page.isSeed(ky.id)) ys.reverse();
        const found = new Map();
        for (const run of state.value === "refined" ? rows : runs) {
            const x = kx ? kx.text(run) : nowhere.text, y = ky ? ky.text(run) : nowhere.text;
            const id = x + "\u0000" + y;
            if (!found.has(id)) found.set(id, { x, y, runs: [] });
            found.get(id).runs.push(run);
        }
        for (const cell of found.values()) {
            cell.phases = page.phases.map((phase) => ({ ...phase, n: cell.runs.filter((run) => page.phase(run) === phase.id).length })).filter((p) => p.n);
            if (state.value === "refined") {
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
        return { xs, ys, kx, ky, cells: [...found.values()] };
    }

    /* What else varies within the cells. */
    function pooled(kx, ky, all) {
        const mixed = (key) => all.some((cell) => new Set(cell.runs.map((run) => key.values[run])).size > 1);
        const parts = page.keys.filter((key) => key !== kx && key !== ky && key.id !== "task" && mixed(key)).map((key) => key.name);
        return parts.length ? `Each cell pools the runs that differ in ${parts.join(", ")}.` : "";
    }

    function draw(area, width) {
        const { runs, rows } = page.selection();
        if (!rows.length) return { empty: page.count ? "No run passes the filters." : "This file holds no runs." };
        if (state.value !== "refined" && !runs.some(page.evaluated) && !runs.some((run) => page.value("error", run))) return { empty: "No run has been evaluated yet." };
        const { xs, ys, kx, ky, cells: all } = cells();
        const longest = d3.max(ys, (y) => Math.min(y.text.length, 22));
        const left = Math.min(Math.max(54, longest * 6.6 + 18), width * 0.38);
        const inner = width - left - 12;
        const cw = Math.min(inner / xs.length, xs.length < 4 ? 150 : 110);
        const crowded = d3.max(xs, (x) => x.text.length) * 6.4 + 6 > cw;
        const bottom = (crowded ? Math.min(d3.max(xs, (x) => Math.min(x.text.length, 18)) * 5 + 22, 110) : 24) + 26;
        const ch = Math.max(18, Math.min(44, 460 / ys.length, Math.max(cw * 0.8, 26)));
        const top = 26, height = top + ch * ys.length + bottom;
        const svg = chart.svg(area, width, height);
        const sx = (text) => left + xs.findIndex((x) => x.text === text) * cw, sy = (text) => top + ys.findIndex((y) => y.text === text) * ch;

        const plain = state.value === "phase" || state.value === "refined";
        const scale = plain ? null : colors(all);
        const stripes = chart.stripes(svg, page.unique("not-reached"), "var(--faint)");
        const g = svg.append("g").attr("class", "cells");
        for (const cell of all) {
            const at = g.append("g").datum(cell).attr("transform", `translate(${sx(cell.x)},${sy(cell.y)})`);
            drawCell(at, cell, cw, ch, scale, stripes);
            page.tipOn(at, (c) => tipLines(c, kx, ky));
        }
        axes(svg, { xs, ys, kx, ky, left, top, cw, ch, crowded });
        if (state.value === "refined") {
            const found = new Map(all.map((cell) => [cell.x + "\u0000" + cell.y, cell]));
            lattice.drawBoundary(svg, { xs, ys, left, top, cw, ch, at: (x, y) => found.get(x.text + "\u0000" + y.text) });
            area.append(lattice.keys(all));
            return { note: lattice.note(all), summary: `Refined, over ${over(kx, ky)}: ${lattice.summary(all)}` };
        }
        area.append(plain ? phaseKeys(all) : colorKey(scale, all));
        return { note: pooled(kx, ky, all), summary: summary(all, kx, ky) };
    }

    function drawCell(at, cell, cw, ch, scale, stripes) {
        const w = cw - 2, h = ch - 2;
        if (state.value === "refined") return lattice.drawCell(at, cell, w, h);
        if (state.value === "phase") {
            let x = 0;
            const total = cell.runs.length;
            for (const phase of cell.phases) {
                const part = (phase.n / total) * w;
                at.append("rect").attr("x", x).attr("width", part).attr("height", h).attr("class", "fill-" + phase.id);
                const text = part >= 62 && total > 1 ? `${phase.short} ${phase.n}/${total}` : part >= 30 ? phase.short : "";
                if (text && h >= 14) at.append("text").attr("class", "on-" + phase.id).attr("x", x + part / 2).attr("y", h / 2).attr("dy", "0.35em").attr("text-anchor", "middle").text(text);
                x += part;
            }
            return;
        }
        const known = Number.isFinite(cell.value);
        at.append("rect").attr("width", w).attr("height", h).attr("fill", known ? scale.color(cell.value) : cell.value === Infinity ? stripes : "var(--raised)");
        const text = known ? page.short(cell.value) : cell.value === Infinity ? (w > 64 ? "not reached" : "–") : "";
        if (text.length * 6.2 < w && h >= 14) {
            const ink = at.append("text").attr("x", w / 2).attr("y", h / 2).attr("dy", "0.35em").attr("text-anchor", "middle").text(text);
            if (known) ink.attr("fill", chart.inkOn(scale.color(cell.value)));
            else ink.attr("class", "on-stripes");
        }
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
        const steps = d3.range(0, 1.0001, 0.1).map((t) => scale.color(scale.position.invert(t)));
        const never = all.some((cell) => cell.value === Infinity);
        return element("div", { class: "color-key" },
            finite ? [element("span", {}, page.number(scale.low)), element("span", { class: "ramp", style: `background:linear-gradient(90deg,${steps.join(",")})` }),
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
        const { kx, ky, cells: all } = cells();
        const names = [kx ? kx.name : "x", ky ? ky.name : "y"];
        if (state.value === "refined") return { columns: [...names, ...lattice.columns], rows: all.map((cell) => [cell.x, cell.y, ...lattice.row(cell)]) };
        const extra = state.value === "phase" ? [] : [`median_${state.value}`, "runs_with_value", ...(TIMES.has(state.value) ? ["runs_reached"] : [])];
        return {
            columns: [...names, "runs", ...page.phases.map((p) => p.id), ...extra],
            rows: all.map((cell) => [cell.x, cell.y, cell.runs.length, ...page.phases.map((p) => (cell.phases.find((q) => q.id === p.id) || { n: 0 }).n),
                ...(extra.length ? [cell.value, cell.of, ...(TIMES.has(state.value) ? [cell.reached] : [])] : [])]),
        };
    }

    page.addPhaseDiagram = (section) => {
        [state.x, state.y] = firstAxes();
        if (lattice.exists()) state.value = "refined";
        page.addFigure(section, {
            id: "phase-diagram", title: "Phase diagram",
            about: "Where do runs memorize, grok or comprehend? Choose the axes and what the cells show.",
            controls: (refresh) => {
                if (!page.keys.length) return [];
                const axes = [...page.keys.map(({ id, name }) => ({ id, name })), { id: "", name: "nothing" }];
                const set = (name) => (id) => { state[name] = id || null; refresh(); };
                return [page.select("Across", axes, state.x || "", set("x")), page.select("Up", axes, state.y || "", set("y")),
                    page.select("Cells show", choices(), state.value, set("value"))];
            },
            draw, table,
        });
    };
})();
