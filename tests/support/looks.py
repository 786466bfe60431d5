"""Colours as they are computed by the browser: what stands on what, and whether people can read it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator

READABLE = 4.5
"""WCAG 2 AA for text of normal size."""

CONTRAST = """(element, pseudo) => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgba = colour => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = (top, below) => below.map((value, at) => top[at] * top[3] + value * (1 - top[3])).slice(0, 3);
    let opacity = 1;
    const layers = [];
    for (let node = element; node; node = node.parentElement) {
        const style = getComputedStyle(node);
        opacity *= Number(style.opacity);
        layers.push(rgba(style.backgroundColor));
    }
    const background = layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
    const ink = rgba(getComputedStyle(element, pseudo).color);
    const text = over([ink[0], ink[1], ink[2], ink[3] * opacity], background);
    const light = colour => colour
        .map(value => value / 255)
        .map(value => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
        .reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0);
    const [low, high] = [light(text), light(background)].sort((a, b) => a - b);
    return { ratio: (high + 0.05) / (low + 0.05), text, background };
}"""


def contrast(element: Locator, pseudo: str | None = None) -> float:
    """Return the ratio (1 to 21) of an element's text to all that lies behind it."""
    found: dict[str, Any] = element.evaluate(CONTRAST, pseudo)
    ratio: float = found["ratio"]
    return ratio


def colour(element: Locator, name: str) -> str:
    """Return a computed colour."""
    found: str = element.evaluate("(element, name) => getComputedStyle(element)[name]", name)
    return found


def variable(element: Locator, name: str, property_: str) -> str:
    """Return what a property would compute to if it were a theme's variable."""
    found: str = element.evaluate(
        """(element, [name, property]) => {
            const probe = document.createElement('span');
            probe.style.setProperty(property, `var(${name})`);
            element.append(probe);
            const found = getComputedStyle(probe).getPropertyValue(property);
            probe.remove();
            return found;
        }""",
        [name, property_],
    )
    return found
