-- A code for one test number after another: sent, and counted, but not delivered.
local report = dofile(os.getenv("LATCH_BENCH_LUA") .. "/report.lua")
local next = report.counter()
local numbers = tonumber(os.getenv("LATCH_BENCH_NUMBERS") or "1")

function request()
  local n = next()
  local body = string.format('{"phone":"+7777%07d"}', n % numbers)
  return report.public(n, "/api/auth/request-otp", body)
end
