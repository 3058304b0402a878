import type { SearchDefect, SearchGap } from './search-context.ts';

const MOST = 100;

/** What is missing from an answer and why; the first hundred of each kind, and whether it is whole. */
export class SearchNotes {
  isWhole = true;
  readonly defects: SearchDefect[] = [];
  readonly gaps: SearchGap[] = [];

  bad(defect: SearchDefect): void {
    if (defect.effect === 'notSearched') this.isWhole = false;
    const isKnown = this.defects.some(
      ({ name, hour, frame }) =>
        name === defect.name && hour === defect.hour && frame === defect.frame,
    );
    if (!isKnown && this.defects.length < MOST) this.defects.push(defect);
  }

  gap(gap: SearchGap): void {
    this.isWhole = false;
    const last = this.gaps.findLast(({ source }) => source === gap.source);
    const continues = last?.to === gap.from && last.kind === gap.kind && last.reason === gap.reason;
    if (last !== undefined && continues) {
      this.gaps[this.gaps.indexOf(last)] = { ...last, to: gap.to };
    } else if (this.gaps.length < MOST) {
      this.gaps.push(gap);
    }
  }

  add(other: SearchNotes): void {
    for (const defect of other.defects) this.bad(defect);
    for (const gap of other.gaps) this.gap(gap);
    this.isWhole &&= other.isWhole;
  }
}
