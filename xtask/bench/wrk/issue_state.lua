-- A flow begun.
local report = dofile(os.getenv("LATCH_BENCH_LUA") .. "/report.lua")
local next = report.counter()

function request()
  return report.public(next(), "/api/oauth/state",
    '{"provider":"google","return_to":"/after","binding":"token"}')
end
