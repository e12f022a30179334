/* live.js: the page as analysis/serve gives it out. It has no data of its own: it asks its server for them, again and again,
 * and is drawn anew when there are more. */
"use strict";

(() => {
    const EVERY = 2000, SHARE = 4, LONGEST = 10000, HANDS = 10000;
    const show = (id, text) => {
        const place = document.getElementById(id);
        place.textContent = text;
        place.hidden = !text;
    };
    const pause = (milliseconds) => new Promise((next) => setTimeout(next, milliseconds));

    page.live = !document.getElementById("header").textContent.trim();
    if (!page.live) return;

    const address = location.pathname.replace(/\/$/, "") + "/data";
    let tag = null;

    /* [header, arrays] when they are other than those of the last answer, else null. What stands in the way goes into the
     * head of the page. */
    const ask = () => answered().catch(() => trouble("The server does not answer. It may have ended, or the way to it is cut. The page asks again."));

    async function answered() {
        const answer = await fetch(address, { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" });
        if (answer.status === 304) return trouble(unread);
        if (!answer.ok) throw new Error(answer.statusText);
        const bytes = await answer.arrayBuffer(), size = new DataView(bytes).getUint32(0, true), header = bytes.slice(4, 4 + size);
        tag = answer.headers.get("ETag");
        unread = JSON.parse(new TextDecoder().decode(header)).trouble || "";
        trouble(unread);
        return unread ? null : [header, bytes.slice(4 + size)];
    }

    let unread = "";
    function trouble(text) {
        const waiting = document.getElementById("waiting");
        if (waiting && text) waiting.textContent = `Waiting. ${text}`;
        else show("trouble", text && `${text} What is shown is older.`);
        return null;
    }

    /* ---- under the reader's hands nothing is drawn anew: a list may be open, a rectangle half drawn ---- */

    let down = false, touched = -Infinity;
    for (const [kind, is] of [["pointerdown", true], ["pointerup", false], ["pointercancel", false], ["keydown", null], ["input", null]]) {
        addEventListener(kind, () => { down = is ?? down; touched = performance.now(); }, true);
    }
    const busy = () => document.hidden || down || page.isPlaying() || (document.activeElement?.matches("input, select") && performance.now() - touched < HANDS);

    /* ---- the head ---- */

    function head() {
        const { title, description, left_out, source } = page.data;
        document.title = `${title} · symsweep`;
        document.querySelector("h1").textContent = title;
        document.querySelector(".description").textContent = description;
        document.getElementById("left-out").replaceChildren(...left_out.map((line) => page.element("p", { class: "banner left-out" }, line)));
        show("source", source);
        show("live", `, live: as of ${new Date().toLocaleTimeString()}`);
    }

    page.load = async () => {
        for (let data; ; await pause(EVERY)) {
            data = await ask();
            if (!data) continue;
            page.take(data);
            return head();
        }
    };

    /* Asks as long as the page is open; `draw` is called with new data taken. It rests four times as long as a drawing took, ten seconds
     * at most. */
    page.follow = async (draw) => {
        page.updates = 0;
        for (let rest = EVERY; ; await pause(rest)) {
            const data = busy() ? null : await ask();
            if (!data) continue;
            const begun = performance.now();
            page.take(data);
            head();
            await Promise.resolve().then(draw).catch((error) => trouble(unread = `New data could not be drawn: ${error.message}.`));
            page.updates++;
            rest = Math.min(LONGEST, Math.max(EVERY, SHARE * (performance.now() - begun)));
        }
    };
})();
