"""Bank details: by their form, by their checks, and by the words before them."""

import pytest

from tests.support.masked import masked


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("pay 20-00-00 55779911 please", ["20-00-00", "55779911"]),
        ("s/c 309950 a/c 00733445", ["309950", "00733445"]),
        ("transfer to 733-001 567890 Westpac", ["733-001", "567890"]),
        ("wire it, routing 021000021, 938271645", ["021000021", "938271645"]),
        ("IFSC SBIN0001234", ["SBIN0001234"]),
        ("at HDFC0000123 branch", ["HDFC0000123"]),
        ("BIC: DEUTDEFF", ["DEUTDEFF"]),
        ("send via COBADEFFXXX", ["COBADEFFXXX"]),
        ("swift code is chasus33", ["chasus33"]),
        ("CLABE 032180000118359719", ["032180000118359719"]),
        ("to 032180000118359719", ["032180000118359719"]),
        ("CCC 2100 0418 45 0200051332", ["2100 0418 45 0200051332"]),
        ("2850590940090418135201", ["2850590940090418135201"]),
        ("my NZ account 01-0902-0068389-00", ["01-0902-0068389-00"]),
        ("8601.11.17947", ["8601.11.17947"]),
        ("34278-0727558021/0100", ["34278-0727558021/0100"]),
        ("NUBAN 0123456789", ["0123456789"]),
        ("PayID: 0412345678", ["0412345678"]),
        ("rib 11500 00567 12334567890 55", ["11500 00567 12334567890 55"]),
        (":59:/12345678", ["12345678"]),
        ("D-E-8-9-3-7-0-4-0-0-4-4-0-5-3-2-0-1-3-0-0-0", ["D-E-8-9-3-7-0-4-0-0-4-4-0-5-3-2-0-1-3-0-0-0"]),
        ("agência 1234 conta 12345-6", ["12345-6"]),
        ("account number is 123456", ["123456"]),
        ("kontonummer: 12345678", ["12345678"]),
        ("my UPI is rahul.m@okhdfcbank", ["rahul.m@okhdfcbank"]),
        ("chave pix 36998116624", ["36998116624"]),
        ("pix: 123e4567-e12b-12d1-a456-426655440000", ["123e4567-e12b-12d1-a456-426655440000"]),
        ("IBAN: GB29 NWBK 6016\n1331 9268 19", ["GB29 NWBK 6016\n1331 9268 19"]),
        ("DE89|3704|0044|0532|0130|00", ["DE89|3704|0044|0532|0130|00"]),
        ("D E 8 9 3 7 0 4 0 0 4 4 0 5 3 2 0 1 3 0 0 0", ["D E 8 9 3 7 0 4 0 0 4 4 0 5 3 2 0 1 3 0 0 0"]),
        ("GB29NWBK6O1613319268I9", ["GB29NWBK6O1613319268I9"]),
    ],
)
def test_bank_details_are_found(text: str, values: list[str]) -> None:
    assert masked(text) == values


@pytest.mark.parametrize(
    "text",
    [
        "My account 12,500.00 is overdrawn",
        "transfer 250000 to my savings account",
        "account balance 123456.78",
        "My account was charged 4061383 on March 1",
        "my savings 250000 and my checking 1200",
        "account ending in 4242",
        "account 2024 statement",
        "STARBUCKS and WALGREENS and MORTGAGE",
        "TRANSFER FROM CHECKING",
        "on 11/29/2026 12:30 4500 1200 1300 1400 1500",
        "at 10 20 30 40 50 60 70 80 90 100 percent",
        "The wire took 3 days and cost 45 dollars",
        "the score was 12-10-12 and 1234",
        "Reference 032180000118359719",
        "Transaction 2850590940090418135201 failed",
    ],
)
def test_amounts_and_references_are_no_bank_details(text: str) -> None:
    assert masked(text) == []
