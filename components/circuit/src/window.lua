-- The sliding window: the calls of the last `window_s` seconds, counted in ten buckets of time. A
-- bucket begins with the first call that the one before is too old for. It leaves as soon as its
-- first moment is too old, so the window spans nine tenths of `window_s` at least, and never more
-- than all of it.

local function keep(list, is_wanted)
  local kept = {}
  for _, item in ipairs(list) do
    if is_wanted(item) then kept[#kept + 1] = item end
  end
  return kept
end

-- Forgets what has left the window.
local function window_forget(circuit, policy, now)
  local before = now - policy.window_s * 1000
  local function is_within(moment) return moment > before end
  circuit.window = keep(circuit.window, function(bucket) return is_within(bucket[1]) end)
  circuit.reporters = keep(circuit.reporters, function(reporter) return is_within(reporter[2]) end)
end

-- calls, failures and slow calls.
local function window_sum(circuit)
  local calls, failures, slow = 0, 0, 0
  for _, bucket in ipairs(circuit.window) do
    calls, failures, slow = calls + bucket[2], failures + bucket[3], slow + bucket[4]
  end
  return calls, failures, slow
end

-- Remembers who reports trouble. As many as the policy asks for are enough: the latest of them are
-- within the window if that many are.
local function window_reporter(circuit, policy, now, reporter)
  circuit.reporters = keep(circuit.reporters, function(other) return other[1] ~= reporter end)
  table.insert(circuit.reporters, { reporter, now })
  while #circuit.reporters > policy.minimum_reporters do table.remove(circuit.reporters, 1) end
end

-- Counts the calls of a report.
local function window_count(circuit, policy, now, report)
  local calls = report.successes + report.failures
  if calls == 0 then return end
  circuit.changed = true
  local window = circuit.window
  local newest = window[#window]
  if not newest or newest[1] + policy.window_s * 1000 / MAX_BUCKETS <= now then
    table.insert(window, { now, 0, 0, 0 })
  end
  -- Under a policy of before they may have been shorter.
  if #window > MAX_BUCKETS then table.remove(window, 1) end
  local bucket = window[#window]
  bucket[2] = math.min(MAX_COUNT, bucket[2] + calls)
  bucket[3] = math.min(MAX_COUNT, bucket[3] + report.failures)
  bucket[4] = math.min(MAX_COUNT, bucket[4] + report.slow)
  if report.failures + report.slow > 0 then
    window_reporter(circuit, policy, now, report.reporter)
  end
end

local function rate_reason(count, calls, threshold, what)
  return string.format('%.0f of %.0f %s (%d%%, the threshold is %d%%).',
    count, calls, what, math.floor(count * 100 / calls), threshold)
end

-- Why the calls in the window are reason to open, or nil.
local function window_trouble(circuit, policy)
  local calls, failures, slow = window_sum(circuit)
  if calls < policy.minimum_calls or #circuit.reporters < policy.minimum_reporters then return nil end
  if failures * 100 >= policy.failure_rate_threshold * calls then
    return rate_reason(failures, calls, policy.failure_rate_threshold, 'calls failed')
  end
  if slow * 100 >= policy.slow_call_rate_threshold * calls then
    return rate_reason(slow, calls, policy.slow_call_rate_threshold, 'calls were slow')
  end
  return nil
end

-- Whether both rates are below half their thresholds. Where there are fewer calls than the minimum,
-- it is the calls that are missing that are taken for good ones.
local function window_is_well(circuit, policy)
  local calls, failures, slow = window_sum(circuit)
  calls = math.max(calls, policy.minimum_calls)
  return failures * 200 < policy.failure_rate_threshold * calls
    and slow * 200 < policy.slow_call_rate_threshold * calls
end
