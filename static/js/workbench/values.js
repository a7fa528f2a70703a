// When two values are the same although they are written differently: case, spaces, numbers, dates, and what nobody sees.

// Digits plain or in groups of three, set apart in one way. A single comma may be a decimal one: it needs a second, or a decimal point, to be
// known for what it is. A leading zero is part of a code (a postcode, a phone number), not of a number.
const NUMBER = /^([+-]?)(0|[1-9]\d*|[1-9]\d{0,2}(?:(?: \d{3})+|(?:'\d{3})+|(?:,\d{3}){2,}|,\d{3}(?=\.)))(?:\.(\d+))?$/;
const DATE = /^(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})(T00:00(:00)?(\.0+)?Z?)?$/;
// Soft hyphens, spaces without width, marks of direction and of byte order: a difference in these alone could not be shown.
const UNSEEN = /[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;

/** The value as it is compared: equal results mean equal values. */
function comparable(value) {
  const text = value.normalize().replace(UNSEEN, "").trim().replace(/\s+/g, " ").toLowerCase();
  const date = DATE.exec(text);
  if (date && date[2] <= "12" && date[3] <= "31") return `${date[1]}-${date[2]}-${date[3]}`;
  return plainNumber(text) ?? text;
}

/** A number without what changes nothing about it, else nothing. Its digits stay text: a computer's numbers end after some sixteen. */
function plainNumber(text) {
  const [, sign, grouped, decimals = ""] = NUMBER.exec(text) ?? [];
  if (grouped === undefined) return null;
  const tail = decimals.replace(/0+$/, "");
  const digits = grouped.replace(/[ ',]/g, "") + (tail && `.${tail}`);
  return sign === "-" && digits !== "0" ? `-${digits}` : digits;
}

export function sameValue(one, other) {
  return one === other || comparable(one) === comparable(other);
}

/** Columns whose values are not all the same; blanks count as a value of their own. */
export function differingColumns(rows, columns) {
  return columns.map((_name, index) => rows.some((row) => !sameValue(row.values[index], rows[0].values[index])));
}

/** The address that a value is as a whole; nothing for other text, and for addresses that are not of the web. */
export function linkOf(value) {
  const text = value.trim();
  if (!/^https?:\/\/\S+$/i.test(text) || !URL.canParse(text)) return null;
  return new URL(text).href;
}

/** The address of a picture that may be loaded: over https only, with the ending of one. */
export function imageOf(value) {
  const link = linkOf(value);
  if (!link?.startsWith("https://")) return null;
  return /\.(avif|gif|jpe?g|png|webp)$/i.test(new URL(link).pathname) ? link : null;
}
