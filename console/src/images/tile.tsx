// One image of the grid.
import { useState } from "preact/hooks";
import { href } from "../router";
import type { Schemas } from "../api";

export type Image = Schemas["Image"];

interface TileProps {
  index: number;
  image: Image | undefined;
  column: number;
  width: number;
  isActive: boolean;
  isChosen: boolean;
  /** Whether images can be chosen at all, and one by one. */
  canChoose: boolean;
  canToggle: boolean;
  /** False while the list is scrolled fast: no picture is fetched that will be gone at once. */
  mayLoad: boolean;
}

/** Return the name of the file without its folders. */
export function fileName(image: Pick<Image, "blobstorage_path">): string {
  return image.blobstorage_path.slice(image.blobstorage_path.lastIndexOf("/") + 1);
}

export function Tile({ index, image, column, width, isActive, isChosen, canChoose, canToggle, mayLoad }: TileProps) {
  const tabIndex = isActive ? 0 : -1;
  const style = { width: `${width}px` };
  const name = image ? fileName(image) : `Image ${index + 1}`;
  // The same elements before the image is known and after, so that the focus stays.
  return (
    <div role="gridcell" class="tile" aria-colindex={column + 1} aria-selected={canChoose && image ? isChosen : undefined} style={style}>
      <a role="link" href={image && href(`/images/${image.image_id}`)} aria-disabled={!image} data-index={index} tabIndex={tabIndex} title={name}>
        {image ? <Picture key={image.image_id} image={image} mayLoad={mayLoad} /> : <span class="frame" />}
        <span class="tile-name">{image ? name : ""}</span>
      </a>
      {canChoose && image && (
        <input type="checkbox" tabIndex={-1} checked={isChosen} disabled={!canToggle} data-index={index} aria-label={`Select ${name}`} />
      )}
    </div>
  );
}

function Picture({ image, mayLoad }: { image: Image; mayLoad: boolean }) {
  const [hasFailed, setFailed] = useState(false);
  const [hasBegun, setBegun] = useState(mayLoad);
  // What has begun to load goes on: to take it back would only show it later.
  if (mayLoad && !hasBegun) setBegun(true);
  const words = hasFailed ? "The preview does not load" : whyWithout(image);
  if (words) return <span class="frame">{words}</span>;
  if (!hasBegun && !mayLoad) return <span class="frame" />;
  return <img class="frame" src={image.thumbnail_url ?? undefined} alt="" decoding="async" onError={() => setFailed(true)} />;
}

/** Return why there is no preview, or null if there is one. */
function whyWithout(image: Image): string | null {
  if (image.withdrawal) return "Withdrawn";
  if (image.thumbnail_url) return null;
  if (!image.file.filetype) return "Not an image";
  if (image.problem === "unreadable") return "Unreadable";
  return image.file.sha256 ? "No preview" : "Not inspected yet";
}
