// npm run bench: from key to findings, in a real browser. Prints a table; it asserts nothing, because the time of one
// run says little on a machine that does other things.
import { findings, launch, open, paste, serve } from "../tests/harness.mjs";

const PRESSES = 15;
const server = await serve();
const browser = await launch();
const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? NaN;

/** A Compose file of about so many lines, with a finding in every service. */
function compose(lines) {
  const service = (index) => `  s${index}:\n    image: "acme/s${index}:1.0"\n    restart: unless-stopped\n    depnds_on: [db]\n    environment:\n      URL: http://s${index}:80\n    volumes:\n      - "data${index}:/data"\n`;
  return `services:\n${Array.from({ length: Math.round(lines / 8) }, (_, index) => service(index)).join("")}`;
}

async function typing(lines, panel) {
  const { page, close } = await open(browser, server.url);
  await page.click("#clear-button");
  await paste(page, compose(lines));
  await findings(page, (it) => it.length > 5);
  await page.click(`#tab-${panel}`);
  await page.waitForTimeout(1500);
  await page.evaluate(() => {
    globalThis.long = [];
    new PerformanceObserver((list) => globalThis.long.push(...list.getEntries().map((it) => it.duration))).observe({ entryTypes: ["longtask"] });
  });
  await page.locator(".cm-content").focus();
  await page.keyboard.press("Control+Home");
  const place = panel === "findings" ? "#findings .place" : "#decision .table .place";
  const times = [];
  for (let press = 0; press < PRESSES; press += 1) {
    // A new line at the top moves every place, so the first place that changes ends the measurement.
    const took = await page.evaluate((place) => new Promise((resolve) => {
      const start = performance.now();
      const shown = document.querySelector(place);
      new MutationObserver((_, observer) => {
        observer.disconnect();
        requestAnimationFrame(() => resolve(performance.now() - start));
      }).observe(shown, { characterData: true, subtree: true, childList: true });
      document.execCommand("insertText", false, "\n");
    }), place);
    times.push(took);
    await page.waitForTimeout(120);
  }
  const long = await page.evaluate(() => globalThis.long);
  await close();
  return { median: median(times), worst: Math.max(...times), long: long.length, longest: Math.max(0, ...long) };
}

async function large(megabytes) {
  const { page, close } = await open(browser, server.url);
  await page.click("#clear-button");
  const start = Date.now();
  await paste(page, compose(megabytes * 1024 * 1024 / 20));
  await page.waitForFunction(() => document.querySelectorAll(".finding").length > 5 || /MB/.test(document.querySelector(".notice")?.textContent ?? ""), undefined, { timeout: 120_000 });
  const took = Date.now() - start;
  await close();
  return took;
}

async function firstFinding() {
  const context = await browser.newContext({ serviceWorkers: "block" });
  const page = await context.newPage();
  await page.goto(server.url);
  await page.waitForSelector(".finding");
  const took = await page.evaluate(() => performance.now());
  await context.close();
  return took;
}

const times = [];
for (let run = 0; run < 10; run += 1) times.push(await firstFinding());
console.log(`first finding after navigation, median of 10: ${Math.round(median(times))} ms (${Math.round(Math.min(...times))} to ${Math.round(Math.max(...times))})`);
console.log("lines   panel      key to findings: median, worst   long tasks, longest");
for (const [lines, panel] of [[1000, "findings"], [1000, "decision"], [10_000, "findings"]]) {
  const it = await typing(lines, panel);
  console.log(`${String(lines).padEnd(7)} ${panel.padEnd(10)} ${String(Math.round(it.median)).padStart(6)} ms ${String(Math.round(it.worst)).padStart(6)} ms            ${it.long}, ${Math.round(it.longest)} ms`);
}
console.log(`5 MB pasted: findings, or a refusal in words, after ${await large(5)} ms`);
await browser.close();
await server.close();
