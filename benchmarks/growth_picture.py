"""The picture of growth by size, as SVG: it needs no library and changes only with its figures."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

WIDTH: Final = 640
HEIGHT: Final = 320
MARGIN: Final = 56
COLOURS: Final = ("#1f5fa8", "#2a8c5a", "#b8541f")


def draw(lines: Mapping[str, Sequence[tuple[int, float]]], path: Path) -> None:
    """Draw us a record (from 0) over students (logarithmic), a line for each name."""
    places = sorted({students for points in lines.values() for students, _ in points})
    low, high = math.log10(places[0]), math.log10(places[-1])
    top = max(value for points in lines.values() for _, value in points) * 1.15

    def x(students: int) -> float:
        return MARGIN + (math.log10(students) - low) / (high - low) * (WIDTH - 2 * MARGIN)

    def y(value: float) -> float:
        return HEIGHT - MARGIN - value / top * (HEIGHT - 2 * MARGIN)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{MARGIN}" y="24" font-size="14">CPU time a record over a whole run, us</text>',
        f'<path d="M{MARGIN} {y(0):.1f}H{WIDTH - MARGIN}" stroke="#888"/>',
    ]
    parts += [
        f'<text x="{x(students):.1f}" y="{y(0) + 18:.1f}" text-anchor="middle">{students:,}</text>'
        for students in places
    ]
    parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 12}" text-anchor="middle">students</text>')
    step = 10 ** math.floor(math.log10(top))
    for value in range(0, int(top) + 1, step):
        parts.append(f'<text x="{MARGIN - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value}</text>')
        parts.append(f'<path d="M{MARGIN} {y(value):.1f}H{WIDTH - MARGIN}" stroke="#e4e4e4"/>')
    for place, (name, points) in enumerate(lines.items()):
        colour = COLOURS[place % len(COLOURS)]
        dots = " ".join(f"{x(students):.1f},{y(value):.1f}" for students, value in points)
        parts.append(f'<polyline points="{dots}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(
            f'<text x="{WIDTH - MARGIN - 90}" y="{HEIGHT - 120 + 16 * place}" fill="{colour}">{name}</text>'
        )
    path.write_text("\n".join([*parts, "</svg>"]) + "\n")
