// In which order the rows stand: pure functions, tested by properties.

/** The next order of the rows, in which a pinned row keeps its place.
 *
 * Rows are equally high, so a row that keeps its index keeps its place on the page. Where fewer rows
 * are wanted than stand above a pinned one, rows that are gone stay, so that it does not move up.
 *
 * @param {number[]} shown Ids as they stand now.
 * @param {number[]} wanted Ids in the order in which they should stand.
 * @param {Set<number>} pinned Ids that must not move: under the pointer, or focused.
 * @returns {number[]} All wanted ids, those pinned that are shown, and as few others as needed.
 */
function arrange(shown, wanted, pinned) {
  const places = new Map();
  shown.forEach((id, index) => pinned.has(id) && places.set(index, id));
  const held = new Set(places.values());
  const rest = wanted.filter((id) => !held.has(id));
  const last = Math.max(-1, ...places.keys());
  const lacking = last + 1 - held.size - rest.length;
  if (lacking > 0) {
    const there = new Set(wanted);
    rest.push(...shown.filter((id) => !there.has(id) && !held.has(id)).slice(0, lacking));
  }
  const order = [];
  let next = 0;
  while (next < rest.length || order.length <= last) {
    order.push(places.has(order.length) ? places.get(order.length) : rest[next++]);
  }
  return order;
}

/** What the order of a row depends on, but for times that grow alike. Rows are sorted anew only
 * when it changes. */
function standing(row) {
  return `${row.level}/${isCritical(row)}/${row.handled}`;
}

/** Whether somebody must look at a row at once. */
function isCritical(row) {
  return Boolean(row.alert) && row.alert.severity === "critical" && !row.alert.acknowledged_by;
}
