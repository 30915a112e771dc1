/** All checks, in the order in which they are shown. */
import type { Check } from './check.ts'
import { appViewChecks } from './checks/appview.ts'
import { documentChecks } from './checks/documents.ts'
import { firehoseChecks } from './checks/firehose.ts'
import { hostChecks } from './checks/host.ts'
import { identityChecks } from './checks/identity.ts'
import { indexChecks } from './checks/index-size.ts'
import { logChecks } from './checks/log-shards.ts'
import { reachChecks } from './checks/reach.ts'
import { relayChecks } from './checks/relays.ts'

export const checks: readonly Check[] = [
  ...reachChecks,
  ...documentChecks,
  ...firehoseChecks,
  ...relayChecks,
  ...appViewChecks,
  ...identityChecks,
  ...indexChecks,
  ...logChecks,
  ...hostChecks,
]
