-- A flow begun.
local report = dofile(os.getenv("LATCH_BENCH_LUA") .. "/report.lua")
local next = report.counter()

function request()
  return wrk.format("POST", "/api/oauth/state", report.public(next()),
    '{"provider":"google","return_to":"/after","binding":"none"}')
end
