// The page of transcripts: the address names shard and episode, so that a link leads to either.
(function () {
  "use strict";
  const MOST = 300; // episodes that a search lists
  const { el, visible, copier } = window.pilotbenchText;
  const { read, paths, wordsOf, addressOf, showCommand, sign } = window.pilotbenchShards;
  const { shown, entry, anchor } = window.pilotbenchEpisode;
  const search = window.pilotbenchSearch;
  const body = document.body, main = document.getElementById("main"), header = document.querySelector("header"), title = document.querySelector("h1");
  let shard = null, listed = [], current = null;

  const hrefOf = (path, episode) => "#" + addressOf(path) + (episode ? "/" + anchor(episode) : "");
  function address() {
    const [, path, place] = written().match(/^(.*?)(?:\/(i\d+r\d+))?$/);
    return { path: path || paths[0], place };
  }
  function written() {
    const hash = location.hash.slice(1);
    try { return decodeURIComponent(hash); } catch { return hash; } // a hand-written one may not be encoded
  }

  // ---- the same instances elsewhere ----
  const cells = new Map(); // words of a cell, joined: its shards
  for (const path of paths) {
    const parts = path.split("/"), [first, last] = parts.pop().split("-").map(Number), key = parts.map(decodeURIComponent).join("\n");
    if (!cells.has(key)) cells.set(key, []);
    cells.get(key).push({ path, first, last });
  }
  function elsewhere(at, word) {
    const words = [...shard.words.slice(0, 5)], index = current ? current.index : 0;
    words[at] = word;
    const found = cells.get(words.join("\n")) || [];
    return (found.find(({ first, last }) => first <= index && index <= last) || found[0] || {}).path;
  }
  function others(at) {
    const here = shard.words;
    return [...new Set([...cells.keys()].map((key) => key.split("\n")).filter((words) => words.every((word, i) => i === at || word === here[i])).map((words) => words[at]))];
  }
  const go = (path) => { location.hash = hrefOf(path, current).slice(1); };
  function menus() {
    const pick = (label, at) => {
      const words = others(at);
      if (words.length < 2) return null;
      const menu = el("select", { "aria-label": label }, words.map((word) => el("option", { value: word, selected: word === shard.words[at] }, ...visible(word))));
      menu.addEventListener("change", () => go(elsewhere(at, menu.value)));
      return el("label", {}, label + " ", menu);
    };
    const ranges = cells.get(shard.words.slice(0, 5).join("\n")), range = el("select", { "aria-label": "instances" }, ranges.map((one) => el("option", { value: one.path, selected: one.path === shard.path }, one.first + " to " + one.last)));
    range.addEventListener("change", () => { location.hash = hrefOf(range.value).slice(1); });
    const made = [["model", 0], ["prompt", 1], ["task", 2], ["difficulty", 3], ["tool rate", 4]].map(([label, at]) => pick(label, at)).filter(Boolean);
    return el("div", { class: "elsewhere" }, made.length > 0 && el("span", {}, "Same instances with another"), made, ranges.length > 1 && el("label", {}, "instances ", range));
  }

  // ---- the list: the episodes of the shard, or what a search finds ----
  const find = el("input", { type: "search", id: "find", placeholder: "words in transcripts", "aria-label": "Find words in transcripts", autocomplete: "off", "aria-keyshortcuts": "/" });
  const wide = el("input", { type: "checkbox", id: "everywhere" }), told = el("p", { class: "told quiet", "aria-live": "polite" });
  const lines = el("div", { class: "lines" });
  const keys = el("details", { class: "keys" }, el("summary", {}, "Keys"), el("dl", {}, [["j k ↓ ↑", "next, previous episode"], ["n p", "next, previous that is not a success"], ["[ ]", "the same instance of the previous, next model"], ["/", "find"], ["c", "copy the show command"], ["Esc", "leave the search"]].map(([key, words]) => el("div", {}, el("dt", {}, key), el("dd", {}, words)))));
  const list = el("nav", { class: "list", "aria-label": "Episodes" }, find, paths.length > 1 && el("label", {}, wide, " in all " + paths.length.toLocaleString("en") + " shards"), told, lines, keys);
  const view = el("div", { id: "view" });
  const lineOf = (path, episode, words, note) => {
    const made = entry(episode, hrefOf(path, episode));
    if (note) made.append(el("small", { class: "more" }, ...visible(note)));
    if (words.length) made.append(el("small", { class: "more" }, ...visible(search.snippet(episode, words))));
    return { path, episode, made };
  };
  let asked = 0;
  function fill() {
    const words = search.wordsOf(find.value), number = asked += 1;
    listed = []; lines.replaceChildren(); told.textContent = "";
    const add = (path, found, note) => {
      const made = found.slice(0, Math.max(0, MOST - (words.length ? listed.length : 0))).map((episode) => lineOf(path, episode, words, note));
      listed.push(...made); lines.append(...made.map((one) => one.made));
      marked();
    };
    if (!words.length || !wide.checked) {
      add(shard.path, words.length ? shard.episodes.filter((episode) => search.has(episode, words)) : shard.episodes);
      if (words.length) told.textContent = listed.length.toLocaleString("en") + " of " + shard.episodes.length.toLocaleString("en");
      return;
    }
    let count = 0;
    search.everywhere(shard.path, words, (one, found, part) => {
      if (number !== asked) return false;
      count += found.length;
      add(one.path, found, wordsOf(one.path).slice(0, 5).filter((word) => word !== "none").join(" · "));
      told.textContent = count.toLocaleString("en") + " found" + (count > listed.length ? ", the first " + MOST + " shown" : "") + (part < 1 ? ", searched " + Math.round(100 * part) + " %" : "");
      return listed.length < MOST;
    });
  }
  let waiting;
  find.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => { fill(); search.mark(view, search.wordsOf(find.value)); }, 200); });
  wide.addEventListener("change", fill);
  const isHere = ({ path, episode }) => path === shard.path && current && anchor(episode) === anchor(current);
  function marked() {
    for (const one of listed) {
      if (!isHere(one)) { one.made.removeAttribute("aria-current"); continue; }
      one.made.setAttribute("aria-current", "true");
      const box = one.made.getBoundingClientRect(), room = lines.getBoundingClientRect();
      if (box.top < room.top || box.bottom > room.bottom) lines.scrollTop += box.top - room.top - 60;
    }
  }
  function step(way, wanted = () => true) {
    let at = listed.findIndex(isHere);
    do at += way; while (listed[at] && !wanted(listed[at].episode));
    if (listed[at]) location.hash = hrefOf(listed[at].path, listed[at].episode).slice(1);
  }
  function beside(way) {
    const words = others(0), next = words[words.indexOf(shard.words[0]) + way];
    if (next != null) go(elsewhere(0, next));
  }

  // ---- one episode ----
  const command = () => current ? showCommand(shard, current) : "";
  function show() {
    const { place } = address();
    current = shard.episodes.find((one) => anchor(one) === place) || shard.episodes[0];
    header.querySelector(".elsewhere")?.remove();
    header.append(menus());
    if (!current) { view.replaceChildren(el("p", { class: "quiet" }, "No episode is finished.")); return; }
    view.replaceChildren(el("p", { class: "links" }, copier(command(), "Copy show command"), copier(location.href.split("#")[0] + hrefOf(shard.path, current), "Copy link")), shown(current, shard));
    document.title = [sign(current)[0], ...shard.words.slice(0, 5), current.index].join(" · ");
    scrollTo(0, 0); marked();
    search.mark(view, search.wordsOf(find.value));
  }
  async function open() {
    const { path } = address();
    if (shard && shard.path === path) { show(); return; }
    delete body.dataset.ready;
    try {
      if (!paths.includes(path)) throw new Error("there is no shard " + path + "; it may have been made again with other instances");
      const found = await read("", path);
      if (address().path !== path) return; // another one was asked for meanwhile
      shard = found;
      const [model, ...words] = shard.words;
      title.replaceChildren(...visible(model), " ", el("small", {}, ...visible(words.slice(0, 4).join(" · ")), " · instances " + words[4].replace("-", " to ").replace(/\b0+(?=\d)/g, "")));
      if (!main.contains(list)) main.replaceChildren(list, view);
      show();
      if (!find.value || !wide.checked) fill();
    } catch (error) { main.replaceChildren(el("p", {}, "The transcripts of this page could not be opened: ", ...visible(error.message))); shard = null; }
    body.dataset.ready = "yes";
  }

  // ---- keys ----
  const bad = (episode) => !episode.success;
  const USE = { j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1), n: () => step(1, bad), p: () => step(-1, bad), "[": () => beside(-1), "]": () => beside(1), "/": () => { find.focus(); find.select(); }, c: () => view.querySelector(".links button")?.click() };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !shard) return;
    if (event.key === "Escape" && event.target === find) { find.value = ""; fill(); search.mark(view, []); find.blur(); return; }
    if (event.key === "Enter" && event.target === find && listed.length) { find.blur(); location.hash = hrefOf(listed[0].path, listed[0].episode).slice(1); return; }
    if (event.target.closest("input, select, textarea") || (event.key.startsWith("Arrow") && event.target.closest("pre, summary, button"))) return;
    if (USE[event.key]) { event.preventDefault(); USE[event.key](); }
  });
  addEventListener("hashchange", open);
  open();
})();
