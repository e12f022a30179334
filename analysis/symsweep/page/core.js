/* core.js: the data of the page, what is selected, and how numbers are written. */
"use strict";

const page = {};

(() => {
    const MISSING = 65535, ZERO = 65534, LARGEST = 65533;

    /* ---- unpacking ---- */

    async function inflate(id) {
        const text = atob(document.getElementById(id).textContent.trim());
        const bytes = new Uint8Array(text.length);
        for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
        const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
        return new Response(stream).arrayBuffer();
    }

    page.load = async () => {
        const [header, arrays] = await Promise.all([inflate("header"), inflate("arrays")]);
        page.data = JSON.parse(new TextDecoder().decode(header));
        page.bytes = arrays;
        page.metrics = new Map([...page.data.curves.metrics, ...page.data.generators.metrics].map((metric) => [metric.name, metric]));
        preparePhases();
        prepareRuns();
    };

    /* An array of the container: 32-bit numbers as they lie, 16-bit ones from their low and high bytes. */
    page.array = (name) => {
        const entry = page.data.arrays[name];
        if (!entry) return null;
        if (entry.type === "i32") return new Int32Array(page.bytes, entry.offset, entry.count);
        const low = new Uint8Array(page.bytes, entry.offset, entry.count);
        const high = new Uint8Array(page.bytes, entry.offset + entry.count, entry.count);
        return Uint16Array.from(low, (byte, i) => byte | (high[i] << 8));
    };

    /* ---- runs ---- */

    function prepareRuns() {
        const data = page.data;
        page.rows = d3.range(data.count);
        page.all = page.rows.filter((row) => page.value("status", row) !== "not_selected");
        page.count = page.all.length;
        const lengths = page.array("curve_count");
        page.offsets = [0];
        for (let r = 0; r < data.count; r++) page.offsets.push(page.offsets[r] + (lengths ? lengths[r] : 0));
        page.steps = page.array("step") || new Int32Array(0);
        page.keys = groupingKeys();
    }

    /* A column of the run table, one value a run; null where missing. */
    page.column = (name) => page.data.columns[name] || null;
    page.value = (name, run) => (page.data.columns[name] ? page.data.columns[name][run] : null);

    page.ended = (run) => page.data.ended.includes(page.value("status", run));
    page.evaluated = (run) => page.offsets[run + 1] > page.offsets[run];

    const curves = new Map();

    /* A curve of a run: steps and values (NaN where missing), or null. */
    page.curve = (metric, run) => {
        if (!page.metrics.has(metric)) return null;
        if (!curves.has(metric)) curves.set(metric, decode(page.metrics.get(metric), page.array("curve:" + metric)));
        const from = page.offsets[run], to = page.offsets[run + 1];
        if (from === to) return null;
        return { steps: page.steps.subarray(from, to), values: curves.get(metric).subarray(from, to) };
    };

    function decode(metric, codes) {
        const width = metric.max > metric.min ? metric.max - metric.min : metric.scale === "log" ? 0 : 1;
        return Float64Array.from(codes, (code) => {
            if (code === MISSING) return NaN;
            if (code === ZERO) return 0;
            const at = code === LARGEST ? metric.max : metric.min + (code / LARGEST) * width;
            return metric.scale === "log" ? 10 ** at : at;
        });
    }

    /* How far a value of a curve may be from the one in the file. */
    page.resolution = (name, value) => {
        const metric = page.metrics.get(name), step = (metric.max - metric.min) / LARGEST / 2;
        return metric.scale === "log" ? value * (10 ** step - 1) : step;
    };

    page.lastStep = (run) => {
        const end = page.offsets[run + 1];
        const taken = page.value("steps", run);
        return taken !== null ? taken : end > page.offsets[run] ? page.steps[end - 1] : null;
    };

    /* ---- axes and groups ---- */

    const shortened = new Map();

    /* The end of a dotted path that tells it from the other axes. */
    page.axisName = (path) => {
        if (!shortened.size) {
            for (const axis of page.data.axes) {
                const words = axis.split(".");
                let k = 1;
                const tail = () => words.slice(-k).join(".");
                const clash = () => page.data.axes.some((other) => other !== axis && ("." + other).endsWith("." + tail()));
                while (k < words.length && (clash() || tail() === "weight" || tail() === "inputs")) k++;
                shortened.set(axis, tail());
            }
        }
        return shortened.get(path) || path;
    };

    /* Keys that are averaged over: the seed, and what follows it (data_seed, task.table_seed). */
    page.isSeed = (axis) => page.data.averaged.includes(axis);

    page.distinct = (values) => {
        const found = [...new Set(values.map((v) => (v === null ? "" : v)))].filter((v) => v !== "");
        return found.every((v) => typeof v === "number") ? found.sort((a, b) => a - b) : found;
    };

    /* Everything that runs can be grouped, filtered or laid out by: label, task, axes; only what varies. */
    function groupingKeys() {
        const keys = [];
        const add = (id, name, values, isAxis) => {
            const distinct = page.distinct(values);
            if (distinct.length > 1 || (distinct.length === 1 && values.some((v) => v === null))) {
                keys.push({ id, name, values, distinct, isAxis, numeric: typeof distinct[0] === "number", text: textOf(values) });
            }
        };
        if (page.column("label")) add("label", "label", page.column("label"), false);
        add("task", "task", page.data.tasks, false);
        for (const axis of page.data.axes) {
            const values = page.column(axis);
            if (values) add(axis, page.axisName(axis), values, true);
        }
        return keys;
    }
    /* run -> its value in words: short, unless two values would look alike. */
    function textOf(values) {
        const short = new Map(), all = [...new Set(values)];
        for (const value of all) short.set(page.valueText(value), (short.get(page.valueText(value)) || 0) + 1);
        const texts = new Map(all.map((value) => [value, short.get(page.valueText(value)) === 1 || value === null ? page.valueText(value) : JSON.stringify(value)]));
        return (run) => texts.get(values[run]);
    }
    page.key = (id) => page.keys.find((key) => key.id === id) || null;

    page.valueText = (value) => {
        if (value === null || value === undefined || value === "") return "–";
        // Values of axes are names here: a seed or a modulus has no thousands separator.
        if (Number.isInteger(value) && value >= 0 && value < 1e5) return String(value);
        return typeof value === "number" ? page.number(value) : String(value);
    };

    /* ---- state ---- */

    page.state = { group: "", filters: new Map(), hidden: new Set(), reference: 0 };
    const listeners = [];
    page.onChange = (listener) => listeners.push(listener);
    page.changed = () => {
        selection = null;
        for (const listener of listeners) listener();
    };

    const MOST_SHOWN = 6, MOST_SETTINGS = 60;

    page.groupings = () => {
        const groupings = page.keys.filter((key) => !page.isSeed(key.id)).map((key) => ({ id: key.id, name: key.name, keys: [key] }));
        const telling = page.data.settings.map(page.key).filter(Boolean);
        if (telling.length > 1) groupings.push({ id: "*", name: "all settings", keys: telling });
        groupings.push({ id: "", name: "nothing (all runs together)", keys: [] });
        return groupings;
    };

    page.groupOf = (grouping, run) =>
        grouping.keys.map((key) => (grouping.keys.length > 1 && key.isAxis ? key.name + " " : "") + key.text(run)).join(", ") || "all runs";

    /* Keys in which runs of one group of a grouping differ, though settings are told apart by them. */
    page.pooledKeys = (grouping) => {
        const first = new Map();
        page.all.forEach((run) => { const name = page.groupOf(grouping, run); if (!first.has(name)) first.set(name, run); });
        return page.data.settings.map(page.key).filter((key) => key && page.all.some((run) => key.text(run) !== key.text(first.get(page.groupOf(grouping, run)))));
    };
    page.pooledNote = () => {
        const keys = page.pooledKeys(page.selection().grouping);
        return keys.length ? `Groups pool runs that differ in ${keys.map((key) => key.name).join(", ")}. ` : "";
    };

    page.firstGrouping = () => {
        const groupings = page.groupings();
        const size = (grouping) => new Set(page.all.map((run) => page.groupOf(grouping, run))).size;
        const telling = page.data.settings.filter(page.key);
        const whole = telling.length > 1 ? "*" : telling.length ? telling[0] : "";
        if (size(groupings.find((grouping) => grouping.id === whole)) <= MOST_SETTINGS) return whole;
        const axes = groupings.filter((grouping) => grouping.id !== "" && size(grouping) >= 2);
        const fitting = axes.filter((grouping) => size(grouping) <= 8);
        return (fitting.find((grouping) => grouping.id === "*") || fitting[0] || axes[0] || groupings[groupings.length - 1]).id;
    };

    page.setGrouping = (id) => {
        page.state.group = id;
        page.state.reference = 0;
        page.state.hidden = new Set();
        allGroups = null;
        page.groups().slice(MOST_SHOWN).forEach((group) => page.state.hidden.add(group.name));
    };

    let allGroups = null;

    /* All groups of the grouping, filtered or not: a group keeps its colour. */
    page.groups = () => {
        if (allGroups) return allGroups;
        const grouping = page.groupings().find((g) => g.id === page.state.group);
        const members = new Map();
        for (const run of page.all) {
            const name = page.groupOf(grouping, run);
            if (!members.has(name)) members.set(name, []);
            members.get(name).push(run);
        }
        let groups = [...members].map(([name, runs]) => ({ name, runs }));
        if (grouping.keys.length === 1 && grouping.keys[0].numeric) {
            groups.sort((a, b) => d3.ascending(grouping.keys[0].values[a.runs[0]], grouping.keys[0].values[b.runs[0]]));
        }
        allGroups = groups.map((group, index) => ({ ...group, index, ...page.style(index) }));
        return allGroups;
    };

    let selection = null;

    /* Runs that pass the filters (rows: with those that refine had no need of), and the groups that have any, each with its runs that do. */
    page.selection = () => {
        if (selection) return selection;
        const passes = (run) => [...page.state.filters].every(([id, text]) => page.key(id).text(run) === text);
        const rows = page.rows.filter(passes);
        const chosen = new Set(page.all), runs = rows.filter((row) => chosen.has(row));
        const kept = new Set(runs);
        const groups = page.groups().map((group) => ({ ...group, runs: group.runs.filter((run) => kept.has(run)) }))
            .filter((group) => group.runs.length);
        const grouping = page.groupings().find((g) => g.id === page.state.group);
        selection = { rows, runs, groups, grouping, shown: groups.filter((group) => !page.state.hidden.has(group.name)) };
        return selection;
    };

    /* ---- looks ---- */

    const DASHES = ["", "7 3", "2 3", "8 3 2 3"];
    const SYMBOLS = [d3.symbolCircle, d3.symbolSquare, d3.symbolTriangle, d3.symbolDiamond, d3.symbolCross, d3.symbolStar, d3.symbolWye];
    page.style = (index) => ({
        color: `var(--series-${(index % 8) + 1})`,
        dash: DASHES[Math.floor(index / 8) % DASHES.length],
        symbol: SYMBOLS[index % SYMBOLS.length],
    });

    const PHASES = {
        confusion: { short: "conf", meaning: "neither train nor test accuracy reached 0.9" },
        memorization: { short: "mem", meaning: "train accuracy alone reached 0.9" },
        grokking: { short: "grok", meaning: "test accuracy reached 0.9 long after train accuracy" },
        comprehension: { short: "comp", meaning: "both reached 0.9 at about the same time" },
        diverged: { short: "div", meaning: "a value stopped being finite" },
        unfinished: { short: "–", meaning: "waiting, training, pruned, failed or damaged" },
    };
    const preparePhases = () => {
        page.phases = page.data.phases.map((id) => ({ id, word: id, short: id.slice(0, 4), meaning: "", ...PHASES[id] }));
    };
    page.phase = (run) => page.value("phase", run) || "unfinished";

    page.onsets = [
        { id: "t_mem", name: "memorization", color: "var(--series-5)", symbol: d3.symbolTriangle, meaning: "train accuracy" },
        { id: "t_sym", name: "symmetry", color: "var(--series-4)", symbol: d3.symbolDiamond, meaning: "largest violation" },
        { id: "t_gen", name: "generalization", color: "var(--series-1)", symbol: d3.symbolCircle, meaning: "test accuracy" },
        { id: "t_geo", name: "geometry", color: "var(--series-3)", symbol: d3.symbolSquare, meaning: "effective dimension" },
        { id: "t_geo_participation", name: "geometry, continuous", color: "var(--series-6)", symbol: d3.symbolCross, meaning: "participation ratio" },
    ];

    /* ---- numbers ---- */

    const group = d3.format(",");
    page.number = (value) => {
        if (value === null || value === undefined || Number.isNaN(value)) return "–";
        if (value === Infinity) return "∞";
        if (value === -Infinity) return "−∞";
        if (value === 0) return "0";
        const size = Math.abs(value);
        if (Number.isInteger(value) && size < 1e7) return group(value).replace("-", "−");
        if (size >= 1e-3 && size < 1e6) return d3.format(",.3~r")(value).replace("-", "−");
        return d3.format(".2~e")(value).replace("e+", "e").replace("-", "−").replace("e-", "e−");
    };
    page.short = (value) => (value >= 1e3 ? d3.format(".2~s")(value) : page.number(value));
    page.percent = (share) => (Number.isFinite(share) ? d3.format(".3~r")(share * 100) + " %" : "–");
    page.plural = (n, word, words) => `${page.number(n)} ${n === 1 ? word : words || word + "s"}`;
    page.duration = (seconds) => {
        if (seconds === null || !Number.isFinite(seconds)) return "–";
        if (seconds < 120) return page.number(Math.round(seconds)) + " s";
        if (seconds < 7200) return page.number(Math.round(seconds / 60)) + " min";
        return d3.format(",.1f")(seconds / 3600) + " h";
    };
    /* A median with its interval; an end that is not reached is written as such. */
    page.interval = (interval) => {
        if (Number.isNaN(interval.estimate)) return "–";
        if (interval.lower === Infinity) return "not reached";
        const low = page.number(interval.lower), estimate = interval.estimate === Infinity ? "not reached" : page.number(interval.estimate);
        return `${estimate} [${interval.upper === Infinity ? "≥ " + low : low === page.number(interval.upper) ? low : `${low}–${page.number(interval.upper)}`}]`;
    };
})();
