import type { HookRpc, IndexReport, IndexState } from '../../contracts/host-index.ts'
import type { CollectionDefinitions } from '../../kernel/collection-files.ts'
import type { HostIndex } from '../../storage/index/host-index.ts'
import type { HookLetter } from '../../storage/index/letters.ts'

/** Given up writes in one answer, at most. */
const MAX_LETTERS = 100

/** How index and hooks are doing, and what an operator does about writes that were given up. */
export class IndexOperator implements HookRpc {
  readonly #index: HostIndex
  readonly #collections: () => CollectionDefinitions
  readonly #startDue: () => void

  /** @param startDue starts what became due */
  constructor(index: HostIndex, collections: () => CollectionDefinitions, startDue: () => void) {
    this.#index = index
    this.#collections = collections
    this.#startDue = startDue
  }

  report(): IndexReport {
    this.#startDue()
    const { definitions, tasks } = this.#index
    const collections = new Set(definitions.all().map(({ collection }) => collection))
    const { definitions: files, failed } = this.#collections()
    const hooked = [...files].flatMap(([name, { afterWrite }]) => (afterWrite ? [name] : []))
    return {
      position: this.#index.position(),
      collections: [...collections].map((collection): IndexState => {
        const all = definitions.of(collection)
        const filled = all.findLast(({ finishedAt }) => finishedAt !== null)
        const filling = all.find(({ finishedAt }) => finishedAt === null)
        return {
          collection,
          serves: all.some(({ state }) => state === 'live'),
          ...(filled?.finishedAt && {
            filled: {
              accounts: filled.accounts,
              records: filled.records,
              ms: filled.finishedAt - filled.startedAt,
            },
          }),
          ...(filling && {
            filling: {
              accounts: filling.accounts,
              records: filling.records,
              startedAt: filling.startedAt,
            },
          }),
        }
      }),
      hooks: tasks.counts(hooked),
      failed: [...failed.values()].map(({ file, message }) => ({ file, message })),
      shards: [{ position: this.#index.position(), bytes: this.#index.bytes }],
    }
  }

  letters(limit: number, before?: number): HookLetter[] {
    return this.#index.tasks.letters.list(Math.min(limit, MAX_LETTERS), before)
  }

  replay(id?: number): number {
    const replayed = this.#index.tasks.letters.replay(id, Date.now())
    this.#startDue()
    return replayed
  }

  drop(id?: number): number {
    return this.#index.tasks.letters.drop(id)
  }
}
