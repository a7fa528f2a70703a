// Draws the charts of the page. The values are in the page; without this script the tables say the same.

import { Chart } from "./chart.js";
import { savePng } from "./png.js";

const payload = JSON.parse(document.getElementById("charts").textContent);
const charts = [];
// With dates all charts show the same time, so that one can be read under the other.
const dates = Object.values(payload).flatMap((data) => (data.axis === "dates" ? data.x : []));
const span = dates.length ? [Math.min(...dates), Math.max(...dates)] : null;

for (const figure of document.querySelectorAll("[data-chart]")) {
  const data = payload[figure.dataset.chart];
  const chart = new Chart(figure, data, data.axis === "dates" ? span : null);
  charts.push(chart);
  const button = figure.querySelector("[data-chart-png]");
  button.hidden = false;
  button.addEventListener("click", () => savePng(chart, `${figure.dataset.chart}.png`));
}

const redraw = () => charts.forEach((chart) => chart.draw());
redraw();
// Colours come from the page's own, and those change with light and dark.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
new ResizeObserver(() => charts.forEach((chart) => chart.fit())).observe(document.querySelector("#main"));
