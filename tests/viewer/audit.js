({ least }) => {
  const found = [];
  const said = (element) => {
    const own = element.id ? `#${element.id}` : element.className?.baseVal ?? `.${element.className}`;
    const text = element.getAttribute("aria-label") ?? element.textContent.trim().slice(0, 30);
    return `${element.tagName.toLowerCase()}${String(own).replaceAll(" ", ".")} "${text}"`;
  };
  const isShown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  // What lies behind a dialog is inert, and what lies behind a menu may be covered by it.
  const root = document.querySelector("dialog[open]") ?? document.querySelector(":popover-open") ?? document.body;
  const controls = [...root.querySelectorAll("button, input, select, textarea, summary, a[href], [role=slider]")].filter(isShown);

  const named = (element) =>
    element.getAttribute("aria-label")?.trim() ||
    [...(element.labels ?? [])].some((label) => label.textContent.trim()) ||
    (element.getAttribute("aria-labelledby") && document.getElementById(element.getAttribute("aria-labelledby"))?.textContent.trim()) ||
    (!/^(INPUT|SELECT|TEXTAREA)$/.test(element.tagName) && element.textContent.trim());
  for (const element of controls) if (!named(element)) found.push(`no name: ${said(element)} ${element.outerHTML.slice(0, 90)}`);
  for (const image of root.querySelectorAll("img:not([alt]), svg:not([aria-hidden]):not([role])"))
    if (isShown(image) && !image.closest(".viewport")) found.push(`no name: ${said(image)}`);
  for (const element of root.querySelectorAll("[tabindex]"))
    if (element.tabIndex > 0) found.push(`tabindex ${element.tabIndex}: ${said(element)}`);

  const clipped = (element) => {
    // What a part that scrolls holds can be scrolled to.
    for (let box = element.parentElement; box; box = box.parentElement)
      if (/auto|scroll/.test(getComputedStyle(box).overflowX + getComputedStyle(box).overflowY)) return true;
    return false;
  };
  for (const element of controls) {
    const box = element.getBoundingClientRect();
    const label = element.labels?.[0]?.getBoundingClientRect();
    const [width, height] = [Math.max(box.width, label?.width ?? 0), Math.max(box.height, label?.height ?? 0)];
    // A slider is dragged along; a link in a row or a text is as high as its line.
    const isInLine = element.tagName === "A" || element.getAttribute("role") === "slider";
    if (!isInLine && (width < least - 0.5 || height < least - 0.5))
      found.push(`${Math.round(width)} x ${Math.round(height)} px: ${said(element)}`);
    const isOutside = box.left < -1 || box.top < -1 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1;
    if (isOutside && !clipped(element)) found.push(`cut off: ${said(element)}`);
    if (isOutside || clipped(element) || element.disabled) continue;
    const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    // On a narrow page a panel is a drawer.
    if (innerWidth <= 900 && top?.closest(".panel") && !element.closest(".panel")) continue;
    if (top && !element.contains(top) && !top.contains(element) && !element.labels?.[0]?.contains(top))
      found.push(`covered: ${said(element)} by ${said(top)}`);
  }

  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((part, axis) => part * a + under[axis] * (1 - a));
  const groundOf = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
      const colour = rgba(getComputedStyle(one).backgroundColor);
      layers.push(colour);
      if (colour[3] > 0.99) break;
    }
    return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255]);
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((part) => {
      const value = part / 255;
      return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  for (const element of root.querySelectorAll("*")) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!hasText || !isShown(element) || element.closest(":disabled, svg, option, .corners, .scale-bar")) continue;
    const ground = groundOf(element);
    const ink = over(rgba(getComputedStyle(element).color), ground);
    const [high, low] = [light(ink), light(ground)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < 4.5) found.push(`contrast ${ratio.toFixed(2)}: ${said(element)}`);
  }
  return found;
}
