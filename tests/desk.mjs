// See desk.sh. Runs beside its node_modules, in a temporary folder.
import { readFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const url = process.env.URL;
const shots = process.env.SHOTS;
const password = process.env.PASSWORD;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const languages = ["en", "az", "kk", "ky", "hu", "ru", "tk", "tr", "uz"];
const faults = [];
if (shots) mkdirSync(shots, { recursive: true });

// The secretariat closes a period, so that there is one to look at.
const call = async (path, token, body) => {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": "desk-1", ...(token && { Authorization: `Bearer ${token}` }) };
  const answer = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};
const { access_token } = await call("/v1/auth/login", null, { email: "secretariat1@demo.example", password });
const year = new Date().getUTCFullYear();
const period = await call("/v1/periods", access_token, { from: `${year - 1}-01-01`, to: `${year - 1}-12-31`, note: "The year, as the council asked." });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

const logIn = async (page, email) => {
  await page.goto(`${url}/reports`);
  await page.fill("#email", email);
  await page.fill("#password", password);
  await page.click("form button");
  await page.waitForURL(`${url}/reports`);
};

// Without a script: in by the keyboard, through every report down to the journal, files, out again.
{
  const context = await browser.newContext({ javaScriptEnabled: false, locale: "en", acceptDownloads: true });
  const page = await context.newPage();
  let walked = 0;
  let inside = false;
  page.on("response", (answer) => {
    walked += 1;
    if (inside && answer.status() >= 400) faults.push(`${answer.url()} answers ${answer.status()}`);
  });
  await page.goto(`${url}/reports/standing`);
  await page.fill("#email", "auditor@demo.example");
  await page.keyboard.press("Tab");
  await page.keyboard.type("not the password");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[role=alert]");
  if (shots) await page.screenshot({ path: `${shots}/log-in-refused.png` });
  await page.fill("#email", "auditor@demo.example");
  await page.fill("#password", password);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/reports\/standing$/);
  inside = true;
  const cookies = await context.cookies();
  const session = cookies.find((one) => one.name === "ots_desk");
  if (!session || !session.httpOnly || session.sameSite !== "Strict") faults.push(`the session's cookie: ${JSON.stringify(session)}`);
  await page.goto(`${url}/reports`);
  const reports = await page.locator("ul.choice a").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
  if (reports.length !== 8) faults.push(`${reports.length} reports on the first page`);
  for (const report of reports) {
    await page.goto(url + report);
    if (report !== "/reports/register" && report !== "/reports/sample") {
      const figure = page.locator("td.n a").first();
      if ((await figure.count()) === 0) {
        faults.push(`${report}: no figure leads anywhere`);
        continue;
      }
      await figure.click();
      // Of the renewals the first figure is the members, whose list is that of the standing.
      await page.waitForURL((to) => /^\/reports\/[a-z-]+\/[a-z]+$/.test(to.pathname));
      if ((await page.locator("nav[aria-label='Other formats']").count()) === 0) faults.push(`${report}: its first figure leads to no list`);
    }
    const id = page.locator('td a[href^="/reports/journal?"]').first();
    if ((await id.count()) === 0) faults.push(`${report}: no id leads to the journal`);
    else {
      await id.click();
      await page.waitForURL(/\/reports\/journal\?/);
      await page.locator('td.n a[href^="/reports/journal/"]').first().click();
      await page.waitForURL(/\/reports\/journal\/\d+$/);
      if ((await page.locator("pre").count()) === 0) faults.push(`${report}: the entry behind it says nothing`);
    }
    await page.goto(url + report);
    for (const format of ["PDF", "XLSX", "CSV"]) {
      const waiting = page.waitForEvent("download");
      await page.click(`nav[aria-label="Other formats"] >> text="${format}"`);
      const file = await waiting;
      if (!file.suggestedFilename().endsWith(`.${format.toLowerCase()}`)) faults.push(`${report}: ${file.suggestedFilename()}`);
      if (readFileSync(await file.path()).length < 100) faults.push(`${report}: ${format} is empty`);
    }
  }
  // Another day, another country, by the form; then out.
  await page.goto(`${url}/reports/standing`);
  await page.fill("#as_of", `${year - 1}-12-31`);
  await page.selectOption("#country", "KZ");
  await page.click("form.again button");
  await page.waitForURL(/country=KZ/);
  if (!(await page.locator(".lede").first().innerText()).includes("country: KZ")) faults.push("the form did not narrow the report");
  await page.goto(`${url}/reports/periods/${period.id}`);
  const frozen = period.reports.findIndex((one) => one.report === "standing");
  // Lists have a second link, to their file.
  await page.locator("table.hashes tbody tr").nth(frozen).locator("a").first().click();
  await page.waitForURL(/\/reports\/standing\?/);
  if (!(await page.content()).includes(period.reports[frozen].data_sha256)) faults.push("a frozen report has another hash");
  inside = false;
  await page.click("form.leave button");
  await page.waitForSelector("#email");
  await page.goto(`${url}/reports/standing`);
  if ((await page.locator("#email").count()) === 0) faults.push("the desk is open after the log-out");
  console.log(`${walked} answers walked through without a script`);
  await context.close();
}

// Each page as people see it.
const pages = [
  ["front", "/reports"],
  ["register", `/reports/register?as_of=${year - 1}-12-31`],
  ["roll-forward", `/reports/roll-forward?from=${year}-01-01&to=${year}-11-01`],
  ["roll-forward-members", `/reports/roll-forward/members?from=${year}-01-01&to=${year}-11-01&column=joined`],
  ["standing", "/reports/standing"],
  ["ageing", "/reports/ageing"],
  ["renewals", "/reports/renewals"],
  ["decisions", "/reports/decisions"],
  ["exceptions", `/reports/decisions/exceptions?from=${year - 2}-01-01&to=${year}-11-01&kind=without_evidence`],
  ["data-quality", "/reports/data-quality"],
  ["sample", "/reports/sample"],
  ["periods", "/reports/periods"],
  ["period", `/reports/periods/${period.id}`],
  ["journal", "/reports/journal"],
  ["entry", `/reports/journal/${period.seq}`],
  ["refused", "/reports/standing?as_of=2026-02-31"],
  ["not-found", "/reports/journal/999999999"],
];
const views = [
  ["desktop", { viewport: { width: 1200, height: 900 } }],
  ["phone", { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }],
];
let looked = 0;
for (const [view, options] of views) {
  for (const language of view === "desktop" ? languages : ["en", "hu"]) {
    const context = await browser.newContext({ ...options, locale: language, bypassCSP: true });
    const page = await context.newPage();
    page.on("request", (request) => {
      if (!request.url().startsWith(url)) faults.push(`${request.url()} is asked for`);
    });
    const look = async (name) => {
      const where = `${name} ${view} ${language}`;
      const shown = await page.evaluate(() => document.documentElement.lang);
      if (shown !== language) faults.push(`${where}: is in ${shown}`);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
      for (const one of violations) faults.push(`${where}: ${one.id}: ${one.help}: ${one.nodes.map((n) => n.html).join(" | ").slice(0, 300)}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wide > 0) faults.push(`${where}: ${wide} pixels too wide`);
      if (shots) await page.screenshot({ path: `${shots}/${name}-${view}-${language}.png`, fullPage: true });
      looked += 1;
    };
    await page.goto(`${url}/reports`);
    await look("log-in");
    await logIn(page, "auditor@demo.example");
    const some = language === "en" ? pages : pages.filter(([name]) => ["front", "standing", "roll-forward", "sample", "period", "journal", "entry"].includes(name));
    for (const [name, path] of some) {
      await page.goto(url + path);
      await look(name);
    }
    await context.close();
  }
}
await browser.close();

console.log(`${looked} pages looked at, ${faults.length} faults`);
for (const fault of faults) console.log(fault);
process.exit(faults.length === 0 ? 0 : 1);
