"""One-time codes as many a shop writes them: SETEX, GET and INCRBY, one after the other.

What Latch is compared with. It is what FastAPI and redis-py make of the obvious code, and no more:
nothing is atomic, codes and numbers stand in Redis as they are, and nothing but a phone is limited.
"""

import os
import secrets

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from redis.asyncio import Redis

app = FastAPI()
redis = Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)
guesses = int(os.environ.get("LATCH_BENCH_GUESSES", "3"))
per_minute = int(os.environ.get("LATCH_BENCH_PER_MINUTE", "10"))


class Ask(BaseModel):
    phone: str


class Guess(BaseModel):
    phone: str
    otp_code: str


@app.post("/api/auth/request-otp")
async def request_otp(ask: Ask):
    sent = await redis.incrby(f"otp_rate:{ask.phone}", 1)
    if sent == 1:
        await redis.expire(f"otp_rate:{ask.phone}", 60)
    if sent > per_minute:
        raise HTTPException(429, "Too many requests")
    code = f"{secrets.randbelow(10**6):06}"
    await redis.setex(f"otp:{ask.phone}", 300, code)
    await redis.delete(f"otp_attempts:{ask.phone}")
    return {"status": "sent", "expires_in": 300}


@app.post("/api/auth/verify-otp")
async def verify_otp(guess: Guess):
    code = await redis.get(f"otp:{guess.phone}")
    if code is None:
        raise HTTPException(400, "Code expired")
    tried = await redis.incrby(f"otp_attempts:{guess.phone}", 1)
    if tried == 1:
        await redis.expire(f"otp_attempts:{guess.phone}", 300)
    if tried > guesses:
        raise HTTPException(429, "Too many attempts")
    if not secrets.compare_digest(code, guess.otp_code):
        raise HTTPException(400, "Wrong code")
    await redis.delete(f"otp:{guess.phone}", f"otp_attempts:{guess.phone}")
    return {"verified": True, "token": secrets.token_urlsafe(32)}
