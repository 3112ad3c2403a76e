// node icon.mjs: draws media/icon.png from media/icon.svg, in Chromium.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const media = (name) => fileURLToPath(new URL(`media/${name}`, import.meta.url));
const executablePath = execFileSync("sh", ["-c", "command -v chromium"]).toString().trim();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const page = await browser.newPage({ viewport: { width: 128, height: 128 } });
await page.setContent(`<style>body { margin: 0 }</style>${readFileSync(media("icon.svg"), "utf8")}`);
await page.screenshot({ path: media("icon.png"), omitBackground: true });
await browser.close();
