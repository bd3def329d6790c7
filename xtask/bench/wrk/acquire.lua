-- May a call pass? A hundred circuits, all closed.
local report = dofile(os.getenv("LATCH_BENCH_LUA") .. "/report.lua")
local next = report.counter()

function request()
  return report.service(string.format("/api/circuit/bench-%d/acquire", next() % 100))
end
