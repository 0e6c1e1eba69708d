"""Two running bots for the tests over HTTP: one with its action server, one without."""

import json
import random
import uuid
from http.client import HTTPConnection

import pytest
import yaml
from conftest import (
    MODEL,
    ROOT,
    Bot,
    free_port,
    nobodys_port,
    patient_credentials,
    wait_for,
    write_endpoints,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from needlepoint.channels.sessions import Sessions
from needlepoint.database.engine import connect
from needlepoint.referral.requests import conversation_hash

SECRET = "for the tests of the web channel only"
CLINIC = "https://www.clinic.example"


class Web:
    """A running bot, spoken to as the widget does; ``rest`` speaks to it over REST."""

    def __init__(self, port, actions_port, database):
        self.port = port
        self.actions_port = actions_port
        self.database = database
        self.rest = Bot(port)

    def call(self, method, path, body=None, token=None, **headers):
        """Return status, headers and decoded body."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        # Each caller is counted apart, as behind a proxy.
        address = ".".join(["10", *(str(random.randrange(256)) for _ in range(3))])
        headers = {"X-Forwarded-For": address, **headers}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = json.dumps(body) if isinstance(body, dict) else body
        connection.request(method, f"/webhooks/web/{path}", data, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, answer.headers, json.loads(content) if content else None

    def start(self):
        status, _, body = self.call("POST", "session")
        assert status == 201, body
        return body["token"]

    def say(self, token, text, key=None, **fields):
        body = {"id": key or uuid.uuid4().hex, "text": text, **fields}
        status, _, answer = self.call("POST", "messages", body, token)
        return status, answer

    def ask(self, token, text, **fields):
        status, body = self.say(token, text, **fields)
        assert status == 200, body
        assert body["answers"]
        return body["answers"]

    def history(self, token):
        status, _, body = self.call("GET", "history", token=token)
        assert status == 200, body
        return body["messages"]

    def rows(self, table, token):
        """Return the rows of one conversation."""
        conversation = Sessions(SECRET, 30).conversation(f"Bearer {token}")
        mine = table.conversation == conversation_hash(conversation)
        engine = connect(self.database)
        with Session(engine) as session:
            found = session.execute(select(table).where(mine)).scalars().all()
        engine.dispose()
        return found


@pytest.fixture(scope="session")
def start_web(start, tmp_path_factory):
    """Start the bot with a database of its own, its action server expected at a port."""

    def run(actions_port, credentials, **settings):
        folder = tmp_path_factory.mktemp("web")
        write_endpoints(folder, actions_port)
        web = credentials["needlepoint.channels.web.WebChannel"]
        web.update({"allowed_origins": [CLINIC], **settings})
        (folder / "credentials.yml").write_text(yaml.safe_dump(credentials))
        database = f"sqlite:///{folder}/needlepoint.db"
        port = free_port()
        options = f"--interface 127.0.0.1 --port {port} --model {MODEL}"
        files = f"--endpoints {folder}/endpoints.yml --credentials {folder}/credentials.yml"
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("NEEDLEPOINT_SECRET", SECRET)
            patch.setenv("NEEDLEPOINT_DATABASE_URL", database)
            process = start("run", *options.split(), *files.split())
        wait_for(f"http://127.0.0.1:{port}/webhooks/rest/", process)
        return Web(port, actions_port, database)

    return run


@pytest.fixture(scope="session")
def web(start_web, start_actions):
    limits = {"messages_per_conversation": "100/minute", "calls_per_address": "2000/minute"}
    return start_web(start_actions()[0], patient_credentials(), **limits)


@pytest.fixture(scope="session")
def alone(start_web):
    """A bot as shipped whose action server is down, behind one proxy, with narrow limits."""
    credentials = yaml.safe_load((ROOT / "credentials.yml").read_text())
    # Hours, which no stall is long enough to end.
    limits = {"messages_per_conversation": "4/hour", "calls_per_address": "8/hour"}
    return start_web(nobodys_port(), credentials, **limits, proxies=1)
