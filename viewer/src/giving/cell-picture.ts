/** A cell as it is seen, as a picture: its canvases, and over them lines and text as the browser laid them out. */

/** What is there to be used, and not to be seen. */
const LEFT_OUT = ".slider, button, input, select, label, progress, dialog, [role=status], [role=alert]";

/** Draws a cell in the pixels of the device, as a PNG. */
export async function pictureOf(cell: Element): Promise<Blob> {
  const { left, top, width, height } = cell.getBoundingClientRect();
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * devicePixelRatio);
  canvas.height = Math.round(height * devicePixelRatio);
  const context = canvas.getContext("2d")!;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.scale(devicePixelRatio, devicePixelRatio);
  context.translate(-left, -top);
  await paint(context, cell);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the browser makes no PNG of it"))));
  });
}

type Context = CanvasRenderingContext2D;

async function paint(context: Context, element: Element): Promise<void> {
  const style = getComputedStyle(element);
  if (element.matches(LEFT_OUT) || style.display === "none" || style.visibility === "hidden") return;
  const { left, top, width, height } = element.getBoundingClientRect();
  context.save();
  context.globalAlpha *= Number(style.opacity);
  if (element instanceof HTMLCanvasElement || element instanceof HTMLVideoElement) {
    if (width && height) context.drawImage(element, left, top, width, height);
  } else if (element instanceof HTMLImageElement) {
    paintImage(context, element, style);
  } else if (element instanceof SVGSVGElement) {
    if (element.childElementCount) context.drawImage(await imageOf(element), left, top, width, height);
  } else {
    if (style.overflowX === "hidden") {
      context.beginPath();
      context.rect(left, top, width, height);
      context.clip();
    }
    paintBox(context, element, style);
    for (const child of element.childNodes) {
      if (child instanceof Element) await paint(context, child);
      else if (child instanceof Text) paintText(context, child, style);
    }
  }
  context.restore();
}

/** Draws an image that is laid on another by a matrix. */
function paintImage(context: Context, image: HTMLImageElement, style: CSSStyleDeclaration): void {
  if (!image.complete || !image.naturalWidth) return;
  const around = (image.offsetParent ?? document.body).getBoundingClientRect();
  const { a, b, c, d, e, f } = new DOMMatrix(style.transform);
  context.translate(around.left + image.offsetLeft, around.top + image.offsetTop);
  context.transform(a, b, c, d, e, f);
  context.imageSmoothingEnabled = style.imageRendering !== "pixelated";
  context.drawImage(image, 0, 0, image.offsetWidth, image.offsetHeight);
}

const STOP = /(rgba?\([^)]*\))\s+([\d.]+)%/g;

function paintBox(context: Context, element: Element, style: CSSStyleDeclaration): void {
  const { left, top, right, bottom, width, height } = element.getBoundingClientRect();
  context.fillStyle = style.backgroundColor;
  context.fillRect(left, top, width, height);
  if (style.backgroundImage.startsWith("linear-gradient(to top")) {
    const gradient = context.createLinearGradient(0, bottom, 0, top);
    for (const [, colour = "", at] of style.backgroundImage.matchAll(STOP))
      gradient.addColorStop(Number(at) / 100, colour);
    context.fillStyle = gradient;
    context.fillRect(left, top, width, height);
  }
  const line = (size: string, kind: string, colour: string, x: number, y: number, w: number, h: number) => {
    if (kind === "none" || !Number.parseFloat(size)) return;
    context.fillStyle = colour;
    context.fillRect(x, y, w, h);
  };
  const [above, beside, below, before] = [
    style.borderTopWidth,
    style.borderRightWidth,
    style.borderBottomWidth,
    style.borderLeftWidth,
  ].map(Number.parseFloat) as [number, number, number, number];
  line(style.borderTopWidth, style.borderTopStyle, style.borderTopColor, left, top, width, above);
  line(
    style.borderBottomWidth,
    style.borderBottomStyle,
    style.borderBottomColor,
    left,
    bottom - below,
    width,
    below,
  );
  line(style.borderLeftWidth, style.borderLeftStyle, style.borderLeftColor, left, top, before, height);
  line(
    style.borderRightWidth,
    style.borderRightStyle,
    style.borderRightColor,
    right - beside,
    top,
    beside,
    height,
  );
}

/** Writes a text, line by line where the browser broke it. */
function paintText(context: Context, text: Text, style: CSSStyleDeclaration): void {
  const lines: { words: string; left: number; top: number }[] = [];
  const range = document.createRange();
  for (let at = 0; at < text.data.length; at++) {
    range.setStart(text, at);
    range.setEnd(text, at + 1);
    const { left, top, width } = range.getBoundingClientRect();
    const last = lines.at(-1);
    if (last && (!width || Math.abs(last.top - top) < 2)) last.words += text.data[at];
    else if (width) lines.push({ words: text.data[at]!, left, top });
  }
  context.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  context.textBaseline = "alphabetic";
  context.fillStyle = style.color;
  const hasShadow = style.textShadow !== "none";
  context.shadowColor = hasShadow ? "#000" : "transparent";
  context.shadowBlur = hasShadow ? 3 * devicePixelRatio : 0;
  for (const { words, left, top } of lines) {
    const ascent = context.measureText(words).fontBoundingBoxAscent;
    for (let times = hasShadow ? 2 : 1; times > 0; times--) context.fillText(words, left, top + ascent);
  }
  context.shadowColor = "transparent";
}

/** What decides how SVG looks; sheets of the page do not reach into a picture. */
const PAINTED = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-opacity",
  "stroke-dasharray",
  "stroke-linecap",
  "opacity",
  "font-family",
  "font-size",
  "font-weight",
  "text-anchor",
  "dominant-baseline",
  "visibility",
  "display",
];

async function imageOf(svg: SVGSVGElement): Promise<HTMLImageElement> {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const copies = copy.querySelectorAll("*");
  for (const [index, original] of svg.querySelectorAll("*").entries()) {
    const [own, style] = [copies[index]!, getComputedStyle(original)];
    own.removeAttribute("style");
    for (const name of PAINTED) own.setAttribute(name, style.getPropertyValue(name));
  }
  const { width, height } = svg.getBoundingClientRect();
  copy.removeAttribute("style");
  copy.removeAttribute("class");
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  if (!copy.hasAttribute("viewBox")) copy.setAttribute("viewBox", `0 0 ${width} ${height}`);
  copy.setAttribute("width", String(width * devicePixelRatio));
  copy.setAttribute("height", String(height * devicePixelRatio));
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
  await image.decode();
  return image;
}
