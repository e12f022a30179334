/* chart.js: axes, frames and marks that several figures use. Everything is drawn in pixels of the page, so that letters
 * keep their size on every screen. */
"use strict";

(() => {
    const chart = (page.chart = {});

    chart.svg = (area, width, height) =>
        d3.select(area).append("svg").attr("width", width).attr("height", height).attr("viewBox", `0 0 ${width} ${height}`);

    /* Steps on a logarithmic axis. Step 0 has a place of its own at the left end, parted from the rest by a gap. */
    chart.steps = (first, last, range, logarithmic = true) => {
        const low = Math.max(1, first), high = Math.max(last, low * 1.0001);
        if (!logarithmic) {
            const linear = d3.scaleLinear([0, high], range);
            return Object.assign((step) => linear(step), { ticks: (n) => linear.ticks(n), zero: null, invert: linear.invert });
        }
        const stub = Math.min(28, (range[1] - range[0]) * 0.07);
        const scale = d3.scaleLog([low, high], [range[0] + stub, range[1]]);
        const place = (step) => (step <= 0 ? range[0] : scale(Math.max(step, low)));
        return Object.assign(place, { ticks: (n) => logTicks(scale, n), zero: range[0], gap: range[0] + stub * 0.55, invert: scale.invert });
    };

    /* Ticks of a logarithmic scale that have room for letters: powers of ten, with 2 and 5 when there are few. */
    function logTicks(scale, most) {
        scale.plain = true;
        const [low, high] = scale.domain();
        const powers = [];
        for (let p = Math.ceil(Math.log10(low) - 1e-9); 10 ** p <= high * 1.0001; p++) powers.push(10 ** p);
        let ticks = powers;
        if (powers.length <= most / 3) ticks = d3.merge(d3.range(Math.floor(Math.log10(low)), Math.ceil(Math.log10(high)) + 1).map((p) => [1, 2, 5].map((m) => m * 10 ** p)));
        else {
            scale.plain = false;
        }
        if (powers.length > most) {
            const every = Math.ceil(powers.length / most);
            ticks = powers.filter((_, i) => (powers.length - 1 - i) % every === 0);
        }
        return ticks.filter((t) => t >= low * 0.9999 && t <= high * 1.0001);
    }

    /* A value axis: linear, or logarithmic where the values are positive and span decades. */
    chart.values = (extent, range, logarithmic) => {
        let [low, high] = extent;
        if (!(high > low)) [low, high] = logarithmic ? [low / 2, low * 2 || 1] : [low - 0.5, low + 0.5];
        if (logarithmic) {
            const scale = d3.scaleLog([low, high], range);
            const format = (value) => (scale.plain ? page.number(value) : power(value));
            return Object.assign((value) => scale(Math.max(value, low)), { ticks: (n) => logTicks(scale, n), format, invert: scale.invert });
        }
        const scale = d3.scaleLinear([low, high], range).nice();
        return Object.assign((value) => scale(value), { ticks: (n) => scale.ticks(n), format: page.number, invert: scale.invert });
    };

    const DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
    function power(value) {
        const p = Math.log10(value);
        if (Math.abs(p - Math.round(p)) > 1e-6) return page.number(value);
        const exponent = Math.round(p);
        if (exponent >= 0 && exponent <= 3) return page.number(10 ** exponent);
        return "10" + (exponent < 0 ? "⁻" : "") + String(Math.abs(exponent)).split("").map((digit) => DIGITS[+digit]).join("");
    }
    chart.power = power;

    /* Letters of a step tick: 1,000 as 1k. */
    chart.stepText = (step) => (step >= 1e6 ? d3.format(".3~s")(step) : step >= 1000 ? d3.format(".3~r")(step / 1000) + "k" : String(step));

    /* box = {left, top, width, height} of the plotting area. */
    /* The axis of steps; without `letters` ticks alone, where a panel below has the same axis. */
    chart.stepAxis = (svg, box, x, label = "optimizer steps", letters = true) => {
        const g = svg.append("g").attr("class", "axis").attr("transform", `translate(0,${box.top + box.height})`);
        g.append("line").attr("x1", box.left).attr("x2", box.left + box.width);
        const ticks = x.ticks(Math.max(3, Math.floor(box.width / 70))).map((t) => [x(t), chart.stepText(t)]);
        if (x.zero !== null) {
            ticks.unshift([x.zero, "0"]);
            g.append("path").attr("class", "gap").attr("d", `M${x.gap - 3},4l3,-8m2,8l3,-8`);
        }
        let last = -Infinity;
        for (const [at, text] of ticks) {
            g.append("line").attr("x1", at).attr("x2", at).attr("y2", 5);
            const room = text.length * 3.6 + 5;
            if (!letters || at - room < last) continue;
            last = at + room;
            g.append("text").attr("x", at).attr("y", 18).attr("text-anchor", "middle").text(text);
        }
        if (label) g.append("text").attr("class", "label").attr("x", box.left + box.width / 2).attr("y", 36).attr("text-anchor", "middle").text(label);
    };

    chart.valueAxis = (svg, box, y, label, options = {}) => {
        const g = svg.append("g").attr("class", "axis");
        const ticks = y.ticks(options.count || Math.max(3, Math.floor(box.height / 42)));
        for (const tick of ticks) {
            const at = y(tick);
            g.append("line").attr("class", "grid").attr("x1", box.left).attr("x2", box.left + box.width).attr("y1", at).attr("y2", at);
            g.append("text").attr("x", box.left - 8).attr("y", at).attr("dy", "0.32em").attr("text-anchor", "end").text((options.format || y.format)(tick));
        }
        g.append("line").attr("x1", box.left).attr("x2", box.left).attr("y1", box.top).attr("y2", box.top + box.height);
        if (label) g.append("text").attr("class", "label").attr("x", box.left - (options.offset || 44)).attr("y", box.top - 15).text(label);
        return g;
    };

    /* A horizontal axis of values. */
    chart.bottomAxis = (svg, box, x, label, count) => {
        const g = svg.append("g").attr("class", "axis").attr("transform", `translate(0,${box.top + box.height})`);
        g.append("line").attr("x1", box.left).attr("x2", box.left + box.width);
        let last = -Infinity;
        for (const tick of x.ticks(count || Math.max(3, Math.floor(box.width / 80)))) {
            const at = x(tick), text = x.format(tick), room = text.length * 3.6 + 5;
            g.append("line").attr("class", "grid").attr("x1", at).attr("x2", at).attr("y1", -box.height).attr("y2", 0);
            g.append("line").attr("x1", at).attr("x2", at).attr("y2", 5);
            if (at - room < last) continue;
            last = at + room;
            g.append("text").attr("x", at).attr("y", 18).attr("text-anchor", "middle").text(text);
        }
        if (label) g.append("text").attr("class", "label").attr("x", box.left + box.width / 2).attr("y", 36).attr("text-anchor", "middle").text(label);
    };

    /* Stripes for what is not reached or not finished. */
    chart.stripes = (svg, id, color) => {
        const pattern = svg.append("defs").append("pattern").attr("id", id).attr("width", 6).attr("height", 6)
            .attr("patternUnits", "userSpaceOnUse").attr("patternTransform", "rotate(45)");
        pattern.append("rect").attr("width", 6).attr("height", 6).attr("fill", "var(--surface)");
        pattern.append("line").attr("y2", 6).attr("stroke", color).attr("stroke-width", 3);
        return `url(#${id})`;
    };

    chart.symbol = (type, size) => d3.symbol().type(type).size(size)();
    chart.mark = (parent, symbol, x, y, size, color, filled = true) =>
        parent.append("path").attr("transform", `translate(${x},${y})`).attr("d", chart.symbol(symbol, size))
            .attr("fill", filled ? color : "var(--surface)").attr("stroke", filled ? "var(--surface)" : color).attr("stroke-width", filled ? 0.75 : 1.5);

    /* Labels cut to a number of letters: the end goes, or the middle, or nothing, so that no two look alike. */
    chart.cutter = (texts, most) => {
        const all = [...new Set(texts)], room = Math.max(2, most - 1), head = Math.floor(room / 2);
        const ways = [(text) => text.slice(0, room) + "…", (text) => text.slice(0, head) + "…" + text.slice(head - room), (text) => text];
        const of = (way) => new Map(all.map((text) => [text, text.length > most ? way(text) : text]));
        const cut = ways.map(of).find((found) => new Set(found.values()).size === all.length);
        return (text) => cut.get(text);
    };

    /* Letters on a colour: dark or light, whichever reads better. */
    chart.inkOn = (color) => {
        const { r, g, b } = d3.rgb(color);
        const linear = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
        const luminance = 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
        return luminance > 0.179 ? "#0b0e12" : "#ffffff";
    };
})();
