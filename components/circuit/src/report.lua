-- Takes in how calls went: one that may hold a permit, or a batch.
-- KEYS[1]  the circuit    ARGV[1]  its policy, JSON
-- ARGV[2]  successes      ARGV[3]  failures     ARGV[4]  slow ones among both
-- ARGV[5]  who reports    ARGV[6]  the permit, or ""
-- ARGV[7]  how long the call took, in milliseconds; 0 if that is not known
-- ARGV[8]  the generation of the answer that let it pass; "" if that is not known
-- Reply    { from, to, reason, status (circuit.lua) ... }
-- An ignored call is a report of none. News of another generation changes nothing, but whatever a
-- report says, a permit that is still out is back with it.
-- O(size of the value), which is bounded.
local policy, now = cjson.decode(ARGV[1]), now_ms()
local report = {
  successes = tonumber(ARGV[2]),
  failures = tonumber(ARGV[3]),
  slow = tonumber(ARGV[4]),
  reporter = ARGV[5],
  permit = ARGV[6],
  duration = tonumber(ARGV[7]),
  generation = tonumber(ARGV[8]),
}
local circuit = circuit_load(KEYS[1], policy, now)

-- Ends the lease of the report's permit, whatever override may lie over the circuit. False if there is
-- none: it has ended, or it was lent in another time of half_open.
local function end_lease()
  if circuit.state ~= 'half_open' then return false end
  local generation, number = string.match(report.permit, '^(%d+)-(%d+)$')
  if tonumber(generation) ~= circuit.probes.generation then return false end
  for index, lease in ipairs(circuit.probes.leases) do
    if lease[1] == tonumber(number) then
      table.remove(circuit.probes.leases, index)
      circuit.changed = true
      return true
    end
  end
  return false
end

local function judge_probe()
  local probes = circuit.probes
  if report.failures > 0 then return trip(circuit, policy, now, 'A probe failed.') end
  probes.successes = probes.successes + report.successes
  probes.slow = probes.slow + report.slow
  if probes.successes < policy.half_open_permits then return end
  if probes.slow * 100 < policy.slow_call_rate_threshold * probes.successes then
    return recover(circuit, policy, now)
  end
  trip(circuit, policy, now, rate_reason(probes.slow, probes.successes,
    policy.slow_call_rate_threshold, 'probes were slow'))
end

local function judge_calls()
  window_count(circuit, policy, now, report)
  local trouble = window_trouble(circuit, policy)
  if trouble then trip(circuit, policy, now, trouble) end
end

local state, was_lent = circuit_state(circuit), end_lease()

local function is_news()
  if report.generation then return report.generation == circuit.generation end
  if report.permit ~= '' then return was_lent end
  -- A call that began before the present state did says nothing about it.
  return not circuit.since or now - report.duration >= circuit.since
end

if state == 'half_open' then
  if was_lent and is_news() then judge_probe() end
elseif state == 'metrics_only' then
  if is_news() then window_count(circuit, policy, now, report) end
elseif (state == 'closed' or state == 'recovering') and report.permit == '' then
  if is_news() then judge_calls() end
end

local transition = circuit_save(KEYS[1], circuit, policy, now)
return circuit_status(transition, KEYS[1], circuit, policy, now)
