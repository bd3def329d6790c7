-- A static answer: what the host can do at most.
local report = dofile(os.getenv("LATCH_BENCH_LUA") .. "/report.lua")

wrk.path = "/.well-known/jwks.json"
