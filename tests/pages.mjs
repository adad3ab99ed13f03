// See pages.sh. Runs beside its node_modules, in a temporary folder.
import { readFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const url = process.env.URL;
const shots = process.env.SHOTS;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const languages = ["en", "az", "kk", "ky", "hu", "ru", "tk", "tr", "uz"];

const list = await (await fetch(`${url}/v1/organisations?limit=200`)).json();
const organisations = list.items;
if (organisations.length === 0) throw new Error("the demo registry has no public organisation");
// The ones with most to show, and one that is a member no more.
const richest = organisations.toSorted((a, b) => b.names.length - a.names.length)[0];
const former = organisations.find((one) => one.memberships.some((m) => !m.member)) ?? richest;
const word = richest.name.split(/[\s«»"“”]+/).find((part) => part.length > 3);
const pages = [
  ["front", "/"],
  ["search-empty", "/search"],
  ["search-results", `/search?q=${encodeURIComponent(word)}`],
  ["search-many", "/search?q=association"],
  ["search-country", "/search?country=KZ"],
  ["search-nothing", "/search?q=zzyzxqqq&country=HU"],
  ["search-refused", "/search?country=XX"],
  ["organisation", `/organisations/${richest.number}`],
  ["organisation-former", `/organisations/${former.number}`],
  ["not-found", "/organisations/OTS-0000000-00"],
];
const views = [
  ["desktop", { viewport: { width: 1200, height: 900 } }],
  ["phone", { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }],
  ["narrow", { viewport: { width: 320, height: 568 }, isMobile: true, hasTouch: true }],
  ["dark", { viewport: { width: 1200, height: 900 }, colorScheme: "dark" }],
];

const faults = [];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
let looked = 0;
// Every page in English on every view, and in every other language on the widest and the narrowest.
for (const [view, options] of views) {
  for (const language of view === "desktop" || view === "narrow" ? languages : ["en", "kk", "hu"]) {
    // The pages hold no script; axe is put in past their policy.
    const context = await browser.newContext({ ...options, locale: language, bypassCSP: true });
    const page = await context.newPage();
    page.on("request", (request) => {
      if (!request.url().startsWith(url)) faults.push(`${request.url()} is asked for`);
    });
    for (const [name, path] of pages) {
      const where = `${name} ${view} ${language}`;
      await page.goto(url + path);
      if ((await context.cookies()).length > 0) faults.push(`${where}: sets a cookie`);
      const shown = await page.evaluate(() => document.documentElement.lang);
      if (shown !== language) faults.push(`${where}: is in ${shown}`);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
      for (const one of violations) faults.push(`${where}: ${one.id}: ${one.help}: ${one.nodes.map((n) => n.html).join(" | ").slice(0, 300)}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wide > 0) faults.push(`${where}: ${wide} pixels too wide`);
      if (shots) {
        mkdirSync(shots, { recursive: true });
        await page.screenshot({ path: `${shots}/${name}-${view}-${language}.png`, fullPage: true });
      }
      looked += 1;
    }
    await context.close();
  }
}

// Without a script and with the keyboard alone: the first Tab is the way past the header, then the search can be typed and sent.
const context = await browser.newContext({ javaScriptEnabled: false, locale: "en" });
const page = await context.newPage();
await page.goto(`${url}/search`);
await page.keyboard.press("Tab");
await page.keyboard.press("Enter");
await page.keyboard.press("Tab");
await page.keyboard.type(word);
await page.keyboard.press("Enter");
await page.waitForURL(/q=/);
if ((await page.locator("ol.hits > li").count()) === 0) faults.push("the keyboard alone found nothing");
await browser.close();

console.log(`${looked} pages looked at, ${faults.length} faults`);
for (const fault of faults) console.log(fault);
process.exit(faults.length === 0 ? 0 : 1);
