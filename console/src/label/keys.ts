// The keys of the labeling page. Digits and the keys that classes were given select classes; letters can be changed by the person.

export type Command =
  | "done" | "nothing" | "unusable" | "next" | "previous" | "box" | "remove" | "undo" | "redo" | "copy" | "accept" | "accept-all"
  | "next-box" | "previous-box" | "below" | "find-class" | "fit" | "zoom-in" | "zoom-out" | "hide" | "darker" | "brighter"
  | "crosshair" | "cancel";

export interface KeyEvent {
  readonly key: string;
  readonly ctrl: boolean;
  readonly shift: boolean;
  readonly alt: boolean;
  /** Whether keys without Ctrl are commands here: not in a field, and not if the person turned them off. */
  readonly isSingle: boolean;
  readonly isRepeat: boolean;
}

export type Action =
  | { do: Command }
  | { do: "class"; name: string }
  | { do: "move" | "size"; dx: number; dy: number; isRepeat: boolean };

export const WORDS: Record<Command, string> = {
  done: "Save and go to the next image that is not done",
  nothing: "Nothing here, and next image",
  unusable: "Cannot be labeled: say why",
  next: "Next image",
  previous: "Previous image",
  box: "New box in the middle of the view",
  remove: "Remove the chosen box",
  undo: "Undo",
  redo: "Redo",
  copy: "Copy the boxes of the last image",
  accept: "Accept the chosen suggestion, or all",
  "accept-all": "Accept all suggestions",
  "next-box": "Choose the next box",
  "previous-box": "Choose the box before",
  below: "Choose the box below",
  "find-class": "Type a class",
  fit: "Fit the image in",
  "zoom-in": "Zoom in",
  "zoom-out": "Zoom out",
  hide: "Hide the boxes while held",
  darker: "Darker",
  brighter: "Brighter",
  crosshair: "Crosshair on or off",
  cancel: "Stop drawing, or choose no box",
};

/** Keys without a modifier, lower case. Letters of this list may be replaced by others. */
export const DEFAULT_KEYS: readonly [string, Command][] = [
  ["enter", "done"], ["0", "nothing"], ["q", "unusable"], ["d", "next"], ["s", "previous"], ["b", "box"], ["delete", "remove"],
  ["backspace", "remove"], ["v", "copy"], ["a", "accept"], ["n", "next-box"], ["p", "previous-box"], ["u", "below"], ["/", "find-class"],
  ["c", "find-class"], ["f", "fit"], ["+", "zoom-in"], ["=", "zoom-in"], ["-", "zoom-out"], ["h", "hide"], ["[", "darker"],
  ["]", "brighter"], ["x", "crosshair"], ["escape", "cancel"],
];

/** Letters that a person chose instead of those of DEFAULT_KEYS, by command. */
export type Changes = Partial<Record<Command, string>>;

export function isLetter(key: string): boolean {
  return /^[a-z]$/.test(key);
}

/** The commands by their keys, with the letters that the person chose. A letter that was given away does nothing else. */
export function bindings(changes: Changes = {}): Map<string, Command> {
  const kept = DEFAULT_KEYS.filter(([key, command]) => !(isLetter(key) && command in changes));
  const bound = new Map(kept);
  for (const [command, key] of Object.entries(changes)) if (isLetter(key)) bound.set(key, command as Command);
  return bound;
}

const STEPS: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const WIDE_STEP = 10;

/** What a key means, or null. `classes` holds the names of classes by their keys; they go before commands. */
export function actionOf(event: KeyEvent, bound: ReadonlyMap<string, Command>, classes: ReadonlyMap<string, string>): Action | null {
  if (event.ctrl) return controlled(event);
  if (!event.isSingle) return null;
  const step = STEPS[event.key];
  if (step) {
    const length = event.shift ? WIDE_STEP : 1;
    return { do: event.alt ? "size" : "move", dx: step[0] * length, dy: step[1] * length, isRepeat: event.isRepeat };
  }
  if (event.alt) return null;
  const name = classes.get(event.key);
  if (name !== undefined) return { do: "class", name };
  const key = event.key.toLowerCase();
  if (event.shift && bound.get(key) === "accept") return { do: "accept-all" };
  const command = bound.get(key);
  return command ? { do: command } : null;
}

function controlled(event: KeyEvent): Action | null {
  const key = event.key.toLowerCase();
  if (key === "z") return { do: event.shift ? "redo" : "undo" };
  return key === "y" ? { do: "redo" } : null;
}
