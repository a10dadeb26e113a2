// The state from the server, what the visitor chose, requests to the server, and what became of an update.

import { $, h } from "./dom.js";

export const app = {
  state: {
    deployment: "",
    emulator: "",
    people: {},
    chats: {},
    bots: [],
    entries: [],
    traces: {},
    setup: { steps: [], calls: [], reloads: [] },
    fault: { kind: "" },
    admin: false,
    keyboards: {},
    drafts: {},
    actions: {},
    launches: {},
  },
  chat: sessionStorage.chat || "ada",
  person: sessionStorage.person || "ada",
  bot: 0, // its id
  selected: null, // the id of an update, or a page that was opened; null: the set-up
  pinned: false, // whether the visitor chose what is selected; otherwise it is the newest
  editing: null, // the entry whose text is edited
  replying: null, // the entry that is replied to
  problem: { at: "", text: "" }, // why the last action failed; `at`: the element below which that stands
  select: () => {},
  visit: () => {},
  toast: () => {},
  drawContext: () => {}, // page.js sets them
};
export const bot = (id = app.bot) =>
  app.state.bots.find((each) => each.id === id) ?? {
    id: 0,
    name: "Bot",
    username: "",
    commands: {},
    menu: {},
  };
export const place = () => `${app.bot}:${app.chat}`;
export const kindOf = (update) => Object.keys(update).find((key) => key !== "update_id");

// Ask the server to do something. If it can't, that is shown at an element, by default what has the key, or at the input.
export async function ask(path, body, at = body.key ? `[data-key="${body.key}"]` : "") {
  tellProblem("");
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const said = await answer.json();
    if (!answer.ok) tellProblem(said.error, at);
    return answer.ok && said;
  } catch {
    tellProblem("The demo doesn't answer. Is it still running?", at);
    return false;
  }
}
export function tellProblem(text, at = "") {
  app.problem = { at, text };
  showProblem();
}
// Show the problem where it belongs, once more after that was drawn again.
export function showProblem() {
  const { at, text } = app.problem,
    place = at && document.querySelector(at);
  $("problem").textContent = place ? "" : text;
  document.querySelector(".problem")?.remove();
  if (!place || !text) return;
  const shown = h("p", { class: "problem why bad", role: "alert" }, text);
  if (place.dataset.key) place.append(shown);
  else place.parentNode.after(shown);
}
export function send(kind, text = "") {
  app.pinned = false;
  const keyboard = app.state.keyboards[place()];
  const reply_to =
    app.replying?.message.message_id ?? (keyboard?.force_reply ? keyboard.message_id : 0);
  app.replying = null;
  app.drawContext();
  return ask("send", { chat: app.chat, person: app.person, bot: app.bot, kind, text, reply_to });
}

// Return what became of an update: a word, its tone, and why it failed. `until`: when it is redelivered.
const TONES = {
  answered: "good",
  "no answer": "",
  limited: "",
  repeated: "good",
  refused: "bad",
  "bot.py failed": "bad",
  incomplete: "bad",
};
const WORDS = { bot_failed: "bot.py failed", ignored: "no answer" };
export const RETRIED = ["misconfigured", "throttled", "unreachable"]; // by the queue
export function verdict(trace) {
  const last = trace?.tries.at(-1);
  if (!trace) return { word: "", tone: "", why: "" };
  if (!trace.wanted)
    return {
      word: "not asked for",
      tone: "warn",
      why: `The bot's HANDLED has no ${kindOf(trace.update)}, so Telegram doesn't deliver it.`,
    };
  if (trace.kept_back)
    return {
      word: "kept back",
      tone: "warn",
      why: `Telegram doesn't deliver it: ${trace.kept_back}.`,
    };
  if (!last) return { word: "waiting", tone: "warn", why: "" };
  if (!last.over) return { word: "under way", tone: "accent", busy: true, why: "" };
  const queued = last.outcome === "queued";
  const it = queued ? last.queue.at(-1) : last;
  if (!it) return { word: "in the queue", tone: "accent", busy: true, why: "" };
  const logged = it.details?.logs?.find((line) => line.outcome);
  const refused = last.calls.find((call) => call.status !== 200);
  const why = logged?.refusal ?? it.failure?.trim().split("\n").at(-1) ?? "";
  const reason = why || logged?.error || refused?.answer.description || last.error || "";
  if (queued && RETRIED.includes(it.outcome))
    return { word: "will be retried", tone: "warn", why: reason };
  if (last.retry_at)
    return {
      word: "will be redelivered",
      tone: "warn",
      until: last.retry_at,
      from: last.at + last.milliseconds / 1000,
      why: reason,
    };
  if (last.expired) return { word: "given up", tone: "bad", why: `Telegram gave up: ${reason}` };
  // At its first try: it was answered with an earlier one, as the rest of an album is.
  const isPart =
    queued && last.queue.length === 1 && trace.tries.length === 1 && logged?.outcome === "repeated";
  const word = isPart
    ? "answered"
    : (WORDS[logged?.outcome] ??
      logged?.outcome ??
      (it.failure
        ? "bot.py failed"
        : refused
          ? "refused"
          : last.calls.length
            ? "answered"
            : "no answer"));
  const tone = TONES[word] ?? "good";
  return { word, tone, isPart, why: tone === "bad" ? reason : "" };
}
// Return the milliseconds from sending to answer, including Telegram's pauses.
export function total(trace) {
  const last = trace?.tries.at(-1);
  if (!last?.over || last.retry_at) return null;
  const call = last.outcome === "queued" ? last.calls.at(-1) : null;
  return ((call?.at ?? last.at) - trace.at) * 1000 + (call ?? last).milliseconds;
}
