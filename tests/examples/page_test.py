# SPDX-License-Identifier: MIT
"""The report's page in a browser: no errors, every chart there, values by keyboard, nothing wider than a phone. Without
a browser only the script's syntax is checked, with Node.js; without either the test is skipped."""
import json
import re
import shutil
import subprocess
import sys
import urllib.parse

import support

BROWSER = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
NODE = shutil.which("node")

# Collects errors from the page's first line on.
LISTEN = """<script>const problems = [];
addEventListener("error", (event) => problems.push(String(event.message)));
const complain = console.error; console.error = (...text) => { problems.push(text.join(" ")); complain(...text); };
</script>"""
# Works every chart and control, then leaves what it found as text in the page.
PROBE = """<script>setTimeout(() => {
  const press = (element, key) => element.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
  const tip = document.getElementById("tip");
  const charts = [...document.querySelectorAll("[role=slider]")].map((chart) => {
    for (const key of ["ArrowRight", "End", "ArrowLeft", "ArrowDown", "PageUp", "Home"]) { press(chart, key); }
    const shown = !tip.hidden && tip.textContent;
    press(chart, "Escape");
    return {kind: chart.className.baseVal ?? chart.className, label: chart.getAttribute("aria-label"),
            value: chart.getAttribute("aria-valuetext"), shown, hidden: tip.hidden};
  });
  for (const input of document.querySelectorAll("input[type=radio]")) { input.click(); }
  for (const button of document.querySelectorAll("button")) { button.click(); }
  for (const details of document.querySelectorAll("details")) { details.open = true; }
  const found = {charts, problems, width: document.documentElement.scrollWidth, window: innerWidth,
    parts: document.querySelectorAll(".bar:first-child > .part, .bar .part").length,
    curves: document.querySelectorAll("path.curve").length, tables: document.querySelectorAll("tbody tr").length,
    inks: [...document.querySelectorAll("canvas")].map((canvas) => {
      const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
      return new Set(new Uint32Array(pixels.buffer)).size; })};
  const out = document.createElement("pre");
  out.id = "found";
  out.textContent = encodeURIComponent(JSON.stringify(found));
  document.body.append(out);
}, 300);</script>"""


class PageTest(support.ExampleTest):
    def setUp(self):
        super().setUp()
        self.succeed("--epochs", "6", "--run", "eager", "--run", "paper:50", "--run", "slim:75")
        self.page = (self.folder / "out" / "report.html").read_text(encoding="utf-8")

    def test_syntax(self):
        if NODE is None:
            self.skipTest("Node.js is not installed")
        script = self.folder / "page.js"
        script.write_text(self.page.split("<script>")[-1].split("</script>")[0], encoding="utf-8")
        result = subprocess.run([NODE, "--check", script], capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)

    def in_browser(self, width, *options):
        probed = self.page.replace("<head>", "<head>" + LISTEN).replace("</body>", PROBE + "</body>")
        path = self.folder / "probed.html"
        path.write_text(probed, encoding="utf-8")
        # A window is at least 500 pixels wide; a frame can be as narrow as a phone.
        frame = self.folder / "frame.html"
        frame.write_text(f'<body style="margin:0"><iframe src="probed.html" style="border:0;width:{width}px;height:900px">'
                         "</iframe><script>setTimeout(() => { const found = document.querySelector('iframe')"
                         ".contentDocument.getElementById('found'); document.body.append(found.cloneNode(true)); }, 1500)"
                         "</script></body>", encoding="utf-8")
        result = subprocess.run(
            [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
             f"--user-data-dir={self.folder / 'browser'}", "--window-size=1500,1000", "--virtual-time-budget=4000", *options,
             "--dump-dom", f"file://{frame}"], capture_output=True, text=True, timeout=120, check=False)
        found = re.search(r'<pre id="found">(.*?)</pre>', result.stdout)
        self.assertIsNotNone(found, result.stderr[-2000:] + result.stdout[-2000:])
        return json.loads(urllib.parse.unquote(found.group(1)))

    def test_in_a_browser(self):
        if BROWSER is None:
            self.skipTest("no Chromium is installed")
        for width, scheme in ((390, 1), (1400, 0)):
            with self.subTest(width=width):
                found = self.in_browser(width, f"--blink-settings=preferredColorScheme={scheme}")
                self.assertEqual(found["problems"], [])
                self.assertEqual(found["window"], width)
                self.assertLessEqual(found["width"], width)
                kinds = [chart["kind"] for chart in found["charts"]]
                self.assertEqual(kinds.count("bar"), 3)
                self.assertEqual(kinds.count("map-canvas"), 6)
                self.assertEqual(len(kinds), 10)
                for chart in found["charts"]:
                    self.assertGreater(len(chart["label"]), 20)
                    self.assertTrue(chart["value"] and chart["shown"] and chart["hidden"], chart)
                    self.assertNotRegex(chart["label"] + chart["value"] + chart["shown"], "NaN|undefined|Infinity")
                self.assertEqual(found["parts"], 3 * 7)
                self.assertEqual(found["curves"], 0)  # every run was switched off at the end
                self.assertGreater(found["tables"], 100)
                self.assertEqual(found["inks"][0], 2)  # eager: every unit in every step, and the lines between blocks
                self.assertGreater(min(found["inks"][1:]), 2)


if __name__ == "__main__":
    if BROWSER is None and NODE is None:
        print("neither Chromium nor Node.js is installed: the page is not checked")
        sys.exit(support.SKIPPED)
    support.main()
