// Opens a page of `assay report` from its file in headless Chromium, without network, and uses it as a reader does.
//
// Usage: node check.mjs PAGE... [--screenshots DIR]
//
// ASSAY_TEST_BROWSER names the folder in which `npm ci` was run on package.json, this one if it is not set. Leaves with 1 at
// the first thing that a reader would miss: an error in the console, a request, a table that does not sort, a cell that does
// not say where it comes from, a page wider than a phone.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const home = process.env.ASSAY_TEST_BROWSER ?? fileURLToPath(new URL(".", import.meta.url));
const require = createRequire(join(resolve(home), "package.json"));
const load = async (name) => (await import(pathToFileURL(require.resolve(name)))).default;
const chromium = await load("@sparticuz/chromium");
const puppeteer = await load("puppeteer-core");

const pages = process.argv.slice(2);
const flag = pages.indexOf("--screenshots");
const screenshots = flag < 0 ? null : pages.splice(flag, 2)[1];
if (screenshots) mkdirSync(screenshots, { recursive: true });

const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const PAPER = { width: 794, height: 1123 };

/** A tab that fails on errors and on every request but the page's own. */
async function open(browser, path, faults) {
  const tab = await browser.newPage();
  const url = pathToFileURL(resolve(path)).href;
  tab.on("console", (message) => { if (["error", "warn"].includes(message.type())) faults.push(`console: ${message.text()}`); });
  tab.on("pageerror", (error) => faults.push(`script: ${error.message}`));
  tab.on("request", (request) => { if (request.url() !== url && !request.url().startsWith("data:")) faults.push(`request: ${request.url()}`); });
  await tab.setOfflineMode(true);
  await tab.setViewport(DESKTOP);
  await tab.goto(url);
  return tab;
}

/** Every table that can be sorted sorts both ways, by pointer and by keyboard, holes last. */
async function sorting(tab) {
  const columns = await tab.$$eval("table.comparison", (tables) => tables.map((t) => t.querySelectorAll("button.sort").length));
  for (const [index, count] of columns.entries()) {
    for (let column = 0; column < count; column += 1) {
      const button = (await (await tab.$$("table.comparison"))[index].$$("button.sort"))[column];
      for (const direction of ["ascending", "descending"]) {
        if (direction === "ascending") await button.click();
        else { await button.focus(); await tab.keyboard.press("Enter"); }
        const state = await button.evaluate((b, i) => {
          const cells = [...b.closest("table").tBodies[0].rows].map((row) => row.cells[i]);
          const value = (c) => c.dataset.v === undefined ? null : Number(c.dataset.v);
          return { sort: b.closest("th").getAttribute("aria-sort"), keys: cells.map((c) => c.tagName === "TH" ? c.textContent : value(c)) };
        }, column);
        assert.equal(state.sort, direction);
        const numbers = state.keys.filter((k) => k !== null);
        assert.ok(state.keys.slice(numbers.length).every((k) => k === null), "holes are last");
        if (typeof numbers[0] === "number") {
          const sign = direction === "ascending" ? 1 : -1;
          const expected = [...numbers].sort((a, b) => sign * (a - b));
          assert.deepEqual(numbers, expected);
        }
      }
    }
  }
  return columns.reduce((a, b) => a + b, 0);
}

/** A cell opens its origin and Escape closes it again, with the focus where it was. */
async function origin(tab, picture) {
  const buttons = await tab.$$("button[data-c]");
  if (buttons.length === 0) return 0;
  const measured = await tab.$$("td[data-v] > button[data-c]");
  const button = measured[0] ?? buttons[0];
  await button.focus();
  await tab.keyboard.press("Enter");
  const said = await tab.$eval("dialog[open]", (d) => d.textContent);
  const wanted = measured.length > 0 ? ["interquartile mean", "95 % interval", "seeds", "Runs", "Commands"] : ["Without a value"];
  for (const word of wanted) assert.ok(said.includes(word), `the origin says nothing of ${word}: ${said}`);
  if (picture) await tab.screenshot({ path: picture });
  await tab.keyboard.press("Escape");
  assert.equal(await tab.$("dialog[open]"), null, "Escape closes the origin");
  assert.ok(await button.evaluate((b) => document.activeElement === b), "the focus is back");
  // Every cell can be opened.
  const count = await tab.evaluate(() => {
    let opened = 0;
    for (const button of document.querySelectorAll("button[data-c]")) {
      button.click();
      const dialog = document.querySelector("dialog[open]");
      if (!dialog || dialog.querySelector("h2").textContent.includes("undefined") || dialog.textContent.includes("undefined")) throw new Error(`cell ${button.dataset.c}`);
      dialog.close();
      opened += 1;
      if (opened === 500) break;
    }
    return opened;
  });
  return count;
}

async function check(browser, path) {
  const faults = [];
  const name = basename(path, ".html");
  const shot = (what) => screenshots ? join(screenshots, `${name}-${what}.png`) : null;
  const take = async (what) => { if (screenshots) await tab.screenshot({ path: shot(what), fullPage: true }); };
  const tab = await open(browser, path, faults);
  assert.equal(await tab.evaluate(() => document.scripts.length), 2, "one script and one block of data");
  assert.ok((await tab.title()).length > 0);
  await take("desktop");
  const sorted = await sorting(tab);
  const opened = await origin(tab, shot("origin"));
  await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
  await take("dark");
  await tab.emulateMediaFeatures([]);
  await tab.setViewport(PHONE);
  const width = await tab.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= PHONE.width, `the page is ${width} pixels wide on a phone of ${PHONE.width}`);
  await take("phone");
  await tab.setViewport(PAPER);
  await tab.emulateMediaType("print");
  await take("print");
  await tab.close();
  assert.deepEqual(faults, []);
  return { page: path, sorted_columns: sorted, opened_cells: opened };
}

const browser = await puppeteer.launch({
  executablePath: await chromium.executablePath(),
  args: ["--no-sandbox", "--no-zygote", "--font-render-hinting=none", "--disable-gpu"],
  headless: "shell",
});
try {
  for (const path of pages) console.log(JSON.stringify(await check(browser, path)));
} finally {
  await browser.close();
}
