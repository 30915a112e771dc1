/**
 * `npm run bench:codegen`: how long the generator takes, whole process, against its budget. Works on a
 * copy of the project in a temporary folder. Exits 1 when a budget is exceeded; `--json` for scripts.
 */
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'

const source = join(import.meta.dirname, '..')
const LEXICON = 'lexicons/app/bsky/feed/like.json'
const HANDLER = 'src/handlers/com/atproto/repo/getRecord.ts'

interface Case {
  name: string
  budget: number
  runs: number
  prepare: (project: string, run: number) => void
}

interface Outcome {
  name: string
  budget: number
  median: number
  runs: number[]
  ok: boolean
}

const cases: Case[] = [
  { name: 'no change', budget: 0.5, runs: 9, prepare: () => undefined },
  {
    name: 'one lexicon changed',
    budget: 2.5,
    runs: 5,
    prepare: (project, run) =>
      edit(join(project, LEXICON), (text) => {
        const lexicon = JSON.parse(text)
        lexicon.defs.main.description = `A like, in version ${run}.`
        return JSON.stringify(lexicon, null, 2)
      }),
  },
  {
    name: 'one handler changed',
    budget: 2.5,
    runs: 5,
    prepare: (project, run) => edit(join(project, HANDLER), (text) => `${text}// ${run}\n`),
  },
  {
    name: 'everything',
    budget: 30,
    runs: 3,
    prepare: (project) => {
      rmSync(join(project, 'src/generated'), { recursive: true, force: true })
      rmSync(join(project, 'node_modules/.cache'), { recursive: true, force: true })
    },
  },
]

function main(): void {
  const json = process.argv.includes('--json')
  const project = copyProject()
  try {
    codegen(project)
    const outcomes = cases.map((one) => measure(one, project, json))
    if (json) console.log(JSON.stringify({ cpus: availableParallelism(), outcomes }, null, 2))
    process.exitCode = outcomes.every(({ ok }) => ok) ? 0 : 1
  } finally {
    rmSync(project, { recursive: true, force: true })
  }
}

function measure({ name, budget, runs, prepare }: Case, project: string, quiet: boolean): Outcome {
  const times = Array.from({ length: runs }, (_, run) => {
    prepare(project, run)
    return codegen(project)
  })
  const sorted = times.toSorted((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0
  const ok = median <= budget
  if (!quiet) {
    const spread = `${format(sorted[0] ?? 0)}..${format(sorted.at(-1) ?? 0)} in ${runs} runs`
    const verdict = ok ? 'within' : 'EXCEEDS'
    console.log(
      `${name.padEnd(20)} ${format(median).padStart(8)}  ${verdict} ${budget} s  (${spread})`,
    )
  }
  return { name, budget, median, runs: times, ok }
}

/** Runs the generator of the copy and says how many seconds the process took. */
function codegen(project: string): number {
  const start = performance.now()
  const { status, stderr } = spawnSync(process.execPath, ['codegen/cli.ts'], { cwd: project })
  const seconds = (performance.now() - start) / 1000
  if (status !== 0) throw new Error(`codegen failed: ${stderr}`)
  return seconds
}

/** The packages are linked one by one, so that the cache in `node_modules/.cache` is the copy's own. */
function copyProject(): string {
  const project = mkdtempSync(join(tmpdir(), 'bench-codegen-'))
  for (const path of ['codegen', 'lexicons', 'src', 'package.json']) {
    cpSync(join(source, path), join(project, path), { recursive: true })
  }
  mkdirSync(join(project, 'node_modules'))
  for (const name of readdirSync(join(source, 'node_modules'))) {
    if (name.startsWith('.')) continue
    symlinkSync(join(source, 'node_modules', name), join(project, 'node_modules', name))
  }
  return project
}

const edit = (path: string, change: (text: string) => string): void =>
  writeFileSync(path, change(readFileSync(path, 'utf8')))

const format = (seconds: number): string => `${seconds.toFixed(2)} s`

main()
