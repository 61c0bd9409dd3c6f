// From chosen images to a campaign, one that is there or a new one.
import { useRef, useState } from "preact/hooks";
import { api, data, newIdempotencyKey, type Schemas } from "../api";
import { Handover, type NewKey } from "../campaign/handover";
import { Dialog } from "../parts/dialog";
import { Field } from "../parts/field";
import { FormFooter } from "../parts/form-footer";
import { useAction } from "../parts/load";
import { ProblemNote } from "../parts/problem";
import { formatCount } from "../parts/progress";
import { TitlePicker } from "../parts/title-picker";
import { openCampaigns, type Titled } from "../parts/titles";
import { Link } from "../router";

/** What is added: images by their ids, or all that a query finds. */
export type Added = Schemas["ImageSelection"][];

interface DialogProps {
  isOpen: boolean;
  onClose: () => void;
}

interface AddProps extends DialogProps {
  added: Added;
  /** What is added, in words: "12 images". */
  words: string;
}

type Addition = Schemas["CampaignWithAddition"];

/** Add images to a campaign; the same key makes a repetition harmless. */
async function add(campaignId: number, body: Added, key: string): Promise<Addition> {
  const params = { path: { campaign_id: campaignId }, header: { Prefer: "return=representation", "Idempotency-Key": key } };
  return (await data(api.POST("/campaigns/{campaign_id}/images", { params, body }))) as Addition;
}

function AdditionNote({ addition }: { addition: Addition }) {
  const skipped = addition.skipped;
  return (
    <div class="note" role="status">
      <p>
        {formatCount(addition.added)} {addition.added === 1 ? "image was" : "images were"} added to{" "}
        <Link to={`/campaigns/${addition.campaign_id}`}>{addition.title}</Link>.
        {skipped > 0 && ` ${formatCount(skipped)} were left out, because they are no images or their size is unknown.`}
        {addition.flagged > 0 && ` ${formatCount(addition.flagged)} of them have an open problem.`}
      </p>
    </div>
  );
}

function CloseFooter({ onClose }: { onClose: () => void }) {
  return (
    <footer>
      <button type="button" class="primary" onClick={onClose}>
        Close
      </button>
    </footer>
  );
}

export function AddToCampaign({ isOpen, onClose, added, words }: AddProps) {
  const [campaign, setCampaign] = useState<Titled | null>(null);
  const [addition, setAddition] = useState<Addition | null>(null);
  const key = useRef("");
  const action = useAction((id: number) => add(id, added, key.current || (key.current = newIdempotencyKey())), setAddition);
  const close = () => {
    setAddition(null);
    action.clear();
    key.current = "";
    onClose();
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (campaign) void action.run(campaign.id);
  };
  const pick = (picked: Titled | null) => {
    setCampaign(picked);
    key.current = "";
  };
  return (
    <Dialog title={`Add ${words} to a campaign`} isOpen={isOpen} onClose={close}>
      {addition ? (
        <>
          <AdditionNote addition={addition} />
          <CloseFooter onClose={close} />
        </>
      ) : (
        <form onSubmit={submit}>
          <TitlePicker label="Campaign" hint="Its status is created or active." source={openCampaigns} value={campaign?.id ?? null} onPick={pick} isRequired />
          <p class="quiet">Images that are in the campaign already stay as they are.</p>
          <ProblemNote error={action.error} />
          <FormFooter action="Add" actionMeanwhile="Adding …" isRunning={action.isRunning} isIncomplete={campaign === null} onCancel={close} />
        </form>
      )}
    </Dialog>
  );
}

/** A key is shown once. It stands beside the form, so that it is shown even if the form was closed while the request ran. */
export function NewCampaign(props: AddProps) {
  const [newKey, setNewKey] = useState<NewKey | null>(null);
  return (
    <>
      {props.isOpen && <NewCampaignForm {...props} onKey={setNewKey} />}
      <Handover newKey={newKey} onClose={() => setNewKey(null)} />
    </>
  );
}

function NewCampaignForm({ isOpen, onClose, added, words, onKey }: AddProps & { onKey: (key: NewKey | null) => void }) {
  const [created, setCreated] = useState<Schemas["CreatedCampaign"] | null>(null);
  const [addition, setAddition] = useState<Addition | null>(null);
  const keys = useRef({ of: "", create: "", add: "" });
  const action = useAction(async (title: string, email: string) => {
    // Another title or address is another request. The same one may have arrived although its answer was lost.
    if (keys.current.of !== `${title} ${email}`) keys.current = { of: `${title} ${email}`, create: newIdempotencyKey(), add: newIdempotencyKey() };
    const params = { header: { "Idempotency-Key": keys.current.create } };
    const body = { title, labeler_email: email, late_corrections: true };
    const made = created ?? (await data(api.POST("/campaigns", { params, body })));
    if (!created) onKey(made.access_token && { ...made.access_token, email });
    setCreated(made);
    setAddition(await add(made.campaign_id, added, keys.current.add));
  });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const sent = new FormData(event.currentTarget as HTMLFormElement);
    void action.run(String(sent.get("title")).trim(), String(sent.get("email")).trim());
  };
  return (
    <Dialog title={`New campaign with ${words}`} isOpen={isOpen} onClose={onClose}>
      <form onSubmit={submit}>
        {!created && (
          <>
            <Field label="Title" hint="Lowercase letters, digits and single dashes, at most 53 characters.">
              {(ids) => <input {...ids} name="title" required maxLength={128} autocomplete="off" />}
            </Field>
            <Field label="E-mail address of the labeler" hint="A user that is not known yet gets a key.">
              {(ids) => <input {...ids} name="email" type="email" required />}
            </Field>
          </>
        )}
        {addition && <AdditionNote addition={addition} />}
        {created && addition && <p>The campaign is not active yet: its page has the next step.</p>}
        <ProblemNote error={action.error} />
        {created && !addition && action.error && <p>The campaign was created, but it has no images yet.</p>}
        {created && !addition && <input type="hidden" name="title" value={created.title} />}
        {addition ? (
          <CloseFooter onClose={onClose} />
        ) : (
          <FormFooter action={created ? "Add the images again" : "Create"} actionMeanwhile="Working …" isRunning={action.isRunning} onCancel={onClose} />
        )}
      </form>
    </Dialog>
  );
}
