// Several lanes side by side, since a backup mostly waits: each test takes one for itself.
import { expect } from 'vitest';
import { FaultLane, type Tally } from './fault-lane.ts';
import { Cover, isEmbellished, isUnnoticed, type Shot } from './fault-shots.ts';

export class FaultLanes {
  readonly tally: Tally = {
    runs: 0,
    complete: 0,
    partial: 0,
    gaveUp: 0,
    fired: 0,
    falseDeletions: 0,
  };
  readonly #seed: number;
  readonly #free: FaultLane[] = [];
  readonly #waiting: ((lane: FaultLane) => void)[] = [];
  #started = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  async open(count: number): Promise<void> {
    for (let n = 0; n < count; n += 1) this.#give(await this.#start());
  }

  async close(): Promise<void> {
    await Promise.all(this.#free.map((lane) => lane.close()));
  }

  /** A lane in which something was wrong is not used again. */
  async use(work: (lane: FaultLane) => Promise<void>): Promise<void> {
    const lane =
      this.#free.pop() ?? (await new Promise<FaultLane>((take) => this.#waiting.push(take)));
    try {
      await work(lane);
    } catch (error) {
      await lane.close();
      this.#give(await this.#start());
      throw error;
    }
    this.#give(lane);
  }

  async #start(): Promise<FaultLane> {
    this.#started += 1;
    return await FaultLane.start(this.#seed + this.#started, this.tally);
  }

  #give(lane: FaultLane): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(lane);
    else next(lane);
  }
}

/** Makes all shots; each must have met its request. Then everything equals the tenant again. */
export async function makeShots(
  lane: FaultLane,
  shots: readonly Shot[],
  how: 'together' | 'oneByOne',
): Promise<void> {
  const cover = new Cover(shots, how);
  for (let next = cover.next(); next !== undefined; next = cover.next()) {
    cover.note(next.shots, await lane.run(nameOf(next), next.mode, next.shots));
  }
  expect(cover.open).toEqual([]);
  await comeBack(lane, shots);
}

/** What was left out or added without a sign only a full read finds. */
export async function comeBack(lane: FaultLane, shots: readonly Shot[]): Promise<void> {
  const mode = shots.some((shot) => isUnnoticed(shot) || isEmbellished(shot)) ? 'full' : 'auto';
  await lane.clean(mode, `after ${shots[0]?.name ?? 'nothing'}`);
}

export function nameOf(run: { readonly mode: string; readonly shots: readonly Shot[] }): string {
  const { mode, shots } = run;
  return `${mode}, ${shots[0]?.times ?? 'for ever'}: ${shots.map(({ name }) => name).join('; ')}`;
}
