// A new campaign.
import { useMemo, useState } from "preact/hooks";
import { api, data, newIdempotencyKey, type Schemas } from "../api";
import { Field } from "../parts/field";
import { FormFooter } from "../parts/form-footer";
import { useAction } from "../parts/load";
import { MetadataField, parseMetadata } from "../parts/metadata";
import { ProblemNote } from "../parts/problem";
import { TitlePicker } from "../parts/title-picker";
import { modelCampaigns, type Titled } from "../parts/titles";
import { newClass } from "./class-list";

type NewCampaign = Schemas["NewCampaign"];

/** What people type; the request is made of it. */
const EMPTY = { title: "", email: "", classes: "", strict: true, late: true, instructions: "", metadata: "", kind: "people" as "people" | "model", model: "", version: "" };
type Typed = typeof EMPTY;

interface Props {
  onDone: (campaign: Schemas["CreatedCampaign"]) => void;
  onCancel: () => void;
}

export function CampaignForm({ onDone, onCancel }: Props) {
  const [typed, setTyped] = useState(EMPTY);
  const [prelabels, setPrelabels] = useState<Titled | null>(null);
  // A request that is repeated after a lost answer makes no second campaign.
  const key = useMemo(newIdempotencyKey, [typed, prelabels]);
  const set = (name: keyof Typed) => (event: Event) => setTyped({ ...typed, [name]: (event.currentTarget as HTMLInputElement).value });
  const check = (name: keyof Typed) => (event: Event) => setTyped({ ...typed, [name]: (event.currentTarget as HTMLInputElement).checked });
  const save = useAction(async () => {
    const header = { "Idempotency-Key": key };
    const made = await data(api.POST("/campaigns", { params: { header }, body: bodyOf(typed, prelabels) }));
    // A key is shown once, so it is handed over even if the form was closed meanwhile.
    if (made.access_token) onDone(made);
    return made;
  }, (made) => made.access_token || onDone(made));
  const submit = (event: Event) => {
    event.preventDefault();
    void save.run();
  };
  const hasClasses = namesOf(typed.classes).length > 0;
  return (
    <form onSubmit={submit}>
      <Field label="Title" hint="Lowercase letters a to z, digits and single dashes, at most 53 characters.">
        {(ids) => <input {...ids} autofocus required maxLength={128} autocomplete="off" value={typed.title} onInput={set("title")} />}
      </Field>
      <Field label="Labels of">
        {(ids) => (
          <select {...ids} value={typed.kind} onChange={set("kind")}>
            <option value="people">people: a labeling partner draws them</option>
            <option value="model">a model: suggestions for other campaigns</option>
          </select>
        )}
      </Field>
      {typed.kind === "people" ? (
        <>
          <Field label="E-mail address of the labeling partner" hint="The service makes a user and a key if there is none. You get the key to pass on.">
            {(ids) => <input {...ids} type="email" required maxLength={254} autocomplete="off" value={typed.email} onInput={set("email")} />}
          </Field>
          <TitlePicker label="Suggestions from the model campaign (optional)" source={modelCampaigns} value={prelabels?.id ?? null} onPick={setPrelabels} />
        </>
      ) : (
        <>
          <Field label="Name of the model">{(ids) => <input {...ids} required maxLength={128} value={typed.model} onInput={set("model")} />}</Field>
          <Field label="Version">{(ids) => <input {...ids} required maxLength={128} value={typed.version} onInput={set("version")} />}</Field>
        </>
      )}
      <Field label="Classes, one a line (optional)" hint="They get colors, and the first nine the keys 1 to 9. You can change all of this later.">
        {(ids) => <textarea {...ids} rows={4} value={typed.classes} onInput={set("classes")} />}
      </Field>
      <label class="check">
        <input type="checkbox" disabled={!hasClasses} checked={hasClasses && typed.strict} onChange={check("strict")} />
        Refuse labels that belong to no class
      </label>
      <label class="check">
        <input type="checkbox" checked={typed.late} onChange={check("late")} />
        The partner may correct labels until you finish the campaign, also when all images are done
      </label>
      <Field label="Instructions (optional)" hint="What to label and how. Markdown: paragraphs, lists, emphasis, code and links.">
        {(ids) => <textarea {...ids} rows={4} maxLength={20000} value={typed.instructions} onInput={set("instructions")} />}
      </Field>
      <MetadataField text={typed.metadata} onText={(metadata) => setTyped({ ...typed, metadata })} />
      <ProblemNote error={save.error} />
      <FormFooter action="Create" isRunning={save.isRunning} onCancel={onCancel} />
    </form>
  );
}

function bodyOf(typed: Typed, prelabels: Titled | null): NewCampaign {
  const classes = namesOf(typed.classes).map((name, index) => newClass(name, index));
  const body: NewCampaign = {
    title: typed.title.trim(),
    kind: typed.kind,
    metadata: parseMetadata(typed.metadata),
    strict: classes.length > 0 && typed.strict,
    late_corrections: typed.late,
    instructions: typed.instructions.trim() || null,
  };
  if (classes.length) body.classes = classes;
  if (typed.kind === "model") return { ...body, model: typed.model.trim(), version: typed.version.trim() };
  return { ...body, labeler_email: typed.email.trim(), prelabels_from: prelabels?.id ?? null };
}

function namesOf(text: string): string[] {
  return text.split("\n").map((line) => line.trim()).filter(Boolean);
}
