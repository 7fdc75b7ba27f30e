"""What every figure must pass: its words can be read."""

import itertools

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text


def check_legible(figure, monkeypatch):
    """No text overlaps another or leaves the page."""
    seen, original = [], Text.draw

    def record(text, renderer):
        if text.get_visible() and text.get_text().strip():
            seen.append((text.get_text(), text.get_window_extent(renderer)))
        return original(text, renderer)

    monkeypatch.setattr(Text, "draw", record)
    FigureCanvasAgg(figure).draw()
    page = figure.bbox
    assert len(seen) > 5
    for text, box in seen:
        assert page.x0 <= box.x0 < box.x1 <= page.x1, text
        assert page.y0 <= box.y0 < box.y1 <= page.y1, text
    for (text, box), (other, beside) in itertools.combinations(seen, 2):
        wide = min(box.x1, beside.x1) - max(box.x0, beside.x0)
        tall = min(box.y1, beside.y1) - max(box.y0, beside.y0)
        assert min(wide, tall) < 1.5, (text, other)
