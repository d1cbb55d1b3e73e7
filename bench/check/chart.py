"""Charts as SVG: bars for shares, a line for growth."""

from html import escape

WIDTH, BAR, GAP, LEFT = 760, 16, 14, 190
COLOURS = {"heard": "#1d6f5c", "ruff": "#8a8f98", "ty": "#c9a227"}
STYLE = '<style>text{font:12px system-ui,sans-serif;fill:#333}.t{font-weight:600;font-size:14px}@media(prefers-color-scheme:dark){text{fill:#ddd}}</style>'


def _document(height, title, parts):
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">'
    return "\n".join([head, STYLE, f'<text class="t" x="8" y="22">{escape(title)}</text>', *parts, "</svg>\n"])


def bars(title, groups):
    """For each group of `{name: seconds}` a bar a name, all groups on their own scale: what counts are the shares."""
    parts, y = [], 44
    for label, figures in groups.items():
        largest = max(figures.values())
        parts.append(f'<text x="8" y="{y + BAR - 4}">{escape(label)}</text>')
        for name, seconds in figures.items():
            width = max(2, seconds / largest * (WIDTH - LEFT - 130))
            parts.append(f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR - 3}" fill="{COLOURS[name]}"/>')
            parts.append(f'<text x="{LEFT + width + 6:.1f}" y="{y + BAR - 5}">{name} {seconds:.2f} s</text>')
            y += BAR
        y += GAP
    return _document(y, title, parts)


def line(title, points):
    """Seconds over millions of lines, and the straight line through the origin and the last point."""
    height, bottom = 320, 280
    most_x, most_y = max(x for x, _ in points), max(y for _, y in points)
    place = lambda x, y: (60 + x / most_x * (WIDTH - 100), bottom - y / most_y * (bottom - 50))  # noqa: E731
    (x0, y0), (x1, y1) = place(0, 0), place(*points[-1])
    parts = [f'<line x1="{x0}" y1="{y0}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{COLOURS["ruff"]}" stroke-dasharray="4 4"/>']
    parts.append(f'<polyline fill="none" stroke="{COLOURS["heard"]}" stroke-width="2" points="{" ".join("%.1f,%.1f" % place(x, y) for x, y in points)}"/>')
    for x, y in points:
        px, py = place(x, y)
        parts.append(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3.5" fill="{COLOURS["heard"]}"/><text x="{px - 14:.1f}" y="{py - 10:.1f}">{y:.1f} s</text>')
        parts.append(f'<text x="{px - 12:.1f}" y="{bottom + 20}">{x:.2f} M</text>')
    return _document(height, title, parts)
