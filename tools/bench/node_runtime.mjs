// Replaces AWS's runtime client for Node, whose native part would have to be built.

import http from "node:http";
import { pathToFileURL } from "node:url";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function send(method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) };
    const options = { host, port, method, path: "/2018-06-01/runtime" + path, headers, agent };
    const request = http.request(options, async (response) => {
      let data = "";
      for await (const chunk of response.setEncoding("utf8")) data += chunk;
      resolve([response.headers, data]);
    });
    request.on("error", reject).end(body);
  });
}

const { handler } = await import(pathToFileURL(process.argv[2]));
for (;;) {
  const [headers, event] = await send("GET", "/invocation/next");
  const invocation = "/invocation/" + headers["lambda-runtime-aws-request-id"];
  try {
    const answer = await handler(JSON.parse(event), {});
    await send("POST", invocation + "/response", JSON.stringify(answer));
  } catch (error) {
    const report = { errorType: error.name, errorMessage: String(error.stack) };
    await send("POST", invocation + "/error", JSON.stringify(report));
  }
}
