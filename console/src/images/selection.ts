// Which images are chosen: some by their ids, or all that the filters find.
import { computed, signal } from "@preact/signals";

export class Selection {
  private readonly chosen = signal<ReadonlySet<number>>(new Set());
  /** True when all images that the filters find are chosen. */
  readonly isAll = signal(false);
  /** The number of images that are chosen one by one. */
  readonly size = computed(() => this.chosen.value.size);
  /** Where a range begins: the position of the tile that was chosen last. */
  anchor: number | null = null;

  has(id: number): boolean {
    return this.isAll.value || this.chosen.value.has(id);
  }

  toggle(id: number, index: number): void {
    const next = new Set(this.chosen.value);
    if (!next.delete(id)) next.add(id);
    this.chosen.value = next;
    this.anchor = index;
  }

  add(ids: Iterable<number>): void {
    this.chosen.value = new Set([...this.chosen.value, ...ids]);
  }

  chooseAll(): void {
    this.isAll.value = true;
    this.chosen.value = new Set();
  }

  clear(): void {
    this.isAll.value = false;
    this.chosen.value = new Set();
    this.anchor = null;
  }

  get ids(): number[] {
    return [...this.chosen.value].sort((a, b) => a - b);
  }
}
