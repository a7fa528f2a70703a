// When two values are the same although they are written differently: case, spaces, numbers, dates.

const NUMBER = /^[+-]?\d[\d  ',]*(\.\d+)?$/;
const DATE = /^(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})(T00:00(:00)?(\.0+)?Z?)?$/;

/** The value as it is compared: equal results mean equal values. */
export function comparable(value) {
  const text = value.trim().replace(/\s+/g, " ").toLowerCase();
  const date = DATE.exec(text);
  if (date && date[2] <= "12" && date[3] <= "31") return `${date[1]}-${date[2]}-${date[3]}`;
  // A leading zero is part of a code (a postcode, a phone number), not of a number.
  if (NUMBER.test(text) && !/^[+-]?0\d/.test(text)) {
    const number = Number(text.replace(/[  ',]/g, ""));
    if (Number.isSafeInteger(Math.trunc(number))) return String(number);
  }
  return text;
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
