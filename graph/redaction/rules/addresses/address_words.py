"""Words that occur in addresses, and ordinary words that tell other phrases with numbers from addresses."""

import re

from graph.redaction.rules.spans import any_of

STREETS = any_of(
    "street avenue ave road rd boulevard blvd lane ln highway hwy parkway pkwy terrace crescent cres circle cir",
    "turnpike expressway freeway causeway esplanade alley bypass trafficway square sq st",
)
"""Words for streets that make an address of a number and a name in any case."""

WEAK_STREETS = any_of(
    "Drive Dr Way Court Ct Place Pl Trail Trl Loop Run Path Plaza Plz Point Pt Ridge Row Walk Close Grove Gardens",
    "Green Heights Hill Hollow Island Junction Mews Park Pass Pike Rise Spur Station Vale Valley View Villas? Vista",
    "Wharf Wynd Crossing Commons? Cove Creek Estates? Falls Field Flats? Ford Forge Fork Glen Harbor Haven Isle",
    "Knolls? Lakes? Landing Manor Meadows? Mills? Mission Mount Orchard Oval Parade Prairie Ranch Rapids Shores?",
    "Springs? Summit Union Viaduct",
)
"""Words that end the name of a street only if they are capitalised."""

SIDES = any_of("north south east west ne nw se sw n s e w")

PREPOSITIONS = any_of(
    "at on in the for to of and or from with by per via is was are were be been has have had do did can will would",
    "if when than since until after before because so what how why where which who it its they we you i he she but",
    "not no only just all any some both an my your our their his her this that these those each every about around",
    "between over under into onto near through toward towards against using as up out off plus vs last next more",
    "less",
)
"""Words that do not occur in names of streets."""

MEASURES = any_of(
    "dollars? bucks usd eur gbp euros? pounds? cents? times? days? weeks? weekends? months? years? hours? nights?",
    "minutes? miles? km k percent people persons? adults? kids? payments? charges? purchases? transactions?",
    "accounts? cards? orders? items? things? shares? stocks? options? tickets? coffees? meals? trips? different",
    "duplicate extra new big small cheap rent rental deposit fee fees bill bills budget",
)
"""Things that a number counts; such a number is not a house number."""

ORDINARY = rf"(?:{PREPOSITIONS}|{MEASURES})"

BUSINESS_AFTER = re.compile(
    r" (?:"
    + any_of(
        "trips? cafe caf[ée] coffee deli diner grill kitchen bakery market pharmacy clinic dental hotel motel inn",
        "resort spa salon gym bar pub pizza pizzeria restaurant store shop bank books cinema theatre theater school",
        "church journal bistro auto motors foods farms garage cleaners laundry insurance hardware nursery capital",
        "financial partners group inc llc ltd stocks? tax bets?",
    )
    + r")\b",
    re.IGNORECASE,
)
"""Words that make the street before them the name of a shop."""

YEAR_BEFORE = re.compile(
    r"(?:\b"
    + any_of(
        "in since for during until till by of from the jan(?:uary)? feb(?:ruary)? mar(?:ch)? apr(?:il)? may june?",
        "july? aug(?:ust)? sept?(?:ember)? oct(?:ober)? nov(?:ember)? dec(?:ember)? spring summer fall autumn",
        "winter q[1-4] and vs to",
    )
    + r",? )\Z",
    re.IGNORECASE,
)
"""Words before a year."""
YEAR = re.compile(r"(?:19|20)\d\d(?!\d)")

ADDRESS_CUE = re.compile(
    r"(?:\b(?:"
    + any_of(
        "addresse?s? adresse? direcci[óo]n domicilio endere[çc]o anschrift indirizzo",
        "(?:residence|home|house|property)(?=_is|:|_at)",
        "(?:offices?|restaurant|shop|store|warehouse|house|home|apartment|headquarters)(?:_(?:is|are))?_(?:located_)?(?:at|in)",
    )
    + r"(?: is| are| was| es| est| ist| é)?(?: to)?(?: the same)?(?: now| at| in)?|"
    + r"(?:live[sd]?|living|resid(?:e[sd]?|ing)|stay(?:s|ed|ing)?|located|situated|moved|moving|relocat(?:ed|ing)|"
    + r"meet \w+|arrived|wohnt?|moro|mora|vivo|vive|habite|bought|sold|own)(?: a \w+)?"
    + r"(?: now)?(?: at| to| in| on| en| na| no| au| à){1,2}|"
    + r"(?:ship(?:ped)?|send|sent|mail(?:ed)?|post(?:ed)?|deliver(?:ed)?|return(?:ed)?|courier|forward(?:ed)?)"
    + r"(?: (?!to\b)[^\W\d]{1,12}){0,5} to)[ :,-]{1,3}|\baddress[ :]{0,3}\n\s{0,4})\Z",
    re.IGNORECASE,
)
"""Phrases that announce an address right before it."""
MAX_CUE_CHARS = 60
