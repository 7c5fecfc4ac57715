// The panel: one question with the replies of every column side by side.
window.pilotbenchPanel = (function () {
  "use strict";
  const { el, visible, plain, block } = window.pilotbenchText;
  const { head, columns, repliesOf } = window.pilotbenchAnswers;
  const SIGNS = {
    "1": ["✓", "good", "right"], "1~": ["✓~", "good", "right, not in the form asked for"],
    "0": ["✗", "bad", "wrong"], "0~": ["✗~", "bad", "wrong: not in the form asked for"],
    r: ["⊘", "mid", "refused"], n: ["–", "quiet", "not applicable"], o: ["○", "mid", "owed: not finished"],
  };
  const quoted = (word) => /^[\w@%+=:,./-]+$/.test(word) ? word : "'" + word.replaceAll("'", "'\"'\"'") + "'";
  // A number would be read as an index.
  const named = (row) => row.id == null ? String(row.index) : /^[0-9]+$/.test(row.id) ? "id=" + row.id : row.id;
  const command = (shown, row, repeat) => shown + " " + quoted(named(row)) + (repeat ? " --repeat " + repeat : "");

  function copier(text, word) {
    const made = el("button", { type: "button", title: text }, word);
    made.addEventListener("click", () => navigator.clipboard.writeText(text).then(() => { made.textContent = "Copied"; }, () => { made.replaceWith(el("code", {}, text)); }));
    return made;
  }
  // What was read, by which rule, and why it was accepted or not.
  function reading(words, tone, reply) {
    const read = reply.read == null || reply.rule === "judge" ? [] : ["read ", el("b", { dir: "auto" }, ...visible(reply.read.slice(0, 400))), reply.rule ? " by the rule " + reply.rule : ""];
    const why = reply.why && reply.why !== words ? visible(reply.why.slice(0, 400)) : [];
    return el("p", { class: "reading" }, el("span", { class: tone }, words), why.length > 0 && [": ", ...why], read.length > 0 && ["; ", ...read]);
  }
  function replyOf(row, column, repeat, mark, reply, shards) {
    const [glyph, tone, words] = SIGNS[mark];
    const title = el("h3", {}, el("span", { class: tone }, glyph + " "), ...visible(column.model), el("small", {}, " " + column.prompt + (head.repeats > 1 ? ", repeat " + repeat : "")));
    if (!reply) return el("article", { "data-tone": tone }, title, el("p", { class: "reading" }, mark === "o" ? "owed: there is no reply yet" : words + "; its file cannot be read"));
    const [href, shown] = shards[reply.shard];
    return el("article", { "data-tone": tone }, title, reading(words, tone, reply),
      (reply.opinions || []).map(([who, says, why]) => el("p", { class: "reading" }, ...visible(who + ": "), el("span", { class: says.startsWith("right") ? "good" : says.startsWith("wrong") ? "bad" : "" }, ...visible(says)), why && [". ", ...visible(why.slice(0, 2000))])),
      reply.reason && el("p", { class: "mid" }, ...visible(reply.reason.slice(0, 400))),
      reply.reply == null ? el("p", { class: "quiet" }, "No answer" + (reply.end ? " (" + reply.end + ")." : ".")) : block(reply.reply),
      reply.length && el("p", { class: "quiet" }, "The first part of " + reply.length.toLocaleString("en") + " characters; the transcript has all of it."),
      reply.thought && el("details", {}, el("summary", {}, "thought"), block(reply.thought)),
      el("p", { class: "links" }, el("a", { href: "../../" + href + "#i" + row.index + "r" + repeat }, "Transcript"), copier(command(shown, row, repeat), "Copy show command")));
  }
  function articles(row, shown, found) {
    return shown.flatMap((column) => (row.cells[column.at] || []).map(({ mark }, repeat) => replyOf(row, column, repeat, mark, (found.cells[column.at] || [])[repeat], found.shards)));
  }
  // Fills `panel` with a row; what came too late for a later row is dropped.
  async function fill(panel, row, shown) {
    panel.dataset.row = row.number;
    const body = el("div", { class: "body" }, el("p", { class: "quiet" }, "Reading the replies …"));
    panel.querySelector(".body").replaceWith(body);
    panel.querySelector("h2").replaceChildren(...visible(row.name));
    let found;
    try { found = await repliesOf(row); } catch (error) { body.replaceChildren(el("p", { class: "bad" }, error.message)); return; }
    if (panel.dataset.row !== String(row.number)) return;
    const facts = Object.entries(row.meta).map(([name, value]) => el("div", {}, el("dt", {}, ...visible(name)), el("dd", { dir: "auto" }, ...visible(value))));
    body.replaceChildren(...[
      found.question && block(found.question, "question"),
      found.target != null && el("p", { class: "target" }, "Target ", el("b", { dir: "auto" }, ...visible(plain(found.target).slice(0, 2000)))),
      facts.length > 0 && el("dl", { class: "facts" }, facts),
      el("div", { class: "replies" }, articles(row, shown, found)),
    ].filter(Boolean));
    panel.dataset.shown = row.number;
  }
  return { fill, SIGNS, columns };
})();
