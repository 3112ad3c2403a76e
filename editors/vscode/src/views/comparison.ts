// Compose services beside what runs the same thing in the cluster.
import { html, placeLink, prose, type Html } from "./html";
import type { Comparison } from "./wire";

/** `root` is the address of the folder that paths start from. */
export function comparisonPage(comparison: Comparison, root: string | undefined): Html {
  const { services, onlyInCluster } = comparison;
  return html`<h1>Both sides</h1>
${services.length === 0 && html`<p class="muted">These files define no Compose service.</p>`}
${services.map((it) => service(it, root))}
${onlyInCluster.length > 0 && html`<h2>Only in the cluster</h2>
<ul>${onlyInCluster.map((it) => html`<li>${prose(it.label)} ${placeLink(root, it.path, it.range)}</li>`)}</ul>`}`;
}

function service(it: Comparison["services"][number], root: string | undefined): Html {
  const place = placeLink(root, it.path, it.range);
  if (it.counterpart === undefined) {
    return html`<h2>${it.service} ${place}</h2><p class="muted">Nothing in the cluster runs the same thing, or several things do.</p>`;
  }
  const { label, matchedBy, path, range } = it.counterpart;
  const row = (one: (typeof it.compared)[number]): Html => html`<tr>
<td class="${one.drift}">${one.drift}</td><td class="aspect">${one.aspect}</td>
<td>${prose(one.compose)} ${placeLink(root, one.path, one.range)}</td>
<td>${prose(one.cluster)} ${placeLink(root, one.clusterPath, one.clusterRange)}</td></tr>`;
  return html`<h2>${it.service} ${place}</h2>
<p>${prose(label)}, matched by ${matchedBy} ${placeLink(root, path, range)}</p>
<table><tr><th></th><th></th><th>Compose</th><th>Cluster</th></tr>${it.compared.map(row)}</table>
${lostKeys(it)}`;
}

function lostKeys({ crossing }: Comparison["services"][number]): Html | false {
  const lost = crossing.filter((row) => row.fate === "lost").map((row) => `\`${row.key}\``);
  return lost.length > 0 && html`<p>Nothing in the cluster reads ${prose([...new Set(lost)].join(", "))}.</p>`;
}
