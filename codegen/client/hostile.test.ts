/** Texts of lexicons are data in a client, too, whose schemas are made by another generator than ours. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkLexicons } from '../check/check.ts'
import { UsageError } from '../errors.ts'
import { lexiconFile } from '../load.ts'
import { areDistinct, harmless, hostileTexts, type Texts, treeOf } from '../testing/hostile.ts'
import { readProgram } from '../testing/program-shape.ts'
import { planClient } from './build.ts'

/** How many trees are tried; each takes some 0.3 s. `test:long` tries more. */
const RUNS = process.env.CUMULUS_LONG ? 400 : 4

async function clientOf(texts: Texts) {
  const files = Object.entries(treeOf(texts)).map(([path, doc]) =>
    lexiconFile(path, JSON.stringify(doc)),
  )
  const { lexicons } = await checkLexicons(files)
  if (!lexicons) return undefined
  const options = { namespaces: ['com.example'], extension: '.ts' }
  const planned = await planClient(lexicons, lexicons, options).catch((error: unknown) => {
    if (error instanceof UsageError) return undefined
    throw error
  })
  if (!planned) return undefined
  return new Map(planned.map(({ path, code }) => [path, readProgram(code)]))
}

test('hostile texts change nothing of what a client does', async () => {
  const twin = await clientOf(harmless)
  let made = 0
  await fc.assert(
    fc.asyncProperty(hostileTexts.filter(areDistinct), async (texts) => {
      // Names are names of variables there, so that only prose is compared.
      const { field, other, parameter, view, token, kind, list, ...prose } = texts
      const found = await clientOf({ ...harmless, ...prose })
      if (!found) return
      made++
      for (const [path, { problems, shape }] of found) {
        expect([path, problems]).toEqual([path, []])
        expect([path, shape]).toEqual([path, twin?.get(path)?.shape])
      }
    }),
    { numRuns: RUNS },
  )
  expect(made).toBeGreaterThan(0)
}, 600_000)
