/** Every row that is driven by requests, in the order of the table. */
import { accountRows } from './accounts.ts'
import { blobRows } from './blobs.ts'
import { firehoseRows } from './firehose.ts'
import { readRows } from './reads.ts'
import type { Row } from './row.ts'
import { writeRows } from './writes.ts'

export const rows: Row[] = [...accountRows, ...writeRows, ...readRows, ...blobRows, ...firehoseRows]
