// One user: whether its keys work, its roles, and its keys.
import { data, newIdempotencyKey, type Schemas } from "../api";
import { confirm } from "../parts/dialog";
import { useAction, useLoad } from "../parts/load";
import { notify } from "../parts/notice";
import { ProblemNote } from "../parts/problem";
import { Tag } from "../parts/tags";
import { Time } from "../parts/time";
import { Link, type ScreenProps } from "../router";
import { KeysOfUser } from "../users/keys";
import { type Client, WithOwnKey } from "../users/own-key";
import { RolesOfUser } from "../users/role-list";

export default function UserScreen({ params }: ScreenProps) {
  return (
    <>
      <p>
        <Link to="/users">All users</Link>
      </p>
      <WithOwnKey>{(client) => <UserPage client={client} userId={Number(params.user)} />}</WithOwnKey>
    </>
  );
}

function UserPage({ client, userId }: { client: Client; userId: number }) {
  const path = { user_id: userId };
  const loading = useLoad(() => data(client.GET("/users/{user_id}", { params: { path } })), [client, userId]);
  const user = loading.data;
  return (
    <>
      <ProblemNote error={loading.error} retry={loading.reload} />
      {user && (
        <>
          <Facts client={client} user={user} reload={loading.reload} />
          <RolesOfUser client={client} user={user} reload={loading.reload} />
          <KeysOfUser client={client} userId={userId} />
        </>
      )}
    </>
  );
}

interface Props {
  client: Client;
  user: Schemas["User"];
  reload: () => Promise<void>;
}

function Facts({ client, user, reload }: Props) {
  const action = useAction(async (enabled: boolean) => {
    const params = { path: { user_id: user.user_id }, header: { "Idempotency-Key": newIdempotencyKey() } };
    await data(client.PATCH("/users/{user_id}", { params, body: { enabled } }));
    notify(enabled ? "The keys of the user work again." : "No key of the user works any more.");
    await reload();
  });
  const disable = async () => {
    const words = "None of its keys will work. Nothing else changes, and you can enable the user again.";
    if (await confirm({ title: `Disable ${user.email}?`, words, action: "Disable", isDangerous: true })) await action.run(false);
  };
  return (
    <>
      <div class="bar">
        <h1>{user.email}</h1>
        {user.enabled ? (
          <button type="button" class="danger" disabled={action.isRunning} onClick={() => void disable()}>
            Disable …
          </button>
        ) : (
          <button type="button" disabled={action.isRunning} onClick={() => void action.run(true)}>
            Enable
          </button>
        )}
      </div>
      <ProblemNote error={action.error} />
      <p class="row">
        <Tag kind={user.enabled ? "good" : "quiet"}>{user.enabled ? "enabled" : "disabled"}</Tag>
        <span class="quiet">
          Created <Time at={user.date_created} />
        </span>
      </p>
    </>
  );
}
