// What is known of an image, as a list of names and values.
import type { ComponentChildren } from "preact";
import type { Schemas } from "../api";
import { MetadataList } from "../parts/metadata";
import { formatBytes, formatCount } from "../parts/progress";
import { Time } from "../parts/time";
import { Link } from "../router";
import { writeFilters } from "./filters";

type Details = Schemas["ImageDetails"];

const SOURCES: Record<string, string> = {
  offset: "from the file",
  gps: "GPS time",
  set: "in the time zone of the image set",
  "assumed-utc": "the file has no time zone: assumed to be UTC",
  manual: "set by hand",
};

export function Facts({ image, readsAll }: { image: Details; readsAll: boolean }) {
  const { width, height } = image.file.dimensions;
  const place = image.location_taken;
  const hasPlace = place.lat !== null && place.lon !== null;
  const near = hasPlace ? writeFilters({ near: [place.lat ?? 0, place.lon ?? 0, 100] }) : "";
  return (
    <dl class="facts">
      <Fact name="Size">{width && height ? `${formatCount(width)} × ${formatCount(height)} pixels` : "unknown"}</Fact>
      <Fact name="File">
        {image.file.filetype ?? "not an image"}
        {image.file.filesize !== null && `, ${formatBytes(image.file.filesize)}`}
      </Fact>
      {image.problem && <Fact name="Problem">{image.problem}</Fact>}
      <Fact name="Taken">
        <Time at={image.date_taken} isExact />
        {image.date_taken_source && <span class="quiet"> ({SOURCES[image.date_taken_source] ?? image.date_taken_source})</span>}
      </Fact>
      <Fact name="Place">
        {place.description} {hasPlace && `${place.lat}, ${place.lon}`}
        {!hasPlace && !place.description && <span class="quiet">–</span>}
        {hasPlace && readsAll && <Link to={`/images?${near}`}>Images within 100 m</Link>}
      </Fact>
      {readsAll && (
        <>
          <Fact name="Image set">
            {image.imageset.imageset_id ? <Link to={`/image-sets/${image.imageset.imageset_id}`}>{image.imageset.title}</Link> : <span class="quiet">none</span>}
          </Fact>
          <Fact name="Path">
            <code>{image.blobstorage_path}</code>
          </Fact>
          <Fact name="Type">{image.type ?? <span class="quiet">–</span>}</Fact>
          {image.tss_id && <Fact name="Time-series id">{image.tss_id}</Fact>}
          <Fact name="Registered">
            <Time at={image.date_created} /> {image.created_by && `by ${image.created_by}`}
          </Fact>
          <Fact name="SHA-256">{image.file.sha256 ? <code>{image.file.sha256}</code> : <span class="quiet">not inspected yet</span>}</Fact>
          <Fact name="Copies">
            <Link to={`/images?duplicate_of=${image.image_id}`}>Same file</Link> · <Link to={`/images?duplicate_of=${image.image_id}&distance=6`}>Similar picture</Link>
          </Fact>
          <Fact name="Metadata">
            <MetadataList metadata={image.metadata} />
          </Fact>
        </>
      )}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
