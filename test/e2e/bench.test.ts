/** The benchmark, whose servers nothing else starts: a run of a few rows, without the reference and in a second. */
import { expect, test } from 'vitest'
import { Cleanup } from '../../bench/cleanup.ts'
import { run } from '../../bench/run.ts'

test('the benchmark starts its servers, makes accounts and measures', async () => {
  const cleanup = new Cleanup()
  try {
    const report = await run(
      {
        only: ['createRecord', 'getRecord-16', 'firehose'],
        sizes: [200],
        accounts: [2],
        seconds: 0.1,
        baseline: undefined,
      },
      cleanup,
    )
    expect(report.failures).toEqual([])
    const [rows] = report.tables
    expect(rows?.lines.map(([name]) => name)).toEqual([
      'createRecord',
      'createRecord-16',
      'getRecord-16',
      'firehose',
    ])
    for (const line of rows?.lines ?? []) expect(line[2], String(line[0])).toBeGreaterThan(0)
  } finally {
    await cleanup.run()
  }
})
