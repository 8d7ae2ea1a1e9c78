"""Invented words for people, schools and districts: nobody is called like this."""

import re
from itertools import product
from random import Random
from typing import Final

_GIVEN: Final = tuple(
    """
    Acorn Bramble Biscuit Breeze Button Cinder Clover Comet Cricket Daffodil Dapple Drizzle Ember
    Fable Fennel Fidget Flannel Gadget Ginger Glimmer Hazelnut Jigsaw Juniper Kettle Lantern Lullaby
    Maple Marble Marzipan Meadow Mitten Muffin Nimbus Nutmeg Oatmeal Pebble Pickle Pinecone Popcorn
    Pudding Puzzle Quartz Quill Ripple Rocket Saffron Sprocket Sundial Tangerine Teapot Thimble
    Tinsel Trinket Tumble Velvet Waffle Whistle Willow
    """.split()  # noqa: SIM905 - fifty words read better as a text than as a list
)
_FIRST: Final = """
    Apple Bumble Candle Copper Cotton Crumble Dandel Feather Fiddle Goose Honey Ink Lemon Mossy Mumble Needle
    Otter Paper Parsnip Porridge Rumple Silver Snuggle Thistle Turnip Umbrella Walnut Wicker
    """
_LAST: Final = "basket bottom bucket down feather foot hat nose pocket socks spoon tail thorpe whisker"
_FAMILY: Final = tuple(first + last for first, last in product(_FIRST.split(), _LAST.split()))
_PLACES: Final = tuple(
    """
    Amber Azure Cobalt Coral Crimson Emerald Golden Indigo Ivory Jade Lilac Ochre Onyx Pearl Ruby Scarlet
    Topaz Turquoise Umber Violet
    """.split()  # noqa: SIM905
)
_LANDS: Final = tuple(
    """
    Badger Beaver Dormouse Falcon Gecko Heron Hedgehog Kestrel Lemur Marmot Newt Otter Pangolin Puffin Quokka
    Raccoon Salamander Tapir Walrus Wombat
    """.split()  # noqa: SIM905
)
_KINDS: Final = ("Elementary School", "Middle School", "High School")


def person(random: Random) -> tuple[str, str]:
    """Return a given and a family name."""
    return random.choice(_GIVEN), random.choice(_FAMILY)


def district(seed: int) -> str:
    """Return a district's name, another for every seed."""
    round_, land, place = seed // 400, _LANDS[seed // 20 % 20], _PLACES[seed % 20]
    return f"{place} {land} Unified{f' {round_ + 1}' if round_ else ''}"


def school(number: int) -> tuple[str, str]:
    """Return the name and the kind of a district's n-th school, counted from 0."""
    kind = _KINDS[number % 3]
    round_ = number // 400
    return (
        f"{_LANDS[number % 20]} {_PLACES[number // 20 % 20]}{f' {round_ + 1}' if round_ else ''} {kind}",
        kind,
    )


def domain(district_name: str) -> str:
    """Return the e-mail domain that goes with a district's name; never one that exists."""
    return re.sub(r"[^a-z0-9]+", "-", district_name.lower()).strip("-") + ".example"
