"""Layout checks as JavaScript in the page: text size, contrast, clipping, overlaps, scrollbars."""

from playwright.sync_api import Locator

# Every visible text node in an element: its text, font size, contrast, and box.
_TEXT_BOXES = """
element => {
  const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const background = node => {
    for (let one = node; one; one = one.parentElement) {
      const colour = rgb(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] > 0.99) return colour.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const luminance = colour => {
    const [r, g, b] = colour.map(v => v / 255)
      .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const boxes = [];
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
    const back = background(parent);
    if (front.length === 4) {
      const [over, through] = [front[3], 1 - front[3]];
      front = front.slice(0, 3).map((v, i) => v * over + back[i] * through);
    }
    const [light, dark] = [luminance(front), luminance(back)].sort((a, b) => b - a);
    const frame = svg ? svg.getBoundingClientRect() : null;
    boxes.push({
      text: node.textContent.trim(), size: parseFloat(style.fontSize), svg: !!svg,
      contrast: (light + 0.05) / (dark + 0.05),
      left: box.left, right: box.right, top: box.top, bottom: box.bottom,
      clipped: !!frame && (box.left < frame.left - 1 || box.right > frame.right + 1
        || box.top < frame.top - 2 || box.bottom > frame.bottom + 2),
    });
  }
  return boxes;
}
"""

MIN_FONT_PIXELS, MIN_CONTRAST = 13, 4.5


def text_violations(part: Locator) -> list[str]:
    """Texts that are too small, too faint, clipped, or overlap in a picture, one line each."""
    boxes = part.evaluate(_TEXT_BOXES)
    assert boxes, "there is no text to check"
    violations = []
    for box in boxes:
        text = repr(box["text"][:30])
        if box["size"] < MIN_FONT_PIXELS:
            violations.append(f"{text} is {box['size']} px")
        if box["contrast"] < MIN_CONTRAST:
            violations.append(f"{text} has contrast {box['contrast']:.1f}")
        if box["clipped"]:
            violations.append(f"{text} is clipped")
    drawn = [box for box in boxes if box["svg"]]
    for i, one in enumerate(drawn):
        for other in drawn[i + 1 :]:
            width = min(one["right"], other["right"]) - max(one["left"], other["left"])
            height = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
            if width > 1 and height > 4:  # lines of 15 pixels share their empty margins
                violations.append(f"{one['text'][:20]!r} overlaps {other['text'][:20]!r}")
    return violations


def overlapping_controls(part: Locator) -> list[str]:
    """Controls of a panel that overlap each other or a text of its picture."""
    return part.evaluate(
        """element => {
          const controls = [...element.querySelectorAll('button, input, select, .noUi-target')]
            .filter(item => item.getBoundingClientRect().width > 0);
          const texts = [...element.querySelectorAll('svg text')];
          const overlap = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
            && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
          const overlaps = [];
          controls.forEach((one, i) => {
            const box = one.getBoundingClientRect();
            for (const other of [...controls.slice(i + 1), ...texts])
              if (!one.contains(other) && overlap(box, other.getBoundingClientRect()))
                overlaps.push((one.textContent || one.value || one.className) + ' overlaps '
                  + (other.textContent || other.value || other.className));
          });
          return overlaps;
        }"""
    )


def inner_scrollbars(part: Locator) -> list[str]:
    """Elements of a part that have a scrollbar of their own."""
    return part.evaluate(
        """element => [element, ...element.querySelectorAll('*')].filter(item => {
          const style = getComputedStyle(item);
          const bars = ['auto', 'scroll'];
          return (bars.includes(style.overflowY) && item.scrollHeight > item.clientHeight + 1)
            || (bars.includes(style.overflowX) && item.scrollWidth > item.clientWidth + 1);
        }).map(item => item.className + ' ' + item.tagName)"""
    )
