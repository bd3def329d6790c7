-- Not measured: flows begun. What consumes each is written to the file LATCH_BENCH_STATES, as the body
-- of a request.
local report = dofile(os.getenv("LATCH_BENCH_LUA") .. "/report.lua")
local next = report.counter()
local wanted = tonumber(os.getenv("LATCH_BENCH_COUNT") or "1")
local file = assert(io.open(os.getenv("LATCH_BENCH_STATES"), "w"))
local written = 0

function request()
  return report.public(next(), "/api/oauth/state",
    '{"provider":"google","return_to":"/after","binding":"token"}')
end

function response(_, _, body)
  local state = string.match(body, '"state":"([^"]+)"')
  local token = string.match(body, '"binding_token":"([^"]+)"')
  if not state or written == wanted then return end
  file:write('{"state":"', state, '","binding_token":"', token, '"}\n')
  written = written + 1
  if written == wanted then
    file:close()
    os.exit(0)
  end
end
