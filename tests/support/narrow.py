"""A sidebar as narrow as it may be, and what does not fit into it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.face import Face

WIDTH = 240

TOO_WIDE = """side => {
    const right = side.getBoundingClientRect().right + 0.5;
    const cut = node => node.closest('.wegent-Title, .wegent-Path, .wegent-NeedTask, select') !== null;
    return [...side.querySelectorAll('*')]
        .filter(node => node.checkVisibility() && node.closest('[popover]') === null)
        .filter(node => node.getBoundingClientRect().right > right
            || (getComputedStyle(node).overflowX !== 'visible' && node.scrollWidth > node.clientWidth + 1))
        .filter(node => !cut(node))
        .map(node => node.outerHTML.slice(0, 200));
}"""


@contextmanager
def narrow_side(face: Face) -> Iterator[None]:
    """Make the sidebar 240 px wide by dragging its edge, and let it be as before afterwards."""
    # JupyterLab's own limit is 250; Lumino looks at it again when the panel comes back.
    style = face.page.add_style_tag(content=f":root {{ --jp-sidebar-min-width: {WIDTH}px !important; }}")
    tab = face.page.locator('[role="tab"][data-id="wegent-side"]')
    tab.click()
    tab.click()
    handle = face.page.locator("#jp-main-split-panel > .lm-SplitPanel-handle:not(.lm-mod-hidden)").first
    place, panel = handle.bounding_box(), face.side.bounding_box()
    assert place is not None and panel is not None
    y = place["y"] + place["height"] / 2
    face.page.mouse.move(place["x"] + place["width"] / 2, y)
    face.page.mouse.down()
    face.page.mouse.move(panel["x"] + 100, y, steps=5)
    face.page.mouse.up()
    narrow = face.side.bounding_box()
    assert narrow is not None and narrow["width"] == WIDTH
    yield
    style.evaluate("element => element.remove()")
    tab.click()
    tab.click()


def too_wide(face: Face) -> list[str]:
    """Return what sticks out of the sidebar or is cut off, except titles and paths, which may be."""
    found: list[str] = face.side.evaluate(TOO_WIDE)
    return found
