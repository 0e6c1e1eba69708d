"""A person who tells everything about themselves in every channel, and the bot that hears it."""

import asyncio
import json
import os
import subprocess
import time
import uuid
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection

import aio_pika
import yaml
from conftest import MODEL, ROOT, Bot, free_port, patient_credentials, wait_for
from databases import amqp_url, own_postgres, redis_url
from redis import Redis
from slack_events import direct_message
from slack_stack import SIGNING_SECRET, SlackBot
from slack_stand_in import BOT_TOKEN, SlackStandIn
from sqlalchemy import MetaData, create_engine, select
from typer.testing import CliRunner
from web_site import PATIENT

from benchmarks.servers import delete_events
from needlepoint.channels.sessions import Sessions
from needlepoint.cli import app
from needlepoint.serve import Settings, commands

NAME, PHONE, MAIL = "Ottilie Vanterpool", "828 555 0167", "otti.vanter@example.org"
SENDER = "rosalba.sender@example.org"  # what a caller of the REST channel may call a conversation
SECRET = "for tests only, and as long as it must be"
SAID = f"I am {NAME}, {PHONE}, {MAIL}. Does it hurt?"
FORM = ("call me back", NAME, PHONE, f"Tuesday, says {NAME}", "yes", "yes")
WORDS = (*NAME.split(), PHONE, "5550167", "555 0167", "otti.vanter", "rosalba.sender")


def found_in(text):
    """Return which words of the person are in a text."""
    return [word for word in WORDS if word.lower() in text.lower()]


class Running:
    """A bot of a clinic, by one profile, with all that it keeps and writes."""

    def __init__(self, folder, stand_in, database, queue=None):
        self.folder, self.stand_in, self.database, self.queue = folder, stand_in, database, queue
        self.port, self.processes, self.token = free_port(), {}, None

    @property
    def environment(self):
        settings = {
            "NEEDLEPOINT_DATABASE_URL": self.database,
            "NEEDLEPOINT_SECRET": SECRET,
            "NEEDLEPOINT_CLINIC": str(self.folder / "clinic.yml"),
            "NEEDLEPOINT_WEBHOOK_SECRET": "a secret of enough length for this",
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
        }
        if self.queue:
            stores = {"NEEDLEPOINT_REDIS_URL": redis_url(), "NEEDLEPOINT_AMQP_URL": amqp_url()}
            settings.update(stores, NEEDLEPOINT_PROFILE="production")
        return settings

    def start(self):
        """Start both servers as ``needlepoint.serve`` does, but at their most talkative."""
        actions = free_port()
        self._write_settings(actions)
        server = Settings(
            "127.0.0.1", self.port, str(MODEL), actions, self.folder / "endpoints.yml"
        )
        urls = {
            "action server": f"http://127.0.0.1:{actions}/health",
            "Rasa": f"http://127.0.0.1:{self.port}/webhooks/rest/",
        }
        environment = {
            **os.environ,
            **self.environment,
            "NEEDLEPOINT_ACTIONS_URL": f"http://127.0.0.1:{actions}/webhook",
            "SANIC_HOST": "127.0.0.1",
            "RASA_TELEMETRY_ENABLED": "false",
            "LOG_LEVEL_LIBRARIES": "DEBUG",
            # As the Makefile has them: what is said while Python imports comes before any setting.
            "PYTHONWARNINGS": "ignore",
            "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        for name, command in commands(server).items():
            mine = str(self.folder / "credentials.yml")
            command = [mine if part == "credentials.yml" else part for part in command]
            with self.log(name).open("wb") as log:
                self.processes[name] = subprocess.Popen(
                    [*command, "--debug"], cwd=ROOT, env=environment, stdout=log, stderr=log
                )
        for name, url in urls.items():
            wait_for(url, self.processes[name])
        self.rest = Bot(self.port)
        process = self.processes["Rasa"]
        self.slack = SlackBot(self.port, self.stand_in, process, self.database)

    def log(self, name):
        return self.folder / f"{name}.log"

    def stop(self, name):
        self.processes[name].terminate()
        self.processes[name].wait(240)

    def web(self, method, path, body=None):
        """Call the web channel; return status and body."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        data = json.dumps(body) if body else None
        connection.request(method, f"/webhooks/web/{path}", data, headers)
        answer = connection.getresponse()
        found = answer.read()
        connection.close()
        return answer.status, json.loads(found or b"null")

    def say(self, text):
        """Say something on the web; return the answers."""
        status, body = self.web("POST", "messages", {"id": uuid.uuid4().hex, "text": text})
        assert status == 200, body
        return body["answers"]

    def begin(self):
        """Begin a conversation on the web, and return its id."""
        self.token = None
        self.token = self.web("POST", "session")[1]["token"]
        return Sessions(SECRET, 30).conversation(f"Bearer {self.token}")

    def say_in_slack(self, text):
        return self.slack.ask(direct_message("U70", text))

    def tell_all(self):
        """Give away everything in every channel; return the id of the web's conversation."""
        conversation = self.begin()
        answer = self.say(SAID)[0]["id"]
        opinion = {"answer": answer, "value": "down", "comment": f"Too short for {NAME}, {MAIL}"}
        # While the machine stalls, it is to be tried again.
        until(lambda: self.web("POST", "feedback", opinion)[0] == 204)
        for text in FORM:
            self.say(text)
            self.rest.ask(SENDER, text)
        self.rest.ask(SENDER, SAID)
        self.rest.ask(SENDER, f'/greet{{"place": "{NAME}"}}')
        self.say_in_slack(SAID)
        return conversation

    def run(self, *arguments):
        """Run the command ``needlepoint``."""
        runner = CliRunner(mix_stderr=False)
        return runner.invoke(app, list(arguments), env=self.environment)

    def metrics(self):
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", "/webhooks/health/metrics")
        return connection.getresponse().read().decode()

    def rows(self):
        """Return all values of all tables, as text."""
        engine, tables = create_engine(self.database), MetaData()
        tables.reflect(engine)
        with engine.connect() as connection:
            rows = [
                (table.name, *row)
                for table in tables.sorted_tables
                for row in connection.execute(select(table))
            ]
        engine.dispose()
        return "\n".join(map(str, rows))

    def published(self):
        """Take all events out of the queue, and return them as text."""
        return asyncio.run(self._published())

    async def _published(self):
        connection = await aio_pika.connect(amqp_url())
        async with connection:
            channel = await connection.channel()
            queue = await channel.get_queue(self.queue)
            found = []
            while message := await queue.get(fail=False, no_ack=True):
                found.append(f"{message.routing_key} {message.headers} {message.body.decode()}")
        return "\n".join(found)

    def _write_settings(self, actions):
        profile = "endpoints.production.yml" if self.queue else "endpoints.yml"
        endpoints = yaml.safe_load((ROOT / profile).read_text())
        endpoints["tracker_store"].update(PATIENT["tracker_store"])
        if self.queue:
            endpoints["event_broker"].update(queues=[self.queue], exchange_name=self.queue)
        else:
            endpoints["action_endpoint"]["url"] = f"http://127.0.0.1:{actions}/webhook"
        credentials = patient_credentials()
        slack = credentials["needlepoint.channels.slack.SlackChannel"]
        slack["api_url"] = self.stand_in.url
        clinic = yaml.safe_load((ROOT / "tests" / "clinic.yml").read_text())
        clinic["requests"]["webhook"] = f"http://127.0.0.1:{free_port()}/"  # nobody is there
        for name, content in (
            ("endpoints", endpoints),
            ("credentials", credentials),
            ("clinic", clinic),
        ):
            (self.folder / f"{name}.yml").write_text(yaml.safe_dump(content))


def redis_text():
    """Return all keys and values of Redis as text."""
    redis = Redis.from_url(redis_url(), decode_responses=True)
    read = {
        "string": redis.get,
        "hash": redis.hgetall,
        "zset": lambda key: redis.zrange(key, 0, -1),
        "list": lambda key: redis.lrange(key, 0, -1),
        "set": redis.smembers,
    }
    # Others use it, too: a key may have ended since it was found, and then is of the type "none".
    return "\n".join(
        f"{key} {read.get(redis.type(key), lambda _: '')(key)}" for key in redis.scan_iter()
    )


@contextmanager
def running(profile, folder):
    """Run a bot by a profile; both of its processes are stopped at the end."""
    with ExitStack() as stack:
        stand_in = stack.enter_context(SlackStandIn())
        if profile == "default":
            bot = Running(folder, stand_in, f"sqlite:///{folder}/private.db")
        else:
            queue = f"needlepoint_test_{uuid.uuid4().hex}"
            bot = Running(folder, stand_in, stack.enter_context(own_postgres()), queue)
            stack.callback(delete_events, queue)
        try:
            bot.start()
            yield bot
        finally:
            for process in bot.processes.values():
                process.kill()
                process.wait()


def until(condition):
    """Wait until something is true."""
    deadline = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)
