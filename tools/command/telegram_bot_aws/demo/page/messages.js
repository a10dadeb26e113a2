// The content of messages: text with its entities, files, polls, and the keyboard below.

import { $, button, h, icon } from "./dom.js";
import { isLink, link } from "./links.js";
import { openPage } from "./mini_app.js";
import { app, ask, bot, send } from "./state.js";

// Text with its entities. JavaScript counts in UTF-16 units, as Telegram does.
export function rich(text, entities = []) {
  const spans = entities
    .filter((e) => e.length > 0)
    .sort((a, b) => a.offset - b.offset || b.length - a.length);
  const part = (from, to, rest) => {
    const nodes = [];
    let at = from;
    while (rest.length) {
      const e = rest.shift();
      const end = e.offset + e.length;
      if (e.offset < at || end > to) continue;
      const inside = [];
      while (rest.length && rest[0].offset < end) inside.push(rest.shift());
      nodes.push(
        text.slice(at, e.offset),
        entity(e, part(e.offset, end, inside), text.slice(e.offset, end)),
      );
      at = end;
    }
    return [...nodes, text.slice(at, to)];
  };
  return part(0, text.length, spans);
}
const TAGS = {
  bold: "b",
  italic: "i",
  underline: "u",
  strikethrough: "s",
  code: "code",
  blockquote: "blockquote",
  expandable_blockquote: "blockquote",
};
function entity(e, inside, text) {
  if (TAGS[e.type]) return h(TAGS[e.type], {}, inside);
  if (e.type === "pre") return h("pre", { tabindex: 0, "data-language": e.language }, inside);
  if (e.type === "spoiler")
    return button(
      { class: "spoiler", title: "Show" },
      (event) => event.currentTarget.classList.add("shown"),
      inside,
    );
  if (e.type === "bot_command")
    return button({ class: "command", title: `Send ${text}` }, () => send("text", text), inside);
  const address =
    e.type === "url"
      ? isLink(text)
        ? text
        : `https://${text}`
      : e.type === "email"
        ? `mailto:${text}`
        : e.type === "phone_number"
          ? `tel:${text.replace(/[^+\d]/g, "")}`
          : e.url;
  if (isLink(address) || /^(mailto|tel):/.test(address ?? "")) return link(address, {}, inside);
  return h("span", { class: e.type }, inside);
}

const placeIn = (entry, name) => `place ${entry.key} ${name}`;
// The text of a rich message: a string, a list, or an object that says how its text looks.
const LOOKS = {
  bold: "b",
  italic: "i",
  underline: "u",
  strikethrough: "s",
  code: "code",
  subscript: "sub",
  superscript: "sup",
  marked: "mark",
};
function richText(text, entry) {
  if (typeof text === "string" || !text) return text ?? "";
  if (Array.isArray(text)) return text.map((each) => richText(each, entry));
  const inside = text.type === "button" ? null : richText(text.text, entry);
  if (LOOKS[text.type]) return h(LOOKS[text.type], {}, inside);
  if (text.type === "button")
    return h("span", { class: "keyboard inside" }, pressable(text.button, entry, "text"));
  if (text.type === "spoiler")
    return button(
      { class: "spoiler", title: "Show" },
      (event) => event.currentTarget.classList.add("shown"),
      inside,
    );
  if (text.type === "custom_emoji") return text.alternative_text;
  if (text.type === "mathematical_expression") return h("code", {}, text.expression);
  if (text.type === "bot_command")
    return button(
      { class: "command", title: `Send ${text.bot_command}` },
      () => send("text", text.bot_command),
      inside,
    );
  if (text.type === "anchor" || text.type === "reference")
    return h("span", { id: placeIn(entry, text.name) }, inside);
  if (text.type === "anchor_link" || text.type === "reference_link")
    return button(
      { class: "command", title: "Go there" },
      () =>
        document
          .getElementById(placeIn(entry, text.anchor_name ?? text.reference_name))
          ?.scrollIntoView({ block: "center" }),
      inside,
    );
  const address =
    text.url ??
    (text.email_address
      ? `mailto:${text.email_address}`
      : text.phone_number
        ? `tel:${text.phone_number.replace(/[^+\d]/g, "")}`
        : "");
  return isLink(address) || /^(mailto|tel):/.test(address)
    ? link(address, {}, inside)
    : h("span", { class: text.type }, inside);
}
// The blocks of a rich message, or of a draft.
export const richBlocks = (blocks, entry) =>
  blocks.map((block, i) => {
    const text = () => richText(block.text, entry),
      within = () => richBlocks(block.blocks, entry);
    const captioned = (node) =>
      h(
        "div",
        {},
        node,
        block.caption ? h("p", { class: "credit" }, richText(block.caption.text, entry)) : null,
      );
    const credit = block.credit ? h("p", { class: "credit" }, richText(block.credit, entry)) : null;
    const file = (kind, word) => captioned(fileCard(block[kind], word, entry));
    const drawn = {
      heading: () => h("p", { class: `heading size${block.size}` }, text()),
      pre: () =>
        h(
          "div",
          { class: "fence" },
          block.language ? h("small", {}, block.language) : null,
          h("pre", { tabindex: 0 }, text()),
        ),
      footer: () => h("p", { class: "credit" }, text()),
      divider: () => h("hr"),
      anchor: () => h("span", { id: placeIn(entry, block.name) }),
      mathematical_expression: () =>
        h("div", { class: "formula", tabindex: 0 }, h("code", {}, block.expression)),
      list: () =>
        h(
          "ul",
          { class: "blocks" },
          block.items.map((item) =>
            h(
              "li",
              {},
              h("span", {}, item.has_checkbox ? (item.is_checked ? "☑" : "☐") : item.label),
              h("div", {}, richBlocks(item.blocks, entry)),
            ),
          ),
        ),
      blockquote: () => h("blockquote", {}, within(), credit),
      expandable_blockquote: () => h("blockquote", {}, text(), credit),
      pullquote: () => h("blockquote", {}, text(), credit),
      collage: () => captioned(within()),
      slideshow: () => captioned(within()),
      details: () =>
        h(
          "details",
          { open: Boolean(block.is_open), onclick: (event) => event.stopPropagation() },
          h("summary", {}, richText(block.summary, entry)),
          within(),
        ),
      table: () =>
        h(
          "div",
          { class: "table", tabindex: 0 },
          h(
            "table",
            {
              class: ["bordered", "striped", "compact"]
                .filter((look) => block[`is_${look}`])
                .join(" "),
            },
            block.caption ? h("caption", {}, richText(block.caption, entry)) : null,
            block.cells.map((row) =>
              h(
                "tr",
                {},
                row.map((cell) =>
                  h(
                    cell.is_header ? "th" : "td",
                    {
                      colspan: cell.colspan,
                      rowspan: cell.rowspan,
                      style: `text-align:${/^\w+$/.test(cell.align) ? cell.align : "left"}`,
                    },
                    richText(cell.text, entry),
                  ),
                ),
              ),
            ),
          ),
        ),
      map: () => captioned(map()),
      buttons: () =>
        h(
          "div",
          { class: "keyboard inside" },
          h(
            "div",
            {},
            block.buttons.map((each) => pressable(each, entry, `block ${i}`)),
          ),
        ),
      photo: () => captioned(image(block.photo.at(-1), "Photo", entry)),
      animation: () => file("animation", "Animation"),
      video: () => file("video", "Video"),
      document: () => file("document", "File"),
      audio: () => file("audio", "Audio"),
      voice_note: () => captioned(sound(block.voice_note, "Voice message", entry)),
    };
    return Object.hasOwn(drawn, block.type)
      ? drawn[block.type]()
      : h("p", { class: block.type }, text());
  });

// A widget isn't run here: a card, with a box in place of what it would ask.
function widget({ html, chat_data: own, public_data: all }, entry) {
  const data = (word, text) =>
    text ? h("div", {}, h("small", {}, `${word}: `), h("code", {}, text)) : null;
  const box = h("input", {
    "aria-label": "What the widget asks",
    placeholder: "ask the bot",
    "data-name": `widget ${entry.key}`,
    onclick: (event) => event.stopPropagation(),
    onkeydown: (event) => {
      event.stopPropagation();
      if (event.key === "Enter") asks();
    },
  });
  const asks = () => {
    app.pinned = false;
    ask("ask-by-widget", { key: entry.key, data: box.value, person: app.person });
  };
  return h(
    "div",
    { class: "widget" },
    h("b", {}, "Widget"),
    h("small", {}, `${size(new TextEncoder().encode(html).length)} of HTML, not run here`),
    data("chat data", own),
    data("public data", all),
    h("div", { class: "asks" }, box, button({ class: "action" }, asks, "Ask")),
  );
}

// Drawings in place of the sample files that people send.
const SAMPLES = {
  lake: () =>
    h(
      "svg",
      {
        class: "picture",
        viewBox: "0 0 300 200",
        role: "img",
        "aria-label": "Photo: a lake between mountains",
      },
      h("rect", { width: 300, height: 200, fill: "#f7c59a" }),
      h("rect", { width: 300, height: 62, fill: "#8fb4e0" }),
      h("rect", { y: 40, width: 300, height: 50, fill: "#c7bfd2", opacity: ".75" }),
      h("circle", { cx: 214, cy: 84, r: 23, fill: "#fff3cf" }),
      h("path", { d: "M0 112 46 64 84 96 132 42 186 104 224 74 300 118V200H0z", fill: "#5a6f96" }),
      h("path", { d: "M132 42 114 62l12 3 8-5 9 9 12 1z", fill: "#fff", opacity: ".85" }),
      h("path", { d: "M0 124 60 98 124 124 190 104 300 130V200H0z", fill: "#2f4a63" }),
      h("path", { d: "M0 132h300v68H0z", fill: "#40759b" }),
      h("path", {
        d: "M190 138h50M176 148h76M196 160h40M150 172h90M206 184h24",
        stroke: "#fbe3b8",
        "stroke-width": 3,
        "stroke-linecap": "round",
        opacity: ".7",
      }),
      h("path", {
        d: "M20 200c10-34 14-48 16-66 3 20 8 34 18 66zM44 200c8-26 12-38 14-54 3 18 8 30 16 54z",
        fill: "#1d3241",
      }),
    ),
  robot: () =>
    h(
      "svg",
      {
        class: "sticker",
        viewBox: "0 0 132 132",
        role: "img",
        "aria-label": "Sticker: a robot that waves",
      },
      h("path", {
        d: "M66 12v14",
        stroke: "#7b8aa0",
        "stroke-width": 5,
        "stroke-linecap": "round",
      }),
      h("circle", { cx: 66, cy: 11, r: 7, fill: "#ffb454" }),
      h("path", {
        d: "M98 88c14-4 18-16 17-28",
        fill: "none",
        stroke: "#7b8aa0",
        "stroke-width": 7,
        "stroke-linecap": "round",
      }),
      h("circle", { cx: 115, cy: 55, r: 8, fill: "#ffb454" }),
      h("rect", {
        x: 24,
        y: 26,
        width: 84,
        height: 62,
        rx: 22,
        fill: "#5c9dff",
        stroke: "#fff",
        "stroke-width": 5,
      }),
      h("rect", { x: 35, y: 39, width: 62, height: 36, rx: 16, fill: "#123059" }),
      h("circle", { cx: 53, cy: 55, r: 6, fill: "#8ff0d0" }),
      h("circle", { cx: 79, cy: 55, r: 6, fill: "#8ff0d0" }),
      h("path", {
        d: "M58 66c5 5 11 5 16 0",
        fill: "none",
        stroke: "#8ff0d0",
        "stroke-width": 3.5,
        "stroke-linecap": "round",
      }),
      h("rect", {
        x: 38,
        y: 92,
        width: 56,
        height: 30,
        rx: 13,
        fill: "#3b78db",
        stroke: "#fff",
        "stroke-width": 5,
      }),
      h("circle", { cx: 66, cy: 106, r: 5, fill: "#ffb454" }),
    ),
};
export const robot = SAMPLES.robot;
const map = () =>
  h(
    "svg",
    { class: "picture", viewBox: "0 0 300 150", role: "img", "aria-label": "A map" },
    h("rect", { width: 300, height: 150, fill: "#e7ebe2" }),
    h("path", { d: "M0 26C60 6 92 58 156 44S250 4 300 26V0H0z", fill: "#a9d0ec" }),
    h("path", { d: "M176 66h92l16 84h-126z", fill: "#bfe0b4" }),
    h("path", {
      d: "M0 90 140 76 300 102M60 150 92 44M140 76l16 74M0 126l120-10",
      stroke: "#fff",
      "stroke-width": 7,
      fill: "none",
    }),
    h("path", { d: "M150 112s25-22 25-40a25 25 0 0 0-50 0c0 18 25 40 25 40z", fill: "#e5484d" }),
    h("circle", { cx: 150, cy: 72, r: 9, fill: "#fff" }),
  );

const source = (file) => `file/${encodeURIComponent(file.file_id)}`;
const size = (bytes) =>
  bytes >= 1e6
    ? `${(bytes / 1e6).toFixed(1)} MB`
    : bytes >= 1000
      ? `${Math.round(bytes / 1000)} KB`
      : `${bytes} bytes`;

// A file to download, or a link to one that was sent by its address: the page loads nothing from elsewhere.
function fileCard(file, word, entry) {
  const link = entry.links[file.file_id];
  const name = file.file_name ?? file.title ?? word;
  const about = link
    ? `${word}, from ${link}`
    : file.file_size
      ? `${word}, ${size(file.file_size)}`
      : word;
  const inside = [
    h("span", { class: "disc" }, icon(link ? "link" : "file")),
    h("span", { class: "named" }, h("b", {}, name), h("small", {}, about)),
  ];
  const address = link ?? (file.file_size ? source(file) : "");
  return address
    ? h(
        "a",
        {
          class: "file",
          href: address,
          target: "_blank",
          rel: "noreferrer",
          download: link ? null : name,
          onclick: (event) => event.stopPropagation(),
        },
        inside,
      )
    : h("div", { class: "file" }, inside);
}
function image(file, word, entry, look = "picture") {
  if (SAMPLES[file.file_id]) return SAMPLES[file.file_id]();
  return file.file_size && !entry.links[file.file_id]
    ? h("img", {
        class: look,
        src: source(file),
        alt: word,
        width: file.width,
        height: file.height,
      })
    : fileCard(file, word, entry);
}
function voice(seconds) {
  const bars = Array.from({ length: 34 }, (_, i) =>
    h("i", {
      style: `height:${5 + Math.round(19 * Math.abs(Math.sin(i * 1.7) * Math.cos(i * 0.45)))}px`,
    }),
  );
  return h(
    "div",
    { class: "voice", role: "img", "aria-label": `Voice message, ${seconds} seconds` },
    h("span", { class: "disc" }, icon("voice")),
    h(
      "span",
      {},
      h("span", { class: "wave" }, bars),
      h("small", {}, `0:${String(seconds).padStart(2, "0")}`),
    ),
  );
}
const sound = (file, word, entry) =>
  file.file_size
    ? h("audio", { controls: true, preload: "metadata", src: source(file), "aria-label": word })
    : entry.links[file.file_id]
      ? fileCard(file, word, entry)
      : voice(file.duration);

function poll(message, entry) {
  const mine = entry.votes?.[personId()] ?? [];
  const {
    question,
    options,
    is_closed: closed,
    is_anonymous: anonymous,
    type,
    allows_multiple_answers: several,
    total_voter_count: voters,
  } = message.poll;
  const open = entry.side === "in" && !closed;
  const vote = (i) => {
    const others = several ? mine.filter((each) => each !== i) : [];
    app.pinned = false;
    ask("vote", {
      key: entry.key,
      person: app.person,
      options: mine.includes(i) ? others : [...others, i],
    });
  };
  const option = (o, i) => {
    const share = voters ? Math.round((100 * o.voter_count) / voters) : 0;
    const inside = [
      h("span", { class: "mark" }, mine.includes(i) ? icon("check") : null),
      h("span", { class: "named" }, rich(o.text, o.text_entities)),
      voters ? h("span", { class: "share" }, `${share} %`) : null,
      voters ? h("i", { class: "filled", style: `width:${share}%` }) : null,
    ];
    return h(
      "li",
      {},
      open
        ? button(
            {
              class: "option",
              "aria-pressed": String(mine.includes(i)),
              "data-name": `vote ${entry.key} ${i}`,
            },
            () => vote(i),
            inside,
          )
        : h("div", { class: "option" }, inside),
    );
  };
  const kind = [
    anonymous ? "Anonymous" : "Public",
    type === "quiz" ? "quiz" : "poll",
    several ? "· several answers" : "",
    closed ? "· closed" : "",
  ]
    .filter(Boolean)
    .join(" ");
  return h(
    "div",
    { class: "poll" },
    h("b", {}, rich(question, message.poll.question_entities)),
    h("div", { class: "kind" }, kind),
    h("ul", {}, options.map(option)),
    h("div", { class: "kind" }, voters ? `${voters} voted` : "No votes yet"),
  );
}
export const personId = () => app.state.people[app.person]?.id;
const FACES = "⚀⚁⚂⚃⚄⚅";

const money = ({ total_amount, currency }) =>
  currency === "XTR" ? `${total_amount} ⭐` : `${total_amount} ${currency} (smallest units)`;

// Return what a message shows. `art` fills its bubble, `bare` has no bubble.
export function content(message, entry) {
  const caption = message.caption
    ? h("div", { class: "caption" }, rich(message.caption, message.caption_entities))
    : null;
  const veil = (node) =>
    message.has_media_spoiler
      ? button(
          { class: "veil", title: "Show" },
          (event) => event.currentTarget.classList.add("shown"),
          node,
        )
      : node;
  const above = message.show_caption_above_media;
  const art = (node) => ({
    art: true,
    nodes: above ? [caption, veil(node)] : [veil(node), caption],
  });
  if (message.text !== undefined)
    return { nodes: [h("span", {}, rich(message.text, message.entities))] };
  if (message.rich_message) return { nodes: richBlocks(message.rich_message.blocks, entry) };
  if (message.widget) return { nodes: [widget(message.widget, entry), caption] };
  if (message.photo) return art(image(message.photo.at(-1), "Photo", entry));
  if (message.live_photo) return art(image(message.live_photo.photo.at(-1), "Live photo", entry));
  if (message.sticker)
    return message.sticker.is_animated || message.sticker.is_video
      ? { nodes: [fileCard(message.sticker, `Sticker ${message.sticker.emoji ?? ""}`, entry)] }
      : { art: true, bare: true, nodes: [image(message.sticker, "Sticker", entry, "sticker")] };
  if (message.voice) return { nodes: [sound(message.voice, "Voice message", entry), caption] };
  if (message.audio)
    return {
      nodes: [
        fileCard(message.audio, "Audio", entry),
        message.audio.file_size ? sound(message.audio, "Audio", entry) : null,
        caption,
      ],
    };
  for (const kind of ["animation", "video", "video_note"]) {
    const file = message[kind];
    if (!file) continue;
    if (/^image\//.test(file.mime_type ?? "")) return art(image(file, "Animation", entry));
    return file.file_size && !entry.links[file.file_id]
      ? art(
          h("video", {
            class: "picture" + (kind === "video_note" ? " disc" : ""),
            controls: true,
            src: source(file),
            "aria-label": "Video",
          }),
        )
      : { nodes: [fileCard(file, "Video", entry), caption] };
  }
  if (message.document) return { nodes: [fileCard(message.document, "File", entry), caption] };
  if (message.venue)
    return {
      art: true,
      nodes: [
        map(),
        h(
          "div",
          { class: "caption" },
          h("b", {}, message.venue.title),
          h("div", {}, message.venue.address),
        ),
      ],
    };
  if (message.location)
    return {
      art: true,
      nodes: [
        map(),
        h(
          "div",
          { class: "caption" },
          `${message.location.latitude}, ${message.location.longitude}`,
        ),
      ],
    };
  if (message.contact)
    return {
      nodes: [
        h(
          "div",
          { class: "file" },
          h("span", { class: "disc" }, icon("contact")),
          h(
            "span",
            { class: "named" },
            h(
              "b",
              {},
              [message.contact.first_name, message.contact.last_name].filter(Boolean).join(" "),
            ),
            h("small", {}, message.contact.phone_number),
          ),
        ),
      ],
    };
  if (message.poll) return { nodes: [poll(message, entry)] };
  if (message.dice) {
    const { emoji, value } = message.dice;
    return {
      bare: true,
      nodes: [
        h(
          "div",
          { class: "dice", role: "img", "aria-label": `${emoji} ${value}` },
          h("span", {}, emoji === "🎲" ? FACES[value - 1] : emoji),
          h("small", {}, emoji === "🎲" ? `a ${value}` : `value ${value}`),
        ),
      ],
    };
  }
  if (message.paid_media)
    return { nodes: [h("b", {}, `Paid media, ${message.paid_media.star_count} ⭐`), caption] };
  if (message.invoice)
    return {
      nodes: [
        h("b", {}, message.invoice.title),
        h("div", {}, message.invoice.description),
        h("small", {}, `Invoice: ${money(message.invoice)}`),
        h(
          "div",
          {},
          button(
            { class: "option", "data-name": `pay ${entry.key}` },
            () => ask("pay", { key: entry.key, person: app.person }),
            "Pay",
          ),
        ),
      ],
    };
  if (message.forum_topic_created)
    return { nodes: [h("i", {}, `Topic “${message.forum_topic_created.name}” created`)] };
  if (message.successful_payment)
    return { nodes: [h("b", {}, `Paid ${money(message.successful_payment)}`)] };
  if (message.refunded_payment)
    return { nodes: [h("b", {}, `Got back ${money(message.refunded_payment)}`)] };
  if (message.web_app_data)
    return {
      nodes: [
        h("b", {}, `Data of “${message.web_app_data.button_text}”`),
        h("div", {}, h("code", {}, message.web_app_data.data)),
      ],
    };
  if (message.checklist)
    return {
      nodes: [
        h("b", {}, message.checklist.title),
        h(
          "ul",
          { class: "tasks" },
          message.checklist.tasks.map((task) => h("li", {}, task.text)),
        ),
      ],
    };
  if (message.game) return { nodes: [h("b", {}, message.game.title), h("small", {}, "Game")] };
  return {
    nodes: [
      h(
        "code",
        {},
        Object.keys(message)
          .filter((k) => !["message_id", "date", "from", "chat"].includes(k))
          .join(", "),
      ),
    ],
  };
}

// A message in a few words.
export function summary(message) {
  const kind =
    Object.keys(message).find(
      (k) =>
        ![
          "message_id",
          "date",
          "from",
          "chat",
          "message_thread_id",
          "is_topic_message",
          "reply_to_message",
        ].includes(k),
    ) ?? "message";
  const text = message.text ?? message.caption ?? message.poll?.question;
  return text ? (text.length > 70 ? `${text.slice(0, 70)}…` : text) : kind.replace("_", " ");
}

// The inline keyboard of a message.
export function inlineKeyboard(entry) {
  const rows = entry.message.reply_markup?.inline_keyboard;
  if (!rows || entry.deleted) return null;
  return h(
    "div",
    { class: "keyboard" },
    rows.map((line, i) =>
      h(
        "div",
        {},
        line.map((b) => pressable(b, entry, i)),
      ),
    ),
  );
}
// A button of a keyboard, or in a rich message. `where` tells it from others with the same text.
function pressable(b, entry, where) {
  const address = b.url ?? b.login_url?.url,
    text = richText(b.text, entry);
  const about = {
    class: b.style,
    "data-name": `button ${entry.key} ${where} ${JSON.stringify(b.text)}`,
  };
  if (b.disabled) return button({ ...about, disabled: true }, () => {}, text);
  if (isLink(address)) return link(address, { ...about, title: address }, text, icon("link"));
  if (b.web_app) return button(about, () => openPage("inline", b, entry.key), text, icon("page"));
  if (b.callback_data !== undefined)
    return button(
      about,
      () => {
        app.pinned = false;
        ask("press", { key: entry.key, person: app.person, data: b.callback_data });
      },
      text,
    );
  if (b.pay) return button(about, () => ask("pay", { key: entry.key, person: app.person }), text);
  if (b.copy_text)
    return button(
      about,
      () => {
        navigator.clipboard?.writeText(b.copy_text.text);
        app.toast(`Copied: ${b.copy_text.text}`);
      },
      text,
      icon("copy"),
    );
  const query =
    b.switch_inline_query_current_chat ??
    b.switch_inline_query ??
    b.switch_inline_query_chosen_chat?.query;
  if (query !== undefined)
    return button(
      about,
      () => {
        $("text").value = `@${bot(entry.bot).username} ${query}`;
        $("text").focus();
      },
      text,
      icon("ask"),
    );
  return button(about, () => app.toast("The demo doesn't support this kind of button."), text);
}
