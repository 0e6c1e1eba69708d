"""A site as a browser sees it: calls to the web channel of one worker or several."""

import json
import time
from http.client import HTTPConnection, HTTPException

import pytest
import yaml
from conftest import MODEL, ROOT, free_port, wait_for


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
        for attempt in range(60):
            port = self.ports[(first + attempt) % len(self.ports)]
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


def open_site(start, folder, settings, workers, endpoints="endpoints.production.yml"):
    """Start workers with some environment, and return the site once all answer."""
    credentials = yaml.safe_load((ROOT / "credentials.yml").read_text())
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
                *("--endpoints", endpoints, "--credentials", f"{folder}/credentials.yml"),
            )
            for port in ports
        ]
    for port, process in zip(ports, processes, strict=True):
        wait_for(f"http://127.0.0.1:{port}/webhooks/rest/", process)
    return Site(processes, ports)
