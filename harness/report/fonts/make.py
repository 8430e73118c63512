"""Makes the subset fonts and `src/figure/widths.rs` from Arimo 1.33.

Usage: python make.py DIRECTORY_WITH_Arimo-Regular.ttf_AND_Arimo-Bold.ttf   (fonttools 4.68.0)

Arimo is the sans-serif whose advance widths equal Arial's and Liberation Sans's, so a figure laid out with it also fits
where a viewer of the SVG substitutes one of those.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

HERE = Path(__file__).parent
# Latin, Greek, Cyrillic, punctuation, arrows, mathematics.
RANGES = [(0x20, 0x7E), (0xA0, 0x17F), (0x370, 0x3FF), (0x400, 0x45F), (0x2010, 0x2027), (0x2030, 0x203A)]
RANGES += [(0x2070, 0x209C), (0x2190, 0x2195), (0x2202, 0x2265)]


def main():
    options = subset.Options(layout_features=["kern", "mark", "mkmk", "ccmp"], hinting=False, notdef_outline=True)
    options.recalc_timestamp = False
    tables = []
    for style in ("Regular", "Bold"):
        font = TTFont(Path(sys.argv[1]) / f"Arimo-{style}.ttf")
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=[c for low, high in RANGES for c in range(low, high + 1)])
        subsetter.subset(font)
        font.save(HERE / f"Arimo-{style}.subset.ttf")
        cmap, advances, em = font.getBestCmap(), font["hmtx"], font["head"].unitsPerEm
        width = lambda c: round(1000 * advances[cmap[c]][0] / em) if c in cmap else 0
        rows = [", ".join(str(width(c)) for c in range(start, start + 16)) for start in range(0, 256, 16)]
        tables.append(f"pub(super) const {style.upper()}: [u16; 256] = [\n    " + ",\n    ".join(rows) + ",\n];\n")
    text = "//! Advance widths of Arimo in thousandths of the font size, by Latin-1 code point; made by `fonts/make.py`.\n\n"
    text += "/// Plain weight.\n" + tables[0] + "\n/// Bold weight.\n" + tables[1]
    target = HERE.parent / "src" / "figure" / "widths.rs"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


if __name__ == "__main__":
    main()
