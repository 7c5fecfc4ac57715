// The table: which rows are shown and in which order, drawn as far as they are in view.
(function () {
  "use strict";
  const HEIGHT = 36, AROUND = 10, MANY = 200;
  const { el, visible, lowered } = window.pilotbenchText;
  const { head, columns, FINISHED, isRight, disagreement, eachFile, eachText } = window.pilotbenchAnswers;
  const { fill, SIGNS } = window.pilotbenchPanel;
  const labels = window.pilotbenchLabels;
  const main = document.getElementById("main");
  const noun = head.shards ? "instance" : "question", said = head.shards ? "transcripts" : "replies";
  const several = new Set(columns.map((column) => column.prompt)).size > 1;
  const SHOW = {
    all: ["all " + noun + "s", () => true],
    split: ["disagreements", (row, shown) => disagreement(row, shown) > 0],
    wrong: ["any reply wrong", (row, shown) => shown.some((column) => has(row, column, "wrong"))],
    nobody: ["nobody right", (row, shown) => row.finished && !shown.some((column) => has(row, column, "right"))],
    everybody: ["everybody right", (row, shown) => row.finished && !shown.some((column) => has(row, column, "wrong") || has(row, column, "refused"))],
    form: ["right, not in form", (row, shown) => shown.some((column) => has(row, column, "form"))],
    refused: ["any refused", (row, shown) => shown.some((column) => has(row, column, "refused"))],
    owed: ["any owed", (row, shown) => shown.some((column) => has(row, column, "owed"))],
  };
  const STATUS = {
    right: (mark) => mark[0] === "1", wrong: (mark) => mark[0] === "0", form: (mark) => mark.endsWith("~"),
    refused: (mark) => mark === "r", owed: (mark) => mark === "o",
  };
  const has = (row, column, status) => (row.cells[column.at] || []).some(({ mark }) => STATUS[status](mark));

  // ---- state: all of it is in the address, so that a link and the back button restore it ----
  const roomy = innerWidth >= 900;
  const plainState = () => ({ q: "", deep: false, show: "all", at: {}, is: {}, sort: "disagreement", down: true, hide: [], also: [], read: roomy, open: null, label: false });
  let state = plainState();
  function written() {
    const words = new URLSearchParams(), usual = plainState();
    if (state.q) words.set("q", state.q);
    if (state.deep) words.set("replies", "1");
    if (state.show !== usual.show) words.set("show", state.show);
    for (const [key, status] of Object.entries(state.at)) words.set("at." + key, status);
    for (const [name, values] of Object.entries(state.is)) for (const value of values) words.append("is." + name, value);
    if (state.sort !== usual.sort || !state.down) words.set("sort", (state.down ? "-" : "") + state.sort);
    for (const key of state.hide) words.append("hide", key);
    for (const name of state.also) words.append("with", name);
    if (state.read !== usual.read) words.set("read", state.read ? "1" : "0");
    if (state.open != null) words.set("open", state.open);
    if (state.label) words.set("label", "1");
    return String(words);
  }
  function readState() {
    state = plainState();
    for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
      if (name === "q") state.q = value;
      else if (name === "replies") state.deep = value === "1";
      else if (name === "show" && SHOW[value]) state.show = value;
      else if (name.startsWith("at.") && STATUS[value]) state.at[name.slice(3)] = value;
      else if (name.startsWith("is.")) (state.is[name.slice(3)] ||= []).push(value);
      else if (name === "sort") { state.down = value.startsWith("-"); state.sort = value.replace(/^-/, ""); }
      else if (name === "hide") state.hide.push(value);
      else if (name === "with") state.also.push(value);
      else if (name === "read") state.read = value === "1";
      else if (name === "open") state.open = value;
      else if (name === "label") state.label = value === "1";
    }
  }
  // Applies a change; what is typed replaces the address, what is chosen adds one to go back to.
  function change(part, typed) {
    Object.assign(state, part);
    const words = written(), url = words ? "#" + words : location.pathname + location.search;
    if (words !== location.hash.slice(1)) history[typed ? "replaceState" : "pushState"](null, "", url);
    apply();
  }

  // ---- which rows, in which order ----
  const rows = []; // all that have been read
  let shown = columns, list = [], hits = null, loaded = false;
  function haystack(row) {
    row.text ||= lowered([row.name, row.question, row.target, ...Object.values(row.meta), ...row.cells.flatMap((cell) => (cell || []).map((entry) => entry.read))].join("\n"));
    return row.text;
  }
  const wordsOf = (text) => lowered(text).split(/\s+/).filter(Boolean);
  function keeps(row, words) {
    return SHOW[state.show][1](row, shown)
      && Object.entries(state.at).every(([key, status]) => { const column = shown.find((one) => one.key === key); return !column || has(row, column, status); })
      && Object.entries(state.is).every(([name, values]) => values.includes(row.meta[name] ?? ""))
      && (words.every((word) => haystack(row).includes(word)) || Boolean(hits && hits.has(row.number)));
  }
  function valueOf(row) {
    if (state.sort === "disagreement") return disagreement(row, shown);
    if (state.sort === "order") return row.number;
    if (["id", "question", "target"].includes(state.sort)) return state.sort === "id" ? row.name : row[state.sort];
    const column = columns.find((one) => one.key === state.sort);
    if (!column) return row.meta[state.sort] ?? "";
    const cell = (row.cells[column.at] || []).filter(({ mark }) => FINISHED.has(mark));
    return cell.length ? cell.filter(({ mark }) => isRight(mark)).length / cell.length : -1;
  }
  const inOrder = new Intl.Collator(undefined, { numeric: true });
  function ordered(found) {
    const way = state.down ? -1 : 1, valued = found.map((row) => [valueOf(row), row]);
    valued.sort(([a, one], [b, other]) => way * (typeof a === "number" ? a - b : inOrder.compare(a, b)) || one.number - other.number);
    return valued.map(([, row]) => row);
  }
  function apply() {
    shown = columns.filter((column) => !state.hide.includes(column.key));
    for (const row of rows) row.finished = shown.some(({ at }) => (row.cells[at] || []).some(({ mark }) => FINISHED.has(mark)));
    const words = wordsOf(state.q);
    list = ordered(rows.filter((row) => keeps(row, words)));
    const seen = new Set(rows.flatMap((row) => row.cells.flatMap((cell) => (cell || []).map(({ mark }) => mark))));
    for (const words of legend) words.hidden = !seen.has(words.dataset.mark);
    controls(); heading(); drawn = ""; draw(); panelOf();
    searchReplies();
    labelling();
  }
  // People label the rows of the table as it was when they began.
  let labelled = false;
  function labelling() {
    if (state.label === labelled || !loaded) return;
    labelled = state.label;
    document.body.classList.toggle("labelling", labelled);
    if (labelled) labels.open(list.slice(), shown, () => change({ label: false })); else { labels.leave(); table.focus({ preventScroll: true }); }
  }

  // ---- search in replies: file by file, what is found is shown at once ----
  let searched = "", told = "";
  function searchReplies() {
    const wanted = state.deep && loaded ? wordsOf(state.q).join(" ") : "";
    if (wanted === searched) return;
    searched = wanted; hits = null; told = "";
    if (!wanted) { recount(); return; }
    const words = wanted.split(" "), byNumber = new Map(rows.map((row) => [row.number, row])), found = new Set();
    setTimeout(() => eachText(rows, (several, part) => {
      if (searched !== wanted) return false;
      several.forEach(([number, texts]) => {
        const row = byNumber.get(number);
        if (row && words.every((word) => haystack(row).includes(word) || texts.some((text) => text.includes(word)))) found.add(row.number);
      });
      told = part < 1 ? "searched " + Math.round(100 * part) + " % of the " + said : "";
      hits = new Set(found);
      list = ordered(rows.filter((row) => keeps(row, words)));
      heading(); drawn = ""; draw(); recount();
    }).catch((error) => { told = error.message; recount(); }), 200);
  }

  // ---- controls ----
  const button = (text, label, use) => { const made = el("button", { type: "button", "aria-label": label, title: label }, text); made.addEventListener("click", use); return made; };
  const option = (value, text, chosen) => el("option", { value, selected: value === chosen }, ...visible(text));
  const chosen = (menu, use) => { menu.addEventListener("change", () => use(menu.value)); return menu; };
  const search = el("input", { type: "search", id: "find", placeholder: head.shards ? "instance, answer, error" : "id, question, target, answer", autocomplete: "off", "aria-keyshortcuts": "/" });
  const deep = el("input", { type: "checkbox", id: "replies" });
  const show = chosen(el("select", { id: "show" }, Object.entries(SHOW).map(([value, [text]]) => option(value, text))), (value) => change({ show: value }));
  const sort = chosen(el("select", { id: "sort" }), (value) => change({ sort: value, down: value === "disagreement" }));
  const column = el("select", { id: "column", "aria-label": "column of the questions" }), value = el("select", { id: "value", "aria-label": "value of the column" });
  const chips = el("span", { class: "chips" }), reset = el("button", { type: "button", id: "reset" }, "Reset"), counted = el("span", { id: "count", "aria-live": "polite" });
  const menu = el("div", { class: "menu" }), choices = el("details", { class: "choices" }, el("summary", {}, "Columns"), menu);
  const tools = el("details", { class: "tools", open: innerWidth > 700 }, el("summary", {}, "Filters"), el("div", { class: "row" },
    el("label", {}, "Show ", show), head.metadata.length > 0 && el("span", { class: "pair" }, el("label", {}, "Where ", column), value),
    el("label", {}, "Sort ", sort), choices, !head.shards && button("Label replies", "label replies as right or wrong", () => change({ label: true, open: null })), reset));
  const bar = el("div", { class: "bar" }, el("div", { class: "row" }, el("label", { class: "find" }, "Find ", search), el("label", {}, deep, " in " + said)), tools, chips, counted);
  search.addEventListener("input", () => change({ q: search.value }, true));
  deep.addEventListener("change", () => change({ deep: deep.checked }));
  reset.addEventListener("click", () => { const { open } = state; state = plainState(); change({ open }); });
  column.addEventListener("change", values);
  value.addEventListener("change", () => {
    if (value.selectedIndex < 1) return;
    const word = value.value, name = column.value, known = state.is[name] || [];
    if (!known.includes(word)) change({ is: { ...state.is, [name]: [...known, word] } });
  });
  function values() {
    const counts = new Map();
    for (const row of rows) { const word = row.meta[column.value] ?? ""; counts.set(word, (counts.get(word) || 0) + 1); }
    const words = [...counts.keys()].sort(inOrder.compare);
    value.replaceChildren(option("", words.length > MANY ? "= first " + MANY + " values" : "= value"), ...words.slice(0, MANY).map((word) => option(word, (word || "(empty)") + " (" + counts.get(word).toLocaleString("en") + ")")));
    value.selectedIndex = 0;
  }
  const labelOf = (one) => one.model + (several ? " · " + one.prompt : "");
  function checkbox(text, on, use) {
    const box = el("input", { type: "checkbox" });
    box.checked = on;
    box.addEventListener("change", () => use(box.checked));
    return el("label", {}, box, " ", ...visible(text));
  }
  const toggled = (words, word, on) => on ? [...words.filter((one) => one !== word), word] : words.filter((one) => one !== word);
  function controls() {
    if (document.activeElement !== search) search.value = state.q;
    deep.checked = state.deep; show.value = state.show;
    const keys = [["disagreement", "disagreement"], ["order", "order in the file"], ["id", head.shards ? "instance" : "id"], ...(head.shards ? [] : [["question", "question"], ["target", "target"]]), ...head.metadata.map((name) => [name, name]), ...columns.map((one) => [one.key, labelOf(one)])];
    if (sort.length !== keys.length) sort.replaceChildren(...keys.map(([key, text]) => option(key, text)));
    sort.value = state.sort;
    if (column.length !== head.metadata.length) { column.replaceChildren(...head.metadata.map((name) => option(name, name))); }
    values();
    chips.replaceChildren(...Object.entries(state.is).flatMap(([name, words]) => words.map((word) => {
      const made = el("button", { type: "button", class: "chip", "aria-label": "remove the filter " + name }, ...visible(name + " = " + (word || "(empty)")), " ×");
      made.addEventListener("click", () => { const is = { ...state.is, [name]: toggled(words, word, false) }; if (!is[name].length) delete is[name]; change({ is }); });
      return made;
    })));
    chips.hidden = !chips.childElementCount;
    const open = document.activeElement && menu.contains(document.activeElement) ? [...menu.querySelectorAll("input")].indexOf(document.activeElement) : -1;
    menu.replaceChildren(
      el("fieldset", {}, el("legend", {}, "Models"), columns.map((one) => checkbox(labelOf(one), !state.hide.includes(one.key), (on) => change({ hide: toggled(state.hide, one.key, !on) }))), checkbox("extracted answers", state.read, (on) => change({ read: on }))),
      ...(head.metadata.length ? [el("fieldset", {}, el("legend", {}, "Of the questions"), head.metadata.map((name) => checkbox(name, state.also.includes(name), (on) => change({ also: toggled(state.also, name, on) }))))] : []));
    if (open >= 0) menu.querySelectorAll("input")[open].focus();
    reset.hidden = !written().replace(/(^|&)(open|label)=[^&]*/g, "");
    recount();
  }
  function recount() {
    const all = head.rows.toLocaleString("en"), part = list.length.toLocaleString("en");
    const words = !loaded ? "reading, " + rows.length.toLocaleString("en") + " of " + all : told;
    counted.textContent = [list.length === head.rows ? "" : part + " of " + all, words].filter(Boolean).join(", ");
  }

  // ---- the table ----
  // Rows have one height and stand at fixed places of the body, so that drawing one moves no other.
  const table = el("table", { role: "grid", tabindex: "0", "aria-label": "Replies by " + noun + " and model", "aria-rowcount": head.rows + 1 });
  const scroll = el("div", { class: "scroll" }, table), top = el("thead", { role: "rowgroup" }), body = el("tbody", { role: "rowgroup" });
  const none = el("p", { class: "none", hidden: true }, "Nothing fits the filters.");
  table.append(top, body);
  scroll.append(none);
  const sortable = (key, text) => {
    const made = el("button", { type: "button" }, ...visible(text));
    made.addEventListener("click", () => change(state.sort === key ? { down: !state.down } : { sort: key, down: columns.some((one) => one.key === key) }));
    return made;
  };
  const headCell = (key, kind, ...children) => el("th", { class: kind, scope: "col", role: "columnheader", "aria-sort": state.sort !== key ? "none" : state.down ? "descending" : "ascending" }, ...children);
  function standing(one) {
    let right = 0, all = 0, owed = 0;
    for (const row of list) for (const { mark } of row.cells[one.at] || []) { if (FINISHED.has(mark)) { all += 1; right += isRight(mark); } else if (mark === "o") owed += 1; }
    return right.toLocaleString("en") + " / " + all.toLocaleString("en") + (owed ? ", " + owed.toLocaleString("en") + " owed" : "");
  }
  function heading() {
    const split = state.open != null && innerWidth > 1100, withTarget = !split && innerWidth > 700 && rows.some((row) => row.target !== "");
    reads = state.read && !split;
    const kinds = ["id", ...(head.shards ? [] : ["question"]), ...(withTarget ? ["target"] : []), ...state.also.map(() => "meta"), ...shown.map(() => reads ? "reply" : "mark")];
    table.dataset.target = withTarget ? "yes" : "no";
    const narrow = innerWidth <= 700, widths = { id: head.shards ? (narrow ? 112 : 150) : narrow ? 62 : 92, question: narrow ? 130 : split ? 180 : 280, target: 112, meta: 104, reply: 118, mark: narrow ? 68 : 80 };
    table.style.setProperty("--columns", kinds.map((kind) => kind === (head.shards ? "reply" : "question") ? "minmax(" + widths[kind] + "px, 1fr)" : widths[kind] + "px").join(" "));
    table.style.minWidth = kinds.reduce((sum, kind) => sum + widths[kind], 0) + "px";
    table.setAttribute("aria-colcount", kinds.length);
    top.replaceChildren(el("tr", { role: "row", "aria-rowindex": "1" },
      headCell("id", "id", sortable("id", head.shards ? "instance" : "id")), !head.shards && headCell("question", "question", sortable("question", "question")),
      withTarget && headCell("target", "target", sortable("target", "target")),
      state.also.map((name) => headCell(name, "meta", sortable(name, name))),
      shown.map((one) => headCell(one.key, "reply", sortable(one.key, one.model), several && el("small", {}, one.prompt), el("small", { title: "right / finished, of the rows shown" }, standing(one)), statusMenu(one)))));
  }
  function statusMenu(one) {
    const words = ["right", "wrong", "refused", "owed"];
    const made = el("select", { "aria-label": "replies of " + labelOf(one) }, option("", "all", state.at[one.key] || ""), words.map((word) => option(word, word, state.at[one.key])));
    made.classList.toggle("on", Boolean(state.at[one.key]));
    return chosen(made, (word) => { const at = { ...state.at, [one.key]: word }; if (!word) delete at[one.key]; change({ at }); });
  }
  function replyCell(cell, one) {
    if (!cell) return el("td", { role: "gridcell" });
    const marks = cell.map(({ mark }) => mark), right = marks.filter(isRight).length;
    const [glyph, tone, words] = cell.length === 1 || right === 0 || right === cell.length ? SIGNS[marks[0]] : ["◐", "mid", "mixed"];
    const count = cell.length > 1 ? right + "/" + cell.length : "", part = cell.length === 1 && cell[0].progress != null ? cell[0].progress.toFixed(2) : "";
    return el("td", { role: "gridcell", "aria-label": labelOf(one) + ": " + words + (count ? " " + count : "") + (cell[0].read ? ", " + cell[0].read : "") },
      el("span", { class: "sign " + tone }, glyph[0], glyph[1] && el("sup", {}, glyph[1])), (count || part) && el("small", {}, count || part), reads && el("span", { class: "read" }, ...visible(cell[0].read)));
  }
  function lineOf(row, at) {
    const text = (kind, words) => el("td", { role: "gridcell", class: kind }, ...visible(words));
    const made = el("tr", { id: "row-" + row.number, role: "row", "aria-rowindex": at + 2, "aria-selected": String(current === row) },
      el("th", { scope: "row", role: "rowheader", class: "id" }, ...visible(row.name)), !head.shards && text("question", row.question.replace(/\s+/g, " ")),
      table.dataset.target === "yes" && text("target", row.target), state.also.map((name) => text("meta", row.meta[name] ?? "")),
      shown.map((one) => replyCell(row.cells[one.at], one)));
    made.style.top = at * HEIGHT + "px";
    made.addEventListener("click", () => { if (!String(getSelection())) { current = row; openRow(row); } });
    return made;
  }
  const lines = new Map(); // those that are drawn, by their place in the list
  let drawn = "", current = null, reads = true;
  function draw() {
    const first = Math.max(0, Math.floor(scroll.scrollTop / HEIGHT) - AROUND);
    const last = Math.min(list.length, Math.ceil((scroll.scrollTop + scroll.clientHeight) / HEIGHT) + AROUND);
    if (drawn === first + "-" + last) return;
    if (!drawn) { lines.clear(); body.replaceChildren(); body.style.height = list.length * HEIGHT + "px"; }
    drawn = first + "-" + last;
    for (const [at, line] of lines) if (at < first || at >= last) { line.remove(); lines.delete(at); }
    const before = lines.size ? Math.min(...lines.keys()) : Infinity, made = [[], []];
    for (let at = first; at < last; at += 1) if (!lines.has(at)) { const line = lineOf(list[at], at); lines.set(at, line); made[Number(at > before)].push(line); }
    body.prepend(...made[0]); body.append(...made[1]);
    none.hidden = list.length > 0 || !loaded;
    table.setAttribute("aria-rowcount", list.length + 1);
  }
  let waiting = 0;
  scroll.addEventListener("scroll", () => { waiting ||= requestAnimationFrame(() => { waiting = 0; draw(); }); }, { passive: true });
  addEventListener("resize", () => { heading(); drawn = ""; draw(); });
  function choose(row) {
    const old = document.querySelector("tr[aria-selected=true]");
    if (old) old.setAttribute("aria-selected", "false");
    current = row;
    const at = list.indexOf(row), line = at * HEIGHT, room = scroll.clientHeight - top.offsetHeight;
    if (at < 0) return;
    if (line < scroll.scrollTop) scroll.scrollTop = line; else if (line + HEIGHT > scroll.scrollTop + room) scroll.scrollTop = line + HEIGHT - room;
    draw();
    const made = document.getElementById("row-" + row.number);
    if (made) { made.setAttribute("aria-selected", "true"); table.setAttribute("aria-activedescendant", made.id); }
  }

  // ---- the panel ----
  const panel = el("aside", { class: "panel", hidden: true, "aria-label": "Replies to one " + noun, tabindex: "-1" },
    el("div", { class: "top" }, el("h2"), el("span", { class: "place quiet" }), button("↑", "previous " + noun, () => step(-1)), button("↓", "next " + noun, () => step(1)), button("×", "close", close)), el("div", { class: "body" }));
  const openRow = (row) => change({ open: row.name }, panel.hidden ? false : true);
  function close() { change({ open: null }); table.focus({ preventScroll: true }); }
  function step(way) {
    if (!list.length) return;
    const at = current ? list.indexOf(current) : -1, next = list[Math.min(list.length - 1, Math.max(0, at < 0 ? 0 : at + way))];
    choose(next);
    if (state.open != null) openRow(next);
  }
  function panelOf() {
    const row = state.open == null ? null : rows.find((one) => one.name === state.open);
    panel.hidden = !row;
    document.body.classList.toggle("split", Boolean(row));
    if (!row) { delete panel.dataset.row; return; }
    choose(row);
    const at = list.indexOf(row);
    panel.querySelector(".place").textContent = at < 0 ? "not among the rows shown" : (at + 1).toLocaleString("en") + " of " + list.length.toLocaleString("en");
    if (panel.dataset.row !== String(row.number) || panel.dataset.columns !== state.hide.join()) { panel.dataset.columns = state.hide.join(); panel.scrollTop = 0; fill(panel, row, shown); }
  }

  // ---- keys ----
  addEventListener("keydown", (event) => {
    const field = event.target.closest("input, select, textarea, summary, button, pre");
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && !(field && field.matches("input, select, textarea"))) { event.preventDefault(); search.focus(); search.select(); return; }
    if (event.key === "Escape") {
      if (choices.open) { choices.open = false; choices.querySelector("summary").focus(); }
      else if (event.target === search && search.value) { search.value = ""; change({ q: "" }, true); }
      else if (state.open != null) close();
      else table.focus({ preventScroll: true });
      return;
    }
    if (event.target === search && (event.key === "Enter" || event.key === "ArrowDown")) { event.preventDefault(); table.focus({ preventScroll: true }); if (list.length) choose(list.includes(current) ? current : list[0]); return; }
    if (field) return;
    const page = Math.max(1, Math.floor(scroll.clientHeight / HEIGHT) - 3), way = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: page, PageUp: -page, Home: -list.length, End: list.length }[event.key];
    if (way && (event.target === table || event.target === document.body || panel.hidden === false && event.key.startsWith("Arrow"))) { event.preventDefault(); step(way); }
    if (event.key === "Enter" && event.target === table && current) { event.preventDefault(); openRow(current); }
  });
  document.addEventListener("click", (event) => { if (!event.target.closest(".choices")) choices.open = false; });

  // ---- start ----
  const legend = ["1", "1~", "0", "0~", "r", "n", "o"].map((mark) => [mark, ...SIGNS[mark]]).map(([mark, glyph, tone, words]) => el("span", { "data-mark": mark }, el("b", { class: tone }, glyph), " ", words));
  main.replaceChildren(bar, el("div", { class: "view" }, scroll, panel), el("footer", {}, legend));
  for (const name of ["popstate", "hashchange"]) addEventListener(name, () => { readState(); apply(); });
  readState();
  const started = performance.now();
  if (!head.rows) { loaded = true; apply(); }
  eachFile((part) => {
    for (const row of part) rows.push(row);
    if (rows.length === part.length || rows.length === head.rows) { loaded = rows.length === head.rows; apply(); } else recount();
    document.body.dataset.first ||= String(Math.round(performance.now() - started));
  }).then(() => { document.body.dataset.ready = "yes"; document.body.dataset.all = String(Math.round(performance.now() - started)); },
    (error) => { main.replaceChildren(el("p", { class: "none" }, "The table cannot be shown: " + error.message)); });
})();
