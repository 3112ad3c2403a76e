// npm run shots [-- FOLDER]: pictures of every view at three widths in both themes, to be looked at.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch, open, serve } from "../tests/harness.mjs";

const folder = process.argv[2] ?? "shots";
mkdirSync(folder, { recursive: true });
const server = await serve();
const browser = await launch();
const VIEWS = {
  findings: async () => {},
  compare: async (page) => {
    await page.click("#tab-compare");
    await page.waitForSelector(".compared-body");
  },
  decision: async (page) => {
    await page.click("#tab-decision");
    await page.waitForSelector(".outcome");
  },
  "decision at its end": (page) => page.locator("#decision .table").last().scrollIntoViewIfNeeded(),
  map: async (page) => {
    await page.click("#tab-map");
    await page.waitForSelector(".map svg");
  },
  rule: async (page) => {
    await page.click("#tab-rules");
    await page.locator(".rule-list button").nth(20).click();
    await page.waitForSelector(".rule");
  },
  fixes: async (page) => {
    await page.click("#tab-findings");
    await page.click("#fix-all");
    await page.waitForSelector("#fixes .diff");
  },
  tree: async (page) => {
    await page.keyboard.press("Escape");
    await page.click("#examples-button");
    await page.locator("#gallery-list button", { hasText: "overlays" }).first().click();
    await page.waitForSelector(".files.tree", { state: "attached" });
    if (await page.locator(".view-switch").isVisible()) await page.click(".view-switch >> text=Files");
  },
  targets: async (page) => {
    if (await page.locator(".view-switch").isVisible()) await page.click(".view-switch >> text=Results");
    await page.click("#tab-compare");
    await page.click("text=What each target gets");
    await page.locator(".rendered-line", { hasText: "replicas:" }).first().click();
    if (await page.locator(".view-switch").isVisible()) await page.click(".view-switch >> text=Results");
    await page.waitForSelector(".rendered [aria-current]");
  },
  "map of overlays": async (page) => {
    await page.click("#tab-map");
    await page.waitForSelector(".map .caption");
  },
  settings: async (page) => {
    await page.click("#tab-findings");
    await page.click("text=Settings");
    await page.waitForSelector("#settings");
  },
  examples: async (page) => {
    await page.keyboard.press("Escape");
    await page.click("#examples-button");
    await page.waitForSelector("#gallery-list button");
  },
  bring: async (page) => {
    await page.keyboard.press("Escape");
    await page.click("#bring-button");
  },
  "a text of one's own": async (page) => {
    await page.fill("#bring textarea", Array.from({ length: 12 }, (_, index) => `  part-${index}:\n    image: acme/part-${index}\n    restart: always\n`).join("").replace(/^/, "services:\n"));
    await page.click("text=Use this text");
    await page.locator(".finding", { hasText: "compose.yaml" }).first().waitFor();
  },
};
for (const colorScheme of ["light", "dark"]) {
  for (const [width, height] of [[1440, 900], [820, 1000], [380, 780]]) {
    const { page, close } = await open(browser, server.url, { colorScheme, viewport: { width, height } });
    for (const [name, show] of Object.entries(VIEWS)) {
      await show(page);
      await page.screenshot({ path: join(folder, `${name.replaceAll(" ", "-")}-${width}-${colorScheme}.png`) });
    }
    await close();
  }
}
await browser.close();
await server.close();
console.log(`pictures are in ${folder}/`);
