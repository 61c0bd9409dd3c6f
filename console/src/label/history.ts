// What undo goes back to. One step is one thing that a person did: a drag, a key, a class, an accepted suggestion.

const LONGEST = 500;

export interface History<Value> {
  readonly past: readonly Value[];
  readonly present: Value;
  readonly future: readonly Value[];
  /** What made the present, where a repetition of the same (a key that is held down) belongs to it. */
  readonly gesture: string | null;
}

export function begin<Value>(present: Value): History<Value> {
  return { past: [], present, future: [], gesture: null };
}

/** Go on to a new value. A value that is the present one is no step, and one of the same gesture belongs to the last step. */
export function record<Value>(history: History<Value>, next: Value, gesture: string | null = null): History<Value> {
  if (next === history.present) return history;
  if (gesture !== null && gesture === history.gesture) return { ...history, present: next, future: [] };
  return { past: [...history.past.slice(-LONGEST + 1), history.present], present: next, future: [], gesture };
}

export function undo<Value>(history: History<Value>): History<Value> {
  const present = history.past.at(-1);
  if (present === undefined) return history;
  return { past: history.past.slice(0, -1), present, future: [history.present, ...history.future], gesture: null };
}

export function redo<Value>(history: History<Value>): History<Value> {
  const [present, ...future] = history.future;
  if (present === undefined) return history;
  return { past: [...history.past, history.present], present, future, gesture: null };
}
