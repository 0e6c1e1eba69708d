"""A site as a browser sees it: calls to the web channel of one worker or several."""

import json
import time
from http.client import HTTPConnection, HTTPException
from itertools import cycle

import pytest
import yaml
from conftest import MODEL, ROOT, free_port, patient_credentials, wait_for

LIMIT = 240  # seconds for an answer, with all that is to be tried again
PATIENT = {"tracker_store": {"answer_limit": 60}}  # a machine that stalls must not decide


class Site:
    """Rasa workers, and what a browser's calls to them are."""

    def __init__(self, processes, ports):
        self.processes = processes
        self.ports = ports
        self.patience = 60  # seconds

    def call(self, port, method, path, body=None, token=None):
        """Return status and decoded body; 0 if the worker cannot be reached."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection = HTTPConnection("127.0.0.1", port, timeout=self.patience)
        try:
            data = json.dumps(body) if body else None
            connection.request(method, f"/webhooks/web/{path}", data, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        except (OSError, HTTPException):
            return 0, None
        finally:
            connection.close()

    def start(self):
        status, body = self.call(self.ports[-1], "POST", "session")
        assert status == 201, body
        return body["token"]

    def say(self, token, key, text, first):
        """Send a message until it is answered, as the widget does; return its answers."""
        end = time.monotonic() + LIMIT
        workers = cycle([*self.ports[first:], *self.ports[:first]])
        while time.monotonic() < end:
            port = next(workers)
            status, body = self.call(port, "POST", "messages", {"id": key, "text": text}, token)
            if status == 200:
                return body["answers"]
            assert status in (0, 500, 503), (status, body)
            time.sleep(0.3)
        pytest.fail("a message was never answered")

    def history(self, token):
        status, body = self.call(self.ports[-1], "GET", "history", token=token)
        assert status == 200, body
        return body["messages"]


def open_site(start, folder, settings, workers, profile="endpoints.production.yml", **changes):
    """Start workers with some environment, and return the site once all answer.

    ``changes`` are to the settings of the stores, the lock and the broker, by their names in the
    profile's file; with ``tracker_store={}`` the database has no more time than the profile gives.
    """
    endpoints = yaml.safe_load((ROOT / profile).read_text())
    for part, change in {**PATIENT, **changes}.items():
        endpoints[part].update(change)
    (folder / "endpoints.yml").write_text(yaml.safe_dump(endpoints))
    credentials = patient_credentials()
    web = credentials["needlepoint.channels.web.WebChannel"]
    web.update(messages_per_conversation="9000/minute", calls_per_address="9000/minute")
    (folder / "credentials.yml").write_text(yaml.safe_dump(credentials))
    ports = [free_port() for _ in range(workers)]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        processes = [
            start(
                *f"run --interface 127.0.0.1 --port {port} --model {MODEL}".split(),
                *("--endpoints", f"{folder}/endpoints.yml"),
                *("--credentials", f"{folder}/credentials.yml"),
            )
            for port in ports
        ]
    for port, process in zip(ports, processes, strict=True):
        wait_for(f"http://127.0.0.1:{port}/webhooks/rest/", process)
    return Site(processes, ports)
