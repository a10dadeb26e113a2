// The state from the server, what the visitor chose, requests to the server, and what became of an update.

import { $ } from "./dom.js";

export const app = {
  state: {},
  chat: sessionStorage.chat || "ada",
  person: sessionStorage.person || "ada",
  bot: 0, // its id
  selected: null, // the id of an update, if there is one
  pinned: false, // whether the visitor chose what is selected; otherwise it is the newest
  editing: null, // the entry whose text is edited
  replying: null, // the entry that is replied to
};
export const bot = (id = app.bot) => app.state.bots.find((each) => each.id === id);
export const place = () => `${app.bot}:${app.chat}`;
export const kindOf = (update) => Object.keys(update).find((key) => key !== "update_id");

// Ask the server to do something. If it can't, that is shown at the input.
export async function ask(path, body) {
  tellProblem("");
  try {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
    const said = await answer.json();
    if (!answer.ok) tellProblem(said.error);
    return answer.ok && said;
  } catch {
    tellProblem("The demo doesn't answer. Is it still running?");
    return false;
  }
}
// Ask for what the person does in the chat, and show what becomes of it.
export function act(path, body) {
  app.pinned = false;
  return ask(path, { person: app.person, ...body });
}
// On a narrow screen the input is in one of two views.
export function tellProblem(text) {
  $("problem").textContent = text;
  if (text) document.body.dataset.view = "chat";
}
export function toast(text) {
  $("toast").textContent = text;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => ($("toast").textContent = ""), 3200);
}

// How Telegram fails: in the choice, what that leads to, and in a call.
export const FAULTS = {
  429: {
    word: "asks the bot to slow down (429)",
    leads: "It says for how long. The function passes that on, and Telegram waits that long.",
  },
  500: {
    word: "has an error of its own (500)",
    leads: "The function reports a failure, and Telegram redelivers the update.",
  },
  403: {
    word: "says the user blocked the bot (403)",
    leads: "A retry wouldn't help, so the update is done.",
  },
  silence: {
    word: "never answers",
    leads: "The function gives up in time, reports a failure, and Telegram redelivers the update.",
    called: "no answer",
  },
  lost: {
    word: "loses its answer",
    leads:
      "It carries out the call, but the function doesn't learn that: the same answer comes once for each attempt.",
    called: "answer lost",
  },
};

// Return what became of an update: a word, its tone, and why it failed. `until`: when it is redelivered.
const TONES = {
  "no answer": "",
  rate_limited: "",
  refused: "bad",
  "bot.py failed": "bad",
  incomplete: "bad",
};
const WORDS = { bot_error: "bot.py failed", ignored: "no answer" };
export const RETRIED = ["misconfigured", "throttled", "unreachable"]; // by the queue
export function verdict(trace) {
  const said = (word, tone, why = "", more = {}) => ({ word, tone, why, ...more });
  if (!trace) return said("", "");
  const last = trace.tries.at(-1);
  if (!trace.wanted) {
    const kind = kindOf(trace.update);
    return said(
      "not asked for",
      "warn",
      `The bot doesn't list ${kind} among the updates that it takes, so Telegram doesn't deliver it.`,
    );
  }
  if (trace.why_withheld)
    return said(
      "kept back",
      "warn",
      `Telegram doesn't deliver it: ${trace.why_withheld}. The demo's --admin makes it one.`,
    );
  if (!last) return said("waiting", "warn", "", { busy: true });
  if (!last.over) return said("under way", "accent", "", { busy: true });
  const queued = last.outcome === "queued";
  const it = queued ? last.queue.at(-1) : last;
  if (!it) return said("in the queue", "accent", "", { busy: true });
  const logged = it.details?.logs?.find((line) => line.outcome);
  const refused = last.calls.find((call) => call.status !== 200);
  const why = logged?.telegram_error ?? it.failure?.trim().split("\n").at(-1) ?? "";
  const reason = why || logged?.error || refused?.answer.description || last.error || "";
  if (queued && RETRIED.includes(it.outcome)) return said("will be retried", "warn", reason);
  if (last.retry_at) return said("will be redelivered", "warn", reason, { until: last.retry_at });
  const seen = last.calls.length ? "answered" : "no answer";
  const guess = it.failure ? "bot.py failed" : refused ? "refused" : seen;
  const word = WORDS[logged?.outcome] ?? logged?.outcome ?? guess;
  const tone = TONES[word] ?? "good";
  return said(word, tone, tone === "bad" ? reason : "");
}
// Return the milliseconds from sending to answer, including Telegram's pauses.
export function total(trace) {
  const last = trace?.tries.at(-1);
  if (!last?.over || last.retry_at) return null;
  const call = last.outcome === "queued" ? last.calls.at(-1) : null;
  return ((call?.at ?? last.at) - trace.at) * 1000 + (call ?? last).milliseconds;
}
