"""Names of people after a title, an introduction, a label or a verb."""

import re
from collections.abc import Iterator

from graph.redaction.rules.names.name_candidates import CAPITALISED, extract_name
from graph.redaction.rules.spans import Span, any_of

_PARTICLE = r"(?:(?:de|da|di|del|della|der|den|van|von|la|le|bin|ibn|al|el|dos|das|du|ter|ten) ){0,2}"
_FULL = rf"{CAPITALISED}(?: (?:[A-Z]\.? ){{0,2}}{_PARTICLE}{CAPITALISED}){{0,3}}"
_PAIR = rf"{CAPITALISED}(?: {CAPITALISED})?"
_PLAIN_WORD = r"[^\W\d_]{2,24}(?:['-][^\W\d_]{1,24}){0,2}"
_FILLER = r"(?:\S{1,12} ){0,3}"

_RELATIONS = any_of(
    "wife husband spouse partner girlfriend boyfriend fianc[ée]e? son daughter kids? child brother sister mother",
    "father mom dad mum friend roommate landlord cousin nephew niece boss coworker colleague neighbou?r accountant",
    "lawyer nanny",
)
_TITLED = re.compile(
    r"(?<!\w)"
    + any_of(
        "Mr Mrs Ms Mx Miss Dr Prof Professor Sir Madam Herr Frau Señor Señora Sr Sra Mme Mlle Rev Hon Capt Sgt Lt",
        "Uncle Aunt Auntie Grandma Grandpa",
    )
    + rf"\.? ({_FULL})"
)
_STOP = (
    "(?!"
    + any_of(
        "and but or is was are on in at the an? my your not here for from to with because so i it what how can could",
        "please who which that this there when where he she we they you has have had will would should if as by of",
        "also just now correct right wrong missing misspelled incorrect changed different still only too",
    )
    + r"\b)"
)
_WHOSE = any_of("my his her their our the maiden account_?holder(?:'?s)? cardholder(?:'?s)?")
_WHICH = any_of("full first last legal maiden middle sur birth given family")
_INTRODUCED = re.compile(
    rf"\b(?:{_WHOSE}|{_RELATIONS}'?s) (?:{_WHICH} ?)?name(?: on (?:the|my) (?:account|card))?"
    rf"(?:'s| is| was|:)(?: called)?\s{{0,2}}({_STOP}{_PLAIN_WORD}(?: (?:[a-z]\. )?{_STOP}{_PLAIN_WORD}){{0,3}})",
    re.IGNORECASE,
)
_LABELS = any_of(
    "[Nn]ame NAME [Aa]ccount_[Hh]older [Cc]ardholder [Pp]ayee [Pp]ayer [Ss]ender [Rr]ecipient [Bb]eneficiary [Aa]ttn",
    "[Bb]ill_[Tt]o [Ss]hip_[Tt]o [Ss]old_[Tt]o [Cc]ustomer [Uu]ser [Cc]lient [Ee]mployee [Pp]atient [Tt]enant [Ss]igned",
)
_LABELLED = re.compile(rf"\b(?:{_LABELS}[ \t]{{0,2}}:[ \t]{{0,8}}|[Dd]ear )({_FULL})")
_BEFORE_SELF = any_of(
    "[Mm]y_name(?:'?s)? I_am I'm [Tt]his_is [Cc]all_me [Nn]amed [Bb]est [Rr]egards,? [Ss]incerely,? [Tt]hanks,",
    "[Cc]heers,",
)
_SIGNED = re.compile(rf"\b{_BEFORE_SELF}\s{{1,2}}({CAPITALISED} (?:[A-Z]\. )?{_PARTICLE}{CAPITALISED})(?!\w)")
_SIGNATURE = re.compile(
    rf"\b{any_of('[Tt]hanks [Tt]hank_you [Rr]egards [Ss]incerely [Cc]heers [Bb]est [Ll]ove [Yy]ours(?:_truly)?')}"
    rf"[,.!]?[ \t]*\n\s{{0,4}}({_FULL})[ \t.]*(?=\n|\Z)"
)
_RELATIVE = re.compile(rf"\b{_RELATIONS},? ({_FULL})")
_DEALT_WITH = re.compile(
    rf"\b(?:owes?|owed|owing|lent|lend|venmo(?:ed|'d)?|zelled|borrowed {_FILLER}from|reimbursed?|"
    rf"{any_of('split dinner lunch trip rent apartment share[ds]?')} {_FILLER}with|"
    rf"{any_of('gift present birthday wedding party')} {_FILLER}for|name\?) ({_FULL})"
)
_OWNED = any_of("birthday wedding share half part name tuition allowance funeral graduation party")
_OWNS = re.compile(rf"(?<!\w)({_PAIR})'s (?:{_RELATIONS}|{_OWNED})\b")
_OWES = re.compile(rf"(?<!\w)({_PAIR}) (?:still )?(?:owes?|owed|lent|paid me|paid back|venmo'?e?d|zelled) ")
_PERSONAL = (
    rf"(?:is|was) (?:my|our|his|her) (?:{_RELATIONS}|tenant|payee|ex|boss|client|doctor|dentist)|"
    r"(?:was|were) born|grew up|(?:began|started|stopped) (?:writing|working|singing|playing|studying|teaching|acting)|"
    r"(?:got )?(?:married|divorced|engaged)|graduated|said|told (?:me|us|him|her|them)|texted|whispered|laughed|smiled|and I\b"
    r"(?! (?:want|need))|(?:split|shares?) (?:the|my|our|a) (?:bill|rent|flat|apartment|netflix|account|cost|house)"
)
"""What only people do."""
_AFTER_PERSON = re.compile(
    rf"(?:\A|(?<=[ \n\"'(]))({_FULL})(?:"
    r"'s? (?:address|phone|salary|email|signature|passport|wife|husband|mother|father|house|flat)\b|"
    r",? who\b| and (?:I|me|myself)\b| (?:has|had) been an? (?:customer|client|member|tenant|friend)\b|"
    r" (?:lives|lived|works|worked) (?:in|at|for|as|with)\b| flew to\b|"
    r" (?:wants?|wanted|asked|promised|agreed|forgot|refused) to (?:know|me|us|pay|return|be|help|meet)\b|"
    r",? (?:has|had)(?: not|n't)? (?:replied|answered|paid me|moved|married|retired|died)\b)"
)
_GREETED = re.compile(
    rf"\b(?:[Hh]ello|[Hh]i|[Hh]ey|[Tt]hanks|[Tt]hank you|[Gg]ood (?:morning|evening|afternoon)),? ({_FULL})(?=[,!.?\n]|\Z| -)"
)
_TOLD = re.compile(
    rf"\b(?:[Tt]ell|[Tt]old|[Aa]sk(?:ed)?|[Mm]et|[Mm]eet|[Rr]emind|[Tt]ext|[Ee]mail) ({_FULL})"
    r" (?:that|to|about|if|for|whether|at|in|on|yesterday|today|tomorrow|and|when|why|how)\b"
)
_BEFORE_PERSON = re.compile(
    r"\b(?:[Mm]et(?: with)?|[Mm]eet(?:ing)? with|[Ii]nterview(?:ed)?|[Mm]arr(?:y|ied)|[Hh]ired|(?:signed|written|sent|made) by|"
    r"[Rr]eplaced by|[Oo]n behalf of|[Bb]elongs? to|[Nn]ame (?:on|of) (?:[^\s]{1,12} ){0,4}(?:to|is|as)|"
    r"[Cc]orrect (?:[^\s]{1,12} ){1,7}to|[Gg]ood (?:morning|evening|afternoon),?|[Tt](?:ell|old) (?=\S{3,40} that\b)|"
    r"[Aa]ppointment with|[Tt]hank(?:s| you)(?: for \w+)?,|authori[sz]ed user,?|c/o|"
    rf"(?:seller|buyer|tenant|owner|agent|lawyer|contractor|author|guest|employee|manager),) ?({_FULL})"
)
_QUOTED = re.compile(
    rf"[,\"'] (?:said|says|asked|replied|added|explained|wrote|recalled|noted|admitted|insisted) ({_FULL})"
)
_PERSONAL_VERB = re.compile(rf"(?:\A|[.!?;\n]\s{{0,2}}|\b(?:and|that|when|because|but) )({_FULL}) (?:{_PERSONAL})\b")
_CALLED = re.compile(
    rf"(?:\A|[.!?\n]\s{{0,2}})(?!\w+ly,)({CAPITALISED}), (?:can|could|would|will|please|have) (?:I|you|we|my|the|someone)\b"
)

ANNOUNCED = (
    *(_TITLED, _INTRODUCED, _LABELLED, _SIGNED, _SIGNATURE, _RELATIVE, _DEALT_WITH, _OWNS, _OWES, _QUOTED),
    *(_PERSONAL_VERB, _CALLED, _AFTER_PERSON, _BEFORE_PERSON, _GREETED, _TOLD),
)


def introduced_names(text: str) -> Iterator[Span]:
    for pattern in ANNOUNCED:
        for match in pattern.finditer(text):
            if span := extract_name(text, *match.span(1)):
                yield span
