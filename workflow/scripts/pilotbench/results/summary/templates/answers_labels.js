// Labels of a person: replies in random order, one at a time, without the model and the verdict.
window.pilotbenchLabels = (function () {
  "use strict";
  const { el, visible, plain, block } = window.pilotbenchText;
  const { head, repliesOf } = window.pilotbenchAnswers;
  const { SIGNS } = window.pilotbenchPanel;
  const STORE = "pilotbench-labels " + location.pathname;
  const CHOICES = [["right", "✓ right", "1"], ["wrong", "✗ wrong", "2"], ["unsure", "? unsure", "3"]];
  const COLUMNS = ["question", "model", "prompt", "repeat", "rater", "label", "note", "reply_sha256"];

  // ---- what is kept in this browser: labels by rater and reply ----
  const read = () => { try { return JSON.parse(localStorage.getItem(STORE)) || {}; } catch { return {}; } };
  let kept = read();
  function keep() { try { localStorage.setItem(STORE, JSON.stringify(kept)); return ""; } catch (error) { return "Labels cannot be kept in this browser (" + error.message + "): save them before you leave."; } }
  const keyOf = (item) => item.key ||= JSON.stringify([item.row.id == null ? String(item.row.index) : item.row.id, item.column.model, item.column.prompt, item.repeat]);
  const mine = (rater) => kept[rater] ||= {};
  async function sha256(text) {
    const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  // ---- the file ----
  // A spreadsheet would run a cell that begins so as a formula.
  const safe = (text) => /^[=+\-@\t\r]/.test(text) ? "'" + text : text;
  const cell = (value) => { const text = String(value); return /[",\n\r]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text; };
  function csv() {
    const lines = Object.entries(kept).flatMap(([rater, labels]) => Object.entries(labels).filter(([, { label }]) => label !== "unsure").map(([key, { label, note, sha256: hash }]) => {
      const [question, model, prompt, repeat] = JSON.parse(key);
      return [question, model, prompt, repeat, rater, label, safe(note || ""), hash];
    }));
    return [COLUMNS, ...lines].map((line) => line.map(cell).join(",") + "\n").join("");
  }
  function save() {
    const link = el("a", { href: URL.createObjectURL(new Blob([csv()], { type: "text/csv" })), download: "labels.csv" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  // ---- the order: random by seed, the same whenever the seed is ----
  function random(text) {
    let hash = 2166136261;
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 16777619);
    for (const shift of [16, 13, 16]) { hash ^= hash >>> shift; hash = Math.imul(hash, 2246822507); }
    return hash >>> 0;
  }
  function queued(rows, columns, seed) {
    const items = rows.flatMap((row) => columns.flatMap((column) => (row.cells[column.at] || []).flatMap(({ mark }, repeat) => /^[01]/.test(mark) ? [{ row, column, repeat, mark }] : [])));
    return items.map((item) => [random(seed + " " + keyOf(item)), item]).sort(([a, one], [b, other]) => a - b || one.row.number - other.row.number).map(([, item]) => item);
  }

  // ---- the view ----
  let view = null, session = null;
  function counts(rater) {
    const labels = Object.values(kept[rater] || {}), unsure = labels.filter(({ label }) => label === "unsure").length;
    return [labels.length - unsure, unsure];
  }
  function start(rows, columns, close) {
    const rater = el("input", { id: "rater", required: true, maxlength: 60, value: Object.keys(kept).at(-1) || "" }), seed = el("input", { id: "seed", type: "number", value: "1" });
    const which = el("select", { id: "which" }, el("option", { value: "" }, "all, without their names"), columns.map((column) => el("option", { value: column.key }, ...visible(column.model + " · " + column.prompt))));
    const form = el("form", {},
      el("p", {}, "Replies to the " + rows.length.toLocaleString("en") + " questions of the table, filters included, come one at a time in random order. Model and verdict are hidden until you have given your label."),
      el("p", {}, el("label", {}, "Your name ", rater)), el("p", {}, el("label", {}, "Replies of ", which)), el("p", {}, el("label", {}, "Order by seed ", seed)),
      el("p", {}, el("button", { type: "submit" }, "Start"), " ", saver(), " ", button("Close", close)),
      el("p", { class: "quiet" }, "Labels stay in this browser. Save them as labels.csv" + (head.folder ? " in " + head.folder : " in the folder of the pack") + "; the next run compares them with the scorer and the judges."));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const chosen = columns.filter((column) => !which.value || column.key === which.value);
      session = { rater: rater.value.trim() || "person", items: queued(rows, chosen, seed.value), at: 0, close, last: null };
      session.at = nextOpen(0);
      show();
    });
    view.replaceChildren(el("h2", {}, "Label replies"), form);
    rater.focus();
  }
  const button = (text, use, attributes) => { const made = el("button", { type: "button", ...attributes }, text); made.addEventListener("click", use); return made; };
  const saver = () => button("Save labels.csv", save, { id: "save", disabled: !Object.values(kept).some((labels) => Object.keys(labels).length) });
  function nextOpen(from) {
    const done = mine(session.rater), left = session.items.findIndex((item, at) => at >= from && !done[keyOf(item)]);
    return left < 0 ? session.items.length : left;
  }
  function last() {
    if (!session.last) return null;
    const { item, label } = session.last, [, , words] = SIGNS[item.mark], agrees = item.mark[0] === (label === "right" ? "1" : "0");
    return el("p", { class: "last", role: "status" }, ...visible(item.row.name), ", ", el("b", {}, ...visible(item.column.model)), ": you said " + label + ", the scorer ", el("span", { class: label === "unsure" ? "" : agrees ? "good" : "bad" }, words), ". ", button("Back to it (←)", back, { class: "plain" }));
  }
  async function show() {
    const item = session.items[session.at], [done, unsure] = counts(session.rater), total = session.items.length;
    const open = session.items.filter((one) => !mine(session.rater)[keyOf(one)]).length;
    const top = el("p", { class: "row" }, el("b", {}, "Label replies"), el("span", { id: "progress" }, (total - open).toLocaleString("en") + " of " + total.toLocaleString("en") + " labelled" + (unsure ? ", " + unsure.toLocaleString("en") + " unsure (not in the file)" : "")), el("progress", { max: Math.max(1, total), value: total - open, "aria-label": "labelled" }), saver(), button("Close", session.close));
    if (!item) { view.replaceChildren(top, last() || "", el("p", {}, total ? "Every reply has a label; " + done.toLocaleString("en") + " are in the file." : "There is no reply to label.")); return; }
    const { question, target, cells } = await repliesOf(item.row), reply = (cells[item.column.at] || [])[item.repeat] || {};
    if (session.items[session.at] !== item) return;
    const known = mine(session.rater)[keyOf(item)] || {};
    const note = el("input", { id: "note", maxlength: 500, value: known.note || "", placeholder: "note, optional (n)", "aria-label": "note" });
    const text = reply.reply || "";
    session.now = { item, note, hash: reply.sha256 ? Promise.resolve(reply.sha256) : sha256(text) };
    view.replaceChildren(top, last() || "",
      question ? block(question, "question") : el("p", {}, ...visible(item.row.name)),
      target == null ? "" : el("p", { class: "target" }, "Target ", el("b", { dir: "auto" }, ...visible(plain(target).slice(0, 2000)))),
      el("h3", {}, "Reply"), text ? block(text) : el("p", { class: "quiet" }, "Empty."),
      reply.length ? el("p", { class: "mid" }, "The first part of " + reply.length.toLocaleString("en") + " characters; the rest is in the transcript, with the verdict.") : "",
      el("p", { class: "row choices-row" }, CHOICES.map(([label, words, key]) => button(words + " (" + key + ")", () => give(label), { "data-label": label, "aria-keyshortcuts": key, "aria-pressed": String(known.label === label) })), note, button("Skip (→)", () => go(session.at + 1))));
    view.scrollTop = 0;
    view.focus({ preventScroll: true });
    view.dataset.item = keyOf(item);
    const next = session.items[nextOpen(session.at + 1)];
    if (next) repliesOf(next.row).catch(() => {}); // it is there when it is asked for
  }
  async function give(label) {
    const { item, note, hash } = session.now;
    mine(session.rater)[keyOf(item)] = { label, note: note.value.trim(), sha256: await hash };
    session.last = { item, label };
    const trouble = keep();
    session.at = nextOpen(session.at + 1);
    if (session.at === session.items.length) session.at = nextOpen(0);
    await show();
    if (trouble) view.prepend(el("p", { class: "bad", role: "alert" }, trouble));
  }
  function go(at) { if (at >= 0 && at < session.items.length) { session.at = at; show(); } }
  function back() { const at = session.last ? session.items.indexOf(session.last.item) : session.at - 1; go(at === session.at ? at - 1 : at); }

  function open(rows, columns, close) {
    kept = read();
    if (!view) {
      view = el("section", { class: "labels", "aria-label": "Label replies", tabindex: "-1" });
      document.getElementById("main").append(view);
      view.addEventListener("keydown", (event) => {
        const field = event.target.closest("input, select");
        if (event.key === "Escape") { event.stopPropagation(); if (field && session) view.focus(); else close(); return; }
        if (event.ctrlKey || event.metaKey || event.altKey || !session || !session.items[session.at]) return;
        if (field) { if (event.key === "Enter" && field.id === "note") { event.preventDefault(); view.focus(); } return; }
        const choice = CHOICES.find(([, , key]) => key === event.key);
        const use = choice ? () => give(choice[0]) : { n: () => session.now.note.focus(), ArrowLeft: back, ArrowRight: () => go(session.at + 1) }[event.key];
        event.stopPropagation();
        if (use) { event.preventDefault(); use(); }
      });
    }
    view.hidden = false;
    session = null;
    start(rows, columns, close);
  }
  function leave() { if (view) { view.hidden = true; session = null; } }
  return { open, leave, csv };
})();
