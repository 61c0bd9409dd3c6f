// Moments, in the time zone of the person who reads; the exact time in UTC is the title.

const dateAndTime = new Intl.DateTimeFormat("en-US", { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
const relative = new Intl.RelativeTimeFormat("en-US", { numeric: "auto" });
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];
const LATELY_SECONDS = 7 * 86_400;

/** Show a moment: "5 minutes ago" within a week, else its date. Nothing for null. */
export function Time({ at, isExact = false }: { at: string | null | undefined; isExact?: boolean }) {
  if (!at) return <span class="quiet">–</span>;
  return (
    <time dateTime={at} title={`${at} (UTC)`}>
      {isExact ? formatTime(at) : describe(at)}
    </time>
  );
}

/** Return a moment as date and time of the reader's zone. */
export function formatTime(at: string): string {
  return dateAndTime.format(new Date(at));
}

function describe(at: string): string {
  const seconds = (Date.parse(at) - Date.now()) / 1000;
  if (Math.abs(seconds) > LATELY_SECONDS) return formatTime(at);
  for (const [unit, length] of STEPS) {
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  }
  return "just now";
}
