"""Tokens: ours and in time, or of no use."""

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from needlepoint.channels.refusals import RefusalError
from needlepoint.channels.sessions import SecretError, Sessions, deleted, read_secret

SECRET = "0123456789abcdef" * 3
DAY = 86_400


@pytest.fixture
def sessions():
    return Sessions(SECRET, days=1)


def refused(sessions, header):
    with pytest.raises(RefusalError) as error:
        sessions.conversation(header)
    assert (error.value.code, error.value.status) == ("unauthorized", 401)
    return error.value.message


def test_a_token_leads_back_to_its_conversation(sessions):
    conversation = sessions.new_conversation()
    assert sessions.conversation(f"Bearer {sessions.token(conversation)}") == conversation
    assert sessions.conversation(f"bearer  {sessions.token(conversation)} ") == conversation


def test_conversations_are_128_random_bits(sessions):
    found = {sessions.new_conversation() for _ in range(1000)}
    assert len(found) == 1000
    assert {len(bytes.fromhex(conversation)) for conversation in found} == {16}


def test_a_token_ends_in_time(sessions, monkeypatch):
    token = sessions.token(sessions.new_conversation())
    then = TimestampSigner("").get_timestamp()
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: then + DAY - 5)
    assert sessions.conversation(f"Bearer {token}")
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: then + DAY + 5)
    assert "too old" in refused(sessions, f"Bearer {token}")


def test_a_changed_token_is_refused(sessions):
    token = sessions.token(sessions.new_conversation())
    payload, time, signature = token.split(".")
    other, later, _ = sessions.token(sessions.new_conversation()).split(".")
    for forged in (f"{other}.{time}.{signature}", f"{payload}.{'z' * len(later)}.{signature}"):
        assert "not valid" in refused(sessions, f"Bearer {forged}")


def test_another_secret_or_use_does_not_sign(sessions):
    conversation = sessions.new_conversation()
    for signer in (Sessions("x" * 40, 1).token, URLSafeTimedSerializer(SECRET).dumps):
        assert "not valid" in refused(sessions, f"Bearer {signer(conversation)}")


@pytest.mark.parametrize("content", ["me", None, ["a" * 32], "A" * 32, "a" * 32 + "\n"])
def test_what_is_signed_must_be_an_id(sessions, content):
    assert "not valid" in refused(sessions, f"Bearer {sessions.token(content)}")


@given(st.text())
@example("Bearer \udcff")
@example("Bearer " + "." * 50)
@example("Bearer .eJw.a.b")
@example("Basic abc")
@example("Bearer")
def test_any_other_header_is_refused(header):
    refused(Sessions(SECRET, 1), header)
    refused(Sessions(SECRET, 1), None)


def test_a_deleted_conversation_is_refused_alike():
    assert deleted().status == 401


def test_the_secret_of_the_environment_counts(tmp_path):
    assert read_secret({"NEEDLEPOINT_SECRET": SECRET}, tmp_path / "secret") == SECRET
    assert not list(tmp_path.iterdir())


def test_a_short_secret_is_none(tmp_path):
    with pytest.raises(SecretError, match="NEEDLEPOINT_SECRET must have 32 characters"):
        read_secret({"NEEDLEPOINT_SECRET": "hunter2"}, tmp_path / "secret")
    (tmp_path / "secret").write_text("")
    with pytest.raises(SecretError, match="secret must have 32"):
        read_secret({}, tmp_path / "secret")


def test_without_one_a_file_is_made_that_only_its_owner_reads(tmp_path):
    path = tmp_path / "secret"
    secret = read_secret({}, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_secret({}, path) == secret
    assert read_secret({}, tmp_path / "another") != secret
    assert sorted(file.name for file in tmp_path.iterdir()) == ["another", "secret"]


def test_two_that_start_at_once_have_the_same_secret(tmp_path):
    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(lambda _: read_secret({}, tmp_path / "secret"), range(32)))
    assert len(found) == 1
