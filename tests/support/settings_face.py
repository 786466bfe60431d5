"""The settings tab in a real browser, and what every part of it has to be: readable, named, reached by keys."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.support.face import DARK, LIGHT, Face
from tests.support.looks import READABLE, contrast

NAMELESS = """root => [root, ...root.querySelectorAll('*')]
    .filter(node => node.matches('button, select, textarea, a, input:not([hidden])'))
    .filter(node => !(node.getAttribute('aria-label') || node.labels?.[0]?.textContent || node.textContent
        || node.title).trim())
    .map(node => node.outerHTML)"""
WORDS = """root => {
    const seen = node => node.checkVisibility() && !node.closest('.jp-sr-only, :disabled, svg, option');
    const own = node => [...node.childNodes].some(one => one.nodeType === 3 && one.textContent.trim());
    const all = [...root.querySelectorAll('*')].filter(node => seen(node) && own(node));
    all.forEach((node, at) => node.setAttribute('data-read', at));
    return all.length;
}"""
CUT_OFF = """root => [...root.querySelectorAll('*')]
    .filter(node => node.checkVisibility() && node.closest('.jp-sr-only') === null)
    .filter(node => node.getBoundingClientRect().right > root.getBoundingClientRect().right + 0.5)
    .map(node => node.outerHTML.slice(0, 200))"""


class Settings:
    """The tab, with one section open."""

    def __init__(self, face: Face) -> None:
        self.face = face
        self.root = face.page.locator(".wegent-SettingsTab")
        self.main = self.root.locator(".wegent-SettingsMain")

    def open(self, section: str, title: str) -> Settings:
        """Open a section as the palette and the menu do."""
        self.face.execute("wegent:open-settings", section=section)
        expect(self.main.get_by_role("heading", name=title, level=2, exact=True)).to_be_visible()
        return self

    def button(self, name: str) -> Locator:
        return self.main.get_by_role("button", name=name, exact=True)

    def row(self, name: str) -> Locator:
        """Return the row of a table that is about a device."""
        return self.main.get_by_role("row").filter(has=self.face.page.get_by_text(name, exact=True))

    def known(self, what: str) -> Locator:
        """Return what is told under a name."""
        term = self.main.locator("dt").get_by_text(what, exact=True)
        return self.main.locator("dd").filter(visible=True).and_(term.locator("xpath=following-sibling::dd[1]"))

    def picture(self, name: str, *, of: Locator | None = None) -> None:
        """Save what it shows in both themes, and fail where something cannot be read, is cut off or has no name."""
        root = of or self.main
        assert root.evaluate(NAMELESS) == []
        try:
            for theme in (LIGHT, DARK):
                self.face.set_theme(theme)
                self.face.shot(f"{name}-{'dark' if theme == DARK else 'light'}")
                assert faint(root) == {}, theme
        finally:
            self.face.set_theme(LIGHT)
        assert root.evaluate(CUT_OFF) == []


def faint(root: Locator) -> dict[str, float]:
    """Return the words that cannot be read well, with their contrast."""
    count: int = root.evaluate(WORDS)
    found = {}
    for at in range(count):
        text = root.locator(f'[data-read="{at}"]')
        ratio = contrast(text)
        if ratio < READABLE:
            found[text.inner_text()[:60]] = round(ratio, 2)
    return found


def dialog(face: Face) -> Locator:
    return face.page.locator(".jp-Dialog")


def confirm(face: Face, word: str) -> None:
    """Say yes to a question."""
    dialog(face).get_by_role("button", name=word, exact=True).click()
    expect(dialog(face)).to_have_count(0)
