"""Numbers after a word that names them, in several languages. The word is enough; no checksum is needed."""

import re
from collections.abc import Iterator

from graph.redaction.rules.spans import REFERENCE_WORDS, Rule, Span, any_of, preceded_by

LINK = (
    r"(?:'s)?(?:[ _-]?(?:number|numbers|no|num|nr|nummer|numero|número|numéro|card|id|code|n[°o.]|#))?[.']?s?\"?\s{0,2}"
    r"(?:(?:is|was|es|é|è|est|ist|lautet|to|of|are|:|=|#|-|>|\")\"?\s{0,2}){0,2}\"?"
)
"""The text between the word and its number."""

VALUE = (
    r"(?=[A-Z/.-]{0,8}\d(?:[^\d\n]{0,4}\d){3})"
    r"([A-Z0-9](?:[./-]?[A-Z0-9]| (?=[A-Z]{0,2} ?\d)[A-Z0-9]){4,24}?)"
    r"(?![\w-]|[ ](?:[A-Z] ?)?\d|[./-]\w)"
)
"""At least four digits with letters and marks between them, up to the end of the run."""

_PASSPORT_WORDS = any_of(
    "passports?(?:_(?:number|no))? passeport pasaporte passaporto passaporte reisepass(?:nummer)? paspoort(?:nummer)?",
    "pass-?nr паспорт पासपोर्ट",
)
_PASSPORT = re.compile(
    rf"(?<!\w){_PASSPORT_WORDS}{LINK}((?=[A-Z]{{0,3}}\d)(?:[A-Z]{{0,3}}\d|\d\d[A-Z])[A-Z0-9]{{4,9}})(?!\w)",
    re.IGNORECASE,
)

_LICENCE_WORDS = any_of(
    "driv(?:er|ing)(?:'?s)?_(?:licen[cs]e|permit) licen[cs]e_(?:number|no) dln? führerschein(?:nummer)? permis_de_conduire",
    "licencia_de_conduc\\w{2,3} carn[eé]t?_de_conducir patente_di_guida carta_de_condução cnh rijbewijs(?:nummer)?",
)
_LICENSE = re.compile(
    rf"(?<!\w){_LICENCE_WORDS}{LINK}(?:[A-Z]{{2}} )?((?=[A-Z0-9-]{{0,12}}\d)[A-Z0-9](?:-?[A-Z0-9]){{4,19}})(?!\w)",
    re.IGNORECASE,
)

_TWO_WORDS = (
    r"(?:national|government|govt|state|personal|citizen|resident|voter|medicare|medicaid|health|tax|taxpayer|vat|social|"
    r"student|employee|staff|member(?:ship)?|policy|patient|insurance|case worker|client|customer|subscriber|alien|visa|permit)"
    r"(?: (?:identity|insurance|security|registration|reference))? (?:id|identification|identifier|card|number|no|nr|code|#)"
)
_WORDS = any_of(
    "tfn nif nie dni pesel bsn cpf cnpj curp nino ni_number tax_file utr cuit cuil nik npwp nric cpr egn cnp oib jmbg emšo",
    "emso amka afm utin steuer-?id(?:nr)? idnr st\\.?-?nr ust-?id(?:nr)? ahvn?(?:13)? ahv-nr nss nir insee siret siren gstin",
    "aadha?ar bvn umid kra_pin pin_kra snils pps[nr]? medicare imei iccid imsi ssnit hetu personnummer fødselsnummer",
    "henkilötunnus isikukood kennitala rodné_číslo ahv_nummer tckn tc_kimlik(?:_no)? инн снилс steuernummer",
    "steueridentifikationsnummer sozialversicherungsnummer rentenversicherungsnummer krankenversicherungsnummer",
    "versichertennummer versicherungsnummer personalausweis(?:nummer)? ausweisnummer kundennummer mitgliedsnummer svnr",
    "numéro_de_sécurité_sociale numéro_fiscal sécurité_sociale sécu carte_d'identité carte_vitale numéro_client",
    "documento_(?:de_identidad|nacional) c[eé]dula seguridad_social número_de_identificación número_fiscal",
    "n[uú]mero_de_cliente codice_fiscale partita_iva carta_d'identità tessera_sanitaria",
    "carteira_de_identidade identidade cartão_de_cidadão número_de_contribuinte contribuinte título_de_eleitor pis/pasep",
    "burgerservicenummer rijksregisternummer sofinummer identiteitskaart klantnummer btw-nummer",
    "niss insz sv-nummer nip regon αφμ abn cif teudat_zehut ni_no mrn npi green_card alien_number frequent_flyer rib",
    "known_traveler(?:_number)? आधार पैन पहचान マイナンバー 身份证 주민번호",
)
_SHORT_WORDS = any_of("rfc inn epic pan sin nin cf c\\.f\\. rg rut run nit tin ird acn vin pis nis id")
"""Ambiguous words, which name a number only with "number", "is" or a mark."""
_SAYS = (
    r"(?: ?(?:number|no|num|nr|nummer|numero|número|numéro|n[°o.])\.?\s{0,2}(?:is|:|=|#)?|\s{0,2}(?:is|:|=|#))\s{0,2}"
)

_NUMBER = re.compile(rf"(?<![\w@])(?:(?:{_TWO_WORDS}|{_WORDS}){LINK}|{_SHORT_WORDS}{_SAYS}){VALUE}", re.IGNORECASE)


_PLATE = re.compile(
    r"(?<!\w)(?:licen[cs]e plate|number plate|plate (?:no|number)|kennzeichen|registration (?:no|number)|placas?|targa|"
    rf"matrícula){LINK}((?=[A-Z -]{{0,6}}\d)[A-Z0-9]{{1,4}}(?:[ -]?[A-Z0-9]{{1,4}}){{1,3}}?)(?![\w-]|[ ][A-Z]{{0,3}} ?\d)",
    re.IGNORECASE,
)


def _first_group(pattern: re.Pattern[str]) -> Rule:
    def rule(text: str) -> Iterator[Span]:
        return (
            match.span(1)
            for match in pattern.finditer(text)
            if not preceded_by(REFERENCE_WORDS, text, match.start(), 14)
        )

    return rule


passports = _first_group(_PASSPORT)
driving_licences = _first_group(_LICENSE)
vehicle_plates = _first_group(_PLATE)
national_ids = _first_group(_NUMBER)
