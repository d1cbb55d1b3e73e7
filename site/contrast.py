"""Whether text can be read: the contrast of the colours that a style sheet has names for, by WCAG 2.2 (level AA, 1.4.3)."""

from __future__ import annotations

import colorsys
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

#: The least ratio for text of ordinary size.
AA = 4.5
Colour = tuple[float, float, float, float]
_RULE = re.compile(r"([^{}]*)\{([^{}]*)\}")
_VARIABLE = re.compile(r"var\((--[\w-]+)\)")


def names_of(css: str, selectors: Iterable[str]) -> dict[str, str]:
    """What the rules of these selectors say of names (`--text`), the later selector before the earlier one."""
    found: dict[str, str] = {}
    for wanted in selectors:
        for selector, body in _RULE.findall(css):
            if wanted in selector.strip().split(","):
                found |= {name: value.strip() for name, value in re.findall(r"(--[\w-]+)\s*:\s*([^;]+)", body)}
    return found


def of_site(site: Path) -> Iterator[str]:
    """What cannot be read on the pages, light or dark, of the text and of each colour of code."""
    page = (site / "index.html").read_text(encoding="utf-8")
    sheets = re.findall(r'<link rel="stylesheet" href="([^"]+)"', page)
    css = "".join((site / sheet).read_text(encoding="utf-8") for sheet in sheets)
    primary = re.findall(r'<body[^>]* data-md-color-primary="([\w-]+)"', page)[0]
    light = [":root", "[data-md-color-scheme=default]", f"[data-md-color-primary={primary}]"]
    dark = ["[data-md-color-scheme=slate]", f"[data-md-color-scheme=slate][data-md-color-primary={primary}]"]
    for selectors, is_dark in ((light, False), (light + dark, True)):
        names = names_of(css, selectors)
        behind = ("--md-default-bg-color", "--md-code-bg-color")
        pairs = [("--md-default-fg-color", behind[0]), ("--md-default-fg-color--light", behind[0])]
        pairs += [("--md-typeset-a-color", back) for back in behind]
        code = [name for name in names if re.fullmatch(r"--md-code-(fg|hl-\w+)-color", name)]
        yield from weak(names, [*pairs, *((name, behind[1]) for name in code)], is_dark)


def weak(names: dict[str, str], pairs: Iterable[tuple[str, str]], dark: bool = False) -> Iterator[str]:
    """The pairs of a text and what is behind it that are too close, with their ratio."""
    for front, back in pairs:
        found = _ratio(_colour(names[front], names, dark), _colour(names[back], names, dark))
        if found < AA:
            yield f"{front} on {back} in {'dark' if dark else 'light'} has a contrast of {found:.2f}, and needs {AA}"


def _colour(text: str, names: dict[str, str], dark: bool) -> Colour:
    while _VARIABLE.search(text):
        text = _VARIABLE.sub(lambda found: names[found[1]], text)
    if chosen := re.fullmatch(r"light-dark\(([^,]*),([^,]*)\)", text):
        text = chosen[2 if dark else 1].strip()
    if text.startswith("#"):
        digits = text[1:] if len(text) > 5 else "".join(2 * digit for digit in text[1:])
        red, green, blue, alpha = (int(part, 16) / 255 for part in re.findall("..", f"{digits}ff")[:4])
        return red, green, blue, alpha
    if shade := re.fullmatch(r"hsla?\(([\d.]+)(?:deg)?, ?([\d.]+)%, ?([\d.]+)%(?:, ?([\d.]+))?\)", text):
        hue, saturation, light = float(shade[1]) / 360, float(shade[2]) / 100, float(shade[3]) / 100
        return *colorsys.hls_to_rgb(hue, light, saturation), float(shade[4] or 1)
    raise ValueError(f"this is no colour that is known here: {text}")


def _ratio(front: Colour, back: Colour) -> float:
    alpha = front[3]
    mixed = [alpha * above + (1 - alpha) * below for above, below in zip(front[:3], back[:3], strict=True)]
    lighter, darker = sorted((_luminance(mixed), _luminance(back[:3])), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Iterable[float]) -> float:
    linear = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour)
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
