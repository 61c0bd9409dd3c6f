// Who labels and who reviews a campaign.
import { useMemo, useState } from "preact/hooks";
import { api, data, newIdempotencyKey, type Schemas } from "../api";
import { confirm } from "../parts/dialog";
import { useAction } from "../parts/load";
import { notify } from "../parts/notice";
import { ProblemNote } from "../parts/problem";
import { Table } from "../parts/table";
import { Link } from "../router";
import { isAdmin } from "../session";
import { Handover, type NewKey } from "./handover";

type Campaign = Schemas["Campaign"];
type Member = Schemas["Member"];
type Role = "labelers" | "reviewers";

interface Props {
  campaign: Campaign;
  reload: () => Promise<void>;
}

export function Members({ campaign, reload }: Props) {
  return (
    <>
      {campaign.kind === "people" && <Group role="labelers" words="Labelers draw boxes and submit them." campaign={campaign} reload={reload} />}
      <Group role="reviewers" words="Reviewers accept or reject what was submitted. They change no box." campaign={campaign} reload={reload} />
    </>
  );
}

function Group({ role, words, campaign, reload }: Props & { role: Role; words: string }) {
  const name = role === "labelers" ? "Labelers" : "Reviewers";
  const canEdit = isAdmin.value && !campaign.archived;
  const remove = useAction(async (member: Member) => {
    const question = {
      title: `Take ${member.email} out of the ${role}?`,
      words: <p>The campaign is closed to this user within 5 seconds. What the user submitted stays, and so do the user’s keys.</p>,
      action: "Take out",
      isDangerous: true,
    };
    if (!(await confirm(question))) return;
    const params = { path: { campaign_id: campaign.campaign_id, user_id: member.user_id } };
    await (role === "labelers"
      ? data(api.DELETE("/campaigns/{campaign_id}/labelers/{user_id}", { params }))
      : data(api.DELETE("/campaigns/{campaign_id}/reviewers/{user_id}", { params })));
    notify(`${member.email} is out.`);
    await reload();
  });
  const columns = [
    { heading: "E-mail address", isName: true, cell: (member: Member) => <bdi>{member.email ?? `user ${member.user_id}`}</bdi> },
    { heading: "Keys", cell: (member: Member) => (isAdmin.value ? <Link to={`/users/${member.user_id}`}>Keys and roles</Link> : "–") },
    {
      heading: "What to do",
      cell: (member: Member) => canEdit && <button type="button" aria-label={`Take out ${member.email}`} disabled={remove.isRunning} onClick={() => void remove.run(member)}>Take out</button>,
    },
  ];
  return (
    <section aria-label={name}>
      <h2>{name}</h2>
      <p class="quiet">{words}</p>
      {campaign[role].length ? <Table caption={name} columns={columns} rows={campaign[role]} rowKey={(member) => member.user_id} /> : <p>There are none.</p>}
      <ProblemNote error={remove.error} />
      {canEdit && <AddMember role={role} campaign={campaign} reload={reload} />}
    </section>
  );
}

function AddMember({ role, campaign, reload }: Props & { role: Role }) {
  const [email, setEmail] = useState("");
  const [newKey, setNewKey] = useState<NewKey | null>(null);
  // If the answer with the secret is lost, the same request gets it again.
  const key = useMemo(newIdempotencyKey, [email]);
  const add = useAction(async () => {
    const params = { path: { campaign_id: campaign.campaign_id }, header: { "Idempotency-Key": key } };
    const body = { email: email.trim() };
    const { access_token: token } = await (role === "labelers"
      ? data(api.POST("/campaigns/{campaign_id}/labelers", { params, body }))
      : data(api.POST("/campaigns/{campaign_id}/reviewers", { params, body })));
    if (token) setNewKey({ ...token, email: body.email });
    setEmail("");
    await reload();
  });
  const submit = (event: Event) => {
    event.preventDefault();
    void add.run();
  };
  return (
    <>
    <form class="row" onSubmit={submit}>
      <input
        type="email"
        required
        maxLength={254}
        autocomplete="off"
        aria-label={`E-mail address of a new member of the ${role}`}
        placeholder="name@partner.example"
        value={email}
        onInput={(event) => setEmail(event.currentTarget.value)}
      />
      <button type="submit" disabled={add.isRunning}>
        Add
      </button>
      <ProblemNote error={add.error} />
    </form>
    <Handover newKey={newKey} onClose={() => setNewKey(null)} />
    </>
  );
}
