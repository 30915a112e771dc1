/**
 * Runs `@atproto/lex-cli`. It deletes what it did not write from its output folder, so it gets a scratch
 * folder; and it spends its time formatting, so it gets the changed lexicons only, in a few processes.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { nsidToPath } from '../layout.ts'
import { packageEntry } from '../packages.ts'
import { readText } from '../tree.ts'

/** Start-up of a process costs as much as formatting about this many lexicons. */
const BATCH_AT_LEAST = 12

/** lex-cli also formats one file that holds all it was given, in time that grows faster than its size. */
const BATCH_AT_MOST = 40

/** Type files by NSID, and the one file of helpers that they share. */
export interface LexCliOutput {
  types: Map<string, string>
  util: string
}

/** lex-cli failed on lexicons that had passed our own checks. */
export class LexCliError extends Error {
  override name = 'LexCliError'
}

/** The lexicon to generate types for: its NSID and the absolute path of its file. */
export interface LexCliInput {
  nsid: string
  file: string
  size: number
}

/** Generates the types of `inputs`. @throws LexCliError */
export async function runLexCli(inputs: readonly LexCliInput[]): Promise<LexCliOutput> {
  const scratch = mkdtempSync(join(tmpdir(), 'lexicon-types-'))
  try {
    const batches = split(inputs)
    const folders = batches.map((_, index) => join(scratch, String(index)))
    const queue = [...batches.entries()]
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        await spawnLex(next[1], folders[next[0]] ?? scratch)
      }
    }
    await Promise.all(Array.from({ length: availableParallelism() }, worker))
    return collect(batches, folders)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** Batches of about equal size: as many as keep the processors busy without starting too often. */
function split(inputs: readonly LexCliInput[]): LexCliInput[][] {
  const count = Math.max(
    1,
    Math.min(availableParallelism(), Math.floor(inputs.length / BATCH_AT_LEAST)),
    Math.ceil(inputs.length / BATCH_AT_MOST),
  )
  const batches = Array.from({ length: count }, () => ({ size: 0, items: [] as LexCliInput[] }))
  for (const input of [...inputs].sort((a, b) => b.size - a.size)) {
    const smallest = batches.reduce((a, b) => (b.size < a.size ? b : a))
    smallest.items.push(input)
    smallest.size += input.size
  }
  return batches.map((batch) => batch.items)
}

async function spawnLex(batch: readonly LexCliInput[], folder: string): Promise<void> {
  const files = batch.map(({ file }) => file)
  // By path: the binary called `lex` on the PATH may belong to `@atproto/lex`.
  const args = [packageEntry('@atproto/lex-cli'), 'gen-server', '--yes', folder, ...files]
  try {
    await promisify(execFile)(process.execPath, args, { maxBuffer: 64 * 2 ** 20 })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    const said = (stderr || stdout).trim().split('\n').slice(0, 5).join('\n')
    throw new LexCliError(`lex-cli failed:\n${said}`, { cause: error })
  }
}

function collect(batches: LexCliInput[][], folders: string[]): LexCliOutput {
  const output: LexCliOutput = { types: new Map(), util: '' }
  for (const [index, batch] of batches.entries()) {
    const folder = folders[index] ?? ''
    output.util = readFileSync(join(folder, 'util.ts'), 'utf8')
    for (const { nsid } of batch) {
      const code = readText(join(folder, 'types', `${nsidToPath(nsid)}.ts`))
      if (code === undefined) throw new LexCliError(`lex-cli wrote no types for ${nsid}`)
      output.types.set(nsid, code)
    }
  }
  return output
}
