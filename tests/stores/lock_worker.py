"""A process that takes locks of one conversation, for tests that start and kill it.

``python lock_worker.py SETTINGS CONVERSATION WRITERS FILE SECONDS``: so many writers at once each
hold the lock for so long, and add one to the number in the file; with no file they only hold it.
It prints a line of JSON when one asks, holds and leaves.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from rasa.utils.endpoints import EndpointConfig

from needlepoint.stores.lock import RedisConversationLock

PATIENCE = 240.0  # seconds; another worker may take its time to start


def say(what: str, writer: int, fence: int | None = None) -> None:
    # Of all processes of a machine, the monotonic clock is the same.
    about = {"what": what, "writer": writer, "fence": fence, "at": time.monotonic_ns()}
    print(json.dumps(about), flush=True)


async def write(
    lock: RedisConversationLock, conversation: str, writer: int, file: Path | None, seconds: float
) -> None:
    say("asks", writer)
    async with lock.lock(conversation, PATIENCE) as number:
        say("holds", writer, number)
        before = int(file.read_text()) if file else 0
        await asyncio.sleep(seconds)
        if file:
            file.write_text(str(before + 1))
        say("leaves", writer, number)


async def main() -> None:
    settings, conversation, writers, file, seconds = sys.argv[1:]
    lock = RedisConversationLock(EndpointConfig(**json.loads(settings)))
    path = Path(file) if file else None
    tasks = (
        write(lock, conversation, number, path, float(seconds)) for number in range(int(writers))
    )
    await asyncio.gather(*tasks)
    await lock.close()


if __name__ == "__main__":
    asyncio.run(main())
