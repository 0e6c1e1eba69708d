"""What the REST channel does when Rasa itself fails."""

import asyncio

from rasa.core.channels.channel import CollectingOutputChannel, UserMessage

from needlepoint.channels.rest import TROUBLE, RestChannel, never_silent


def test_a_failure_is_answered():
    async def fails(message):
        raise RuntimeError("the tracker store is gone")

    channel = CollectingOutputChannel()
    asyncio.run(never_silent(fails)(UserMessage("hi", channel, "someone")))
    assert [message["text"] for message in channel.messages] == [TROUBLE]


def test_settings_come_from_the_credentials():
    channel = RestChannel.from_credentials({"max_length": 10, "action_deadline": 0.5})
    assert (channel.max_length, channel.action_deadline) == (10, 0.5)
    assert RestChannel.from_credentials(None).max_length == 4000
