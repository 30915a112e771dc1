/** `cumulus doctor` finds each thing that is wrong with a host or the network around it, and nothing where all is well. */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode } from '@atproto/lex-cbor'
import { blocksToCarFile, readCarWithRoot } from '@atproto/repo'
import { Frame, MessageFrame } from '@atproto/xrpc-server'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import cumulus from '../../cli/commands/cumulus.ts'
import { checks } from '../../cli/doctor/checks.ts'
import { findCommand } from '../../cli/terminal/program.ts'
import { PlcDirectory } from '../../src/services/identity/plc.ts'
import { hasOpenssl } from '../support/certificates.ts'
import { runCumulus } from '../support/command.ts'
import { HOSTNAME, type Patient, startPatient } from '../support/doctor.ts'
import type { Answered, Fake } from '../support/fake-network.ts'
import type { FirehoseReader } from '../support/firehose.ts'

type Fields = Record<string, unknown>

/** What a fake says to requests with this at the end of their path. */
const says = (fake: Fake, path: string, change: (said: Answered, fields: Fields) => Answered) => {
  fake.alter = (asked, _, said) => (asked.endsWith(path) ? change(said, said.body as Fields) : said)
}

const with200 = (body: unknown): Answered => ({ status: 200, body })

/** Changes the data and the document of every identity, or what its log says last. */
const identity = ({ network }: Patient, change: (document: Fields) => Fields) => {
  network.plc.alter = (path, _, said) =>
    /^\/did:plc:[a-z2-7]+$/.test(path) ? with200(change(said.body as Fields)) : said
}

const rotationKeys = ({ network }: Patient, change: (keys: string[]) => string[]) => {
  network.plc.alter = (path, _, said) =>
    path.endsWith('/log/audit')
      ? with200(
          (said.body as { operation: { rotationKeys: string[] } }[]).map((entry) => ({
            ...entry,
            operation: {
              ...entry.operation,
              rotationKeys: change(entry.operation.rotationKeys),
            },
          })),
        )
      : said
}

const overlook = ({ front }: Patient, path: string, body: Fields | undefined) => {
  front.answer = ({ url }) =>
    url?.startsWith(path)
      ? { status: body ? 200 : 404, body: JSON.stringify(body ?? {}) }
      : undefined
}

const relayStatus = ({ network }: Patient, change: (said: Fields) => Fields) =>
  says(network.relay, 'getHostStatus', (_, fields) => with200(change(fields)))

const commits = ({ front }: Patient, change: (body: Fields) => Fields | Promise<Fields>) => {
  front.frames = async (bytes) => {
    const frame = Frame.fromBytes(bytes)
    if (!frame.isMessage() || frame.type !== '#commit') return [bytes]
    const body = await change(frame.body as Fields)
    return [new MessageFrame(body as never, { type: '#commit' }).toBytes()]
  }
}

/** In a text of bytes, one for another of the same length. */
function replaced(bytes: Uint8Array, from: Uint8Array, to: Uint8Array): Uint8Array {
  const found = Buffer.from(bytes).indexOf(Buffer.from(from))
  if (found < 0) return bytes
  const copy = Uint8Array.from(bytes)
  copy.set(to, found)
  return copy
}

interface Fault {
  /** @returns what takes it back, where that takes more than `repair` */
  does(patient: Patient): unknown
  /** Checks that find something, all of them. */
  finds: string[]
  /** What one of them says. */
  said?: RegExp
  /** Checks that cannot be made then. */
  skips?: string[]
}

const UNREACHABLE = ['firehose-reads', 'handle-resolves', 'well-known-did', 'well-known-oauth']
const WITHOUT_HOST = ['appview-posts', 'firehose-order', 'firehose-verifies']

const faults: Record<string, Fault> = {
  'the host name is not in DNS': {
    does: ({ network }) => {
      network.dns.alter = (_, query, said) =>
        query.get('name') === HOSTNAME ? with200({ Status: 3 }) : said
    },
    finds: ['dns-host'],
  },
  'there is no wildcard record for handles': {
    does: ({ network }) => {
      network.dns.alter = (_, query, said) =>
        query.get('name') === HOSTNAME ? said : with200({ Status: 3 })
    },
    finds: ['dns-handles'],
  },
  'DNS gives a handle to somebody else': {
    does: ({ network }) => {
      network.dns.alter = (_, query, said) => {
        const name = query.get('name') ?? ''
        const data = '"did=did:plc:abcdefghijklmnopqrstuvwx"'
        return name.startsWith('_atproto.')
          ? with200({ Status: 0, Answer: [{ type: 16, data }] })
          : said
      }
    },
    finds: ['handle-resolves'],
    said: /leads to did:plc:abcdefghijklmnopqrstuvwx/,
  },
  'the resolver does not answer': {
    does: ({ network }) => says(network.dns, '', () => ({ status: 503, body: {} })),
    finds: [],
    skips: ['dns-handles', 'dns-host'],
  },
  'the proxy answers for a server that is down': {
    does: ({ front }) => {
      front.passesWebSockets = false
      front.answer = () => ({ status: 502, body: '' })
    },
    finds: ['host-answers'],
    skips: [...UNREACHABLE, ...WITHOUT_HOST],
    said: /_health answers 502/,
  },
  'another server answers under the name': {
    does: (patient) => overlook(patient, '/xrpc/_health', { version: 'PDS 0.4' }),
    finds: ['host-answers'],
    said: /another server/,
  },
  'the certificate has expired': {
    does: ({ front }) => {
      front.certificate = () => ({ names: [HOSTNAME, `*.${HOSTNAME}`], days: -1 })
    },
    finds: ['host-answers', 'tls-handles', 'tls-host'],
    skips: [...UNREACHABLE, ...WITHOUT_HOST],
    said: /has expired/,
  },
  'the certificate is for another name': {
    does: ({ front }) => {
      front.certificate = (name) => ({
        names: name === HOSTNAME ? ['www.example.com'] : [name],
        days: 60,
      })
    },
    finds: ['host-answers', 'tls-host'],
    skips: ['firehose-reads', 'well-known-did', 'well-known-oauth', ...WITHOUT_HOST],
    said: /for another name/,
  },
  'the certificate is signed by nobody who is known': {
    does: ({ front }) => {
      front.certificate = () => ({ names: [HOSTNAME, `*.${HOSTNAME}`], days: 60, unknown: true })
    },
    finds: ['host-answers', 'tls-handles', 'tls-host'],
    skips: [...UNREACHABLE, ...WITHOUT_HOST],
    said: /signed by nobody/,
  },
  'the certificate does not cover handles': {
    does: ({ front }) => {
      front.certificate = () => ({ names: [HOSTNAME], days: 60 })
    },
    finds: ['handle-resolves', 'tls-handles'],
  },
  'the certificate is not renewed': {
    does: ({ front }) => {
      front.certificate = () => ({ names: [HOSTNAME, `*.${HOSTNAME}`], days: 5 })
    },
    finds: ['tls-expiry'],
  },
  'the clock is slow': {
    does: ({ network }) => {
      for (const fake of [network.plc, network.relay, network.appview]) fake.clockOff = 90_000
    },
    finds: ['clock'],
    said: /(89|90|91) s behind/,
  },
  'the proxy keeps the DID document of the host to itself': {
    does: (patient) => overlook(patient, '/.well-known/did.json', undefined),
    finds: ['well-known-did'],
  },
  'apps are led to another place to sign in': {
    does: (patient) =>
      overlook(patient, '/.well-known/oauth-authorization-server', {
        issuer: 'http://localhost:2583',
      }),
    finds: ['well-known-oauth'],
  },
  'the proxy does not pass WebSockets on': {
    does: ({ front }) => {
      front.passesWebSockets = false
    },
    finds: ['firehose-reads'],
    skips: ['firehose-order', 'firehose-verifies'],
    said: /the proxy in front of it does not pass it on/,
  },
  'events come in another order': {
    does: ({ front }) => {
      let kept: Uint8Array | undefined
      front.frames = (frame) => {
        const both = kept ? [frame, kept] : []
        kept = kept ? undefined : frame
        return both
      }
    },
    finds: ['firehose-order', 'firehose-verifies'],
  },
  'an event is lost': {
    does: ({ front }) => {
      let count = 0
      front.frames = (frame) => {
        const { body } = Frame.fromBytes(frame) as { body: Fields }
        return 'commit' in body && ++count === 3 ? [] : [frame]
      }
    },
    finds: ['firehose-verifies'],
    said: /it follows \w+, but the event before was/,
  },
  'a signature is wrong': {
    does: (patient) =>
      commits(patient, async (body) => {
        const { root, blocks } = await readCarWithRoot(body.blocks as Uint8Array)
        const commit = decode(blocks.get(root) ?? new Uint8Array()) as { sig: Uint8Array }
        const sig = Uint8Array.from(commit.sig)
        sig[5] = (sig[5] ?? 0) ^ 1
        const signed = await blocks.add({ ...commit, sig })
        return { ...body, commit: signed, blocks: await blocksToCarFile(signed, blocks) }
      }),
    finds: ['firehose-verifies'],
    said: /its signature is not by the key/,
  },
  'a record is not what the event says': {
    does: (patient) =>
      commits(patient, (body) => ({
        ...body,
        ops: (body.ops as Fields[]).map((op) => ({
          ...op,
          path: 'app.bsky.feed.post/2222222222222',
        })),
      })),
    finds: ['firehose-verifies'],
  },
  'what an event names as before is not what was before': {
    does: (patient) =>
      commits(patient, (body) => (body.prevData ? { ...body, prevData: body.commit } : body)),
    finds: ['firehose-verifies'],
    said: /do not lead to the repository that it names as before/,
  },
  'an event was tampered with': {
    does: (patient) =>
      commits(patient, (body) => {
        const text = Buffer.from('the newest')
        return {
          ...body,
          blocks: replaced(body.blocks as Uint8Array, text, Buffer.from('THE newest')),
        }
      }),
    finds: ['firehose-verifies'],
  },
  'a relay does not know the host': {
    does: (patient) =>
      says(patient.network.relay, 'getHostStatus', () => ({
        status: 400,
        body: { error: 'HostNotFound', message: 'no such host' },
      })),
    finds: ['relay-knows-host'],
  },
  'a relay has banned the host': {
    does: (patient) => relayStatus(patient, (said) => ({ ...said, status: 'banned' })),
    finds: ['relay-knows-host'],
    said: /as banned/,
  },
  'a relay cannot reach the host': {
    does: (patient) => relayStatus(patient, (said) => ({ ...said, status: 'offline' })),
    finds: ['relay-knows-host'],
  },
  'a relay is down': {
    does: ({ network }) => says(network.relay, '', () => ({ status: 503, body: {} })),
    finds: ['relay-answers'],
    skips: ['relay-account', 'relay-behind', 'relay-knows-host', 'relay-sequence'],
  },
  'a relay knows later events than there are': {
    does: (patient) => relayStatus(patient, (said) => ({ ...said, seq: Number(said.seq) + 5 })),
    finds: ['relay-sequence'],
  },
  'nobody listens': {
    does: async (patient) => {
      listener.close()
      await listenersAre(patient, 0)
      return async () => {
        listener = await patient.listen()
      }
    },
    finds: ['listeners'],
  },
  'a relay does not know an account': {
    does: ({ network }) =>
      says(network.relay, 'getRepoStatus', () => ({
        status: 400,
        body: { error: 'RepoNotFound' },
      })),
    finds: ['relay-account'],
  },
  'a relay has an account as deactivated': {
    does: ({ network }) =>
      says(network.relay, 'getRepoStatus', (_, said) =>
        with200({ ...said, active: false, status: 'deactivated' }),
      ),
    finds: ['relay-account'],
    said: /as deactivated/,
  },
  'a relay has missed a commit': {
    does: ({ network }) =>
      says(network.relay, 'getRepoStatus', (_, said) => with200({ ...said, rev: '3l2s5poxi422p' })),
    finds: ['relay-account'],
    said: /is at rev 3l2s5poxi422p/,
  },
  'the AppView is down': {
    does: ({ network }) => says(network.appview, '', () => ({ status: 503, body: {} })),
    finds: ['appview-answers'],
    skips: ['appview-account', 'appview-handle', 'appview-posts'],
  },
  'the AppView does not know an account': {
    does: ({ network }) =>
      says(network.appview, 'getProfile', () => ({
        status: 400,
        body: { error: 'InvalidRequest', message: 'Profile not found' },
      })),
    finds: ['appview-account'],
    skips: ['appview-handle'],
    said: /Profile not found/,
  },
  'the AppView shows an invalid handle': {
    does: ({ network }) =>
      says(network.appview, 'getProfile', (_, said) =>
        with200({ ...said, handle: 'handle.invalid' }),
      ),
    finds: ['appview-handle'],
  },
  'the AppView does not have a post': {
    does: ({ network }) => says(network.appview, 'getPosts', () => with200({ posts: [] })),
    finds: ['appview-posts'],
  },
  'there is no DID document': {
    does: ({ network }) => {
      network.plc.alter = (path, _, said) =>
        /^\/did:plc:\w+$/.test(path) ? { status: 404, body: { message: 'no such DID' } } : said
    },
    finds: ['did-document'],
    skips: ['did-handle', 'did-signing-key', 'firehose-verifies'],
  },
  'the PLC directory is down': {
    does: ({ network }) => says(network.plc, '', () => ({ status: 503, body: {} })),
    finds: [],
    skips: [
      'did-document',
      'did-handle',
      'did-signing-key',
      'firehose-verifies',
      'plc-recovery-key',
      'plc-rotation-key',
    ],
  },
  'the DID document leads to another host': {
    does: (patient) =>
      identity(patient, (document) => ({
        ...document,
        service: (document.service as Fields[]).map((service) => ({
          ...service,
          serviceEndpoint: 'https://elsewhere.example.com',
        })),
      })),
    finds: ['did-document'],
    skips: ['firehose-verifies'],
    said: /at https:\/\/elsewhere\.example\.com/,
  },
  'the DID document has another key': {
    does: (patient) =>
      identity(patient, (document) => ({
        ...document,
        verificationMethod: (document.verificationMethod as Fields[]).map((method) => ({
          ...method,
          publicKeyMultibase: 'zQ3shunBKsXixLxKtC5qeSG9E4J5RkGN57im31pcTzbNQnm5w',
        })),
      })),
    finds: ['did-signing-key'],
  },
  'the DID document names another handle': {
    does: (patient) =>
      identity(patient, (document) => ({ ...document, alsoKnownAs: ['at://old.example.com'] })),
    finds: ['did-handle'],
    said: /names old\.example\.com/,
  },
  'the host’s key is not in the identity': {
    does: (patient) => rotationKeys(patient, (keys) => keys.slice(0, 1)),
    finds: ['plc-rotation-key'],
  },
  'no key of the owner stands above the host’s': {
    does: (patient) => rotationKeys(patient, (keys) => keys.slice(1)),
    finds: ['plc-recovery-key'],
  },
  'the blob store does not take anything': {
    does: async ({ server }) => {
      const file = join(server.dataDirectory, 'blobs/trial')
      rmSync(file, { recursive: true, force: true })
      writeFileSync(file, '')
      return () => rmSync(file)
    },
    finds: ['blob-store'],
  },
  'an account has no room left': {
    does: async ({ askHost, owner }) => {
      const limit = (records: number | null) =>
        askHost('/operator/quota', { account: owner.assertDid, quota: { records } })
      await limit(4)
      return () => limit(null)
    },
    finds: ['account-quota'],
    said: /4 of 4 records/,
  },
  'a blob is lost on the way here': {
    does: async ({ owner }) => {
      const { data } = await owner.uploadBlob(Buffer.from('a picture'), { encoding: 'image/png' })
      const image = { alt: '', image: data.blob }
      const embed = { $type: 'app.bsky.embed.images', images: [image] }
      const { uri } = await owner.post({ text: 'with a picture', embed })
      const { data: car } = await owner.com.atproto.sync.getRepo({ did: owner.assertDid })
      await owner.deletePost(uri)
      await owner.com.atproto.repo.importRepo(car, { encoding: 'application/vnd.ipld.car' })
      return () => owner.deletePost(uri)
    },
    finds: ['account-blobs'],
    said: /1 blob is missing/,
  },
  'an account is deactivated': {
    does: async (patient) => {
      await setDeactivated(patient, true)
      return () => setDeactivated(patient, false)
    },
    finds: ['account-status'],
    skips: [
      'appview-account',
      'appview-handle',
      'appview-posts',
      'did-document',
      'did-handle',
      'did-signing-key',
      'handle-resolves',
      'plc-recovery-key',
      'plc-rotation-key',
      'relay-account',
    ],
  },
  'the mail server does not know the password': {
    does: async ({ smtp }) => {
      const { url } = smtp
      smtp.url = url.replace('mailer:', 'mailer:not-')
      return () => Object.assign(smtp, { url })
    },
    finds: ['mail-login'],
    said: /It says: Invalid login/,
  },
  // The last, since it cannot be taken back.
  'mails are refused': {
    does: async ({ smtp, askHost, owner }) => {
      smtp.unknown.add('alice@example.com')
      await askHost('/xrpc/com.atproto.admin.sendEmail', {
        ...{ recipientDid: owner.assertDid, senderDid: owner.assertDid },
        ...{ subject: 'a subject', content: 'a text' },
      })
      const failed = async () => {
        const { mails } = await askHost('/operator/status', { live: true })
        return (mails as { failed: number }).failed
      }
      while ((await failed()) === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    },
    finds: ['errors', 'mail-queue'],
    said: /1 mail was given up. The last error: .*no such mailbox/,
  },
}

const setDeactivated = ({ askHost, owner }: Patient, applied: boolean) =>
  askHost('/xrpc/com.atproto.admin.updateSubjectStatus', {
    subject: { $type: 'com.atproto.admin.defs#repoRef', did: owner.assertDid },
    deactivated: { applied },
  })

/** The directory, for whoever has the host's rotation key. */
function directoryOf({ server, network }: Patient): PlcDirectory {
  const secrets = JSON.parse(readFileSync(join(server.dataDirectory, 'secrets.json'), 'utf8'))
  const { PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: plcRotationKey } = secrets
  return new PlcDirectory({ plcUrl: network.plc.url, plcRotationKey }, fetch)
}

let listener: FirehoseReader

async function listenersAre({ askHost }: Patient, count: number): Promise<void> {
  const now = async () => {
    const { firehose } = await askHost('/operator/status', { live: true })
    return (firehose as { consumers: number }).consumers
  }
  while ((await now()) !== count) await new Promise((resolve) => setTimeout(resolve, 20))
}

describe.runIf(hasOpenssl)('a host in a network', () => {
  let patient: Patient

  beforeAll(async () => {
    patient = await startPatient()
    listener = await patient.listen()
  })
  afterAll(() => patient?.stop())

  test('nothing is found where all is well, and every check was made', async () => {
    const { results } = await patient.examine()
    expect(results.filter(({ result }) => result !== 'well')).toEqual([])
    expect(results.length).toBeGreaterThan(35)
  })

  const allIsWell = async () =>
    (await patient.examine()).results.every(({ result }) => result === 'well')
  const run = (...args: string[]) =>
    runCumulus(['doctor', '--connect-to', `127.0.0.1:${patient.front.port}`, ...args], {
      PDS_PORT: new URL(patient.server.origin).port,
      PDS_DATA_DIRECTORY: patient.server.dataDirectory,
      NODE_EXTRA_CA_CERTS: patient.authority.caFile,
      PDS_DOH_URL: `${patient.network.dns.url}/dns-query`,
      PDS_EMAIL_SMTP_URL: patient.smtp.url,
    })

  test('the command says in words that all is well', async () => {
    expect(await run()).toEqual({
      code: 0,
      output: expect.stringMatching(/^\d+ checks found nothing wrong\n$/),
    })
  })

  test('the command ends with 1 where there is an error, and says what it means and what helps', async () => {
    relayStatus(patient, (said) => ({ ...said, status: 'banned\u001b[2J' }))
    const { code, output } = await run('--account', 'alice.pds.example.com')
    expect(code).toBe(1)
    expect(output).toContain('ERROR  relay-knows-host')
    expect(output).toContain('as banned\\u001b[2J')
    expect(output).toContain('What helps:')
    expect(output).toContain(', 1 error')
    const { output: json } = await run('--json')
    expect(JSON.parse(json)).toMatchObject({
      host: `https://${HOSTNAME}`,
      accounts: { looked: 1, all: 1 },
      errors: 1,
      warnings: 0,
      skipped: 0,
    })
  })

  test('of a host that does not know its operator, what everybody sees is looked at', async () => {
    const { code, output } = await run('--json', '--host', `https://${HOSTNAME}`)
    expect(code).toBe(1)
    const { results, version } = JSON.parse(output) as { results: Fields[]; version: null }
    expect(version).toBeNull()
    const like = (kind: string) =>
      results.filter(({ result }) => result === kind).map(({ id }) => id)
    expect(like('found')).toEqual(['operator-access'])
    expect(like('well')).toEqual(
      expect.arrayContaining(['host-answers', 'dns-host', 'tls-host', 'well-known-oauth']),
    )
    expect(like('skipped')).toEqual(expect.arrayContaining(['firehose-reads', 'settings-unknown']))
  })

  test('a handle that the directory does not have is published again', async () => {
    const { owner, network } = patient
    const plc = directoryOf(patient)
    await plc.update(owner.assertDid, (state) => ({
      ...state,
      alsoKnownAs: ['at://old.example.com'],
    }))
    const fixed = await run('--fix')
    expect(fixed).toMatchObject({ code: 1 })
    expect(fixed.output).toContain('mended: publishes the handle of alice.pds.example.com again')
    const { alsoKnownAs } = await plc.documentData(owner.assertDid)
    expect(alsoKnownAs[0]).toBe('at://alice.pds.example.com')
    expect(network.relay.posted).not.toEqual([])
    expect(await allIsWell()).toBe(true)
  })

  test('where relays know later events, the next ones get higher numbers, and repositories are fetched anew', async () => {
    const { owner, network } = patient
    const known = 5_000_000
    relayStatus(patient, (said) => ({ ...said, seq: known }))
    network.relay.posted.length = 0
    const { output } = await run('--fix')
    expect(output).toContain(`mended: numbers the next event above ${known}`)
    await listener.until(({ events }) => events.at(-1)?.type === '#sync')
    const body = listener.events.at(-1)?.body ?? {}
    expect(body).toMatchObject({ did: owner.assertDid })
    expect(Number(body.seq)).toBeGreaterThan(known)
    // It may have been asked a moment ago, and is asked once in a minute at most.
    expect(output).toMatch(/(NOT )?mended: asks http:\/\/localhost:\d+ to crawl this host/)
    network.repair()
    expect(await allIsWell()).toBe(true)
  })

  test.each(Object.entries(faults))('%s', async (_, { does, finds, skips = [], said = /./ }) => {
    undo = await does(patient)
    const { results } = await patient.examine()
    const like = (kind: string) =>
      results
        .filter(({ result }) => result === kind)
        .map(({ id }) => id)
        .sort()
    expect({ found: like('found'), skipped: like('skipped') }).toEqual({
      found: finds.sort(),
      skipped: skips.sort(),
    })
    const findings = results.flatMap((result) => result.findings)
    expect(findings.map(({ what }) => what).join('\n')).toMatch(finds.length > 0 ? said : /^$/)
    for (const { mend, means } of findings) expect(Boolean(mend && means)).toBe(true)
  })

  let undo: unknown

  afterEach(async () => {
    patient.network.repair()
    patient.front.repair()
    if (typeof undo === 'function') await undo()
    undo = undefined
  })
})

const disk = mkdtempSync(join(tmpdir(), 'cumulus-disk-'))

/** A small disk, where this user may make one, as root may on most machines. */
const hasDisk =
  spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${256 * 1024 * 1024}`, 'tmpfs', disk]).status === 0

describe.runIf(hasOpenssl)('a host with settings that nobody should have', () => {
  let patient: Patient

  beforeAll(async () => {
    patient = await startPatient({
      backedUp: false,
      ...(hasDisk && { dataDirectory: join(disk, 'data') }),
      env: {
        PDS_REGISTRATION: 'open',
        PDS_RATE_LIMITS_ENABLED: 'false',
        PDS_DISABLE_SSRF_PROTECTION: 'true',
        PDS_RECOVERY_DID_KEY: 'none',
        PDS_CONTACT_EMAIL_ADDRESS: '',
        PDS_EMAIL_SMTP_URL: '',
        PDS_REGISTRATON: 'closed',
      },
    })
    await patient.listen()
  })
  afterAll(async () => {
    await patient?.stop()
    if (hasDisk) spawnSync('umount', [disk])
    rmSync(disk, { recursive: true, force: true })
  })

  test('each of them is found, and how grave it is', async () => {
    says(patient.network.versions, '', () => with200({ version: '99.0.0' }))
    const { results } = await patient.examine()
    const found = results.flatMap(({ id, findings }) =>
      findings.map(({ severity, what, mend }) => `${severity} ${id}: ${what} ${mend}`),
    )
    const expected = [
      /^error settings-dangerous: Rate limits are off .* Unset PDS_RATE_LIMITS_ENABLED/,
      /^error settings-dangerous: Strangers can make this host ask .* Unset PDS_DISABLE_SSRF_PROTECTION/,
      /^warning settings-dangerous: Anybody can sign up, and no captcha/,
      /^warning settings-dangerous: There is no recovery key/,
      /^warning settings-dangerous: Nobody reads how to reach you/,
      /^warning settings-unknown: PDS_REGISTRATON .* did you mean "PDS_REGISTRATION"/,
      /^warning mail-transport: No mail leaves this host/,
      /^warning version: Version 99\.0\.0 is out/,
      /^note plc-recovery-key: /,
      /^note backup: No backup of the host was begun within 8 days/,
      ...(hasDisk ? [/^warning disk: \d+ MB are left/] : []),
    ]
    for (const one of expected) expect(found).toContainEqual(expect.stringMatching(one))
    expect(found).toHaveLength(expected.length)
  })
})

test('what helps are commands that there are', async () => {
  const lines = checks.flatMap(({ mend }) => [...mend.matchAll(/`npx cumulus ([^`]*)`/g)])
  expect(lines.length).toBeGreaterThan(5)
  for (const [, words = ''] of lines) {
    const { command } = await findCommand(cumulus, words.split(' '))
    expect(command.run, words).toBeDefined()
  }
})
