/** The recovery kit: what the owner of a host keeps elsewhere, since without it identities or keys are lost for good. */
import { randomInt } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import qr from 'qrcode'
import type { RawSettings } from '../../src/kernel/config/settings.ts'
import { SigningKey } from '../../src/kernel/crypto/signing-key.ts'
import { writeFileSafely } from '../host/safe-file.ts'
import { CommandError } from '../terminal/errors.ts'
import type { Prompts } from '../terminal/prompts.ts'

/** A key that outranks the host's own in identities made here; its private half is in the kit only. */
export interface RecoveryKey {
  /** 64 hex digits. */
  privateKey: string
  didKey: string
}

export function makeRecoveryKey(): RecoveryKey {
  const key = SigningKey.generate()
  return { privateKey: Buffer.from(key.toBytes()).toString('hex'), didKey: key.did() }
}

/** @throws TypeError, RangeError when it is no private key */
export function readRecoveryKey(privateKey: string): RecoveryKey {
  return { privateKey, didKey: SigningKey.fromBytes(Buffer.from(privateKey, 'hex')).did() }
}

export interface Kit {
  hostname: string
  secrets: RawSettings
  recoveryKey: RecoveryKey
}

/** The kit as text. */
export function kitText({ hostname, secrets, recoveryKey }: Kit): string {
  return `RECOVERY KIT of ${hostname}, made ${new Date().toISOString().slice(0, 10)} by cumulus init

Keep this where only you can read it, and not on the machine of the host: a password manager, or paper.
Whoever has it can take over every identity of the host.

Recovery key (secp256k1, private, hex). Not on the host: with it you win an identity back, or move it away
when the host is lost (docs/migrate.md). Its public half is in every did:plc identity made there:
  ${recoveryKey.privateKey}
  ${recoveryKey.didKey}

Rotation key of the host (PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX):
  ${secrets.PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX}

Key secret (PDS_KEY_SECRET). Without it, no backup of the signing keys can be read:
  ${secrets.PDS_KEY_SECRET}

Operator's password (PDS_ADMIN_PASSWORD), user "admin":
  ${secrets.PDS_ADMIN_PASSWORD}
`
}

/** Ways to keep the kit. */
export const kitWays = ['file', 'clipboard', 'qr'] as const
export type KitWay = (typeof kitWays)[number]

export interface KitOptions {
  /** File that the kit is written to. */
  file: string | undefined
  way: KitWay | undefined
}

const DEFAULT_FILE = 'recovery-kit.txt'

/**
 * Hands the kit out and does not return before the person has shown to have it, by typing a part that is asked for. Where
 * nobody can be asked it goes into a file, which is read back.
 *
 * @returns where it went
 * @throws UsageError, CommandError, InterruptedError
 */
export async function handOutKit(kit: Kit, options: KitOptions, prompts: Prompts): Promise<string> {
  const way = options.file
    ? 'file'
    : await prompts.select<KitWay>({
        message: 'Where do you keep the recovery kit?',
        about: ['Without it, keys that are lost here are lost for good.'],
        flag: '--recovery-kit',
        given: options.way,
        ...(!prompts.canAsk && { otherwise: 'file' }),
        options: [
          { value: 'file', label: 'in a file, which I move off this machine' },
          { value: 'clipboard', label: 'in the clipboard, for a password manager' },
          { value: 'qr', label: 'a QR code on this terminal, to photograph or print' },
        ],
      })
  const where = await (way === 'file'
    ? toFile(kit, options.file ?? DEFAULT_FILE, prompts)
    : show(kit, way))
  if (prompts.canAsk) await prove(kit.recoveryKey.privateKey, prompts)
  return where
}

/** @throws CommandError for a file that is there and has something else in it */
async function toFile(kit: Kit, name: string, prompts: Prompts): Promise<string> {
  const path = resolve(name)
  if (existsSync(path) && !readFileSync(path, 'utf8').includes(kit.recoveryKey.privateKey)) {
    throw new CommandError(`${path} is there already: name another file with --recovery-kit.`)
  }
  writeFileSafely(path, kitText(kit))
  if (!readFileSync(path, 'utf8').includes(kit.recoveryKey.privateKey)) {
    throw new CommandError(`${path} does not hold what was written to it.`)
  }
  prompts.note(`The recovery kit is in ${path}: move it off this machine.`)
  return path
}

async function show(kit: Kit, way: 'clipboard' | 'qr'): Promise<string> {
  const text = kitText(kit)
  if (way === 'clipboard') {
    // OSC 52: terminals put it into the clipboard of the person's own machine, over ssh too.
    process.stderr.write(`\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`)
    process.stderr.write(
      'Sent to the clipboard; where it is not there, press Ctrl-C and choose a file.\n',
    )
    return 'clipboard'
  }
  const { hostname, recoveryKey, secrets } = kit
  const content = JSON.stringify({
    host: hostname,
    recovery: recoveryKey.privateKey,
    rotation: secrets.PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX,
    keySecret: secrets.PDS_KEY_SECRET,
  })
  const code = await qr.toString(content, {
    type: 'terminal',
    small: true,
    errorCorrectionLevel: 'L',
  })
  process.stderr.write(`\n${code}\n${text}\n`)
  return 'qr'
}

/** Four characters from somewhere within it: not to be answered from memory. */
async function prove(privateKey: string, prompts: Prompts): Promise<void> {
  const start = randomInt(privateKey.length / 4) * 4
  const [first, last] = [start + 1, start + 4]
  await prompts.text({
    message: `From your kit: characters ${first} to ${last} of the recovery key (the line that begins ${privateKey.slice(0, 4)}…)`,
    flag: '--recovery-kit',
    given: undefined,
    validate: (answer) =>
      answer.toLowerCase() === privateKey.slice(start, last) ? undefined : 'not what is in the kit',
  })
}
