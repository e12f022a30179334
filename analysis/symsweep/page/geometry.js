/* geometry.js: principal components of the embedding over training, its spectrum, its dimension. */
"use strict";

(() => {
    const element = page.element, chart = page.chart;
    const MISSING = 65535, FULL = 65000;
    let state, playing = null;

    const entries = () => page.data.geometry.runs;
    const entry = () => entries().find((e) => e.run === state.run) || null;
    const kind = () => page.data.geometry.kinds[entry().kind];

    const arrays = new Map();
    page.onData(() => { arrays.clear(); shots.clear(); });
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
    function joins(e, s, join, pair) {
        const { edges, colourings } = page.data.geometry.kinds[e.kind];
        if (join === "none") return [];
        if (edges.length) return edges;
        if (!colourings[0].cyclic) return [];
        const n = e.tokens, stride = join === "strongest" ? strongestStride(e, s, pair) : 1;
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
    function strongestStride(e, s, pair) {
        const n = e.tokens, [a, b] = pair.split(",").map((c) => componentPower(e, s, +c));
        const k = greatest(a.map((value, i) => value + b[i])) + 1;
        for (let stride = 1; stride < n; stride++) if ((stride * k) % n === 1) return stride;
        return 0;
    }

    const joinChoices = () => {
        if (kind().edges.length) return [{ id: "neighbours", name: "neighbours of the task" }, { id: "none", name: "nothing" }];
        if (!kind().colourings[0].cyclic) return [{ id: "none", name: "nothing" }];
        return [{ id: "strongest", name: "steps of the strongest frequency" }, { id: "neighbours", name: "successive tokens" }, { id: "none", name: "nothing" }];
    };
    const firstPair = (e) => (page.data.geometry.kinds[e.kind].colourings[0].cyclic && page.data.geometry.components > 1 ? roundestPair(e) : "0,1");

    /* ---- the picture ---- */

    /* Dots of the tokens at a snapshot, joined; the drawing, places in pixels and colours. */
    function scatter(e, s, { pair, join, side, fixed, coloring, radius }) {
        const [a, b] = pair.split(",").map(Number), points = coordinates(e, s, a, b), known = points.filter(Boolean);
        const reach = (fixed ? d3.max(e.scale) : d3.max(known, ([x, y]) => Math.max(Math.abs(x), Math.abs(y)))) || 1;
        const place = d3.scaleLinear([-reach * 1.08, reach * 1.08], [0, side]), at = points.map((p) => p && [place(p[0]), place(-p[1])]), color = tokenColor(coloring);
        const box = d3.create("svg:g");
        box.append("rect").attr("class", "pane").attr("width", side).attr("height", side);
        box.append("path").attr("class", "cross").attr("d", `M0,${place(0)}H${side}M${place(0)},0V${side}`);
        const lines = joins(e, s, join, pair).filter(([i, j]) => at[i] && at[j]).map(([i, j]) => `M${at[i]}L${at[j]}`).join("");
        box.append("path").attr("class", "joins").attr("d", lines || null);
        const dots = box.append("g");
        at.forEach((p, token) => p && dots.append("circle").datum(token).attr("cx", p[0]).attr("cy", p[1]).attr("r", radius).attr("fill", color(token)).attr("class", "token"));
        return { box, dots, at, known };
    }

    const shots = new Map();

    /* A small picture of a snapshot, for the story: the same components in all pictures of a run. */
    page.embeddingShot = (e, s, side) => {
        if (!shots.has(e.run)) shots.set(e.run, firstPair(e));
        const { colourings, edges } = page.data.geometry.kinds[e.kind];
        const svg = d3.create("svg").attr("width", side).attr("height", side).attr("viewBox", `0 0 ${side} ${side}`).attr("aria-label", `Embedding of ${page.runName(e.run)} at step ${page.number(e.steps[s])}`);
        svg.append(() => scatter(e, s, { pair: shots.get(e.run), join: edges.length ? "neighbours" : "strongest", side, coloring: colourings[0], radius: e.tokens > 130 ? 1.6 : 2.6 }).box.node());
        return svg.node();
    };

    function drawPoints(area, width) {
        if (!entries().length) return { empty: page.count ? "No run of this file has snapshots." : "This file holds no runs." };
        const e = entry(), s = state.snapshot, [a, b] = state.pair.split(",").map(Number);
        const size = Math.min(width, 600), left = 24, top = 8, side = size - left - 8, radius = e.tokens > 130 ? 4 : 5.5;
        const svg = d3.select(area).append("svg").attr("class", "drawn").attr("width", size).attr("height", top + side + 26).attr("viewBox", `0 0 ${size} ${top + side + 26}`);
        const coloring = kind().colourings[Math.min(state.color, kind().colourings.length - 1)];
        const { box, dots, at, known } = scatter(e, s, { pair: state.pair, join: state.join, side, fixed: state.fixed, coloring, radius });
        svg.append(() => box.attr("transform", `translate(${left},${top})`).node());
        const share = (c) => (e.variance[s] && e.variance[s][c] !== null ? ` (${page.percent(+e.variance[s][c].toPrecision(3))} of variance)` : "");
        svg.append("text").attr("class", "axis-note").attr("x", left + side / 2).attr("y", top + side + 18).attr("text-anchor", "middle").text(`component ${a + 1}${share(a)}`);
        svg.append("text").attr("class", "axis-note").attr("transform", `translate(${left - 9},${top + side / 2}) rotate(-90)`).attr("text-anchor", "middle").text(`component ${b + 1}${share(b)}`);
        page.tipOn(dots.selectAll("circle"), (t) => [`token ${kind().names[t]}`, ...kind().colourings.map((c) => `${c.name} ${c.values[t]}`)]);
        const taken = at.filter(Boolean).map(([x, y]) => [x - radius, y, 2 * radius]);
        if (state.names && e.tokens <= 130) at.forEach((p, token) => p && writeName(dots, kind().names[token], p, radius, taken, side));
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
        return element("div", { class: "color-key" }, element("span", {}, String(low)), page.ramp(d3.range(24).map((i) => color(order[Math.round((i / 23) * (order.length - 1))]))),
            element("span", {}, String(high)), element("span", { class: "meaning" }, coloring.name));
    }

    /* ---- beside it ---- */

    function drawSpectrum(area, width) {
        const e = entry();
        if (!e) return { empty: "No run of this file has snapshots." };
        const shares = spectrum(e, state.snapshot);
        if (!shares) return { empty: "This task has no characters, and so no spectrum." };
        const known = shares.map((share, k) => ({ share, k: k + 1 })).filter((bar) => Number.isFinite(bar.share)), n = shares.length;
        const most = d3.max(d3.range(e.steps.length), (s) => d3.max(spectrum(e, s).filter(Number.isFinite))) || 1;
        const y = chart.values([0, most], 130, false, "share of power", { tickFormat: page.percent });
        chart.plot(area, {
            width, height: 210, marginLeft: 44, marginRight: 8, x: { domain: [0.5, n + 0.5], label: "frequency", ticks: d3.scaleLinear([1, n], [0, 1]).ticks(Math.min(n, width / 50)).filter(Number.isInteger) },
            y,
            marks: [chart.grid(y), Plot.rectY(known, { x1: (bar) => bar.k - 0.4, x2: (bar) => bar.k + 0.4, y: "share", fill: "var(--series-1)" }), Plot.ruleX(known, Plot.pointerX({ x: "k", stroke: "var(--faint)" }))],
            tip: (bar) => [`frequency ${bar.k}`, `${page.percent(bar.share)} of the power`],
        });
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
        const lines = found.map((d) => ({ ...page.style(d.style), dash: "", symbol: null, name: d.short, points: page.pointsOf(d.name, e.run) }));
        chart.panels(area, width, [{ title: "dimensions", lines, extent: [0, d3.max(found, (d) => d3.max(d.curve.values))], marks: (place) => [Plot.ruleX([e.steps[state.snapshot]], { x: place, stroke: "var(--ink)", strokeWidth: 1.25, className: "here" })] }], { tall: 134 });
        area.append(page.keysOf(lines));
        return { summary: found.map((d) => `${d.short} from ${page.number(d.curve.values[0])} to ${page.number(d.curve.values[d.curve.values.length - 1])}`).join(", ") };
    }

    /* ---- the scrubber ---- */

    let figures = [], slider, output, player;
    page.isPlaying = () => playing !== null;

    function show(snapshot) {
        state.snapshot = Math.max(0, Math.min(entry().steps.length - 1, snapshot));
        slider.value = state.snapshot;
        output.textContent = `step ${page.number(entry().steps[state.snapshot])}`;
        slider.setAttribute("aria-valuetext", output.textContent);
        figures.forEach((figure) => figure.refresh());
    }

    function stop() {
        clearInterval(playing);
        playing = null;
        player.textContent = "Play";
    }

    function play() {
        if (playing) return stop();
        if (state.snapshot === entry().steps.length - 1) show(0);
        player.textContent = "Pause";
        playing = setInterval(() => {
            if (state.snapshot >= entry().steps.length - 1) return stop();
            show(state.snapshot + 1);
        }, 350);
    }

    function scrubber() {
        const e = entry(), id = page.unique("scrub");
        slider = element("input", { type: "range", id, min: 0, max: e.steps.length - 1, step: 1, value: state.snapshot, oninput: (event) => { if (playing) stop(); show(+event.target.value); } });
        output = element("output", { for: id }, `step ${page.number(e.steps[state.snapshot])}`);
        slider.setAttribute("aria-valuetext", output.textContent);
        player = page.button("Play", play, { class: "play" });
        return element("div", { class: "scrubber" }, player, element("label", { for: id }, "Snapshot"), slider, output);
    }

    function controls(refresh) {
        if (!entries().length) return [];
        const components = d3.range(page.data.geometry.components);
        const pairs = components.flatMap((a) => components.filter((b) => b > a).map((b) => ({ id: `${a},${b}`, name: `${a + 1} and ${b + 1}` })));
        return [
            page.runPick(entries().map((e) => e.run), state, () => { chooseRun(state.run); figures.forEach((figure) => figure.rebuild()); }),
            page.pick("Components", pairs, state, "pair", refresh), page.pick("Colour", kind().colourings.map((c, i) => ({ id: i, name: c.name })), state, "color", refresh),
            page.pick("Join", joinChoices(), state, "join", refresh), page.tick("names", state, "names", refresh), page.tick("one scale for all snapshots", state, "fixed", refresh), scrubber(),
        ];
    }

    function chooseRun(run) {
        if (playing) stop();
        Object.assign(state, { run, color: 0 });
        Object.assign(state, { snapshot: entry().steps.length - 1, pair: firstPair(entry()), join: joinChoices()[0].id });
    }

    page.addGeometry = (section) => {
        const typical = page.representative(), solved = entries().find((e) => e.run === typical) || entries()[0];
        state = { run: solved ? solved.run : -1, snapshot: 0, pair: "0,1", color: 0, join: "none", fixed: false, names: true };
        if (solved) chooseRun(solved.run);
        const initial = { ...state };
        state = page.choices("geometry", state);
        if (solved && !entry()) Object.assign(state, initial);
        else if (state.run !== initial.run) { const asked = { ...state }; chooseRun(state.run); Object.assign(state, Object.fromEntries(Object.entries(asked).filter(([key, value]) => value !== initial[key]))); }
        if (solved) state.snapshot = Math.max(0, Math.min(entry().steps.length - 1, Math.round(state.snapshot)));
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
})();
