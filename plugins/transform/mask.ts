import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { isHolder } from "./json-path.ts";
import { type Json, JsonNumber, writeJson } from "./json-value.ts";

export type MaskStyle = "whole" | "last4" | "hash";

/** Shorter ones would be told by their last four. */
const shortestShown = 12;

/**
 * What is shown in the place of a value. `hash` is HMAC-SHA-256: without the key nobody finds short values by trying them.
 *
 * @example
 * masked("4111111111111111", "last4", ""); // "***1111"
 */
export function masked(value: Json, style: MaskStyle, key: string): Json {
  if (value === null) return null;
  const text =
    typeof value === "string" ? value : value instanceof JsonNumber ? value.text : writeJson(value);
  if (style === "hash") return bytesToHex(hmac(sha256, utf8ToBytes(key), utf8ToBytes(text)));
  const characters = [...text];
  const shows = style === "last4" && !isHolder(value) && characters.length >= shortestShown;
  return shows ? `***${characters.slice(-4).join("")}` : "***";
}
