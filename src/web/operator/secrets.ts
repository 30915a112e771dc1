/** What `cumulus secret` asks of a running host. */
import { createHmac } from 'node:crypto'
import { InvalidRequestError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import type { Config } from '../../kernel/config/config.ts'
import { isOfOther } from '../../services/objects/secrets.ts'
import type { RotationRun } from '../../storage/directory/secret-rotations.ts'
import { jsonBody } from '../account/form.ts'
import type { CommandEnv } from './command-context.ts'

/** Characters of what proofs are made for. */
const NONCE = /^[\w-]{16,64}$/

export const secretCommands = new Hono<CommandEnv>()
  /**
   * `{nonce}` in. How far it is that secrets take the place of others, and a proof of each secret that this host works
   * with, the one in use first, out.
   */
  .post('/operator/secrets', async (c) => {
    const { nonce } = await jsonBody(c)
    if (typeof nonce !== 'string' || !NONCE.test(nonce)) {
      throw new InvalidRequestError('nonce must be 16 to 64 letters or digits')
    }
    const { config, directory } = c.env.services
    const { jwt, key, plc } = await directory.secrets.rotations()
    return c.json({
      jwt: { proofs: proofs(nonce, config.jwtSecret, config.otherJwtSecret), since: jwt?.since },
      key: {
        proofs: proofs(nonce, config.keySecret, config.otherKeySecret),
        run: key && shown(key, await isOfOther.key(key, config)),
      },
      plc: {
        proofs: proofs(nonce, config.plcRotationKey, config.otherPlcRotationKey),
        run: plc && shown(plc, isOfOther.plc(plc, config)),
        didKeys: c.env.services.plc.ownDidKeys(),
      },
      dpop: { proofs: proofs(nonce, config.dpopSecret) },
    })
  })

function proofs(nonce: string, ...secrets: readonly (Config['dpopSecret'] | undefined)[]) {
  return secrets.flatMap((secret) => (secret === undefined ? [] : [proofOf(nonce, secret)]))
}

/** Says whether a secret is another's; whoever guesses had to guess all of it. */
const proofOf = (nonce: string, secret: string): string =>
  createHmac('sha256', secret).update(`cumulus secret\0${nonce}`).digest('hex').slice(0, 32)

const shown = (run: RotationRun, ofOther: boolean) => ({
  ofOther,
  since: run.since,
  total: run.total,
  done: run.done,
  pass: run.pass,
  changed: run.changed,
  failed: run.failed,
  failures: run.failures,
  waiting: run.waiting,
  finishedAt: run.finishedAt,
})
