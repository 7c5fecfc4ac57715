// What is cut, too wide or overlapping on a page: the body of a function that returns words.
const width = document.documentElement.clientWidth, found = [];
const words = (element, why) => found.push(why + ": " + element.textContent.trim().slice(0, 60));
const scrolls = (element) => /auto|scroll/.test(getComputedStyle(element).overflowX);
const shows = (element) => element.scrollWidth <= element.clientWidth || element.matches(".more-right, .more-left");
const seen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
const room = (element) => {
  for (let at = element; at && at !== document.body; at = at.parentElement) {
    if (at !== element && scrolls(at)) return shows(at) ? "scrolled" : "hidden scrolling";
  }
  return "page";
};
for (const element of document.querySelectorAll("body *")) {
  if (!seen(element) || element.closest("svg") || element.matches(".skip, script, style")) continue;
  const box = element.getBoundingClientRect(), own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!box.width || !(own || element.matches("table, figure, svg, img, section, .card, button, input, select, pre"))) continue;
  const place = room(element);
  if (place === "page" && (box.right > width + 1 || box.left < -1)) words(element, "beside the page");
  if (place === "hidden scrolling") {
    const holder = element.parentElement.closest(".scroll, .chart") || element.parentElement;
    if (box.right > holder.getBoundingClientRect().right + 1) words(element, "cut without a sign");
  }
  const style = getComputedStyle(element);
  if (own && style.overflowX === "hidden" && style.textOverflow !== "ellipsis" && element.scrollWidth > element.clientWidth + 1) words(element, "clipped");
}
for (const svg of document.querySelectorAll(".chart svg, .still svg")) {
  if (!seen(svg)) continue;
  const frame = svg.getBoundingClientRect(), holder = svg.closest("figure, .chart").getBoundingClientRect();
  if (!svg.closest(".more-right, .more-left")) if (frame.right > holder.right + 1 || frame.left < holder.left - 1) words(svg.closest("figure"), "wider than its figure");
  const drawn = [...svg.querySelectorAll("text")].filter((text) => text.textContent.trim() && text.getAttribute("opacity") !== "0" && seen(text));
  for (const text of drawn) {
    const box = text.getBoundingClientRect();
    if (box.right > frame.right + 1 || box.left < frame.left - 1 || box.bottom > frame.bottom + 1 || box.top < frame.top - 1) found.push(svg.closest("[data-figure]").dataset.figure + ": cut: " + text.textContent);
  }
  const places = drawn.filter((text) => !/rotate\((?!0\))/.test(text.getAttribute("transform") || "")).map((text) => [text, text.getBoundingClientRect()]);
  for (let i = 0; i < places.length; i += 1) for (let j = i + 1; j < places.length; j += 1) {
    const [a, one] = places[i], [b, other] = places[j];
    const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left), high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
    if (wide > 2 && high > 3) found.push(svg.closest("[data-figure]").dataset.figure + ": overlap: " + a.textContent + " / " + b.textContent);
  }
}
return [...new Set(found)];
