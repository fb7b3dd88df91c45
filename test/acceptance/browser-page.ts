const scripts = Array.from({ length: 20 }, (_, index) => `<script src="/assets/${index}.js"></script>`);

/**
 * A page that uses its service as web applications do and posts what it saw to `/report`. It asks for each
 * next piece of a stream only when it has the one before, so a proxy that holds pieces back stops it.
 */
export const browserPage = `<!doctype html>
<meta charset="utf-8">
<title>Behind Sluice</title>
<link rel="icon" href="data:,">
<script>globalThis.assets = 0;</script>
${scripts.join("\n")}
<script type="module">
const publish = (piece) => fetch("/publish", { method: "POST", body: piece });

async function readStream() {
  const reader = (await fetch("/stream")).body.pipeThrough(new TextDecoderStream()).getReader();
  const pieces = [];
  for (const next of ["second", "third", null]) {
    pieces.push((await reader.read()).value);
    if (next) await publish(next);
  }
  await reader.cancel();
  return pieces;
}

async function readEvents() {
  const source = new EventSource("/events");
  const events = [];
  for (const next of ["second", "third", null]) {
    events.push(await new Promise((resolve) => (source.onmessage = ({ data }) => resolve(data))));
    if (next) void publish(next);
  }
  source.close();
  return events;
}

async function echoSocket() {
  const socket = new WebSocket("/socket");
  await new Promise((resolve) => (socket.onopen = resolve));
  const answers = [];
  for (const message of ["hello", "x".repeat(70_000)]) {
    socket.send(message);
    answers.push(await new Promise((resolve) => (socket.onmessage = ({ data }) => resolve(data))));
  }
  socket.close();
  return answers;
}

const report = {
  assets: globalThis.assets,
  streamed: await readStream(),
  events: await readEvents(),
  socket: await echoSocket(),
};
await fetch("/report", { method: "POST", body: JSON.stringify(report) });
</script>
`;
