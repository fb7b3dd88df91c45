/**
 * What Redis runs: one script, so that a round trip takes whatever a turn of the event loop has come to, and nobody gets
 * between the steps of a group.
 *
 * ARGV is groups, each a number of steps and six texts for each step: what it does, and five arguments. KEYS has one key for each
 * step. The reply has one text for each group; one that begins with `!` failed. Groups that take answer `1` or `0`, and
 * for each step that was looked at `allowed wait left reset ticket` (s; a wait of -1: for ever, a reset of -1: nobody knows).
 *
 * The operator's values for a plugin are the fields of one hash; what is found begins with `=`.
 *
 * The rules are those of plugins/rate-limit for the memory of one machine; test/plugins/rate-limit/ compares them.
 */

/** Machines agree on the time of the server. Ms since 1970. */
const serverClock = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
`;

const rules = `
local day, grace, slack, rounding = 86400000, 3600000, 1000, 1e-3

local function text(number) return string.format('%.17g', number) end
local function whole(number) return string.format('%.0f', number) end
local function expiry(ms) return whole(math.ceil(math.max(0, ms)) + slack) end
local function keep(name, ms) redis.call('PEXPIRE', name, expiry(ms)) end

local function slotsOf(name)
  local flat = redis.call('HGETALL', name)
  local found = {}
  for i = 1, #flat, 2 do found[tonumber(flat[i])] = tonumber(flat[i + 1]) end
  return found
end

-- The clock was set back, or this server took over from one that was ahead: what was counted then counts as of now,
-- or it would stay for as long as the clock needs to come there again.
local function bringBack(name, found, slot)
  local ahead = 0
  for other, count in pairs(found) do
    if other > slot then
      ahead = ahead + count
      redis.call('HDEL', name, whole(other))
      found[other] = nil
    end
  end
  if ahead == 0 then return end
  found[slot] = (found[slot] or 0) + ahead
  redis.call('HSET', name, whole(slot), text(found[slot]))
end

local function forget(name, found, oldest)
  for other in pairs(found) do if other < oldest then redis.call('HDEL', name, whole(other)) end end
end

local function fill(name, full)
  if full <= now then redis.call('DEL', name)
  else redis.call('SET', name, text(full), 'PX', expiry(full - now)) end
end

local function fullAt(name, toFill)
  local kept = tonumber(redis.call('GET', name))
  if kept == nil or kept < now then return now end
  if kept <= now + 2 * toFill + 1 then return kept end
  -- More than may be owed: the clock was set back. The bucket is empty.
  fill(name, now + toFill)
  return now + toFill
end

-- Days since 1970 to the day of the month: years begin in March, so that the leap day is their last.
local function dayOfMonth(days)
  local inEra = (days + 719468) % 146097
  local year = math.floor((inEra - math.floor(inEra / 1460) + math.floor(inEra / 36524) - math.floor(inEra / 146096)) / 365)
  local inYear = inEra - (365 * year + math.floor(year / 4) - math.floor(year / 100))
  local month = math.floor((5 * inYear + 2) / 153)
  return inYear - math.floor((153 * month + 2) / 5) + 1
end

local function spanAt(at, isMonth, offset)
  local days = math.floor((at + offset) / day)
  local first, last = days, days + 1
  if isMonth then
    first = days - dayOfMonth(days) + 1
    last = first + 32 - dayOfMonth(first + 31)
  end
  return first * day - offset, last * day - offset
end

local take = {}

function take.b(name, cost, perMs, burst)
  local from = fullAt(name, burst / perMs)
  local full = from + cost / perMs
  local late = full - (now + burst / perMs)
  local allowed = cost == 0 or late <= (rounding * cost) / perMs
  local toFull = (allowed and full or from) - now
  local wait = allowed and 0 or (cost > burst and -1 or late / 1000)
  return allowed, wait, math.max(0, burst - toFull * perMs), toFull / 1000, 0, function() fill(name, full) end
end

function take.w(name, cost, limit, size, window)
  local slot = math.floor(now / size)
  local found = slotsOf(name)
  bringBack(name, found, slot)
  local past, own = 0, found[slot] or 0
  for other = slot - 10, slot - 1 do past = past + (found[other] or 0) end
  local most = limit - past
  if own + cost <= most then
    return true, 0, most - (own + cost), window, slot, function()
      redis.call('HSET', name, whole(slot), text(own + cost))
      forget(name, found, slot - 10)
      keep(name, window * 1000 + 3 * size)
    end
  end
  local wait, freed = window, 0
  for other = slot - 10, slot do
    freed = freed + (found[other] or 0)
    if freed >= cost - (most - own) then
      wait = ((other + 11) * size - now) / 1000
      break
    end
  end
  if cost > limit then wait = -1 end
  return false, wait, math.max(0, most - own), wait, slot
end

function take.q(name, cost, limit, isMonth, offset)
  local first, last = spanAt(now, isMonth == 1, offset)
  local found = slotsOf(name)
  local sum = (found[first] or 0) + cost
  local reset = (last - now) / 1000
  if sum > limit then
    return false, cost > limit and -1 or reset, math.max(0, limit - sum + cost), reset, first
  end
  return true, 0, limit - sum, reset, first, function()
    redis.call('HSET', name, whole(first), text(sum))
    if now - first > grace then forget(name, found, first) end
    keep(name, last - now + grace)
  end
end

function take.p(name, cost, limit, hold)
  local stretch = math.floor(now / hold)
  local found = slotsOf(name)
  bringBack(name, found, stretch)
  local most = limit - (found[stretch - 1] or 0)
  local sum = (found[stretch] or 0) + cost
  if sum > most then return false, 1, 0, -1, stretch end
  return true, 0, most - sum, -1, stretch, function()
    redis.call('HSET', name, whole(stretch), text(sum))
    forget(name, found, stretch - 1)
    keep(name, 3 * hold)
  end
end

local function giveBack(name, slot, by)
  local kept = tonumber(redis.call('HGET', name, whole(slot)))
  if kept ~= nil then redis.call('HSET', name, whole(slot), text(math.max(0, kept + by))) end
end

local function addTo(name, slot, by, ms)
  local kept = tonumber(redis.call('HGET', name, whole(slot))) or 0
  redis.call('HSET', name, whole(slot), text(kept + by))
  if redis.call('PTTL', name) < ms then keep(name, ms) end
end

local other = {}

function other.B(name, by, _, perMs, burst)
  local toFill = burst / perMs
  fill(name, math.min(fullAt(name, toFill) + by / perMs, now + 2 * toFill))
  return ''
end

-- What turns out later counts from then on.
function other.W(name, by, slot, size, window)
  if by < 0 then giveBack(name, slot, by)
  else addTo(name, math.floor(now / size), by, window * 1000 + 3 * size) end
  return ''
end

function other.Q(name, by, first, isMonth, offset)
  local _, last = spanAt(first, isMonth == 1, offset)
  if by < 0 then giveBack(name, first, by)
  elseif last - now + grace > 0 then addTo(name, first, by, last - now + grace) end
  return ''
end

function other.P(name, by, stretch, hold)
  if by < 0 then giveBack(name, stretch, by) else addTo(name, stretch, by, 3 * hold) end
  return ''
end

function other.get(name) return redis.call('GET', name) or '' end

function other.set(name, value, ms)
  redis.call('SET', name, text(value), 'PX', whole(ms))
  return ''
end

function other.del(name) return tostring(redis.call('DEL', name)) end

function other.add(name, by, ms, most)
  local kept = tonumber(redis.call('GET', name))
  local sum = (kept or 0) + by
  if math.abs(sum) == math.huge or (most ~= nil and sum > most) then return '' end
  if kept == nil then redis.call('SET', name, text(sum), 'PX', whole(ms))
  else redis.call('SET', name, text(sum), 'KEEPTTL') end
  return text(sum)
end

function other.cas(name, expected, value, ms)
  if tonumber(redis.call('GET', name)) ~= expected then return '0' end
  redis.call('SET', name, text(value), 'PX', whole(ms))
  return '1'
end

local pins = {}

function pins.pinned(name, field)
  local value = redis.call('HGET', name, field)
  if value and #value > 65536 then error('the value is too long', 0) end
  return value and '=' .. value or ''
end

function pins.pin(name, field, value) return tostring(redis.call('HSET', name, field, value)) end

function pins.unpin(name, field) return tostring(redis.call('HDEL', name, field)) end

function pins.pins(name) return '=' .. table.concat(redis.call('HVALS', name), '\\n') end

local function arguments(at)
  return tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
end

local function together(key, at, count)
  local parts, commits = { '1' }, {}
  for step = 0, count - 1 do
    local optional, cost, one, two, three = arguments(at)
    local allowed, wait, left, reset, ticket, commit = take[ARGV[at]](KEYS[key + step], cost, one, two, three)
    parts[#parts + 1] = table.concat({ allowed and '1' or '0', text(wait), text(left), text(reset), text(ticket) }, ' ')
    if allowed then
      commits[#commits + 1] = commit
    elseif optional == 0 then
      parts[1] = '0'
      return table.concat(parts, ';')
    end
    at = at + 6
  end
  for _, commit in ipairs(commits) do commit() end
  return table.concat(parts, ';')
end

local function run(key, at, count)
  if take[ARGV[at]] then return together(key, at, count) end
  if pins[ARGV[at]] then return pins[ARGV[at]](KEYS[key], ARGV[at + 1], ARGV[at + 2]) end
  local parts = {}
  for step = 0, count - 1 do
    parts[#parts + 1] = other[ARGV[at]](KEYS[key + step], arguments(at))
    at = at + 6
  end
  return table.concat(parts, ';')
end

local replies, key, at = {}, 1, 1
while at <= #ARGV do
  local count = tonumber(ARGV[at])
  local ok, reply = pcall(run, key, at + 1, count)
  if not ok then reply = '!' .. (type(reply) == 'table' and reply.err or tostring(reply)) end
  replies[#replies + 1] = reply
  key, at = key + count, at + 1 + 6 * count
end
return replies
`;

/**
 * The text of the script.
 *
 * @param clock Lua that sets `now`
 */
export function scriptWith(clock: string): string {
  return clock + rules;
}

export const storeScript: string = scriptWith(serverClock);
