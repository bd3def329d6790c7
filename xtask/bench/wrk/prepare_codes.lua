-- Not measured: a code for each of the phones that verify_otp.lua guesses at.
local report = dofile(os.getenv("LATCH_BENCH_LUA") .. "/report.lua")
local next = report.counter()
local last = report.from + tonumber(os.getenv("LATCH_BENCH_COUNT") or "1")
local answered = report.from

function request()
  local n = next()
  local body = string.format('{"phone":"+7778%07d"}', n)
  return report.public(n, "/api/auth/request-otp", body)
end

function response()
  answered = answered + 1
  if answered >= last then os.exit(0) end
end
