-- A flow ended: one after another of the file LATCH_BENCH_STATES, from line FROM on.
local report = dofile(os.getenv("LATCH_BENCH_LUA") .. "/report.lua")
local states = assert(io.open(os.getenv("LATCH_BENCH_STATES")))
for _ = 1, report.from do states:read() end

function request()
  local body = states:read() or '{"state":"none-is-left"}'
  return report.service("/api/oauth/state/consume", body)
end
