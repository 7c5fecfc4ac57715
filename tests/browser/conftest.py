"""A headless Chromium that reports every console message and every request."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from support.optional import BROWSER, lacking, skip_for

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Browser:
    """A thin layer over Selenium: open a page and wait, ask the page, read what it did."""

    driver: Any

    def open(self, url: str) -> None:
        """Open a page and wait until it says that it is ready."""
        self.driver.get("about:blank")
        self.driver.get(url)
        self.wait("document.body.dataset.ready === 'yes'")

    def wait(self, expression: str, seconds: float = 120) -> None:
        """Wait until a JavaScript expression is true; fail with it otherwise."""
        end = time.monotonic() + seconds
        while not self.ask(expression):
            if time.monotonic() > end:
                pytest.fail(f"never true: {expression}; console: {self.errors()}")
            time.sleep(0.05)

    def ask(self, expression: str) -> Any:
        """Return the value of a JavaScript expression."""
        return self.driver.execute_script(f"return {expression}")

    def click(self, selector: str) -> None:
        """Click the first element that matches a CSS selector."""
        self.driver.execute_script(
            "arguments[0].scrollIntoView({block: 'center'})", self.one(selector)
        )
        self.one(selector).click()

    def one(self, selector: str) -> Any:
        """Return the first element that matches a CSS selector."""
        return self.driver.find_element("css selector", selector)

    def errors(self) -> list[str]:
        """Return console errors and warnings since the last call."""
        log = self.driver.get_log("browser")
        return [one["message"] for one in log if one["level"] in ("SEVERE", "WARNING")]

    def requests(self) -> list[str]:
        """Return the URLs requested since the last call."""
        events = [
            json.loads(one["message"])["message"] for one in self.driver.get_log("performance")
        ]
        return [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]

    def size(self, width: int, height: int, dark: bool = False) -> None:
        """Set the window and whether the reader prefers dark."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


@contextmanager
def started() -> Iterator[Browser]:
    """Start Debian's Chromium, driven by Selenium, while the block lasts."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    try:
        yield Browser(driver)
    finally:
        driver.quit()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser for all tests; skipped if it is not installed."""
    skip_for(lacking(BROWSER))
    with started() as one:
        yield one
