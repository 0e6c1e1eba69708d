"""Rasa's own Sanic app in a thread of its own, for tests of one channel over HTTP."""

import asyncio
import socket
import threading
import time


def wait_until(condition):
    """Wait until something is so in the server."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


class AppServer:
    """Serves ``self.app`` at ``self.port``; a subclass makes the app and calls ``start_app``."""

    def start_app(self):
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        threading.Thread(target=self._run, args=[started], daemon=True).start()
        assert started.wait(120)

    def _run(self, started):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        started.set()
        self._loop.run_forever()
        self._socket.close()

    async def _serve(self):
        # Bound once: a port that was only looked for may be somebody else's by now.
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        server = await self.app.create_server(sock=self._socket, return_asyncio_server=True)
        await server.startup()
        await server.before_start()
        await server.start_serving()
        await server.after_start()

    def stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
