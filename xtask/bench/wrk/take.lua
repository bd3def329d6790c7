-- A token of one of ten thousand buckets.
local report = dofile(os.getenv("LATCH_BENCH_LUA") .. "/report.lua")
local next = report.counter()

function request()
  local body = string.format('{"key":"user-%d"}', next() % 10000)
  return report.service("/api/ratelimit/bench", body)
end
