// The chat, what the visitor does in it, and how Telegram fails. All content comes from the server.

import { $, button, clock, h, icon, milliseconds, ring } from "./dom.js";
import { output } from "./hops.js";
import { closePage, isPageOpen, openPage, pageChanged, reloadPage } from "./mini_app.js";
import { content, inlineKeyboard, personId, rich, richBlocks, robot, summary } from "./messages.js";
import { app, ask, bot, place, send, showProblem, tellProblem, total, verdict } from "./state.js";
import { drawHops } from "./timeline.js";

const EMOJI = ["👍", "❤", "🔥", "😁", "🎉", "👎"];

// The chat: one node per item, redrawn when it looks different.
const drawn = new Map();
function drawChat() {
  const box = $("messages");
  const atEnd = isAtEnd();
  const focused = document.activeElement?.dataset?.name;
  let grew = false,
    mine = false;
  const nodes = items().map((item) => {
    let known = drawn.get(item.key);
    if (known?.look !== item.look) {
      const node = item.draw();
      if (known?.node.isConnected) {
        const had = document.activeElement === known.node;
        known.node.replaceWith(node);
        if (had) node.focus();
      } else {
        node.classList.add("new");
        grew = true;
        mine ||= item.mine;
      }
      drawn.set(item.key, (known = { look: item.look, node }));
    }
    return known.node;
  });
  nodes.forEach((node, i) => {
    if (box.children[i] !== node) box.insertBefore(node, box.children[i] ?? null);
  });
  while (box.children.length > nodes.length) box.lastElementChild.remove();
  if (focused && document.activeElement === document.body)
    document.querySelector(`[data-name="${CSS.escape(focused)}"]`)?.focus();
  if (mine || atEnd) toEnd();
  else if (grew) $("newer").hidden = false;
  drawPin();
  showProblem();
}
// A reader of older messages stays there when the bot writes; the button leads to what is new.
function isAtEnd() {
  const box = $("messages");
  return box.scrollHeight - box.scrollTop - box.clientHeight < 80;
}
function toEnd() {
  $("messages").scrollTop = $("messages").scrollHeight;
  $("newer").hidden = true;
}
$("messages").addEventListener("scroll", () => {
  if (isAtEnd()) $("newer").hidden = true;
});
$("newer").addEventListener("click", toEnd);
function inThisChat() {
  const sees = (e) => !e.message?.receiver_user || e.message.receiver_user.id === personId();
  return app.state.entries.filter((e) => e.chat === app.chat && e.bot === app.bot && sees(e));
}
function items() {
  const shown = [];
  for (const entry of inThisChat()) {
    // an album is one item
    const last = shown.at(-1)?.at(-1),
      group = entry.message?.media_group_id;
    if (group && last?.message?.media_group_id === group) shown.at(-1).push(entry);
    else shown.push([entry]);
  }
  const found = shown.map((entries, i) => {
    const [entry] = entries,
      before = shown[i - 1]?.[0];
    const trace = app.state.traces[entry.update_id];
    const first = before?.side !== entry.side || before?.who !== entry.who;
    const look = JSON.stringify([
      entries,
      verdict(trace),
      trace?.tries.length,
      total(trace),
      entry.update_id === app.selected,
      first,
      app.person,
      bot().name,
    ]);
    return {
      key: entry.key,
      look,
      mine: entry.side === "out" || Boolean(entry.who),
      draw: () =>
        entry.side === "note" ? drawNote(entry, trace) : drawMessage(entries, trace, first),
    };
  });
  if (!found.length) found.push({ key: "empty", look: app.chat, draw: drawEmpty });
  const draft = app.state.drafts[place()];
  const action = actionAt(place());
  if (draft)
    found.push({ key: "draft", look: JSON.stringify(draft), draw: () => drawDraft(draft) });
  else if (action)
    found.push({
      key: "action",
      look: action,
      draw: () =>
        h(
          "div",
          { class: "row in first" },
          h(
            "div",
            { class: "bubble doing" },
            action,
            h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")),
          ),
        ),
    });
  for (const key of drawn.keys()) if (!found.some((item) => item.key === key)) drawn.delete(key);
  return found;
}
function drawEmpty() {
  const say = (word, act) => button({}, act, word);
  return h(
    "div",
    { class: "empty" },
    robot(),
    h("h2", {}, "Say something"),
    h("p", {}, "The bot answers here. Select a message to see what the machine did for it."),
    h(
      "div",
      {},
      say("hello", () => send("text", "hello")),
      say("/start", () => send("text", "/start")),
      say("a photo", () => send("photo")),
    ),
  );
}
function drawDraft(draft) {
  return h(
    "div",
    { class: "row in first" },
    h(
      "div",
      {
        class: `bubble draft${draft.rich_message ? " blocks" : ""}`,
        dir: "auto",
        "aria-label": "The bot writes",
      },
      draft.rich_message
        ? richBlocks(draft.rich_message.blocks, { key: "draft", links: {}, side: "in" })
        : [rich(draft.text, draft.entities), h("span", { class: "caret", "aria-hidden": "true" })],
    ),
    draft.can_stop
      ? h(
          "div",
          { class: "keyboard" },
          h(
            "div",
            {},
            button(
              { "data-name": "stop" },
              () => {
                app.pinned = false;
                ask("stop", { chat: app.chat, bot: app.bot });
              },
              "Stop",
            ),
          ),
        )
      : null,
  );
}
const isSelected = (entry) =>
  entry.update_id !== null && entry.update_id === app.selected ? " selected" : "";
const pick = (entry) => () => app.select(entry.update_id, true);
const waiting = (result) => [
  ring(result.from, result.until),
  h("span", { "data-until": result.until, "data-from": result.from }),
];

function drawMessage(entries, trace, first) {
  const [entry] = entries,
    { message, side } = entry;
  const result = verdict(trace);
  const c = content(message, entry);
  const album =
    entries.length > 1
      ? h(
          "div",
          { class: "album" },
          entries.map((e) => content(e.message, e).nodes[0]),
        )
      : null;
  const captions = album ? entries.map((e) => content(e.message, e).nodes[1]) : null;
  let status = null;
  if (side === "out") {
    if (result.until)
      status = h("span", { class: "wait", title: "Telegram redelivers it" }, waiting(result));
    else if (result.busy || result.word === "waiting") status = icon("clock", "spin");
    else if (result.word === "no answer") status = result.word;
    else if (result.tone === "bad" || result.word === "not asked for")
      status = h("span", { class: "bad" }, icon("bad"), result.word);
    else if (trace)
      status = [
        h("span", { title: "from sending to answer" }, milliseconds(total(trace))),
        trace.tries.length > 1 ? h("span", {}, `· ${trace.tries.length} attempts`) : null,
        icon("check"),
      ];
  }
  const named =
    first && message.chat.type !== "private"
      ? h("div", { class: "from", dir: "auto" }, message.from.first_name)
      : null;
  const event =
    side === "in" && String(entry.update_id).startsWith("event")
      ? h("div", { class: "from", dir: "auto" }, "Sent for an event")
      : null;
  const personal = message.receiver_user
    ? h("div", { class: "from", dir: "auto" }, "Only you see this")
    : null;
  const via = message.via_bot
    ? h("div", { class: "from", dir: "auto" }, `via @${message.via_bot.username}`)
    : null;
  const origin = message.forward_origin
    ? h(
        "div",
        { class: "from", dir: "auto" },
        `Forwarded from ${message.forward_origin.sender_user?.first_name ?? message.forward_origin.chat?.title ?? message.forward_origin.type}`,
      )
    : null;
  const reply = message.reply_to_message
    ? h(
        "div",
        { class: "reply", dir: "auto" },
        h("b", {}, message.reply_to_message.from?.first_name ?? ""),
        " ",
        message.quote?.text ?? summary(message.reply_to_message),
      )
    : null;
  const tally = {};
  for (const emoji of Object.values(entry.reactions ?? {}).flat())
    tally[emoji] = (tally[emoji] ?? 0) + 1;
  const reactions = Object.keys(tally).length
    ? h(
        "div",
        { class: "reactions" },
        Object.entries(tally).map(([emoji, n]) => h("span", {}, emoji, n > 1 ? ` ${n}` : "")),
      )
    : null;
  const marks = [
    entry.pinned
      ? h("span", { title: "pinned" }, icon("pin"), h("span", { class: "hidden-text" }, "pinned"))
      : null,
    message.edit_date ? "edited" : null,
  ];
  const meta = h(
    "div",
    { class: "meta", dir: "ltr" },
    marks,
    status,
    h("time", {}, clock(message.date)),
    entry.update_id !== null
      ? h("span", { class: "invite", "aria-hidden": "true" }, "details")
      : null,
  );
  const keyboard = inlineKeyboard(entry);
  const look = `bubble${message.rich_message ? " blocks" : ""}${c.art ? " art" : ""}${c.bare ? " bare" : ""}${keyboard ? " keys" : ""}`;
  const bubble = entry.deleted
    ? h(
        "div",
        { class: "bubble deleted", dir: "auto", onclick: pick(entry) },
        h("s", {}, summary(message)),
        h("div", { class: "meta" }, "deleted", h("time", {}, clock(message.date))),
      )
    : h(
        "div",
        { class: look, dir: "auto", onclick: pick(entry) },
        named,
        event,
        personal,
        origin,
        via,
        reply,
        album ?? c.nodes,
        captions,
        reactions,
        meta,
      );
  return h(
    "div",
    {
      class: `row ${side}${isSelected(entry)}${first ? " first" : ""}`,
      tabindex: -1,
      "data-key": entry.key,
      role: "article",
      "aria-label": `${side === "out" ? entry.who : bot(entry.bot).name}: ${summary(message)}`,
    },
    h("div", { class: "line" }, bubble, entry.deleted ? null : tools(entry)),
    keyboard,
    result.why && side === "out" ? h("p", { class: "why " + result.tone }, result.why) : null,
    (entry.hints ?? []).map((hint) => h("p", { class: "why warn" }, hint)),
  );
}
function tools(entry) {
  const tool = (look, word, act, more = {}) =>
    button(
      {
        class: "tool",
        tabindex: -1,
        "aria-label": word,
        title: word,
        "data-name": `${word} ${entry.key}`,
        ...more,
      },
      act,
      icon(look),
    );
  const react = (event) => {
    const shown = event.currentTarget.parentNode.querySelector(".emoji");
    event.currentTarget.setAttribute("aria-expanded", !shown);
    if (shown) return shown.remove();
    event.currentTarget.after(
      h(
        "span",
        { class: "emoji" },
        EMOJI.map((emoji) =>
          button(
            { "aria-label": `React with ${emoji}` },
            () => {
              app.pinned = false;
              ask("react", { key: entry.key, emoji, person: app.person });
            },
            emoji,
          ),
        ),
      ),
    );
  };
  const own = entry.side === "out" && entry.message.text !== undefined && !entry.message.via_bot;
  return h(
    "div",
    { class: "tools", role: "toolbar", "aria-label": "Tools" },
    tool("reply", "Reply", () => reply(entry)),
    own ? tool("edit", "Edit", () => edit(entry)) : null,
    tool("smile", "React", react, { "aria-expanded": "false" }),
  );
}
function drawNote(entry, trace) {
  const result = verdict(trace);
  const name = bot(entry.bot).name;
  const who = entry.who ?? "";
  const b = (text) => h("b", {}, text);
  if (entry.kind === "call") return drawCard(entry);
  const words = {
    press: () => [`${who} tapped `, b(entry.label)],
    page: () => [`${who} opened the page by `, b(entry.label)],
    edit: () => `${who} edited a message`,
    reaction: () =>
      entry.emoji.length
        ? `${who} reacted ${entry.emoji.join(" ")}`
        : `${who} took a reaction back`,
    ask: () => [`${who} asked @${bot(entry.bot).username}: `, b(entry.query || "(nothing)")],
    chosen_inline_result: () => `${who} sent a result`,
    poll_answer: () => `${who} voted`,
    poll: () => "The poll has a new count",
    chat: () =>
      entry.title
        ? [`${name} named this chat `, b(entry.title)]
        : entry.photo
          ? `${name} ${entry.photo.length ? "set" : "removed"} the photo of this chat`
          : [`${name} described this chat: `, entry.description],
    member: () => [`${name} changed ${entry.member.user.first_name}: `, b(entry.member.status)],
    left: () => `${name} left`,
    stop: () => `${who} stopped the answer`,
    subscription: () => [`${who}’s subscription is `, b(entry.state)],
    widget: () => ["The widget asked: ", b(entry.query)],
  };
  let end =
    entry.update_id === null ||
    entry.kind === "page" ||
    (result.word === "answered" && !result.until)
      ? null
      : result.busy
        ? " …"
        : result.until
          ? [" – redelivered in ", h("b", { "data-until": result.until, "data-from": result.from })]
          : ` – ${result.word}${result.why ? `: ${result.why}` : ""}`;
  if (entry.answer)
    end = entry.answer.text
      ? [" – “", b(entry.answer.text), "”"]
      : entry.answer.url
        ? ` – opens ${entry.answer.url}`
        : " – answered without a word";
  if (entry.widget_answer)
    end = entry.widget_answer.data
      ? [" – “", b(entry.widget_answer.data), "”"]
      : " – answered without data";
  return h(
    "div",
    {
      class: "service" + isSelected(entry),
      dir: "auto",
      tabindex: -1,
      "data-key": entry.key,
      onclick: pick(entry),
    },
    words[entry.kind]?.() ?? entry.kind,
    end,
    entry.results ? drawResults(entry) : null,
    (entry.hints ?? []).map((hint) => h("p", { class: "why warn" }, hint)),
  );
}
function drawResults(entry) {
  const one = (r) =>
    button(
      { "data-name": `result ${entry.key} ${r.id}` },
      () => {
        app.pinned = false;
        ask("choose", { key: entry.key, result: r.id, person: app.person });
      },
      h("b", {}, r.title ?? r.caption ?? r.phone_number ?? r.type),
      h("small", {}, r.description ?? r.type),
    );
  return h(
    "div",
    { class: "results", role: "group", "aria-label": "Results" },
    entry.results.results.map(one),
    entry.results.results.length ? null : "No results",
  );
}
function drawCard(entry) {
  const { call } = entry,
    ok = call.status === 200;
  const params = Object.entries(call.params).map(([name, value]) =>
    h(
      "div",
      {},
      h("dt", {}, name),
      h("dd", {}, typeof value === "string" ? value : JSON.stringify(value)),
    ),
  );
  return h(
    "div",
    {
      class: "called" + (ok ? "" : " failed") + isSelected(entry),
      tabindex: -1,
      "data-key": entry.key,
      onclick: pick(entry),
    },
    h(
      "div",
      { class: "top" },
      h("b", {}, call.method),
      h("span", { class: "pill " + (ok ? "good" : "bad") }, ok ? "called" : `${call.status}`),
    ),
    ok ? null : h("p", { class: "why bad" }, call.answer.description),
    call.hints.map((hint) => h("p", { class: "why warn" }, hint)),
    params.length ? h("dl", {}, params) : null,
  );
}
function drawPin() {
  const pinned = inThisChat()
    .filter((e) => e.pinned && !e.deleted)
    .sort((a, b) => a.pinned - b.pinned)
    .at(-1);
  const node = pinned
    ? button(
        { class: "pinned", id: "pinned" },
        () =>
          document.querySelector(`[data-key="${pinned.key}"]`)?.scrollIntoView({ block: "center" }),
        icon("pin"),
        h("span", {}, summary(pinned.message)),
      )
    : null;
  $("pinned")?.remove();
  if (node) $("banner").before(node);
}

// The bot's chat action, for as long as Telegram shows it.
const ACTIONS = {
  typing: "typing",
  upload_photo: "sending a photo",
  record_video: "recording a video",
  upload_video: "sending a video",
  record_voice: "recording a voice message",
  upload_voice: "sending a voice message",
  upload_document: "sending a file",
  choose_sticker: "choosing a sticker",
  find_location: "looking for a place",
  record_video_note: "recording a video message",
  upload_video_note: "sending a video message",
};
function actionAt(where) {
  const shown = app.state.actions[where];
  const left = (shown?.until ?? 0) * 1000 - Date.now();
  if (left <= 0) return null;
  clearTimeout(actionAt.timer);
  actionAt.timer = setTimeout(drawChat, left);
  return ACTIONS[shown.action] ?? shown.action;
}

// Above the chat.
function drawHead() {
  const { state } = app,
    known = state.chats[app.chat],
    me = bot();
  if (!known) return;
  const title = known.title || me.name;
  document.title = `${me.name} · bot demo`;
  $("bot-username").textContent = `@${me.username}`;
  $("bots").hidden = state.bots.length < 2;
  $("bots").replaceChildren(
    ...state.bots.map((b) => h("option", { value: b.id, selected: b.id === app.bot }, b.name)),
  );
  $("title").textContent = title;
  $("where").textContent = $("where").title = known.about;
  $("avatar").textContent = title[0];
  $("avatar").className = "avatar " + app.chat;
  const tabs = Object.entries(state.chats).filter(
    ([key]) => !state.people[key] || key === app.person,
  );
  $("chats").replaceChildren(
    ...tabs.map(([key, { tab }]) =>
      h(
        "button",
        {
          type: "button",
          role: "tab",
          "data-chat": key,
          "aria-selected": String(key === app.chat),
          tabindex: key === app.chat ? 0 : -1,
          onclick: () => visit(key),
        },
        tab,
      ),
    ),
  );
  $("person").replaceChildren(
    ...Object.entries(state.people).map(([key, { name }]) =>
      h("option", { value: key, selected: key === app.person }, name),
    ),
  );
  $("member").hidden = Boolean(state.people[app.chat]);
  $("admin").value = Number(state.admin);
  $("about").textContent =
    state.deployment === "aws"
      ? `On an emulated AWS at ${state.emulator}`
      : "In a process on this machine, without AWS";
  const offered = me.commands[app.chat] ?? [];
  const menuButton = me.menu[app.chat]; // it replaces the button for commands
  $("page-button").hidden = !menuButton;
  $("page-button").replaceChildren(icon("page"), menuButton?.text ?? "");
  $("commands-button").hidden = !offered.length || Boolean(menuButton);
  $("commands").replaceChildren(
    ...offered.map((c) =>
      h(
        "button",
        {
          type: "button",
          role: "menuitem",
          onclick: () => {
            menu("commands", false);
            send("text", `/${c.command}`);
          },
        },
        h("b", {}, `/${c.command}`),
        h("span", {}, c.description),
      ),
    ),
  );
  drawKeyboard();
}
app.visit = visit;
function visit(key) {
  if (!app.state.chats[key]) return;
  closePage();
  app.chat = sessionStorage.chat = key;
  if (app.state.people[key]) app.person = sessionStorage.person = key;
  edit(null);
  drawn.clear();
  $("messages").replaceChildren();
  drawHead();
  drawChat();
  toEnd();
}
app.drawHops = drawHops;
app.select = (id, byHand) => {
  if (byHand) {
    app.pinned = true;
    document.body.dataset.view = "hops";
  }
  if (app.selected === id) return;
  app.selected = id;
  $("hops").scrollTop = 0;
  drawChat();
  drawHops();
};

// The bot's keyboard, and what the input replies to or edits.
app.drawContext = drawKeyboard;
function drawKeyboard() {
  const keyboard = app.state.keyboards[place()];
  const rows = keyboard?.keyboard ?? [];
  const tap = (b) =>
    b.web_app
      ? openPage("keyboard", b)
      : b.request_contact
        ? send("contact")
        : b.request_location
          ? send("location")
          : b.request_poll
            ? send("poll")
            : send("text", b.text);
  const one = (b) => {
    const played = typeof b === "string" || !(b.request_users || b.request_chat);
    const known = typeof b === "string" ? { text: b } : b;
    return button(
      { class: known.style },
      () => (played ? tap(known) : toast("The demo doesn't support this kind of button.")),
      known.text,
    );
  };
  $("keyboard").hidden = !rows.length;
  $("keyboard").replaceChildren(...rows.map((row) => h("div", {}, row.map(one))));
  $("text").placeholder = keyboard?.input_field_placeholder ?? "Write a message…";
  const replied =
    app.replying ??
    (keyboard?.force_reply
      ? app.state.entries.find((e) => e.message?.message_id === keyboard.message_id)
      : null);
  const about = app.editing
    ? ["Edit: ", summary(app.editing.message)]
    : replied
      ? ["Reply to: ", summary(replied.message)]
      : null;
  $("context").hidden = !about;
  $("context").replaceChildren(
    ...(about
      ? [
          h("b", {}, about[0]),
          h("span", { dir: "auto" }, about[1]),
          app.editing || app.replying
            ? button(
                { class: "tool", "aria-label": app.editing ? "Don't edit" : "Don't reply" },
                () => {
                  edit(null);
                  text.focus();
                },
                icon("close"),
              )
            : "",
        ]
      : []),
  );
}
function edit(entry) {
  if (app.editing || entry) $("text").value = entry ? entry.message.text : "";
  app.editing = entry;
  app.replying = null;
  drawKeyboard();
  if (entry) $("text").focus();
}
function reply(entry) {
  edit(null);
  app.replying = entry;
  drawKeyboard();
  $("text").focus();
}

// How Telegram fails, as a sentence with choices.
const FAULTS = {
  429: [
    "asks the bot to slow down (429)",
    "It says for how long: 3 s. The function passes that on, and Telegram waits that long.",
  ],
  500: [
    "has an error of its own (500)",
    "The function reports a failure, and Telegram redelivers the update.",
  ],
  403: ["says the user blocked the bot (403)", "A retry wouldn't help, so the update is done."],
  silence: [
    "never answers",
    "The function gives up in time, reports a failure, and Telegram redelivers the update.",
  ],
  lost: [
    "loses its answer",
    "It carries out the call, but the function doesn't learn that: the same answer comes once for each attempt.",
  ],
};
let wish = { kind: "429", count: 1 };
const fails = (how) => ask("fail", how, "#faults [data-name=start]");
function drawFaults() {
  const on = app.state.fault.kind;
  $("faults").hidden = !on && $("fail").getAttribute("aria-expanded") !== "true";
  if ($("faults").hidden) return;
  if (on) wish.kind = on;
  const times = (n) => (n === 1 ? "the next call" : `the next ${n} calls`);
  const change = () => {
    if (on) fails(wish);
    else drawFaults();
  };
  const what = h(
    "select",
    {
      "aria-label": "What Telegram does",
      "data-name": "fault",
      onchange: (event) => {
        wish.kind = event.target.value;
        change();
      },
    },
    Object.entries(FAULTS).map(([kind, [word]]) =>
      h("option", { value: kind, selected: kind === wish.kind }, word),
    ),
  );
  const often = h(
    "select",
    {
      "aria-label": "How many calls fail",
      "data-name": "often",
      onchange: (event) => {
        wish.count = +event.target.value;
        change();
      },
    },
    [1, 2, 3, 5].map((n) => h("option", { value: n, selected: n === wish.count }, times(n))),
  );
  const name = document.activeElement?.dataset?.name;
  const left = h("span", { class: "pill warn", id: "left" }, `${app.state.fault.left} to go`);
  const stop = button(
    { class: "action", "data-name": "start" },
    () => fails({ kind: "", count: 1 }),
    "Stop",
  );
  const start = button({ class: "action main", "data-name": "start" }, () => fails(wish), "Start");
  $("faults").replaceChildren(
    h("p", {}, "Telegram ", what, " for ", often, "."),
    ...(on ? [left, stop] : [start]),
    h("p", { class: "about" }, FAULTS[wish.kind][1]),
  );
  if (name) document.querySelector(`[data-name="${CSS.escape(name)}"]`)?.focus();
}

// The banner after a change of the bot's code.
function drawBanner(fresh) {
  const last = app.state.setup.reloads.at(-1);
  if (last?.error)
    $("banner").replaceChildren(
      h(
        "div",
        { class: "banner bad", id: "broken" },
        icon("bad"),
        h(
          "div",
          {},
          h("b", {}, `${last.files.join(", ")}: this change doesn't work.`),
          last.is_live
            ? " It is live, but not registered."
            : " Until it does, the bot answers as it did before.",
          output(last.error, "The error", true),
        ),
      ),
    );
  else if (last && fresh) {
    $("banner").replaceChildren(
      h(
        "div",
        { class: "banner", id: "reloaded" },
        icon("check"),
        h(
          "div",
          {},
          h("b", {}, last.files.join(", ")),
          ` reloaded in ${Math.round(last.milliseconds)} ms`,
        ),
      ),
    );
    clearTimeout(drawBanner.timer);
    drawBanner.timer = setTimeout(() => {
      if (!app.state.setup.reloads.at(-1)?.error) $("banner").replaceChildren();
    }, 6000);
  } else if (!last?.error && !fresh) $("banner").replaceChildren();
}
app.toast = toast;
function toast(text) {
  $("toast").textContent = text;
  $("toast").classList.add("shown");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => $("toast").classList.remove("shown"), 3200);
}
// A text that a person has to confirm.
function alertWith(text) {
  const box = h(
    "dialog",
    { class: "page-popup", "aria-label": bot().name, onclose: () => box.remove() },
    h("p", { dir: "auto" }, text),
    h(
      "div",
      {},
      button({}, () => box.close(), "OK"),
    ),
  );
  document.body.append(box);
  box.showModal();
}
function live(word, tone) {
  $("live").textContent = word;
  $("live").className = "pill " + tone;
}
function countdown() {
  const now = Date.now() / 1000;
  const counting = document.querySelectorAll("[data-until]");
  for (const node of counting) {
    const left = Math.max(0, node.dataset.until - now);
    if (node.tagName === "circle")
      node.setAttribute(
        "stroke-dashoffset",
        75.4 * (1 - left / Math.max(0.01, node.dataset.until - node.dataset.from)),
      );
    else node.textContent = `${left.toFixed(1)} s`;
  }
  if (counting.length) requestAnimationFrame(countdown);
  else setTimeout(countdown, 100); // a frame costs CPU
}

// The server's events.
const source = new EventSource("events");
const on = (kind, take) => source.addEventListener(kind, (event) => take(JSON.parse(event.data)));
on("snapshot", (data) => {
  app.state = data;
  drawn.clear();
  $("messages").replaceChildren();
  if (!data.chats[app.chat]) app.chat = "ada";
  if (!data.bots.some((b) => b.id === app.bot)) app.bot = data.bots[0].id;
  if (!data.traces[app.selected] && !data.launches[app.selected]) app.selected = null; // of an earlier demo
  if (app.selected === null && !app.pinned)
    app.selected =
      inThisChat()
        .filter((e) => e.update_id !== null)
        .at(-1)?.update_id ?? null;
  clearTimeout(lost);
  tellProblem("");
  live("live", "good");
  drawHead();
  drawFaults();
  drawChat();
  drawHops();
  drawBanner(false);
  for (const node of document.querySelectorAll(".new")) node.classList.remove("new");
  toEnd();
});
on("entry", (entry) => {
  const known = app.state.entries[entry.key];
  app.state.entries[entry.key] = entry;
  if (entry.answer?.text && !known?.answer)
    (entry.answer.show_alert ? alertWith : toast)(entry.answer.text);
  if (!known && entry.who && !app.pinned) app.selected = entry.update_id;
  drawChat();
  drawHops();
});
on("trace", (trace) => {
  app.state.traces[trace.update.update_id] = trace;
  drawChat();
  if (trace.update.update_id !== app.selected) return;
  drawHops();
  if (!app.pinned && (trace.tries.length > 1 || trace.tries[0]?.retry_at))
    $("hops").scrollTop = $("hops").scrollHeight;
});
on("page", (launch) => {
  app.state.launches[launch.id] = launch;
  pageChanged(launch);
  if (launch.how === "link" && !app.pinned) {
    app.selected = launch.id;
    drawChat();
  }
  drawHops();
});
on("request", ({ launch, request }) => {
  app.state.launches[launch].requests[request.number] = request;
  if (launch !== app.selected) return;
  drawHops();
  if (!app.pinned) $("hops").scrollTop = $("hops").scrollHeight;
});
on("fault", (fault) => {
  app.state.fault = fault;
  drawFaults();
});
on("admin", (admin) => {
  app.state.admin = admin;
  drawHead();
});
on("bots", (bots) => {
  app.state.bots = bots;
  drawHead();
  drawChat();
});
on("chats", (chats) => {
  app.state.chats = chats;
  drawHead();
});
on("keyboards", (keyboards) => {
  app.state.keyboards = keyboards;
  drawKeyboard();
});
on("draft", ({ place, draft }) => {
  if (draft) app.state.drafts[place] = draft;
  else delete app.state.drafts[place];
  drawChat();
});
on("actions", (actions) => {
  app.state.actions = actions;
  drawChat();
});
on("setup", (setup) => {
  const fresh = setup.reloads.length > app.state.setup.reloads.length;
  app.state.setup = setup;
  if (fresh) {
    drawBanner(true);
    if (setup.reloads.at(-1).files.some((name) => name.startsWith("app/"))) reloadPage();
  }
  drawHops();
});
// Without the demo: the browser tries again every few seconds, so the page goes on where --port brings the demo back.
const LOST_AFTER = 3000; // milliseconds
let lost = null;
const drawLost = (said) => {
  live("ended", "bad");
  $("banner").replaceChildren(
    h(
      "div",
      { class: "banner bad", id: "lost" },
      icon("bad"),
      h(
        "div",
        {},
        said,
        " Start it with ",
        h("code", {}, `${app.state.setup.command} --port ${location.port}`),
        ", and this page goes on.",
      ),
    ),
  );
};
on("end", () => drawLost("The demo has ended."));
source.onerror = () => {
  if ($("lost")) return;
  live("connecting", "warn");
  clearTimeout(lost);
  lost = setTimeout(drawLost, LOST_AFTER, "The demo doesn’t answer.");
};

// The visitor's input.
$("send").append(icon("send"));
$("attach-button").append(icon("plus"));
$("fail").prepend(
  icon("bolt"),
  h("span", { class: "word", "aria-hidden": "true" }, "Make Telegram fail"),
);
for (const [kind, word] of [
  ["photo", "Photo"],
  ["album", "Album"],
  ["forwarded", "Forwarded messages"],
  ["sticker", "Sticker"],
  ["voice", "Voice message"],
  ["location", "Location"],
  ["contact", "Contact"],
  ["poll", "Poll"],
  ["start", "/start"],
  ["ask", "Inline query"],
  ["subscribe", "Subscription"],
]) {
  $("attach").append(
    h(
      "button",
      {
        type: "button",
        role: "menuitem",
        "data-kind": kind,
        onclick: () => {
          menu("attach", false);
          if (kind === "ask") {
            text.value = `@${bot().username} `;
            text.focus();
          } else if (kind === "start") send("text", "/start");
          else if (kind === "subscribe") {
            app.pinned = false;
            ask("subscribe", { chat: app.chat, person: app.person, bot: app.bot });
          } else send(kind);
        },
      },
      icon(kind),
      word,
    ),
  );
}
function menu(id, shown) {
  $(id).hidden = !shown;
  $(`${id}-button`).setAttribute("aria-expanded", shown);
  if (shown) $(id).firstElementChild.focus();
  else $("text").focus({ preventScroll: true });
}
for (const id of ["attach", "commands"]) {
  $(`${id}-button`).addEventListener("click", () => {
    $(id === "attach" ? "commands" : "attach").hidden = true;
    menu(id, $(id).hidden);
  });
  $(id).addEventListener("keydown", (event) => {
    const all = [...$(id).children],
      i = all.indexOf(document.activeElement);
    if (event.key === "ArrowDown") all[(i + 1) % all.length].focus();
    else if (event.key === "ArrowUp") all[(i + all.length - 1) % all.length].focus();
    else if (event.key === "Escape") menu(id, false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  document.addEventListener("click", (event) => {
    if (!$(id).hidden && !$("composer").contains(event.target)) menu(id, false);
  });
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
  drawHops();
});
$("admin").addEventListener("change", (event) =>
  ask("admin", { is_one: Number(event.target.value) }),
);
$("person").addEventListener("change", (event) => {
  app.person = sessionStorage.person = event.target.value;
  visit(app.state.people[app.chat] ? app.person : app.chat);
});
const text = $("text");
document.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const written = text.value,
    { editing } = app;
  if (!written.trim()) return text.focus();
  const length = [...written].length;
  if (length > 4096) return tellProblem(`Telegram takes 4096 characters at most, not ${length}.`);
  const query = written.match(/^@(\w+)(?:\s+([^]*))?$/);
  const inline =
    query && app.state.bots.find((b) => b.username.toLowerCase() === query[1].toLowerCase());
  text.value = "";
  text.focus();
  suggest();
  if (editing) edit(null);
  app.pinned = false;
  const done = await (editing
    ? ask("edit", { key: editing.key, text: written })
    : inline
      ? ask("ask", { chat: app.chat, text: query[2] ?? "", person: app.person, bot: inline.id })
      : send("text", written));
  if (!done && !text.value) text.value = written;
});
text.addEventListener("keydown", (event) => {
  if (!$("suggestions").hidden && chooseBy(event)) event.preventDefault();
  else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    document.querySelector("form").requestSubmit();
  } else if (event.key === "ArrowUp" && !text.value) {
    event.preventDefault();
    $("messages").lastElementChild?.focus();
    pickFocused();
  }
});
text.addEventListener("input", () => {
  if (!app.problem.at) tellProblem("");
  suggest();
});
text.addEventListener("blur", () =>
  setTimeout(() => {
    if (document.activeElement !== text) $("suggestions").hidden = true;
  }),
);

// The commands that begin as what is written. The arrow keys choose one, Tab completes it.
function suggest() {
  const found =
    /^\/\w*$/.test(text.value) && !app.editing
      ? (bot().commands[app.chat] ?? []).filter((c) => `/${c.command}`.startsWith(text.value))
      : [];
  const take = (command) => {
    text.value = "";
    suggest();
    send("text", command);
  };
  $("suggestions").hidden = !found.length;
  $("suggestions").replaceChildren(
    ...found.map((c, i) =>
      h(
        "div",
        {
          role: "option",
          id: `suggestion-${i}`,
          "aria-selected": "false",
          "data-command": `/${c.command}`,
          onmousedown: (event) => event.preventDefault(),
          onclick: () => take(`/${c.command}`),
        },
        h("b", {}, `/${c.command}`),
        h("span", {}, c.description),
      ),
    ),
  );
  text.removeAttribute("aria-activedescendant");
}
function chooseBy(event) {
  const all = [...$("suggestions").children],
    chosen = all.findIndex((o) => o.ariaSelected === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    const next =
      chosen < 0 ? (step > 0 ? 0 : all.length - 1) : (chosen + step + all.length) % all.length;
    all.forEach((option, i) => {
      option.ariaSelected = String(i === next);
    });
    all[next].scrollIntoView({ block: "nearest" });
    text.setAttribute("aria-activedescendant", all[next].id);
  } else if (event.key === "Tab" && !event.shiftKey) {
    text.value = `${all[Math.max(chosen, 0)].dataset.command} `;
    suggest();
  } else if (event.key === "Enter" && chosen >= 0) all[chosen].click();
  else if (event.key === "Escape") {
    $("suggestions").hidden = true;
    event.stopPropagation();
  } else return false;
  return true;
}
function pickFocused() {
  const entry = app.state.entries[document.activeElement?.dataset?.key];
  if (!entry) return;
  app.pinned = true;
  if (entry.update_id !== null && entry.update_id !== app.selected) {
    app.selected = entry.update_id;
    $("hops").scrollTop = 0;
    drawChat();
    drawHops();
  }
  document.activeElement.scrollIntoView({ block: "nearest" });
}
$("messages").addEventListener("keydown", (event) => {
  const row = event.target.closest("[data-key]"),
    tools = [...(row?.querySelectorAll(".tools > .tool") ?? [])];
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key],
    at = tools.indexOf(event.target);
  if (step && tools.length && (at >= 0 || event.target === row)) {
    event.preventDefault();
    return (tools[at + step] ?? (step < 0 ? row : tools[at])).focus();
  }
  if (event.target === $("messages") && event.key === "ArrowUp") {
    event.preventDefault();
    $("messages").lastElementChild.focus();
    return pickFocused();
  }
  if (!row || event.target !== row) return;
  const to = {
    ArrowUp: row.previousElementSibling,
    ArrowDown: row.nextElementSibling,
    Home: $("messages").firstElementChild,
    End: $("messages").lastElementChild,
  }[event.key];
  if (to) {
    event.preventDefault();
    to.focus();
    pickFocused();
  } else if (event.key === "Enter") {
    app.select(app.state.entries[row.dataset.key].update_id, true);
    $("hops").querySelector("summary")?.focus();
  } else if (event.key === "ArrowDown") {
    event.preventDefault();
    text.focus();
  }
});
$("chats").addEventListener("keydown", (event) => {
  const keys = [...$("chats").children].map((tab) => tab.dataset.chat),
    step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  visit(keys[(keys.indexOf(app.chat) + step + keys.length) % keys.length]);
  $("chats").querySelector("[aria-selected=true]").focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && isPageOpen()) {
    if (!document.querySelector("dialog[open]")) $("page-close").click();
  } else if (event.key === "Escape") {
    document.body.dataset.view = "chat";
    edit(null);
    text.focus();
  }
  if (event.altKey && "123".includes(event.key)) {
    event.preventDefault();
    visit($("chats").children[event.key - 1]?.dataset.chat);
  }
});
countdown();
text.focus({ preventScroll: true });
