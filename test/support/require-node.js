// Plain JavaScript, loaded before any TypeScript: an older Node cannot parse the rest, and an npm that
// skipped the install script of the `node` package leaves exactly that older Node on the PATH.
const least = 24;

if (Number.parseInt(process.versions.node, 10) < least) {
  console.error(
    `Sluice needs Node ${least} or later and found ${process.versions.node} at ${process.execPath}\n` +
      "The dependencies bring their own Node; its install script may have been skipped: run npm rebuild node",
  );
  process.exit(1);
}
