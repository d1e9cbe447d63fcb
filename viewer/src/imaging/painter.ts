/**
 * Draws images of stacks: from values to greys in one step, by one program of the graphics card for all cells. It does
 * what `filmless.pixels.render` does (PS3.3 C.11.2.1), and between pixels it tells values, not greys.
 */

import type { Types } from "@cornerstonejs/core";
import type { Window } from "~/server/study";
import { linear, rampOf } from "./ramps";

/** How an image is to be seen. */
export interface Look {
  window: Window;
  isInverse: boolean;
  /** Whether values are told between pixels; else each pixel is a square. */
  isSmooth: boolean;
}

/** Where in the image (columns, rows; whole numbers are the centres of pixels) places of the screen are. */
export interface Placing {
  /** That of the top left corner, and how far a pixel of the screen to the right and one down lead from there. */
  corner: [number, number];
  right: [number, number];
  down: [number, number];
}

// What stays on the graphics card, as for four mammograms: for another window, or another place, no values are sent again.
const KEPT_BYTES = 192 << 20;

const CORNERS = `#version 300 es
in vec2 corner;
void main() { gl_Position = vec4(corner, 0, 1); }`;

/**
 * The program of a kind of look: a card without hardware runs what is not needed, too, so that each has its own.
 * What a card tells between two values itself is too coarse: it counts in 256 steps.
 */
const greys = ({ isColour, isSmooth, tone }: Kind): string => `#version 300 es
precision highp float;
precision highp sampler2D;
#define Value ${isColour ? "vec3" : "float"}
uniform sampler2D image;
uniform mat3x2 placing;
uniform float height; // of the screen, whose rows are counted from below here
uniform vec2 tone; // black and a grey more for each value; or of a sigmoid the centre and a width
uniform vec2 shade; // 0 and 1, or the other way around
out vec4 seen;

Value valueAt(vec2 at, vec2 size) {
  return texture(image, at / size).${isColour ? "rgb" : "r"};
}

void main() {
  vec2 size = vec2(textureSize(image, 0));
  vec2 at = placing * vec3(gl_FragCoord.x, height - gl_FragCoord.y, 1);
  if (any(lessThan(at, vec2(0))) || any(greaterThanEqual(at, size))) {
    seen = vec4(0, 0, 0, 1);
    return;
  }
  ${isSmooth ? BETWEEN : "Value value = valueAt(floor(at) + .5, size);"}
  Value grey = ${TONES[tone]};
  seen = vec4(vec3(mix(Value(shade.x), Value(shade.y), grey)), 1);
}`;

// Not by `mix`, of which two equal values make one that is a little off: a threshold would see it.
const BETWEEN = `vec2 first = floor(at - .5) + .5;
  vec2 beyond = at - first;
  Value a = valueAt(first, size), b = valueAt(first + vec2(1, 0), size);
  Value c = valueAt(first + vec2(0, 1), size), d = valueAt(first + 1., size);
  Value above = a + (b - a) * beyond.x, below = c + (d - c) * beyond.x;
  Value value = above + (below - above) * beyond.y;`;

const TONES = {
  ramp: "clamp((value - tone.x) * tone.y, Value(0), Value(1))",
  // Up to its place all is black.
  threshold: "Value(1) - step(value, Value(tone.x))",
  sigmoid: "1. / (1. + exp((value - tone.x) * tone.y))",
};

interface Kind {
  isColour: boolean;
  isSmooth: boolean;
  tone: keyof typeof TONES;
}

interface Program {
  program: WebGLProgram;
  place: Record<(typeof UNIFORMS)[number], WebGLUniformLocation | null>;
}

const UNIFORMS = ["placing", "height", "tone", "shade"] as const;

interface Kept {
  texture: WebGLTexture;
  bytes: number;
}

const PIXEL = {
  columns: 1,
  rows: 1,
  color: false,
  getPixelData: () => new Float32Array(1),
} as unknown as Types.IImage;
const ALONE: Placing = { corner: [-0.5, -0.5], right: [1, 0], down: [0, 1] };

export class Painter {
  private readonly canvas = new OffscreenCanvas(1, 1);
  private readonly gl: WebGL2RenderingContext;
  private readonly programs = new Map<string, Program>();
  /** From the one that was used longest ago. */
  private readonly kept = new Map<Types.IImage, Kept>();
  private bytes = 0;

  constructor(onLost: () => void) {
    // Smooth edges, depth and transparency are of no use to a picture that fills all, and cost a slow card much.
    const plain = { alpha: false, antialias: false, depth: false, powerPreference: "high-performance" };
    const gl = this.canvas.getContext("webgl2", plain) as WebGL2RenderingContext | null;
    if (!gl) throw new Error("the browser has no WebGL 2, by which images are drawn");
    this.gl = gl;
    this.canvas.addEventListener("webglcontextlost", onLost);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, Float32Array.of(-1, -1, 1, -1, -1, 1, 1, 1), gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    // The program of most images is made before there is one: a slow card takes a third of a second.
    this.paint(PIXEL, { window: linear(0, 2), isInverse: false, isSmooth: true }, ALONE, [1, 1]).close();
  }

  /** Draws an image as a picture of so many pixels. */
  paint(image: Types.IImage, look: Look, placing: Placing, [width, height]: [number, number]): ImageBitmap {
    const { gl, canvas } = this;
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
      gl.viewport(0, 0, width, height);
    }
    gl.bindTexture(gl.TEXTURE_2D, this.textureOf(image));
    const { kind, tone } = toneOf(image, look);
    const { program, place } = this.programOf(kind);
    gl.useProgram(program);
    // A texture counts from the corner of its first pixel.
    const [column, row] = placing.corner;
    gl.uniformMatrix3x2fv(place.placing, false, [...placing.right, ...placing.down, column + 0.5, row + 0.5]);
    gl.uniform1f(place.height, height);
    gl.uniform2fv(place.tone, tone);
    gl.uniform2f(place.shade, look.isInverse ? 1 : 0, look.isInverse ? 0 : 1);
    gl.disable(gl.SCISSOR_TEST);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.SCISSOR_TEST);
    gl.scissor(...around(image, placing, height));
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    return canvas.transferToImageBitmap();
  }

  private programOf(kind: Kind): Program {
    const name = JSON.stringify(kind);
    const known = this.programs.get(name);
    if (known) return known;
    const program = linked(this.gl, greys(kind));
    const place = Object.fromEntries(
      UNIFORMS.map((uniform) => [uniform, this.gl.getUniformLocation(program, uniform)]),
    ) as Program["place"];
    this.programs.set(name, { program, place });
    return { program, place };
  }

  private textureOf(image: Types.IImage): WebGLTexture {
    const known = this.kept.get(image);
    if (known) {
      this.kept.delete(image);
      this.kept.set(image, known);
      return known.texture;
    }
    const made = this.send(image);
    this.kept.set(image, made);
    this.bytes += made.bytes;
    for (const [old, { texture, bytes }] of this.kept) {
      if (this.bytes <= KEPT_BYTES || old === image) break;
      this.gl.deleteTexture(texture);
      this.kept.delete(old);
      this.bytes -= bytes;
    }
    return made.texture;
  }

  private send(image: Types.IImage): Kept {
    const { gl } = this;
    const most = gl.getParameter(gl.MAX_TEXTURE_SIZE) as number;
    const { columns, rows } = image;
    if (Math.max(columns, rows) > most) {
      throw new Error(
        `the graphics card draws images of up to ${most} pixels a side, and this has ${columns} x ${rows}`,
      );
    }
    const values = image.getPixelData();
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    for (const which of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
      gl.texParameteri(gl.TEXTURE_2D, which, gl.NEAREST);
    for (const which of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T])
      gl.texParameteri(gl.TEXTURE_2D, which, gl.CLAMP_TO_EDGE);
    const put = (kept: number, sent: number, type: number, data: ArrayBufferView) =>
      gl.texImage2D(gl.TEXTURE_2D, 0, kept, columns, rows, 0, sent, type, data);
    if (values instanceof Uint8Array) {
      const [kept, sent] = image.color ? [gl.RGB8, gl.RGB] : [gl.R8, gl.RED];
      put(kept, sent, gl.UNSIGNED_BYTE, values);
      return { texture, bytes: values.byteLength };
    }
    const floats = values instanceof Float32Array ? values : new Float32Array(values);
    put(gl.R32F, gl.RED, gl.FLOAT, floats);
    return { texture, bytes: floats.byteLength };
  }
}

/** How values become greys, in what a texture tells of them. */
function toneOf(image: Types.IImage, look: Look): { kind: Kind; tone: [number, number] } {
  const { lower, upper, sigmoid } = rampOf(look.window);
  const perUnit = image.getPixelData() instanceof Uint8Array ? 255 : 1;
  const kind = (tone: Kind["tone"]): Kind => ({ isColour: image.color, isSmooth: look.isSmooth, tone });
  if (sigmoid) {
    const { center, width } = look.window;
    return { kind: kind("sigmoid"), tone: [center / perUnit, (-4 / width) * perUnit] };
  }
  // Of bytes a texture tells fractions, and not to the last digit: a threshold is put between two.
  const step = perUnit > 1 ? Math.floor(lower) + 0.5 : lower;
  if (upper <= lower) return { kind: kind("threshold"), tone: [step / perUnit, 0] };
  return { kind: kind("ramp"), tone: [lower / perUnit, perUnit / (upper - lower)] };
}

/** The part of the screen that an image lies in: left, bottom, width and height. */
function around(
  { columns, rows }: Types.IImage,
  { corner, right, down }: Placing,
  height: number,
): [number, number, number, number] {
  const size = right[0] * down[1] - right[1] * down[0];
  const onScreen = [-0.5, columns - 0.5].flatMap((column) =>
    [-0.5, rows - 0.5].map((row) => {
      const [x, y] = [column - corner[0], row - corner[1]];
      return [(x * down[1] - y * down[0]) / size, (y * right[0] - x * right[1]) / size];
    }),
  ) as [number, number][];
  const [left, end] = [Math.min, Math.max].map((most) => most(...onScreen.map(([x]) => x))) as [
    number,
    number,
  ];
  const [top, low] = [Math.min, Math.max].map((most) => most(...onScreen.map(([, y]) => y))) as [
    number,
    number,
  ];
  const [x, y] = [Math.floor(left) - 1, Math.floor(height - low) - 1];
  return [x, y, Math.ceil(end) + 1 - x, Math.ceil(height - top) + 1 - y];
}

function linked(gl: WebGL2RenderingContext, greys: string): WebGLProgram {
  const program = gl.createProgram();
  for (const [type, source] of [
    [gl.VERTEX_SHADER, CORNERS],
    [gl.FRAGMENT_SHADER, greys],
  ] as const) {
    const shader = gl.createShader(type)!;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.bindAttribLocation(program, 0, "corner");
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost())
    throw new Error(`the graphics card refuses to draw images: ${gl.getProgramInfoLog(program)}`);
  return program;
}
