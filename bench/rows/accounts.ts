/** Rows that make accounts. They stay: a host does not get slower by having some more. */
import type { Workload } from '../load/drive.ts'
import { type DidKind, newAccount } from '../load/new-account.ts'
import type { Repo } from '../load/repo.ts'
import type { Row } from './row.ts'

let count = 0

const createAccount =
  (kind: DidKind) =>
  (repo: Repo): Workload => ({
    next: () => async () => {
      count += 1
      await repo.client.call(newAccount(repo.server, `new${count}.test`, kind))
      return 1
    },
  })

export const accountRows: Row[] = [
  {
    name: 'createAccount',
    unit: 'ops/s',
    connections: 1,
    workload: createAccount('plc'),
    once: true,
  },
  {
    name: 'createAccount-4',
    unit: 'ops/s',
    connections: 4,
    workload: createAccount('plc'),
    once: true,
  },
  {
    name: 'createAccount-web',
    unit: 'ops/s',
    connections: 1,
    workload: createAccount('web'),
    once: true,
    // The reference makes no did:web.
    only: 'cumulus',
  },
]
