-- Arguments: method, body or "", "close" or "keep-alive", a field that holds the path or "-", then one or more paths.
-- Prints one line of JSON in the shape of LoadResult (load.ts).

local requests = {}
local turn = 0

local function next_request()
  turn = turn % #requests + 1
  return requests[turn]
end

function init(args)
  local method, connection = args[1], args[3]
  local body = args[2] ~= "" and args[2] or nil
  if connection == "close" then wrk.headers["Connection"] = "close" end
  for i = 5, #args do
    if args[4] ~= "-" then wrk.headers[args[4]] = args[i] end
    requests[#requests + 1] = wrk.format(method, args[i], wrk.headers, body)
  end
  if #requests > 1 then
    request = next_request
  else
    -- wrk sends a request that never changes without calling Lua.
    wrk.method, wrk.path, wrk.body = method, args[5], body
  end
end

function done(summary, latency)
  local e = summary.errors
  local errors = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format(
    '{"requests":%d,"errors":%d,"seconds":%.6f,"bytes":%d,"p50":%.4f,"p99":%.4f}\n',
    summary.requests, errors, summary.duration / 1e6, summary.bytes,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3
  ))
end
