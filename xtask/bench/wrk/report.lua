-- What every load shares: a report of the run in one line of JSON, and bodies counted from a start.
-- The environment: LATCH_BENCH_FROM, the number of the first call, so that no two runs send the
-- same; LATCH_BENCH_TOKEN, the service token.
local report = {}

report.from = tonumber(os.getenv("LATCH_BENCH_FROM") or "0")

-- The text of a POST with one header of the load's own. Not wrk.format, which goes through a table of
-- headers each time: the load shares the processors of the machine with what it measures.
local function post(path, header, body)
  return "POST " .. path .. " HTTP/1.1\r\nHost: " .. wrk.headers["Host"]
    .. "\r\nContent-Type: application/json\r\n" .. header
    .. "\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

-- A call of a service.
local token = "Authorization: Bearer " .. (os.getenv("LATCH_BENCH_TOKEN") or "")
function report.service(path, body)
  return post(path, token, body or "")
end

-- The n-th call of the public, from a client address of its own, as a trusted proxy would say it, so
-- that limits of one client's address do not end the run.
function report.public(n, path, body)
  local address = string.format("10.%d.%d.%d", math.floor(n / 65536) % 256, math.floor(n / 256) % 256, n % 256)
  return post(path, "X-Forwarded-For: " .. address, body)
end

-- Numbers that follow each other, in the one thread that wrk is run with.
function report.counter()
  local n = report.from - 1
  return function()
    n = n + 1
    return n
  end
end

-- wrk's own `done`: times are microseconds. `non2xx` counts statuses above 399.
function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"duration_us":%d,"p50_us":%d,"p99_us":%d,"non2xx":%d,"broken":%d,"how":"%s"}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    string.format("%d connect, %d read, %d write, %d in time", errors.connect, errors.read, errors.write, errors.timeout)))
end

return report
