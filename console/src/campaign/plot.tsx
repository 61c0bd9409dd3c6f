// Submissions over time, drawn by uPlot, which is loaded when somebody looks at them.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Schemas } from "../api";
import { scheme } from "../scheme";

const HEIGHT = 240;
const DAY_SECONDS = 86_400;

/** Draw images per day, and all images until then. Days are those of UTC, as the service counts them. */
export default function Plot({ days }: { days: Schemas["DayCount"][] }) {
  const place = useRef<HTMLDivElement>(null);
  const look = scheme.value;
  useEffect(() => {
    const target = place.current;
    if (!target) return undefined;
    const numbers = dataOf(days);
    const plot = new uPlot(optionsOf(target, numbers[0]), numbers, target);
    const observer = new ResizeObserver(() => plot.setSize({ width: target.clientWidth, height: HEIGHT }));
    observer.observe(target);
    const media = matchMedia("(prefers-color-scheme: dark)");
    const redraw = () => plot.redraw();
    media.addEventListener("change", redraw);
    return () => {
      media.removeEventListener("change", redraw);
      observer.disconnect();
      plot.destroy();
    };
  }, [days, look]);
  return <div ref={place} class="plot" role="img" aria-label="Images submitted per day and in total. The table below has the numbers." />;
}

/** Return the days without gaps, because a day without submissions has no row of its own: times, images, images until then. */
function dataOf(days: Schemas["DayCount"][]): [number[], number[], number[]] {
  const counts = new Map(days.map(({ day, images }) => [Date.parse(`${day}T00:00:00Z`) / 1000, images]));
  const times = [...counts.keys()];
  const all: [number[], number[], number[]] = [[], [], []];
  let sum = 0;
  for (let time = times[0] ?? 0; time <= (times[times.length - 1] ?? -1); time += DAY_SECONDS) {
    const images = counts.get(time) ?? 0;
    sum += images;
    all[0].push(time);
    all[1].push(images);
    all[2].push(sum);
  }
  return all;
}

function optionsOf(target: HTMLElement, times: number[]): uPlot.Options {
  // A canvas knows no custom properties, and no pairs for light and dark: an element gives the color that holds now.
  const color = (name: string) => () => {
    target.style.color = `var(${name})`;
    return getComputedStyle(target).color;
  };
  const axis = { stroke: color("--quiet"), grid: { stroke: color("--line"), width: 1 }, ticks: { stroke: color("--line"), width: 1 } };
  return {
    width: target.clientWidth || 600,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    scales: {
      x: { range: () => [(times[0] ?? 0) - DAY_SECONDS, (times[times.length - 1] ?? 0) + DAY_SECONDS] },
      y: { range: (_, __, max) => [0, Math.max(1, max)] },
      sum: { range: (_, __, max) => [0, Math.max(1, max)] },
    },
    axes: [
      { ...axis, incrs: [1, 2, 5, 7, 14, 30, 90, 365].map((days) => days * DAY_SECONDS) },
      { ...axis, label: "Images per day (bars)" },
      { ...axis, scale: "sum", side: 1, label: "In total (dashes)", grid: { show: false } },
    ],
    series: [
      { label: "Day (UTC)", value: "{YYYY}-{MM}-{DD}" },
      { label: "Images per day", stroke: color("--accent"), fill: color("--accent"), paths: uPlot.paths.bars?.({ size: [0.6, 40] }), points: { show: false } },
      { label: "In total", scale: "sum", stroke: color("--busy"), width: 2, dash: [6, 3], points: { show: true, size: 6 } },
    ],
    // The axes name the two; a screen reader has the table.
    legend: { show: false },
  };
}
