// Text that models wrote becomes text nodes: nothing here parses HTML.
window.pilotbenchText = (function () {
  "use strict";
  const CUT = 20000, STEP = 100000, MARKS = 200;
  const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

  function el(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes || {})) if (value != null && value !== false) made.setAttribute(key, value === true ? "" : value);
    made.append(...children.flat().filter((child) => child != null && child !== false));
    return made;
  }
  // Characters that cannot be seen, or that turn the direction of writing, are shown as marks: the
  // first ones of a text as elements, since a browser takes a minute to lay out thousands of them.
  function visible(text) {
    const parts = []; let at = 0, marks = 0, run = "";
    for (const found of text.matchAll(HIDDEN)) {
      const code = found[0].charCodeAt(0), sign = code < 32 ? String.fromCharCode(0x2400 + code) : "⟨U+" + code.toString(16).toUpperCase().padStart(4, "0") + "⟩";
      run += text.slice(at, found.index);
      at = found.index + 1;
      marks += 1;
      if (marks > MARKS) { run += sign; continue; }
      parts.push(run, el("mark", { title: "control character" }, sign));
      run = "";
    }
    parts.push(run + text.slice(at));
    return parts;
  }
  // In lower case, of the same length: U+0130 is the one letter that would become two.
  const lowered = (text) => text.replaceAll("\u0130", "i").toLowerCase();
  function plain(value) { return typeof value === "string" ? value : JSON.stringify(value, null, 2); }
  // A text is shown piece by piece: a line of megabytes would keep the tab busy for minutes.
  function block(value, kind) {
    const text = plain(value), made = el("pre", { class: kind, dir: "auto", tabindex: "0" });
    let at = 0;
    const show = (size) => {
      made.append(...visible(text.slice(at, at + size)));
      at += size;
      if (at >= text.length) return;
      const left = (text.length - at).toLocaleString("en"), more = el("button", { type: "button" }, "… cut: show more of " + left + " characters");
      const line = document.createTextNode("\n");
      more.addEventListener("click", () => { line.remove(); more.remove(); show(STEP); });
      made.append(line, more);
    };
    show(CUT);
    return made;
  }
  function facts(pairs) {
    return el("dl", { class: "facts" }, pairs.filter(([, value]) => value != null && value !== "").map(([name, value]) => el("div", {}, el("dt", {}, visible(name)), el("dd", {}, visible(String(value).slice(0, 300))))));
  }
  function copier(text, word) {
    const made = el("button", { type: "button", title: text }, word);
    made.addEventListener("click", () => navigator.clipboard.writeText(text).then(() => { made.textContent = "Copied"; setTimeout(() => { made.textContent = word; }, 2000); }, () => { made.replaceWith(el("code", {}, text)); }));
    return made;
  }
  return { el, visible, lowered, plain, block, facts, copier };
})();
