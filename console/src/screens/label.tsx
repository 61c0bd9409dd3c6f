// The labeling page: one image of a campaign, its boxes, and the way to the next one.

import { computed, effect } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { classKeys } from "../label/classes.ts";
import { classColors, colorAt } from "../label/colors.ts";
import { Commands } from "../label/commands.ts";
import { DrawingTool } from "../label/drawing.ts";
import { useEarlyKeys, useLater } from "../label/later.tsx";
import { openOutbox } from "../label/mine.ts";
import type { Mark } from "../label/paint.ts";
import { crosshair } from "../label/settings.ts";
import { Stage } from "../label/stage.tsx";
import { LabelingBar } from "../label/toolbar.tsx";
import { Work } from "../label/work.ts";
import { ProblemNote } from "../parts/problem";
import { Link } from "../router";
import type { ScreenProps } from "../router";
import { hasRoleIn, interrupted, isAdmin, session } from "../session";
import "../label/label.css";

let current: Work | null = null;

async function openWork(campaign: number): Promise<Work> {
  const user = session.value ?? interrupted.value;
  if (user === null) throw new Error("Sign in first.");
  const opened = await openOutbox();
  if (current?.campaignId !== campaign) {
    current?.leave();
    current = new Work(campaign, opened, { email: user.email, mayLabel: isAdmin.value || hasRoleIn(campaign, "labeler") });
  }
  return current;
}

export default function Label({ params }: ScreenProps) {
  const campaign = Number(params.campaign);
  const image = Number(params.image);
  const [work, setWork] = useState<Work | null>(current?.campaignId === campaign ? current : null);
  const [error, setError] = useState<Error | null>(null);
  useEffect(() => {
    openWork(campaign).then(setWork, setError);
  }, [campaign]);
  useEffect(() => {
    if (work?.campaignId === campaign) void work.open(image);
  }, [work, campaign, image]);
  // What was changed last is sent when the page is left by a link.
  useEffect(() => () => current?.leave(), []);
  if (error) return <ProblemNote error={error} retry={() => location.reload()} />;
  return work ? <Labeling key={work.campaignId} work={work} retry={() => void work.open(image)} /> : <p role="status">Loading the image …</p>;
}

function useParts(work: Work) {
  return useMemo(() => {
    const colors = computed(() => classColors(work.campaign.value?.classes ?? []));
    const colorOf = (label: string) => colors.value.get(label) ?? colorAt([...label].reduce((sum, one) => sum + (one.codePointAt(0) ?? 0), 0));
    const keys = computed(() => classKeys(work.campaign.value?.classes ?? []));
    const options = { isBlocked: work.isLoading, crosshair, hidden: computed(() => commands.hidden.value), colorOf };
    const tool = new DrawingTool(work.editor, work.view, options);
    const commands: Commands = new Commands(work, tool);
    const marks = computed<Mark[]>(() => {
      const chosen = work.editor.chosen.value;
      const mark = (style: "plain" | "dashed") => (item: { id: number; box: Mark["box"]; label: string }) => ({ id: item.id, box: item.box, label: item.label, color: colorOf(item.label), style });
      return [...work.editor.open.value.map(mark("dashed")), ...work.editor.content.value.items.map(mark("plain"))].filter((one) => one.id !== chosen);
    });
    return { colorOf, keys, tool, commands, marks };
  }, [work]);
}

function Labeling({ work, retry }: { work: Work; retry: () => void }) {
  const { colorOf, keys, tool, commands, marks } = useParts(work);
  const page = useRef<HTMLDivElement>(null);
  const [isSideOpen, setSideOpen] = useState(false);
  const { editor } = work;
  const picture = work.picture.value;
  const focusStage = () => page.current?.querySelector<HTMLElement>(".stage")?.focus();
  // New boxes have the first class until another one is chosen.
  useEffect(
    () =>
      effect(() => {
        const first = work.campaign.value?.classes.find((one) => !one.retired);
        if (editor.label.value === null && first) editor.label.value = first.name;
      }),
    [work],
  );
  useEffect(() => {
    if (work.entry.value?.state === "conflict") void work.explainConflict();
  }, [work.entry.value]);
  const contradiction = work.contradiction.value;
  const isPartWanted = work.isShown.value || work.isBroken.value || contradiction !== null;
  const side = useLater(() => import("../label/side.tsx"), isPartWanted);
  // Loaded before there is a conflict, because it may come when there is no network, or after an upgrade of the service.
  const conflict = useLater(() => import("../label/conflict.tsx"), isPartWanted);
  const [takesKeys, setTakesKeys] = useState(false);
  useEarlyKeys(takesKeys, work);
  return (
    <div ref={page} class={`labeling ${isSideOpen ? "is-side-open" : ""}`} data-image={work.isLoading.value ? undefined : work.imageId}>
      <LabelingBar work={work} commands={commands} onSide={() => setSideOpen(!isSideOpen)} isSideOpen={isSideOpen} />
      <div class="labeling-stage">
        <ProblemNote error={work.problem.value} retry={retry} />
        {work.problem.value && (
          <p class="labeling-away">
            <Link to={`/campaigns/${work.campaignId}/label`}>Go to the next image that is not done</Link>
          </p>
        )}
        {side && <side.ImageNotes work={work} commands={commands} retry={retry} />}
        {picture && contradiction && conflict && <conflict.ConflictView work={work} found={contradiction} colorOf={colorOf} />}
        {picture && !contradiction && (
          <Stage
            picture={picture}
            marks={marks}
            chosen={editor.chosen}
            view={work.view}
            size={work.size}
            hidden={commands.hidden}
            brightness={commands.brightness}
            tool={tool}
            label="Image with boxes. B makes a box, arrows move it, Alt and arrows size it, N and P choose, digits set the class, Enter is done. The question mark lists all keys."
            onShown={() => work.noteShown(true)}
            onBroken={() => work.noteShown(false)}
          />
        )}
        {work.isLoading.value && !picture && <p role="status">Loading the image …</p>}
        <p class="said" role="status">
          {commands.said.value}
        </p>
      </div>
      {side ? (
        <side.Side work={work} commands={commands} keys={keys} colorOf={colorOf} onOpen={() => setSideOpen(true)} onChosen={focusStage} onKeys={() => setTakesKeys(true)} />
      ) : (
        <div class="side" />
      )}
    </div>
  );
}
