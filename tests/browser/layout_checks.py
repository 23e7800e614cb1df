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
  // Whether a box reaches out of an element around it that hides or scrolls what does so; a line's
  // box is higher than its letters.
  const isCut = (node, box) => {
    for (let one = node; one && element.contains(one); one = one.parentElement) {
      const style = getComputedStyle(one), frame = one.getBoundingClientRect();
      const hides = axis => axis !== 'visible' && style.display !== 'contents';
      const isScrolled = one.matches('.mg-scroll, .mg-scroll *');
      if (isScrolled) return false;
      if ((one === element || hides(style.overflowX) || one.tagName === 'svg')
          && (box.left < frame.left - 1 || box.right > frame.right + 1)) return true;
      if ((hides(style.overflowY) || one.tagName === 'svg')
          && (box.top < frame.top - 4 || box.bottom > frame.bottom + 4)) return true;
    }
    return false;
  };
  const boxes = [];
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement;
    if (!node.textContent.trim() || parent.closest('style,title,option,.mg-heard')) continue;
    const style = getComputedStyle(parent);
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (!box.width || style.visibility === 'hidden' || style.display === 'none') continue;
    if (style.clipPath === 'inset(50%)') continue;  // heard, not seen
    if (parent.closest('button:disabled,input:disabled,[disabled]')) continue;
    const svg = parent.closest('svg');
    let front = rgb(svg ? style.fill : style.color);
    const back = background(parent);
    if (front.length === 4) {
      const [over, through] = [front[3], 1 - front[3]];
      front = front.slice(0, 3).map((v, i) => v * over + back[i] * through);
    }
    const [light, dark] = [luminance(front), luminance(back)].sort((a, b) => b - a);
    boxes.push({
      text: node.textContent.trim(), size: parseFloat(style.fontSize),
      contrast: (light + 0.05) / (dark + 0.05), clipped: isCut(parent, box),
      lines: [...range.getClientRects()].map(line =>
        ({left: line.left, right: line.right, top: line.top, bottom: line.bottom})),
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
    violations.extend(
        f"{one['text'][:20]!r} overlaps {other['text'][:20]!r}"
        for i, one in enumerate(boxes)
        for other in boxes[i + 1 :]
        if any(_overlap(a, b) for a in one["lines"] for b in other["lines"])
    )
    return violations


def _overlap(a: dict[str, float], b: dict[str, float]) -> bool:
    """Whether two lines of text overlap by more than the empty margins of their boxes."""
    width = min(a["right"], b["right"]) - max(a["left"], b["left"])
    height = min(a["bottom"], b["bottom"]) - max(a["top"], b["top"])
    return width > 1 and height > 4


def overlapping_controls(part: Locator) -> list[str]:
    """Controls of a panel that overlap each other or a text.

    Those in `.mg-over` lie over what they choose.
    """
    return part.evaluate(
        """element => {
          const controls = [...element.querySelectorAll('button, input, select, .noUi-target')]
            .filter(item => item.getBoundingClientRect().width > 0 && !item.closest('.mg-over'));
          const boxes = [];
          const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            const parent = walker.currentNode.parentElement;
            if (!walker.currentNode.textContent.trim()
                || parent.closest('style,option,button,.mg-heard')
                || getComputedStyle(parent).clipPath === 'inset(50%)') continue;
            const range = document.createRange();
            range.selectNodeContents(walker.currentNode);
            boxes.push([walker.currentNode.textContent, range.getBoundingClientRect()]);
          }
          const overlap = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
            && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
          const overlaps = [], name = item => item.textContent || item.value || item.className;
          controls.forEach((one, i) => {
            const box = one.getBoundingClientRect();
            for (const other of controls.slice(i + 1))
              if (!one.contains(other) && overlap(box, other.getBoundingClientRect()))
                overlaps.push(name(one) + ' overlaps ' + name(other));
            for (const [text, other] of boxes)
              if (overlap(box, other)) overlaps.push(name(one) + ' overlaps ' + text);
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
