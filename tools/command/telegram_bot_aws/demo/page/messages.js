// The content of messages: a table of their kinds, text with its entities, and the keyboards below.

import { $, b, button, div, h, hidden, icon, p, small, span } from "./dom.js";
import { openPage } from "./mini_app.js";
import { act, app, bot, toast } from "./state.js";
import { json } from "./timeline.js";

// Text with its entities. JavaScript counts in UTF-16 units, as Telegram does.
function rich(text, entities = []) {
  const spans = entities.toSorted((a, b) => a.offset - b.offset || b.length - a.length);
  const part = (from, to, rest) => {
    const nodes = [];
    let at = from;
    rest.forEach((e, i) => {
      const end = e.offset + e.length;
      if (e.offset < at || end > to) return;
      const shown = part(e.offset, end, rest.slice(i + 1));
      nodes.push(text.slice(at, e.offset), styled(e, shown, text.slice(e.offset, end)));
      at = end;
    });
    return [...nodes, text.slice(at, to)];
  };
  return part(0, text.length, spans);
}
const LOOKS = {
  bold: "b",
  italic: "i",
  underline: "u",
  strikethrough: "s",
  code: "code",
  blockquote: "blockquote",
  expandable_blockquote: "blockquote",
};
const ADDRESSES = {
  url: (text) => (isLink(text) ? text : `https://${text}`),
  email: (text) => `mailto:${text}`,
  phone_number: (text) => `tel:${text.replace(/[^+\d]/g, "")}`,
};
const isLink = (address) => /^https?:\/\//i.test(address ?? "");
// A link. One to a bot's page leads to where the demo serves it.
function link(address, attributes, ...inside) {
  const known = app.state.bots.find((b) => b.page && address.startsWith(`${b.page_known_as}/app`));
  const href = known ? known.page + address.slice(known.page_known_as.length) : address;
  return h("a", { ...attributes, href, rel: "noreferrer", target: "_blank" }, ...inside);
}
// A part of a text as its type looks.
function styled(part, inside, text) {
  const { type } = part;
  if (type === "pre") return h("pre", { class: "code columns", tabindex: 0 }, inside);
  if (LOOKS[type]) return h(LOOKS[type], {}, inside);
  if (type === "spoiler") return hidden("spoiler", inside);
  if (type === "bot_command")
    return button({ class: "command", title: `Send ${text}` }, null, inside);
  const address = part.url ?? ADDRESSES[type]?.(text) ?? "";
  if (isLink(address) || /^(mailto|tel):/.test(address)) return link(address, {}, inside);
  return span("", inside);
}
// A rich message or draft: paragraphs, and rows of buttons.
const richBlocks = (blocks, entry) =>
  blocks.map(({ buttons, text }) =>
    buttons
      ? div(
          "keyboard",
          buttons.map((each) => pressable(each, entry, "block")),
        )
      : p("", text),
  );

// Files.
const SAMPLES = {
  lake: "Photo: a lake between mountains",
  robot: "Sticker: a robot that waves",
  map: "A map",
};
export const drawing = (name, look) =>
  h("img", { class: look, src: `${name}.svg`, alt: SAMPLES[name] });
const source = (file) => `file/${encodeURIComponent(file.file_id)}`;
const IN_BYTES = { style: "unit", unit: "byte", unitDisplay: "narrow", notation: "compact" };
const size = new Intl.NumberFormat("en", IN_BYTES);
const shows = (file, entry) => file.file_size && !entry.links[file.file_id];
// A file to download, or a link to one that was sent by its address: the page loads nothing from elsewhere.
function fileCard(file, word, entry) {
  const address = entry.links[file.file_id];
  const name = file.file_name ?? file.title ?? word;
  const seconds = file.duration ? `, ${file.duration} s` : "";
  const about = file.file_size ? `${word}, ${size.format(file.file_size)}` : `${word}${seconds}`;
  const inside = [
    span("disc", icon(address ? "link" : "file")),
    span("named", b(name), small(address ? `${word}, from ${address}` : about)),
  ];
  const href = address ?? (file.file_size ? source(file) : "");
  if (!href) return div("file", inside);
  const download = address ? null : name;
  return link(href, { class: "file", download }, inside);
}
function image(file, word, entry, look = "picture") {
  if (SAMPLES[file.file_id]) return drawing(file.file_id, look);
  if (!shows(file, entry)) return fileCard(file, word, entry);
  const { width, height } = file;
  return h("img", { class: look, src: source(file), alt: word, width, height });
}
function playable(tag, file, word, entry) {
  if (!shows(file, entry)) return fileCard(file, word, entry);
  const look = tag === "video" ? "picture" : "";
  return h(tag, { class: look, controls: true, src: source(file), "aria-label": word });
}

// What a message shows, by its kind: the first one that it has.
const KINDS = {
  text: (text, entry, message) => span("", rich(text, message.entities)),
  rich_message: ({ blocks }, entry) => richBlocks(blocks, entry),
  photo: (sizes, entry) => image(sizes.at(-1), "Photo", entry),
  sticker: (file, entry) =>
    file.is_animated || file.is_video
      ? fileCard(file, `Sticker ${file.emoji ?? ""}`, entry)
      : image(file, "Sticker", entry, "sticker"),
  voice: (file, entry) => playable("audio", file, "Voice message", entry),
  audio: (file, entry) => playable("audio", file, "Audio", entry),
  animation: (file, entry) =>
    /^image\//.test(file.mime_type)
      ? image(file, "Animation", entry)
      : playable("video", file, "Video", entry),
  video: (file, entry) => playable("video", file, "Video", entry),
  video_note: (file, entry) => playable("video", file, "Video", entry),
  document: (file, entry) => fileCard(file, "File", entry),
  venue: ({ title, address }) => mapOf(b(title), div("", address)),
  location: ({ latitude, longitude }) => mapOf(`${latitude}, ${longitude}`),
  contact: ({ first_name, last_name, phone_number }) => {
    const name = [first_name, last_name].filter(Boolean).join(" ");
    return div("file", span("disc", icon("contact")), span("named", b(name), small(phone_number)));
  },
  poll,
  dice: ({ emoji, value }) =>
    h("div", { class: "dice", role: "img", "aria-label": `${emoji} ${value}` }, span("", emoji), [
      small(`value ${value}`),
    ]),
  invoice: (invoice, entry) => {
    const pay = () => act("pay", { key: entry.key });
    const pays = button({ class: "option", "data-name": `pay ${entry.key}` }, pay, "Pay");
    const about = small(`Invoice: ${money(invoice)}`);
    return [b(invoice.title), div("", invoice.description), about, div("", pays)];
  },
  successful_payment: (payment) => b(`Paid ${money(payment)}`),
  refunded_payment: (payment) => b(`Got back ${money(payment)}`),
  web_app_data: ({ button_text, data }) => [
    b(`Data of “${button_text}”`),
    div("", h("code", {}, data)),
  ],
};
const mapOf = (...words) => [drawing("map", "picture"), div("caption", ...words)];
const money = ({ total_amount, currency }) =>
  currency === "XTR" ? `${total_amount} ⭐` : `${total_amount} ${currency} (smallest units)`;

function poll(about, entry) {
  const mine = entry.votes?.[app.state.people[app.person]?.id] ?? [];
  const { options, is_closed: closed, total_voter_count: voters } = about;
  const vote = (i) => {
    const others = about.allows_multiple_answers ? mine.filter((each) => each !== i) : [];
    act("vote", { key: entry.key, options: mine.includes(i) ? others : [...others, i] });
  };
  const option = (o, i) => {
    const share = voters ? Math.round((100 * o.voter_count) / voters) : 0;
    const inside = [
      span("mark", mine.includes(i) ? icon("check") : null),
      span("named", rich(o.text, o.text_entities)),
      voters ? `${share} %` : null,
    ];
    const look = { class: "option", "aria-pressed": String(mine.includes(i)) };
    const name = { "data-name": `vote ${entry.key} ${i}` };
    const isOpen = entry.side === "in" && !closed;
    const shown = isOpen ? button({ ...look, ...name }, () => vote(i), inside) : null;
    return h("li", {}, shown ?? div("option", inside));
  };
  const kind = `${about.is_anonymous ? "Anonymous" : "Public"} ${about.type === "quiz" ? "quiz" : "poll"}`;
  return div(
    "poll",
    b(rich(about.question, about.question_entities)),
    div("soft", kind, closed ? " · closed" : ""),
    h("ul", {}, options.map(option)),
    div("soft", voters ? `${voters} voted` : "No votes yet"),
  );
}
// What has no row above.
const card = (kind, value) => div("card-of", b(kind.replaceAll("_", " ")), json(value));

const COMMON = [
  ...["message_id", "date", "from", "chat", "message_thread_id", "is_topic_message"],
  ...["reply_to_message", "reply_markup", "link_preview_options", "edit_date", "media_group_id"],
];
const kindOfMessage = (message) =>
  Object.keys(KINDS).find((kind) => message[kind] !== undefined) ??
  Object.keys(message).find((key) => !COMMON.includes(key)) ??
  "message";

// Return what a message shows: its nodes, and the caption. `look` is of its bubble.
export function content(message, entry) {
  const kind = kindOfMessage(message);
  const draw = KINDS[kind];
  let nodes = [draw ? draw(message[kind], entry, message) : card(kind, message[kind] ?? {})].flat();
  const first = nodes[0];
  const isArt = first.matches?.(".picture, .sticker");
  if (message.has_media_spoiler) nodes = [hidden("veil", nodes)];
  const caption = message.caption
    ? div("caption", rich(message.caption, message.caption_entities))
    : null;
  const isBare = kind === "dice" || first.matches?.(".sticker");
  const look = [isArt && "art", isBare && "bare", kind === "rich_message" && "blocks"];
  return { nodes, caption, look: look.filter(Boolean).join(" ") };
}

// A message in a few words.
export function summary(message) {
  const text = message.text ?? message.caption ?? message.poll?.question;
  if (!text) return kindOfMessage(message).replaceAll("_", " ");
  return text.length > 70 ? `${text.slice(0, 70)}…` : text;
}

// The inline keyboard of a message.
export function inlineKeyboard(entry) {
  const rows = entry.message.reply_markup?.inline_keyboard;
  if (!rows || entry.deleted) return null;
  const row = (line, i) =>
    div(
      "",
      line.map((each) => pressable(each, entry, i)),
    );
  return div("keyboard", rows.map(row));
}
// A button of a keyboard, or in a rich message. `where` tells it from others with the same text.
function pressable(b, entry, where) {
  const address = b.url ?? b.login_url?.url;
  const text = b.text;
  const name = `button ${entry.key} ${where} ${JSON.stringify(b.text)}`;
  const about = { class: b.style, "data-name": name };
  if (b.disabled) return button({ ...about, disabled: true }, () => {}, text);
  if (isLink(address)) return link(address, { ...about, title: address }, text, icon("link"));
  if (b.web_app) return button(about, () => openPage("inline", b), text, icon("page"));
  if (b.callback_data !== undefined)
    return button(about, () => act("press", { key: entry.key, data: b.callback_data }), text);
  if (b.pay) return button(about, () => act("pay", { key: entry.key }), text);
  if (b.copy_text) {
    const copy = () => {
      navigator.clipboard?.writeText(b.copy_text.text);
      toast(`Copied: ${b.copy_text.text}`);
    };
    return button(about, copy, text, icon("copy"));
  }
  const query = b.switch_inline_query_current_chat ?? b.switch_inline_query;
  if (query === undefined)
    return button(about, () => toast("The demo doesn't support this kind of button."), text);
  const ask = () => {
    $("text").value = `@${bot(entry.bot).username} ${query}`;
    $("text").focus();
  };
  return button(about, ask, text, icon("ask"));
}
