/** Makes what `src/seeds.ts` of the project says. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Seeds } from '../../src/framework/seeds.ts'
import { type SeedHost, sow } from '../../src/framework/sow.ts'
import { ROOT } from '../host/bundle.ts'
import { CommandError } from '../terminal/errors.ts'

export const SEEDS = 'src/seeds.ts'

export const hasSeeds = (): boolean => existsSync(join(ROOT, SEEDS))

/** @returns what was made, in words; @throws CommandError with the line of the file that is wrong */
export async function loadSeeds(host: SeedHost): Promise<string> {
  const path = join(ROOT, SEEDS)
  try {
    const { default: seeds }: { default?: Seeds } = await import(pathToFileURL(path).href)
    if (!seeds) throw new TypeError('it has no default export: export default seeds(…)')
    const { accounts, records } = await sow(seeds, host)
    return `${SEEDS}: ${accounts} accounts, ${records} records`
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const place = new RegExp(`${SEEDS}:(\\d+:\\d+)`).exec(error.stack ?? '')?.[1]
    throw new CommandError(`${place ? `${SEEDS}:${place}` : SEEDS} ${error.message}`)
  }
}
