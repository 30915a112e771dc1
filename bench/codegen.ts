/**
 * `npm run bench:codegen`: how long the generator takes, whole process, against its budget. Works
 * on a copy of the project in a temporary folder. Exits with 1 when a budget is exceeded.
 */
import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const SOURCE = join(import.meta.dirname, '..')
const LEXICON = 'lexicons/app/bsky/feed/like.json'
const HANDLER = 'src/handlers/com/atproto/repo/getRecord.ts'

/** Seconds that the median may take, and what changes the project before each run. */
const CASES = [
  { name: 'no change', budget: 0.3, runs: 9, change: () => {} },
  { name: 'one lexicon changed', budget: 1, runs: 5, change: changeLexicon },
  { name: 'one handler changed', budget: 1, runs: 5, change: changeHandler },
  { name: 'everything', budget: 10, runs: 3, change: removeOutput },
]

const project = fs.mkdtempSync(join(tmpdir(), 'bench-codegen-'))
try {
  copyProject()
  codegen()
  for (const { name, budget, runs, change } of CASES) {
    const times = Array.from({ length: runs }, (_, run) => {
      change(run)
      return codegen()
    }).sort((a, b) => a - b)
    const [least = 0, median = 0, most = 0] = [0, runs >> 1, runs - 1].map((at) => times[at])
    const outcome = median <= budget ? 'within' : 'EXCEEDS'
    const spread = `${least.toFixed(2)} to ${most.toFixed(2)} s in ${runs} runs`
    console.log(`${name}: ${median.toFixed(2)} s, ${outcome} ${budget} s (${spread})`)
    if (median > budget) process.exitCode = 1
  }
} finally {
  fs.rmSync(project, { recursive: true, force: true })
}

function changeLexicon(run: number): void {
  const path = join(project, LEXICON)
  const lexicon = JSON.parse(fs.readFileSync(path, 'utf8'))
  lexicon.defs.main.description = `A like, in version ${run}.`
  fs.writeFileSync(path, JSON.stringify(lexicon, null, 2))
}

function changeHandler(run: number): void {
  fs.appendFileSync(join(project, HANDLER), `// ${run}\n`)
}

function removeOutput(): void {
  for (const output of ['src/generated', 'node_modules/.cache']) {
    fs.rmSync(join(project, output), { recursive: true, force: true })
  }
}

/** Runs the generator of the copy. @returns how many seconds the process took */
function codegen(): number {
  const start = performance.now()
  const { status, stderr } = spawnSync(process.execPath, ['codegen/cli.ts'], { cwd: project })
  if (status !== 0) throw new Error(`codegen failed: ${stderr}`)
  return (performance.now() - start) / 1000
}

/** Packages are linked one by one, so that `node_modules/.cache` is the copy's own. */
function copyProject(): void {
  for (const path of ['codegen', 'lexicons', 'src', 'package.json']) {
    fs.cpSync(join(SOURCE, path), join(project, path), { recursive: true })
  }
  fs.mkdirSync(join(project, 'node_modules'))
  for (const name of fs.readdirSync(join(SOURCE, 'node_modules'))) {
    if (name.startsWith('.')) continue
    fs.symlinkSync(join(SOURCE, 'node_modules', name), join(project, 'node_modules', name))
  }
}
