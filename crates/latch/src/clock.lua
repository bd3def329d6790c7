-- Redis's clock in whole microseconds since 1970: the one place where a script learns the time.
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
