/** A public host with a TLS proxy in front of it and a network around it, and the doctor that looks at it. */
import { AtpAgent } from '@atproto/api'
import { request } from 'undici'
import { findAccounts } from '../../cli/doctor/accounts.ts'
import { lookAt } from '../../cli/doctor/look.ts'
import { Outside } from '../../cli/doctor/outside.ts'
import { type Diagnosis, diagnose } from '../../cli/doctor/run.ts'
import { type AskHost, World } from '../../cli/doctor/world.ts'
import { operatorOf } from './accounts.ts'
import { type Authority, makeAuthority } from './certificates.ts'
import { type FakeNetwork, startFakeNetwork } from './fake-network.ts'
import { FirehoseReader } from './firehose.ts'
import { type Front, startFront } from './front.ts'
import { startServer, type TestServer, type TestServerOptions } from './server.ts'
import { SECRET, startSmtp, type TestSmtp, USER } from './smtp.ts'

export const HOSTNAME = 'pds.example.com'
export const PASSWORD = 'a long password'

export interface Patient {
  server: TestServer
  network: FakeNetwork
  front: Front
  smtp: TestSmtp & { url: string }
  authority: Authority
  /** Owner of the account that has posted. */
  owner: AtpAgent
  /** Asks as the operator. */
  askHost: AskHost
  /** Somebody who listens, as a relay would. */
  listen(): Promise<FirehoseReader>
  examine(options?: { account?: string }): Promise<Diagnosis>
  /** Starts the host again, which has been stopped, with what is in its folder. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** It is looked at again and again. */
const BYPASS = 'a key that takes limits off'

/** A did:key of nobody who is here. */
const RECOVERY_KEY = 'did:key:zQ3shunBKsXixLxKtC5qeSG9E4J5RkGN57im31pcTzbNQnm5w'

/** @param backedUp whether a backup was begun */
export async function startPatient({
  env,
  backedUp = true,
  ...options
}: TestServerOptions & { backedUp?: boolean } = {}): Promise<Patient> {
  const network = await startFakeNetwork(HOSTNAME)
  const smtp = await startSmtp({ plain: true })
  const login = `${USER}:${encodeURIComponent(SECRET)}`
  const smtpUrl = `smtp://${login}@127.0.0.1:${smtp.port}?ignoreTLS=true`
  const settings = {
    unset: true,
    ...options,
    env: {
      PDS_HOSTNAME: HOSTNAME,
      PDS_DID_PLC_URL: network.plc.url,
      PDS_DOH_URL: `${network.dns.url}/dns-query`,
      PDS_CRAWLERS: network.relay.url,
      PDS_BSKY_APP_VIEW_URL: network.appview.url,
      PDS_BSKY_APP_VIEW_DID: 'did:web:appview.test',
      PDS_CHAT_URL: 'none',
      PDS_VERSION_URL: network.versions.url,
      PDS_RECOVERY_DID_KEY: RECOVERY_KEY,
      PDS_CONTACT_EMAIL_ADDRESS: 'operator@example.com',
      PDS_EMAIL_SMTP_URL: smtpUrl,
      PDS_FIREHOSE_FIRST_SEQ: '1',
      PDS_RATE_LIMIT_BYPASS_KEY: BYPASS,
      ...env,
    },
  }
  const server = await startServer(settings)
  network.host.origin = server.origin
  const authority = makeAuthority()
  const front = await startFront(server.origin, HOSTNAME, authority, makeAuthority('Stranger'), {
    'x-ratelimit-bypass': BYPASS,
  })
  const askHost: AskHost = async (path, body) => {
    const { statusCode, body: answer } = await request(`${server.origin}${path}`, {
      method: 'POST',
      headers: {
        authorization: operatorOf(server),
        'content-type': 'application/json',
        'x-ratelimit-bypass': BYPASS,
      },
      body: JSON.stringify(body),
    })
    const json = (await answer.json().catch(() => ({}))) as Record<string, unknown>
    if (statusCode !== 200) throw new Error(String(json.message))
    return json
  }
  const owner = await makeAccount(server, askHost)
  if (backedUp) await askHost('/operator/backup/begin', {})
  const readers: FirehoseReader[] = []
  const mailServer = Object.assign(smtp, { url: smtpUrl })
  const patient: Patient = {
    ...{ server, network, front, authority, owner, askHost, smtp: mailServer },
    async listen() {
      const reader = await new FirehoseReader(server.origin).opened()
      readers.push(reader)
      return reader
    },
    async examine({ account } = {}) {
      const outside = new Outside({
        connectTo: { address: '127.0.0.1', port: front.port },
        ca: authority.ca,
      })
      const looked = await lookAt(askHost, undefined, {})
      const accounts = await findAccounts(askHost, account, 20)
      const { url: smtpUrl } = mailServer
      const parts = { ...looked, accounts, askHost, outside, smtpUrl, settleTime: 20 }
      try {
        return await diagnose(new World(parts))
      } finally {
        await outside.close()
      }
    },
    async restart() {
      const { dataDirectory, origin } = server
      patient.server = await startServer({
        ...settings,
        dataDirectory,
        port: Number(new URL(origin).port),
      })
    },
    async stop() {
      for (const reader of readers) reader.close()
      await front.stop()
      await patient.server.stop()
      await smtp.stop()
      await network.stop()
    },
  }
  return patient
}

/** With a did:plc, a handle of the host, a picture, and posts of an hour ago. */
async function makeAccount(server: TestServer, askHost: AskHost): Promise<AtpAgent> {
  const handle = `alice.${HOSTNAME}`
  const email = 'alice@example.com'
  await askHost('/xrpc/com.atproto.server.createAccount', { handle, email, password: PASSWORD })
  const agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: handle, password: PASSWORD })
  const createdAt = new Date(Date.now() - 3_600_000).toISOString()
  for (let n = 0; n < 3; n++) await agent.post({ text: `post ${n}`, createdAt })
  const { uri } = await agent.post({ text: 'to be deleted', createdAt })
  await agent.deletePost(uri)
  await agent.post({ text: 'the newest', createdAt })
  return agent
}
