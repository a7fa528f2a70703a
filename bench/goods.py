"""How rows of made-up products are made, and copies of them as another shop would have written them (``bench.shapes``)."""

from __future__ import annotations

import random
import string

from bench.makers import Maker, Row, word


def model_numbers(rng: random.Random) -> Maker:
    """Products of a few makers: what tells them apart is the model number, written with or without hyphens, sometimes in the other column."""
    makers = [word(rng) for _ in range(25)]
    things = [f"{word(rng)} {word(rng)}" for _ in range(30)]

    def new() -> Row:
        code = f"{''.join(rng.choices(string.ascii_uppercase, k=2))}-{rng.randint(100, 999)}{rng.choice('ABCX')}"
        return [rng.choice(makers), f"{rng.choice(things)} {code}", f"{rng.randint(10, 900)}.99"]

    def again(row: Row) -> Row:
        maker, title, price = row
        head, code = title.rsplit(" ", 1)
        code = code.replace("-", "") if rng.random() < 0.5 else code
        words = [each for each in head.split() if rng.random() < 0.8]
        price = f"{float(price) * rng.uniform(0.8, 1.2):.2f}" if rng.random() < 0.7 else ""
        return (
            ["", " ".join([maker, code, *words]), price]
            if rng.random() < 0.5
            else [maker, " ".join([*words, code]), price]
        )

    return new, again


def variants(rng: random.Random) -> Maker:
    """Products that differ from their neighbours in nothing but size or colour, written in several ways."""
    brands, kinds, lines = ([word(rng, count) for _ in range(size)] for count, size in ((2, 20), (2, 15), (3, 80)))
    colours = {"black": "blk", "white": "wht", "red": "red", "dark blue": "navy", "green": "grn"}
    sizes = {"small": "s", "medium": "m", "large": "l", "extra large": "xl"}
    product: Row = []
    left: list[str] = []

    def new() -> Row:
        if not left or rng.random() < 0.3:
            product[:] = [rng.choice(brands), f"{rng.choice(lines)} {rng.choice(kinds)}", f"{rng.randint(10, 200)}.00"]
            left[:] = [f"{colour} {size}" for colour in colours for size in sizes]
            rng.shuffle(left)
        brand, title, price = product
        return [brand, f"{title} {left.pop()}", price]

    def again(row: Row) -> Row:
        brand, title, price = row
        size = max((each for each in sizes if title.endswith(" " + each)), key=len)
        title = title.removesuffix(" " + size)
        colour = next(each for each in colours if title.endswith(" " + each))
        title = title.removesuffix(" " + colour)
        words = [rng.choice([colour, colours[colour]]), rng.choice([size, sizes[size]])]
        words = words[::-1] if rng.random() < 0.3 else words
        title = f"{brand} {title}" if rng.random() < 0.3 else title
        return [brand, f"{title}, {' '.join(words)}", f"{float(price) * rng.choice([1, 1, 0.9]):.2f}"]

    return new, again


def amounts(rng: random.Random) -> Maker:
    """Groceries that come in several sizes, written in grams or kilograms, before or behind the name; prices differ between shops."""
    brands, kinds = [word(rng, 2) for _ in range(20)], [word(rng) for _ in range(40)]
    sizes = [100, 200, 250, 300, 500, 750, 1000, 1500, 2000]

    def new() -> Row:
        return [f"{rng.choice(brands)} {rng.choice(kinds)} {rng.choice(sizes)} g", f"{rng.uniform(1, 9):.2f}"]

    def again(row: Row) -> Row:
        brand, kind, grams, _ = row[0].split()
        kilograms = f"{int(grams) / 1000:g}"
        size = rng.choice([f"{grams}g", f"{grams} g", f"{kilograms} kg", f"{kilograms}kg", f"{grams} gr"])
        name = rng.choice([f"{brand} {kind} {size}", f"{kind} {brand} {size}", f"{size} {kind}"])
        return [name, row[1] if rng.random() < 0.4 else f"{float(row[1]) * rng.uniform(0.85, 1.15):.2f}"]

    return new, again
