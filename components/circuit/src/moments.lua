-- The moments in a circuit, held against a clock that goes on, stands still, or is set back.

local WEEK_MS = 7 * 24 * 60 * 60 * 1000

local function now_ms() return math.floor(clock() / 1000) end

-- Puts what `change` makes of it in the place of each moment: first of those that were past when the
-- circuit was written, then of those that may have been to come. O(size of the circuit).
local function each_past(circuit, change)
  circuit.at = change(circuit.at)
  if circuit.since then circuit.since = change(circuit.since) end
  if circuit.override then circuit.override.since = change(circuit.override.since) end
  for _, bucket in ipairs(circuit.window) do bucket[1] = change(bucket[1]) end
  for _, reporter in ipairs(circuit.reporters) do reporter[2] = change(reporter[2]) end
end
local function each_to_come(circuit, change)
  if circuit.state == 'open' then circuit.ends = change(circuit.ends) end
  if circuit.override then circuit.override.ends = change(circuit.override.ends) end
  if circuit.state == 'half_open' then
    for _, lease in ipairs(circuit.probes.leases) do lease[2] = change(lease[2]) end
  end
end

-- Whether something is still to come: the end of open, of an override, or of a lease.
local function moments_wait(circuit)
  local waits = false
  each_to_come(circuit, function(moment)
    waits = true
    return moment
  end)
  return waits
end

-- A past moment that is still to come tells that the clock was set back. Then all of them move by as
-- much, so that each is as long ago, and as far away, as when the circuit was written.
local function moments_follow(circuit, now)
  local latest = 0
  each_past(circuit, function(moment)
    latest = math.max(latest, moment)
    return moment
  end)
  if latest <= now then return end
  local function move(moment) return math.max(0, moment - (latest - now)) end
  each_past(circuit, move)
  each_to_come(circuit, move)
  circuit.changed = true
end

-- No moment lies further away than the policy could have put it, however it got there.
local function moments_clamp(circuit, policy, now)
  local function clamp(it, member, most)
    if it[member] > most then it[member], circuit.changed = most, true end
  end
  if circuit.override then clamp(circuit.override, 'ends', now + WEEK_MS) end
  if circuit.state == 'open' then clamp(circuit, 'ends', circuit.since + policy.open_max_ms) end
  if circuit.state == 'half_open' then
    for _, lease in ipairs(circuit.probes.leases) do clamp(lease, 2, now + policy.permit_lease_ms) end
  end
end
