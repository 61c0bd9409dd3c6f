// A field that finds an image set or a campaign by the beginning of its title, among as many as there are.
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../problem";
import { Field } from "./field";
import { findTitles, type Source, type Titled } from "./titles";

interface Props {
  label: string;
  hint?: string | undefined;
  source: Source;
  /** The id of what is picked; the field shows its title. */
  value: number | null;
  /** Gets what the text stands for, or null while it stands for nothing, and the text itself. */
  onPick: (picked: Titled | null, text: string) => void;
  isRequired?: boolean;
  /** What is still to do with what is picked. The form is not sent before, unless the field is empty. */
  next?: string;
}

const PAUSE_MS = 200;
const NOTHING_PICKED = "This stands for nothing yet. Choose one of the suggestions, or empty the field.";

/** A text field with suggestions. A whole title is picked while it is typed, and an id such as `7` when the field is left. */
export function TitlePicker({ label, hint = "Type the beginning of the title.", source, value, onPick, isRequired = false, next = "" }: Props) {
  const list = useId();
  const [text, setText] = useState("");
  const [offers, setOffers] = useState<Titled[]>([]);
  const [fault, setFault] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef(0);
  // An answer may arrive after the form has changed, and belongs to what the form is then.
  const pickNow = useRef(onPick);
  pickNow.current = onPick;
  // What this field has picked itself: what stands in it may say so in other words, and stays.
  const own = useRef<number | null>(null);
  // Counts what was typed and set; an answer to an earlier text is dropped.
  const latest = useRef(0);
  useEffect(() => {
    if (value === own.current) return;
    own.current = value;
    clearTimeout(timer.current);
    const number = ++latest.current;
    setFault("");
    setText("");
    if (value === null) return;
    const show = (title: string) => number === latest.current && setText(title);
    source.titleOf(value).then(show, () => show(String(value)));
  }, [value]);
  // Before anybody can press a button that sends the form.
  useLayoutEffect(() => {
    const words = own.current === null ? NOTHING_PICKED : next;
    input.current?.setCustomValidity(text.trim() ? words : "");
  });
  const forget = () => {
    latest.current++;
    clearTimeout(timer.current);
  };
  useEffect(() => forget, []);
  const pick = (picked: Titled | null, typed: string) => {
    own.current = picked?.id ?? null;
    pickNow.current(picked, typed);
  };
  const find = async (typed: string, isWhole: boolean) => {
    const number = latest.current;
    try {
      const found = await findTitles(source, typed);
      const exact = found.find(({ title }) => title === typed) ?? (isWhole ? await findId(source, typed) : null);
      if (number !== latest.current) return;
      setOffers(found);
      if (!exact && isWhole) setFault("There is none with this title or id.");
      if (!exact || exact.id === own.current) return;
      setText(exact.title);
      pick(exact, exact.title);
    } catch (error) {
      if (number === latest.current) setFault((error as Error).message);
    }
  };
  const type = (entered: string) => {
    const typed = entered.trim();
    latest.current++;
    setText(entered);
    setFault("");
    const listed = offers.find(({ title }) => title === typed) ?? null;
    pick(listed, typed);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => void find(typed, false), PAUSE_MS);
  };
  const leave = (entered: string) => {
    clearTimeout(timer.current);
    const typed = entered.trim();
    if (typed && own.current === null) void find(typed, true);
  };
  return (
    <Field label={label} hint={fault || hint}>
      {(ids) => (
        <>
          <input
            {...ids}
            ref={input}
            list={list}
            autocomplete="off"
            value={text}
            required={isRequired}
            aria-invalid={fault !== ""}
            onInvalid={(event) => event.currentTarget.closest("details")?.setAttribute("open", "")}
            onFocus={() => void find(text.trim(), false)}
            onInput={(event) => type(event.currentTarget.value)}
            onChange={(event) => leave(event.currentTarget.value)}
          />
          <datalist id={list}>
            {offers.map((offer) => (
              <option key={offer.id} value={offer.title} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

/** Return the one with this id, or null if the text is no id of any. Throws Problem, Unreachable. */
async function findId(source: Source, text: string): Promise<Titled | null> {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) return null;
  const id = Number(text);
  try {
    return { id, title: await source.titleOf(id) };
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}
