// Draws a question as a table with role=grid and keeps it in step with the work. Only what has changed is touched.

import { difference } from "./diff.js";
import { UNSURE } from "./work.js";
import { differingColumns, imageOf, linkOf, sameValue } from "./values.js";

/** What is shown of each value: "columns" folds columns that are equal on all rows, "marks" also hides what equals the leader, "all" shows all. */
export const DISPLAYS = ["columns", "marks", "all"];

/** Characters from which a value is clamped, and from which it takes a line of its own on a narrow screen. */
const LONG = 36;
const WIDE = 20;
/** Columns from which names stand beside values on a narrow screen, not above them. */
const CROWDED = 12;
/** Characters of a column's name that stand in one line. */
const LONG_NAME = 24;
/** Characters that have room in a clamped cell, and how many of them stand before the first difference where not all before it have room. */
const ROOM = 48;
const BEFORE = 28;

function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** A name that may go on in another line after its parts, short ones together: some browsers begin a new line wherever they may. */
function breakable(name) {
  return (name.match(/.{7,}?(?:[_./-]|$)|.+$/gs) ?? []).flatMap((part) => [element("wbr"), part]);
}

/** Text before a difference as [what is seen only in full texts, what stands right before it], cut between words if there are some. */
function cutBefore(text) {
  const characters = [...text];
  const wide = text.match(/[\u1100-\u115f\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uff60]/g)?.length ?? 0;
  if (characters.length + wide <= ROOM) return ["", text];
  const near = characters.slice(-BEFORE).join("");
  const words = near.replace(/^\S*\s+(?=\S)/, "");
  return [text.slice(0, text.length - words.length), words];
}

/** Whether a question shows so many columns that each card of a narrow screen would fill it. */
export function isCrowded(rows, columns) {
  return differingColumns(rows, columns).filter(Boolean).length > CROWDED;
}

export class Grid {
  /** `shows` says whether addresses in cells are links and pictures: {links, images}. */
  constructor(table, shows, sprite) {
    this.table = table;
    this.shows = shows;
    this.sprite = sprite;
  }

  /** Mark the rows that people talk about: `counts` maps row ids to the number of open comments. */
  remark(counts) {
    this.remarks = counts;
    this.work.rows.forEach(({ id }, index) => {
      const number = this.rows[index].firstElementChild;
      number.querySelector(".remark")?.remove();
      if (!counts[id]) return;
      const words = interpolate(ngettext("%s open comment", "%s open comments", counts[id]), [counts[id]]);
      const mark = element("span", { class: "remark", title: words }, this.icon("message-question", words));
      number.append(mark);
    });
  }

  /** Draw a question anew. `columns` are names, `keyColumn` the index of the primary key, `people` those whose groups stand beside: {name, labels}, `remarks` as in `remark`. */
  show(work, columns, keyColumn, layout, { people = [], remarks = {} }) {
    this.work = work;
    this.remarks = remarks;
    this.people = people;
    this.before = 2 + people.length;
    this.columns = columns;
    this.keyColumn = keyColumn;
    this.differs = differingColumns(work.rows, columns);
    const longest = columns.map((_name, index) => Math.max(...work.rows.map((row) => row.values[index].length)));
    this.long = longest.map((length) => length > LONG);
    this.wide = longest.map((length) => length > WIDE);
    this.layout(layout);
  }

  /** Which columns, in which order; draws everything again. */
  layout({ display, order, hidden, pinned }) {
    this.display = display;
    this.pinned = pinned;
    const visible = order.filter((index) => !hidden.has(index));
    const wanted = [...visible.filter((index) => pinned.has(index)), ...visible.filter((index) => !pinned.has(index))];
    const records = wanted.filter((index) => index !== this.keyColumn);
    // Rows that are equal throughout are to be seen, too.
    const telling = records.some((index) => this.differs[index]) ? records.filter((index) => this.differs[index]) : records;
    this.shown = display === "all" ? wanted : wanted.filter((index) => pinned.has(index) || telling.includes(index));
    this.folded = wanted.filter((index) => index !== this.keyColumn && !this.shown.includes(index));
    this.crowded = this.shown.length > CROWDED;
    this.table.classList.toggle("is-crowded", this.crowded);
    this.table.classList.toggle("has-long", this.shown.some((index) => this.long[index]));
    this.drawn = this.work.rows.map(() => []);
    this.rows = this.work.rows.map((row, index) => this.emptyRow(row, index));
    const head = element(
      "tr",
      { role: "row", "aria-rowindex": "1" },
      element("th", { role: "columnheader", scope: "col", class: "cell-no" }, gettext("Row")),
      element("th", { role: "columnheader", scope: "col", class: "cell-group" }, gettext("Group")),
      ...this.people.map(({ name }, place) => this.personHeader(name, place)),
      ...this.shown.map((index) => this.header(index)),
    );
    this.table.replaceChildren(
      element("thead", { role: "rowgroup" }, head),
      element("tbody", { role: "rowgroup" }, ...this.rows),
    );
    this.table.setAttribute("aria-rowcount", String(this.work.rows.length + 1));
    this.remark(this.remarks);
    this.update();
    this.tighten();
    this.pin();
  }

  /** Where the columns have not enough room, their names take several lines. */
  tighten() {
    this.table.classList.remove("is-tight");
    if (this.table.offsetWidth <= this.table.parentElement.clientWidth) return;
    this.table.classList.add("is-tight");
    for (const header of [...this.table.rows[0].cells].slice(this.before)) {
      if (!header.firstElementChild) header.replaceChildren(...breakable(header.textContent));
    }
  }

  /** Pinned columns stay in sight beside the groups while the others scroll. */
  pin() {
    const cells = [...this.table.rows].map((row) => [...row.cells]);
    let left = cells[0][0].offsetWidth + cells[0][1].offsetWidth;
    this.shown.forEach((column, position) => {
      if (!this.pinned.has(column)) return;
      for (const row of cells) {
        row[position + this.before].classList.add("is-pinned");
        row[position + this.before].style.left = `${left}px`;
      }
      left += cells[0][position + this.before].offsetWidth;
    });
  }

  personHeader(name, place) {
    const attributes = { role: "columnheader", scope: "col", class: "cell-person", title: name };
    return element("th", attributes, element("kbd", {}, String(place + 1)), ` ${name}`);
  }

  personCell({ name, labels }, row) {
    const label = labels[row.id] ?? "";
    const attributes = { role: "gridcell", class: "cell-person", "data-label": name, "data-group": label };
    return element("td", attributes, element("span", { class: "badge-group" }, label));
  }

  icon(name, words) {
    const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    icon.setAttribute("class", "icon");
    icon.setAttribute("role", "img");
    icon.setAttribute("aria-label", words);
    use.setAttribute("href", `${this.sprite}#${name}`);
    icon.append(use);
    return icon;
  }

  header(index) {
    const attributes = { role: "columnheader", scope: "col" };
    if (index === this.keyColumn) attributes.class = "cell-key";
    const name = this.columns[index];
    if (name.length > LONG_NAME) return element("th", attributes, element("span", { class: "name-long", title: name }, ...breakable(name)));
    const header = element("th", attributes, name);
    header.style.minWidth = `calc(${Math.ceil(name.length / 3) + 1}ch + 1.5rem)`; // broken, three lines or so, however many parts it has
    return header;
  }

  emptyRow(row, index) {
    const number = element("td", { role: "gridcell", class: "cell-no" }, String(index + 1));
    const badge = element("td", { role: "gridcell", class: "cell-group" }, element("span", { class: "badge-group" }));
    const cells = this.shown.map((column) => {
      const cell = element("td", { role: "gridcell", "data-label": this.columns[column] }, element("div", { class: "clip", dir: "auto" }));
      cell.classList.toggle("cell-key", column === this.keyColumn);
      cell.classList.toggle("cell-long", this.long[column]);
      cell.classList.toggle("cell-wide", this.wide[column]);
      const image = this.shows.images && imageOf(row.values[column]);
      if (image) cell.append(this.thumbnail(image));
      return cell;
    });
    if (this.work.isLocked(index)) badge.append(this.icon("lock", gettext("Settled")));
    const line = element(
      "tr",
      { role: "row", id: `row-${row.id}`, "aria-rowindex": String(index + 2), "data-index": String(index) },
      number,
      badge,
      ...this.people.map((person) => this.personCell(person, row)),
      ...cells,
    );
    line.classList.toggle("is-locked", this.work.isLocked(index));
    return line;
  }

  /** A small picture. It has its place before it is there, and keeps it when it never comes: rows do not jump. */
  thumbnail(address) {
    const attributes = { class: "thumb", alt: "", loading: "lazy", referrerpolicy: "no-referrer", draggable: "false", src: address };
    const image = element("img", attributes);
    image.addEventListener("error", () => image.classList.add("is-broken"));
    return image;
  }

  /** Bring groups, the cursor and the differences up to date. */
  update() {
    this.work.rows.forEach((_row, index) => {
      this.updateLabel(index);
      this.updateValues(index);
    });
    const active = this.rows[this.work.cursor];
    // Tab goes from the grid to the links of the cursor's row, not through those of all rows.
    for (const link of this.table.querySelectorAll("a")) link.tabIndex = active.contains(link) ? 0 : -1;
    this.table.setAttribute("aria-activedescendant", active.id);
  }

  updateLabel(index) {
    const row = this.rows[index];
    const label = this.work.label(index);
    const here = index === this.work.cursor;
    const badge = row.children[1].firstElementChild;
    if (badge.textContent !== label) badge.textContent = label;
    row.dataset.group = label === UNSURE ? "unsure" : label;
    const proposed = this.work.isProposed(index);
    row.classList.toggle("is-proposed", proposed);
    const confidence = proposed ? this.work.proposal.confidence(this.work.rows[index].id) : 0;
    badge.title = proposed ? interpolate(gettext("Proposed, %s% sure"), [Math.round(confidence * 100)]) : "";
    row.classList.toggle("is-cursor", here);
    row.setAttribute("aria-selected", String(here));
  }

  updateValues(index) {
    const { rows } = this.work;
    const line = this.rows[index];
    const drawn = this.drawn[index];
    const beside = this.display === "marks" ? [] : this.work.beside(index); // only what differs in its own group is shown there
    const above = beside.length ? beside : this.work.above(index);
    const changed = this.shown.flatMap((column, position) => {
      const other = column === this.keyColumn ? index : (above.find((at) => rows[at].values[column]) ?? above[0] ?? index);
      return drawn[position] === other ? [] : [{ column, position, other }];
    });
    for (const { column, position, other } of changed) {
      drawn[position] = other;
      const cell = line.children[position + this.before];
      const [value, against] = [rows[index].values[column], other === index ? null : rows[other].values[column]];
      cell.classList.toggle("is-same", this.display === "marks" && against !== null && sameValue(value, against));
      cell.classList.toggle("is-blank", !value && !against);
      this.fill(cell.firstElementChild, value, against);
    }
    line.classList.toggle("is-beside", beside.length > 0);
    if (!changed.length) return;
    line.dataset.unseen = this.unseen(line).join(", ");
  }

  /** What a card of a narrow screen does not show: what is the same as above, and where there are many columns what is blank. */
  unseen(line) {
    const same = line.getElementsByClassName("is-same").length;
    const blank = this.crowded ? line.querySelectorAll(".is-blank:not(.is-same)").length : 0;
    return [
      ...(same ? [interpolate(ngettext("%s column as above", "%s columns as above", same), [same])] : []),
      ...(blank ? [interpolate(ngettext("%s blank column", "%s blank columns", blank), [blank])] : []),
    ];
  }

  /** `against` is the value that this one is compared with; null for none. */
  fill(clip, value, against) {
    clip.title = value.length > LONG ? value : "";
    if (!value) {
      clip.replaceChildren(against ? element("mark", { class: "blank whole" }, "–") : element("span", { class: "blank" }, "–"));
      return;
    }
    if (against !== null && this.display === "marks" && sameValue(value, against)) {
      clip.replaceChildren(
        element("span", { class: "ditto", "aria-hidden": "true" }, "″"),
        element("span", { class: "ditto-value" }, value), // keeps the width, so that columns stay where they are
      );
      return;
    }
    const parts = against === null ? [{ text: value, kind: "same" }] : difference(value, against);
    const link = this.shows.links && linkOf(value);
    const box = link ? this.link(link) : clip;
    if (link) clip.replaceChildren(box);
    const [skipped, near] = parts.length > 1 && parts[0].kind === "same" ? cutBefore(parts[0].text) : [""];
    box.replaceChildren(
      ...parts.flatMap((part, place) => {
        if (skipped && !place) return this.cut(skipped, near);
        if (part.kind === "new") return element("mark", parts.length === 1 ? { class: "whole" } : {}, part.text);
        if (part.kind === "gone") return element("span", { class: "gone", "aria-hidden": "true" });
        return document.createTextNode(part.text);
      }),
    );
  }

  /** The beginning of a text that differs only further on: while texts are shortened it is read out and not seen. */
  cut(skipped, near) {
    return [element("span", { class: "skipped" }, skipped), element("span", { class: "cut", "aria-hidden": "true" }, "…\u00a0"), near]; // no break: a text without spaces goes on beside it
  }

  link(address) {
    return element("a", {
      href: address,
      target: "_blank",
      rel: "noopener noreferrer nofollow",
      draggable: "false",
      title: gettext("Opens in a new tab"),
    });
  }

  /** How many columns are further right than can be seen. */
  beyond() {
    const { right } = this.table.parentElement.getBoundingClientRect();
    const headers = [...this.table.rows[0].cells].slice(this.before);
    return headers.filter((header) => header.getBoundingClientRect().right > right + 1).length;
  }

  /** Keep the cursor's row in sight, clear of the sticky header and footer. */
  reveal() {
    this.rows[this.work.cursor].scrollIntoView({ block: "nearest" });
  }

  indexOf(target) {
    const row = target?.closest?.("tr[data-index]");
    return row && this.table.contains(row) ? Number(row.dataset.index) : null;
  }
}
