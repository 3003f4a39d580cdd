"""The HTML report in a real browser. What must be seen is taken from the plan (test/unit/core/report/fixture.c), by hand."""

import json
from pathlib import Path

import axe_core_python
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

PLANS = ["cluster", "hostile", "nothing", "trace", "large"]
AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text()
A4_PIXELS = 720  # 190 mm between the margins, at 96 to the inch
P4DE = ".card:nth-child(2)"  # the one with five GPUs cut by MIG
TABLE = "#workload-table"


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("width", [390, 1280])
def test_opens_from_disk_without_complaint_and_loads_nothing(browser, pages, plan, width):
    browser.open(pages(plan), width=width)
    assert browser.complaints() == []
    assert browser.js("performance.getEntriesByType('resource').length") == 0
    assert browser.js("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"


def test_says_what_is_saved(browser, pages):
    browser.open(pages("cluster"))
    assert browser.one("h1").text.split() == ["Today", "$204.13/h", "→", "Planned", "$87.28/h"]
    assert browser.texts(".saving") == ["saves 57 %, $1.0M a year"]  # (204.13 - 87.2829) x 8760 = 1,023,580
    assert browser.texts("#cost tbody .n:nth-child(3)") == ["$204.13", "$204.13", "$131.20", "$112.77", "$87.28", "$87.01"]
    bars = browser.js("[...document.querySelectorAll('#cost rect')].map(e => e.getBoundingClientRect().width)")
    assert bars[4] / bars[0] == pytest.approx(87.2829 / 204.13, abs=0.005)


def boxes(browser, row):
    """Where the slices of a GPU begin and end, as fractions of its bar."""
    return browser.js(
        """(() => { const bar = document.querySelector(arguments[0]).getBoundingClientRect();
        return [...document.querySelectorAll(arguments[0] + ' > svg')].map(s => { const b = s.querySelector('rect').getBoundingClientRect();
            return [(b.left - bar.left) / bar.width, (b.right - bar.left) / bar.width]; }) })()""",
        f"{row} > svg",
    )


# MIG placements of an A100-80GB count in eighths; MPS and time-slicing shares stand one after the other.
DRAWN = [
    (f"{P4DE} .gpu:nth-child(1)", [(0, 2 / 8), (2 / 8, 3 / 8), (3 / 8, 4 / 8), (4 / 8, 1)]),
    (f"{P4DE} .gpu:nth-child(4)", [(i / 8, (i + 1) / 8) for i in range(7)]),
    (f"{P4DE} .gpu:nth-child(8)", [(0, 1)]),
    (".card:nth-child(3) .gpu", [(0, 0.35), (0.35, 0.7), (0.7, 0.875)]),
    (".card:nth-child(4) .gpu:nth-child(2)", [(0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1)]),
    (".card:nth-child(4) .gpu:nth-child(4)", []),
]


@pytest.mark.parametrize(("row", "expected"), DRAWN)
@pytest.mark.parametrize("width", [390, 1280])
def test_draws_slices_to_scale(browser, pages, row, expected, width):
    browser.open(pages("cluster"), width=width)
    drawn = boxes(browser, row)
    assert len(drawn) == len(expected)
    for box, want in zip(drawn, expected, strict=True):
        assert box == pytest.approx(want, abs=0.01)


def test_every_slice_names_its_workload(browser, pages):
    browser.open(pages("cluster"))
    assert len(browser.all(".card")) == 5
    assert len(browser.all(f"{P4DE} .gpu")) == 8
    titles = browser.texts(f"{P4DE} .gpu:nth-child(1) title")
    assert titles[0] == "serving/speech: 2g.20gb, MIG, 25 % of the GPU"
    assert titles[3] == "serving/vision-large: 3g.40gb, MIG, 50 % of the GPU"
    letters = browser.texts(f"{P4DE} .gpu:nth-child(1) .k")
    lines = dict(line.text.split(maxsplit=1) for line in browser.all(f"{P4DE} .keys li"))
    lines = {letter: " ".join(line.split()) for letter, line in lines.items()}
    assert [lines[letter] for letter in letters] == [
        "serving/speech ×5 2g.20gb",
        "serving/rerank ×12 1g.10gb",
        "serving/rerank ×12 1g.10gb",
        "serving/vision-large ×4 3g.40gb",
    ]


def column(browser, index):
    return browser.texts(f"{TABLE} tbody tr:not([hidden]) > :nth-child({index})")


def test_sorts_by_mouse_and_keyboard(browser, pages):
    browser.open(pages("cluster"))
    pods = browser.one(f"{TABLE} th:nth-child(2)")
    browser.js("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", pods)
    pods.find_element(By.TAG_NAME, "button").click()
    assert column(browser, 2) == ["40", "24", "12", "12", "5", "4", "3", "2", "1"]
    assert pods.get_attribute("aria-sort") == "descending"
    pods.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
    assert column(browser, 2) == ["1", "2", "3", "4", "5", "12", "12", "24", "40"]
    assert pods.get_attribute("aria-sort") == "ascending"
    name = browser.one(f"{TABLE} th:nth-child(1)")
    name.find_element(By.TAG_NAME, "button").send_keys(Keys.SPACE)
    assert [text.split("/")[0] for text in column(browser, 1)] == ["lab", "research"] + ["serving"] * 5 + ["training"] * 2
    assert len(browser.all("[aria-sort]")) == 1


def test_filters_by_all_words(browser, pages):
    browser.open(pages("cluster"))
    field = browser.one("#filter")
    field.send_keys("HARDWARE mig")
    assert [name.removesuffix("Deployment") for name in column(browser, 1)] == ["serving/rerank", "serving/speech", "serving/vision-large"]
    assert browser.texts("#shown") == ["3 of 9"]
    field.send_keys(" nowhere")
    assert column(browser, 1) == []
    field.clear()
    field.send_keys(Keys.SPACE)
    assert len(column(browser, 1)) == 9


def test_without_scripts_everything_is_there(browser, pages):
    browser.open(pages("cluster"), scripts=False)
    assert browser.js("document.querySelectorAll('#workload-table tbody tr').length") == 9
    assert browser.js("[...document.querySelectorAll('#theme, .tools')].every(e => e.hidden)")
    assert browser.js("document.querySelectorAll('thead button').length") == 0


def page_light(browser):
    r, g, b = json.loads(browser.js("getComputedStyle(document.body).backgroundColor").replace("rgb(", "[").replace(")", "]"))
    return (r + g + b) / 3 > 128


def test_theme_follows_the_system_until_chosen(browser, pages):
    for scheme in ["light", "dark"]:
        browser.open(pages("cluster"), scheme=scheme)
        assert page_light(browser) == (scheme == "light")
        browser.one("#theme").click()
        assert page_light(browser) == (scheme == "dark")
        browser.open(pages("cluster"), scheme=scheme)
        assert page_light(browser) == (scheme == "dark"), "the choice was forgotten"
        browser.js("localStorage.clear()")


def test_prints_light_without_controls(browser, pages):
    browser.open(pages("trace"), width=A4_PIXELS, scheme="dark", media="print")
    assert browser.js("[...document.querySelectorAll('table')].every(e => e.getBoundingClientRect().right <= innerWidth)"), "a table is cut"
    assert page_light(browser)
    assert browser.js("[...document.querySelectorAll('nav, #theme, .tools')].every(e => getComputedStyle(e).display === 'none')")
    browser.js("dispatchEvent(new Event('beforeprint'))")
    assert browser.js("document.querySelectorAll('.card details:not([open])').length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_no_barrier(browser, pages, scheme, width):
    """axe-core's rules of WCAG 2.1 A and AA: names, headings, landmarks, tables, contrast."""
    browser.open(pages("cluster"), scheme=scheme, width=width)
    browser.driver.execute_script(AXE)
    found = browser.driver.execute_async_script("const done = arguments[arguments.length - 1]; axe.run().then(done)")
    faults = [(v["id"], [node["target"] for node in v["nodes"]][:4]) for v in found["violations"]]
    assert faults == []
    assert len(found["passes"]) > 20


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_labels_in_slices_have_contrast(browser, pages, scheme):
    """axe does not look into SVG. 4.5 is WCAG's least for text of this size."""
    browser.open(pages("cluster"), scheme=scheme)
    pairs = browser.js(
        """[...document.querySelectorAll('.gpu svg svg')].map(s =>
        [getComputedStyle(s.querySelector('rect')).fill, getComputedStyle(s.querySelector('text')).fill])"""
    )

    def light(color):
        parts = [int(c) / 255 for c in color.removeprefix("rgb(").removesuffix(")").split(",")]
        r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    assert len({pair[0] for pair in pairs}) == 4
    for pair in pairs:
        dark, bright = sorted(map(light, pair))
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, pair


def test_structure_is_sound(browser, pages):
    browser.open(pages("cluster"))
    assert len(browser.all("h1")) == 1
    assert browser.js(
        "[...document.querySelectorAll('[id]')].length === new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size"
    )
    assert browser.js("[...document.querySelectorAll('nav a, .skip')].every(a => document.querySelector(a.getAttribute('href')))")
    assert browser.js("[...document.querySelectorAll('th')].every(th => th.scope)")


def test_hostile_names_stay_text(browser, pages):
    browser.open(pages("hostile"))
    assert browser.driver.title == "carve plan: $87.28 an hour"
    assert [len(browser.all(tag)) for tag in ["script", "style", "img", "iframe"]] == [1, 1, 0, 0]
    sections, slices = len(browser.all("section")), len(browser.all(".gpu svg"))
    name = browser.texts(f"{TABLE} tbody th")[0]
    assert name.startswith("</script><img src=x onerror=\"document.title='owned'\"><b>'\"&amp;--><!--]]>")
    assert not set(name) & set("\x1b\u202e\n\t")
    browser.open(pages("cluster"))
    assert (len(browser.all("section")), len(browser.all(".gpu svg"))) == (sections, slices)


def test_the_policy_stops_what_escaping_would_miss(browser, pages):
    browser.open(pages("cluster"))
    browser.js(
        """document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="document.title=1"><style>body{display:none}</style>')
        || document.head.appendChild(Object.assign(document.createElement('script'), {textContent: 'document.title = 2'}))"""
    )
    assert browser.driver.title == "carve plan: $87.28 an hour"
    assert browser.js("getComputedStyle(document.body).display") == "block"
    assert len(browser.complaints()) >= 3


def test_large_plans_are_cut_and_say_so(browser, pages, render):
    browser.open(pages("large"))
    assert browser.js("document.querySelectorAll('#workload-table tbody tr').length") == 2000
    assert browser.texts("#workloads > p")[0] == "The 2,000 dearest of 21,000 workloads. The JSON report (-o json) has all of them."
    assert len(browser.all(".card")) == 300
    plan = json.loads(render("large", "json"))
    left = plan["nodes"][300:]
    nodes, usd = sum(n["count"] for n in left), sum(n["count"] * n["usdPerHour"] for n in left)
    assert f"400 more groups like these ({nodes:,} nodes, ${usd:,.{0 if usd >= 1000 else 2}f}/h)" in browser.texts(".more")[0]
    assert len(render("large", "html")) < 4_000_000


def test_a_plan_of_nothing_says_so(browser, pages):
    browser.open(pages("nothing"))
    assert browser.texts(".proof") == ["No pod of this demand can be placed."]
    assert "lab/giant" in browser.texts("#unplaced")[0]
    assert browser.all("#nodes, #buy, #cost, #progress") == []
