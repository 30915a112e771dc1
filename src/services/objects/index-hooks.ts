import type { RpcClient } from '../../contracts/answer.ts'
import type { HookRpc } from '../../contracts/host-index.ts'
import type { WithShards } from './index-clients.ts'

/**
 * Writes that were given up, of all objects. Each counts its own: `number * objects + place` is unique among all, and with one
 * object it is the number itself. The newest of an object come first; among several, about so.
 */
export const hookPart = (withShards: WithShards): RpcClient<{ hooks: HookRpc }>['hooks'] => ({
  letters: (limit, before) =>
    withShards(async ({ all }) => {
      const n = all.length
      const lists = await Promise.all(
        all.map(async ({ hooks }, place) => {
          const from = before === undefined ? undefined : Math.ceil((before - place) / n)
          const letters = await hooks.letters(limit, from)
          return letters.map((letter) => ({ ...letter, id: letter.id * n + place }))
        }),
      )
      return lists
        .flat()
        .sort((a, b) => b.id - a.id)
        .slice(0, limit)
    }),
  replay: (id) => withShards(({ all }) => each(all, id, ({ hooks }, own) => hooks.replay(own))),
  drop: (id) => withShards(({ all }) => each(all, id, ({ hooks }, own) => hooks.drop(own))),
})

/** Does something about one given up write, or about all of them. @returns how many there were */
async function each<T>(
  all: readonly T[],
  id: number | undefined,
  work: (shard: T, id: number | undefined) => Promise<number>,
): Promise<number> {
  if (id !== undefined) {
    const shard = all[id % all.length]
    return shard ? work(shard, Math.floor(id / all.length)) : 0
  }
  const counts = await Promise.all(all.map((shard) => work(shard, undefined)))
  return counts.reduce((total, n) => total + n, 0)
}
