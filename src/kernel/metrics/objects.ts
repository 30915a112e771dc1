/** Durable Objects that are in memory of this isolate. */
import type { Family } from './exposition.ts'

const KINDS = ['account', 'directory', 'sequencer', 'oauth', 'index', 'app'] as const
type Kind = (typeof KINDS)[number]

/** Nobody is told when the platform lets an object go; its memory is free some time later. So these are a few too many. */
export class ObjectsInMemory {
  readonly #counts = new Map<Kind, number>(KINDS.map((kind) => [kind, 0]))
  readonly #gone = new FinalizationRegistry<Kind>((kind) => this.#add(kind, -1))

  /** To be called by the constructor of one. */
  note(kind: Kind, object: object): void {
    this.#add(kind, 1)
    this.#gone.register(object, kind)
  }

  families(): Family[] {
    return [
      {
        name: 'cumulus_objects',
        type: 'gauge',
        help: 'Objects in memory, with those whose memory was not given back yet.',
        samples: [...this.#counts].map(([object, value]) => ({ labels: { object }, value })),
      },
    ]
  }

  #add(kind: Kind, count: number): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + count)
  }
}
