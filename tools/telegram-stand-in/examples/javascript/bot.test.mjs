import assert from "node:assert/strict";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { startTelegram } from "./telegram.mjs";

const BOT = fileURLToPath(new URL("bot.mjs", import.meta.url));

test("a price, and a purchase", async t => {
  const telegram = await startTelegram(t);
  telegram.start("node", BOT);
  const ada = telegram.user("Ada");
  await ada.send({ text: "/price 3" });
  const { text, buttons } = await ada.receive();
  assert.deepEqual([text, buttons], ["3 cups are 12 €", ["Buy"]]);
  await ada.press({ label: "Buy" });
  assert.equal((await ada.receive({ kind: "answer" })).text, "Thank you");
});

test("a command in a group", async t => {
  const telegram = await startTelegram(t);
  telegram.start("node", BOT);
  const ada = telegram.user("Ada", { group: "Club" });
  await ada.send({ text: "hello" }); // privacy mode keeps this from the bot
  await ada.send({ text: "/price 2" });
  assert.equal((await ada.receive()).text, "2 cups are 8 €");
  assert.match(await telegram.transcript(), /hello \(kept from the bot/);
});
