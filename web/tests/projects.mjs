// The small project that several tests paste, and pages that show it.
import { addFile, findings, open, paste } from "./harness.mjs";

export const COMPOSE = `services:
  web:
    image: ghcr.io/acme/web:1.4.2
    environment:
      DATABASE_URL: postgres://app@db:5432/app
    depends_on: [db]
  db:
    image: postgres:16.4
    volumes: ["data:/var/lib/postgresql/data"]
    healthcheck:
      test: ["CMD-SHELL", "pg_isready -U app"]
volumes:
  data:
`;
export const READY = "depends_on: { db: { condition: service_healthy } }";
const MANIFESTS = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: ghcr.io/acme/web:1.4.2
          ports: [{ containerPort: 8000 }]
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  selector: { app: wbe }
  ports: [{ port: 80, targetPort: 8000 }]
`;

/** A page with an empty project. */
export async function empty(browser, url, options) {
  const opened = await open(browser, url, options);
  await opened.page.click("#clear-button");
  await findings(opened.page, (it) => it.length === 0);
  return opened;
}

/** A page with the two files above. */
export async function both(browser, url, options) {
  const opened = await empty(browser, url, options);
  await paste(opened.page, COMPOSE);
  await addFile(opened.page, MANIFESTS);
  await findings(opened.page, (it) => it.some((row) => row.startsWith("PLM404")));
  return opened;
}
