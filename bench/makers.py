"""How rows of made-up tables are made, and copies of them as another person would have written them (``bench.shapes``)."""

from __future__ import annotations

import datetime as dt
import random
import string
import unicodedata
from collections.abc import Callable

Row = list[str]
Maker = tuple[Callable[[], Row], Callable[[Row], Row]]
"""Makes a new thing; makes a copy of it as another person would have written it."""
Shape = Callable[[random.Random], Maker]

SYLLABLES = [consonant + vowel for consonant in "bdklmnrstv" for vowel in "aeio"]
GREEK = "αβγδεζηθικλμνξοπρστυφχψω"
_LETTERS = dict(zip("абвгдезийклмнопрстуфы", "abvgdeziiklmnoprstufy", strict=True))
# Cyrillic as passports have it (ICAO 9303), as English books do (BGN/PCGN) and as German ones do.
ROMANISED = [
    _LETTERS | dict(zip("жхцчшщюя", ways.split(), strict=True)) | {"й": short}
    for ways, short in (
        ("zh kh ts ch sh shch iu ia", "i"),
        ("zh kh ts ch sh shch yu ya", "y"),
        ("sch ch z tsch sch schtsch ju ja", "j"),
    )
]
CJK = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗北京上海天津重庆广州深圳南京成都武汉西安东城路街号区大小中山人民"


def word(rng: random.Random, syllables: int = 3) -> str:
    return "".join(rng.choices(SYLLABLES, k=syllables))


def typo(text: str, rng: random.Random, alphabet: str = string.ascii_lowercase) -> str:
    if len(text) < 2:
        return text
    place = rng.randrange(len(text))
    kind = rng.randrange(3)
    if kind == 0:
        return text[:place] + text[place + 1 :]
    if kind == 1:
        return text[:place] + rng.choice(alphabet) + text[place:]
    return text[:place] + rng.choice(alphabet) + text[place + 1 :]


def spoil(
    row: Row, rng: random.Random, errors: int = 2, missing: float = 0.1, alphabet: str = string.ascii_lowercase
) -> Row:
    """A copy with some typing errors and each cell gone with the given chance (never all of them)."""
    copy = list(row)
    for _ in range(errors):
        place = rng.randrange(len(copy))
        copy[place] = typo(copy[place], rng, alphabet)
    gone = [cell if rng.random() >= missing else "" for cell in copy]
    return gone if any(gone) else copy


def one_column(rng: random.Random) -> Maker:
    names = [word(rng) for _ in range(300)]
    return lambda: [" ".join(rng.choices(names, k=3))], lambda row: spoil(row, rng, missing=0)


def hundred_columns(rng: random.Random) -> Maker:
    values = [[word(rng, 2) for _ in range(60)] for _ in range(98)]
    return (
        lambda: [rng.choice(column) if rng.random() < 0.6 else "" for column in values],
        lambda row: [cell if rng.random() < 0.7 else rng.choice(values[place]) for place, cell in enumerate(row)],
    )


def long_text(rng: random.Random) -> Maker:
    """Abstracts of one field: the same words again and again; a copy is cut and changed in a tenth of its words."""
    vocabulary = [word(rng) for _ in range(2000)]
    common = vocabulary[:150]

    def new() -> Row:
        return [" ".join(rng.choice(common if rng.random() < 0.6 else vocabulary) for _ in range(rng.randint(60, 200)))]

    def again(row: Row) -> Row:
        words = [each if rng.random() < 0.9 else rng.choice(common) for each in row[0].split()]
        return [" ".join(words[: rng.randint(len(words) // 2, len(words))])]

    return new, again


def dates_and_numbers(rng: random.Random) -> Maker:
    """Payments: dates in two ways of writing, amounts with small differences, account numbers with a wrong digit, few words."""
    shops = [word(rng) for _ in range(40)]

    def new() -> Row:
        day = f"{rng.randint(2015, 2024)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        return [day, f"{rng.uniform(1, 5000):.2f}", str(rng.randint(10**9, 10**10)), rng.choice(shops)]

    def again(row: Row) -> Row:
        day, amount, account, shop = row
        year, month, date = day.split("-")
        day = f"{date}.{month}.{year}" if rng.random() < 0.4 else day
        amount = f"{float(amount) + rng.choice([0, 0, 0.5, -1]):.2f}"
        account = typo(account, rng, string.digits) if rng.random() < 0.4 else account
        return [day, amount, account, shop if rng.random() < 0.9 else ""]

    return new, again


def phone_numbers(rng: random.Random) -> Maker:
    """Common names; the telephone decides, written in four ways."""
    first, last = [word(rng, 2) for _ in range(25)], [word(rng, 2) for _ in range(30)]

    def new() -> Row:
        number = f"{rng.randint(2, 9)}{rng.randint(10, 99)}{rng.randint(10**6, 10**7 - 1)}"
        return [f"{rng.choice(first)} {rng.choice(last)}", number]

    def again(row: Row) -> Row:
        name, number = row
        name = f"{name.split()[1]}, {name.split()[0]}" if rng.random() < 0.4 else name
        ways = [
            number,
            f"+1 {number[:3]} {number[3:6]} {number[6:]}",
            f"({number[:3]}) {number[3:6]}-{number[6:]}",
            f"{number[:3]}/{number[3:]}",
        ]
        return [typo(name, rng) if rng.random() < 0.3 else name, rng.choice(ways)]

    return new, again


def other_scripts(rng: random.Random) -> Maker:
    """Greek names with and without accents, Chinese addresses without blanks."""
    names = ["".join(rng.choices(GREEK, k=rng.randint(5, 9))) for _ in range(150)]

    def new() -> Row:
        return [" ".join(rng.choices(names, k=2)), "".join(rng.choices(CJK, k=rng.randint(8, 14)))]

    def again(row: Row) -> Row:
        name = unicodedata.normalize("NFC", row[0].replace("α", "α\u0301", 1)).upper() if rng.random() < 0.5 else row[0]
        return [typo(name, rng, GREEK), typo(row[1], rng, CJK)]

    return new, again


def missing_everywhere(rng: random.Random) -> Maker:
    values = [[word(rng) for _ in range(400)] for _ in range(8)]
    return (
        lambda: [rng.choice(column) if rng.random() < 0.75 else rng.choice(["", "n/a", "-"]) for column in values],
        lambda row: spoil(row, rng, errors=1, missing=0.25),
    )


def people(rng: random.Random) -> Maker:
    first, last, streets = ([word(rng, 2) for _ in range(count)] for count in (60, 200, 80))

    def new() -> Row:
        born = f"{rng.randint(1930, 2005)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        return [rng.choice(first), rng.choice(last), f"{rng.randint(1, 200)} {rng.choice(streets)} street", born]

    return new, lambda row: spoil(row, rng)


def careless(rng: random.Random) -> Maker:
    """People again, with so many errors that nobody could tell them all apart."""
    return people(rng)[0], lambda row: spoil(row, rng, errors=5, missing=0.3)


def companies(rng: random.Random) -> Maker:
    """Companies and their branches, which are things of their own in the same or another town; legal forms and streets shortened or left out."""
    names = [word(rng) for _ in range(120)]
    trades = [word(rng, 2) for _ in range(12)]
    towns, streets = [word(rng) for _ in range(30)], [word(rng) for _ in range(60)]
    forms = {"gmbh": "g.m.b.h.", "incorporated": "inc.", "limited": "ltd", "aktiengesellschaft": "ag", "& co. kg": "kg"}
    company = [""]

    def new() -> Row:
        if not company[0] or rng.random() < 0.7:
            company[0] = (
                f"{' '.join(rng.sample(names, rng.randint(1, 2)))} {rng.choice(trades)} {rng.choice(list(forms))}"
            )
        return [company[0], f"{rng.choice(streets)} street {rng.randint(1, 90)}", rng.choice(towns)]

    def again(row: Row) -> Row:
        name, street, town = row
        form = next(form for form in forms if name.endswith(form))
        name = name.removesuffix(form) + rng.choice([form, forms[form], forms[form].upper(), ""])
        street = street.replace(" street", rng.choice(["str.", " st", " street"]))
        street = street if rng.random() < 0.8 else street.rsplit(" ", 1)[0]
        return [typo(name, rng) if rng.random() < 0.4 else name.strip(), street, town if rng.random() < 0.8 else ""]

    return new, again


def households(rng: random.Random) -> Maker:
    """People who share a name, an address and a telephone with their family; a copy may have a short first name, or the names changed about."""
    first, last, streets = ([word(rng, count) for _ in range(size)] for count, size in ((3, 60), (2, 150), (2, 80)))
    family: Row = []

    def new() -> Row:
        if not family or rng.random() < 0.35:
            number = f"{rng.randint(100, 999)} {rng.randint(10**5, 10**6 - 1)}"
            family[:] = [rng.choice(last), f"{rng.randint(1, 200)} {rng.choice(streets)} road", number]
        born = f"{rng.randint(1930, 2015)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        return [rng.choice(first), *family, born]

    def again(row: Row) -> Row:
        name, surname, street, number, born = row
        name = name[: rng.randint(3, 4)] if rng.random() < 0.3 else name
        name, surname = (surname, name) if rng.random() < 0.15 else (name, surname)
        return spoil([name, surname, street, number, born], rng, errors=1, missing=0.15)

    return new, again


def whole_addresses(rng: random.Random) -> Maker:
    """Two sources: one has the address in one column, the other in three."""
    first, last, streets, towns = ([word(rng, 2) for _ in range(count)] for count in (60, 120, 80, 25))

    def new() -> Row:
        street = f"{rng.randint(1, 200)} {rng.choice(streets)} avenue"
        return [
            "register",
            f"{rng.choice(first)} {rng.choice(last)}",
            "",
            street,
            str(rng.randint(1000, 1060)),
            rng.choice(towns),
        ]

    def again(row: Row) -> Row:
        _, name, _, street, code, town = row
        street = street.replace("avenue", rng.choice(["avenue", "ave", "av."]))
        whole = ", ".join([typo(street, rng), f"{code} {town}" if rng.random() < 0.7 else town])
        name = f"{name.split()[1]}, {name.split()[0][0]}." if rng.random() < 0.3 else typo(name, rng)
        return ["web", name, whole, "", "", ""]

    return new, again


def events(rng: random.Random) -> Maker:
    """The same title in the same place again and again, on other days; dates are written in four ways."""
    titles = [f"{word(rng)} {word(rng, 2)}" for _ in range(60)]
    places = [f"{word(rng)} hall" for _ in range(25)]
    months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

    def new() -> Row:
        day = f"2024-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        return [rng.choice(titles), day, rng.choice(places), f"{rng.randint(16, 21)}:{rng.choice(['00', '30'])}"]

    def again(row: Row) -> Row:
        title, day, place, hour = row
        _, month, date = day.split("-")
        words = f"{int(date)} {months[int(month) - 1]} 2024"
        day = rng.choice([day, words, f"{date}.{month}.2024", f"{month}/{date}/2024"])
        title = f"{title} {rng.choice(['live', 'concert', '2024'])}" if rng.random() < 0.3 else typo(title, rng)
        return [
            title,
            day,
            place.removesuffix(" hall") if rng.random() < 0.3 else place,
            hour if rng.random() < 0.6 else "",
        ]

    return new, again


def two_alphabets(rng: random.Random) -> Maker:
    """People whose names a copy may have in Cyrillic letters, or in Latin ones by another of three ways of spelling; birthday and town, which is one of a few, stay."""
    syllables = [consonant + vowel for consonant in "бвгджзклмнпрстфхцчшщ" for vowel in "аеийоуыюя"]
    names, towns = [
        ["".join(rng.choices(syllables, k=size)) for _ in range(count)] for size, count in ((3, 150), (2, 12))
    ]
    cyrillic: dict[str, str] = {}

    def spelt(text: str) -> str:
        way = rng.choice(ROMANISED)
        latin = "".join(way.get(letter, letter) for letter in text)
        cyrillic[latin] = text
        return latin

    def new() -> Row:
        born = f"{rng.randint(1950, 2005)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        return [spelt(f"{rng.choice(names)} {rng.choice(names)}"), born, spelt(rng.choice(towns))]

    def again(row: Row) -> Row:
        name, born, town = cyrillic[row[0]], row[1], cyrillic[row[2]]
        name, town = (typo(name, rng), town) if rng.random() < 0.5 else (typo(spelt(name), rng), spelt(town))
        return [
            name,
            typo(born, rng, string.digits) if rng.random() < 0.2 else born,
            town if rng.random() < 0.8 else "",
        ]

    return new, again


def payments(rng: random.Random) -> Maker:
    """What bank statements say of shops: the name with codes of branches and machines, cut short or misspelt; mostly the town; amount and day."""
    kinds = ["cafe", "market", "books", "motors", "pharmacy", "hotel", "bakery", "fuel", "sports", "garden"]
    towns = [word(rng, 2) for _ in range(60)]

    def payment(name: str, town: str) -> Row:
        text = name.upper() if rng.random() < 0.3 else name
        if rng.random() < 0.3:
            text += rng.choice([" #", " no ", " store "]) + str(rng.randrange(1, 9999))
        if rng.random() < 0.2:
            text = "POS " + text
        if rng.random() < 0.15:
            text = typo(text, rng)
        if rng.random() < 0.1:
            text = text[: rng.randrange(8, 20)]
        day = f"2026-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"
        return [text, town if rng.random() < 0.8 else "", f"{rng.lognormvariate(3, 1):.2f}", day]

    shops: dict[tuple[str, ...], tuple[str, str]] = {}

    def new() -> Row:
        shop = f"{word(rng, 3)} {rng.choice(kinds)}", rng.choice(towns)
        row = payment(*shop)
        shops[tuple(row)] = shop
        return row

    return new, lambda row: payment(*shops[tuple(row)])


def bookings(rng: random.Random) -> Maker:
    """What the books of two firms say of payments: the same customers and round amounts again and again; a copy is booked up to three days later."""
    customers = [f"{word(rng)} {word(rng, 2)} {rng.choice(['gmbh', 'ltd', 'inc', 'sarl'])}" for _ in range(120)]
    prices = [20, 49.9, 99, 120, 250, 500, 1000]

    def later(day: str, most: int) -> str:
        return (dt.date.fromisoformat(day) + dt.timedelta(days=rng.randrange(most))).isoformat()

    def new() -> Row:
        amount = rng.choice(prices) * rng.randint(1, 9) if rng.random() < 0.7 else rng.lognormvariate(4, 1)
        number = f"inv {rng.randrange(10_000, 99_999)}"
        return [rng.choice(customers), later("2025-01-01", 365), f"{amount:.2f}", number]

    def again(row: Row) -> Row:
        name, day, amount, number = row
        name = name.rsplit(" ", 1)[0] if rng.random() < 0.5 else typo(name, rng)
        number = number.replace("inv ", rng.choice(["", "invoice ", "re-"])) if rng.random() < 0.3 else ""
        return [name, later(day, 4), amount, number]

    return new, again
