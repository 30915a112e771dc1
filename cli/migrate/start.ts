/** Puts together what a move works with, from its folder and from what was asked for. */

import type { ResolutionSettings } from '../../src/services/identity/resolve-did.ts'
import { lockFolder } from '../host/folder-lock.ts'
import { MoveError } from './errors.ts'
import { safeOrigin } from './identity.ts'
import type { Answers, Move, MoveOptions, Reporter } from './move.ts'
import { type Finding, type Preflight, preflight, type Wanted } from './preflight.ts'
import { Remote, type RemoteOptions } from './remote.ts'
import { Session } from './session.ts'
import type { MoveFolder, MoveState } from './state.ts'

export interface Start {
  wanted: Wanted
  folder: MoveFolder
  answers: Answers
  report: Reporter
  options: MoveOptions
  remote: RemoteOptions
  network: ResolutionSettings
}

/** Goes on with a move, or begins it. @throws MoveError, RemoteError */
export async function startMove(start: Start): Promise<Move> {
  const { folder, wanted } = start
  folder.make()
  await lockFolder(folder.path, '').catch(() => {
    throw new MoveError(`Another run works with ${folder.path}: one is enough.`)
  })
  const before = folder.load()
  const state = before ? resumed(before, wanted) : await begin(start)
  folder.save(state)
  if (state.endedAt) {
    start.report.note(
      `This move ended at ${state.endedAt}: for another one, name another folder with --state`,
    )
  }
  return moveOf(start, state)
}

async function begin({ wanted, remote, network, report }: Start): Promise<MoveState> {
  const { state, findings } = await preflight(wanted, remote, network)
  assertPossible(findings, report)
  return state
}

/** Tells what was found. @throws MoveError when the move cannot succeed */
export function assertPossible(findings: Preflight['findings'], report: Reporter): void {
  for (const { level, text } of findings) if (level !== 'stop') report.note(text)
  const stops = findings.filter(({ level }) => level === 'stop').map(textOf)
  if (stops.length > 0) throw new MoveError(stops.join('\n'))
}

const textOf = ({ text }: Finding): string => text

function resumed(state: MoveState, { to, from, offline, email, handle }: Wanted): MoveState {
  const target = safeOrigin(to)
  if (state.offline !== offline) {
    throw new MoveError(
      `This move was begun ${state.offline ? 'with' : 'without'} --offline: go on like that, or use another --state folder.`,
    )
  }
  if (target !== state.target) {
    throw new MoveError(
      `This move leads to ${state.target}, not to ${target}: use another --state folder for another move.`,
    )
  }
  return {
    ...state,
    ...(from !== undefined && { source: safeOrigin(from) }),
    // What the new host refused is corrected; an account that is there has both already.
    ...(state.steps.account === undefined && {
      ...(email && { email }),
      ...(handle && { handle: handle.toLowerCase() }),
    }),
  }
}

export function moveOf(start: Start, state: MoveState): Move {
  const { folder, answers, report, options, remote, network } = start
  const save = () => folder.save(state)
  const old = new Remote('the old host', state.source, remote)
  const here = new Remote('the new host', state.target, remote)
  const session = (side: 'source' | 'target', host: Remote, password: () => Promise<string>) =>
    new Session({
      remote: host,
      did: state.did,
      token: state.tokens[side],
      password,
      // Of the account here there is none before it is here.
      givenCode: side === 'source' ? answers.givenSignInCode() : undefined,
      code: () => answers.signInCode(host.name),
      onWrongCode: (line) => report.note(line),
      keep(token) {
        state.tokens[side] = token
        save()
      },
    })
  return {
    state,
    folder,
    old,
    here,
    oldSession: session('source', old, () => answers.oldPassword()),
    hereSession: session('target', here, () => answers.newPassword()),
    answers,
    report,
    options,
    network,
    signal: remote.signal,
    save,
  }
}
