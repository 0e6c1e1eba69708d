"""What rasa-sdk's action server runs beside the actions: the delivery and deletion of requests.

rasa-sdk looks for a package of this name and calls ``init_hooks``: its own way to add something to
the server. ``needlepoint deliver`` does the same work apart.
"""

import threading

import pluggy
from sanic import Sanic

from needlepoint.referral.clinic import read_clinic
from needlepoint.referral.delivery import Worker, connected, keep_purging
from needlepoint.referral.destination import read_destination

hookimpl = pluggy.HookimplMarker("rasa_sdk")
STOP_LIMIT = 5.0  # seconds for the request in hand; one that is cut off is sent again later


def init_hooks(manager: pluggy.PluginManager) -> None:
    """Register what rasa-sdk shall call."""
    manager.register(Delivery())


class Delivery:
    """Delivers requests, and purges them in time, in a thread while the action server runs."""

    @hookimpl
    def attach_sanic_app_extensions(self, app: Sanic) -> None:
        """Start the thread with the server and end it with the server, if there is something to do.

        Raises:
            DataError: ``clinic.yml`` cannot be used.
            DestinationError: a setting for the delivery is missing or wrong.
        """
        clinic = read_clinic()
        destination = read_destination(clinic.requests_email, clinic.requests_webhook)
        if destination is None and not clinic.is_known:
            return
        stop = threading.Event()

        def work() -> None:
            engine = connected(stop)
            if engine and destination:
                Worker(engine, destination).run(stop)
            elif engine:
                keep_purging(engine, stop)

        thread = threading.Thread(target=work, name="delivery", daemon=True)

        def end(*_: object) -> None:
            stop.set()
            thread.join(STOP_LIMIT)

        app.register_listener(lambda *_: thread.start(), "after_server_start")
        app.register_listener(end, "before_server_stop")
