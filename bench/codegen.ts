/** The row "codegen": how long the generator takes, whole process, on a copy of the project in a temporary folder. */
import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import type { Context } from './context.ts'
import { figure } from './load/spread.ts'
import { progress } from './progress.ts'
import { percent } from './report/text.ts'

const SOURCE = join(import.meta.dirname, '..')
const LEXICON = 'lexicons/app/bsky/feed/like.json'
const HANDLER = 'src/handlers/com/atproto/repo/getRecord.ts'

/** Seconds that the median may take, and what changes the project before each run. */
const CASES = [
  { name: 'no change', budget: 0.3, runs: 9, change: () => {} },
  { name: 'one lexicon changed', budget: 1, runs: 5, change: changeLexicon },
  { name: 'one handler changed', budget: 0.6, runs: 5, change: changeHandler },
  { name: 'everything', budget: 10, runs: 3, change: removeOutput },
]

export async function measureCodegen({ options, report, cleanup }: Context): Promise<void> {
  const addLine = report.table('Generator', ['', 'seconds', '±', 'runs'])
  const project = cleanup.folder()
  copyProject(project)
  codegen(project)
  for (const { name, budget, runs, change } of CASES) {
    progress(`codegen: ${name}`)
    const times: number[] = []
    for (let run = 0; run < (options.quick ? Math.ceil(runs / 3) : runs); run += 1) {
      change(project, run)
      times.push(codegen(project))
    }
    const { value, spread } = figure(times)
    addLine([name, value, percent(spread), times.length])
    report.check(`codegen, ${name}`, '≤', budget, value, 's')
  }
}

function changeLexicon(project: string, run: number): void {
  const path = join(project, LEXICON)
  const lexicon = JSON.parse(fs.readFileSync(path, 'utf8'))
  lexicon.defs.main.description = `A like, in version ${run}.`
  fs.writeFileSync(path, JSON.stringify(lexicon, null, 2))
}

function changeHandler(project: string, run: number): void {
  fs.appendFileSync(join(project, HANDLER), `// ${run}\n`)
}

function removeOutput(project: string): void {
  for (const output of ['src/generated', 'node_modules/.cache']) {
    fs.rmSync(join(project, output), { recursive: true, force: true })
  }
}

/** Runs the generator of the copy. @returns how many seconds the process took */
function codegen(project: string): number {
  const start = performance.now()
  const { status, stderr } = spawnSync(process.execPath, ['codegen/cli.ts'], { cwd: project })
  if (status !== 0) throw new Error(`codegen failed: ${stderr}`)
  return (performance.now() - start) / 1000
}

/** Packages are linked one by one, so that `node_modules/.cache` is the copy's own. */
function copyProject(project: string): void {
  for (const path of ['codegen', 'lexicons', 'src', 'package.json']) {
    fs.cpSync(join(SOURCE, path), join(project, path), { recursive: true })
  }
  fs.mkdirSync(join(project, 'node_modules'))
  for (const name of fs.readdirSync(join(SOURCE, 'node_modules'))) {
    if (name.startsWith('.')) continue
    fs.symlinkSync(join(SOURCE, 'node_modules', name), join(project, 'node_modules', name))
  }
}
