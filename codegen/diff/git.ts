/** Lexicons as they were at a git ref. */
import { execFileSync } from 'node:child_process'
import { UsageError } from '../errors.ts'
import { LEXICONS } from '../layout.ts'
import { type LexiconFile, lexiconFile } from '../load.ts'

/** Reads `lexicons/` at `ref`. @throws UsageError when there is no such ref or no repository */
export function lexiconsAt(root: string, ref: string): LexiconFile[] {
  const git = (args: string[], input = ''): Buffer =>
    execFileSync('git', args, {
      cwd: root,
      input,
      maxBuffer: 256 * 2 ** 20,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
  try {
    git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`])
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer }
    const reason = stderr?.toString().trim().split('\n')[0]
    if (reason?.includes('not a git repository')) {
      throw new UsageError(
        'this compares with what git has, and the project is in no repository: git init, and commit it as it was',
      )
    }
    throw new UsageError(reason || `"${ref}" is not a commit, branch or tag of this repository`)
  }
  const listing = git(['ls-tree', '-r', '-z', `${ref}^{commit}`, `${LEXICONS}/`]).toString()
  const entries = listing
    .split('\0')
    .map((line) => /^\d+ blob ([0-9a-f]+)\t(.+)$/s.exec(line))
    .flatMap((match) => (match ? [{ id: match[1] ?? '', path: match[2] ?? '' }] : []))
    .filter(({ path }) => path.endsWith('.json') && !path.includes('/.'))
  const batch = git(['cat-file', '--batch'], entries.map(({ id }) => `${id}\n`).join(''))
  return splitBatch(batch).map((text, index) => lexiconFile(entries[index]?.path ?? '', text))
}

/** The contents in the output of `git cat-file --batch`: a line with the size, the bytes, a line end. */
function splitBatch(batch: Buffer): string[] {
  const texts: string[] = []
  for (let at = 0; at < batch.length; ) {
    const lineEnd = batch.indexOf('\n', at)
    const size = Number(batch.subarray(at, lineEnd).toString().split(' ')[2])
    texts.push(batch.subarray(lineEnd + 1, lineEnd + 1 + size).toString())
    at = lineEnd + 1 + size + 1
  }
  return texts
}
