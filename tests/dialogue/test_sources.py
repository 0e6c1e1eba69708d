"""Sources are read whole or not at all, and named in one line or in full."""

import pytest

from needlepoint.dialogue.sources import Source, read_sources, sources_line, sources_list

GUIDELINE = Source("A guideline", "A college", 2017, "https://example.org/g")
ARTICLE = Source("An article", "a magazine", None, None)


def test_line_under_an_answer():
    assert sources_line([GUIDELINE, ARTICLE]) == "Sources: A guideline (2017); An article."


def test_list_in_full():
    assert sources_list([GUIDELINE, ARTICLE]) == (
        "- A guideline (A college, 2017): https://example.org/g\n- An article (a magazine)"
    )


def test_the_projects_own_sources_can_be_read():
    sources = read_sources()
    assert sources["acp_2017"].year == 2017
    assert {"article_1", "article_2", "article_3", "article_4"} <= set(sources)


@pytest.mark.parametrize("entry", ["{title: A}", "just words"])
def test_an_incomplete_source_is_named(tmp_path, entry):
    path = tmp_path / "sources.yml"
    path.write_text(f"sources:\n  odd_one: {entry}\n")
    with pytest.raises(ValueError, match="odd_one"):
        read_sources(path)
