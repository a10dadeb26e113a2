// Checks initData with @tma.js/init-data-node: a line [token, initData] in, the error's name or "" out.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { validate } = createRequire(`${process.argv[2]}/`)("@tma.js/init-data-node");

for await (const line of createInterface({ input: process.stdin })) {
  const [token, initData] = JSON.parse(line);
  let answer = "";
  try {
    validate(initData, token);
  } catch (error) {
    answer = error.name;
  }
  console.log(JSON.stringify(answer));
}
