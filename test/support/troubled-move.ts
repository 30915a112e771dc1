/** A move by `cumulus migrate` that is killed and cut off again and again, and what has to hold at every moment. */
import { AtpAgent } from '@atproto/api'
import { expect } from 'vitest'
import { makeFolder, NEW_PASSWORD, startLine, startMigration } from './migrate.ts'

export interface TroubledMove {
  did: string
  /** Origins. */
  old: string
  here: string
  plc: string
  handle: string
  /** How often something goes wrong. */
  troubles: number
  /** Records that the old host has. */
  records: number
  /** Longest time until something goes wrong, ms. */
  longest: number
  /** The newest code that the old host has mailed. */
  mailedCode(): Promise<string>
  args?: readonly string[]
  /** Passwords, where they are others than usual. */
  env?: Record<string, string>
}

export interface Ordeal {
  kills: number
  cuts: number
  runs: number
  /** How often each step was being worked on when something went wrong. */
  during: Record<string, number>
  seconds: number
  output: string
}

/** Moves the account; returns once it has moved. */
export async function moveThroughTrouble(move: TroubledMove): Promise<Ordeal> {
  const begun = Date.now()
  const lines = {
    old: await startLine(move.old),
    here: await startLine(move.here),
    plc: await startLine(move.plc),
  }
  const state = makeFolder()
  const ordeal: Ordeal = { kills: 0, cuts: 0, runs: 0, during: {}, seconds: 0, output: '' }
  let code: string | undefined
  let runOfCode = -1
  try {
    for (;;) {
      ordeal.runs++
      const args = [
        ...['--from', lines.old.origin, '--new-handle', move.handle, '--json'],
        ...(code === undefined ? [] : ['--plc-code', code]),
        ...(move.args ?? []),
      ]
      const run = startMigration(move.did, {
        to: lines.here.origin,
        plc: lines.plc.origin,
        state,
        args,
        ...(move.env && { env: move.env }),
      })
      const stop = disturb(move, ordeal, run, lines)
      const { code: exit, output } = await run.ended
      stop()
      ordeal.output += `--- run ${ordeal.runs}\n${output}`
      await assertSafe(move)
      if (exit === 0) break
      if (exit !== null && exit !== 1) throw new Error(`exit ${exit}\n${ordeal.output}`)
      // A code is good once: the run that had it may have used it up.
      if (code !== undefined && ordeal.runs > runOfCode) code = undefined
      if (output.includes('has mailed a code')) {
        code = await move.mailedCode()
        runOfCode = ordeal.runs + 1
      }
      if (ordeal.runs > move.troubles + 30) throw new Error(`no end in sight\n${ordeal.output}`)
    }
  } finally {
    for (const line of Object.values(lines)) await line.stop()
  }
  ordeal.seconds = Math.round((Date.now() - begun) / 1000)
  return ordeal
}

const STEPS = 11

/** Most steps take no longer, ms. */
const QUICK = 40

type Lines = Record<'old' | 'here' | 'plc', { cut(): void }>

/** Kills a run, or cuts a line under it, soon after it has come to some step; lines again and again. */
function disturb(
  move: TroubledMove,
  ordeal: Ordeal,
  run: ReturnType<typeof startMigration>,
  lines: Lines,
): () => void {
  let step = 'start'
  let number = 0
  let timer: NodeJS.Timeout | undefined
  const strike = () => {
    timer = undefined
    if (ordeal.kills + ordeal.cuts >= move.troubles) return
    ordeal.during[step] = (ordeal.during[step] ?? 0) + 1
    if (Math.random() < 0.5) {
      ordeal.kills++
      run.child.kill('SIGKILL')
      return
    }
    ordeal.cuts++
    const names = ['old', 'here', 'plc'] as const
    lines[names[Math.floor(Math.random() * 3)] ?? 'old'].cut()
    arm()
  }
  const arm = () => {
    // So much for each step as there are troubles for it; later ones would get nothing otherwise.
    const isBehind = ordeal.kills + ordeal.cuts < (move.troubles * number) / STEPS
    if (isBehind) clearTimeout(timer)
    // What is to come already comes, be it in a later step.
    else if (timer || Math.random() > 0.3) return
    const longest = Math.random() < 0.7 ? QUICK : isBehind ? QUICK * 10 : move.longest
    timer = setTimeout(strike, Math.random() * longest)
  }
  run.child.stderr?.on('data', (chunk: Buffer) => {
    const found = [...chunk.toString().matchAll(/^(\d+)\/\d+ {2}(.*?)(?: {2}|$)/gm)].at(-1)
    if (!found?.[2] || found[2] === step) return
    step = found[2]
    number = Number(found[1])
    arm()
  })
  return () => clearTimeout(timer)
}

/** There is always a host that answers for the account, and the old one is switched off last. */
async function assertSafe({ did, old, here, plc, records, env }: TroubledMove): Promise<void> {
  const data = (await (await fetch(`${plc}/${did}/data`)).json()) as {
    services: { atproto_pds: { endpoint: string } }
  }
  const isSwitched = data.services.atproto_pds.endpoint !== old.replace('127.0.0.1', 'localhost')
  const isActive = async (origin: string): Promise<boolean> => {
    const answer = await fetch(`${origin}/xrpc/com.atproto.sync.getRepoStatus?did=${did}`)
    return ((await answer.json()) as { active?: boolean }).active ?? false
  }
  const [atOld, atHere] = [await isActive(old), await isActive(here)]
  expect(atOld || atHere).toBe(true)
  if (!isSwitched) {
    expect(atHere).toBe(false)
    return
  }
  const agent = new AtpAgent({ service: here })
  const password = env?.CUMULUS_NEW_PASSWORD ?? NEW_PASSWORD
  await agent.login({ identifier: did, password })
  const { data: status } = await agent.com.atproto.server.checkAccountStatus()
  expect(status).toMatchObject({ indexedRecords: records, validDid: true })
  expect(status.importedBlobs).toBe(status.expectedBlobs)
}
