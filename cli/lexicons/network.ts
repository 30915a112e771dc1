/** Asking the network from here, with the settings that a host has for it. */
import packageJson from '../../package.json' with { type: 'json' }
import { parseSettings } from '../../src/kernel/config/settings.ts'
import { makeNetwork } from '../../src/kernel/net/network.ts'
import type { DidDocument } from '../../src/services/identity/did-document.ts'
import { IdentityError } from '../../src/services/identity/identity-error.ts'
import { type ResolutionSettings, resolveDid } from '../../src/services/identity/resolve-did.ts'
import { resolveHandle } from '../../src/services/identity/resolve-handle.ts'
import type { PublishedLexicon } from '../../src/services/lexicons/document.ts'
import { fetchLexicon } from '../../src/services/lexicons/fetch-lexicon.ts'
import { CommandError } from '../terminal/errors.ts'

/** PDS_DOH_URL, PDS_DID_PLC_URL and PDS_DISABLE_SSRF_PROTECTION of the environment. @throws CommandError */
export function resolutionSettingsFrom(env: NodeJS.ProcessEnv): ResolutionSettings {
  const problems: string[] = []
  const parsed = parseSettings(env, problems)
  if (problems.length > 0) throw new CommandError(problems.join('\n'))
  return {
    plcUrl: parsed.PDS_DID_PLC_URL ?? 'https://plc.directory',
    dohUrl: parsed.PDS_DOH_URL ?? 'https://cloudflare-dns.com/dns-query',
    network: makeNetwork(`cumulus/${packageJson.version}`),
    reachPrivate: parsed.PDS_DISABLE_SSRF_PROTECTION ?? parsed.PDS_DEV_MODE ?? false,
  }
}

/** @throws IdentityError */
export async function documentOf(did: string, settings: ResolutionSettings): Promise<DidDocument> {
  const answer = await resolveDid(did, settings)
  if ('document' in answer) return answer.document
  throw new IdentityError(answer.missing, answer.message)
}

/** Resolves a lexicon, proof and all. @throws LexiconError */
export const resolveFromHere = (
  nsid: string,
  settings: ResolutionSettings,
): Promise<PublishedLexicon> =>
  fetchLexicon(nsid, { ...settings, document: (did) => documentOf(did, settings) })

/** The DID behind a handle. @throws CommandError */
export async function didOf(handle: string, settings: ResolutionSettings): Promise<string> {
  const did = await resolveHandle(handle, settings).catch(() => undefined)
  if (did !== undefined) return did
  throw new CommandError(`there is no account ${handle}, as far as DNS and its web server know`)
}
