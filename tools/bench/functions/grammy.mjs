// An echo bot on Node with grammY.

import { Bot } from "grammy";

const { TELEGRAM_BOT_TOKEN, TELEGRAM_WEBHOOK_SECRET, TELEGRAM_API_URL } = process.env;

const bot = new Bot(TELEGRAM_BOT_TOKEN, { client: { apiRoot: TELEGRAM_API_URL } });
bot.on("message:text", (context) => context.reply("You said: " + context.message.text));
await bot.init();

export async function handler(event) {
  if (event.headers["x-telegram-bot-api-secret-token"] !== TELEGRAM_WEBHOOK_SECRET) {
    return { statusCode: 401 };
  }
  await bot.handleUpdate(JSON.parse(event.body));
  return { statusCode: 200 };
}
