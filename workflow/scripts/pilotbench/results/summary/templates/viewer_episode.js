// One episode as it is shown: facts, goals, how it was read or judged, and its conversation.
window.pilotbenchEpisode = (function () {
  "use strict";
  const { el, visible, plain, block, facts, copier } = window.pilotbenchText;
  const { sign, rawOf, showCommand } = window.pilotbenchShards;
  // Token counts that were not reported are null; earlier releases wrote zeros.
  const told = (tokens) => Boolean(tokens && (tokens.input || tokens.output));
  const count = (value) => Number(value || 0).toLocaleString("en");
  const anchor = (episode) => "i" + episode.index + "r" + episode.repeat;

  // What was sent and what came, read when it is opened: whole messages, and the fields of the answer.
  function rawTurn(shard, episode, turn) {
    const made = el("details", { class: "raw" }, el("summary", {}, "raw request and answer"));
    made.addEventListener("toggle", async () => {
      if (!made.open || made.childElementCount > 1) return;
      const body = el("div", {}, el("p", { class: "quiet" }, "Reading …"));
      made.append(body);
      try {
        const found = await rawOf("", shard.path, episode, turn);
        body.replaceChildren(...(found ? [el("span", { class: "who" }, "request"), block(found.request), el("span", { class: "who" }, "answer, as the journal has it"), block(found.answer)] : [el("p", { class: "quiet" }, "The journal does not have this turn.")]));
      } catch {
        const command = showCommand(shard, episode) + " --raw --page";
        body.replaceChildren(el("p", { class: "quiet" }, "Not written yet. This command writes it for all episodes of the shard, from the journal and at no cost; then open this again: ", el("code", {}, command), " ", copier(command, "Copy")));
        made.addEventListener("toggle", () => { if (!made.open) body.remove(); }, { once: true });
      }
    });
    return made;
  }
  function turnOf(episode, turn, shard) {
    const request = (episode.requests || []).find((one) => one.turn === turn.turn);
    const call = (episode.calls || []).find((one) => one.turn === turn.turn);
    const wrong = turn.parse_error || (call && call.kind), shaky = call && call.transient;
    const state = wrong ? "wrong" : shaky ? "shaky" : call && call.ok ? "fine" : "";
    return el("div", { class: "turn " + state },
      el("p", {}, el("b", {}, "Turn " + (turn.turn + 1)),
        request && el("span", {}, request.key), request && el("span", {}, Number(request.latency_s).toFixed(2) + " s"),
        request && el("span", {}, told(request.tokens) ? count(request.tokens.input) + " → " + count(request.tokens.output) + " tokens" : "tokens not reported"),
        request && request.attempts > 1 && el("span", {}, request.attempts + " attempts"),
        request && request.model && request.model !== episode.deployment && el("span", {}, "answered as ", visible(String(request.model).slice(0, 120))),
        turn.finish_reason && turn.finish_reason !== "stop" && turn.finish_reason !== "tool_calls" && el("span", { class: "mid" }, visible(String(turn.finish_reason).slice(0, 120))),
        call && call.kind && el("span", { class: "bad" }, "✗ " + call.kind), shaky && el("span", { class: "mid" }, "transient failure"),
        turn.repaired && el("span", { class: "mid" }, "JSON repaired"),
        turn.surplus > 0 && el("span", { class: "mid" }, turn.surplus + " further calls not executed")),
      turn.thought && el("details", {}, el("summary", {}, "thought"), block(turn.thought)),
      turn.content && block(turn.content),
      turn.parse_error && el("p", { class: "bad" }, "✗ no call could be parsed: ", visible(String(turn.parse_error).slice(0, 400))),
      turn.call && [el("span", { class: "who" }, "calls ", el("b", {}, visible(String(turn.call.tool).slice(0, 120)))), block(turn.call.arguments, "call")],
      turn.reply != null && [el("span", { class: "who" }, "result"), block(turn.reply)],
      (turn.further || []).flatMap((one) => [
        el("span", { class: "who" }, "calls ", el("b", {}, visible(String(one.tool).slice(0, 120)))), block(one.arguments, "call"),
        ...(one.reply != null ? [el("span", { class: "who" }, "result"), block(one.reply)] : [])]),
      turn.user != null && [el("span", { class: "who" }, "user"), block(turn.user)],
      request && request.identity && rawTurn(shard, episode, turn));
  }
  function readings(verdict) {
    const words = { true: "yes", false: "no", null: "no form is asked for" };
    if (verdict.rule === "judge") return [["wanted", verdict.wanted == null ? null : plain(verdict.wanted)], ["right", verdict.right == null ? "not judged yet" : words[verdict.right]], ["why", verdict.why]];
    return [["wanted", plain(verdict.wanted)], ["read", verdict.read == null ? "nothing" : plain(verdict.read)], ["by the rule", verdict.rule], ["right", words[verdict.right]], ["in form", words[verdict.in_form]], ["why", verdict.why]];
  }
  function judgements(verdicts) {
    const tones = { right: ["✓", "good"], better: ["✓", "good"], wrong: ["✗", "bad"], worse: ["✗", "bad"], tie: ["=", "mid"] };
    const compared = verdicts.some((one) => one.other != null), scored = verdicts.some((one) => one.criteria || (one.score != null && one.score % 1));
    const criteria = (one) => Object.entries(one.criteria || {}).map(([name, score]) => name + " " + Math.round(100 * score) + " %").join(", ");
    const head = ["judge", compared && "beside", compared && "shown", "verdict", scored && "score", "reason"].filter(Boolean);
    return el("table", { class: "diff" }, el("thead", {}, el("tr", {}, head.map((word) => el("th", {}, word)))), el("tbody", {}, verdicts.map((one) => {
      const [glyph, tone] = tones[one.verdict] || ["", ""];
      return el("tr", {}, el("td", {}, visible(one.judge + (one.repeat ? ", repeat " + one.repeat : ""))), compared && el("td", {}, visible(String(one.other))), compared && el("td", {}, String(one.shown)), el("td", { class: tone }, glyph + " " + one.verdict), scored && el("td", {}, one.score == null ? "–" : Math.round(100 * one.score) + " %" + (one.criteria ? " (" + criteria(one) + ")" : "")), el("td", {}, visible(String(one.reason || "").slice(0, 2000))));
    })));
  }
  const nameOf = (episode) => episode.question_id == null ? [String(episode.index)] : visible(String(episode.question_id).slice(0, 60));
  function shown(episode, shard) {
    const { header } = shard;
    const [glyph, tone, verdict] = sign(episode), tokens = episode.tokens || {};
    const system = header.system && header.system[episode.system];
    const diff = episode.world_diff || [];
    return el("article", {},
      el("h2", {}, el("span", { class: tone }, glyph + " "), episode.question_id == null ? "Instance " + episode.index : ["Question ", ...nameOf(episode)], episode.repeat ? ", repeat " + episode.repeat : "", " ", el("small", {}, verdict)),
      facts([["progress", episode.progress == null ? null : Math.round(100 * episode.progress) + " %"], ["ended by", episode.end_reason], ["turns", episode.turns + " of " + episode.max_turns], ["tokens", !(episode.requests || []).length ? null : !told(tokens) ? "not reported" : count(tokens.input) + " in, " + count(tokens.output) + " out" + (tokens.reasoning ? " (" + count(tokens.reasoning) + " reasoning)" : "") + (tokens.cached ? ", " + count(tokens.cached) + " cached" : "")], ["cost", episode.cost_usd == null ? "unknown" : "$" + episode.cost_usd.toPrecision(3)], ["protocol", episode.protocol], ["answered as", episode.model_reported], ["reason", episode.reason], ["instance", String(episode.instance).slice(0, 12)], ["index", episode.question_id == null ? null : episode.index], ...Object.entries(episode.metadata || {}).map(([column, value]) => [column.slice(0, 60), plain(value)])]),
      el("div", { class: "panels" },
        el("section", {}, el("h3", {}, "Goal"), el("ul", {}, (episode.goals || []).map((goal) => el("li", {}, el("b", { class: goal.holds ? "good" : "bad" }, goal.holds ? "✓" : "✗"), visible(String(goal.says).slice(0, 2000)))), (episode.broken || []).map((object) => el("li", {}, el("b", { class: "bad" }, "✗"), "protected, but changed: ", visible(String(object).slice(0, 400)))), !(episode.goals || []).length && el("li", { class: "quiet" }, "none"))),
        el("section", {}, el("h3", {}, "Errors"), el("ul", {}, Object.entries(episode.errors || {}).map(([kind, n]) => el("li", {}, el("b", { class: "bad" }, "✗"), kind + " × " + n)), Object.entries(episode.flaws || {}).filter(([flaw]) => episode.prompt === "flawed_" + flaw).map(([flaw, how]) => el("li", {}, el("b", {}, "⚑"), "the flaw " + flaw + " was " + how.replace("_", " "))), episode.transient && episode.transient.met > 0 && el("li", {}, el("b", { class: "mid" }, "↻"), episode.transient.met + " transient " + (episode.transient.met === 1 ? "failure" : "failures") + " met, " + episode.transient.recovered + " recovered"), !Object.keys(episode.errors || {}).length && el("li", { class: "quiet" }, "none found")))),
      diff.length > 0 && [el("h3", {}, "World, before and after"), el("table", { class: "diff" }, el("thead", {}, el("tr", {}, ["object", "before", "after"].map((word) => el("th", {}, word)))), el("tbody", {}, diff.map((change) => el("tr", {}, [change.object, change.before, change.after].map((value) => el("td", {}, value == null ? "–" : visible(plain(value).slice(0, 2000))))))))],
      episode.answer != null && [el("h3", {}, "Answer"), block(episode.answer)],
      episode.verdict && [el("h3", {}, episode.verdict.rule === "judge" ? "How it was judged" : "How it was read"), facts(readings(episode.verdict)), episode.verdicts.length > 0 && judgements(episode.verdicts)],
      el("h3", {}, "Conversation"),
      system && el("details", {}, el("summary", {}, "system message (" + count(system.length) + " characters)"), block(system)),
      (episode.messages || []).map((one) => el("div", { class: "turn" }, el("p", {}, el("b", {}, one.role === "user" ? "User (given)" : "Assistant (given)")), block(one.content))),
      episode.user && el("div", { class: "turn" }, el("p", {}, el("b", {}, "Prompt")), block(episode.user)),
      (episode.transcript || []).map((turn) => turnOf(episode, turn, shard)));
  }

  // A line of the list: for a question of a pack with its text, its target and what was read.
  function entry(episode, href) {
    const [glyph, tone, verdict] = sign(episode), read = episode.verdict, short = (value) => visible(plain(value).replace(/\s+/g, " ").slice(0, 80));
    return el("a", { href }, el("span", { class: tone, title: verdict }, glyph),
      el("span", {}, nameOf(episode), (episode.repeat ? " · repeat " + episode.repeat : "")),
      el("small", {}, read || episode.progress == null ? "" : Math.round(100 * episode.progress) + " %"),
      read && episode.user && el("small", { class: "more" }, short(episode.user)),
      read && el("small", { class: "more" }, read.wanted != null && ["target ", el("b", {}, short(read.wanted)), " · "], read.read == null ? "nothing read" : ["read ", el("b", { class: tone }, short(read.read))]));
  }

  return { shown, entry, anchor };
})();
