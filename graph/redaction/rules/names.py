"""Names of people: those that a title or an introduction announces, and what the model's guesses are worth.

The model (spaCy) finds names by their looks. The rules here find those that a text announces, in any spelling, and
drop guesses that are merchants, employees or ordinary words.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from graph.redaction.rules.spans import Span, one_of

_PARTICLE = r"(?:(?:de|da|di|del|della|der|den|van|von|la|le|bin|ibn|al|el|dos|das|du|ter|ten) ){0,2}"
_CAPITALISED = r"[^\W\d_a-z][^\W\d_]{0,24}(?:['-][^\W\d_]{1,24}){0,2}"
_FULL = rf"{_CAPITALISED}(?: (?:[A-Z]\.? ){{0,2}}{_PARTICLE}{_CAPITALISED}){{0,3}}"
_PAIR = rf"{_CAPITALISED}(?: {_CAPITALISED})?"
_PLAIN_WORD = r"[^\W\d_]{2,24}(?:['-][^\W\d_]{1,24}){0,2}"
_FILLER = r"(?:\S{1,12} ){0,3}"

_RELATIONS = one_of(
    "wife husband spouse partner girlfriend boyfriend fianc[ée]e? son daughter kids? child brother sister mother",
    "father mom dad mum friend roommate landlord cousin nephew niece boss coworker colleague neighbou?r accountant",
    "lawyer nanny",
)
_TITLED = re.compile(
    r"(?<!\w)"
    + one_of(
        "Mr Mrs Ms Mx Miss Dr Prof Professor Sir Madam Herr Frau Señor Señora Sr Sra Mme Mlle Rev Hon Capt Sgt Lt",
        "Uncle Aunt Auntie Grandma Grandpa",
    )
    + rf"\.? ({_FULL})"
)
_STOP = (
    "(?!"
    + one_of(
        "and but or is was are on in at the an? my your not here for from to with because so i it what how can could",
        "please who which that this there when where he she we they you has have had will would should if as by of",
        "also just now correct right wrong missing misspelled incorrect changed different still only too",
    )
    + r"\b)"
)
_WHOSE = one_of("my his her their our the maiden account_?holder(?:'?s)? cardholder(?:'?s)?")
_WHICH = one_of("full first last legal maiden middle sur birth given family")
_INTRODUCED = re.compile(
    rf"\b(?:{_WHOSE}|{_RELATIONS}'?s) (?:{_WHICH} ?)?name(?: on (?:the|my) (?:account|card))?"
    rf"(?:'s| is| was|:)(?: called)?\s{{0,2}}({_STOP}{_PLAIN_WORD}(?: (?:[a-z]\. )?{_STOP}{_PLAIN_WORD}){{0,3}})",
    re.IGNORECASE,
)
_LABELS = one_of(
    "[Nn]ame NAME [Aa]ccount_[Hh]older [Cc]ardholder [Pp]ayee [Pp]ayer [Ss]ender [Rr]ecipient [Bb]eneficiary [Aa]ttn",
    "[Bb]ill_[Tt]o [Ss]hip_[Tt]o [Ss]old_[Tt]o [Cc]ustomer [Uu]ser [Cc]lient [Ee]mployee [Pp]atient [Tt]enant [Ss]igned",
)
_LABELLED = re.compile(rf"\b(?:{_LABELS}[ \t]{{0,2}}:[ \t]{{0,8}}|[Dd]ear )({_FULL})")
_BEFORE_SELF = one_of(
    "[Mm]y_name(?:'?s)? I_am I'm [Tt]his_is [Cc]all_me [Nn]amed [Bb]est [Rr]egards,? [Ss]incerely,? [Tt]hanks,",
    "[Cc]heers,",
)
_SIGNED = re.compile(rf"\b{_BEFORE_SELF}\s{{1,2}}({_CAPITALISED} (?:[A-Z]\. )?{_PARTICLE}{_CAPITALISED})(?!\w)")
_SIGNATURE = re.compile(
    rf"\b{one_of('[Tt]hanks [Tt]hank_you [Rr]egards [Ss]incerely [Cc]heers [Bb]est [Ll]ove [Yy]ours(?:_truly)?')}"
    rf"[,.!]?[ \t]*\n\s{{0,4}}({_FULL})[ \t.]*(?=\n|\Z)"
)
_RELATIVE = re.compile(rf"\b{_RELATIONS},? ({_FULL})")
_DEALT_WITH = re.compile(
    rf"\b(?:owes?|owed|owing|lent|lend|venmo(?:ed|'d)?|zelled|borrowed {_FILLER}from|reimbursed?|"
    rf"{one_of('split dinner lunch trip rent apartment share[ds]?')} {_FILLER}with|"
    rf"{one_of('gift present birthday wedding party')} {_FILLER}for|name\?) ({_FULL})"
)
_OWNED = one_of("birthday wedding share half part name tuition allowance funeral graduation party")
_OWNS = re.compile(rf"(?<!\w)({_PAIR})'s (?:{_RELATIONS}|{_OWNED})\b")
_OWES = re.compile(rf"(?<!\w)({_PAIR}) (?:still )?(?:owes?|owed|lent|paid me|paid back|venmo'?e?d|zelled) ")
_ITEM = re.compile(rf"(?:, |,? and |,? or | & | )({_CAPITALISED}(?<=\w\w)|[A-Z]\.?(?= {_CAPITALISED}))(?![\w@])")
_ITEM_BEFORE = re.compile(rf"(?:\A|[^\w'])({_CAPITALISED})(?:, |,? and | & )(?:[A-Z]\.? )?\Z")
_WORD_BEFORE = re.compile(rf"(?<=[\w,;] )({_CAPITALISED}) (?:[A-Z]\.? )?\Z")
_WORD_BEFORE_GUESS = re.compile(r"([^\s]{1,24}) \Z")
_EDGES = re.compile(r"[^\W\d_].*[^\W\d_]\.?", re.DOTALL)
_TAIL = re.compile(r" (?:Suite|Apt|Apartment|Unit|Street|St|Ave|Road)\b.*", re.DOTALL)
_ARTICLE = re.compile(r"\b(?:the|an?|my|your|our|this|that|each|every)\s\Z", re.IGNORECASE)
_POSSESSIVE = re.compile(r"'s?\Z")
_LEADING = re.compile(
    "(?:"
    + one_of(
        "mr mrs ms mx miss dr prof sir madam hi hey hello dear thanks thank_you tell ask pay paid send sent show text call",
        "email remind give owe venmo zelle transfer split add does did is was has",
        "cancel(?:_my)? categori[sz]e order transaction compare show to from for with",
    )
    + r"\b\.?,? ){1,3}",
    re.IGNORECASE,
)
"""What the model takes for a part of the name behind it."""

_VERB = re.compile(
    r"(?:max out|mark (?:the|this|that|it|all|my|as)|bill (?:of|the)|grant (?:of|me)|"
    r"(?:will|may) (?:i|my|the|it|we|you|this|that)|sue (?:the|for)|rob (?:the|me)|drew (?:out|on|from)|pat on)\b",
    re.IGNORECASE,
)
"""Given names that are verbs where these words follow."""
_SHOP_BEFORE = re.compile(
    r"\b(?:(?:spen[dt]|cost|charged?|purchases?|ordered|bought|shop(?:ped|ping)?|much)(?: [^\s]{1,12}){0,3} (?:at|in|from)|at|"
    r"cancel(?: my)?|categori[sz](?:e|ing)(?: everything| all)?(?: from)?|"
    r"(?:order(?:ed|ing)?|refund|subscription)s? (?:from|to|of))\s\Z",
    re.IGNORECASE,
)
"""What stands before a shop, seldom before somebody."""

_NUMBERED = re.compile(r"-?\d")
_NO_NAME = re.compile(r"[\d@/_*#$%&=+<>|\\{}\[\]()]")
_WORDS = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


_LONGEST_NAME = 60
_MOST_BESIDE = 8


ANNOUNCED = (_TITLED, _INTRODUCED, _LABELLED, _SIGNED, _SIGNATURE, _RELATIVE, _DEALT_WITH, _OWNS, _OWES)


def introduced_names(text: str) -> Iterator[Span]:
    for pattern in ANNOUNCED:
        for match in pattern.finditer(text):
            if span := name_in(text, *match.span(1)):
                yield span


def beside_name(text: str, start: int, end: int) -> Iterator[Span]:
    """Names that stand next to a name or share a list with it ("Ana, Ben and Cleo"), which the model often misses."""
    for _ in range(_MOST_BESIDE):
        item = _ITEM.match(text, end)
        if item is None or not (len(item[1]) < 3 or is_name(item[1])):
            break
        end = item.end()
        yield item.span(1)
    for _ in range(_MOST_BESIDE):
        item = _before(text, start)
        if item is None or not is_name(item[1]):
            break
        start = item.start(1)
        yield item.span(1)


def _before(text: str, start: int) -> re.Match[str] | None:
    """The list item or the word of the same sentence that ends where a name starts."""
    floor = max(0, start - _LONGEST_NAME)
    return _ITEM_BEFORE.search(text, floor, start) or _WORD_BEFORE.search(text, floor, start)


def name_in(text: str, start: int, end: int) -> Span | None:
    """The name within a guess, without titles, possessives and punctuation; None if it is none."""
    line = text[start:end].split("\n", 1)[0]
    if title := _LEADING.match(line):
        start, line = start + title.end(), line[title.end() :]
    core = _EDGES.search(line)
    if core is None:
        return None
    if _is_common(text, start + core.start(), core[0]):
        return None
    name = _POSSESSIVE.sub("", _TAIL.sub("", core[0]).removesuffix("."))
    begin, stop = start + core.start(), start + core.start() + len(name)
    return (begin, stop) if is_name(name) and not _NUMBERED.match(text, stop) else None


def _is_common(text: str, start: int, guess: str) -> bool:
    """Whether a guess is a shop called after somebody ("Lowe's") or a thing in small letters ("the max")."""
    end = start + len(guess)
    whole = guess + (text[end : end + 2] if text.startswith("'s", end) else "")
    before = _WORD_BEFORE_GUESS.search(text, max(0, start - _LONGEST_NAME), start)
    if before and f"{before[1]} {whole}".casefold() in common_words():
        return True
    if _VERB.match(text, start):
        return True
    thing = guess.islower() and _ARTICLE.search(text, max(0, start - 8), start)
    return whole.casefold() in common_words() or bool(thing)


def follows_shop_words(text: str, start: int) -> bool:
    """Whether the words before announce a shop: "How much at …"."""
    return _SHOP_BEFORE.search(text, max(0, start - _LONGEST_NAME), start) is not None


def is_name(name: str) -> bool:
    """Whether a guess can be somebody's name."""
    if len(name) > _LONGEST_NAME or _NO_NAME.search(name):
        return False
    folded, common = " ".join(name.casefold().split()), common_words()
    words = _WORDS.findall(folded)
    if folded in common or is_company(folded):
        return False
    return any(word not in common for word in words)


def is_company(phrase: str) -> bool:
    """Whether a word of the phrase says that it is an organisation or a thing."""
    return not words_of("company_words.txt").isdisjoint(_WORDS.findall(phrase.casefold()))


@cache
def common_words() -> frozenset[str]:
    """Words that are no names: what people buy, where, and how they talk about money."""
    return words_of("common_words.txt") | words_of("shops.txt")


@cache
def _shops() -> re.Pattern[str]:
    phrases = (phrase for phrase in words_of("shops.txt") if not phrase.isalpha())
    longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)


def shops(text: str) -> list[Span]:
    """Where shops stand whose names have several words or a sign in them, and could be taken for somebody's."""
    return [match.span() for match in _shops().finditer(text)]


@cache
def words_of(file: str) -> frozenset[str]:
    """The words of a list beside this module; `_` stands for a blank, # begins a remark."""
    text = files("graph.redaction.rules").joinpath(file).read_text("utf-8")
    return frozenset(
        word.replace("_", " ") for line in text.splitlines() if not line.startswith("#") for word in line.split()
    )
