-- Shows a page of the circuits that are stored.
-- ARGV[1]  the policies by name, JSON; `default` is that of the other names
-- ARGV[2]  cursor, 0 to begin   ARGV[3]  how many circuits a page may hold
-- Reply    { cursor (0 at the end), circuits, and of each: name, from, to, reason, status ... }
-- Like SCAN, it may show one twice, and one or two more than a page may hold.
-- O(limit): a page looks at no more than STEPS times as many keys, of whatever kind they are.
local STEPS = 100
local policies, now = cjson.decode(ARGV[1]), now_ms()
local cursor, limit = ARGV[2], tonumber(ARGV[3])

local names = {}
for _ = 1, STEPS do
  local keys
  cursor, keys = unpack(redis.call('SCAN', cursor, 'MATCH', PREFIX .. '*', 'COUNT', limit - #names))
  for _, key in ipairs(keys) do
    local name = string.sub(key, #PREFIX + 1)
    -- Under another name it is none that anybody could ask for.
    if #name <= 128 and string.find(name, '^[%w._:-]+$') then
      names[#names + 1] = name
    end
  end
  if cursor == '0' or #names >= limit then break end
end

local reply = { cursor, #names }
for _, name in ipairs(names) do
  local key, policy = PREFIX .. name, policies[name] or policies.default
  local circuit = circuit_load(key, policy, now)
  reply[#reply + 1] = name
  for _, element in ipairs(circuit_save(key, circuit, policy, now)) do reply[#reply + 1] = element end
  circuit_status(reply, key, circuit, policy, now)
end
return reply
