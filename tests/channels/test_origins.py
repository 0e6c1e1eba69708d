"""Which sites may use the channel."""

import pytest

from needlepoint.channels.origins import OriginError, Origins
from needlepoint.channels.refusals import RefusalError

CLINIC = "https://www.clinic.example"
HOST = "bot.clinic.example:5005"


@pytest.fixture
def origins():
    return Origins([CLINIC])


@pytest.mark.parametrize("origin", [None, CLINIC, f"http://{HOST}", f"https://{HOST}"])
def test_these_may(origins, origin):
    origins.check(origin, HOST)
    allowed = origins.headers(origin, HOST).get("Access-Control-Allow-Origin")
    assert allowed == origin


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "https://evil.example",
        "http://www.clinic.example",
        "https://www.clinic.example.evil.example",
        "https://www.clinic.example:8443",
        "https://www.clinic.example/",
        "https://user@bot.clinic.example:5005",
        f"{CLINIC}, https://evil.example",
        f"{CLINIC}\udcff",
        "ftp://bot.clinic.example:5005",
        "*",
    ],
)
def test_these_may_not(origins, origin):
    with pytest.raises(RefusalError) as error:
        origins.check(origin, HOST)
    assert (error.value.code, error.value.status) == ("forbidden_origin", 403)
    assert origins.headers(origin, HOST) == {"Vary": "Origin"}


def test_without_a_host_there_are_no_own_pages(origins):
    with pytest.raises(RefusalError):
        origins.check("https://None", None)


@pytest.mark.parametrize("origin", ["*", "www.clinic.example", f"{CLINIC}/", f"{CLINIC}/a", 5])
def test_a_wrong_origin_in_the_settings_is_named(origin):
    with pytest.raises(OriginError, match="write each as https://www.example.org"):
        Origins([origin])
