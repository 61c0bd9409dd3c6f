// Counts as bars, with their numbers beside them, so that nothing is told by length or color alone.
import { formatCount } from "../parts/progress";

export interface Bar {
  name: string;
  count: number;
  /** More about it, such as on how many images. */
  note?: string;
}

/** Bars that are shown at once. */
const SHOWN = 30;

/** Show counts as bars of one scale. `heading` names the list for screen readers. */
export function Bars({ heading, bars }: { heading: string; bars: Bar[] }) {
  const most = Math.max(1, ...bars.map(({ count }) => count));
  const more = bars.length - SHOWN;
  return (
    <figure class="bars" aria-label={heading}>
      <figcaption>{heading}</figcaption>
      {bars.length ? (
        <ul>
          {bars.slice(0, SHOWN).map((bar) => (
            <li key={bar.name}>
              <bdi>{bar.name}</bdi>
              <span class="bar-line" aria-hidden="true">
                {bar.count > 0 && <span style={{ width: `${(100 * bar.count) / most}%` }} />}
              </span>
              <span class="number">
                {formatCount(bar.count)} {bar.note && <span class="quiet">{bar.note}</span>}
              </span>
            </li>
          ))}
        </ul>
      ) : (
        <p class="quiet">Nothing yet.</p>
      )}
      {more > 0 && <p class="quiet">and {formatCount(more)} more</p>}
    </figure>
  );
}
