// Colors that hold against any photo: a light stroke in a black casing. A color of at least 9:1 against black leaves at least
// 3:1 (WCAG 1.4.11) between any pixel and either the stroke or its casing.

const LIGHT = ["#ffe14d", "#4cc9ff", "#ff9ac1", "#6be36b", "#ffb066", "#d0b0ff", "#ffffff", "#ff9180", "#8ff5e4"];
const LEAST_CONTRAST = 9;

type Rgb = [number, number, number];

function parse(color: string): Rgb {
  const value = Number.parseInt(color.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

function write(rgb: Rgb): string {
  return `#${rgb.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
}

/** Relative luminance as WCAG 2.2 defines it, from 0 to 1. */
function luminance([red, green, blue]: Rgb): number {
  const linear = (part: number) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

/** Contrast of a color against black, from 1 to 21. */
export function contrastWithBlack(color: string): number {
  return (luminance(parse(color)) + 0.05) / 0.05;
}

/** The color itself, or the nearest mix with white that can be seen on any photo. */
export function visible(color: string): string {
  const rgb = parse(color);
  for (let white = 0; white <= 1; white += 0.05) {
    const mixed = write(rgb.map((part) => part + (255 - part) * white) as Rgb);
    if (contrastWithBlack(mixed) >= LEAST_CONTRAST) return mixed;
  }
  return "#ffffff";
}

/** The color of each class: its own made visible, or one of nine light ones by its position. */
export function classColors(classes: readonly { name: string; color: string | null }[]): Map<string, string> {
  return new Map(classes.map(({ name, color }, i) => [name, color ? visible(color) : colorAt(i)]));
}

export function colorAt(position: number): string {
  return LIGHT[position % LIGHT.length] as string;
}
