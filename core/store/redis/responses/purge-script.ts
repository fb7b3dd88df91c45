/**
 * What Redis knows of purges is a list (a sorted set of marks by their serials) and a text, `serial floor`: the serial of the last
 * purge, and the one before which everything counts as purged. The two are checked against each other, so that a server that
 * has lost one of them, or came back with an older state than a machine has seen, is noticed: then everything is purged.
 * A mark that comes again has its new serial alone.
 *
 * KEYS: the text and the list. ARGV: the greatest serial that the caller has seen, how many marks are kept, and the marks; `*`
 * means everything. The reply is the text, and the serial of each mark.
 */
export const purgeScript = `
local state, log = KEYS[1], KEYS[2]
local known, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function whole(number) return string.format('%.0f', number) end
local function clean(name, kind)
  local found = redis.call('TYPE', name).ok
  if found ~= kind and found ~= 'none' then redis.call('DEL', name) end
end
clean(state, 'string')
clean(log, 'zset')

local kept = redis.call('GET', state)
local serial, floor
if kept and #kept < 64 then serial, floor = string.match(kept, '^(%d+) (%d+)$') end
serial, floor = tonumber(serial), tonumber(floor)
local newest = tonumber(redis.call('ZREVRANGE', log, 0, 0, 'WITHSCORES')[2])
local isWhole = serial and serial >= known and serial >= floor and serial < 4e15
  and newest == serial

local function purgeAll()
  redis.call('DEL', log)
  redis.call('ZADD', log, whole(serial), '*')
  floor = serial
end
local isChanged = not isWhole or #ARGV > 2
if not isWhole then
  serial = math.max(now, known) + 1
  purgeAll()
end
local replies = { '' }
for at = 3, #ARGV do
  serial = math.max(now, serial + 1)
  if ARGV[at] == '*' then purgeAll()
  else redis.call('ZADD', log, whole(serial), ARGV[at]) end
  replies[#replies + 1] = whole(serial)
end
local excess = redis.call('ZCARD', log) - most
if excess > 0 then
  floor = tonumber(redis.call('ZRANGE', log, excess - 1, excess - 1, 'WITHSCORES')[2])
  redis.call('ZREMRANGEBYRANK', log, 0, excess - 1)
end
replies[1] = whole(serial) .. ' ' .. whole(floor)
if isChanged then redis.call('SET', state, replies[1]) end
return replies
`;

/** Marks that are read at once. */
export const pageLength = 1000;

/** The marks behind a serial (ARGV), a page of them, each with its own. One that is too long to be one comes as nothing. */
export const pageScript = `
local page = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ${pageLength})
for at = 1, #page, 2 do if #page[at] > 16384 then page[at] = '' end end
return page
`;

/** What the text says; null: nobody wrote that. */
export function parseState(text: string): { readonly serial: number; readonly floor: number } | null {
  const [, serial, floor] = /^(\d{1,16}) (\d{1,16})$/.exec(text) ?? [];
  const state = { serial: Number(serial), floor: Number(floor) };
  return state.serial < 4e15 && state.floor <= state.serial ? state : null;
}
