import t from "tap";
import { storeKey } from "../../../core/store/redis/store-key.ts";

const keyOf = (key: string) => storeKey("sluice:", "own", "b", key);

t.test("a key is that of its deployment, plugin and kind, and a hash", async (t) => {
  t.match(keyOf("203.0.113.7"), /^sluice:own:b:[\w-]{22}$/);
  t.equal(keyOf("203.0.113.7"), keyOf("203.0.113.7"), "every machine comes to the same");
  t.not(storeKey("sluice:", "own", "w", "a"), keyOf("a"));
  t.not(storeKey("sluice:", "other", "b", "a"), keyOf("a"));
});

t.test("attack: keys that are long, binary, half a character, or look like others stay apart", async (t) => {
  const keys = [
    "",
    "a",
    "a".repeat(1024),
    "\r\n",
    "{a}",
    "*",
    "own:b:a",
    "\0",
    "\ufffd",
    "\ud800",
    "\ud801",
    "\udc00",
    "a\ud800",
    "\0a\ud800",
  ];
  t.equal(new Set(keys.map(keyOf)).size, keys.length);
  for (const key of keys) t.match(keyOf(key), /^sluice:own:b:[\w-]{22}$/);
});
