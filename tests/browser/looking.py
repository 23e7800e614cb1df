"""What an eye would check, as JavaScript in the page: sizes, contrast, overlaps, clipping."""

from playwright.sync_api import Locator

# Every visible piece of text in an element: its text, size, colours, and box.
_PIECES = """
element => {
  const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const ground = node => {
    for (let at = node; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0.99) return colour.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const luminance = colour => {
    const [r, g, b] = colour.map(v => v / 255)
      .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const pieces = [];
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement;
    if (!node.textContent.trim() || parent.closest('style,title,option')) continue;
    const style = getComputedStyle(parent);
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (!box.width || style.visibility === 'hidden' || style.display === 'none') continue;
    if (parent.closest('button:disabled,input:disabled,[disabled]')) continue;
    const svg = parent.closest('svg');
    let front = rgb(svg ? style.fill : style.color);
    const back = ground(parent);
    if (front.length === 4) {
      const [over, through] = [front[3], 1 - front[3]];
      front = front.slice(0, 3).map((v, i) => v * over + back[i] * through);
    }
    const [light, dark] = [luminance(front), luminance(back)].sort((a, b) => b - a);
    const frame = svg ? svg.getBoundingClientRect() : null;
    pieces.push({
      text: node.textContent.trim(), size: parseFloat(style.fontSize), svg: !!svg,
      contrast: (light + 0.05) / (dark + 0.05),
      left: box.left, right: box.right, top: box.top, bottom: box.bottom,
      clipped: !!frame && (box.left < frame.left - 1 || box.right > frame.right + 1
        || box.top < frame.top - 2 || box.bottom > frame.bottom + 2),
    });
  }
  return pieces;
}
"""

SMALLEST, CONTRAST = 13, 4.5


def faults(part: Locator) -> list[str]:
    """What is too small, too faint, clipped, or lies on something else, in words."""
    pieces = part.evaluate(_PIECES)
    assert pieces, "there is text to look at"
    found = []
    for piece in pieces:
        what = repr(piece["text"][:30])
        if piece["size"] < SMALLEST:
            found.append(f"{what} is {piece['size']} px")
        if piece["contrast"] < CONTRAST:
            found.append(f"{what} has contrast {piece['contrast']:.1f}")
        if piece["clipped"]:
            found.append(f"{what} is clipped")
    drawn = [piece for piece in pieces if piece["svg"]]
    for i, one in enumerate(drawn):
        for other in drawn[i + 1 :]:
            wide = min(one["right"], other["right"]) - max(one["left"], other["left"])
            high = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
            if wide > 1 and high > 4:  # lines of 15 pixels share their empty margins
                found.append(f"{one['text'][:20]!r} lies on {other['text'][:20]!r}")
    return found


def boxes_that_meet(part: Locator) -> list[str]:
    """Controls of a panel that lie on each other or on a text of its picture."""
    return part.evaluate(
        """element => {
          const seen = [...element.querySelectorAll('button, input, select, .noUi-target')]
            .filter(item => item.getBoundingClientRect().width > 0);
          const texts = [...element.querySelectorAll('svg text')];
          const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
            && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
          const found = [];
          seen.forEach((one, i) => {
            const box = one.getBoundingClientRect();
            for (const other of [...seen.slice(i + 1), ...texts])
              if (!one.contains(other) && meet(box, other.getBoundingClientRect()))
                found.push((one.textContent || one.value || one.className) + ' meets '
                  + (other.textContent || other.value || other.className));
          });
          return found;
        }"""
    )


def scroll_bars(part: Locator) -> list[str]:
    """Elements of a part that scroll inside themselves."""
    return part.evaluate(
        """element => [element, ...element.querySelectorAll('*')].filter(item => {
          const style = getComputedStyle(item);
          const bars = ['auto', 'scroll'];
          return (bars.includes(style.overflowY) && item.scrollHeight > item.clientHeight + 1)
            || (bars.includes(style.overflowX) && item.scrollWidth > item.clientWidth + 1);
        }).map(item => item.className + ' ' + item.tagName)"""
    )
