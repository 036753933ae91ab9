"""The demo user's ledger: a year of made-up but plausible rows up to a given day.

What happens on a day depends on its date alone, so that a demo seeded tomorrow tells the same past. People, companies
and numbers are invented; telephone numbers are of the range 555-01xx, which belongs to nobody.
"""

import calendar
import datetime as dt
import json
import random
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

import psycopg

DEMO_USER = "de300000-0000-4000-8000-000000000001"
"""The user id of the demo user."""

SEED = "ledger-1"
DAYS = 365

CHECKING = "Everyday Checking"
SAVINGS = "Rainy Day Savings"
CARD = "Cascade Rewards Card"
CANADIAN = "Maple Chequing (CAD)"

CURRENCIES = {CHECKING: "USD", SAVINGS: "USD", CARD: "USD", CANADIAN: "CAD"}
OPENING = {CHECKING: Decimal("6240.18"), SAVINGS: Decimal("9350.00")}
"""What was there before the first day."""

TRIP = (8, 8)
"""Month and day on which the yearly trip to Canada begins."""
TRIP_DAYS = 7
RETURNED_AFTER = dt.timedelta(days=9)
"""How long after a purchase its refund is booked."""


@dataclass(frozen=True, slots=True)
class DemoProfile:
    display_name: str
    currency: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class DemoAccount:
    name: str
    type: str
    currency: str
    number_last4: str
    balance: Decimal | None
    """None: nobody has reported it."""
    balance_as_of: dt.date | None


@dataclass(frozen=True, slots=True)
class DemoTransaction:
    key: str
    """Names the row among the rows of all days; its id is made from it."""
    account: str
    posted_at: dt.date
    amount: Decimal
    """Negative for an expense."""
    currency: str
    category: str
    merchant: str | None
    """None where a person was paid or paid."""
    description: str
    is_transfer: bool = False


@dataclass(frozen=True, slots=True)
class DemoBudget:
    category: str
    monthly_amount: Decimal
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class DemoGoal:
    name: str
    description: str
    goal_type: str
    target_amount: Decimal
    current_amount: Decimal
    target_date: dt.date
    status: str
    priority: int


@dataclass(frozen=True, slots=True)
class DemoLedger:
    profile: DemoProfile
    accounts: tuple[DemoAccount, ...]
    transactions: tuple[DemoTransaction, ...]
    """Oldest first."""
    budgets: tuple[DemoBudget, ...]
    goals: tuple[DemoGoal, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """How a payment looks on a statement, and what it may cost, in cents."""

    merchant: str | None
    description: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Habit:
    """Something paid now and then: at most once a day, with a chance that differs at weekends."""

    name: str
    category: str
    weekday: float
    weekend: float
    lines: tuple[Line, ...]
    account: str = CARD
    returned: float = 0.0
    """The chance that what was bought is returned."""


@dataclass(frozen=True, slots=True)
class Bill:
    """Something paid on the same day of every month."""

    name: str
    category: str
    day: int
    line: Line
    account: str = CHECKING
    rise: int = 0
    """Cents by which the price rises every ten months, so that every year has seen a rise."""


HABITS = (
    Habit(
        "groceries", "Groceries", 0.40, 0.48,
        (
            Line("Greenleaf Market", "POS PURCHASE GREENLEAF MARKET #0412 SEATTLE WA", 2800, 11800),
            Line("Harvest Co-op", "HARVEST CO-OP 5TH AVE SEATTLE WA", 1900, 8600),
            Line("Corner Pantry", "CORNER PANTRY 24H SEATTLE WA", 450, 2900),
            Line("Barrel & Crate Wholesale", "BARREL&CRATE WHSE #88 TUKWILA WA", 8900, 19800),
        ),
    ),
    Habit(
        "coffee", "Meals & Dining", 0.52, 0.28,
        (
            Line("Blue Kettle Coffee", "BLUE KETTLE COFFEE PIKE ST", 425, 1150),
            Line("Morning Owl Cafe", "SQ *MORNING OWL CAFE", 380, 1390),
        ),
    ),
    Habit(
        "restaurants", "Meals & Dining", 0.30, 0.66,
        (
            Line("Noodle Harbor", "NOODLE HARBOR SEATTLE WA", 1450, 3900),
            Line("Taqueria La Luz", "TST* TAQUERIA LA LUZ", 1120, 3400),
            Line("Saffron Table", "SAFFRON TABLE RESTAURANT", 3200, 9800),
            Line("Pizza Mercato", "PIZZA MERCATO ONLINE ORDER", 1850, 4400),
        ),
    ),
    Habit(
        "transport", "Travel & Transportation", 0.58, 0.34,
        (
            Line("Sound Transit Pass", "SOUND TRANSIT PASS RELOAD", 500, 2000),
            Line("Wheelie Rides", "WHEELIE RIDES TRIP HELP.WHEELIE.EXAMPLE", 890, 3600),
            Line("Pinnacle Fuel", "PINNACLE FUEL 2231 SEATTLE WA", 2900, 6400),
            Line("City Parking", "CITY PARKING METER 1187", 200, 1400),
        ),
    ),
    Habit(
        "shopping", "Shopping", 0.16, 0.22,
        (
            Line("Parcelway", "PARCELWAY.EXAMPLE ORDER", 1200, 14900),
            Line("Northline Outfitters", "NORTHLINE OUTFITTERS #14", 2900, 18900),
            Line("Volt Electronics", "VOLT ELECTRONICS BELLEVUE WA", 1900, 24900),
        ),
        returned=0.14,
    ),
    Habit(
        "entertainment", "Entertainment", 0.07, 0.30,
        (
            Line("Orpheum Cinema", "ORPHEUM CINEMA TICKETS", 1350, 4200),
            Line("Stagedoor Tickets", "STAGEDOOR TICKETS WEB", 3500, 12800),
            Line("Pixel Arcade Store", "PIXEL ARCADE STORE", 499, 5999),
        ),
    ),
    Habit(
        "personal", "Personal Care", 0.05, 0.09,
        (
            Line("Fade & Co Barbers", "FADE AND CO BARBERS", 2800, 4500),
            Line("Juniper Pharmacy", "JUNIPER PHARMACY 0071", 650, 3900),
        ),
    ),
    Habit(
        "home", "Home & Garden", 0.03, 0.11,
        (
            Line("Oak & Nail Hardware", "OAK AND NAIL HARDWARE", 900, 9900),
            Line("Fern Street Nursery", "FERN STREET NURSERY", 1200, 6500),
        ),
        returned=0.10,
    ),
    Habit(
        "health", "Healthcare", 0.055, 0.01,
        (
            Line("Rainier Dental", "RAINIER DENTAL DR ANAND PATEL 206-555-0188 COPAY", 3500, 14000),
            Line("Juniper Pharmacy", "JUNIPER PHARMACY RX 0071", 500, 4800),
            Line("Lakeview Clinic", "LAKEVIEW CLINIC VISIT COPAY", 2500, 6000),
        ),
    ),
    Habit(
        "gifts", "Gifts & Donations", 0.02, 0.05,
        (
            Line("Petal Post Flowers", "PETAL POST FLOWERS TO ELENA MARSH", 3900, 8900),
            Line("Harbor Food Bank", "HARBOR FOOD BANK DONATION", 2500, 10000),
        ),
    ),
    Habit(
        "people", "Uncategorized", 0.045, 0.075,
        (
            Line(None, "E-TRANSFER TO MARIA KELLER 206-555-0143 DINNER SPLIT", 1500, 7500),
            Line(None, "E-TRANSFER TO TOMAS OKAFOR 206-555-0117 CONCERT", 2000, 9000),
            Line(None, "E-TRANSFER TO PRIYA NAIR 206-555-0129 BIRTHDAY POT", 1000, 5000),
        ),
        account=CHECKING,
    ),
    Habit(
        "education", "Education", 0.014, 0.014,
        (
            Line("Lumen Courses", "LUMEN COURSES ENROLLMENT", 2900, 14900),
            Line("Page Turner Books", "PAGE TURNER BOOKS", 900, 4200),
        ),
    ),
    Habit(
        "fees", "Fees & Charges", 0.03, 0.02,
        (
            Line("Cascade Bank", "NON-NETWORK ATM FEE", 300, 450),
            Line("Cascade Bank", "OUT OF NETWORK WITHDRAWAL SURCHARGE", 250, 399),
        ),
        account=CHECKING,
    ),
    Habit(
        "business", "Business Expenses", 0.03, 0.0,
        (
            Line("Deskhub Coworking", "DESKHUB COWORKING DAY PASS", 2500, 3500),
            Line("Inkwell Print", "INKWELL PRINT AND SHIP", 700, 4600),
        ),
    ),
    Habit(
        "unsorted", "Uncategorized", 0.025, 0.025,
        (
            Line("SQ *8841 Vendor", "SQ *8841 VENDOR", 500, 6000),
            Line("PYT*Digital Goods", "PYT*DIGITAL GOODS 402-555-0190", 300, 4000),
        ),
    ),
    Habit(
        "canadian", "Gifts & Donations", 0.03, 0.03,
        (
            Line(None, "INTERAC E-TRANSFER TO MARGARET DOYLE 416-555-0162", 3000, 9000),
            Line(None, "INTERAC E-TRANSFER TO LUC TREMBLAY 514-555-0175", 2000, 6000),
        ),
        account=CANADIAN,
    ),
)  # fmt: skip

BILLS = (
    Bill("rent", "Bills & Services", 1, Line("Cedar Court Apartments", "ACH RENT APT 4C HAROLD VANCE", 185000, 185000)),
    Bill("electricity", "Utilities", 9, Line("Puget City Light", "PUGET CITY LIGHT AUTOPAY", 5800, 13400)),
    Bill("water", "Utilities", 11, Line("Seawater Utilities", "SEAWATER UTILITIES BILL", 4100, 6900)),
    Bill("internet", "Utilities", 14, Line("Fiberline", "FIBERLINE INTERNET 500", 6500, 6500)),
    Bill("phone", "Utilities", 19, Line("Beacon Mobile", "BEACON MOBILE ACCT JORDAN AVERY 206-555-0101", 4500, 4500)),
    Bill("car-insurance", "Insurance", 6, Line("Evergreen Mutual", "EVERGREEN MUTUAL AUTO POLICY", 11840, 11840)),
    Bill("renters", "Insurance", 21, Line("Evergreen Mutual", "EVERGREEN MUTUAL RENTERS POLICY", 1925, 1925)),
    Bill("streaming", "Entertainment", 4, Line("StreamBox", "STREAMBOX MONTHLY", 949, 949), CARD, rise=150),
    Bill("music", "Entertainment", 12, Line("Tunewave", "TUNEWAVE PREMIUM", 1099, 1099), CARD),
    Bill("storage", "Bills & Services", 17, Line("CloudVault", "CLOUDVAULT 2TB PLAN", 999, 999), CARD),
    Bill("gym", "Personal Care", 3, Line("Ironleaf Gym", "IRONLEAF GYM MEMBERSHIP", 3900, 3900), CARD),
    Bill("news", "Education", 23, Line("The Daily Ledger", "DAILY LEDGER DIGITAL", 800, 800), CARD),
    Bill("account-fee", "Fees & Charges", 27, Line("Maple Trust", "MONTHLY ACCOUNT FEE", 495, 495), CANADIAN),
    Bill("canadian-phone", "Utilities", 16, Line("Northern Mobile", "NORTHERN MOBILE PREPAID", 2500, 2500), CANADIAN),
)  # fmt: skip

TRIP_LINES = (
    (-40, CARD, "Travel & Transportation", Line("Juniper Air", "JUNIPER AIR SEA-YYZ ROUND TRIP", 38000, 56000)),
    (0, CANADIAN, "Travel & Transportation", Line("Union Express", "UNION EXPRESS TORONTO", 1235, 1235)),
    (0, CANADIAN, "Travel & Transportation", Line("Lakeshore Inn", "LAKESHORE INN TORONTO DEPOSIT", 42000, 58000)),
    (1, CANADIAN, "Meals & Dining", Line("Kensington Diner", "KENSINGTON DINER TORONTO ON", 2800, 6900)),
    (1, CANADIAN, "Entertainment", Line("Harbour Tower", "HARBOUR TOWER ADMISSION", 4300, 4300)),
    (2, CANADIAN, "Meals & Dining", Line("Poutine Palace", "POUTINE PALACE QUEEN ST", 1400, 3200)),
    (2, CANADIAN, "Groceries", Line("Maple Grocer", "MAPLE GROCER #31 TORONTO ON", 2200, 6400)),
    (3, CANADIAN, "Shopping", Line("Distillery Gifts", "DISTILLERY GIFTS", 2500, 9900)),
    (3, CANADIAN, "Meals & Dining", Line("Island Cafe", "ISLAND CAFE TORONTO ON", 1600, 4100)),
    (4, CANADIAN, "Travel & Transportation", Line("Great Lakes Rail", "GREAT LAKES RAIL TOR-MTL", 8900, 13900)),
    (5, CANADIAN, "Meals & Dining", Line("Bistro Mont-Royal", "BISTRO MONT-ROYAL MONTREAL QC", 4800, 9900)),
    (5, CANADIAN, "Healthcare", Line("Pharmacie du Parc", "PHARMACIE DU PARC MONTREAL", 900, 2900)),
    (6, CANADIAN, "Travel & Transportation", Line("Hotel Plateau", "HOTEL PLATEAU MONTREAL QC", 21000, 32000)),
    (8, CARD, "Fees & Charges", Line("Cascade Bank", "FOREIGN TRANSACTION FEE", 320, 990)),
)  # fmt: skip
"""Days after the start of the trip, account, category and line."""

TRIP_REFUND_DAY = 12
"""Days after the start of the trip on which the inn pays its deposit back."""
TRIP_REFUND = Decimal("120.00")


def demo_rows(today: dt.date) -> DemoLedger:
    """The ledger of the 365 days up to `today`, which is the last of them."""
    transactions = tuple(row for day in days(today - dt.timedelta(days=DAYS - 1), today) for row in rows_of(day))
    return DemoLedger(
        profile=DemoProfile("Jordan Avery", "USD", "America/Los_Angeles"),
        accounts=accounts(today, transactions),
        transactions=transactions,
        budgets=budgets(),
        goals=goals(today),
    )


def rows_of(day: dt.date) -> list[DemoTransaction]:
    return [*earned(day), *spent(day), *moved(day)]


# What is spent -------------------------------------------------------------------------------------------------------


def spent(day: dt.date) -> list[DemoTransaction]:
    """Purchases, bills and refunds of a day."""
    bought = [row for habit in HABITS for row in purchases(habit, day)]
    return [*bought, *bills(day), *trip(day), *refunds(day)]


def purchases(habit: Habit, day: dt.date) -> Iterator[DemoTransaction]:
    """What a habit costs on a day; while the user is away it costs nothing."""
    chances = dice(habit.name, day)
    if is_away(day) or chances.random() >= (habit.weekend if day.weekday() >= 5 else habit.weekday):
        return
    line = chances.choice(habit.lines)
    yield payment(habit.name, day, habit.account, habit.category, line)


def bills(day: dt.date) -> Iterator[DemoTransaction]:
    for bill in BILLS:
        if bill.day == day.day:
            rise = bill.rise * rises(day)
            line = replace(bill.line, low=bill.line.low + rise, high=bill.line.high + rise)
            yield payment(bill.name, day, bill.account, bill.category, line)


def rises(day: dt.date) -> int:
    """How many times ten months have passed since 2020 began."""
    return max(0, (day.year - 2020) * 12 + day.month - 1) // 10


def refunds(day: dt.date) -> Iterator[DemoTransaction]:
    """What is paid back today of earlier purchases: a positive amount in their category."""
    bought_on = day - RETURNED_AFTER
    for habit in HABITS:
        for purchase in purchases(habit, bought_on):
            if dice("returned", purchase.key).random() < habit.returned:
                yield refund_of(purchase, day, -purchase.amount)


def refund_of(purchase: DemoTransaction, day: dt.date, amount: Decimal) -> DemoTransaction:
    return replace(
        purchase,
        key=f"{purchase.key}:refund",
        posted_at=day,
        amount=amount,
        description=f"REFUND {purchase.description}",
    )


def trip(day: dt.date) -> Iterator[DemoTransaction]:
    """The days of the yearly trip, with its flight before and its refund after."""
    offset = (day - dt.date(day.year, *TRIP)).days
    for number, (after, account, category, line) in enumerate(TRIP_LINES):
        if after == offset:
            yield payment(f"trip-{number}", day, account, category, line)
    if offset == TRIP_REFUND_DAY:
        _, account, category, line = TRIP_LINES[2]
        yield refund_of(payment("trip-inn", day, account, category, line), day, TRIP_REFUND)


def is_away(day: dt.date) -> bool:
    return 0 <= (day - dt.date(day.year, *TRIP)).days < TRIP_DAYS


def payment(name: str, day: dt.date, account: str, category: str, line: Line) -> DemoTransaction:
    price = dice("price", name, day).randint(line.low, line.high)
    return booking(name, day, account, category, -cents(price), line.description, merchant=line.merchant)


# What is earned and moved --------------------------------------------------------------------------------------------


def earned(day: dt.date) -> Iterator[DemoTransaction]:
    """Salary twice a month, interest once, and now and then a fee from a person."""
    if day in paydays(day):
        employer = "Northwind Robotics"
        pay = Decimal("3148.62")
        yield booking("salary", day, CHECKING, "Income", pay, "PAYROLL NORTHWIND ROBOTICS INC", merchant=employer)
    if day.day == 28:
        interest = cents(dice("interest", day).randint(2900, 3900))
        yield booking("interest", day, SAVINGS, "Income", interest, "INTEREST PAID", merchant="Cascade Bank")
    if dice("freelance", day).random() < 0.022:
        fee = cents(dice("fee", day).randint(18000, 62000))
        yield booking(
            "freelance", day, CHECKING, "Income", fee, "E-TRANSFER FROM SAMIRA HADDAD 206-555-0154 DESIGN WORK"
        )


def paydays(day: dt.date) -> set[dt.date]:
    """The 15th and the last day of the month of this day, or the working day before."""
    last = calendar.monthrange(day.year, day.month)[1]
    return {working_day(day.replace(day=15)), working_day(day.replace(day=last))}


def working_day(day: dt.date) -> dt.date:
    """This day, or the Friday before a weekend."""
    return day - dt.timedelta(days=max(0, day.weekday() - 4))


def moved(day: dt.date) -> list[DemoTransaction]:
    """Moves between the user's own accounts, a row on either side."""
    if day.day == 1:
        owed = -total(card_rows(month_before(day)))
        return transfer("card-payment", day, CHECKING, CARD, owed, owed, "Bills & Services")
    if day.day == 2:
        saved = Decimal("400.00")
        return transfer("savings-plan", day, CHECKING, SAVINGS, saved, saved, "Investments")
    if day.day == 5:
        rate = Decimal(dice("rate", day).randint(1340, 1390)) / 1000
        sent = Decimal("240.00")
        return transfer(
            "to-canada", day, CHECKING, CANADIAN, sent, (sent * rate).quantize(Decimal("0.01")), "Investments"
        )
    return []


def transfer(
    name: str, day: dt.date, source: str, target: str, sent: Decimal, received: Decimal, category: str
) -> list[DemoTransaction]:
    out = booking(f"{name}:out", day, source, category, -sent, f"ONLINE TRANSFER TO {target.upper()}")
    into = booking(f"{name}:in", day, target, category, received, f"ONLINE TRANSFER FROM {source.upper()}")
    return [replace(row, is_transfer=True) for row in (out, into)]


def booking(
    name: str,
    day: dt.date,
    account: str,
    category: str,
    amount: Decimal,
    description: str,
    *,
    merchant: str | None = None,
) -> DemoTransaction:
    return DemoTransaction(
        key=f"{day}:{name}",
        account=account,
        posted_at=day,
        amount=amount,
        currency=CURRENCIES[account],
        category=category,
        merchant=merchant,
        description=description,
    )


# What is had and planned ---------------------------------------------------------------------------------------------


def accounts(today: dt.date, transactions: Iterable[DemoTransaction]) -> tuple[DemoAccount, ...]:
    """The accounts with their balances; nobody reported the Canadian one, so it is unknown."""
    held = {
        name: opening + total(row for row in transactions if row.account == name) for name, opening in OPENING.items()
    }
    # The card is paid off on the 1st of each month, so only this month is owed.
    owed = total(card_rows(days(today.replace(day=1), today)))
    return (
        DemoAccount(CHECKING, "checking", "USD", "4417", held[CHECKING], today),
        DemoAccount(SAVINGS, "savings", "USD", "9052", held[SAVINGS], today),
        DemoAccount(CARD, "credit", "USD", "7730", owed, today),
        DemoAccount(CANADIAN, "checking", "CAD", "2286", None, None),
    )


def card_rows(period: Iterable[dt.date]) -> Iterator[DemoTransaction]:
    return (row for day in period for row in spent(day) if row.account == CARD)


def budgets() -> tuple[DemoBudget, ...]:
    amounts = {
        "Groceries": "900.00",
        "Meals & Dining": "550.00",
        "Travel & Transportation": "420.00",
        "Shopping": "450.00",
        "Entertainment": "220.00",
        "Utilities": "320.00",
        "Healthcare": "120.00",
        "Personal Care": "90.00",
        "Gifts & Donations": "80.00",
    }
    return tuple(DemoBudget(category, Decimal(amount)) for category, amount in amounts.items())


def goals(today: dt.date) -> tuple[DemoGoal, ...]:
    return (
        goal("Emergency fund", "Six months of rent and food", "savings", "20000", "14150", today.year + 1, "active", 1),
        goal("Down payment", "For a small flat", "purchase", "60000", "8400", today.year + 4, "active", 2),
        goal("Student loan", "Pay off what is left", "debt_payoff", "7200", "5180.50", today.year + 2, "active", 2),
        goal("New laptop", "For the design work", "purchase", "1800", "1800", today.year, "completed", 4),
    )


def goal(
    name: str, description: str, kind: str, target: str, current: str, year: int, status: str, priority: int
) -> DemoGoal:
    return DemoGoal(name, description, kind, Decimal(target), Decimal(current), dt.date(year, 12, 31), status, priority)


# Days, cents, chance -------------------------------------------------------------------------------------------------


def days(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    return (first + dt.timedelta(days=number) for number in range((last - first).days + 1))


def month_before(day: dt.date) -> Iterator[dt.date]:
    last = day.replace(day=1) - dt.timedelta(days=1)
    return days(last.replace(day=1), last)


def total(rows: Iterable[DemoTransaction]) -> Decimal:
    return sum((row.amount for row in rows), Decimal("0.00"))


def cents(number: int) -> Decimal:
    return Decimal(number).scaleb(-2)


def dice(*names: object) -> random.Random:
    """Randomness that the same names give again."""
    return random.Random(":".join([SEED, *map(str, names)]))  # noqa: S311 - made-up data, no secret


# Into the database ---------------------------------------------------------------------------------------------------

LOCK = 7_236_403
"""Key of the advisory lock that keeps two servers from seeding at once."""

INSERT_PROFILE = """
insert into profiles (user_id, display_name, currency, time_zone)
values (%(user_id)s, %(display_name)s, %(currency)s, %(time_zone)s)
on conflict (user_id) do nothing
"""
INSERT_ACCOUNT = """
insert into accounts (id, user_id, name, type, currency, number_last4, balance, balance_as_of)
values (%(id)s, %(user_id)s, %(name)s, %(type)s, %(currency)s, %(number_last4)s, %(balance)s, %(balance_as_of)s)
on conflict (id) do nothing
"""
INSERT_TRANSACTION = """
insert into transactions
    (id, user_id, account_id, posted_at, amount, currency, merchant, description, category, is_transfer, source)
values (
    %(id)s, %(user_id)s, %(account_id)s, %(posted_at)s, %(amount)s, %(currency)s, %(merchant)s, %(description)s,
    %(category)s, %(is_transfer)s, 'demo'
)
"""
INSERT_BUDGET = """
insert into budgets (user_id, category, monthly_amount, currency)
values (%(user_id)s, %(category)s, %(monthly_amount)s, %(currency)s)
on conflict do nothing
"""
INSERT_GOAL = """
insert into goals
    (id, user_id, name, description, goal_type, target_amount, current_amount, target_date, status, priority)
values (
    %(id)s, %(user_id)s, %(name)s, %(description)s, %(goal_type)s, %(target_amount)s, %(current_amount)s,
    %(target_date)s, %(status)s, %(priority)s
)
on conflict (id) do nothing
"""


async def seed(connection: psycopg.AsyncConnection[Any], user_id: str, today: dt.date) -> bool:
    """Give a user the demo ledger; a user who has transactions keeps them and gets nothing.

    Args:
        connection: of the server's role or of an administrator; its transaction acts for `user_id` from here on.

    Returns:
        Whether the user got it.
    """
    async with connection.transaction():
        await connection.execute(
            "select set_config('request.jwt.claims', %s, true)",
            (json.dumps({"sub": user_id, "role": "authenticated"}),),
        )
        await connection.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
        cursor = await connection.execute("select from transactions where user_id = %s limit 1", (user_id,))
        if await cursor.fetchall():
            return False
        await insert(connection, uuid.UUID(user_id), demo_rows(today))
        return True


async def insert(connection: psycopg.AsyncConnection[Any], user_id: uuid.UUID, ledger: DemoLedger) -> None:
    def row(record: Any, **more: object) -> dict[str, object]:
        return asdict(record) | {"user_id": user_id} | more

    def named(*names: str) -> uuid.UUID:
        return uuid.uuid5(user_id, ":".join([SEED, *names]))

    async with connection.cursor() as cursor:
        await cursor.execute(INSERT_PROFILE, row(ledger.profile))
        await cursor.executemany(
            INSERT_ACCOUNT, [row(account, id=named("account", account.name)) for account in ledger.accounts]
        )
        await cursor.executemany(
            INSERT_TRANSACTION,
            [
                row(entry, id=named("transaction", entry.key), account_id=named("account", entry.account))
                for entry in ledger.transactions
            ],
        )
        await cursor.executemany(INSERT_BUDGET, [row(budget) for budget in ledger.budgets])
        await cursor.executemany(INSERT_GOAL, [row(goal, id=named("goal", goal.name)) for goal in ledger.goals])
