"""Fixtures of the component tests: reports of made-up plans, and a browser that opens them from disk."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60
SWITCHES = """--headless=new --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update
--disable-sync --disable-quic --hide-scrollbars""".split()


def build_folder():
    """The folder that holds the carve under test (CARVE_BIN is BUILD/src/cmd/carve), else the usual one."""
    if os.environ.get("CARVE_BIN"):
        return Path(os.environ["CARVE_BIN"]).resolve().parents[2]
    return ROOT / "build"


@pytest.fixture(scope="session")
def render():
    """render(plan, form): the text of a report of one of the plans in test/unit/core/report/fixture.c."""
    program = build_folder() / "test/unit/core/report/render_fixture"
    assert program.exists(), f"{program} is not built"

    def run(plan, form):
        return subprocess.run([program, plan, form], capture_output=True, check=True, timeout=SECONDS).stdout

    return run


@pytest.fixture(scope="session")
def pages(render, tmp_path_factory):
    """page(plan): the address of its HTML report on disk."""
    folder = tmp_path_factory.mktemp("pages")

    def page(plan):
        path = folder / f"{plan}.html"
        if not path.exists():
            path.write_bytes(render(plan, "html"))
        return path.as_uri()

    return page


class Browser:
    def __init__(self, folder):
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for switch in [*SWITCHES, f"--user-data-dir={folder}"]:
            options.add_argument(switch)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))

    def set(self, width=1280, scheme="light", media="", scripts=True):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})

    def open(self, address, **settings):
        self.set(**settings)
        self.driver.get_log("browser")
        self.driver.get(address)
        return self

    def js(self, expression, *arguments):
        return self.driver.execute_script(f"return {expression}", *arguments)

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def one(self, selector):
        return self.driver.find_element("css selector", selector)

    def texts(self, selector):
        return self.js("[...document.querySelectorAll(arguments[0])].map(e => e.textContent)", selector)

    def complaints(self):
        return self.driver.get_log("browser")


@pytest.fixture(scope="session")
def session_browser(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.driver.quit()


@pytest.fixture
def browser(session_browser):
    yield session_browser
    session_browser.js("(() => { try { localStorage.clear() } catch (e) {} })()")
    session_browser.set()
