// Instructions are Markdown of paragraphs, lists, emphasis, code and links. This reads them into a tree of plain values, from which
// the page makes elements; HTML in them is text like any other.

export type Inline =
  | { kind: "text" | "code"; text: string }
  | { kind: "em" | "strong"; parts: Inline[] }
  | { kind: "link"; href: string; parts: Inline[] };

export type Block =
  | { kind: "paragraph" | "heading"; parts: Inline[] }
  | { kind: "list"; isOrdered: boolean; items: Inline[][] }
  | { kind: "code"; text: string };

const ITEM = /^\s{0,3}(?:([-*+])|(\d{1,9})[.)])\s+(.*)$/;
const HEADING = /^\s{0,3}#{1,6}\s+(.*?)\s*#*$/;
const FENCE = /^\s{0,3}```/;

export function readMarkdown(text: string): Block[] {
  const blocks: Block[] = [];
  const lines = text.split(/\r\n?|\n/);
  let paragraph: string[] = [];
  const close = () => {
    if (paragraph.length) blocks.push({ kind: "paragraph", parts: readInline(paragraph.join(" ")) });
    paragraph = [];
  };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    const item = ITEM.exec(line);
    const heading = HEADING.exec(line);
    if (FENCE.test(line)) {
      close();
      const end = lines.findIndex((other, j) => j > i && FENCE.test(other));
      const last = end < 0 ? lines.length : end;
      blocks.push({ kind: "code", text: lines.slice(i + 1, last).join("\n") });
      i = last;
    } else if (item) {
      close();
      addItem(blocks, item[2] !== undefined, readInline(item[3] as string));
    } else if (heading) {
      close();
      blocks.push({ kind: "heading", parts: readInline(heading[1] as string) });
    } else if (line.trim() === "") {
      close();
    } else {
      paragraph.push(line.trim());
    }
  }
  close();
  return blocks;
}

function addItem(blocks: Block[], isOrdered: boolean, parts: Inline[]): void {
  const last = blocks.at(-1);
  if (last?.kind === "list" && last.isOrdered === isOrdered) last.items.push(parts);
  else blocks.push({ kind: "list", isOrdered, items: [parts] });
}

const CODE = /`([^`]+)`/y;
const LINK = /\[([^\[\]]{1,500})\]\(([^()\s]{1,2000})\)/y;
const STRONG = /\*\*(?=\S)([^*]+?(?:\*(?!\*)[^*]+?)*)(?<=\S)\*\*|__(?=\S)([^_]+)(?<=\S)__/y;
const EMPHASIS = /\*(?=\S)([^*]+)(?<=\S)\*|(?<![\p{L}\p{N}])_(?=\S)([^_]+)(?<=\S)_(?![\p{L}\p{N}])/uy;
const ESCAPED = /\\([\\`*_[\]()#+.!-])/y;

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

export function readInline(text: string): Inline[] {
  const parts: Inline[] = [];
  let plain = "";
  const add = (part: Inline) => {
    if (plain) parts.push({ kind: "text", text: plain });
    plain = "";
    parts.push(part);
  };
  for (let i = 0; i < text.length; ) {
    const found = special(text, i);
    if (found === null) {
      plain += text[i++];
    } else {
      if (typeof found.part === "string") plain += found.part;
      else add(found.part);
      i += found.length;
    }
  }
  if (plain) parts.push({ kind: "text", text: plain });
  return parts;
}

function special(text: string, at: number): { part: Inline | string; length: number } | null {
  if (!"\\`*_[".includes(text[at] as string)) return null;
  const escaped = matchAt(ESCAPED, text, at);
  if (escaped) return { part: escaped[1] as string, length: escaped[0].length };
  const code = matchAt(CODE, text, at);
  if (code) return { part: { kind: "code", text: code[1] as string }, length: code[0].length };
  const link = matchAt(LINK, text, at);
  if (link && isSafe(link[2] as string)) {
    return { part: { kind: "link", href: link[2] as string, parts: readInline(link[1] as string) }, length: link[0].length };
  }
  const strong = matchAt(STRONG, text, at);
  if (strong) return { part: { kind: "strong", parts: readInline((strong[1] ?? strong[2]) as string) }, length: strong[0].length };
  const emphasis = matchAt(EMPHASIS, text, at);
  if (emphasis) return { part: { kind: "em", parts: readInline((emphasis[1] ?? emphasis[2]) as string) }, length: emphasis[0].length };
  return null;
}

/** Only https leads out of here: no scripts, no data, no other programs. */
function isSafe(href: string): boolean {
  try {
    return new URL(href).protocol === "https:";
  } catch {
    return false;
  }
}
