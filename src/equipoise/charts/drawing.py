"""A chart as SVG text that can stand beside others in one page."""

import hashlib
import json
import re
from functools import lru_cache

from equipoise.charts.style import Chart

_IDS = re.compile(r'\bid="([^"]+)"')
_SIZE = re.compile(r"^<svg\b[^>]*?>")


def svg(chart: Chart) -> str:
    """Return the chart as one SVG element: no script, nothing loaded from elsewhere, text as text.

    Identifiers inside begin with a hash of the picture, so that several pictures share a page; the chart's description becomes
    the label that a screen reader says. The same chart gives the same text.
    """
    specification = chart.to_dict(validate=False)  # checked where the chart is built
    return _named(_own_ids(_converted(json.dumps(specification, sort_keys=True))), str(specification.get("description", "")))


@lru_cache(maxsize=32)
def _converted(specification: str) -> str:
    """Convert a specification; one that stands in several outputs of a run is converted once."""
    import vl_convert

    drawn: str = vl_convert.vegalite_to_svg(specification)
    return drawn


def _own_ids(drawn: str) -> str:
    """Number the identifiers anew behind a prefix of this picture: the converter counts them over all that it ever drew."""
    names = {name: f"part{number}" for number, name in enumerate(dict.fromkeys(_IDS.findall(drawn)))}
    plain = re.sub(r'(\bid="|url\(#|href="#)([^")]+)', lambda found: found[1] + names.get(found[2], found[2]), drawn)
    prefix = f"p{hashlib.sha256(plain.encode()).hexdigest()[:8]}-"
    return re.sub(r'(\bid="|url\(#|href="#)(part\d+)', lambda found: found[1] + prefix + found[2], plain)


def _named(drawn: str, description: str) -> str:
    from html import escape

    label = f' role="img" aria-label="{escape(description, quote=True)}">'
    return _SIZE.sub(lambda found: found[0].removesuffix(">") + label, drawn, count=1)
