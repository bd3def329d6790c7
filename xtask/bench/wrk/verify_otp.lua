-- A wrong guess at an outstanding code: compared and counted. Each phone is guessed at as often as
-- its code may be.
local report = dofile(os.getenv("LATCH_BENCH_LUA") .. "/report.lua")
local next = report.counter()
local guesses = tonumber(os.getenv("LATCH_BENCH_GUESSES") or "3")

function request()
  local n = next()
  local phone = math.floor(n / guesses)
  local body = string.format('{"phone":"+7778%07d","otp_code":"000000"}', phone)
  return report.public(n, "/api/auth/verify-otp", body)
end
