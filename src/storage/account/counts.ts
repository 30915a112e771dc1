/** Records, and nodes of the tree, of one repository. */
export interface RepoCounts {
  records: number
  nodes: number
  /** Bytes of the blocks of both, the record at each path. */
  bytes: number
}

/** Counts a repository; reads a row for each record and node. */
export function countRepo(sql: SqlStorage): RepoCounts {
  const sizeOf = (table: 'record' | 'node') =>
    sql
      .exec<{ count: number; bytes: number }>(
        `SELECT count(*) AS count, coalesce(sum(length(block)), 0) AS bytes FROM ${table}`,
      )
      .one()
  const pieces = sql
    .exec<{ bytes: number }>(
      'SELECT coalesce(sum(length(bytes)), 0) AS bytes FROM block_part JOIN record USING (cid)',
    )
    .one().bytes
  const [records, nodes] = [sizeOf('record'), sizeOf('node')]
  return {
    records: records.count,
    nodes: nodes.count,
    bytes: records.bytes + nodes.bytes + pieces,
  }
}
