// The panel: one question with the replies of every column side by side.
window.pilotbenchPanel = (function () {
  "use strict";
  const { el, visible, plain, block, copier } = window.pilotbenchText;
  const { head, columns, repliesOf, episodesOf } = window.pilotbenchAnswers;
  const { commandOf, showCommand, nameOf, addressOf } = window.pilotbenchShards;
  const SIGNS = {
    "1": ["✓", "good", "right"], "1~": ["✓~", "good", "right, not in the form asked for"],
    "0": ["✗", "bad", "wrong"], "0~": ["✗~", "bad", "wrong: not in the form asked for"],
    r: ["⊘", "mid", "refused"], n: ["–", "quiet", "not applicable"], o: ["○", "mid", "owed: not finished"],
  };
  if (head.shards) { SIGNS[1][2] = "success"; SIGNS[0][2] = "failure"; }
  const named = (row) => nameOf({ question_id: row.id, index: row.index });

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
      el("p", { class: "links" }, el("a", { href: "../../" + href + "/i" + row.index + "r" + repeat }, "Transcript"), copier(commandOf(shown, named(row), repeat), "Copy show command")));
  }
  // An episode of a benchmark task: how it ended, what it was to reach, and its calls.
  function episodeOf(column, repeat, mark, found, row) {
    const [glyph, tone, words] = SIGNS[mark];
    const title = el("h3", {}, el("span", { class: tone }, glyph + " "), ...visible(column.model), el("small", {}, " " + column.prompt + (head.repeats > 1 ? ", repeat " + repeat : "")));
    if (!found) return el("article", { "data-tone": tone }, title, el("p", { class: "reading" }, mark === "o" ? "owed: there is no transcript yet" : words + "; its file cannot be read"));
    const { episode } = found, errors = Object.entries(episode.errors || {}).map(([kind, n]) => kind.replaceAll("_", " ") + (n > 1 ? " × " + n : ""));
    const calls = (episode.calls || []).map((call) => el("li", {}, el("b", { class: call.kind ? "bad" : call.transient ? "mid" : call.ok ? "good" : "quiet" }, call.kind ? "✗ " : call.transient ? "↻ " : call.ok ? "✓ " : "· "), ...visible(String(call.tool)), call.kind && el("small", {}, " " + call.kind.replaceAll("_", " "))));
    return el("article", { "data-tone": tone }, title,
      el("p", { class: "reading" }, el("span", { class: tone }, words), ", ended by " + String(episode.end_reason).replaceAll("_", " ") + " after " + episode.turns + (episode.turns === 1 ? " turn" : " turns"), errors.length > 0 && "; " + errors.join(", ")),
      el("ul", { class: "goals" }, (episode.goals || []).map((goal) => el("li", {}, el("b", { class: goal.holds ? "good" : "bad" }, goal.holds ? "✓ " : "✗ "), ...visible(String(goal.says).slice(0, 400)))), (episode.broken || []).map((object) => el("li", {}, el("b", { class: "bad" }, "✗ "), "changed: ", ...visible(String(object).slice(0, 200))))),
      episode.answer != null && block(episode.answer),
      calls.length > 0 && el("details", { open: calls.length <= 12 }, el("summary", {}, calls.length + (calls.length === 1 ? " call" : " calls")), el("ol", { class: "calls" }, calls)),
      el("p", { class: "links" }, el("a", { href: "../../transcripts/index.html#" + addressOf(found.found.path) + "/i" + row.index + "r" + repeat }, "Transcript"), copier(showCommand(found.found, episode), "Copy show command")));
  }
  async function played(row, shown) {
    const found = await episodesOf(row, shown), first = found.flat().find(Boolean);
    return { found, question: first ? first.episode.user : "" };
  }
  function articles(row, shown, found) {
    if (head.shards) return shown.flatMap((column, at) => (row.cells[column.at] || []).map(({ mark }, repeat) => episodeOf(column, repeat, mark, found.found[at][repeat], row)));

    return shown.flatMap((column) => (row.cells[column.at] || []).map(({ mark }, repeat) => replyOf(row, column, repeat, mark, (found.cells[column.at] || [])[repeat], found.shards)));
  }
  // Fills `panel` with a row; what came too late for a later row is dropped.
  async function fill(panel, row, shown) {
    panel.dataset.row = row.number;
    const body = el("div", { class: "body" }, el("p", { class: "quiet" }, "Reading the replies …"));
    panel.querySelector(".body").replaceWith(body);
    panel.querySelector("h2").replaceChildren(...visible(row.name));
    let found;
    try { found = await (head.shards ? played(row, shown) : repliesOf(row)); } catch (error) { body.replaceChildren(el("p", { class: "bad" }, error.message)); return; }
    if (panel.dataset.row !== String(row.number)) return;
    const facts = Object.entries(row.meta).map(([name, value]) => el("div", {}, el("dt", {}, ...visible(name)), el("dd", { dir: "auto" }, ...visible(value))));
    body.replaceChildren(...[
      found.question && (head.shards ? el("details", {}, el("summary", {}, "Request"), block(found.question, "question")) : block(found.question, "question")),
      found.target != null && el("p", { class: "target" }, "Target ", el("b", { dir: "auto" }, ...visible(plain(found.target).slice(0, 2000)))),
      facts.length > 0 && el("dl", { class: "facts" }, facts),
      el("div", { class: "replies" }, articles(row, shown, found)),
    ].filter(Boolean));
    panel.dataset.shown = row.number;
  }
  return { fill, SIGNS, columns };
})();
