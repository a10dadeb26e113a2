// The stand-in for Telegram, for the tests of Node.js: people act by HTTP.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";

/** Start the stand-in, and end it, and the bots that it started, with the test `t`. */
export async function startTelegram(t, python = "python") {
  const server = spawn(python, ["-m", "telegram_stand_in"], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => server.kill());
  const [line] = await once(server.stdout, "data");
  server.stdout.resume(); // what people and the bot do: /transcript tells it, too
  const variables = Object.fromEntries(`${line}`.split("\n")[0].split(" ").map(each => each.split("=")));
  const act = async (path, params = {}) => {
    const body = JSON.stringify(params);
    const answer = await (await fetch(variables.TELEGRAM_API_URL + path, { method: "POST", body })).json();
    assert(answer.ok, answer.description);
    return answer.result;
  };
  return {
    /** Start a bot: `telegram.start("node", "bot.mjs")`. */
    start(command, ...rest) {
      const bot = spawn(command, rest, { env: { ...process.env, ...variables }, stdio: "inherit" });
      t.after(() => bot.kill());
      return bot;
    },
    /** Somebody in a private chat, or with `{ group: "Club" }` in a group. */
    user: (name, where = {}) => new Proxy({}, {
      get: (_, action) => action === "then" ? undefined : // it is no promise
        (params = {}) => act(`/people/${encodeURIComponent(name)}/${String(action)}`, { ...where, ...params }),
    }),
    fails: (kind, params = {}) => act("/fails", { kind, ...params }),
    limits: () => act("/limits"),
    advance: seconds => act("/advance", { seconds }),
    transcript: () => act("/transcript"),
  };
}
