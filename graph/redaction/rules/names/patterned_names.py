"""Names of people recognised by their form: last name first, an initial, two names in one word, other scripts."""

import re
from collections.abc import Iterator

from graph.redaction.rules.names.name_candidates import is_company, may_be_name
from graph.redaction.rules.names.name_words import Word, plain_words
from graph.redaction.rules.spans import Span
from graph.redaction.rules.vocabulary.word_lists import common_words, word_list

_LONG = r"[^\W\d_]{2,24}(?:['-][^\W\d_]{2,24})?"
_LAST_FIRST = re.compile(rf"(?<![\w,;.@/-] )(?<![\w@/.-])({_LONG}), ({_LONG})(?: [A-Z]\.?(?!\w))?(?![\w@])")
_LAST_INITIAL = re.compile(r"(?<![\w@/.-])([A-Z]{3,24}(?:-[A-Z]{2,24})?),? ([A-Z])\.?(?![\w'@.,]\w|[\w'@])")
_CELL_INITIAL = re.compile(r"(?:^|(?<=[;|\"\t]))([A-Z]{4,24}), [A-Z]\.?(?=$|[;|\"\t\r])", re.MULTILINE)
_MEMO_INITIAL = re.compile(r"\b(?:rent|memo|ref|payment|from|to|for|paid|owe|loan) ([a-z]\. ([a-z]{4,24}))(?![\w@])")
_INITIAL_LAST = re.compile(rf"(?<![\w@/.'-])(?:([A-Z])\.? |([a-z])\. )(?:[A-Z]\.? )?({_LONG})(?![\w@])")
_CAMEL = re.compile(r"(?<![\w@/.])([A-Z][a-z]{2,20})([A-Z][a-z]{2,20})(?![\w@/]|\.\w)")
_DOTTED = re.compile(r"(?<![\w@/.-])([a-z]{3,20})[._]([a-z]{3,20})(?![\w@/-]|\.\w)")
_PAIRED = re.compile(rf"(?<![\w@/.'&-])([^\W\d_a-z]{_LONG}) and ([^\W\d_a-z]{_LONG})(?![\w@&-])")
_CYRILLIC = re.compile(
    r"(?<!\w)(?=[\u0400-\u042f])[\u0400-\u052f]{2,20} (?=[\u0400-\u042f])[\u0400-\u052f]{2,20}?"
    rf"(?:{'|'.join(sorted(word_list('cyrillic_family_endings.txt')))})[\u0430-\u045f]{{0,3}}(?!\w)"
)
_KOREAN = re.compile(
    r"(?<![가-힣])[김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구민진지엄채원천방공현함변염여추소석선설마길]"
    r"[가-힣]{1,2}(?=에게|한테|님|씨)"
)
_CHINESE = re.compile(
    r"(?<=[给给付向])[王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何高林罗羅郑鄭梁谢謝宋唐许許韩韓冯馮邓鄧曹彭曾肖田董潘袁蔡蒋蔣余于杜叶葉程魏苏蘇吕呂丁任卢盧姚沈]"
    r"[一-龥]{1,2}(?=转|轉|付|汇|匯|发|發|的|\d|\s|$)"
)


def patterned_names(text: str) -> Iterator[Span]:
    yield from _pairs(text)
    yield from _initials(text)
    if not text.isascii():
        for script in (_CYRILLIC, _KOREAN, _CHINESE):
            yield from (match.span() for match in script.finditer(text))


def _pairs(text: str) -> Iterator[Span]:
    for match in _LAST_FIRST.finditer(text):
        last, first = _word(match, 1), _word(match, 2)
        if _same_case(last, first) and _is_last_first(last, first):
            yield match.span()
    for match in _CAMEL.finditer(text):
        if _word(match, 1).may_be_given and _may_be_family(_word(match, 2)) and not is_company(match[2]):
            yield match.span()
    for match in _DOTTED.finditer(text):
        if _word(match, 1).is_given and _may_be_family(_word(match, 2)):
            yield match.span()
    for match in _PAIRED.finditer(text):
        first, second = _word(match, 1), _word(match, 2)
        if _is_paired(first, second):
            yield from (match.span(1), match.span(2))


def _initials(text: str) -> Iterator[Span]:
    for match in _LAST_INITIAL.finditer(text):
        if _word(match, 1).may_be_family and _is_free(match[1]):
            yield match.span()
    yield from (
        match.span() for match in _CELL_INITIAL.finditer(text) if _is_free(match[1]) and not is_company(match[1])
    )
    yield from (match.span(1) for match in _MEMO_INITIAL.finditer(text) if _is_free(match[2]))
    for match in _INITIAL_LAST.finditer(text):
        last = _word(match, 3)
        if last.may_be_family and _is_free(last.text) and (match[2] is None) is not last.is_lowercase:
            yield match.span()


def _word(match: re.Match[str], group: int) -> Word:
    return Word(*match.span(group), match[group])


def _same_case(first: Word, second: Word) -> bool:
    return not first.is_lowercase and not second.is_lowercase and first.text.isupper() is second.text.isupper()


def _is_last_first(last: Word, first: Word) -> bool:
    if not _is_free(last.text) or not _is_free(first.text):
        return False
    if first.is_given:
        return _may_be_family(last)
    return first.may_be_given and last.is_family and last.text.isupper()


def _may_be_family(word: Word) -> bool:
    return word.may_be_family or word.folded in word_list("word_family_names.txt")


def _is_paired(first: Word, second: Word) -> bool:
    """Whether one of two words that "and" joins is a name, so that the other is one too ("Usha and Bowers")."""
    if not all(
        _is_free(word.text) and may_be_name(word.text) and not is_company(word.text) for word in (first, second)
    ):
        return False
    return any(word.is_given or word.is_family for word in (first, second)) or all(
        word.may_be_given or word.may_be_family for word in (first, second)
    )


def _is_free(word: str) -> bool:
    """Whether this is not an ordinary word or a word of finance."""
    return word.casefold() not in common_words() and word.casefold() not in plain_words()
