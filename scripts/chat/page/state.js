// The state from the server, what the visitor chose, requests to the server, and what became of an update.

import { $ } from "./dom.js";

export const app = {
  state: { deployment: "", notes: {}, emulator: "", people: {}, chats: {}, bots: [], entries: [], traces: {}, setup: { steps: [], calls: [], reloads: [], events: [], later: [] }, fault: { kind: "" }, keyboards: {}, drafts: {}, launches: {} },
  chat: sessionStorage.chat || "ada",
  person: sessionStorage.person || "ada",
  bot: 0,          // its id
  selected: null,  // the id of an update, or of a bot's page that was opened, or null: how it came up
  pinned: false,   // whether the visitor chose what is selected; otherwise it is the newest
  ended: null,     // the update that was selected when the container was stopped, until the next update
  editing: null,   // the entry whose text is edited
  select: () => {}, visit: () => {}, toast: () => {},  // page.js sets them
};
export const bot = (id = app.bot) => app.state.bots.find(each => each.id === id) ?? { id: 0, name: "Bot", username: "", commands: {}, menu: {} };
export const place = () => `${app.bot}:${app.chat}`;
export const kindOf = update => Object.keys(update).find(key => key !== "update_id");

export async function ask(path, body) {
  $("problem").textContent = "";
  try {
    const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    const said = await answer.json();
    if (!answer.ok) $("problem").textContent = said.error;
    return answer.ok && said;
  } catch { $("problem").textContent = "The demo doesn't answer. Is it still running?"; return false; }
}
export function send(kind, text = "") {
  app.pinned = false;
  const keyboard = app.state.keyboards[place()];
  return ask("send", { chat: app.chat, person: app.person, bot: app.bot, kind, text, reply_to: keyboard?.force_reply ? keyboard.message_id : 0 });
}

// Return what became of an update: a word, its tone, and why it failed. `until`: when it is delivered again.
const TONES = { answered: "good", ignored: "", repeated: "good", refused: "bad", "bot.py failed": "bad", incomplete: "bad" };
export const RETRIED = ["misconfigured", "throttled", "unreachable"];  // by the queue
export function verdict(trace) {
  const last = trace?.tries.at(-1);
  if (!trace) return { word: "", tone: "", why: "" };
  if (!trace.wanted) return { word: "not asked for", tone: "warn", why: `The bot's HANDLED has no ${kindOf(trace.update)}, so Telegram doesn't deliver it.` };
  if (!last) return { word: "waiting", tone: "warn", why: "" };
  if (!last.over) return { word: "under way", tone: "accent", busy: true, why: "" };
  const queued = last.outcome === "queued";
  const it = queued ? last.queue.at(-1) : last;
  if (!it) return { word: "in the queue", tone: "accent", busy: true, why: "" };
  const logged = it.details?.logs?.find(line => line.outcome);
  const refused = last.calls.find(call => call.status !== 200);
  const why = logged?.refusal ?? it.failure?.trim().split("\n").at(-1) ?? "";
  const reason = why || logged?.error || refused?.answer.description || last.error || "";
  if (queued && RETRIED.includes(it.outcome)) return { word: "will be tried again", tone: "warn", why: reason };
  if (last.retry_at) return { word: "will be delivered again", tone: "warn", until: last.retry_at, from: last.at + last.milliseconds / 1000, why: reason };
  if (last.expired) return { word: "given up", tone: "bad", why: `Telegram gave up: ${reason}` };
  const word = logged?.outcome.replace("bot_failed", "bot.py failed") ?? (it.failure ? "bot.py failed" : refused ? "refused" : last.calls.length ? "answered" : "ignored");
  const tone = TONES[word] ?? "good";
  return { word, tone, why: tone === "bad" ? reason : "" };
}
// Return the milliseconds from sending to answer, including Telegram's pauses.
export function total(trace) {
  const last = trace?.tries.at(-1);
  if (!last?.over || last.retry_at) return null;
  const call = last.outcome === "queued" ? last.calls.at(-1) : null;
  return ((call?.at ?? last.at) - trace.at) * 1000 + (call ?? last).milliseconds;
}
