// What an admin does with a campaign as a whole: edit, archive, delete.
import { useState } from "preact/hooks";
import { api, data, type Schemas } from "../api";
import { confirm, Dialog } from "../parts/dialog";
import { Field } from "../parts/field";
import { FormFooter } from "../parts/form-footer";
import { useAction } from "../parts/load";
import { formatMetadata, MetadataField, metadataPatch, parseMetadata } from "../parts/metadata";
import { notify } from "../parts/notice";
import { ProblemNote } from "../parts/problem";
import { navigate } from "../router";

type Campaign = Schemas["Campaign"];

interface Props {
  campaign: Campaign;
  reload: () => Promise<void>;
}

export function CampaignMenu({ campaign, reload }: Props) {
  const [isEditing, setEditing] = useState(false);
  const { campaign_id: id, title } = campaign;
  const archive = useAction(async () => {
    if (!campaign.archived && !(await confirm(ARCHIVE(title)))) return;
    await patch(campaign, { archived: !campaign.archived });
    notify(campaign.archived ? `${title} is back.` : `${title} is archived.`);
    await reload();
  });
  const remove = useAction(async () => {
    if (!(await confirm(DELETE(title)))) return;
    await data(api.DELETE("/campaigns/{campaign_id}", { params: { path: { campaign_id: id } } }));
    notify(`${title} is deleted.`);
    navigate("/campaigns");
  });
  const canDelete = !campaign.archived && campaign.date_finished === null && campaign.progress.done === 0;
  return (
    <div class="row">
      <ProblemNote error={archive.error ?? remove.error} />
      <button type="button" disabled={campaign.archived} onClick={() => setEditing(true)}>
        Edit
      </button>
      <button type="button" disabled={archive.isRunning} onClick={() => void archive.run()}>
        {campaign.archived ? "Take out of the archive" : "Archive"}
      </button>
      {canDelete && (
        <button type="button" class="danger" disabled={remove.isRunning} onClick={() => void remove.run()}>
          Delete
        </button>
      )}
      <Dialog title={`Edit ${title}`} isOpen={isEditing} onClose={() => setEditing(false)}>
        <EditForm
          campaign={campaign}
          onDone={() => {
            setEditing(false);
            void reload();
          }}
          onCancel={() => setEditing(false)}
        />
      </Dialog>
    </div>
  );
}

const ARCHIVE = (title: string) => ({
  title: `Archive ${title}?`,
  words: (
    <ul>
      <li>It is in no list unless somebody asks for archived ones.</li>
      <li>Its labelers and reviewers can no longer open it, and nothing of it can be changed.</li>
      <li>Its labels and datasets stay, and its title stays taken. You can take it out again.</li>
    </ul>
  ),
  action: "Archive",
});

const DELETE = (title: string) => ({
  title: `Delete ${title}?`,
  words: <p>Its images stay, and its users keep their keys. Drafts are deleted with it. This cannot be undone.</p>,
  action: "Delete",
  isDangerous: true,
});

interface EditProps {
  campaign: Campaign;
  onDone: () => void;
  onCancel: () => void;
}

function EditForm({ campaign, onDone, onCancel }: EditProps) {
  const [title, setTitle] = useState(campaign.title);
  const [late, setLate] = useState(campaign.late_corrections);
  const [metadata, setMetadata] = useState(formatMetadata(campaign.metadata));
  const canRename = campaign.status === "created";
  const save = useAction(async () => {
    const changes: Schemas["CampaignChange"] = {};
    if (title.trim() !== campaign.title) changes.title = title.trim();
    if (late !== campaign.late_corrections) changes.late_corrections = late;
    const metadataChange = metadataPatch(campaign.metadata, parseMetadata(metadata));
    if (metadataChange !== undefined) changes.metadata = metadataChange;
    if (Object.keys(changes).length) await patch(campaign, changes);
    onDone();
  });
  const submit = (event: Event) => {
    event.preventDefault();
    void save.run();
  };
  return (
    <form onSubmit={submit}>
      <Field label="Title" hint={canRename ? "" : "It can be changed only before the campaign is started."}>
        {(ids) => <input {...ids} required maxLength={128} disabled={!canRename} value={title} onInput={(event) => setTitle(event.currentTarget.value)} />}
      </Field>
      <label class="check">
        <input type="checkbox" disabled={campaign.status === "finished"} checked={late} onChange={(event) => setLate(event.currentTarget.checked)} />
        The partner may correct labels until you finish the campaign, also when all images are done
      </label>
      <MetadataField text={metadata} onText={setMetadata} />
      <ProblemNote error={save.error} />
      <FormFooter action="Save" isRunning={save.isRunning} onCancel={onCancel} />
    </form>
  );
}

async function patch(campaign: Campaign, changes: Schemas["CampaignChange"]): Promise<void> {
  await data(api.PATCH("/campaigns/{campaign_id}", { params: { path: { campaign_id: campaign.campaign_id } }, body: changes }));
}
