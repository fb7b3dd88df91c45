/** A picture of the results: for each row one bar per contestant, of the row's first metric. */
import { type Metric, metricMeanings } from "../rows/metric.ts";
import type { ContestantResult, RowResult } from "../rows/row.ts";

const width = 760;
const margin = 16;
const labelWidth = 150;
const valueWidth = 90;
const barHeight = 16;
const barPitch = 22;
const titleHeight = 30;
const panelGap = 20;

// Both colour schemes are in the picture: it cannot know the page that shows it.
const style = `
  text { font: 12px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; font-size: 13px; }
  .note, .value { fill: #59636e; }
  .rival { fill: #afb8c1; }
  .sluice { fill: #0969da; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .note, .value { fill: #9198a1; }
    .rival { fill: #656c76; }
    .sluice { fill: #4493f8; }
  }`;

export function svgReport(results: readonly RowResult[]): string {
  let y = margin;
  const panels = results.map((row) => {
    const panel = `<g transform="translate(${margin} ${y})">${drawRow(row)}</g>`;
    y += panelHeight(row);
    return panel;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}" role="img">
<title>Benchmark results</title>
<style>${style}
</style>
${panels.join("\n")}
</svg>
`;
}

function panelHeight(row: RowResult): number {
  return titleHeight + row.results.length * barPitch + panelGap;
}

function drawRow(row: RowResult): string {
  const metric = row.metrics[0] as Metric;
  const { title, better } = metricMeanings[metric];
  const longest = Math.max(...row.results.map(({ summary }) => summary[metric] ?? 0));
  const bars = row.results.map((result, index) =>
    drawBar(result, metric, longest, titleHeight + index * barPitch),
  );
  const heading = `<tspan class="title">${escapeText(row.title)}</tspan><tspan class="note" dx="8">${title}, ${better} is better</tspan>`;
  return `\n<text y="14">${heading}</text>\n${bars.join("\n")}\n`;
}

function drawBar({ name, summary }: ContestantResult, metric: Metric, longest: number, y: number): string {
  const value = summary[metric] ?? 0;
  const room = width - 2 * margin - labelWidth - valueWidth;
  const length = longest > 0 ? Math.max(1, (value / longest) * room) : 1;
  const baseline = y + barHeight - 4;
  return [
    `<text x="${labelWidth - 8}" y="${baseline}" text-anchor="end">${escapeText(name)}</text>`,
    `<rect class="${name.startsWith("sluice") ? "sluice" : "rival"}" x="${labelWidth}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" rx="2"/>`,
    `<text class="value" x="${(labelWidth + length + 6).toFixed(1)}" y="${baseline}">${metricMeanings[metric].format(value)}</text>`,
  ].join("");
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
