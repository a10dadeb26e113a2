// The chat, what the visitor does in it, and how Telegram fails. All content comes from the server.

import { $, b, button, clock, div, fill, h, icon, milliseconds, p, small, span } from "./dom.js";
import { content, drawing, inlineKeyboard, summary } from "./messages.js";
import { closePage, isPageOpen, openPage, popup, reloadPage } from "./mini_app.js";
import { FAULTS, act, app, ask, bot, place, tellProblem } from "./state.js";
import { toast, total, verdict } from "./state.js";
import { drawTimeline, json, output } from "./timeline.js";

const EMOJI = ["👍", "❤", "🔥", "😁", "🎉", "👎"];

// The chat: one node per item, redrawn when it looks different.
const drawn = new Map();
function drawChat() {
  // A reader of older messages stays there when the bot writes.
  const { scrollHeight, scrollTop, clientHeight } = $("messages");
  const atEnd = scrollHeight - scrollTop - clientHeight < 80;
  let mine = false;
  const nodes = items().map((item) => {
    const known = drawn.get(item.key);
    if (known?.look === item.look) return known.node;
    const node = item.draw();
    mine ||= !known && item.mine;
    drawn.set(item.key, { look: item.look, node });
    return node;
  });
  fill($("messages"), nodes);
  if (mine || atEnd) toEnd();
}
const toEnd = () => ($("messages").scrollTop = $("messages").scrollHeight);
function inThisChat() {
  return app.state.entries.filter((e) => e.chat === app.chat && e.bot === app.bot);
}
function items() {
  const shown = [];
  for (const entry of inThisChat()) {
    // an album is one item
    const group = entry.message?.media_group_id;
    if (group && shown.at(-1)?.at(-1).message?.media_group_id === group) shown.at(-1).push(entry);
    else shown.push([entry]);
  }
  const found = shown.map((entries, i) => {
    const [entry] = entries;
    const before = shown[i - 1]?.[0];
    const trace = app.state.traces[entry.update_id];
    const first = before?.side !== entry.side || before?.who !== entry.who;
    const chosen = [entry.update_id === app.selected, first, app.person, bot().name];
    const became = [verdict(trace), trace?.tries.length, total(trace)];
    return {
      key: entry.key,
      look: JSON.stringify([entries, became, chosen]),
      mine: entry.side === "out" || Boolean(entry.who),
      draw: () =>
        entry.side === "note" ? drawNote(entry, trace) : drawMessage(entries, trace, first),
    };
  });
  if (!found.length) found.push({ key: "empty", look: app.chat, draw: drawEmpty });
  const draft = app.state.drafts[place()];
  if (draft)
    found.push({ key: "draft", look: JSON.stringify(draft), draw: () => drawDraft(draft) });
  for (const key of drawn.keys()) if (!found.some((item) => item.key === key)) drawn.delete(key);
  return found;
}
function drawEmpty() {
  const say = (word, kind, text) => button({ class: "action" }, () => send(kind, text), word);
  return div(
    "empty",
    drawing("robot"),
    h("h2", {}, "Say something"),
    p("soft", "The bot answers here. Select a message to see what the machine did for it."),
    div(
      "",
      say("hello", "text", "hello"),
      say("/start", "text", "/start"),
      say("a photo", "photo"),
    ),
  );
}
function drawDraft(draft) {
  const { nodes, look } = content(draft, { key: "draft", links: {}, side: "in" });
  const about = { class: `bubble draft ${look}`, dir: "auto", "aria-label": "The bot writes" };
  const bubble = h("div", about, nodes);
  const stop = () => act("stop", { chat: app.chat, bot: app.bot });
  const stops = () => div("keyboard", div("", button({ "data-name": "stop" }, stop, "Stop")));
  return div("row in first", bubble, draft.can_stop ? stops() : null);
}
// What shows an entry. The arrow keys reach it.
function row(entry, look, about, ...inside) {
  const isSelected = entry.update_id !== null && entry.update_id === app.selected;
  const name = { "data-key": entry.key, "data-name": `row ${entry.key}`, tabindex: -1 };
  return h("div", { class: isSelected ? `${look} selected` : look, ...name, ...about }, inside);
}
$("messages").addEventListener("click", (event) => {
  const part = event.target.closest("a, button, .bubble, .service");
  if (part?.matches(".command")) send("text", part.textContent);
  else if (part?.matches("a") && openTelegram(part.href)) event.preventDefault();
  const shown = part?.matches(".bubble, .service") && part.closest("[data-key]");
  if (shown) select(app.state.entries[shown.dataset.key].update_id, true);
});
const TELEGRAM = /^https?:\/\/(?:t|telegram)\.me\/(\w+)[?&]?([^#]*)/i;

// Open the chat of a link such as https://t.me/BOT?start=ID. Return whether an address is one to a bot here.
function openTelegram(address) {
  const [, name, query] = TELEGRAM.exec(address) ?? [];
  const found = botCalled(name);
  if (!found) return false;
  const start = new URLSearchParams(query).get("start");
  app.bot = found.id;
  visit(app.person);
  if (start !== null && !/^[\w-]{0,64}$/.test(start))
    toast("Telegram ignores this link's start: it takes 64 letters, digits, _ and - at most.");
  else if (start !== null) send("text", `/start ${start}`.trim());
  return true;
}
const botCalled = (name) =>
  app.state.bots.find((b) => b.username.toLowerCase() === name?.toLowerCase());
function send(kind, text = "") {
  const keyboard = app.state.keyboards[place()];
  const forced = keyboard?.force_reply ? keyboard.message_id : 0;
  const reply_to = app.replying?.message.message_id ?? forced;
  app.replying = null;
  drawKeyboard();
  return act("send", { chat: app.chat, bot: app.bot, kind, text, reply_to });
}

// What became of a person's message.
function statusOf(trace) {
  const result = verdict(trace);
  if (result.until) {
    const left = h("span", { "data-until": result.until });
    return h("b", { class: "warn", title: "Telegram redelivers it" }, icon("clock"), left);
  }
  if (result.busy) return icon("clock");
  if (result.word === "no answer") return span("", result.word);
  if (result.tone === "bad" || result.word === "not asked for")
    return span("bad", icon("bad"), result.word);
  if (!trace) return null;
  const attempts = trace.tries.length > 1 ? span("", `· ${trace.tries.length} attempts`) : null;
  const took = h("span", { title: "from sending to answer" }, milliseconds(total(trace)));
  return [took, attempts, icon("check")];
}
// What stands above a message's content.
function headOf(entry, first) {
  const { message } = entry;
  const isInGroup = first && message.chat.type !== "private";
  const origin = message.forward_origin;
  const from = origin?.sender_user?.first_name ?? origin?.chat?.title ?? origin?.type;
  const words = [
    isInGroup ? message.from.first_name : null,
    origin ? `Forwarded from ${from}` : null,
    message.via_bot ? `via @${message.via_bot.username}` : null,
  ];
  const shown = words.filter(Boolean).map((text) => h("div", { class: "from", dir: "auto" }, text));
  const replied = message.reply_to_message;
  if (replied) {
    const who = b(replied.from?.first_name ?? "");
    shown.push(h("div", { class: "reply", dir: "auto" }, who, " ", summary(replied)));
  }
  return shown;
}
function reactionsTo(entry) {
  const tally = {};
  for (const emoji of Object.values(entry.reactions ?? {}).flat())
    tally[emoji] = (tally[emoji] ?? 0) + 1;
  const one = ([emoji, n]) => span("pill accent", n > 1 ? `${emoji} ${n}` : emoji);
  const all = Object.entries(tally).map(one);
  return all.length ? div("reactions", all) : null;
}
function drawMessage(entries, trace, first) {
  const [entry] = entries;
  const { message, side } = entry;
  const result = verdict(trace);
  const shown = entries.map((each) => content(each.message, each));
  const [{ look, nodes }] = shown;
  const meta = h(
    "div",
    { class: "meta", dir: "ltr" },
    message.edit_date ? "edited" : null,
    side === "out" ? statusOf(trace) : null,
    h("time", {}, clock(message.date)),
    entry.update_id !== null ? span("invite", "details") : null,
  );
  const keyboard = inlineKeyboard(entry);
  const bubble = entry.deleted
    ? div("bubble deleted", h("s", { dir: "auto" }, summary(message)), " deleted")
    : h(
        "div",
        { dir: "auto", class: `bubble ${look}${keyboard ? " keys" : ""}` },
        headOf(entry, first),
        entries.length > 1
          ? div(
              "album",
              shown.map((each) => each.nodes[0]),
            )
          : nodes,
        shown.map((each) => each.caption),
        reactionsTo(entry),
        meta,
      );
  const who = side === "out" ? entry.who : bot(entry.bot).name;
  return row(
    entry,
    `row ${side}${first ? " first" : ""}`,
    { role: "article", "aria-label": `${who}: ${summary(message)}` },
    div("line", bubble, entry.deleted ? null : tools(entry)),
    keyboard,
    result.why && side === "out" ? p(`why ${result.tone}`, result.why) : null,
    (entry.hints ?? []).map((hint) => p("why warn", hint)),
  );
}
function tools(entry) {
  const tool = (look, word, acts, more = {}) => {
    const about = { class: "tool", "aria-label": word, title: word };
    const name = { "data-name": `${word} ${entry.key}` };
    return button({ ...about, ...name, ...more }, acts, icon(look));
  };
  const react = ({ currentTarget: tool }) => {
    const shown = tool.parentNode.querySelector(".emoji");
    tool.setAttribute("aria-expanded", !shown);
    if (shown) return shown.remove();
    const one = (emoji) =>
      button(
        { "aria-label": `React with ${emoji}` },
        () => act("react", { key: entry.key, emoji }),
        emoji,
      );
    tool.after(span("emoji", EMOJI.map(one)));
  };
  const own = entry.side === "out" && entry.message.text !== undefined && !entry.message.via_bot;
  return h(
    "div",
    { class: "tools", role: "group", "aria-label": "Tools" },
    tool("reply", "Reply", () => compose(null, entry)),
    own ? tool("edit", "Edit", () => compose(entry)) : null,
    tool("smile", "React", react, { "aria-expanded": "false" }),
  );
}

// A line in the chat about what a person or the bot did.
const NOTES = {
  press: (e) => [`${e.who} tapped `, b(e.label)],
  page: (e) => [`${e.who} opened the page by `, b(e.label)],
  edit: (e) => `${e.who} edited a message`,
  reaction: (e) =>
    e.emoji.length ? `${e.who} reacted ${e.emoji.join(" ")}` : `${e.who} took a reaction back`,
  ask: (e) => [`${e.who} asked @${bot(e.bot).username}: `, b(e.query || "(nothing)")],
  chosen_inline_result: (e) => `${e.who} sent a result`,
  poll_answer: (e) => `${e.who} voted`,
  stop: (e) => `${e.who} stopped the answer`,
};
function endOf(entry, result) {
  if (entry.answer?.text) return [" – “", b(entry.answer.text), "”"];
  if (entry.answer?.url) return ` – opens ${entry.answer.url}`;
  if (entry.answer) return " – answered without a word";
  if (entry.update_id === null) return null;
  if (result.until) return [" – redelivered in ", h("b", { "data-until": result.until })];
  if (result.word === "answered") return null;
  return result.busy ? " …" : ` – ${result.word}${result.why ? `: ${result.why}` : ""}`;
}
function drawNote(entry, trace) {
  if (entry.kind === "call") return drawCard(entry);
  return row(
    entry,
    "service",
    { dir: "auto" },
    NOTES[entry.kind]?.(entry) ?? entry.kind.replaceAll("_", " "),
    endOf(entry, verdict(trace)),
    entry.results ? drawResults(entry) : null,
    (entry.hints ?? []).map((hint) => p("why warn", hint)),
  );
}
function drawResults(entry) {
  const one = (r) => {
    const choose = () => act("choose", { key: entry.key, result: r.id });
    const title = b(r.title ?? r.caption ?? r.type);
    const name = { class: "option", "data-name": `result ${entry.key} ${r.id}` };
    return button(name, choose, title, small(r.description ?? r.type));
  };
  const { results } = entry.results;
  const about = { class: "results", role: "group", "aria-label": "Results" };
  return h("div", about, results.length ? results.map(one) : "No results");
}
// A call that changed nothing that the chat shows, or that was refused.
function drawCard(entry) {
  const { call } = entry;
  const ok = call.status === 200;
  const status = span(`pill ${ok ? "good" : "bad"}`, ok ? "called" : call.status);
  const card = div(
    "bubble called",
    div("", b(call.method), " ", status),
    ok ? null : p("why bad", call.answer.description),
    call.hints.map((hint) => p("why warn", hint)),
    json(call.params),
  );
  return row(entry, "row in first", { role: "article", "aria-label": call.method }, card);
}
// Above the chat.
const option = (value, selected, word) => h("option", { value, selected }, word);
function drawHead() {
  const { state } = app;
  const chat = state.chats[app.chat];
  const me = bot();
  const title = chat.title || me.name;
  document.title = `${me.name} · bot demo`;
  $("bot-username").textContent = `@${me.username}`;
  $("bots").hidden = state.bots.length < 2;
  const known = ({ id, name }) => option(id, id === app.bot, name);
  fill($("bots"), state.bots.map(known));
  $("title").textContent = title;
  $("where").textContent = $("where").title = chat.about;
  $("avatar").textContent = title[0];
  const tabs = Object.entries(state.chats).filter(
    ([key]) => !state.people[key] || key === app.person,
  );
  const tab = ([key, { tab: word }]) => {
    const about = { "data-name": key, "aria-pressed": String(key === app.chat) };
    return button(about, () => visit(key), word);
  };
  fill($("chats"), tabs.map(tab));
  const person = ([key, { name }]) => option(key, key === app.person, name);
  fill($("person"), Object.entries(state.people).map(person));
  $("about").textContent = state.emulator
    ? `On an emulated AWS at ${state.emulator}`
    : "In a process on this machine, without AWS";
  const offered = me.commands[app.chat] ?? [];
  const menuButton = me.menu[app.chat]; // it replaces the button for commands
  $("page-button").hidden = !menuButton;
  fill($("page-button"), icon("page"), span("", menuButton?.text));
  $("commands-button").hidden = !offered.length || Boolean(menuButton);
  const command = (c) => {
    const words = [b(`/${c.command}`), span("", c.description)];
    return menuItem("commands", () => send("text", `/${c.command}`), words);
  };
  fill($("commands"), offered.map(command));
  drawKeyboard();
}
function visit(key) {
  if (!app.state.chats[key]) return;
  closePage();
  app.chat = sessionStorage.chat = key;
  if (app.state.people[key]) app.person = sessionStorage.person = key;
  compose();
  drawn.clear();
  drawHead();
  drawChat();
  toEnd();
}
function select(id, byHand) {
  if (byHand) {
    app.pinned = true;
    document.body.dataset.view = "timeline";
  }
  if (app.selected === id) return;
  app.selected = id;
  $("timeline").scrollTop = 0;
  drawChat();
  drawTimeline();
}

// The bot's keyboard, and what the input replies to or edits.
const REQUESTS = { request_contact: "contact", request_location: "location", request_poll: "poll" };
function pressKey(key) {
  if (key.web_app) return openPage("keyboard", key);
  const asked = Object.keys(REQUESTS).find((name) => key[name]);
  if (asked) return send(REQUESTS[asked]);
  if (key.request_users || key.request_chat)
    return toast("The demo doesn't support this kind of button.");
  return send("text", key.text);
}
function drawKeyboard() {
  const keyboard = app.state.keyboards[place()];
  const rows = keyboard?.keyboard ?? [];
  const one = (each) => {
    const key = typeof each === "string" ? { text: each } : each;
    return button({ class: key.style }, () => pressKey(key), key.text);
  };
  $("keyboard").hidden = !rows.length;
  const line = (keys) => div("", keys.map(one));
  fill($("keyboard"), rows.map(line));
  $("text").placeholder = keyboard?.input_field_placeholder ?? "Write a message…";
  const isForced = (e) => e.message?.message_id === keyboard.message_id;
  const forced = keyboard?.force_reply ? app.state.entries.find(isForced) : null;
  const about = app.editing ?? app.replying ?? forced;
  $("context").hidden = !about;
  if (!about) return;
  const leave = () => {
    compose();
    text.focus();
  };
  const word = app.editing ? "Don't edit" : "Don't reply";
  const own = app.editing || app.replying;
  fill(
    $("context"),
    b(app.editing ? "Edit: " : "Reply to: "),
    h("span", { dir: "auto" }, summary(about.message)),
    own ? button({ class: "tool", "aria-label": word }, leave, icon("close")) : null,
  );
}
function compose(editing = null, replying = null) {
  if (app.editing || editing) $("text").value = editing?.message.text ?? "";
  Object.assign(app, { editing, replying });
  drawKeyboard();
  if (editing || replying) $("text").focus();
}

// How Telegram fails, as a sentence with choices.
function drawFaults() {
  const { kind: on, left } = app.state.fault;
  $("faults").hidden = !on && $("fail").getAttribute("aria-expanded") !== "true";
  if (on) $("fault").value = on;
  $("fault").disabled = $("often").disabled = Boolean(on);
  $("left").hidden = !on;
  $("left").textContent = `${left} to go`;
  $("start").className = on ? "action" : "action main";
  $("start").textContent = on ? "Stop" : "Start";
  $("leads").textContent = FAULTS[$("fault").value].leads;
}
fill(
  $("fault"),
  Object.entries(FAULTS).map(([kind, { word }]) => option(kind, kind === "429", word)),
);
$("faults").addEventListener("change", drawFaults);
$("start").addEventListener("click", () => {
  const kind = app.state.fault.kind ? "" : $("fault").value;
  ask("fail", { kind, count: +$("often").value });
});

// What became of a change of the bot's code.
const banner = (id, ...words) =>
  fill($("banner"), h("div", { class: "banner", id }, icon("bad"), div("", words)));
function drawReload(fresh) {
  const last = app.state.setup.reloads.at(-1);
  fill($("banner"));
  if (last?.error) {
    const words = b(`${last.files.join(", ")}: this change doesn't work.`);
    banner("broken", words, output(last.error, "The error", true));
  } else if (last && fresh)
    toast(`${last.files.join(", ")} reloaded in ${Math.round(last.milliseconds)} ms`);
}
function live(word, tone) {
  $("live").textContent = word;
  $("live").className = `pill ${tone}`;
}
function countdown() {
  const now = Date.now() / 1000;
  const counting = document.querySelectorAll("[data-until]");
  for (const node of counting) {
    node.textContent = `${Math.max(0, node.dataset.until - now).toFixed(1)} s`;
  }
  setTimeout(countdown, 100);
}

// The server's events.
const source = new EventSource("events");
const on = (kind, take) => source.addEventListener(kind, (event) => take(JSON.parse(event.data)));
on("snapshot", (data) => {
  app.state = data;
  drawn.clear();
  if (!data.chats[app.chat]) app.chat = "ada";
  if (!data.bots.some((b) => b.id === app.bot)) app.bot = data.bots[0].id;
  if (!data.traces[app.selected]) app.selected = null; // of an earlier demo
  if (app.selected === null && !app.pinned) {
    const last = inThisChat().filter((e) => e.update_id !== null);
    app.selected = last.at(-1)?.update_id ?? null;
  }
  tellProblem("");
  live("live", "good");
  drawHead();
  drawFaults();
  drawChat();
  drawTimeline();
  drawReload(false);
  toEnd();
});
on("entry", (entry) => {
  const known = app.state.entries[entry.key];
  app.state.entries[entry.key] = entry;
  if (entry.answer?.text && !known?.answer) {
    if (entry.answer.show_alert) popup({ message: entry.answer.text, buttons: [{ type: "ok" }] });
    else toast(entry.answer.text);
  }
  if (!known && entry.who && !app.pinned) app.selected = entry.update_id;
  drawChat();
  drawTimeline();
});
on("trace", (trace) => {
  app.state.traces[trace.update.update_id] = trace;
  drawChat();
  if (trace.update.update_id !== app.selected) return;
  drawTimeline();
  if (!app.pinned && (trace.tries.length > 1 || trace.tries[0]?.retry_at))
    $("timeline").scrollTop = $("timeline").scrollHeight;
});
const DRAWS = {
  fault: drawFaults,
  keyboards: drawKeyboard,
  drafts: drawChat,
  bots: () => {
    drawHead();
    drawChat();
  },
};
for (const [kind, draw] of Object.entries(DRAWS))
  on(kind, (data) => {
    app.state[kind] = data;
    draw();
  });
on("setup", (setup) => {
  const fresh = setup.reloads.length > app.state.setup.reloads.length;
  app.state.setup = setup;
  if (fresh) {
    drawReload(true);
    if (setup.reloads.at(-1).files.some((name) => name.startsWith("app/"))) reloadPage();
  }
  drawTimeline();
});
// Without the demo: the browser tries again every few seconds, so the page goes on when the demo is back.
function drawLost(said) {
  live("ended", "bad");
  const command = h("code", {}, app.state.setup?.command ?? "scripts/demo");
  banner("lost", said, " Start it again with ", command, ", and this page goes on.");
}
on("end", () => drawLost("The demo has ended."));
source.onerror = () => $("lost") ?? drawLost("The demo doesn’t answer.");

// The visitor's input.
$("send").append(icon("send"));
$("attach-button").append(icon("plus"));
$("fail").prepend(icon("bolt"));
const ATTACHED = {
  photo: "Photo",
  sticker: "Sticker",
  voice: "Voice message",
  location: "Location",
  contact: "Contact",
  poll: "Poll",
  ask: "Inline query",
};
function menuItem(id, acts, ...words) {
  const choose = () => {
    $(id).hidePopover();
    acts();
    text.focus();
  };
  return button({}, choose, ...words);
}
for (const [kind, word] of Object.entries(ATTACHED)) {
  const query = () => (text.value = `@${bot().username} `);
  const acts = () => (kind === "ask" ? query() : send(kind));
  $("attach").append(menuItem("attach", acts, icon(kind), word));
}
$("page-button").addEventListener("click", () => openPage("menu", bot().menu[app.chat]));
$("fail").addEventListener("click", () => {
  $("fail").setAttribute("aria-expanded", $("fail").getAttribute("aria-expanded") !== "true");
  drawFaults();
});
$("bots").addEventListener("change", (event) => {
  closePage();
  app.bot = +event.target.value;
  app.selected = null;
  visit(app.chat);
  drawTimeline();
});
$("person").addEventListener("change", (event) => {
  app.person = sessionStorage.person = event.target.value;
  visit(app.state.people[app.chat] ? app.person : app.chat);
});
const text = $("text");
document.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const written = text.value;
  const { editing } = app;
  if (!written.trim()) return text.focus();
  const length = [...written].length;
  if (length > 4096) return tellProblem(`Telegram takes 4096 characters at most, not ${length}.`);
  const [, name, query] = written.match(/^@(\w+)(?:\s+([^]*))?$/) ?? [];
  const asked = botCalled(name);
  text.value = "";
  text.focus();
  if (editing) compose();
  const sends = () => {
    if (editing) return act("edit", { key: editing.key, text: written });
    if (asked) return act("ask", { chat: app.chat, text: query ?? "", bot: asked.id });
    return send("text", written);
  };
  if (!(await sends()) && !text.value) text.value = written;
});
text.addEventListener("input", () => tellProblem(""));

// The keyboard.
text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    document.querySelector("form").requestSubmit();
  } else if (event.key === "ArrowUp" && !text.value) {
    event.preventDefault();
    focusRow($("messages").lastElementChild);
  }
});
function focusRow(row) {
  row?.focus();
  const entry = app.state.entries[row?.dataset.key];
  if (!entry) return;
  app.pinned = true;
  if (entry.update_id !== null) select(entry.update_id);
  document.activeElement.scrollIntoView({ block: "nearest" });
}
$("messages").addEventListener("keydown", (event) => {
  const row = event.target.closest("[data-key]");
  const isBox = event.target === $("messages");
  if (!isBox && event.target !== row) return;
  if (event.key === "Enter" && row) {
    select(app.state.entries[row.dataset.key].update_id, true);
    return $("timeline").querySelector("summary")?.focus();
  }
  const next = { ArrowUp: row?.previousElementSibling, ArrowDown: row?.nextElementSibling };
  if (isBox) next.ArrowUp = $("messages").lastElementChild;
  if (!(event.key in next)) return;
  event.preventDefault();
  if (next[event.key]) focusRow(next[event.key]);
  else if (event.key === "ArrowDown") text.focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && isPageOpen()) {
    if (!document.querySelector("dialog[open]")) closePage();
  } else if (event.key === "Escape") {
    document.body.dataset.view = "chat";
    compose();
    text.focus();
  }
  if (event.altKey && "123".includes(event.key)) {
    event.preventDefault();
    visit($("chats").children[event.key - 1]?.dataset.name);
  }
});
countdown();
text.focus({ preventScroll: true });
