/* geometry.js: principal components of the embedding over training, its spectrum, its dimension. */
"use strict";

(() => {
    const element = page.element, chart = page.chart;
    const MISSING = 65535, FULL = 65000;
    const state = { run: null, snapshot: 0, pair: "0,1", color: 0, join: "neighbours", fixed: false, names: true, playing: null };

    const entries = () => page.data.geometry.runs;
    const entry = () => entries().find((e) => e.run === state.run) || null;
    const kind = () => page.data.geometry.kinds[entry().kind];

    const arrays = new Map();
    const array = (name) => {
        if (!arrays.has(name)) arrays.set(name, page.array(name));
        return arrays.get(name);
    };

    /* Coordinates of the tokens in two components at a snapshot; null where a token has none. */
    function coordinates(e, s, a, b) {
        const codes = array(`pca:${e.run}`), components = page.data.geometry.components;
        return d3.range(e.tokens).map((token) => {
            const at = (s * e.tokens + token) * components;
            if (codes[at + a] === MISSING || codes[at + b] === MISSING) return null;
            return [a, b].map((c) => ((codes[at + c] / FULL) * 2 - 1) * e.scale[s]);
        });
    }

    function spectrum(e, s) {
        const codes = array(`fourier:${e.run}`);
        if (!codes) return null;
        return d3.range(e.frequencies).map((k) => { const code = codes[s * e.frequencies + k]; return code === MISSING ? NaN : code / FULL; });
    }

    /* ---- looks of tokens ---- */

    function tokenColor(coloring) {
        const low = d3.min(coloring.values), high = d3.max(coloring.values);
        /* A wheel of even lightness for what goes round; cividis for what does not: both tell apart without red and green. */
        if (coloring.cyclic) return (token) => wheel((coloring.values[token] - low) / (high - low + 1));
        return (token) => d3.interpolateCividis(0.08 + 0.84 * ((coloring.values[token] - low) / (high - low || 1)));
    }
    /* Blue over white-free violet, orange and back, lightness going once up and down: positions half a turn apart differ
     * in lightness for every kind of colour vision. */
    const wheel = d3.interpolateRgbBasisClosed(["#1f3f8f", "#3b78c4", "#6fb3c9", "#c9c07a", "#e39a3b", "#c25a3a", "#8a3a6b", "#4d2f86"]);

    /* Pairs of tokens to join: neighbours of the task; or, on the integers, tokens one step apart in the strongest
     * frequency, which lie side by side on its circle. */
    function joins(e, s) {
        if (state.join === "none") return [];
        const edges = kind().edges;
        if (edges.length) return edges;
        if (!kind().colourings[0].cyclic) return [];
        const n = e.tokens, stride = state.join === "strongest" ? strongestStride(e, s) : 1;
        return stride ? d3.range(n).map((j) => [j, (j + stride) % n]) : [];
    }

    /* Share of a component on the frequencies 1 to half of the tokens. */
    function componentPower(e, s, c) {
        const n = e.tokens, values = coordinates(e, s, c, c).map((p) => (p ? p[0] : 0));
        const total = (d3.sum(values, (v) => v * v) || 1) * n;
        return d3.range(1, Math.floor(n / 2) + 1).map((k) => {
            let re = 0, im = 0;
            values.forEach((v, j) => { re += v * Math.cos((2 * Math.PI * k * j) / n); im += v * Math.sin((2 * Math.PI * k * j) / n); });
            return (re * re + im * im) / total;
        });
    }

    const greatest = (values) => values.reduce((best, value, i) => (value > values[best] ? i : best), 0);

    /* The two components that share a frequency best: the tokens lie on its circle there, where there is one. */
    function roundestPair(e) {
        const last = e.steps.length - 1, of = page.data.geometry.components;
        const power = d3.range(of).map((c) => componentPower(e, last, c));
        const pairs = d3.range(of).flatMap((a) => d3.range(a + 1, of).map((b) => [a, b]));
        const share = pairs.map(([a, b]) => d3.max(power[a], (value, k) => Math.min(value, power[b][k])) || 0);
        return pairs[greatest(share)].join();
    }

    /* How far apart tokens are that lie side by side on the circle of the strongest frequency in view. */
    function strongestStride(e, s) {
        const n = e.tokens, [a, b] = state.pair.split(",").map((c) => componentPower(e, s, +c));
        const k = greatest(a.map((value, i) => value + b[i])) + 1;
        for (let stride = 1; stride < n; stride++) if ((stride * k) % n === 1) return stride;
        return 0;
    }

    const joinChoices = () => {
        if (kind().edges.length) return [{ id: "neighbours", name: "neighbours of the task" }, { id: "none", name: "nothing" }];
        if (!kind().colourings[0].cyclic) return [{ id: "none", name: "nothing" }];
        return [{ id: "neighbours", name: "successive tokens" }, { id: "strongest", name: "steps of the strongest frequency" }, { id: "none", name: "nothing" }];
    };

    /* ---- the picture ---- */

    function drawPoints(area, width) {
        if (!entries().length) return { empty: page.count ? "No run of this file has snapshots." : "This file holds no runs." };
        const e = entry(), s = state.snapshot;
        const [a, b] = state.pair.split(",").map(Number);
        const size = Math.min(width, 600), left = 24, top = 8;
        const side = size - left - 8;
        const points = coordinates(e, s, a, b);
        const known = points.filter(Boolean);
        const reach = state.fixed ? d3.max(e.scale) : d3.max(known, ([x, y]) => Math.max(Math.abs(x), Math.abs(y))) || 1;
        const place = d3.scaleLinear([-reach * 1.08, reach * 1.08], [0, side]);
        const svg = chart.svg(area, size, top + side + 26);
        const box = svg.append("g").attr("transform", `translate(${left},${top})`);
        box.append("rect").attr("class", "pane").attr("width", side).attr("height", side);
        box.append("path").attr("class", "cross").attr("d", `M0,${place(0)}H${side}M${place(0)},0V${side}`);
        const share = (c) => (e.variance[s] && e.variance[s][c] !== null ? ` (${page.percent(+e.variance[s][c].toPrecision(3))} of variance)` : "");
        svg.append("text").attr("class", "axis-note").attr("x", left + side / 2).attr("y", top + side + 18).attr("text-anchor", "middle").text(`component ${a + 1}${share(a)}`);
        svg.append("text").attr("class", "axis-note").attr("transform", `translate(${left - 9},${top + side / 2}) rotate(-90)`).attr("text-anchor", "middle").text(`component ${b + 1}${share(b)}`);
        const at = points.map((p) => p && [place(p[0]), place(-p[1])]);
        const lines = box.append("g").attr("class", "joins");
        for (const [i, j] of joins(e, s)) if (at[i] && at[j]) lines.append("line").attr("x1", at[i][0]).attr("y1", at[i][1]).attr("x2", at[j][0]).attr("y2", at[j][1]);
        const coloring = kind().colourings[Math.min(state.color, kind().colourings.length - 1)], color = tokenColor(coloring);
        const names = state.names && e.tokens <= 130;
        const radius = e.tokens > 130 ? 4 : 5.5;
        const dots = box.append("g");
        const taken = at.filter(Boolean).map(([x, y]) => [x - radius, y, 2 * radius]);
        at.forEach((p, token) => {
            if (!p) return;
            const dot = dots.append("circle").datum(token).attr("cx", p[0]).attr("cy", p[1]).attr("r", radius).attr("fill", color(token)).attr("class", "token");
            page.tipOn(dot, (t) => [`token ${kind().names[t]}`, ...kind().colourings.map((c) => `${c.name} ${c.values[t]}`)]);
        });
        if (names) at.forEach((p, token) => p && writeName(dots, kind().names[token], p, radius, taken, side));
        area.append(colorLegend(coloring));
        const dimension = page.curve("effective_dimension", e.run);
        const here = dimension ? dimension.values[Math.min(d3.bisectLeft(dimension.steps, e.steps[s]), dimension.values.length - 1)] : NaN;
        const text = `${page.runName(e.run)} at step ${page.number(e.steps[s])}: ${known.length} tokens in components ${a + 1} and ${b + 1}` + (Number.isFinite(here) ? `, effective dimension ${page.number(here)}` : "") + ".";
        const kept = page.data.geometry.of > entries().length ? ` The page keeps the snapshots of ${entries().length} of ${page.data.geometry.of} runs, the first seeds of every setting; the results file has all.` : "";
        return { summary: text, note: text + " Signs of components are turned so that successive snapshots agree." + kept };
    }

    /* A token's name beside its dot, right or left, where no other name and no dot is; else it shows under the pointer
     * only. `taken`: left end, middle and width of what stands there already. */
    function writeName(parent, name, [x, y], radius, taken, side) {
        const width = name.length * 6.2, height = 11;
        for (const left of [x + radius + 2, x - radius - 2 - width]) {
            if (left < 0 || left + width > side) continue;
            if (taken.some((b) => left < b[0] + b[2] && b[0] < left + width && Math.abs(y - b[1]) < height)) continue;
            taken.push([left, y, width]);
            parent.append("text").attr("class", "token-name").attr("x", left).attr("y", y).attr("dy", "0.32em").text(name);
            return;
        }
    }

    function colorLegend(coloring) {
        const low = d3.min(coloring.values), high = d3.max(coloring.values), color = tokenColor(coloring);
        const order = d3.range(coloring.values.length).sort((i, j) => coloring.values[i] - coloring.values[j]);
        const stops = d3.range(0, 1.001, 1 / 12).map((t) => color(order[Math.round(t * (order.length - 1))]));
        return element("div", { class: "color-key" }, element("span", {}, String(low)), element("span", { class: "ramp", style: `background:linear-gradient(90deg,${stops.join(",")})` }),
            element("span", {}, String(high)), element("span", { class: "meaning" }, coloring.name));
    }

    /* ---- beside it ---- */

    function drawSpectrum(area, width) {
        const e = entry();
        if (!e) return { empty: "No run of this file has snapshots." };
        const shares = spectrum(e, state.snapshot);
        if (!shares) return { empty: "This task has no characters, and so no spectrum." };
        const left = 44, right = 8, top = 28, height = 210;
        const svg = chart.svg(area, width, height);
        const box = { left, top, width: width - left - right, height: height - top - 44 };
        const most = d3.max(d3.range(e.steps.length), (s) => d3.max(spectrum(e, s).filter(Number.isFinite))) || 1;
        const y = chart.values([0, most], [top + box.height, top], false);
        chart.valueAxis(svg, box, y, "share of power", { format: (v) => page.percent(v), offset: 36 });
        const x = d3.scaleBand(d3.range(shares.length), [left, left + box.width]).paddingInner(shares.length > 80 ? 0 : 0.2).paddingOuter(0.1);
        const axis = svg.append("g").attr("class", "axis").attr("transform", `translate(0,${top + box.height})`);
        axis.append("line").attr("x1", left).attr("x2", left + box.width);
        const every = Math.ceil((shares.length * 24) / box.width);
        shares.forEach((share, k) => {
            if (!Number.isFinite(share)) return;
            page.tipOn(svg.append("rect").datum(k).attr("class", "bar-rect").attr("x", x(k)).attr("width", x.bandwidth()).attr("y", y(share)).attr("height", Math.max(0, y(0) - y(share))),
                (i) => [`frequency ${i + 1}`, `${page.percent(shares[i])} of the power`]);
            if ((k + 1) % every === 0 || every === 1) axis.append("text").attr("x", x(k) + x.bandwidth() / 2).attr("y", 16).attr("text-anchor", "middle").text(k + 1);
        });
        axis.append("text").attr("class", "label").attr("x", left + box.width / 2).attr("y", 36).attr("text-anchor", "middle").text("frequency");
        const order = d3.range(shares.length).filter((k) => Number.isFinite(shares[k])).sort((i, j) => shares[j] - shares[i]).slice(0, 5);
        return { summary: `Step ${page.number(e.steps[state.snapshot])}. Strongest frequencies: ${order.map((k) => `${k + 1} with ${page.percent(+shares[k].toPrecision(3))}`).join(", ")}.` };
    }

    const DIMENSIONS = [
        { name: "effective_dimension", short: "effective dimension", style: 2 },
        { name: "participation_ratio", short: "participation ratio", style: 3 },
        { name: "effective_rank", short: "effective rank", style: 0 },
    ];

    const dimensionLines = () => DIMENSIONS.map((d) => ({ ...d, curve: entry() && page.curve(d.name, entry().run) })).filter((d) => d.curve && d.curve.values.some(Number.isFinite));

    function drawDimension(area, width) {
        const e = entry();
        if (!e) return { empty: "No run of this file has snapshots." };
        const found = dimensionLines();
        if (!found.length) return { empty: "The dimension of the embedding is not in this file." };
        const left = 44, right = 8, top = 28, height = 210;
        const svg = chart.svg(area, width, height);
        const box = { left, top, width: width - left - right, height: height - top - 44 };
        const steps = found[0].curve.steps;
        const x = chart.steps(d3.min(Array.from(steps).filter((s) => s > 0)) || 1, d3.max(steps) || 1, [left, left + box.width]);
        const y = chart.values([0, d3.max(found, (d) => d3.max(d.curve.values))], [top + box.height, top], false);
        chart.valueAxis(svg, box, y, "dimensions", { offset: 36 });
        chart.stepAxis(svg, box, x);
        for (const d of found) {
            const style = page.style(d.style);
            svg.append("path").attr("class", "line").attr("stroke", style.color)
                .attr("d", d3.line().defined((v) => Number.isFinite(v)).x((_, i) => x(d.curve.steps[i])).y((v) => y(v))(Array.from(d.curve.values)));
        }
        const at = x(e.steps[state.snapshot]);
        svg.append("line").attr("class", "rule strong").attr("x1", at).attr("x2", at).attr("y1", top).attr("y2", top + box.height);
        area.append(element("ul", { class: "keys row" }, found.map((d) => element("li", {}, page.swatch({ ...page.style(d.style), dash: "", symbol: null }), d.short))));
        return { summary: found.map((d) => `${d.short} from ${page.number(d.curve.values[0])} to ${page.number(d.curve.values[d.curve.values.length - 1])}`).join(", ") };
    }

    /* ---- the scrubber ---- */

    let figures = [], slider, output, player;

    function show(snapshot) {
        state.snapshot = Math.max(0, Math.min(entry().steps.length - 1, snapshot));
        slider.value = state.snapshot;
        output.textContent = `step ${page.number(entry().steps[state.snapshot])}`;
        slider.setAttribute("aria-valuetext", output.textContent);
        figures.forEach((figure) => figure.refresh());
    }

    function stop() {
        clearInterval(state.playing);
        state.playing = null;
        player.textContent = "Play";
    }

    function play() {
        if (state.playing) return stop();
        if (state.snapshot === entry().steps.length - 1) show(0);
        player.textContent = "Pause";
        state.playing = setInterval(() => {
            if (state.snapshot >= entry().steps.length - 1) return stop();
            show(state.snapshot + 1);
        }, 350);
    }

    function scrubber() {
        const e = entry(), id = page.unique("scrub");
        slider = element("input", { type: "range", id, min: 0, max: e.steps.length - 1, step: 1, value: state.snapshot, oninput: (event) => { if (state.playing) stop(); show(+event.target.value); } });
        output = element("output", { for: id }, `step ${page.number(e.steps[state.snapshot])}`);
        slider.setAttribute("aria-valuetext", output.textContent);
        player = page.button("Play", play, { class: "play" });
        return element("div", { class: "scrubber" }, player, element("label", { for: id }, "Snapshot"), slider, output);
    }

    function controls(refresh) {
        if (!entries().length) return [];
        const set = (name) => (value) => { state[name] = value; refresh(); };
        const components = d3.range(page.data.geometry.components);
        const pairs = components.flatMap((a) => components.filter((b) => b > a).map((b) => ({ id: `${a},${b}`, name: `${a + 1} and ${b + 1}` })));
        const choices = joinChoices();
        if (!choices.some((c) => c.id === state.join)) state.join = choices[0].id;
        return [
            page.select("Run", entries().map((e) => ({ id: String(e.run), name: page.runName(e.run) })), String(state.run), (id) => { chooseRun(+id); figures.forEach((figure) => figure.rebuild()); }),
            page.select("Components", pairs, state.pair, set("pair")),
            kind().colourings.length > 1 ? page.select("Colour", kind().colourings.map((c, i) => ({ id: String(i), name: c.name })), String(state.color), (v) => { state.color = +v; refresh(); }) : null,
            choices.length > 1 ? page.select("Join", choices, state.join, set("join")) : null,
            page.check("names", state.names, set("names")),
            page.check("one scale for all snapshots", state.fixed, set("fixed")),
            scrubber(),
        ];
    }

    function chooseRun(run) {
        if (state.playing) stop();
        state.run = run;
        state.color = 0;
        state.snapshot = entry().steps.length - 1;
        state.pair = kind().colourings[0].cyclic && page.data.geometry.components > 1 ? roundestPair(entry()) : "0,1";
        state.join = joinChoices()[joinChoices()[1] && joinChoices()[1].id === "strongest" ? 1 : 0].id;
    }

    page.addGeometry = (section) => {
        const solved = entries().find((e) => page.value("t_gen", e.run) !== null) || entries()[0];
        if (solved) chooseRun(solved.run);
        const side = element("div", { class: "side" }), layout = element("div", { class: "geometry" });
        section.append(layout);
        const first = page.addFigure(layout, {
            id: "embedding", title: "Embedding over training",
            about: "Principal components of the token embedding. Move the slider, or press Play.",
            controls, draw: drawPoints,
            table: () => {
                const e = entry(), components = d3.range(page.data.geometry.components);
                const all = components.map((c) => coordinates(e, state.snapshot, c, c));
                return { columns: ["run", "step", "token", ...components.map((c) => `component_${c + 1}`)],
                         rows: d3.range(e.tokens).map((t) => [page.data.runs[e.run], e.steps[state.snapshot], kind().names[t], ...components.map((c) => (all[c][t] ? all[c][t][0] : null))]) };
            },
        });
        layout.append(side);
        const second = page.addFigure(side, {
            id: "spectrum", title: "Fourier spectrum", about: "Share of the embedding’s power on each character of the task’s group.", draw: drawSpectrum,
            table: () => ({ columns: ["run", "step", "frequency", "share"], rows: spectrum(entry(), state.snapshot).map((share, k) => [page.data.runs[entry().run], entry().steps[state.snapshot], k + 1, share]) }),
        });
        const third = page.addFigure(side, {
            id: "dimension", title: "Dimension", about: "How many directions the embedding uses; the line marks the snapshot.", draw: drawDimension,
            table: () => ({ columns: ["run", "metric", "step", "value"], rows: dimensionLines().flatMap((d) => Array.from(d.curve.steps, (step, i) => [page.data.runs[entry().run], d.name, step, d.curve.values[i]])) }),
        });
        figures = [first, second, third];
    };
    page.showSnapshot = show;
})();
