// A bar with its numbers.

interface Props {
  done: number;
  /** Null where it is not known yet. */
  total: number | null;
  /** What is counted, such as "images labeled". */
  label: string;
}

/** Show how much is done. */
export function Progress({ done, total, label }: Props) {
  const words = total === null ? formatCount(done) : `${formatCount(done)} of ${formatCount(total)}`;
  return (
    <span class="progress">
      <progress value={total === null ? undefined : done} max={total || 1} aria-label={`${label}: ${words}`} />
      <span class="progress-words">{words}</span>
    </span>
  );
}

const counts = new Intl.NumberFormat("en-US");

/** Return a number as people read it: 1,234. */
export function formatCount(count: number): string {
  return counts.format(count);
}

/** Return a size as people read it: 7.2 MB, where 1 MB is 1,000,000 bytes. */
export function formatBytes(bytes: number): string {
  if (bytes === 1) return "1 byte";
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let index = 0;
  let value = bytes;
  while (value >= 1000 && index < units.length - 1) {
    value /= 1000;
    index++;
  }
  return `${index === 0 ? value : value.toFixed(1)} ${units[index]}`;
}
