// One chart: lines over dates or numbers of labels, intervals as bands, and under it what moved the point at the cursor.

const HEIGHT = 220;
// Lines differ by colour and by dashes.
const DASHES = [[], [6, 4], [2, 3], [10, 4, 2, 4], [12, 4], [4, 2]];
const DAY = 86_400;
// A date with some air, so that two never run together; half of one hangs over the end of the plot.
const DATE_WIDTH = 100;
// What is counted below the line stands where dates have their second line, so that charts side by side are equally high.
const LABELLED = { labelSize: 18, labelGap: 0, labelFont: "12px system-ui, sans-serif", size: 34 };

export class Chart {
  constructor(figure, data, span) {
    this.figure = figure;
    this.data = data;
    this.span = span;
    this.holder = figure.querySelector("[data-chart-plot]");
    this.readout = figure.querySelector("[data-chart-readout]");
    this.title = data.title;
  }

  draw() {
    this.plot?.destroy();
    this.colours = new Colours(this.figure);
    this.holder.replaceChildren();
    const columns = [this.data.x];
    const series = [{}];
    const bands = [];
    this.data.series.forEach((line, place) => {
      const stroke = this.colours.line(place);
      columns.push(line.values);
      series.push({ label: line.label, stroke, width: 2, dash: DASHES[place], spanGaps: true, points: { show: true, size: 7, fill: stroke } });
      if (!line.low) return;
      for (const end of ["high", "low"]) {
        columns.push(line[end]);
        series.push({ label: `${line.label} ${end}`, stroke: "transparent", spanGaps: true, points: { show: false } });
      }
      bands.push({ series: [series.length - 2, series.length - 1], fill: this.colours.band(place) });
    });
    this.plot = new uPlot(this.options(series, bands), columns, this.holder);
    this.legend();
    this.say(this.data.x.length - 1);
  }

  options(series, bands) {
    const axis = { stroke: this.colours.ink, grid: { stroke: this.colours.grid, width: 1 }, ticks: { stroke: this.colours.grid } };
    const dates = this.data.axis === "dates";
    return {
      width: this.holder.clientWidth,
      height: HEIGHT,
      padding: dates ? [null, DATE_WIDTH * 0.36, null, null] : undefined,
      series,
      bands,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 9 } },
      scales: { x: { time: dates, range: (_plot, low, high) => padded(...(this.span ?? [low, high]), dates) }, y: { range: this.height() } },
      axes: [dates ? { ...axis, space: DATE_WIDTH, values: dateLabels } : { ...axis, ...LABELLED, label: this.data.axis_label, values: thousands }, { ...axis, size: 48, values: (_plot, ticks) => ticks.map((tick) => figure(tick, 2)) }],
      hooks: { setCursor: [(plot) => this.say(plot.cursor.idx ?? this.data.x.length - 1)] },
    };
  }

  // From just below what is shown up to 1, so that small gains can be seen; shares never lie above.
  height() {
    const values = this.data.series.flatMap((line) => [...line.values, ...(line.low ?? [])]).filter((value) => value !== null);
    const low = Math.min(1, ...values);
    return [Math.max(Math.floor((low - 0.02) * 20) / 20, Math.min(0, low)), 1];
  }

  legend() {
    const items = this.data.series.map((line, place) => {
      const item = document.createElement("li");
      const sample = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      const stroke = document.createElementNS("http://www.w3.org/2000/svg", "line");
      sample.setAttribute("aria-hidden", "true");
      for (const [name, value] of Object.entries({ x1: 0, y1: 6, x2: 24, y2: 6, "stroke-width": 2 })) stroke.setAttribute(name, value);
      stroke.setAttribute("stroke", this.colours.line(place));
      stroke.setAttribute("stroke-dasharray", DASHES[place].join(" "));
      sample.append(stroke);
      item.append(sample, line.label);
      return item;
    });
    this.figure.querySelector("[data-chart-legend]").replaceChildren(...items);
  }

  // What stands under the chart: the values of one point and what moved it.
  say(place) {
    const { x, places, series, notes } = this.data;
    if (place < 0 || place >= x.length) return;
    const values = series
      .filter((line) => line.values[place] !== null)
      .map((line) => `${line.label} ${figure(line.values[place])}${interval(line, place, this.data.to)}`);
    const where = places[place] ?? `${day(x[place])} ${clock(x[place])}`;
    const strong = document.createElement("strong");
    strong.textContent = where;
    this.readout.replaceChildren(strong, ` · ${values.join(" · ")} · ${notes[place]}`);
  }

  fit() {
    const width = this.holder.clientWidth;
    if (this.plot && width !== this.plot.width) this.plot.setSize({ width, height: HEIGHT });
  }
}

// The page's colours as a canvas takes them.
class Colours {
  constructor(figure) {
    this.figure = figure;
    this.ink = this.read("--ink-2");
    this.text = this.read("--ink");
    this.grid = this.read("--line");
    this.surface = this.read("--surface");
  }

  line(place) {
    return this.read(["--accent", "--chart-2", "--chart-3", "--chart-4", "--chart-5", "--chart-6"][place]);
  }

  band(place) {
    return this.line(place).replace(/^rgb\(([^)]*)\)$/, "rgba($1, 0.14)");
  }

  read(name) {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    this.figure.append(probe);
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  }
}

// As in the tables: 2026-11-28. In the reader's zone, like every time of the page.
function day(seconds) {
  const moment = new Date(seconds * 1000);
  return [moment.getFullYear(), ...[moment.getMonth() + 1, moment.getDate()].map(twoDigits)].join("-");
}

function clock(seconds) {
  const moment = new Date(seconds * 1000);
  return [moment.getHours(), moment.getMinutes()].map(twoDigits).join(":");
}

function twoDigits(number) {
  return String(number).padStart(2, "0");
}

// Days, or times of the day with the date beneath the first of each day.
function dateLabels(_plot, ticks, _axis, _space, step) {
  if (step >= DAY) return ticks.map(day);
  return ticks.map((tick, place) => (place && day(ticks[place - 1]) === day(tick) ? clock(tick) : `${clock(tick)}\n${day(tick)}`));
}

// As in the tables, whatever the browser's language.
function thousands(_plot, ticks) {
  return ticks.map((tick) => tick.toLocaleString("en-US"));
}

// As the server writes figures and intervals.
function figure(value, places = 3) {
  const text = value.toFixed(places);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

function interval(line, place, to) {
  const low = line.low?.[place] ?? null;
  if (low === null) return "";
  const [from, until] = [figure(low), figure(line.high[place])];
  return from === until ? ` (${from})` : ` (${from} ${to} ${until})`;
}

// One point alone would stand on the edge, and estimates of the same minutes would have the same time under several lines.
function padded(low, high, dates) {
  const pad = high === low ? (dates ? DAY / 2 : 10) : Math.max((high - low) * 0.04, dates ? DAY / 96 : 0);
  return [low - pad, high + pad];
}
