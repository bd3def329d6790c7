-- Not measured: a token of each of so many buckets.
local report = dofile(os.getenv("LATCH_BENCH_LUA") .. "/report.lua")
local next = report.counter()
local answered, wanted = 0, tonumber(os.getenv("LATCH_BENCH_COUNT") or "1")

function request()
  local body = string.format('{"key":"user-%d"}', next())
  return report.service("/api/ratelimit/slow", body)
end

function response()
  answered = answered + 1
  if answered >= wanted then os.exit(0) end
end
