-- The transitions of the table in lib.rs, one function for each that there is.

-- An override lies over the state; what is beneath goes on by the clock.
local function circuit_state(circuit)
  return circuit.override and circuit.override.mode or circuit.state
end

-- Each transition begins another generation, so that news of an earlier one can be told from news of
-- this one.
local function move_on(circuit)
  circuit.generation, circuit.changed = (circuit.generation + 1) % MAX_NUMBER, true
end

local function enter(circuit, state, now, reason)
  circuit.state, circuit.since, circuit.reason = state, now, reason
  move_on(circuit)
end

-- closed | half_open | recovering => open
local function trip(circuit, policy, now, reason)
  enter(circuit, 'open', now, reason)
  circuit.trips = circuit.trips + 1
  circuit.ends = now + math.min(policy.open_max_ms, policy.open_ms * 2 ^ (circuit.trips - 1))
end

-- open => half_open
local function probe(circuit, now)
  enter(circuit, 'half_open', now, 'The open time is over, and probes find out how things are.')
  circuit.probes =
    { generation = circuit.generation, successes = 0, slow = 0, issued = 0, leases = {} }
end

-- half_open | recovering => closed
local function close(circuit, now, reason)
  enter(circuit, 'closed', now, reason)
  circuit.trips = 0
end

-- half_open => recovering | closed
local function recover(circuit, policy, now)
  circuit.window, circuit.reporters = {}, {}
  if policy.recovery_ms == 0 then return close(circuit, now, 'The probes succeeded.') end
  enter(circuit, 'recovering', now, 'The probes succeeded, and a growing share of calls may pass.')
  -- So that the first call passes.
  circuit.credit = 900
end

-- Lays an override over the state, in the place of one that may be there; nil lifts that.
local function lay(circuit, override)
  if not override and not circuit.override then return end
  circuit.override = override
  move_on(circuit)
end

-- any state => closed
local function reset(circuit, now)
  circuit.override, circuit.window, circuit.reporters = nil, {}, {}
  close(circuit, now, 'It was reset.')
end

-- What time alone brings about.
local function circuit_settle(circuit, policy, now)
  if circuit.override and circuit.override.ends <= now then lay(circuit, nil) end
  if circuit.state == 'open' and circuit.ends <= now then probe(circuit, now) end
  if circuit.state == 'half_open' then
    local leases = circuit.probes.leases
    circuit.probes.leases = keep(leases, function(lease) return lease[2] > now end)
    circuit.changed = circuit.changed or #circuit.probes.leases < #leases
  end
  if circuit.state == 'recovering' and circuit.since + policy.recovery_ms <= now then
    close(circuit, now, 'It has recovered.')
  end
  window_forget(circuit, policy, now)
end
